package reactor

import (
	"io"
	"time"
)

// This file is the end of connections: closing -> lingering -> closed.

// end carries out Close and CloseAfter.
func (s *shard) end(c *Conn, f *Frame, reason error, after bool) {
	if c.state == stateClosed {
		return
	}
	if !after {
		s.kill(c, reason, CloseLocal)
		return
	}
	s.closing(c, f, reason, CloseLocal)
}

// fail ends c for a reason its peer should hear about, if its handler has a
// word to say. What is queued is dropped: the peer is slow, or wrong.
func (s *shard) fail(c *Conn, err error, by CloseReason) {
	if c.state != stateOpen {
		return
	}
	var last *Frame
	if fw, ok := c.h.(Farewell); ok {
		_ = s.call(func() error { last = fw.Farewell(c, err); return nil })
	}
	if last == nil {
		s.kill(c, err, by)
		return
	}
	s.n.drops[DropClosed] += uint64(c.q.cut(c.variant))
	s.closing(c, last, err, by)
}

// leave ends c for a drain.
func (s *shard) leave(c *Conn, final *Frame) {
	if c.state != stateOpen {
		return
	}
	if final == nil {
		s.fail(c, ErrDrained, CloseDrained)
		return
	}
	s.closing(c, final, ErrDrained, CloseDrained)
}

// closing queues the last frame, whatever the limits, and lets nothing follow.
func (s *shard) closing(c *Conn, last *Frame, err error, by CloseReason) {
	if c.state != stateOpen {
		return
	}
	c.state, c.err, c.by = stateClosing, err, by
	s.leaveGroups(c)
	if last != nil {
		if n := len(last.bytes(c.variant)); n > 0 {
			if c.q.items == nil {
				s.lendQueue(c)
			}
			c.q.append(last, n)
			s.n.framesQueued++
		}
	}
	if c.paused { // the peer's end of stream must be seen
		c.paused = false
		c.drv.interest(c)
	}
	c.userAt, c.drainAt, c.drainWith = 0, 0, nil
	c.sysAt = s.now + s.r.cfg.CloseTimeout
	s.setTimer(c)
	s.urge(c)
}

// inputEnd notes that the peer has closed its side (a nil error), or that
// reading failed. A peer that closes while the last frames are still on their
// way gets them.
func (s *shard) inputEnd(c *Conn, err error) {
	if err == nil {
		if err = io.EOF; c.state == stateClosing && !c.eof {
			c.eof = true
			c.drv.interest(c)
			return
		}
	}
	s.kill(c, err, ClosePeer)
}

// flushed is called when a closing connection has nothing left to write.
func (s *shard) flushed(c *Conn) {
	if err := c.drv.shutdown(c); err != nil || c.eof {
		s.kill(c, c.err, c.by)
		return
	}
	c.state = stateLingering
	c.sysAt = s.now + s.r.cfg.Linger
	s.setTimer(c)
}

// kill ends c now. A reason given before stands.
func (s *shard) kill(c *Conn, err error, by CloseReason) {
	if c.state == stateClosed {
		return
	}
	if c.state != stateOpen {
		err, by = c.err, c.by
	}
	s.leaveGroups(c)
	s.timers.remove(c)
	c.state = stateClosed
	c.drv.close(c)
	s.slots[c.slot] = nil
	s.gens[c.slot]++
	s.free = append(s.free, c.slot)
	s.n.drops[DropClosed] += uint64(c.q.frames)
	c.q = queue{}
	c.initial, c.drainWith = nil, nil
	s.n.closes[reasonOf(err, by)]++
	_ = s.call(func() error { c.h.Closed(c, err); return nil })
	s.gone()
}

func (s *shard) leaveGroups(c *Conn) {
	for len(c.groups) > 0 {
		c.groups[len(c.groups)-1].g.leave(c)
	}
	c.groups = nil
}

// gone counts a connection out.
func (s *shard) gone() {
	s.conns.Add(-1)
	if s.r.conns.Add(-1) == 0 {
		s.r.signalIdle()
	}
}

// signalIdle makes Drain look again.
func (r *Reactor) signalIdle() {
	select {
	case r.idle <- struct{}{}:
	default:
	}
}

// setTimer puts c into the wheel at the earliest of its deadlines.
func (s *shard) setTimer(c *Conn) {
	at := c.userAt
	for _, t := range [...]time.Duration{c.sysAt, c.drainAt} {
		if t != 0 && (at == 0 || t < at) {
			at = t
		}
	}
	s.timers.set(c, at)
}

// expire acts on the deadlines of c that have passed.
func (s *shard) expire(c *Conn) {
	past := func(t time.Duration) bool { return t != 0 && t <= s.now }
	if past(c.sysAt) {
		s.expireSystem(c)
	}
	if past(c.drainAt) && c.state == stateOpen {
		c.drainAt = 0
		s.leave(c, c.drainWith)
	}
	if past(c.userAt) && c.state == stateOpen {
		c.userAt = 0
		now := s.r.epoch.Add(s.now)
		if err := s.call(func() error { c.h.Tick(c, now); return nil }); err != nil {
			s.fail(c, err, CloseHandler)
		}
	}
	if c.state != stateClosed {
		s.setTimer(c)
	}
}

// expireSystem acts on the stall, closing or linger deadline.
func (s *shard) expireSystem(c *Conn) {
	c.sysAt = 0
	if c.state != stateOpen { // closing or lingering took too long
		s.kill(c, c.err, c.by)
		return
	}
	if acked := c.drv.acked(c); acked != c.acked {
		c.acked = acked
		c.sysAt = s.now + s.r.cfg.StallTimeout
		return
	}
	s.kill(c, ErrStalled, CloseStalled)
}
