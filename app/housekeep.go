package app

import (
	"context"
	"time"
)

const (
	clearEvery  = 60  // seconds
	clearRooms  = 100 // at once
	clearGuests = 200
)

// housekeep notes once a second which rooms are alive, looks at logins a few at a time, and now
// and then clears away what is over.
func (a *App) housekeep(ctx context.Context) {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-second.C:
		}
		a.noteAlive(ctx, n%30 == 1)
		a.reviewSeats(ctx, n%clearEvery)
		if n%clearEvery == 5 {
			a.clearAway(ctx)
		}
	}
}

// noteAlive records which rooms play and, less often, in which somebody is present.
func (a *App) noteAlive(ctx context.Context, touch bool) {
	var playing, present []RoomID
	for _, l := range a.hub.all() {
		l.mu.Lock()
		if len(l.seats) > 0 {
			present = append(present, l.id)
			if l.state.Playing {
				playing = append(playing, l.id)
			}
		}
		l.mu.Unlock()
	}
	now := a.Now()
	if len(playing) > 0 {
		if err := a.Store.NotePlaying(ctx, playing, now); err != nil && ctx.Err() == nil {
			a.Log.WarnContext(ctx, "cannot note which rooms play", "err", err)
		}
	}
	if touch && len(present) > 0 {
		if err := a.Store.TouchRooms(ctx, present, now); err != nil && ctx.Err() == nil {
			a.Log.WarnContext(ctx, "cannot note which rooms are used", "err", err)
		}
	}
}

// reviewSeats sends out whose login or guest pass has ended. News of it comes at once by the bus;
// this finds what the bus lost. Each login is looked at once in clearEvery calls.
func (a *App) reviewSeats(ctx context.Context, turn int) {
	now := a.Now()
	ids := make(map[SessionID]bool)
	for _, l := range a.hub.all() {
		l.mu.Lock()
		for _, s := range l.seats {
			if id := s.actor.session; id != "" && turnOf(id) == turn {
				ids[id] = true
			}
		}
		l.expelLocked(func(s *Seat) bool {
			return s.actor.kind == KindGuest && s.actor.expires != 0 && now > s.actor.expires
		}, CodeUnauthenticated, "Your guest pass has expired. Open the invite link to come back.")
		l.mu.Unlock()
	}
	var ended []SessionID
	for id := range ids {
		s, err := a.Store.Session(ctx, id)
		if CodeOf(err) == CodeNotFound || err == nil && (s.Revoked != 0 || now > s.Expires) {
			ended = append(ended, id)
		}
	}
	if len(ended) > 0 {
		a.forgetSessions(ended)
	}
}

// turnOf spreads logins evenly over the seconds of a minute.
func turnOf(id SessionID) int {
	sum := 0
	for i := range len(id) {
		sum = sum*31 + int(id[i])
	}
	return int(uint(sum) % clearEvery)
}

func (a *App) clearAway(ctx context.Context) {
	now := a.Now()
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"idle rooms", func() error { return a.clearIdleRooms(ctx, now) }},
		{"guests", func() error { return a.clearGuests(ctx, now.Add(-a.cfg.GuestTTL)) }},
		{"logins", func() error {
			_, err := a.Store.DeleteExpiredSessions(ctx, now.Add(-24*time.Hour))
			return err
		}},
	} {
		if err := step.do(); err != nil && ctx.Err() == nil {
			a.Log.WarnContext(ctx, "cannot clear away what is over", "what", step.what, "err", err)
		}
	}
}

func (a *App) clearIdleRooms(ctx context.Context, now Time) error {
	idle, err := a.Store.IdleRooms(ctx, now, clearRooms)
	for _, id := range idle {
		if a.online(ctx, id) > 0 {
			continue
		}
		err := a.closeRoom(ctx, id, Actor{}, "idle", func(r Room) bool { // people and settings may have come in between
			ttl := time.Duration(r.Settings.IdleTTL) * time.Second
			return ttl > 0 && r.Active.Add(ttl) <= now
		})
		if err != nil && CodeOf(err) != CodeNotFound {
			return err
		}
	}
	return err
}

// clearGuests ends the stay of guests whose pass has run out: they could not come back with it.
func (a *App) clearGuests(ctx context.Context, before Time) error {
	old, err := a.Store.OldGuests(ctx, before, clearGuests)
	for _, m := range old {
		_, err := a.update(ctx, m.RoomID, m.Name, m.ID, func(tx RoomTx, emit func(EventBody) error) error {
			now, err := tx.Member(m.ID)
			if CodeOf(err) == CodeNotFound || err == nil && (now.Role != RoleGuest || now.Joined >= before) {
				return nil // another node was faster
			}
			if err != nil {
				return err
			}
			if err := tx.DeleteMember(m.ID); err != nil {
				return err
			}
			return emit(MemberRemoved{ID: m.ID, Name: m.Name, How: "left"})
		})
		if err != nil && CodeOf(err) != CodeNotFound {
			return err
		}
	}
	return err
}
