package coord

import (
	"fmt"
	"time"
)

// Limits of the contracts, the same for both implementations. A larger argument is an error, never cut.
const (
	MaxPayload = 1 << 20                    // bytes of one bus message
	MaxValue   = 1 << 20                    // bytes of one value under a key, and of one node's presence entries in a room
	MaxName    = 512                        // bytes of a topic, key, room, lease or holder name; at least 1
	MaxNode    = 128                        // bytes of a node id; at least 1
	MaxTTL     = 366 * 24 * time.Hour       // at least one millisecond
	MaxBurst   = 1_000_000                  // tokens a rate limit may save up
	MaxPer     = 24 * time.Hour             // time for one token, at least one microsecond
	minTTL     = time.Millisecond           // what Redis can tell apart
	horizon    = 100 * 365 * 24 * time.Hour // burst * per may not reach further, so that no sum overflows
)

func checkName(op, what, name string) error {
	if len(name) == 0 || len(name) > MaxName {
		return invalid(op, "%s has %d bytes, want 1 to %d", what, len(name), MaxName)
	}
	return nil
}

func checkNode(op, node string) error {
	if len(node) == 0 || len(node) > MaxNode {
		return invalid(op, "node has %d bytes, want 1 to %d", len(node), MaxNode)
	}
	return nil
}

func checkTTL(op string, ttl time.Duration) error {
	if ttl < minTTL || ttl > MaxTTL {
		return invalid(op, "time to live %v, want %v to %v", ttl, minTTL, MaxTTL)
	}
	return nil
}

func checkSize(op string, value []byte, limit int) error {
	if len(value) > limit {
		return &Error{Kind: KindTooLarge, Op: op, Err: fmt.Errorf("%d bytes, at most %d", len(value), limit)}
	}
	return nil
}

// ceilMillis rounds up, so that nothing expires early and nothing becomes "no expiry" by rounding to zero.
func ceilMillis(d time.Duration) int64 { return int64((d + time.Millisecond - 1) / time.Millisecond) }
