package reactor

import "net"

// driver does the input and output of connections for a shard. Its methods are
// called on the shard.
type driver interface {
	// start begins to serve c.
	start(c *Conn) error
	// write hands bufs to the peer. Of the n bytes that were taken now the
	// shard is told at once; pending means that the rest must wait until the
	// shard hears from c again (shard.writable or shard.streamWritten).
	write(c *Conn, bufs [][]byte) (n int, pending bool, err error)
	// interest is called when c.paused or c.waiting has changed.
	interest(c *Conn)
	// shutdown ends the sending side after everything was written.
	shutdown(c *Conn) error
	// acked returns a number that grows when the peer takes bytes.
	acked(c *Conn) int64
	// close releases what c holds of the system.
	close(c *Conn)
}

// attach chooses c's driver for nc and binds the two. The returned function
// must be called once: with true when the reactor owns nc, with false when it
// is to stay the caller's.
func (s *shard) attach(c *Conn, nc net.Conn) (release func(own bool), err error) {
	if s.r.cfg.Driver == DriverAuto {
		if release, ok, err := attachSocket(s, c, nc); ok || err != nil {
			return release, err
		}
	}
	c.drv = &streamDriver{s: s}
	c.stream = newStream(nc)
	return func(bool) {}, nil
}

// flush writes as much of c's queue as the peer takes, within bounds.
func (s *shard) flush(c *Conn) {
	if c.state == stateOpen && c.err != nil { // overflow, noted by enqueue
		err := c.err
		c.err = nil
		s.fail(c, err, CloseOverflow)
	}
	if c.waiting || c.state >= stateLingering {
		return
	}
	for range writesPerRun {
		if c.q.empty() {
			s.drained(c)
			return
		}
		if !s.writeBatch(c) {
			return
		}
	}
	if c.q.empty() {
		s.drained(c)
	} else {
		s.line(c) // others first
	}
}

// drained is called when c's queue has run empty.
func (s *shard) drained(c *Conn) {
	if c.q.items != nil {
		s.takeQueue(c)
	}
	if c.state == stateClosing {
		s.flushed(c)
		return
	}
	if c.sysAt != 0 {
		c.sysAt = 0
		s.setTimer(c)
	}
}

// writeBatch does one write; it reports whether another may follow.
func (s *shard) writeBatch(c *Conn) bool {
	bufs := c.q.gather(s.batch[:0], c.variant, batchFrames, batchBytes)
	s.batch = bufs
	s.n.writes++
	if len(bufs) > 1 {
		s.n.writevs++
	}
	n, pending, err := c.drv.write(c, bufs)
	if c.stream != nil && pending {
		c.q.locked = int32(len(bufs)) // a writer is busy with them
	}
	clear(bufs)
	if err != nil {
		s.kill(c, err, ClosePeer)
		return false
	}
	s.wrote(c, n)
	if !pending {
		return true
	}
	c.waiting = true
	c.drv.interest(c)
	if c.state == stateOpen && (n > 0 || c.sysAt == 0) {
		c.acked = c.drv.acked(c)
		c.sysAt = s.now + s.r.cfg.StallTimeout
		s.setTimer(c)
	}
	return false
}

// wrote accounts for n bytes that the driver has handed on.
func (s *shard) wrote(c *Conn, n int) {
	if n == 0 {
		return
	}
	c.written += int64(n)
	s.n.bytesOut += uint64(n)
	s.n.framesSent += uint64(c.q.advance(n, c.variant))
}

// writable is called when a connection that was waiting may write again.
func (s *shard) writable(c *Conn) {
	if !c.waiting {
		return
	}
	c.waiting = false
	s.flush(c)
	if c.state != stateClosed && !c.waiting {
		c.drv.interest(c)
	}
}
