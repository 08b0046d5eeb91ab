package wsd

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
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

	mu      sync.Mutex
	rc      *reactor.Conn       // guarded by mu
	seat    *app.Seat           // guarded by mu; nil until seated
	aud     *audience           // guarded by mu; nil until seated
	queue   []*pb.ClientMessage // guarded by mu; nil is a look at the person's standing
	running bool                // guarded by mu: a worker has it, or soon will
	paused  bool                // guarded by mu: we stopped reading because the queue is full
	ended   bool                // guarded by mu
}

func newConn(s *Server, actor app.Actor, addr netip.Addr, variant uint8) *conn {
	c := &conn{srv: s, actor: actor, addr: addr, variant: variant, budget: burst}
	c.reader.Init(wire.Limits{Message: maxMessage, Fragments: maxFragments})
	return c
}

// Open implements reactor.Handler: nothing is read before the person has a seat.
func (c *conn) Open(rc *reactor.Conn) error {
	now := time.Now()
	c.heard, c.refill = now, now
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

// seated lets the connection speak. Called under the room's lock.
func (c *conn) seated(rc *reactor.Conn, seat *app.Seat, aud *audience) {
	c.mu.Lock()
	c.seat, c.aud = seat, aud
	if c.rc != nil {
		rc.Resume()
	}
	c.rc = rc
	c.mu.Unlock()
}

// gone tells whether the connection has ended.
func (c *conn) gone() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended
}

// Data implements reactor.Handler.
func (c *conn) Data(rc *reactor.Conn, p []byte) error {
	now := time.Now()
	c.heard = now
	for len(p) > 0 {
		m, rest, err := c.reader.Feed(p)
		if err != nil {
			return err
		}
		p = rest
		switch m.Kind {
		case wire.None:
		case wire.Ping:
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
	if now.Sub(c.heard) > silentMax {
		rc.Close(errSilent)
		return
	}
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
	seat, aud := c.seat, c.aud
	c.mu.Unlock()
	if seat != nil {
		aud.remove(seat.ID())
		seat.Leave()
		c.srv.leaveAudience(aud)
	}
	c.srv.open.Add(-1)
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
	c.queue = append(c.queue, m)
	start := !c.running
	c.running = true
	if len(c.queue) >= maxQueued && !c.paused {
		c.paused = true
		rc.Pause()
	}
	c.mu.Unlock()
	if start {
		c.srv.jobs <- c // never blocks: it holds every connection once
	}
}

// runQueue carries out what waits, in order. It runs on a worker.
func (c *conn) runQueue(ctx context.Context) {
	for {
		c.mu.Lock()
		if len(c.queue) == 0 || c.ended {
			c.running = false
			c.mu.Unlock()
			return
		}
		m := c.queue[0]
		c.queue[0] = nil
		c.queue = c.queue[1:]
		if len(c.queue) == 0 {
			c.queue = nil
		}
		if c.paused && len(c.queue) < maxQueued/2 {
			c.paused = false
			c.rc.Resume()
		}
		rc, seat := c.rc, c.seat
		c.mu.Unlock()
		c.command(ctx, rc, seat, m)
	}
}
