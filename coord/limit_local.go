package coord

import (
	"context"
	"time"
)

// LocalLimiter limits rates in memory. See coordtest.Limiter for the contract.
type LocalLimiter struct{ t *table[int64] }

func newLocalLimiter(cfg LocalConfig, now func() int64) *LocalLimiter {
	return &LocalLimiter{newTable("limiter", cfg.MaxEntries, cfg.MaxBytes, now, func(key string, _ int64) int64 {
		return int64(len(key) + keyOverhead)
	})}
}

// Allow takes cost tokens from the bucket of key, which holds at most burst and gains one each per.
func (l *LocalLimiter) Allow(ctx context.Context, key string, burst int, per time.Duration, cost int) (bool, time.Duration, error) {
	r, err := checkAllow(ctx, "limiter.Allow", key, burst, per, cost)
	if err != nil {
		return false, 0, err
	}
	return l.allow(key, r)
}

func (l *LocalLimiter) allow(key string, r rate) (ok bool, retryAfter time.Duration, err error) {
	err = l.t.update(key, func(tat int64, live bool, now int64) (int64, int64, verdict) {
		var next, retry int64
		if !live {
			tat = now // not the zero value: a clock may stand before zero
		}
		next, ok, retry = r.gcra(tat, now)
		retryAfter = time.Duration(retry) * time.Microsecond
		if !ok || r.cost == 0 {
			return 0, 0, leave
		}
		return next, next, put
	})
	if err != nil {
		return false, 0, err
	}
	return ok, retryAfter, nil
}
