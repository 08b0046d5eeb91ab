package mediad

import (
	"sync/atomic"
	"time"
)

// partBounds are the buckets of how long parts take: one whose end was foreseen takes no time, others wait for the next
// frame.
var partBounds = []time.Duration{time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond, 30 * time.Millisecond, 40 * time.Millisecond, 50 * time.Millisecond,
	75 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second}

// histogram counts durations. It is safe for concurrent use.
type histogram struct {
	bounds []time.Duration // immutable, rising
	counts []atomic.Int64  // one more than bounds: the last has what is longer than all
	sum    atomic.Int64    // nanoseconds
}

func newHistogram(bounds []time.Duration) histogram {
	return histogram{bounds: bounds, counts: make([]atomic.Int64, len(bounds)+1)}
}

func (h *histogram) add(d time.Duration) {
	i := 0
	for i < len(h.bounds) && d > h.bounds[i] {
		i++
	}
	h.counts[i].Add(1)
	h.sum.Add(int64(d))
}

// Histogram is how long something took, ever.
type Histogram struct {
	Upto  []time.Duration // upper bounds, rising
	Count []int64         // how often it took no longer than each
	Total int64           // how often it happened
	Sum   time.Duration
}

func (h *histogram) snapshot() Histogram {
	out := Histogram{Upto: h.bounds, Count: make([]int64, len(h.bounds)), Sum: time.Duration(h.sum.Load())}
	for i := range h.counts {
		out.Total += h.counts[i].Load()
		if i < len(out.Count) {
			out.Count[i] = out.Total
		}
	}
	return out
}
