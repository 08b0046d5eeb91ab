package reactor

import (
	"sync"
	"time"
)

type opKind uint8

const (
	opAdopt   opKind = iota
	opSend           // conn, frame
	opGroup          // group, frame
	opWake           // group
	opJoin           // conn, group
	opLeave          // conn, group
	opMask           // conn, n
	opTimer          // conn, n
	opPause          // conn
	opResume         // conn
	opEnd            // conn, frame (may be nil), err, n: 1 to wait for the queue
	opData           // conn: the stream's reader has bytes, or err
	opNext           // conn: the stream's bytes are used up
	opWritten        // conn, n, err: the stream's writer is done
	opDrain          // frame, n: spread
	opStop
)

// op is one thing to be done on a shard.
type op struct {
	kind  opKind
	conn  *Conn
	frame *Frame
	group *Group
	err   error
	n     int64
}

// inbox is the way into a shard: many producers, one consumer, first in first
// out. A mutex around two slices that change places beats a lock-free list
// here: posting allocates nothing in the steady state, order is evident, and
// the critical section is an append.
type inbox struct {
	mu     sync.Mutex
	ops    []op
	asleep bool // the shard sleeps, or is about to
	closed bool
	wake   func() // wakes the shard; set by open
}

// post queues o. It reports false when the shard has stopped.
//
// The wake-up is sent under the lock, so that the shard cannot close its
// poller between the decision to wake it and the act.
func (b *inbox) post(o op) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.ops = append(b.ops, o)
	if b.asleep {
		b.asleep = false
		b.wake()
	}
	return true
}

// backlog returns the number of ops waiting.
func (b *inbox) backlog() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.ops)
}

// open tells the inbox how to wake the shard.
func (b *inbox) open(wake func()) {
	b.mu.Lock()
	b.wake = wake
	b.mu.Unlock()
}

// take returns the waiting ops and leaves spare (emptied) in their place.
func (b *inbox) take(spare []op) []op {
	b.mu.Lock()
	ops := b.ops
	b.ops = spare[:0]
	b.mu.Unlock()
	return ops
}

// sleep announces that the shard is about to sleep; false means there is work.
func (b *inbox) sleep() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asleep = len(b.ops) == 0
	return b.asleep
}

func (b *inbox) awake() {
	b.mu.Lock()
	b.asleep = false
	b.mu.Unlock()
}

// close refuses further posts and returns what was left.
func (b *inbox) close() []op {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	return b.ops
}

// poller waits for something to happen to a shard.
type poller interface {
	// wait sleeps until a connection is ready, wake is called or d is over
	// (negative: no limit) and hands ready connections to the shard.
	wait(d time.Duration) error
	wake()
	close()
}
