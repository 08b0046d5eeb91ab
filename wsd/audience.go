package wsd

import (
	"context"
	"sync"

	"synctv/app"
	"synctv/internal/reactor"
	pb "synctv/proto/synctv/v1"
	"synctv/proto/translate"
)

// Classes of frames about people: those with members_view get one, the others its substitute.
const (
	classPeople reactor.Class = 1 << iota
	classNoPeople
)

// audience is this door's part of one room.
type audience struct {
	srv   *Server
	room  app.RoomID
	group *reactor.Group
	users int // guarded by srv.mu: connections that hold it

	mu    sync.Mutex
	seats map[app.SeatID]*conn // guarded by mu
}

// audience returns the room's audience and holds it until leaveAudience.
func (s *Server) audience(room app.RoomID) *audience {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.audiences[room]
	if a == nil {
		a = &audience{srv: s, room: room, group: s.reactor.NewGroup(), seats: make(map[app.SeatID]*conn)}
		s.audiences[room] = a
	}
	a.users++
	return a
}

func (s *Server) leaveAudience(a *audience) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.users--; a.users == 0 {
		delete(s.audiences, a.room)
	}
}

// admit queues what a person gets first, in one piece, and then lets the room's frames through. It
// runs under the room's lock, as Deliver does, so nothing comes between and nothing is missed.
func (a *audience) admit(c *conn, rc *reactor.Conn, seat *app.Seat, w app.Welcome, missed []app.Event) {
	a.mu.Lock()
	a.seats[seat.ID()] = c
	a.mu.Unlock()
	c.look(rc, seat)
	first := encode(translate.Welcome(w, a.srv.cfg.Version), c.variant)
	for _, ev := range missed {
		first = append(first, encode(translate.Event(ev, translate.NoEditor), c.variant)...)
	}
	rc.Send(reactor.Bytes(first))
	a.group.Join(rc)
	c.seated(rc, seat, a)
}

// look makes the connection see what the person may see.
func (c *conn) look(rc *reactor.Conn, seat *app.Seat) {
	if mask := maskOf(seat); mask != c.mask {
		c.mask = mask
		rc.SetMask(mask)
	}
}

// maskOf is what the person may see. Frames of class 0 reach everyone.
func maskOf(seat *app.Seat) reactor.Class {
	if seat.Sees(app.MembersView) {
		return classPeople
	}
	return classNoPeople
}

// bare is an event without its contents, for those who may not know them: the numbers go on.
func bare(ev app.Event) *pb.ServerMessage {
	return &pb.ServerMessage{Body: &pb.ServerMessage_Event{Event: &pb.RoomEvent{Seq: ev.Seq, AtMs: ev.At.Ms()}}}
}

// remove forgets a seat.
func (a *audience) remove(id app.SeatID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.seats, id)
}

// Deliver implements app.Audience.
func (a *audience) Deliver(_ app.RoomID, d app.Delivered) {
	switch d := d.(type) {
	case app.Expel:
		a.expel(d)
	case app.Reset:
		for _, c := range a.all() {
			c.close(closeReset())
		}
	case app.Beacon:
		a.group.Broadcast(shared(translate.Beacon(d), reactor.State, keyBeacon, 0))
	case app.PresenceDelta:
		// Who does what is the first to go under pressure; who left must arrive.
		kind := reactor.Droppable
		if len(d.Gone) > 0 {
			kind = reactor.Must
		}
		a.group.Broadcast(shared(translate.Presence(d), kind, 0, classPeople))
	case app.Event:
		m := translate.Event(d, translate.NoEditor)
		if app.Needs(d) == 0 {
			a.group.Broadcast(shared(m, reactor.Must, 0, 0))
		} else {
			a.group.Broadcast(shared(m, reactor.Must, 0, classPeople))
			a.group.Broadcast(shared(bare(d), reactor.Must, 0, classNoPeople))
		}
		a.review(d)
	}
}

func (a *audience) expel(d app.Expel) {
	code, _ := byCode(d.Code)
	for _, id := range d.Seats {
		a.mu.Lock()
		c := a.seats[id]
		a.mu.Unlock()
		if c != nil {
			c.close(closing{code: code, name: string(d.Code), message: d.Message})
		}
	}
}

// all returns the connections of the room.
func (a *audience) all() []*conn {
	a.mu.Lock()
	defer a.mu.Unlock()
	list := make([]*conn, 0, len(a.seats))
	for _, c := range a.seats {
		list = append(list, c)
	}
	return list
}

// review has permissions looked at again after an event that may have changed them.
func (a *audience) review(ev app.Event) {
	var only app.PersonID
	switch b := ev.Body.(type) {
	case app.MemberChanged:
		only = b.Member.ID
	case app.RoomChanged:
	default:
		return
	}
	for _, c := range a.all() {
		if only == "" || c.actor.Person() == only {
			c.later(nil)
		}
	}
}

// close ends the connection with a goodbye. What it had still to do is not done.
func (c *conn) close(cl closing) {
	c.mu.Lock()
	rc := c.rc
	c.refused, c.queue = true, nil
	c.mu.Unlock()
	if rc != nil {
		rc.CloseAfter(goodbyeFrame(c.variant, cl), errRefused)
	}
}

// reviewSeat asks again what the person may do, and tells them.
func (c *conn) reviewSeat(ctx context.Context, rc *reactor.Conn, seat *app.Seat) {
	g, err := seat.Authorize(ctx, app.RoomView)
	if err != nil {
		switch app.CodeOf(err) {
		case app.CodeUnavailable, app.CodeInternal:
			return // the next command asks again
		}
		c.close(closeOf(app.AsError(err)))
		return
	}
	c.look(rc, seat)
	rc.Send(frame(&pb.ServerMessage{Body: &pb.ServerMessage_You{You: translate.Member(g.Standing())}}, c.variant))
}
