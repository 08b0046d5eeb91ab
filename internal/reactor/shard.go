package reactor

import (
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// Budgets of one turn of a shard's loop. They bound how long a broadcast can
// keep a ping waiting: about 64 writes of 6.5 us.
const (
	bulkFlushes  = 64   // connections flushed for broadcasts
	visitBudget  = 8192 // queue visits for posted ops
	batchFrames  = 64   // frames in one writev
	batchBytes   = 256 << 10
	writesPerRun = 4       // writes for one connection in a row
	backlogLimit = 1 << 16 // waiting ops beyond which Droppable is not posted
	spareQueues  = 256     // emptied queues kept for the next broadcast
	yieldAfter   = 5 * time.Millisecond
)

// shard owns connections. Everything below is touched by its goroutine alone,
// except the inbox and the atomics.
type shard struct {
	// Immutable after open.
	r     *Reactor
	index int
	poll  poller

	in    inbox
	conns atomic.Int64
	pub   published

	// Owned by the loop.
	now      time.Duration // since the epoch, read once or twice per turn
	ranFrom  time.Duration // when it began to run without a pause; 0: it has not
	slots    []*Conn
	gens     []int32
	free     []int32
	ops      []op // taken from the inbox; ops[next:] are to be done
	next     int
	urgent   []*Conn // to be flushed this turn
	bulk     []*Conn // to be flushed bulkFlushes per turn
	bulkAt   int
	due      []*Conn
	timers   wheel
	buf      []byte
	batch    [][]byte
	spare    [][]*Frame
	n        counters
	stop     bool
	final    *Frame // of the drain
	draining bool
	streams  sync.WaitGroup // goroutines of the goroutine driver
}

func newShard(r *Reactor, index int) *shard {
	return &shard{r: r, index: index, timers: wheel{step: r.cfg.TimerStep}}
}

func (s *shard) post(o op) bool { return s.in.post(o) }

// open makes the shard's poller.
func (s *shard) open() (err error) {
	if s.r.cfg.Driver == DriverGoroutine {
		s.poll = newChanPoller()
	} else if s.poll, err = newPoller(s); err != nil {
		return err
	}
	s.in.open(s.poll.wake)
	return nil
}

// abandon gives up a shard that was opened and never ran.
func (s *shard) abandon() {
	s.in.close()
	s.poll.close()
}

// run is the shard's loop.
func (s *shard) run() error {
	s.buf = make([]byte, s.r.cfg.ReadBuffer)
	var err error
	for !s.stop && err == nil {
		s.clock()
		s.runOps()
		s.flushLists()
		s.n.turns++
		s.pub.store(&s.n)
		wait := time.Duration(0)
		if s.busy() {
			s.yield()
		} else if s.in.sleep() {
			wait = s.idleFor()
			s.ranFrom = 0
		}
		err = s.poll.wait(wait)
		s.in.awake()
		s.clock()
		s.fire()
	}
	s.finish()
	return err
}

// yield lets other goroutines have the core if the shard has had it for long.
// The raw system calls hide from the scheduler how long that is; without this
// the others could wait for the preemption that comes every 10 ms. Yielding
// every turn made the fan-out a third slower on a loaded machine: the shard
// wanders between cores.
func (s *shard) yield() {
	switch {
	case s.ranFrom == 0:
		s.ranFrom = s.now
	case s.now-s.ranFrom > yieldAfter:
		s.ranFrom = 0
		runtime.Gosched()
	}
}

func (s *shard) clock() { s.now = time.Since(s.r.epoch) }

func (s *shard) busy() bool {
	return s.stop || s.next < len(s.ops) || len(s.urgent) > 0 || s.bulkAt < len(s.bulk)
}

func (s *shard) idleFor() time.Duration {
	if d, ok := s.timers.wait(s.now); ok {
		return d
	}
	return -1
}

// urge puts c into the list that is flushed in this turn.
func (s *shard) urge(c *Conn) {
	if !c.inUrgent {
		c.inUrgent = true
		s.urgent = append(s.urgent, c)
	}
}

// line puts c into the list that is flushed by and by.
func (s *shard) line(c *Conn) {
	if !c.inBulk {
		c.inBulk = true
		s.bulk = append(s.bulk, c)
	}
}

// flushLists writes to the connections with something to send: all of those
// that were spoken to, and a share of those that belong to broadcasts.
func (s *shard) flushLists() {
	for i := 0; i < len(s.urgent); i++ { // flush may append
		c := s.urgent[i]
		c.inUrgent = false
		s.flush(c)
	}
	clear(s.urgent)
	s.urgent = s.urgent[:0]
	for n := 0; n < bulkFlushes && s.bulkAt < len(s.bulk); n++ {
		c := s.bulk[s.bulkAt]
		s.bulk[s.bulkAt] = nil
		s.bulkAt++
		c.inBulk = false
		s.flush(c)
	}
	if s.bulkAt == len(s.bulk) {
		s.bulk, s.bulkAt = s.bulk[:0], 0
	} else if s.bulkAt > len(s.bulk)/2 {
		k := copy(s.bulk, s.bulk[s.bulkAt:])
		clear(s.bulk[k:])
		s.bulk, s.bulkAt = s.bulk[:k], 0
	}
}

// adopt starts to serve c.
func (s *shard) adopt(c *Conn) {
	s.n.accepted++
	if k := len(s.free) - 1; k >= 0 {
		c.slot = s.free[k]
		s.free = s.free[:k]
	} else {
		c.slot = int32(len(s.slots))
		s.slots = append(s.slots, nil)
		s.gens = append(s.gens, 0)
	}
	c.gen = s.gens[c.slot]
	s.slots[c.slot] = c
	if err := c.drv.start(c); err != nil {
		s.kill(c, err, CloseLocal)
		return
	}
	if err := s.call(func() error { return c.h.Open(c) }); err != nil {
		s.fail(c, err, CloseHandler)
		return
	}
	if p := c.initial; len(p) > 0 {
		c.initial = nil
		s.input(c, p)
	}
	if s.draining { // it was on its way when the drain began
		s.leave(c, s.final)
	}
}

// at returns the connection an event was meant for, or nil if it has ended.
func (s *shard) at(slot, gen int32) *Conn {
	if c := s.slots[slot]; c != nil && c.gen == gen {
		return c
	}
	return nil
}

// input hands bytes to the handler.
func (s *shard) input(c *Conn, p []byte) {
	s.n.reads++
	s.n.bytesIn += uint64(len(p))
	if c.state != stateOpen {
		return
	}
	if err := s.data(c, p); err != nil {
		s.fail(c, err, CloseHandler)
	}
}

// data is call for the hot path, without a closure.
func (s *shard) data(c *Conn, p []byte) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return c.h.Data(c, p)
}

// call runs handler code and turns a panic into an error.
func (s *shard) call(fn func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return fn()
}

// fire calls what the timer wheel says is due.
func (s *shard) fire() {
	s.due = s.timers.advance(s.now, s.due[:0])
	for _, c := range s.due {
		s.expire(c)
	}
	clear(s.due)
}

// drain gives every connection a random moment within spread to go.
func (s *shard) drain(final *Frame, spread time.Duration) {
	s.draining, s.final = true, final
	for _, c := range s.slots {
		if c == nil || c.state != stateOpen {
			continue
		}
		if spread <= 0 {
			s.leave(c, final)
			continue
		}
		c.drainWith = final
		c.drainAt = s.now + time.Duration(rand.Int64N(int64(spread))) + 1
		s.setTimer(c)
	}
	s.r.signalIdle()
}

// finish ends every connection and releases what the shard holds.
func (s *shard) finish() {
	s.endAll()
	s.streams.Wait()
	for _, o := range append(s.ops[s.next:], s.in.close()...) {
		if o.kind == opAdopt { // never served, but its handler was promised an end
			s.adopt(o.conn)
		}
	}
	s.endAll()
	s.streams.Wait()
	s.pub.store(&s.n)
	s.poll.close()
}

func (s *shard) endAll() {
	for _, c := range s.slots {
		if c != nil {
			s.kill(c, ErrShutdown, CloseShutdown)
		}
	}
}
