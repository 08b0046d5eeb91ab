package app

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"synctv/app/playback"
)

const (
	snapshotMedia    = 500
	snapshotMessages = 50
	resumeMax        = 500 // more missed events than this and a snapshot is cheaper
	seatTries        = 5
)

// SitOptions say how somebody comes in.
type SitOptions struct {
	// After is the newest event the person has, 0 for none, of the epoch Epoch.
	After uint32
	Epoch string
	// Audience is who gets what happens from now on.
	Audience Audience
	// Seated runs exactly once, under the room's lock, before anything later reaches the audience:
	// the door queues the welcome, then the events, then lets the audience's deliveries through.
	// It must not block.
	Seated func(*Seat, Welcome, []Event)
}

// Welcome is what somebody gets first.
type Welcome struct {
	Seat     SeatID
	Seq      uint32
	Epoch    string
	Resumed  bool // no snapshot: the missed events follow
	Now      Time
	Me       MemberInfo
	Snapshot *Snapshot
}

// Snapshot is the room as a whole; it stands for every event up to Welcome.Seq.
type Snapshot struct {
	Room     RoomInfo
	Playback playback.State
	Media    []Media // the root of the tree
	Current  *Media  // the current item when it is not in the root
	Messages []Message
	People   []Presence
	// Grant tells the door what the person may see of it.
	Grant Grant
}

// Seat is one open connection of a person in a room. Its methods may be called from any goroutine.
type Seat struct {
	// immutable
	id       SeatID
	live     *live
	actor    Actor
	audience Audience

	grant atomic.Pointer[seatGrant]
	once  sync.Once

	presence Presence // guarded by live.mu
	dirty    bool     // guarded by live.mu
	learned  MediaID  // guarded by live.mu: item whose length this seat has told
}

type seatGrant struct {
	epoch uint64
	grant Grant
}

// Sit seats somebody in a room. From Seated on, no event is missed and none comes twice.
func (a *App) Sit(ctx context.Context, by Actor, room RoomID, opt SitOptions) (*Seat, error) {
	g, err := a.Authorize(ctx, by, room, RoomView)
	if err != nil {
		return nil, err
	}
	l, err := a.hub.acquire(ctx, room)
	if err != nil {
		return nil, err
	}
	s, err := a.sit(ctx, l, g, opt)
	if err != nil {
		a.hub.release(l)
		return nil, err
	}
	return s, nil
}

func (a *App) sit(ctx context.Context, l *live, g Grant, opt SitOptions) (*Seat, error) {
	now := a.Now()
	s := &Seat{id: SeatID(newID("seat_", now)), live: l, actor: g.actor, audience: opt.Audience, dirty: true,
		presence: Presence{Person: g.actor.person, Name: g.member.Name, Role: g.member.Role, Joined: now}}
	s.presence.Seat = s.id
	for range seatTries {
		epoch := l.permissions.Load()
		w, missed, err := a.welcome(ctx, l, g, s, opt)
		if err != nil {
			return nil, err
		}
		s.grant.Store(&seatGrant{epoch, g})
		if err := l.reach(ctx, w.Seq); err != nil {
			return nil, err
		}
		seated, err := l.seat(s, g, w, missed, opt.Seated)
		if err != nil {
			return nil, err
		}
		if seated {
			l.poke()
			return s, nil
		}
	}
	return nil, Errorf(CodeUnavailable, "The room is very busy. Try again in a moment.")
}

// welcome reads what the person has missed, or everything.
func (a *App) welcome(ctx context.Context, l *live, g Grant, s *Seat, opt SitOptions) (Welcome, []Event, error) {
	// The number is read before the contents: what is newer is in the contents or comes as an event,
	// and events carry whole values, so seeing one twice changes nothing.
	r, err := a.Store.Room(ctx, l.id)
	if err != nil {
		return Welcome{}, nil, err
	}
	w := Welcome{Seat: s.id, Seq: r.Seq, Epoch: r.Epoch, Now: a.Now(), Me: MemberInfo{g.member, g.actions}}
	w.Me.Member.AddressKey = ""
	if opt.After > 0 && opt.Epoch == r.Epoch && opt.After <= r.Seq && r.Seq-opt.After <= resumeMax {
		missed, complete, err := a.Store.EventsAfter(ctx, l.id, opt.After, resumeMax)
		if err != nil {
			return Welcome{}, nil, err
		}
		if complete {
			w.Resumed = true
			if n := len(missed); n > 0 {
				w.Seq = missed[n-1].Seq
			}
			return w, missed, nil
		}
	}
	w.Snapshot, err = a.snapshot(ctx, l, g)
	return w, nil, err
}

func (a *App) snapshot(ctx context.Context, l *live, g Grant) (*Snapshot, error) {
	snap := &Snapshot{Grant: g}
	var err error
	if snap.Room, err = a.viewRoom(ctx, g); err != nil {
		return nil, err
	}
	if snap.Playback, _, err = a.Store.Playback(ctx, l.id); err != nil {
		return nil, err
	}
	if snap.Media, _, err = a.Store.ListMedia(ctx, l.id, "", Page{Limit: snapshotMedia}); err != nil {
		return nil, err
	}
	if err := a.addCurrent(ctx, snap); err != nil {
		return nil, err
	}
	if g.Allows(HistoryView) {
		if snap.Messages, _, err = a.Store.ListMessages(ctx, l.id, Page{Limit: snapshotMessages}); err != nil {
			return nil, err
		}
		slices.Reverse(snap.Messages)
	}
	if g.Allows(MembersView) {
		l.mu.Lock()
		snap.People = l.people.list()
		l.mu.Unlock()
	}
	return snap, nil
}

func (a *App) addCurrent(ctx context.Context, snap *Snapshot) error {
	id := MediaID(snap.Playback.MediaID)
	if id == "" || slices.ContainsFunc(snap.Media, func(m Media) bool { return m.ID == id }) {
		return nil
	}
	m, err := a.Store.Media(ctx, snap.Room.Room.ID, id)
	if CodeOf(err) == CodeNotFound {
		return nil
	}
	snap.Current = &m
	return err
}

// reach makes sure that this node has delivered everything up to seq, reading the log if the bus is late.
func (l *live) reach(ctx context.Context, seq uint32) error {
	l.mu.Lock()
	behind := l.cursor < seq
	l.mu.Unlock()
	if !behind {
		return nil
	}
	return l.fill(ctx)
}

// seat lets the person in at exactly one point of the order of events. false means that too
// much happened since the welcome was read.
func (l *live) seat(s *Seat, g Grant, w Welcome, missed []Event, seated func(*Seat, Welcome, []Event)) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false, errNoRoom()
	}
	if err := l.checkCapacity(g); err != nil {
		return false, err
	}
	if since := l.cursor - w.Seq; l.cursor > w.Seq {
		if since > uint32(len(l.ring)) {
			return false, nil
		}
		missed = append(slices.Clip(missed), l.ring[len(l.ring)-int(since):]...)
	} else if l.cursor < w.Seq {
		return false, nil
	}
	l.seats[s.id] = s
	l.audiences[s.audience]++
	l.urgent, l.emptyAt = true, 0
	if l.firstPlay {
		l.firstPlay = false
		l.app.hub.background(func(ctx context.Context) { l.beginTogether(ctx, s.id) })
	}
	seated(s, w, missed)
	return true, nil
}

// checkCapacity refuses one more when the room is full; those who look after it always get in. Holds l.mu.
func (l *live) checkCapacity(g Grant) error {
	n, max := l.people.count(), l.app.cfg.MaxSeatsPerRoom
	if c := l.room.Settings.Capacity; c > 0 && c < max && !g.Allows(MembersManage) {
		max = c
	}
	// People who sat down a moment ago are not announced yet.
	for id := range l.seats {
		if node := l.people[l.app.cfg.NodeID]; node == nil || node.seats[id].Seat == "" {
			n++
		}
	}
	if n >= max {
		return Errorf(CodeRoomFull, "This room is full.")
	}
	return nil
}

// beginTogether restarts a room that was made to play before anybody was there: from the
// beginning, as soon as the first person is ready, or after four seconds.
func (l *live) beginTogether(ctx context.Context, first SeatID) {
	l.changePlayback(ctx, func(s playback.State, _ playback.Env) (playback.State, bool) {
		if !s.Playing || s.Hold != nil {
			return s, false
		}
		now := l.app.Clock.Now()
		next := s
		next.Revision++
		next.PositionMs, next.AtUs, next.ClientID = s.PositionMs, now, ""
		next.Hold = &playback.Hold{Reason: playback.HoldMedia, Waiting: []string{string(first)}, SinceUs: now, ListedUs: now,
			UntilUs: now + 4_000_000, Revision: next.Revision}
		return next, true
	})
}

// ID names the seat.
func (s *Seat) ID() SeatID { return s.id }

// Room returns the room.
func (s *Seat) Room() RoomID { return s.live.id }

// Name returns the name the person has in the room.
func (s *Seat) Name() string { return s.presence.Name }

// Person returns who sits here.
func (s *Seat) Person() PersonID { return s.actor.person }

// Authorize is App.Authorize with a memory: it asks the store again only when permissions in
// the room could have changed.
func (s *Seat) Authorize(ctx context.Context, action Action) (Grant, error) {
	epoch := s.live.permissions.Load()
	if c := s.grant.Load(); c != nil && c.epoch == epoch {
		g := c.grant
		g.asked = action
		if !g.actions.Has(action) {
			return Grant{}, errMayNot()
		}
		return g, nil
	}
	g, err := s.live.app.Authorize(ctx, s.actor, s.live.id, RoomView)
	if err != nil {
		return Grant{}, err
	}
	s.grant.Store(&seatGrant{epoch, g})
	s.live.mu.Lock()
	if s.presence.Role != g.member.Role {
		s.presence.Role, s.dirty = g.member.Role, true
	}
	s.live.mu.Unlock()
	if !g.actions.Has(action) {
		return Grant{}, errMayNot()
	}
	g.asked = action
	return g, nil
}

// Sees tells whether the person gets what needs this permission, by what is known without asking the store.
func (s *Seat) Sees(needs Action) bool {
	c := s.grant.Load()
	return needs == 0 || c != nil && c.grant.actions.Has(needs)
}

// PermissionsChanged tells whether Authorize would have to ask the store.
func (s *Seat) PermissionsChanged() bool {
	c := s.grant.Load()
	return c == nil || c.epoch != s.live.permissions.Load()
}

// Report takes what the player of this seat says. Numbers that make no sense are refused.
func (s *Seat) Report(r Report) error {
	if err := r.check(); err != nil {
		return err
	}
	l, now := s.live, s.live.app.Now()
	l.mu.Lock()
	before := s.presence
	s.presence.take(r, now)
	s.dirty = true
	if before.State != r.State || before.Ready != r.ReadyRevision || before.Free != r.Free {
		l.urgent = true
	}
	current := MediaID(l.state.MediaID)
	learn := r.DurationMs > 0 && l.state.DurationMs == 0 && !l.state.Live && r.MediaID == current && s.learned != current
	if learn {
		s.learned = current
	}
	urgent := l.urgent
	l.mu.Unlock()
	if r.State == PlayerPlaying && !r.Free {
		l.app.stats.noteSyncError(r.ErrorMs)
	}
	if learn {
		l.app.hub.background(func(ctx context.Context) { l.learnDuration(ctx, current, r.DurationMs) })
	}
	if urgent {
		l.poke()
	}
	return nil
}

// check bounds what a client may claim.
func (r Report) check() error {
	for _, v := range []struct {
		field  string
		v, max float64
	}{
		{"position_ms", r.PositionMs, 1e10}, {"error_ms", r.ErrorMs, 1e10}, {"rtt_ms", r.RTTMs, 1e6}, {"jitter_ms", r.JitterMs, 1e6},
		{"buffered_ms", r.BufferedMs, 1e10}, {"clock_error_ms", r.ClockMs, 1e6}, {"duration_ms", r.DurationMs, 1e10},
	} {
		if !(v.v >= -v.max && v.v <= v.max) || v.v < 0 && v.field != "error_ms" {
			return Invalid("report."+v.field, "The number is not possible.")
		}
	}
	switch r.State {
	case PlayerPlaying, PlayerPaused, PlayerLoading, PlayerStalled, PlayerAway, PlayerError:
		return nil
	}
	return Invalid("report.state", "There is no such state of a player.")
}

// learnDuration takes the length of the current item from a player when probing did not find it.
func (l *live) learnDuration(ctx context.Context, id MediaID, ms float64) {
	l.changePlayback(ctx, func(s playback.State, _ playback.Env) (playback.State, bool) {
		next, changed := playback.LearnDuration(s, string(id), ms, l.app.Clock.Now())
		return next, changed
	})
}

// Leave gives the seat up; calling it again does nothing.
func (s *Seat) Leave() {
	s.once.Do(func() {
		l := s.live
		l.mu.Lock()
		delete(l.seats, s.id)
		if l.audiences[s.audience]--; l.audiences[s.audience] <= 0 {
			delete(l.audiences, s.audience)
		}
		l.left = append(l.left, s.id)
		l.urgent = true
		l.notePresence()
		l.mu.Unlock()
		l.app.hub.release(l)
	})
}

// OneWayMs is the delay from the person to this node as their player measured it, 0 when unknown.
func (s *Seat) OneWayMs() float64 {
	s.live.mu.Lock()
	defer s.live.mu.Unlock()
	return s.presence.RTTMs / 2
}
