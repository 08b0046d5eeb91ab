package cmaf

import "time"

const (
	// slack is how far frames are from where they belong that come in step: senders
	// date them in whole milliseconds.
	slack = 2 * time.Millisecond
	// steadyFrames is after how many frames in step the next one is expected to be too.
	steadyFrames = 8
)

// pace tells whether frames come in step. Times are in ticks.
type pace struct {
	at       uint64 // of the last frame
	interval uint64 // between the last two
	steady   int    // frames in step, one behind the other
}

// step takes note of a frame; near is what counts as in step.
func (p *pace) step(at, near uint64) {
	interval := at - min(p.at, at)
	if interval > 0 && interval <= p.interval+near && p.interval <= interval+near {
		p.steady++
	} else {
		p.steady = 0
	}
	p.at, p.interval = at, interval
}
