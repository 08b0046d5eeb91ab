package reactor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Driver chooses how connections are served.
type Driver uint8

const (
	// DriverAuto uses epoll where it can and goroutines elsewhere.
	DriverAuto Driver = iota
	// DriverGoroutine uses goroutines for every connection.
	DriverGoroutine
)

// Config holds the settings of a reactor. The zero value is the recommended
// one; negative values are refused unless a comment says otherwise.
type Config struct {
	Shards int // 0: one per usable core
	Driver Driver
	// ReadBuffer is the size in bytes of each shard's read buffer, and so the
	// most that one connection may bring per turn. 0: 64 KiB.
	ReadBuffer int
	// Queue bounds outgoing queues. 0: 1 MiB, 1024 frames.
	Queue Limits
	// StallTimeout ends a connection that takes no byte for so long while
	// bytes wait for it. 0: 10 s.
	StallTimeout time.Duration
	// CloseTimeout bounds the writing of what CloseAfter found queued. 0: 5 s.
	CloseTimeout time.Duration
	// Linger bounds the wait for the peer's end of stream after the last byte
	// was written. 0: 2 s.
	Linger time.Duration
	// NotSentLowat is TCP_NOTSENT_LOWAT in bytes: the kernel takes no more
	// than this beyond what is in flight, so a slow peer's backlog stays in
	// the queue, where frames can be coalesced. 0: 128 KiB; negative: the
	// kernel's default.
	NotSentLowat int
	// Pack fills the shards one after the other with so many connections each before
	// it spreads them: what all of a few connections hear then wakes one thread and
	// not all. 0: they are spread from the first.
	Pack int
	// TimerStep is the resolution of timers. 0: 50 ms.
	TimerStep time.Duration
}

// withDefaults fills in the recommended values.
func (c Config) withDefaults() Config {
	def := func(p *int, v int) {
		if *p == 0 {
			*p = v
		}
	}
	defd := func(p *time.Duration, v time.Duration) {
		if *p == 0 {
			*p = v
		}
	}
	def(&c.Shards, runtime.GOMAXPROCS(0))
	def(&c.ReadBuffer, 64<<10)
	def(&c.Queue.Bytes, 1<<20)
	def(&c.Queue.Frames, 1024)
	def(&c.NotSentLowat, 128<<10)
	defd(&c.StallTimeout, 10*time.Second)
	defd(&c.CloseTimeout, 5*time.Second)
	defd(&c.Linger, 2*time.Second)
	defd(&c.TimerStep, 50*time.Millisecond)
	return c
}

func (c Config) validate() error {
	switch {
	case c.Shards < 0 || c.Shards > 1024:
		return fmt.Errorf("reactor: Shards %d is not within 0..1024", c.Shards)
	case c.Driver > DriverGoroutine:
		return fmt.Errorf("reactor: unknown Driver %d", c.Driver)
	case c.Pack < 0, c.ReadBuffer < 0, c.Queue.Bytes < 0, c.Queue.Frames < 0,
		c.StallTimeout < 0, c.CloseTimeout < 0, c.Linger < 0, c.TimerStep < 0:
		return errors.New("reactor: negative size or duration in Config")
	}
	return nil
}

// Reactor serves connections. It is safe for concurrent use.
type Reactor struct {
	// Immutable after New.
	cfg    Config
	shards []*shard
	epoch  time.Time

	conns    atomic.Int64
	draining atomic.Bool
	running  atomic.Bool
	idle     chan struct{} // gets a value when conns falls to zero
}

// New makes a reactor; it opens nothing until Run.
func New(cfg Config) (*Reactor, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	r := &Reactor{cfg: cfg.withDefaults(), epoch: time.Now(), idle: make(chan struct{}, 1)}
	for i := range r.cfg.Shards {
		r.shards = append(r.shards, newShard(r, i))
	}
	return r, nil
}

// Run serves connections until ctx ends, then closes those that are left (see
// Drain for a gentle end), waits for every goroutine it started and returns
// nil. It returns an error only if the system refuses a poller. It may be
// called once.
func (r *Reactor) Run(ctx context.Context) error {
	if r.running.Swap(true) {
		return errors.New("reactor: Run called twice")
	}
	var opened []*shard
	for _, s := range r.shards {
		if err := s.open(); err != nil {
			for _, o := range opened {
				o.abandon()
			}
			return fmt.Errorf("reactor: open poller: %w", err)
		}
		opened = append(opened, s)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		r.draining.Store(true)
		for _, s := range r.shards {
			s.post(op{kind: opStop})
		}
	})
	defer stop()
	errs := make([]error, len(r.shards))
	var wg sync.WaitGroup
	for i, s := range r.shards {
		wg.Go(func() {
			if errs[i] = s.run(); errs[i] != nil {
				cancel()
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// Underlier is implemented by a wrapper around a connection whose first bytes
// were looked at. Underlying returns the wrapped connection, and whether the
// wrapper no longer holds bytes of its own, in which case Adopt may go past it.
// A wrapper that changes the bytes (TLS) must not implement it.
type Underlier interface {
	Underlying() (nc net.Conn, drained bool)
}

// Adopt hands nc to the reactor, which owns it from here on: the caller must
// not use or close it again, unless Adopt returns an error (ErrClosed, or a bad
// option), when nc is still the caller's. Deadlines set on nc are void.
// The handler's Open is called on the shard, possibly before Adopt returns.
func (r *Reactor) Adopt(nc net.Conn, h Handler, o Options) (*Conn, error) {
	if int(o.Variant) >= Variants {
		return nil, fmt.Errorf("reactor: variant %d of %d", o.Variant, Variants)
	}
	if r.draining.Load() {
		return nil, ErrClosed
	}
	c := &Conn{h: h, fd: -1, variant: o.Variant, mask: o.Mask, lim: o.Queue, initial: o.Initial}
	if c.lim == nil {
		c.lim = &r.cfg.Queue
	}
	c.shard = r.place()
	inner := nc
	for {
		u, ok := inner.(Underlier)
		if !ok {
			break
		}
		next, drained := u.Underlying()
		if !drained {
			break
		}
		inner = next
	}
	release, err := c.shard.attach(c, inner)
	if err != nil {
		return nil, err
	}
	r.conns.Add(1)
	c.shard.conns.Add(1)
	if !c.shard.post(op{kind: opAdopt, conn: c}) {
		c.shard.gone()
		release(false)
		return nil, ErrClosed
	}
	release(true)
	return c, nil
}

// place returns the shard for a new connection: the first that is not packed, or
// that with the fewest connections.
func (r *Reactor) place() *shard {
	best := r.shards[0]
	if best.conns.Load() < int64(r.cfg.Pack) {
		return best
	}
	for _, s := range r.shards[1:] {
		n := s.conns.Load()
		if n < int64(r.cfg.Pack) {
			return s
		}
		if n < best.conns.Load() {
			best = s
		}
	}
	return best
}

// Drain refuses new connections, closes each open one with final (nil: with
// what its Farewell says) at a random moment within spread, so that the peers
// do not all return at once, and waits until the last is gone or ctx ends.
func (r *Reactor) Drain(ctx context.Context, final *Frame, spread time.Duration) error {
	r.draining.Store(true)
	for _, s := range r.shards {
		s.post(op{kind: opDrain, frame: final, n: int64(spread)})
	}
	for r.conns.Load() > 0 {
		select {
		case <-r.idle:
		case <-ctx.Done():
			return fmt.Errorf("reactor: drain left %d connections: %w", r.conns.Load(), ctx.Err())
		}
	}
	return nil
}
