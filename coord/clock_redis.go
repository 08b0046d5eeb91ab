package coord

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// How the Redis clock is sampled.
const (
	anchorSamples = 8               // before the clock is ready
	roundSamples  = 4               // in each later round
	roundEach     = 5 * time.Second // at the slew rate, 2.5 ms can be corrected in between
	sampleGap     = 5 * time.Millisecond
	bestOf        = 12 // rounds in which the shortest round trip is remembered: one minute
)

// RedisClock is the clock of the Redis server, followed from afar. See coordtest.Clock for the contract.
type RedisClock struct {
	steady
	wall   func() time.Time
	sample func(ctx context.Context, floor int64) (int64, error) // shared time in microseconds, raised to floor first

	ready     chan struct{} // closed when anchored
	readyOnce sync.Once

	recent []time.Duration // owned by run: best round trips of the latest rounds

	errMicros, rttMicros atomic.Int64 // of the latest used reading
	steps, raises        atomic.Int64
}

func newRedisClock(cfg RedisConfig, sample func(context.Context, int64) (int64, error)) *RedisClock {
	return &RedisClock{steady: steady{mono: cfg.Mono}, wall: cfg.Wall, sample: sample, ready: make(chan struct{})}
}

// Now returns the shared time in microseconds since 1970. Until the clock is ready it returns the wall clock's time, which is
// provisional: from then on it never goes back and agrees with the other nodes.
func (c *RedisClock) Now() int64 {
	if c.law.Load() == nil {
		return c.wall().UnixMicro()
	}
	return c.now()
}

// run anchors the clock and follows Redis until ctx ends. Without Redis it runs freely.
func (c *RedisClock) run(ctx context.Context) {
	for delay := 50 * time.Millisecond; !c.anchor(ctx); delay = min(2*delay, 2*time.Second) {
		if !pause(ctx, jitter(delay)) {
			return
		}
	}
	for pause(ctx, roundEach) {
		c.follow(ctx)
	}
}

func (c *RedisClock) anchor(ctx context.Context) bool {
	r, ok := c.round(ctx, anchorSamples)
	if !ok {
		return false
	}
	c.law.Store(&law{from: r.at, base: r.cluster})
	c.remember(r)
	c.readyOnce.Do(func() { close(c.ready) })
	return true
}

// follow takes one round of samples and corrects the clock by it.
func (c *RedisClock) follow(ctx context.Context) {
	r, ok := c.round(ctx, roundSamples)
	if !ok {
		return
	}
	now := *c.law.Load()
	do, err := decide(now.at(r.at), r, c.best())
	c.remember(r)
	if do == keepOn {
		return
	}
	c.errMicros.Store(err.Microseconds())
	c.rttMicros.Store(r.rtt.Microseconds())
	switch do {
	case slewBy:
		mono := c.mono()
		c.law.Store(&law{from: mono, base: now.at(mono), slew: err / 2}) // half: the other half may be the vagueness of the reading
	case stepTo:
		c.steps.Add(1)
		c.law.Store(&law{from: r.at, base: r.cluster})
	case raiseAll:
		if _, e := c.sample(ctx, now.at(c.mono())); e == nil {
			c.raises.Add(1)
		}
	}
}

// round takes n samples and returns the one with the shortest round trip.
func (c *RedisClock) round(ctx context.Context, n int) (best reading, ok bool) {
	for i := range n {
		if i > 0 && !pause(ctx, sampleGap) {
			return reading{}, false
		}
		sent := c.mono()
		cluster, err := c.sample(ctx, 0)
		rtt := c.mono() - sent
		if err != nil {
			return best, ok // what we have by now; the next round will see
		}
		r := reading{at: sent + rtt/2, cluster: cluster, rtt: rtt}
		if ok {
			r = better(best, r)
		}
		best, ok = r, true
	}
	return best, ok
}

func (c *RedisClock) remember(r reading) {
	if len(c.recent) == bestOf {
		c.recent = append(c.recent[:0], c.recent[1:]...)
	}
	c.recent = append(c.recent, r.rtt)
}

func (c *RedisClock) best() (d time.Duration) {
	for _, rtt := range c.recent {
		if d == 0 || rtt < d {
			d = rtt
		}
	}
	return d
}

// parseTime reads what the clock script returns. Beyond 2^53 the script's arithmetic is no longer exact, so such a time can
// only be the work of somebody who wrote into our keys.
func parseTime(s string) (int64, error) {
	t, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, err
	}
	if t <= 0 || t >= 1<<53 {
		return 0, errors.New("shared clock shows an impossible time")
	}
	return t, nil
}
