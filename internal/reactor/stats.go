package reactor

import (
	"errors"
	"io"
	"sync/atomic"
)

// DropReason says why a frame did not reach a connection it was sent to.
type DropReason uint8

const (
	DropCoalesced DropReason = iota // a newer State frame took its place
	DropPressure                    // Droppable, and the queue was half full
	DropPurged                      // Droppable, thrown out to make room
	DropBacklog                     // Droppable, and the shard itself was behind
	DropClosed                      // the connection was closing or gone
	dropReasons
)

// String returns the reason in snake_case, fit for a metric label.
func (d DropReason) String() string {
	return [...]string{"coalesced", "pressure", "purged", "backlog", "closed"}[d]
}

// CloseReason says why a connection ended.
type CloseReason uint8

const (
	ClosePeer     CloseReason = iota // the peer closed or reset it
	CloseLocal                       // the owner closed it
	CloseHandler                     // its handler returned an error or panicked
	CloseOverflow                    // ErrOverflow
	CloseStalled                     // ErrStalled
	CloseDrained                     // ErrDrained
	CloseShutdown                    // ErrShutdown
	closeReasons
)

// String returns the reason in snake_case, fit for a metric label.
func (r CloseReason) String() string {
	return [...]string{"peer", "local", "handler", "overflow", "stalled", "drained", "shutdown"}[r]
}

// Stats is a snapshot of the reactor's counters since it was made.
type Stats struct {
	Conns        int64 // open now
	Accepted     uint64
	BytesIn      uint64
	BytesOut     uint64
	Reads        uint64 // read calls that brought bytes
	Writes       uint64 // write calls, of one frame or many
	Writevs      uint64 // those of two frames or more
	FramesQueued uint64
	FramesSent   uint64 // accepted whole by the kernel
	Turns        uint64 // loop turns of all shards
	Backlog      int    // ops waiting in the inboxes now
	Drops        [dropReasons]uint64
	Closes       [closeReasons]uint64
}

// DropsByReason calls fn for every drop reason.
func (s Stats) DropsByReason(fn func(DropReason, uint64)) {
	for i, n := range s.Drops {
		fn(DropReason(i), n)
	}
}

// ClosesByReason calls fn for every close reason.
func (s Stats) ClosesByReason(fn func(CloseReason, uint64)) {
	for i, n := range s.Closes {
		fn(CloseReason(i), n)
	}
}

// counters are a shard's numbers. The shard counts in plain integers and
// publishes them once per turn: a counter on the hot path costs an increment.
type counters struct {
	accepted, bytesIn, bytesOut, reads, writes, writevs uint64
	framesQueued, framesSent, turns                     uint64
	drops                                               [dropReasons]uint64
	closes                                              [closeReasons]uint64
}

type published struct {
	accepted, bytesIn, bytesOut, reads, writes, writevs atomic.Uint64
	framesQueued, framesSent, turns                     atomic.Uint64
	drops                                               [dropReasons]atomic.Uint64
	closes                                              [closeReasons]atomic.Uint64
}

func (p *published) store(n *counters) {
	p.accepted.Store(n.accepted)
	p.bytesIn.Store(n.bytesIn)
	p.bytesOut.Store(n.bytesOut)
	p.reads.Store(n.reads)
	p.writes.Store(n.writes)
	p.writevs.Store(n.writevs)
	p.framesQueued.Store(n.framesQueued)
	p.framesSent.Store(n.framesSent)
	p.turns.Store(n.turns)
	for i := range n.drops {
		p.drops[i].Store(n.drops[i])
	}
	for i := range n.closes {
		p.closes[i].Store(n.closes[i])
	}
}

func (p *published) addTo(s *Stats) {
	s.Accepted += p.accepted.Load()
	s.BytesIn += p.bytesIn.Load()
	s.BytesOut += p.bytesOut.Load()
	s.Reads += p.reads.Load()
	s.Writes += p.writes.Load()
	s.Writevs += p.writevs.Load()
	s.FramesQueued += p.framesQueued.Load()
	s.FramesSent += p.framesSent.Load()
	s.Turns += p.turns.Load()
	for i := range s.Drops {
		s.Drops[i] += p.drops[i].Load()
	}
	for i := range s.Closes {
		s.Closes[i] += p.closes[i].Load()
	}
}

// Stats returns the counters of all shards, each as of its last turn.
func (r *Reactor) Stats() Stats {
	var s Stats
	s.Conns = r.conns.Load()
	for _, sh := range r.shards {
		sh.pub.addTo(&s)
		s.Backlog += sh.in.backlog()
	}
	return s
}

// reasonOf sorts the error of an ended connection; by is what the shard knows
// of who ended it.
func reasonOf(err error, by CloseReason) CloseReason {
	switch {
	case errors.Is(err, ErrOverflow):
		return CloseOverflow
	case errors.Is(err, ErrStalled):
		return CloseStalled
	case errors.Is(err, ErrDrained):
		return CloseDrained
	case errors.Is(err, ErrShutdown):
		return CloseShutdown
	case errors.Is(err, io.EOF):
		return ClosePeer
	}
	return by
}
