package stream

import "time"

// verdict is what becomes of a reader.
type verdict uint8

const (
	follow verdict = iota // it reads on
	jump                  // it is moved to the newest place to begin
	cut                   // it has to go
)

// lag is where a reader stands.
type lag struct {
	evicted bool          // what it would read next is no longer held
	behind  time.Duration // from there to the newest item
	newer   bool          // there is a place to begin that it has not reached
	jumps   int           // how often it was moved lately
	since   time.Duration // since it was moved last
}

// judge decides about a reader. It returns how many jumps count from now on.
func judge(c Config, l lag) (verdict, int) {
	if l.since > c.JumpMemory {
		l.jumps = 0
	}
	if !l.evicted && (l.behind <= c.MaxLag || !l.newer) {
		return follow, l.jumps
	}
	if l.jumps >= c.MaxJumps {
		return cut, l.jumps
	}
	return jump, l.jumps + 1
}
