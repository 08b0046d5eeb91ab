package coord

import (
	"context"
	"time"
)

// The rate limit is the generic cell rate algorithm (ITU-T I.371 annex A, the "virtual scheduling" form): instead of a count
// of tokens it keeps one number, the theoretical arrival time (tat) at which the bucket would be full again. All numbers are
// microseconds.

// rate is a limit in the form gcra computes with.
type rate struct {
	burst int64 // tokens saved up at most
	per   int64 // microseconds for one token
	cost  int64 // tokens asked for
}

// newRate checks the parameters of Allow. A rate finer than the microsecond is rounded to the slower side.
func newRate(op string, burst int, per time.Duration, cost int) (rate, error) {
	switch {
	case burst < 1 || burst > MaxBurst:
		return rate{}, invalid(op, "burst %d, want 1 to %d", burst, MaxBurst)
	case per < time.Microsecond || per > MaxPer:
		return rate{}, invalid(op, "one token each %v, want %v to %v", per, time.Microsecond, MaxPer)
	case time.Duration(burst) > horizon/per:
		return rate{}, invalid(op, "%d tokens of %v each take longer than a lifetime", burst, per)
	case cost < 0 || cost > burst:
		return rate{}, invalid(op, "cost %d can never be paid from a burst of %d", cost, burst)
	}
	return rate{burst: int64(burst), per: int64((per + time.Microsecond - 1) / time.Microsecond), cost: int64(cost)}, nil
}

// gcra decides one request at now. tat is the stored arrival time, or anything not after now if none is stored. If ok, next
// is to be stored until that very time; otherwise nothing is to be stored and retry says in how many microseconds the same
// request would pass. A cost of zero asks whether one token is there and takes none.
func (r rate) gcra(tat, now int64) (next int64, ok bool, retry int64) {
	// Never more than a whole empty bucket ahead: a limit made smaller, or a server clock set back, must not lock anybody out.
	tat = min(max(tat, now), now+r.burst*r.per)
	next = tat + r.cost*r.per
	at := tat + max(r.cost, 1)*r.per - r.burst*r.per // when the request conforms
	if at > now {
		return tat, false, at - now
	}
	return next, true, 0
}

func checkAllow(ctx context.Context, op, key string, burst int, per time.Duration, cost int) (rate, error) {
	if err := checkKey(ctx, op, key); err != nil {
		return rate{}, err
	}
	return newRate(op, burst, per, cost)
}
