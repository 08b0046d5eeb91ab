package reactor

import "time"

// This file carries out what was posted to a shard.

// runOps does what was posted, in order, up to the turn's budget.
func (s *shard) runOps() {
	for budget := visitBudget; budget > 0; {
		if s.next == len(s.ops) {
			clear(s.ops)
			s.ops, s.next = s.in.take(s.ops), 0
			if len(s.ops) == 0 {
				return
			}
		}
		o := &s.ops[s.next]
		s.next++
		budget -= s.do(o)
	}
}

// do runs one op and returns its cost in queue visits.
func (s *shard) do(o *op) int {
	c := o.conn
	switch o.kind {
	case opGroup:
		return s.broadcast(o.group, o.frame)
	case opWake:
		return o.group.wake(s)
	case opStop:
		s.stop = true
	case opDrain:
		s.drain(o.frame, time.Duration(o.n))
	case opAdopt:
		s.adopt(c)
	case opJoin:
		o.group.join(c)
	case opLeave:
		o.group.leave(c)
	case opData:
		s.streamData(c, o.err)
	case opNext:
		s.streamNext(c)
	case opWritten:
		s.streamWritten(c, int(o.n), o.err)
	case opEnd:
		s.end(c, o.frame, o.err, o.n != 0)
	case opSend:
		s.enqueue(c, o.frame)
		s.urge(c)
	default:
		s.adjust(c, o)
	}
	return 1
}

// adjust changes a setting of a connection.
func (s *shard) adjust(c *Conn, o *op) {
	if c.state == stateClosed {
		return
	}
	switch o.kind {
	case opMask:
		c.mask = Class(o.n)
	case opTimer:
		c.userAt = 0
		if o.n > 0 {
			c.userAt = s.now + time.Duration(o.n)
		}
		s.setTimer(c)
	case opPause, opResume:
		c.paused = o.kind == opPause
		c.drv.interest(c)
	}
}

func (s *shard) broadcast(g *Group, f *Frame) int {
	members := g.parts[s.index].members
	if f.kind == Droppable && s.in.backlog() > backlogLimit {
		s.n.drops[DropBacklog] += uint64(len(members))
		return 1
	}
	for _, c := range members {
		if !f.visible(c.mask) {
			continue
		}
		// An overflowing member leaves the group only when this loop is over.
		s.enqueue(c, f)
		s.line(c)
	}
	return 1 + len(members)
}

// wake lets c's handler look for what there is to send.
func (s *shard) wake(c *Conn) {
	w, ok := c.h.(Waker)
	if !ok || c.state != stateOpen {
		return
	}
	if err := s.call(func() error { w.Wake(c); return nil }); err != nil {
		s.fail(c, err, CloseHandler)
	}
}

// enqueue puts f into c's queue by the rules for slow peers. An overflow is
// only noted; the flush that follows every enqueue ends the connection.
func (s *shard) enqueue(c *Conn, f *Frame) {
	if c.state != stateOpen {
		s.n.drops[DropClosed]++
		return
	}
	n := len(f.bytes(c.variant))
	if n == 0 || c.err != nil {
		return
	}
	if c.q.items == nil {
		s.lendQueue(c)
	}
	v, purged := c.q.push(f, n, c.variant, c.lim)
	s.n.drops[DropPurged] += uint64(purged)
	switch v {
	case overflow:
		c.err = ErrOverflow
		return
	case pressured:
		s.n.drops[DropPressure]++
		return
	case replaced:
		s.n.drops[DropCoalesced]++
	}
	s.n.framesQueued++
}

// lendQueue gives c the memory of a queue that was emptied before.
func (s *shard) lendQueue(c *Conn) {
	if k := len(s.spare) - 1; k >= 0 {
		c.q.items = s.spare[k]
		s.spare = s.spare[:k]
		return
	}
	c.q.items = make([]*Frame, 0, 4)
}

// takeQueue takes the memory of an empty queue back.
func (s *shard) takeQueue(c *Conn) {
	if cap(c.q.items) <= batchFrames && len(s.spare) < spareQueues {
		s.spare = append(s.spare, c.q.items[:0])
	}
	c.q = queue{}
}
