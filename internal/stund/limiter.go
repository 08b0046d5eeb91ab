package stund

import (
	"hash/maphash"
	"net/netip"
	"time"
)

const (
	// perSource is how long a source earns one answer, and burst how many it may have saved: behind one address there
	// may be a school.
	perSource = 50 * time.Millisecond
	burst     = 200
	// slots bound the memory: sources that fall on the same one share what it gives.
	slots = 1 << 14
)

// limiter gives every source so many answers in a time. A slot holds when the answers that were given are earned; the
// hash is keyed, so that nobody can look for somebody to share with. It is not safe for concurrent use.
type limiter struct {
	seed   maphash.Seed
	earned [slots]time.Duration
}

func newLimiter() *limiter { return &limiter{seed: maphash.MakeSeed()} }

// allow takes one answer for a source at a time, which is counted from any beginning, and tells whether there was one.
func (l *limiter) allow(source netip.Addr, now time.Duration) bool {
	earned := &l.earned[maphash.Comparable(l.seed, sourceOf(source))%slots]
	next := max(*earned, now) + perSource
	if next-now > burst*perSource {
		return false
	}
	*earned = next
	return true
}

// sourceOf is whom an address counts as: a network of 64 bits is one household in IPv6.
func sourceOf(a netip.Addr) netip.Addr {
	if a = a.Unmap().WithZone(""); a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return a
}
