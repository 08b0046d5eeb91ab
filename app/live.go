package app

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"synctv/app/playback"
)

const (
	ringSize      = 256  // events kept for those who are just sitting down
	pendingMax    = 1024 // events held back while an earlier one is missing
	openTimeout   = 10 * time.Second
	fillBatch     = 500
	roomOpTimeout = 5 * time.Second
	gapPatience   = 20 * time.Millisecond // how long a missing event may be merely late
)

// live is a room in which somebody is present on this node. Events reach it in any order and
// leave it in order.
type live struct {
	app *App
	id  RoomID

	claims int // guarded by hub.mu: who needs the room to go on

	ready   chan struct{} // closed when open has ended
	openErr error         // immutable after ready is closed
	wake    chan struct{} // capacity 1: something changed for the room's goroutine

	// permissions rises whenever what everybody may do here could have changed; see Seat.epoch.
	permissions atomic.Uint64

	mu        sync.Mutex
	room      Room                 // guarded by mu
	state     playback.State       // guarded by mu
	deferrals playback.Deferrals   // guarded by mu
	cursor    uint32               // guarded by mu: newest event delivered
	ring      []Event              // guarded by mu: the newest events, consecutive, up to cursor
	pending   map[uint32]Event     // guarded by mu: later ones, waiting for a gap to close
	lateSince Time                 // guarded by mu: since when something is pending, 0 for not
	seats     map[SeatID]*Seat     // guarded by mu
	persons   map[PersonID][]*Seat // guarded by mu: the same by person
	audiences map[Audience]int     // guarded by mu: seats of each
	people    people               // guarded by mu
	emptyAt   Time                 // guarded by mu: since when nobody is present anywhere; 0 while somebody is
	left      []SeatID             // guarded by mu: seats to be announced as gone
	urgent    bool                 // guarded by mu: presence should go out now
	gap       bool                 // guarded by mu: read the log
	refresh   bool                 // guarded by mu: announce all our people
	firstPlay bool                 // guarded by mu: the room was made to play and nobody has been there yet
	beginWith SeatID               // guarded by mu: the first one there, until the room begins with them
	learnt    learnt               // guarded by mu: a length to be noted
	closed    bool                 // guarded by mu: the room is gone
}

func newLive(a *App, id RoomID) *live {
	return &live{app: a, id: id, ready: make(chan struct{}), wake: make(chan struct{}, 1), pending: make(map[uint32]Event),
		seats: make(map[SeatID]*Seat), persons: make(map[PersonID][]*Seat), audiences: make(map[Audience]int),
		people: newPeople(a.cfg.NodeID)}
}

func (l *live) topic() string { return topicRoom + string(l.id) }

// poke wakes the room's goroutine.
func (l *live) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// open joins the bus and reads where the room stands. From then on nothing is missed. The bus is
// left by hub.drop, also when opening fails.
func (l *live) open(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	a := l.app
	if err := a.Bus.Join(ctx, l.topic()); err != nil {
		return Wrap(CodeUnavailable, err, "The room cannot be opened now. Try again in a moment.")
	}
	r, err := a.Store.Room(ctx, l.id)
	if err != nil {
		return err
	}
	l.readPresence(ctx)
	return l.restore(ctx, r)
}

// restore takes up the room's playback where it was, see playback.Restore.
func (l *live) restore(ctx context.Context, r Room) error {
	a := l.app
	s, seen, err := a.Store.Playback(ctx, l.id)
	if err != nil {
		return err
	}
	l.mu.Lock()
	alone := len(l.people.crowd) == 0
	l.room, l.state = r, s
	l.notePresence()
	// A room that was made to play was last set when it was made; after any other change somebody was
	// there. That its length was learnt since changes nothing of this.
	l.firstPlay = seen == 0 && s.SetAtUs == int64(r.Created) && s.Playing && alone
	// Events that came while we were reading are newer than r.Seq and wait in pending.
	l.cursor = r.Seq
	l.settle()
	l.mu.Unlock()
	if !alone || seen == 0 {
		return nil
	}
	if _, changed := playback.Restore(s, int64(seen), int64(a.Now()), playback.DefaultRestoreGraceUs); changed {
		return l.changePlayback(ctx, func(s playback.State, _ playback.Env) (playback.State, bool) {
			return playback.Restore(s, int64(seen), int64(a.Now()), playback.DefaultRestoreGraceUs)
		})
	}
	return nil
}

// receive takes one message of the bus.
func (l *live) receive(payload []byte) {
	if len(payload) < 2 {
		return
	}
	switch payload[0] {
	case kindEvent:
		ev, err := DecodeEvent(payload[1:])
		if err != nil {
			l.app.Log.Warn("an event on the bus cannot be read, reading the log instead", "room", l.id, "err", err)
			l.distrust()
			return
		}
		l.take(ev)
	case kindPresence:
		var m presenceMessage
		if json.Unmarshal(payload[1:], &m) != nil || m.Node == "" {
			return
		}
		l.mu.Lock()
		delta := l.people.merge(m, l.app.Now())
		l.notePresence()
		if !delta.empty() {
			l.deliver(delta)
		}
		l.mu.Unlock()
		l.poke()
	}
}

// take puts one event in its place.
func (l *live) take(ev Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	if _, gone := ev.Body.(RoomClosed); gone {
		l.apply(ev)
		l.poke()
		return
	}
	if ev.Seq <= l.cursor {
		return
	}
	if len(l.pending) < pendingMax {
		l.pending[ev.Seq] = ev
	}
	l.settle()
	if len(l.pending) > 0 && l.lateSince == 0 {
		l.lateSince = l.app.Now()
		l.poke()
	}
}

// settle delivers what is next in line. Holds l.mu.
func (l *live) settle() {
	for {
		ev, ok := l.pending[l.cursor+1]
		if !ok {
			break
		}
		delete(l.pending, ev.Seq)
		l.cursor = ev.Seq
		l.apply(ev)
	}
	for seq := range l.pending {
		if seq <= l.cursor {
			delete(l.pending, seq)
		}
	}
	if len(l.pending) == 0 {
		l.lateSince = 0
	}
}

// apply keeps this node's view current and hands the event on. Holds l.mu.
func (l *live) apply(ev Event) {
	l.ring = append(l.ring, ev)
	if len(l.ring) > 2*ringSize {
		l.ring = slices.Clone(l.ring[len(l.ring)-ringSize:])
	}
	switch b := ev.Body.(type) {
	case PlaybackChanged:
		if b.State.Revision > l.state.Revision || b.State.Epoch != l.state.Epoch {
			l.state = b.State
		}
		l.poke()
	case RoomChanged:
		b.Room.Seq = ev.Seq
		l.room = b.Room
		l.poke()
	}
	who, everybody := concerns(ev)
	if everybody {
		l.permissions.Add(1)
	}
	for _, s := range l.persons[who] {
		s.moved.Add(1)
	}
	l.deliver(ev)
	l.app.stats.EventsApplied.Add(1)
	switch b := ev.Body.(type) {
	case MemberRemoved:
		l.expelPerson(b)
	case RoomClosed:
		l.closed = true
		l.expelLocked(func(*Seat) bool { return true }, CodeNotFound, "This room was closed.")
	}
}

func (l *live) expelPerson(b MemberRemoved) {
	code, message := CodeKicked, "You were removed from this room."
	switch b.How {
	case "left":
		message = "You left this room."
	case "banned":
		code, message = CodeBanned, "You were banned from this room."
	}
	if b.Reason != "" {
		message += " " + b.Reason
	}
	l.send(l.persons[b.ID], code, message)
}

// deliver hands something to every audience once. Holds l.mu.
func (l *live) deliver(d Delivered) {
	for aud := range l.audiences {
		aud.Deliver(l.id, d)
	}
}

// expel ends seats of this node and has their connections closed.
func (l *live) expel(which func(*Seat) bool, code Code, message string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expelLocked(which, code, message)
}

// expelLocked is expel for who holds l.mu.
func (l *live) expelLocked(which func(*Seat) bool, code Code, message string) {
	var out []*Seat
	for _, s := range l.seats {
		if which(s) {
			out = append(out, s)
		}
	}
	l.send(out, code, message)
}

// send orders the connections of seats to be closed. Holds l.mu.
func (l *live) send(out []*Seat, code Code, message string) {
	byAudience := make(map[Audience][]SeatID)
	for _, s := range out {
		byAudience[s.audience] = append(byAudience[s.audience], s.id)
	}
	for aud, ids := range byAudience {
		aud.Deliver(l.id, Expel{Seats: ids, Code: code, Message: message})
	}
}

// distrust makes the room read the log and tell everyone who is here.
func (l *live) distrust() {
	l.mu.Lock()
	l.gap, l.refresh = true, true
	l.mu.Unlock()
	l.poke()
}

// notePresence keeps track of since when the room is empty. Holds l.mu.
func (l *live) notePresence() {
	if len(l.people.crowd) > 0 {
		l.emptyAt = 0
	} else if l.emptyAt == 0 {
		l.emptyAt = l.app.Now()
	}
}

// reports are those of all people present, and of those the room waits for before their first one.
// Holds l.mu.
func (l *live) reports() []playback.Report {
	reports := make([]playback.Report, 0, 8)
	add := func(p *Presence) {
		if !p.Free && (p.Reported != 0 || l.awaits(p.Seat)) {
			reports = append(reports, p.report(l.state.Epoch))
		}
	}
	for _, s := range l.seats {
		add(&s.presence)
	}
	for id, node := range l.people.nodes {
		if id == l.people.self {
			continue
		}
		for _, p := range node.seats {
			add(&p)
		}
	}
	return reports
}

// awaits tells whether the room waits for a seat. Holds l.mu.
func (l *live) awaits(id SeatID) bool {
	if l.state.Hold == nil {
		return false
	}
	_, listed := slices.BinarySearch(l.state.Hold.Waiting, string(id))
	return listed
}

// fill reads the log from where this node stands.
func (l *live) fill(ctx context.Context) error {
	for {
		l.mu.Lock()
		from := l.cursor
		l.mu.Unlock()
		events, complete, err := l.app.Store.EventsAfter(ctx, l.id, from, fillBatch)
		if err != nil {
			return err
		}
		if !complete {
			return l.startOver(ctx)
		}
		l.mu.Lock()
		for _, ev := range events {
			if ev.Seq > l.cursor {
				l.pending[ev.Seq] = ev
			}
		}
		l.settle()
		done := len(events) < fillBatch
		if done { // what the log does not hold did not happen
			clear(l.pending)
			l.lateSince = 0
		}
		l.mu.Unlock()
		if done {
			return nil
		}
	}
}

// startOver is for a node that was away longer than the log reaches back.
func (l *live) startOver(ctx context.Context) error {
	r, err := l.app.Store.Room(ctx, l.id)
	if err != nil {
		return err
	}
	s, _, err := l.app.Store.Playback(ctx, l.id)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.room, l.state, l.cursor, l.ring = r, s, max(l.cursor, r.Seq), nil
	l.permissions.Add(1)
	l.settle()
	clear(l.pending)
	l.lateSince = 0
	l.deliver(Reset{})
	return nil
}
