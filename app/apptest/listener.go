package apptest

import (
	"slices"
	"sync"
	"testing"

	"synctv/app"
)

// Listener is an app.Audience of one seat that remembers everything.
type Listener struct {
	Seat    *app.Seat
	Welcome app.Welcome
	Missed  []app.Event

	mu  sync.Mutex
	got []app.Delivered // guarded by mu
}

// Deliver implements app.Audience.
func (l *Listener) Deliver(_ app.RoomID, d app.Delivered) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.got = append(l.got, d)
}

// Got returns what was delivered so far.
func (l *Listener) Got() []app.Delivered {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.got)
}

// Events returns what happened since the person sat down, what was missed first.
func (l *Listener) Events() []app.Event {
	events := slices.Clone(l.Missed)
	for _, d := range l.Got() {
		if ev, ok := d.(app.Event); ok {
			events = append(events, ev)
		}
	}
	return events
}

// Expelled returns the last order to close the seat.
func (l *Listener) Expelled() (e app.Expel, ok bool) {
	for _, d := range l.Got() {
		if x, is := d.(app.Expel); is && slices.Contains(x.Seats, l.Seat.ID()) {
			e, ok = x, true
		}
	}
	return e, ok
}

// People replays presence over the snapshot: who is there, by name, in order.
func (l *Listener) People() []string {
	here := make(map[app.SeatID]string)
	if s := l.Welcome.Snapshot; s != nil {
		for _, p := range s.People {
			here[p.Seat] = p.Name
		}
	}
	for _, d := range l.Got() {
		if delta, ok := d.(app.PresenceDelta); ok {
			for _, p := range delta.People {
				here[p.Seat] = p.Name
			}
			for _, id := range delta.Gone {
				delete(here, id)
			}
		}
	}
	names := make([]string, 0, len(here))
	for _, n := range here {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// Sit seats somebody and listens.
func (n *Node) Sit(t testing.TB, by app.Actor, room app.RoomID) *Listener {
	t.Helper()
	l, err := n.TrySit(t, by, room, app.SitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TrySit is Sit that may be refused; opt says where the person left off.
func (n *Node) TrySit(t testing.TB, by app.Actor, room app.RoomID, opt app.SitOptions) (*Listener, error) {
	t.Helper()
	l := new(Listener)
	opt.Audience, opt.Seated = l, func(s *app.Seat, w app.Welcome, missed []app.Event) { l.Seat, l.Welcome, l.Missed = s, w, missed }
	_, err := n.App.Sit(t.Context(), by, room, opt)
	return l, err
}
