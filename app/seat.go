package app

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"synctv/app/playback"
)

const seatTries = 5

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
	moved atomic.Uint64 // rises whenever what this very person may do could have changed
	once  sync.Once

	presence Presence // guarded by live.mu
	dirty    bool     // guarded by live.mu
	learned  MediaID  // guarded by live.mu: item whose length this seat has told
}

type seatGrant struct {
	epoch uint64
	grant Grant
}

// epoch changes whenever what the person may do could have changed.
func (s *Seat) epoch() uint64 { return s.live.permissions.Load() + s.moved.Load() }

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
	if by.session != "" && a.sessions.hasEnded(by.session) { // while we were looking for a seat
		l.expel(func(other *Seat) bool { return other == s }, CodeUnauthenticated, sessionOver)
	}
	return s, nil
}

func (a *App) sit(ctx context.Context, l *live, g Grant, opt SitOptions) (*Seat, error) {
	now := a.Now()
	s := &Seat{id: SeatID(newID("seat_", now)), live: l, actor: g.actor, audience: opt.Audience, dirty: true}
	for try := range seatTries {
		if try > 0 { // what the person may do could be what has changed
			var err error
			if g, err = a.Authorize(ctx, g.actor, l.id, RoomView); err != nil {
				return nil, err
			}
		}
		s.presence = Presence{Seat: s.id, Person: g.actor.person, Name: g.member.Name, Role: g.member.Role, Joined: now}
		w, missed, err := a.welcome(ctx, l, g, s, opt)
		if err != nil {
			return nil, err
		}
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
		if complete && !tooMuch(missed) {
			w.Resumed = true
			if n := len(missed); n > 0 {
				w.Seq = missed[n-1].Seq
			}
			g.recall(missed)
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
	snap.Media = lighten(snap.Media)
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
		everybody := l.people.list()
		l.mu.Unlock()
		snap.People = everybody[:min(len(everybody), snapshotPeople)]
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
// much happened since the welcome was read, or something that matters for the grant.
func (l *live) seat(s *Seat, g Grant, w Welcome, missed []Event, seated func(*Seat, Welcome, []Event)) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false, errNoRoom()
	}
	if l.cursor < w.Seq || l.outdated(g) {
		return false, nil
	}
	if since := l.cursor - w.Seq; since > 0 {
		if since > uint32(len(l.ring)) {
			return false, nil
		}
		news := slices.Clone(l.ring[len(l.ring)-int(since):])
		g.visible(news)
		if missed = append(slices.Clip(missed), news...); tooMuch(missed) {
			return false, nil
		}
	}
	if err := l.checkCapacity(g); err != nil {
		return false, err
	}
	s.grant.Store(&seatGrant{s.epoch(), g})
	l.seats[s.id] = s
	l.persons[s.actor.person] = append(l.persons[s.actor.person], s)
	l.people.enter(s.actor.person)
	l.audiences[s.audience]++
	l.urgent, l.emptyAt = true, 0
	if l.firstPlay {
		l.firstPlay, l.beginWith = false, s.id
	}
	seated(s, w, missed)
	return true, nil
}

// outdated tells whether something that was delivered since the grant was given could have changed
// it. What is yet to be delivered will find the seat. Holds l.mu.
func (l *live) outdated(g Grant) bool {
	if l.cursor <= g.room.Seq {
		return false
	}
	since := int(l.cursor - g.room.Seq)
	if since > len(l.ring) {
		return true
	}
	return slices.ContainsFunc(l.ring[len(l.ring)-since:], func(ev Event) bool {
		who, everybody := concerns(ev)
		return everybody || who == g.actor.person
	})
}

// concerns tells whose permissions an event may change.
func concerns(ev Event) (who PersonID, everybody bool) {
	switch b := ev.Body.(type) {
	case RoomChanged, RoomClosed, Hidden:
		return "", true
	case MemberJoined:
		return b.Member.ID, false
	case MemberChanged:
		return b.Member.ID, false
	case MemberRemoved:
		return b.ID, false
	}
	return "", false
}

// checkCapacity refuses one more person when the room is full; those who look after it always get
// in, and so does who is in already: the old connection of somebody who comes back may still count.
// Holds l.mu.
func (l *live) checkCapacity(g Grant) error {
	c := l.room.Settings.Capacity
	full := c > 0 && len(l.people.crowd) >= c && l.people.crowd[g.actor.person] == 0 && !g.Allows(MembersManage)
	if full || len(l.seats)+l.people.away >= l.app.cfg.MaxSeatsPerRoom {
		return Errorf(CodeRoomFull, "This room is full.")
	}
	return nil
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
	epoch := s.epoch()
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
	return c == nil || c.epoch != s.epoch()
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
		s.learned, l.learnt = current, learnt{current, r.DurationMs}
	}
	urgent := l.urgent || learn
	l.mu.Unlock()
	if r.State == PlayerPlaying && !r.Free {
		l.app.stats.noteSyncError(r.ErrorMs)
	}
	if urgent {
		l.poke()
	}
	return nil
}

// Leave gives the seat up; calling it again does nothing.
func (s *Seat) Leave() {
	s.once.Do(func() {
		l := s.live
		l.mu.Lock()
		delete(l.seats, s.id)
		who := s.actor.person
		if l.persons[who] = slices.DeleteFunc(l.persons[who], func(o *Seat) bool { return o == s }); len(l.persons[who]) == 0 {
			delete(l.persons, who)
		}
		l.people.leave(who)
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
