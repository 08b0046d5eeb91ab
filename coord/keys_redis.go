package coord

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

// RedisKeys holds expiring keys in Redis. See coordtest.Keys for the contract.
type RedisKeys struct{ l *link }

// Set stores value under key until ttl is over, replacing what was there.
func (k *RedisKeys) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	const op = "keys.Set"
	if err := checkSet(ctx, op, key, value, ttl); err != nil {
		return err
	}
	return k.l.do(ctx, op, func(ctx context.Context) error {
		return k.l.client.Do(ctx, "SET", k.l.key("k:", key), value, "PX", ceilMillis(ttl)).Err()
	})
}

// SetIfAbsent is Set where no live value is; it reports whether it stored.
func (k *RedisKeys) SetIfAbsent(ctx context.Context, key string, value []byte, ttl time.Duration) (stored bool, err error) {
	const op = "keys.SetIfAbsent"
	if err := checkSet(ctx, op, key, value, ttl); err != nil {
		return false, err
	}
	err = k.l.do(ctx, op, func(ctx context.Context) error {
		err := k.l.client.Do(ctx, "SET", k.l.key("k:", key), value, "NX", "PX", ceilMillis(ttl)).Err()
		stored = err == nil
		return err
	})
	return stored, err
}

// Get returns the live value under key and whether there is one.
func (k *RedisKeys) Get(ctx context.Context, key string) ([]byte, bool, error) {
	return k.read(ctx, "keys.Get", key, k.l.client.Get)
}

// Take is Get that removes: of any number of concurrent takers one gets the value. If the error is ErrUnavailable the value may
// be gone all the same.
func (k *RedisKeys) Take(ctx context.Context, key string) ([]byte, bool, error) {
	return k.read(ctx, "keys.Take", key, k.l.client.GetDel)
}

func (k *RedisKeys) read(ctx context.Context, op, key string, command func(context.Context, string) *redis.StringCmd) (value []byte, found bool, err error) {
	if err := checkKey(ctx, op, key); err != nil {
		return nil, false, err
	}
	err = k.l.do(ctx, op, func(ctx context.Context) error {
		var err error
		value, err = command(ctx, k.l.key("k:", key)).Bytes()
		found = err == nil
		return err
	})
	if err != nil || !found {
		return nil, false, err
	}
	return value, true, nil
}

// Delete removes key; it is no error if there is none.
func (k *RedisKeys) Delete(ctx context.Context, key string) error {
	const op = "keys.Delete"
	if err := checkKey(ctx, op, key); err != nil {
		return err
	}
	return k.l.do(ctx, op, func(ctx context.Context) error { return k.l.client.Unlink(ctx, k.l.key("k:", key)).Err() })
}
