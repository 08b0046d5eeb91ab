package coord

import (
	"context"
	"time"
)

// sweepEach is how often ended entries are removed from memory.
const sweepEach = 10 * time.Second

// Local is the whole cellar in the memory of one process. Its parts may be used at once; delivery and sweeping need Run and
// Bus.Run.
type Local struct {
	Bus      *LocalBus
	Presence *LocalPresence
	Keys     *LocalKeys
	Limiter  *LocalLimiter
	Leases   *LocalLeases
	Clock    *LocalClock
}

// NewLocal validates cfg and opens nothing.
func NewLocal(cfg LocalConfig) (*Local, error) {
	cfg, err := cfg.withDefaults("NewLocal")
	if err != nil {
		return nil, err
	}
	now := func() int64 { return cfg.Mono().Microseconds() }
	clock := newLocalClock(cfg)
	return &Local{
		Bus:      newLocalBus(cfg),
		Presence: newLocalPresence(cfg, now),
		Keys:     newLocalKeys(cfg, now),
		Limiter:  newLocalLimiter(cfg, now),
		Leases:   newLocalLeases(cfg, now, clock),
		Clock:    clock,
	}, nil
}

// Run removes ended entries until ctx ends and returns nil.
func (l *Local) Run(ctx context.Context) error {
	for pause(ctx, sweepEach) {
		l.Presence.t.sweep()
		l.Keys.t.sweep()
		l.Limiter.t.sweep()
		l.Leases.t.sweep()
	}
	return nil
}

// Ready returns at once: the clock of one process is anchored by New.
func (l *Local) Ready(context.Context) error { return nil }

// Ping has nobody to ask.
func (l *Local) Ping(context.Context) error { return nil }

// Stats returns the counters.
func (l *Local) Stats() Stats {
	s := Stats{Connected: true}
	l.Bus.d.stats(&s)
	for _, size := range []func() (int64, int64){l.Presence.t.held, l.Keys.t.held, l.Limiter.t.held, l.Leases.t.held} {
		entries, bytes := size()
		s.Entries += entries
		s.Bytes += bytes
	}
	return s
}
