package coord

import (
	"bytes"
	"context"
	"time"
)

// LocalKeys holds expiring keys in memory. See coordtest.Keys for the contract.
type LocalKeys struct{ t *table[[]byte] }

// keyOverhead is about what one entry costs beside its key and value.
const keyOverhead = 96

func newLocalKeys(cfg LocalConfig, now func() int64) *LocalKeys {
	return &LocalKeys{newTable("keys", cfg.MaxEntries, cfg.MaxBytes, now, func(key string, v []byte) int64 {
		return int64(len(key) + len(v) + keyOverhead)
	})}
}

// Set stores value under key until ttl is over, replacing what was there.
func (k *LocalKeys) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := checkSet(ctx, "keys.Set", key, value, ttl); err != nil {
		return err
	}
	value = bytes.Clone(value)
	return k.t.update(key, func(_ []byte, _ bool, now int64) ([]byte, int64, verdict) {
		return value, now + ttl.Microseconds(), put
	})
}

// SetIfAbsent is Set where no live value is; it reports whether it stored.
func (k *LocalKeys) SetIfAbsent(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	if err := checkSet(ctx, "keys.SetIfAbsent", key, value, ttl); err != nil {
		return false, err
	}
	value = bytes.Clone(value)
	stored := false
	err := k.t.update(key, func(_ []byte, live bool, now int64) ([]byte, int64, verdict) {
		if live {
			return nil, 0, leave
		}
		stored = true
		return value, now + ttl.Microseconds(), put
	})
	return stored && err == nil, err
}

// Get returns a copy of the live value under key and whether there is one.
func (k *LocalKeys) Get(ctx context.Context, key string) ([]byte, bool, error) {
	return k.read(ctx, "keys.Get", key, leave)
}

// Take is Get that removes: of any number of concurrent takers one gets the value.
func (k *LocalKeys) Take(ctx context.Context, key string) ([]byte, bool, error) {
	return k.read(ctx, "keys.Take", key, drop)
}

func (k *LocalKeys) read(ctx context.Context, op, key string, then verdict) (value []byte, found bool, err error) {
	if err := checkKey(ctx, op, key); err != nil {
		return nil, false, err
	}
	err = k.t.update(key, func(v []byte, live bool, _ int64) ([]byte, int64, verdict) {
		value, found = bytes.Clone(v), live
		return nil, 0, then
	})
	return value, found, err
}

// Delete removes key; it is no error if there is none.
func (k *LocalKeys) Delete(ctx context.Context, key string) error {
	if err := checkKey(ctx, "keys.Delete", key); err != nil {
		return err
	}
	return k.t.update(key, func([]byte, bool, int64) ([]byte, int64, verdict) { return nil, 0, drop })
}

func checkKey(ctx context.Context, op, key string) error {
	if ctx.Err() != nil {
		return away(ctx, op, ctx.Err())
	}
	return checkName(op, "key", key)
}

func checkSet(ctx context.Context, op, key string, value []byte, ttl time.Duration) error {
	if err := checkKey(ctx, op, key); err != nil {
		return err
	}
	if err := checkTTL(op, ttl); err != nil {
		return err
	}
	return checkSize(op, value, MaxValue)
}
