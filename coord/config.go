package coord

import (
	"log/slog"
	"runtime"
	"time"
)

// LocalConfig configures [NewLocal]. The zero value is good.
type LocalConfig struct {
	MaxEntries int64 // of each of keys, presence, limiter and leases; default 1,000,000
	MaxBytes   int64 // likewise, approximately; default 256 MiB
	Workers    int   // goroutines that call receive; default GOMAXPROCS, at most 16

	Wall func() time.Time     // read once, to anchor the clock; default time.Now
	Mono func() time.Duration // a clock that never goes back; default time since New
}

func (c LocalConfig) withDefaults(op string) (LocalConfig, error) {
	if c.MaxEntries < 0 || c.MaxBytes < 0 {
		return c, invalid(op, "negative limit")
	}
	if c.MaxEntries == 0 {
		c.MaxEntries = 1_000_000
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = 256 << 20
	}
	var err error
	c.Workers, err = workers(op, c.Workers)
	c.Wall, c.Mono = clocks(c.Wall, c.Mono)
	return c, err
}

// RedisConfig configures [NewRedis].
type RedisConfig struct {
	URL    string // see ParseURL
	Prefix string // of every key and channel; default "synctv:"
	NodeID string // of this process, unique in the cluster; 1 to MaxNode bytes
	Key    []byte // secret of the cluster, at least 32 bytes: messages on the bus carry a MAC made with it

	Timeout time.Duration // of one operation, connecting included; default 2s
	Workers int           // goroutines that call receive; default GOMAXPROCS, at most 16
	Logger  *slog.Logger  // default: silent

	Wall func() time.Time     // only read until the clock is ready; default time.Now
	Mono func() time.Duration // a clock that never goes back; default time since New
}

// minKey is what HMAC-SHA256 can make use of.
const minKey = 32

func (c RedisConfig) withDefaults(op string) (RedisConfig, error) {
	if err := checkNode(op, c.NodeID); err != nil {
		return c, err
	}
	if len(c.Key) < minKey {
		return c, invalid(op, "the cluster key has %d bytes, want at least %d", len(c.Key), minKey)
	}
	if c.Prefix == "" {
		c.Prefix = "synctv:"
	}
	if len(c.Prefix) > MaxNode {
		return c, invalid(op, "the key prefix has %d bytes, at most %d", len(c.Prefix), MaxNode)
	}
	if c.Timeout == 0 {
		c.Timeout = 2 * time.Second
	}
	if c.Timeout < 10*time.Millisecond || c.Timeout > time.Minute {
		return c, invalid(op, "timeout %v, want 10ms to 1m", c.Timeout)
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	var err error
	c.Workers, err = workers(op, c.Workers)
	c.Wall, c.Mono = clocks(c.Wall, c.Mono)
	return c, err
}

func workers(op string, n int) (int, error) {
	if n < 0 || n > 1024 {
		return n, invalid(op, "%d workers, want 1 to 1024", n)
	}
	if n == 0 {
		n = min(runtime.GOMAXPROCS(0), 16)
	}
	return n, nil
}

func clocks(wall func() time.Time, mono func() time.Duration) (func() time.Time, func() time.Duration) {
	if wall == nil {
		wall = time.Now
	}
	if mono == nil {
		begin := time.Now()
		mono = func() time.Duration { return time.Since(begin) }
	}
	return wall, mono
}
