package coord

import (
	"context"
	"sync/atomic"
	"time"
)

// LocalLeases holds leases in memory. See coordtest.Leases for the contract.
type LocalLeases struct {
	t     *table[lease]
	clock *LocalClock
	fence atomic.Int64 // the last one given
}

type lease struct {
	holder string
	fence  int64
}

func newLocalLeases(cfg LocalConfig, now func() int64, clock *LocalClock) *LocalLeases {
	size := func(name string, l lease) int64 { return int64(len(name) + len(l.holder) + keyOverhead) }
	return &LocalLeases{t: newTable("leases", cfg.MaxEntries, cfg.MaxBytes, now, size), clock: clock}
}

// Acquire takes the lease called name for holder, if nobody else has it.
func (l *LocalLeases) Acquire(ctx context.Context, name, holder string, ttl time.Duration) (fence int64, ok bool, err error) {
	if err := checkLease(ctx, "leases.Acquire", name, holder, ttl); err != nil {
		return 0, false, err
	}
	err = l.t.update(name, func(old lease, live bool, now int64) (lease, int64, verdict) {
		if live && old.holder != holder {
			return old, 0, leave
		}
		fence, ok = old.fence, true
		if !live {
			fence = l.nextFence()
		}
		return lease{holder, fence}, now + ttl.Microseconds(), put
	})
	if err != nil || !ok {
		return 0, false, err
	}
	return fence, true, nil
}

// nextFence grows with every call. It starts from the clock, so that it also grows over a restart of the process.
func (l *LocalLeases) nextFence() int64 {
	for {
		last := l.fence.Load()
		next := max(last+1, l.clock.Now())
		if l.fence.CompareAndSwap(last, next) {
			return next
		}
	}
}

// Renew extends the lease if holder still has it, and reports whether.
func (l *LocalLeases) Renew(ctx context.Context, name, holder string, ttl time.Duration) (held bool, err error) {
	if err := checkLease(ctx, "leases.Renew", name, holder, ttl); err != nil {
		return false, err
	}
	err = l.t.update(name, func(old lease, live bool, now int64) (lease, int64, verdict) {
		if held = live && old.holder == holder; !held {
			return old, 0, leave
		}
		return old, now + ttl.Microseconds(), put
	})
	return held && err == nil, err
}

// Release gives the lease back if holder has it; otherwise it does nothing.
func (l *LocalLeases) Release(ctx context.Context, name, holder string) error {
	if err := checkLease(ctx, "leases.Release", name, holder, minTTL); err != nil {
		return err
	}
	return l.t.update(name, func(old lease, live bool, _ int64) (lease, int64, verdict) {
		if live && old.holder != holder {
			return old, 0, leave
		}
		return old, 0, drop
	})
}

func checkLease(ctx context.Context, op, name, holder string, ttl time.Duration) error {
	if ctx.Err() != nil {
		return away(ctx, op, ctx.Err())
	}
	if err := checkName(op, "lease", name); err != nil {
		return err
	}
	if err := checkName(op, "holder", holder); err != nil {
		return err
	}
	return checkTTL(op, ttl)
}
