package coord

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// poolSize is how many connections one node holds at most for operations; the bus has one more for reading.
const poolSize = 32

// Redis is the whole cellar over a Redis server (version 6.2 or later). While Redis is away, Keys, Presence and Leases
// return ErrUnavailable, the Limiter decides locally and more strictly, the Clock runs freely, Publish fails, and once Redis is back
// every joined topic is given to resync.
type Redis struct {
	Bus      *RedisBus
	Presence *RedisPresence
	Keys     *RedisKeys
	Limiter  *RedisLimiter
	Leases   *RedisLeases
	Clock    *RedisClock

	link *link
}

// NewRedis validates cfg and opens nothing: connections are made when they are first needed.
func NewRedis(cfg RedisConfig) (*Redis, error) {
	const op = "NewRedis"
	cfg, err := cfg.withDefaults(op)
	if err != nil {
		return nil, err
	}
	opt, err := parseURL(cfg.URL)
	if err != nil {
		return nil, err
	}
	scripts, err := loadScripts()
	if err != nil {
		return nil, err
	}
	fallback, err := LocalConfig{Mono: cfg.Mono, Wall: cfg.Wall, MaxEntries: 100_000}.withDefaults(op)
	if err != nil {
		return nil, err
	}
	// The client's own logger is one for the whole process and writes to standard error. All it says is also in the errors it
	// returns, so it is silenced rather than let past the program's log.
	redis.SetLogger(silence{})
	options(opt, cfg)
	l := &link{client: redis.NewClient(opt), scripts: scripts, cfg: cfg}
	return &Redis{
		Bus:      newRedisBus(l, opt),
		Presence: &RedisPresence{l},
		Keys:     &RedisKeys{l},
		Limiter:  newRedisLimiter(l, fallback),
		Leases:   &RedisLeases{l},
		Clock:    newRedisClock(cfg, l.time),
		link:     l,
	}, nil
}

// options sets what the URL does not say. Nothing is ever repeated by the client: a repeated Take would report a ticket that was
// taken as absent, a repeated Publish would arrive twice.
func options(opt *redis.Options, cfg RedisConfig) {
	opt.Protocol = 2
	opt.ClientName = "synctv-" + strings.Map(plain, cfg.NodeID)
	opt.MaxRetries = -1
	opt.DialerRetries = 1
	opt.DialTimeout, opt.ReadTimeout, opt.WriteTimeout, opt.PoolTimeout = cfg.Timeout, cfg.Timeout, cfg.Timeout, cfg.Timeout
	opt.ContextTimeoutEnabled = true
	opt.PoolSize, opt.MaxActiveConns, opt.PipelinePoolSize = poolSize, poolSize, 1
	opt.DisableIdentity = true
	opt.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

// plain replaces what Redis does not allow in a client's name.
func plain(r rune) rune {
	if r <= ' ' || r > '~' {
		return '-'
	}
	return r
}

type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}

// Run keeps the clock and sweeps the fallback limiter until ctx ends, then closes all connections and returns nil: let
// Bus.Run end first.
func (r *Redis) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { r.Clock.run(ctx) })
	wg.Go(func() {
		for pause(ctx, sweepEach) {
			r.Limiter.fallback.t.sweep()
		}
	})
	wg.Wait()
	return r.link.client.Close()
}

// Ready waits until the clock is anchored, which also proves that Redis answers. If ctx ends first the error says why.
func (r *Redis) Ready(ctx context.Context) error {
	select {
	case <-r.Clock.ready:
		return nil
	case <-ctx.Done():
	}
	probe, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.link.cfg.Timeout)
	defer cancel()
	if err := r.Ping(probe); err != nil {
		return err
	}
	return away(ctx, "Ready", ctx.Err())
}

// Ping asks Redis for a sign of life.
func (r *Redis) Ping(ctx context.Context) error {
	return r.link.do(ctx, "Ping", func(ctx context.Context) error { return r.link.client.Ping(ctx).Err() })
}

// Stats returns the counters.
func (r *Redis) Stats() Stats {
	var s Stats
	r.Bus.stats(&s)
	s.LimiterFallbacks = r.Limiter.fallbacks.Load()
	s.Entries, s.Bytes = r.Limiter.fallback.t.held()
	s.ClockErrorMicros, s.ClockRTTMicros = r.Clock.errMicros.Load(), r.Clock.rttMicros.Load()
	s.ClockSteps, s.ClockRaises = r.Clock.steps.Load(), r.Clock.raises.Load()
	return s
}

// time reads the shared clock, raising it to floor first.
func (l *link) time(ctx context.Context, floor int64) (now int64, err error) {
	limited, cancel := context.WithTimeout(ctx, min(l.cfg.Timeout, time.Second))
	defer cancel()
	text, err := l.scripts.clock.Run(limited, l.client, []string{l.key("clock", "")}, floor).Text()
	if err != nil {
		return 0, err
	}
	return parseTime(text)
}
