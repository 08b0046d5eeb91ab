package coord

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"time"
)

// How the limiter behaves without Redis.
const (
	limitTimeout  = 300 * time.Millisecond // a request waits for its limit no longer
	fallbackPause = time.Second            // after a failure Redis is not asked for about this long
	fallbackShare = 4                      // a node alone allows this fraction: the others allow theirs too
)

// RedisLimiter limits rates for all nodes together. See coordtest.Limiter for the contract. While Redis is away each node decides for
// itself, with a quarter of the burst and of the rate, so that up to four nodes allow no more than the cluster would.
type RedisLimiter struct {
	l        *link
	fallback *LocalLimiter

	awayUntil atomic.Int64 // monotonic nanoseconds; before, Redis is not asked
	fallbacks atomic.Int64
}

func newRedisLimiter(l *link, fallback LocalConfig) *RedisLimiter {
	now := func() int64 { return l.cfg.Mono().Microseconds() }
	return &RedisLimiter{l: l, fallback: newLocalLimiter(fallback, now)}
}

// Allow takes cost tokens from the bucket of key, which holds at most burst and gains one each per.
func (r *RedisLimiter) Allow(ctx context.Context, key string, burst int, per time.Duration, cost int) (bool, time.Duration, error) {
	const op = "limiter.Allow"
	want, err := checkAllow(ctx, op, key, burst, per, cost)
	if err != nil {
		return false, 0, err
	}
	if int64(r.l.cfg.Mono()) >= r.awayUntil.Load() {
		limited, cancel := context.WithTimeout(ctx, limitTimeout)
		ok, retry, _, err := r.ask(limited, op, key, want)
		cancel()
		if err == nil {
			return ok, retry, nil
		}
		if ctx.Err() != nil {
			return false, 0, away(ctx, op, err)
		}
		if errors.Is(err, ErrClosed) {
			return false, 0, err
		}
		r.awayUntil.Store(int64(r.l.cfg.Mono() + jitter(fallbackPause)))
	}
	r.fallbacks.Add(1)
	return r.fallback.allow(key, want.stricter())
}

// ask lets the script decide; now is the server's time it decided at.
func (r *RedisLimiter) ask(ctx context.Context, op, key string, want rate) (ok bool, retry time.Duration, now int64, err error) {
	err = r.l.do(ctx, op, func(ctx context.Context) error {
		reply, err := r.l.scripts.limit.Run(ctx, r.l.client, []string{r.l.key("r:", key)}, want.burst, want.per, want.cost).Slice()
		if err != nil {
			return err
		}
		if len(reply) != 3 {
			return errReply
		}
		verdict, isInt := reply[0].(int64)
		text, isText := reply[1].(string)
		at, isTime := reply[2].(string)
		if !isInt || !isText || !isTime {
			return errReply
		}
		micros, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return err
		}
		ok, retry = verdict == 1, time.Duration(micros)*time.Microsecond
		now, err = strconv.ParseInt(at, 10, 64)
		return err
	})
	return ok, retry, now, err
}

// stricter is the limit one node applies alone. A request that the whole limit could ever allow stays possible.
func (r rate) stricter() rate {
	return rate{
		burst: max(r.burst/fallbackShare, r.cost, 1),
		per:   r.per * fallbackShare,
		cost:  r.cost,
	}
}
