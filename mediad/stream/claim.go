package stream

import "time"

// holder is the publisher a stream has, as a decision about another one sees it.
type holder struct {
	generation uint64        // the highest there ever was; 0: none
	active     bool          // somebody is publishing now
	silent     time.Duration // since its last packet
	polite     bool          // it gives way to whoever is not
}

// claim decides about a publisher that comes with a generation, 0 if it has none
// of its own. It returns the generation it gets.
func claim(c Config, h holder, generation uint64, polite bool) (uint64, error) {
	if generation != 0 && generation <= h.generation {
		return 0, ErrStale
	}
	if h.active && polite {
		return 0, ErrBusy
	}
	if h.active && h.polite {
		return max(generation, h.generation+1), nil
	}
	if h.active && c.Policy == Refuse {
		return 0, ErrBusy
	}
	if h.active && c.Policy == TakeOverIfIdle && h.silent < c.Idle {
		return 0, ErrBusy
	}
	return max(generation, h.generation+1), nil
}
