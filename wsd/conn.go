package wsd

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"synctv/app"
	"synctv/internal/reactor"
	pb "synctv/proto/synctv/v1"
	"synctv/wsd/wire"
)

const (
	maxMessage   = 64 << 10
	maxFragments = 64
	maxEarly     = 2 * maxMessage   // bytes that may come before the seat
	maxQueued    = 32               // commands of one connection that wait
	pingEvery    = 25 * time.Second // WebSocket pings, for proxies and dead peers
	silentMax    = 60 * time.Second // nothing heard for so long: gone
	burst        = 240              // messages that may come at once
	perSecond    = 60               // and afterwards
)

var (
	errSilent   = errors.New("peer is silent")
	errFlood    = errors.New("too many messages")
	errPeerLeft = errors.New("peer closed")
	errPanic    = errors.New("a command panicked")
)

// conn is one WebSocket. As a reactor.Handler its methods run on its shard.
type conn struct {
	// immutable
	srv     *Server
	actor   app.Actor
	addr    netip.Addr
	variant uint8

	// owned by the shard
	reader  wire.Reader
	heard   time.Time
	budget  float64
	refill  time.Time
	seatNow *app.Seat // copy of seat, once the shard has seen it
	early   []byte    // what came before the seat
	pinged  time.Time

	mask reactor.Class // owned by admit, then by the worker

	mu      sync.Mutex
	rc      *reactor.Conn       // guarded by mu
	seat    *app.Seat           // guarded by mu; nil until seated
	aud     *audience           // guarded by mu; nil until seated
	queue   []*pb.ClientMessage // guarded by mu; nil is a look at the person's standing
	running bool                // guarded by mu: a worker has it, or soon will
	paused  bool                // guarded by mu: we stopped reading because the queue is full
	refused bool                // guarded by mu: goodbye is on its way, nothing more is carried out
	ended   bool                // guarded by mu: Closed was called
}

func newConn(s *Server, actor app.Actor, addr netip.Addr, variant uint8) *conn {
	c := &conn{srv: s, actor: actor, addr: addr, variant: variant, budget: burst}
	c.reader.Init(wire.Limits{Message: maxMessage, Fragments: maxFragments})
	return c
}

// Open implements reactor.Handler: nothing is read before the person has a seat.
func (c *conn) Open(rc *reactor.Conn) error {
	now := time.Now()
	c.heard, c.refill, c.pinged = now, now, now
	c.mu.Lock()
	c.rc = rc
	waiting := c.seat == nil
	if waiting {
		rc.Pause()
	}
	c.mu.Unlock()
	rc.SetTimer(pingEvery)
	return nil
}

// seated lets the connection speak. Called under the room's lock. From here on Closed gives the
// seat up, unless the connection has ended already: see standUp.
func (c *conn) seated(rc *reactor.Conn, seat *app.Seat, aud *audience) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return
	}
	c.seat, c.aud = seat, aud
	if c.rc != nil {
		rc.Resume()
		rc.SetTimer(time.Millisecond) // somebody may have spoken already
	}
	c.rc = rc
}

// standUp tells whether the connection ended before it was seated.
func (c *conn) standUp() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seat == nil
}

// Data implements reactor.Handler. What comes together with the handshake waits until there is a seat.
func (c *conn) Data(rc *reactor.Conn, p []byte) error {
	now := time.Now()
	c.heard = now
	if c.seatOnShard() == nil {
		if len(c.early)+len(p) > maxEarly {
			return errFlood
		}
		c.early = append(c.early, p...)
		return nil
	}
	if err := c.feedEarly(rc, now); err != nil {
		return err
	}
	return c.feed(rc, p, now)
}

// feedEarly takes what came before the seat.
func (c *conn) feedEarly(rc *reactor.Conn, now time.Time) error {
	early := c.early
	c.early = nil
	return c.feed(rc, early, now)
}

// feed takes frames apart.
func (c *conn) feed(rc *reactor.Conn, p []byte, now time.Time) error {
	for len(p) > 0 {
		m, rest, err := c.reader.Feed(p)
		if err != nil {
			return err
		}
		p = rest
		switch m.Kind {
		case wire.None:
		case wire.Ping:
			if !c.spend(now) {
				return errFlood
			}
			rc.Reply(reactor.Bytes(wire.Frame(wire.Pong, m.Payload)))
		case wire.Close:
			rc.CloseAfter(reactor.Bytes(wire.CloseFrame(m.Code, "")), errPeerLeft)
			return nil
		case wire.Text, wire.Binary:
			if !c.spend(now) {
				return errFlood
			}
			if err := c.message(rc, m, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// spend takes one message from the budget.
func (c *conn) spend(now time.Time) bool {
	c.budget = min(burst, c.budget+now.Sub(c.refill).Seconds()*perSecond)
	c.refill = now
	c.budget--
	return c.budget >= 0
}

// Tick implements reactor.Handler.
func (c *conn) Tick(rc *reactor.Conn, now time.Time) {
	if len(c.early) > 0 && c.seatOnShard() != nil {
		if err := c.feedEarly(rc, now); err != nil {
			rc.CloseAfter(goodbyeFrame(c.variant, closeFor(err, rand.Float64())), err)
			return
		}
	}
	if now.Sub(c.heard) > silentMax {
		rc.CloseAfter(goodbyeFrame(c.variant, closeFor(errSilent, rand.Float64())), errSilent)
		return
	}
	if wait := pingEvery - now.Sub(c.pinged); wait > 0 {
		rc.SetTimer(wait)
		return
	}
	c.pinged = now
	rc.Send(pingFrame())
	rc.SetTimer(pingEvery)
}

func pingFrame() *reactor.Frame {
	return reactor.NewFrame(reactor.Spec{Kind: reactor.State, Key: keyPing, Bytes: [reactor.Variants][]byte{wire.Frame(wire.Ping, nil)}})
}

// Closed implements reactor.Handler.
func (c *conn) Closed(_ *reactor.Conn, err error) {
	c.mu.Lock()
	c.ended, c.queue = true, nil
	seat, aud, busy := c.seat, c.aud, c.running
	c.mu.Unlock()
	if seat != nil {
		c.srv.leaveSeat(seat, aud)
	}
	if !busy { // otherwise its worker counts it out: it is in jobs until then
		c.srv.open.Add(-1)
	}
	c.srv.leaveAddress(c.addr)
	var perr *reactor.PanicError
	if errors.As(err, &perr) {
		c.srv.log.Error("a websocket handler panicked", "err", err, "stack", string(perr.Stack))
	}
}

// Farewell implements reactor.Farewell: what a client hears when the server ends the connection.
func (c *conn) Farewell(_ *reactor.Conn, err error) *reactor.Frame {
	return goodbyeFrame(c.variant, closeFor(err, rand.Float64()))
}

// sayGoodbye ends a connection that got no seat.
func (c *conn) sayGoodbye(rc *reactor.Conn, err error) {
	cl := closeOf(app.AsError(err))
	if cl.code == wire.CodeInternal {
		c.srv.log.Error("cannot seat somebody", "err", err)
	}
	rc.CloseAfter(goodbyeFrame(c.variant, cl), errRefused)
}

// enqueue gives a command to the workers; a connection that is too far ahead is not read for a while.
func (c *conn) enqueue(rc *reactor.Conn, m *pb.ClientMessage) {
	c.mu.Lock()
	start := c.put(m)
	if len(c.queue) >= maxQueued && !c.paused {
		c.paused = true
		rc.Pause()
	}
	c.mu.Unlock()
	if start {
		c.srv.jobs <- c // never blocks: it holds every connection once
	}
}

// later puts the server's own work into the connection's queue; nil is a look at the person's standing.
func (c *conn) later(m *pb.ClientMessage) {
	c.mu.Lock()
	start := c.put(m)
	c.mu.Unlock()
	if start {
		c.srv.jobs <- c
	}
}

// put queues a command and tells whether the connection is to be given to the workers. Holds c.mu.
func (c *conn) put(m *pb.ClientMessage) (start bool) {
	if c.ended || c.refused || m == nil && slices.Contains(c.queue, nil) { // one look is as good as two
		return false
	}
	c.queue = append(c.queue, m)
	start = !c.running
	c.running = true
	return start
}

// take returns the next command, or that there is none and the connection is no longer its worker's.
func (c *conn) take() (m *pb.ClientMessage, rc *reactor.Conn, seat *app.Seat, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queue) == 0 || c.ended {
		if c.running = false; c.ended {
			c.srv.open.Add(-1)
		}
		return nil, nil, nil, false
	}
	m, c.queue[0] = c.queue[0], nil
	if c.queue = c.queue[1:]; len(c.queue) == 0 {
		c.queue = nil
	}
	if c.paused && len(c.queue) < maxQueued/2 {
		c.paused = false
		c.rc.Resume()
	}
	return m, c.rc, c.seat, true
}

// runNext carries out what waits first and goes to the end of the line: a connection with much to
// say does not keep a worker from others. It runs on a worker.
func (c *conn) runNext(ctx context.Context) {
	m, rc, seat, ok := c.take()
	if !ok {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			c.srv.log.Error("a command panicked", "person", c.actor.Person(), "panic", p, "stack", string(debug.Stack()))
			c.close(closeFor(errPanic, rand.Float64()))
		}
		c.srv.jobs <- c // it has just been taken out
	}()
	c.command(ctx, rc, seat, m)
	c.look(rc, seat)
}
