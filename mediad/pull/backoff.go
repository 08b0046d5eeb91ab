package pull

import "time"

// backoff is how long to wait before a source is tried again: twice as long each time, with a quarter of chance in either
// direction, so that those that failed together do not come back together.
type backoff struct{ failures int }

// Pauses, and how long a source has to be well for its failures to be forgotten.
const (
	firstPause = time.Second
	lastPause  = 30 * time.Second
	healthy    = 30 * time.Second
)

// next takes a failure of a source that had flowed for a while, and returns the pause. chance is from 0 up to 1.
func (b *backoff) next(flowed time.Duration, chance float64) time.Duration {
	if flowed >= healthy {
		b.failures = 0
	}
	pause := firstPause << min(b.failures, 5)
	b.failures++
	pause = time.Duration(float64(pause) * (0.75 + chance/2))
	return min(max(pause, firstPause), lastPause)
}
