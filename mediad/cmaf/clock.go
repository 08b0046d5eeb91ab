package cmaf

import (
	"time"

	"synctv/mediad/av"
)

// maxDrift is how far the time counted in frames may be from the sender's before
// it is corrected. Nobody hears or sees it.
const maxDrift = 40 * time.Millisecond

// clock turns a track's time into ticks.
type clock struct {
	scale   uint32
	frame   uint64 // ticks of each frame; 0: they vary, and the sender's time is taken
	next    uint64 // where the next frame belongs, if counting
	started bool
}

func newClock(t av.Track) clock {
	return clock{scale: Timescale(t), frame: uint64(t.FrameSize)}
}

// place returns when a frame that the sender dates to dts is decoded.
func (c *clock) place(dts time.Duration) uint64 {
	at := ticks(max(dts, 0), c.scale)
	if c.frame == 0 {
		return at
	}
	drift := ticks(maxDrift, c.scale)
	if c.started && at+drift >= c.next && at <= c.next+drift {
		at = c.next
	}
	c.started, c.next = true, at+c.frame
	return at
}

// ticks rounds d to ticks of 1/scale s. Seconds and rest are taken apart, because
// their product with the scale does not fit.
func ticks(d time.Duration, scale uint32) uint64 {
	s, rest := uint64(d/time.Second), uint64(d%time.Second)
	return s*uint64(scale) + (rest*uint64(scale)+uint64(time.Second)/2)/uint64(time.Second)
}

// span is the reverse of ticks.
func span(n uint64, scale uint32) time.Duration {
	s, rest := n/uint64(scale), n%uint64(scale)
	return time.Duration(s)*time.Second + time.Duration((rest*uint64(time.Second)+uint64(scale)/2)/uint64(scale))
}

// offset returns the composition time offset in ticks. It may be negative.
func offset(p av.Packet, scale uint32) int32 {
	cts := p.CTS()
	if cts < 0 {
		return -int32(ticks(-cts, scale))
	}
	return int32(ticks(cts, scale))
}
