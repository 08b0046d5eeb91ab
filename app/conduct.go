package app

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"synctv/app/playback"
)

const (
	lingerEmpty     = 60 * time.Second // an empty room stays in memory so long, so that it can pause itself
	presenceEvery   = time.Second
	presenceUrgent  = 10 * time.Millisecond
	presenceFull    = 10 * time.Second
	presenceTTL     = 30 * time.Second
	beaconEvery     = 5 * time.Second
	playbackBackoff = 100 * time.Millisecond // after a change that came to nothing, so that nodes do not spin
	playbackNews    = 10 * time.Millisecond  // after a change, until the bus has brought it back
)

// conductor is what the room's goroutine remembers between two turns. Owned by live.run.
type conductor struct {
	presenceAt Time // last presence sent
	fullAt     Time // last time everybody of this node was announced
	beaconAt   Time
	notBefore  Time // no playback change before this
	retryAt    Time // of what failed because a cellar was away
}

// run is the room's goroutine: it opens the room, then acts whenever something is due, and ends
// when nobody has been here for a while.
func (l *live) run(ctx context.Context) {
	if err := l.open(ctx); err != nil {
		l.openErr = err
		l.app.hub.forget(l)
		close(l.ready)
		return
	}
	close(l.ready)
	now := l.app.Now()
	c := conductor{fullAt: now, beaconAt: now}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			l.sayGone()
			l.app.hub.forget(l)
			return
		case <-l.wake:
		case <-timer.C:
		}
		next, over := l.turn(ctx, &c)
		if over {
			return
		}
		timer.Reset(max(next.Sub(l.app.Now()), 0))
	}
}

// turn does everything that is due and says when to come again. over is true when the room can go.
func (l *live) turn(ctx context.Context, c *conductor) (next Time, over bool) {
	now := l.app.Now()
	next = now.Add(beaconEvery)
	soonest := func(t Time) {
		if t != 0 && t < next {
			next = t
		}
	}
	if c.retryAt != 0 && now < c.retryAt {
		return c.retryAt, false
	}
	c.retryAt = 0
	late, err := l.closeGap(ctx)
	if err == nil {
		err = l.settlePlayback(ctx)
	}
	if err != nil {
		l.app.Log.WarnContext(ctx, "a room waits for the store", "room", l.id, "err", err)
		c.retryAt = now.Add(time.Second)
		return c.retryAt, false
	}
	soonest(late)
	l.runDeferred(ctx)
	soonest(l.conductPlayback(ctx, c))
	soonest(l.sendPresence(ctx, c))
	soonest(l.expirePresence(now))
	l.beacon(ctx, c)
	soonest(c.beaconAt.Add(beaconEvery))

	l.mu.Lock()
	idle := len(l.seats) == 0 && len(l.left) == 0 && (l.closed || l.emptyAt == 0 || now.Sub(l.emptyAt) > lingerEmpty)
	soonest(Time(l.deferrals.NextUs()))
	if gone := l.emptyAt.Add(lingerEmpty + time.Millisecond); len(l.seats) == 0 && l.emptyAt != 0 && gone > now {
		soonest(gone)
	}
	l.mu.Unlock()
	return max(next, now.Add(time.Millisecond)), idle && l.app.hub.retire(l)
}

// closeGap reads the log when events are missing, after waiting a moment: most often the bus
// delivers them within milliseconds. It says when to look again.
func (l *live) closeGap(ctx context.Context) (next Time, err error) {
	now := l.app.Now()
	l.mu.Lock()
	gap, late, gone := l.gap, l.lateSince, l.closed
	if overdue := late != 0 && now.Sub(late) >= gapPatience; overdue && !gone {
		gap = true
		l.app.stats.EventGaps.Add(1)
	}
	l.gap = false
	l.mu.Unlock()
	switch {
	case gone:
		return 0, nil
	case !gap && late != 0:
		return late.Add(gapPatience), nil
	case !gap:
		return 0, nil
	}
	ctx, cancel := context.WithTimeout(ctx, roomOpTimeout)
	defer cancel()
	err = l.fill(ctx)
	if CodeOf(err) == CodeNotFound {
		l.take(Event{At: l.app.Now(), Body: RoomClosed{"deleted"}})
		return 0, nil
	}
	if err != nil {
		l.mu.Lock()
		l.gap = true
		l.mu.Unlock()
	}
	return 0, err
}

// runDeferred carries out seeks that came too fast, now that their time has come.
func (l *live) runDeferred(ctx context.Context) {
	for {
		l.mu.Lock()
		next := l.deferrals.NextUs()
		l.mu.Unlock()
		if next == 0 || next > l.app.Clock.Now() {
			return
		}
		if err := l.runOneDeferred(ctx); err != nil {
			return // the room is gone or the store is away; the seek means nothing any more
		}
	}
}

// runOneDeferred takes the seek while the room's row is held, so that it is decided in its turn.
func (l *live) runOneDeferred(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, roomOpTimeout)
	defer cancel()
	events, err := l.app.Store.UpdateRoom(ctx, l.id, func(tx RoomTx) error {
		l.mu.Lock()
		in, ok := l.deferrals.Due(l.app.Clock.Now())
		name := l.nameOf(PersonID(in.Actor.ID))
		l.mu.Unlock()
		if !ok {
			return nil
		}
		_, ack, err := l.app.applyIntent(tx, func(body EventBody) error {
			return tx.Emit(Event{At: l.app.Now(), By: PersonID(in.Actor.ID), ByName: name, Body: body})
		}, in)
		if code := CodeOf(err); code == CodeStale || code == CodeConflict || code == CodeNotFound {
			return nil // the room has moved on
		}
		if err == nil {
			l.app.hub.noteIntent(l.id, in, ack)
		}
		return err
	})
	if err != nil {
		return err
	}
	l.app.hub.publish(ctx, l.id, events)
	return nil
}

// nameOf finds the name of somebody present. Holds l.mu.
func (l *live) nameOf(id PersonID) string {
	for _, node := range l.people.nodes {
		for _, p := range node.seats {
			if p.Person == id {
				return p.Name
			}
		}
	}
	return ""
}

// conductPlayback holds, releases, advances and pauses the room, and says when to look again.
// Every node with people in the room does so; the room's row decides who was first.
func (l *live) conductPlayback(ctx context.Context, c *conductor) Time {
	now := l.app.Now()
	if now < c.notBefore {
		return c.notBefore
	}
	l.mu.Lock()
	s, reports, policy, emptyAt := l.state, l.reports(), playback.Policy(l.room.Settings.Wait), l.emptyAt
	seated := len(l.seats) > 0
	idle := l.closed || l.firstPlay || s.MediaID == ""
	l.mu.Unlock()
	if idle {
		return 0
	}
	_, wait, d1 := playback.Decide(s, reports, policy, int64(now))
	_, ended, d2 := playback.Advance(s, playback.Env{}, int64(now))
	next := earliest(d1, d2)
	var due func(playback.State, playback.Env) (playback.State, bool)
	switch {
	case wait:
		due = func(s playback.State, env playback.Env) (playback.State, bool) {
			n, changed, _ := playback.Decide(s, env.Reports, env.Policy, int64(l.app.Now()))
			return n, changed
		}
	case ended:
		due = func(s playback.State, env playback.Env) (playback.State, bool) {
			n, changed, _ := playback.Advance(s, env, int64(l.app.Now()))
			return n, changed
		}
	case !seated && emptyAt != 0:
		_, changed, d := playback.Empty(s, int64(emptyAt), int64(now))
		next = earliest(int64(next), d)
		if changed {
			due = func(s playback.State, _ playback.Env) (playback.State, bool) {
				n, changed, _ := playback.Empty(s, int64(emptyAt), int64(l.app.Now()))
				return n, changed
			}
		}
	}
	if due == nil {
		return next
	}
	backoff, acted := playbackBackoff, false
	err := l.changePlayback(ctx, func(s playback.State, env playback.Env) (next playback.State, changed bool) {
		next, changed = due(s, env)
		acted = changed
		return next, changed
	})
	if err != nil {
		l.app.Log.WarnContext(ctx, "cannot change a room's playback", "room", l.id, "err", err)
		backoff = time.Second
	} else if !acted { // somebody else was first, and the news is late
		l.mu.Lock()
		l.gap = true
		l.mu.Unlock()
	} else {
		backoff = playbackNews
	}
	c.notBefore = l.app.Now().Add(backoff)
	return c.notBefore
}

func earliest(a, b int64) Time {
	if a == 0 || b != 0 && b < a {
		return Time(b)
	}
	return Time(a)
}

// changePlayback decides once more inside the room's transaction and stores what came of it. That
// the room is gone is no error here: closeGap finds out.
func (l *live) changePlayback(ctx context.Context, decide func(playback.State, playback.Env) (playback.State, bool)) error {
	ctx, cancel := context.WithTimeout(ctx, roomOpTimeout)
	defer cancel()
	_, err := l.app.update(ctx, l.id, "", "", func(tx RoomTx, emit func(EventBody) error) error {
		s, err := tx.Playback()
		if err != nil {
			return err
		}
		env, err := l.app.environment(tx, tx.Room(), s)
		if err != nil {
			return err
		}
		next, changed := decide(s, env)
		if !changed {
			return nil
		}
		if err := tx.SavePlayback(next); err != nil {
			return err
		}
		return emit(PlaybackChanged{next})
	})
	if CodeOf(err) == CodeNotFound {
		l.mu.Lock()
		l.gap = true
		l.mu.Unlock()
		l.poke()
		return nil
	}
	return err
}

// sendPresence tells all nodes what is new about the people of this one.
func (l *live) sendPresence(ctx context.Context, c *conductor) Time {
	now := l.app.Now()
	l.mu.Lock()
	every := presenceEvery
	urgent := presenceUrgent
	if len(l.seats) > 200 {
		every, urgent = 5*time.Second, 500*time.Millisecond // what each of so many does is no news by the second
	}
	full := l.refresh || len(l.seats) > 0 && now.Sub(c.fullAt) >= presenceFull
	dirty := len(l.left) > 0
	for _, s := range l.seats {
		dirty = dirty || s.dirty
	}
	due := c.presenceAt.Add(every)
	if l.urgent {
		due = c.presenceAt.Add(urgent)
	}
	if !full && (!dirty || now < due) {
		seated := len(l.seats) > 0
		fullDue := c.fullAt.Add(presenceFull)
		l.mu.Unlock()
		switch {
		case dirty:
			return due
		case seated:
			return fullDue
		}
		return 0
	}
	m, everybody := l.collectPresence(full)
	l.mu.Unlock()
	c.presenceAt = now
	if full {
		c.fullAt = now
	}
	l.announce(ctx, m, everybody, full || len(m.Gone) > 0 || len(everybody) <= 16)
	return now.Add(every)
}

// expirePresence lets the people of nodes go that have been silent for too long, and says when to look again.
func (l *live) expirePresence(now Time) Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	gone, oldest := l.people.expire(now.Add(-presenceTTL))
	if !gone.empty() {
		l.deliver(gone)
		l.notePresence()
	}
	if oldest == 0 {
		return 0
	}
	return oldest.Add(presenceTTL + time.Millisecond)
}

// collectPresence takes what is new, or everything. Holds l.mu.
func (l *live) collectPresence(full bool) (m presenceMessage, everybody []Presence) {
	m = presenceMessage{Node: l.app.cfg.NodeID, PresenceDelta: PresenceDelta{Full: full}}
	for _, s := range l.seats {
		everybody = append(everybody, s.presence)
		if full || s.dirty {
			m.People = append(m.People, s.presence)
		}
		s.dirty = false
	}
	if !full {
		m.Gone = l.left
	}
	l.left, l.urgent, l.refresh = nil, false, false
	return m, everybody
}

// announce puts presence on the bus, and into the store for nodes that open the room later.
func (l *live) announce(ctx context.Context, m presenceMessage, everybody []Presence, store bool) {
	a := l.app
	payload, err := json.Marshal(m)
	if err == nil {
		err = a.Bus.Publish(ctx, l.topic(), append([]byte{kindPresence}, payload...))
	}
	published := err == nil
	if store {
		err = errors.Join(err, l.keepPresence(ctx, everybody))
	}
	if err != nil && ctx.Err() == nil {
		a.Log.WarnContext(ctx, "cannot tell who is present", "room", l.id, "err", err)
	}
	if !published {
		l.mu.Lock()
		delta := l.people.merge(m, a.Now()) // our own people still see each other
		l.notePresence()
		if !delta.empty() {
			l.deliver(delta)
		}
		l.mu.Unlock()
	}
}

// keepPresence leaves this node's people where nodes that open the room later look for them.
func (l *live) keepPresence(ctx context.Context, everybody []Presence) error {
	if len(everybody) == 0 {
		return l.app.Presence.Remove(ctx, string(l.id), l.app.cfg.NodeID)
	}
	entries, err := json.Marshal(everybody)
	if err != nil {
		return err
	}
	return l.app.Presence.Put(ctx, string(l.id), l.app.cfg.NodeID, entries, presenceTTL)
}

// readPresence asks the store who is in the room on other nodes.
func (l *live) readPresence(ctx context.Context) {
	nodes, err := l.app.Presence.All(ctx, string(l.id))
	if err != nil {
		l.app.Log.WarnContext(ctx, "cannot read who is present", "room", l.id, "err", err)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for node, data := range nodes {
		var seats []Presence
		if node != l.app.cfg.NodeID && json.Unmarshal(data, &seats) == nil {
			l.people.merge(presenceMessage{Node: node, PresenceDelta: PresenceDelta{Full: true, People: seats}}, l.app.Now())
		}
	}
	l.notePresence()
}

// beacon lets listeners notice what they missed, and this node what the bus lost without a word.
func (l *live) beacon(ctx context.Context, c *conductor) {
	now := l.app.Now()
	if now.Sub(c.beaconAt) < beaconEvery {
		return
	}
	c.beaconAt = now
	l.mu.Lock()
	l.deliver(Beacon{Seq: l.cursor, Revision: l.state.Revision, Hash: l.state.Hash(), Now: now})
	cursor := l.cursor
	l.mu.Unlock()
	if r, err := l.app.Store.Room(ctx, l.id); err == nil && r.Seq > cursor || CodeOf(err) == CodeNotFound {
		l.mu.Lock()
		l.gap = l.cursor == cursor || l.gap
		l.mu.Unlock()
		l.poke()
	}
}

// sayGone takes this node's people off other nodes' lists when it stops.
func (l *live) sayGone() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	l.announce(ctx, presenceMessage{Node: l.app.cfg.NodeID, PresenceDelta: PresenceDelta{Full: true}}, nil, true)
}
