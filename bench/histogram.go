package main

import (
	"math"
	"math/bits"
	"time"
)

// histogram counts durations in buckets that are at most 1/64 of their value wide, so that a
// percentile is off by less than 2 %. The zero value is ready; it is not safe for concurrent use.
type histogram struct {
	counts [64 * 58]uint64
	n      uint64
	max    time.Duration
}

const (
	subBits = 6
	subs    = 1 << subBits
)

// bucketOf maps 0..63 to themselves and then each power of two to 64 buckets.
func bucketOf(v uint64) int {
	if v < subs {
		return int(v)
	}
	shift := bits.Len64(v) - subBits - 1
	return (shift+1)*subs + int(v>>shift) - subs
}

// lowOf is the smallest value of a bucket.
func lowOf(b int) uint64 {
	if b < subs {
		return uint64(b)
	}
	shift := b/subs - 1
	return uint64(b%subs+subs) << shift
}

// record counts one duration; a negative one counts as none at all.
func (h *histogram) record(d time.Duration) {
	d = max(d, 0)
	h.counts[min(bucketOf(uint64(d)), len(h.counts)-1)]++
	h.n++
	h.max = max(h.max, d)
}

func (h *histogram) merge(o *histogram) {
	for i, c := range o.counts {
		h.counts[i] += c
	}
	h.n += o.n
	h.max = max(h.max, o.max)
}

// quantile is the value that the q-th part of all does not exceed, 0 to 1; 0 when nothing was recorded.
func (h *histogram) quantile(q float64) time.Duration {
	if h.n == 0 {
		return 0
	}
	rank := uint64(math.Ceil(q * float64(h.n)))
	var seen uint64
	for b, c := range h.counts {
		if seen += c; c > 0 && seen >= rank {
			middle := (lowOf(b) + lowOf(b+1)) / 2
			return min(time.Duration(middle), h.max)
		}
	}
	return h.max
}
