package coord

import (
	"context"
	"strconv"
	"time"
)

// RedisLeases holds leases in Redis. See coordtest.Leases for the contract, above all for what a fence is worth.
type RedisLeases struct{ l *link }

// Acquire takes the lease called name for holder, if nobody else has it.
func (r *RedisLeases) Acquire(ctx context.Context, name, holder string, ttl time.Duration) (fence int64, ok bool, err error) {
	const op = "leases.Acquire"
	if err := checkLease(ctx, op, name, holder, ttl); err != nil {
		return 0, false, err
	}
	err = r.l.do(ctx, op, func(ctx context.Context) error {
		keys := []string{r.l.key("l:", name), r.l.key("fence", "")}
		reply, err := r.l.scripts.leaseAcquire.Run(ctx, r.l.client, keys, holder, ceilMillis(ttl)).Slice()
		if err != nil {
			return err
		}
		if len(reply) != 2 {
			return errReply
		}
		got, isInt := reply[0].(int64)
		text, isText := reply[1].(string)
		if !isInt || !isText {
			return errReply
		}
		fence, err = strconv.ParseInt(text, 10, 64)
		ok = err == nil && got == 1
		return err
	})
	if err != nil || !ok {
		return 0, false, err
	}
	return fence, true, nil
}

// Renew extends the lease if holder still has it, and reports whether.
func (r *RedisLeases) Renew(ctx context.Context, name, holder string, ttl time.Duration) (bool, error) {
	const op = "leases.Renew"
	if err := checkLease(ctx, op, name, holder, ttl); err != nil {
		return false, err
	}
	return r.renew(ctx, op, name, holder, ceilMillis(ttl))
}

// Release gives the lease back if holder has it; otherwise it does nothing.
func (r *RedisLeases) Release(ctx context.Context, name, holder string) error {
	const op = "leases.Release"
	if err := checkLease(ctx, op, name, holder, minTTL); err != nil {
		return err
	}
	_, err := r.renew(ctx, op, name, holder, 0)
	return err
}

func (r *RedisLeases) renew(ctx context.Context, op, name, holder string, millis int64) (held bool, err error) {
	err = r.l.do(ctx, op, func(ctx context.Context) error {
		n, err := r.l.scripts.leaseRenew.Run(ctx, r.l.client, []string{r.l.key("l:", name)}, holder, millis).Int()
		held = err == nil && n == 1
		return err
	})
	return held, err
}
