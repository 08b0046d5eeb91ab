package cmaf

import (
	"math"
	"slices"
	"time"

	"synctv/mediad/av"
)

// usualRates are what cameras and encoders use. A clock of milliseconds does not
// say 29.97.
var usualRates = [...]float64{10, 12, 15, 20, 24000. / 1001, 24, 25, 30000. / 1001, 30, 48, 50, 60000. / 1001, 60, 90, 100, 120}

// frameRate returns the frames per second of DTS values in order, 0 if there are
// too few to tell. It takes the usual rate nearest to the mean, if it is within a
// hundredth.
func frameRate(dts []time.Duration) float64 {
	if len(dts) < 2 {
		return 0
	}
	d := dts[len(dts)-1] - dts[0]
	if d <= 0 {
		return 0
	}
	rate := float64(len(dts)-1) / d.Seconds()
	best := slices.MinFunc(usualRates[:], func(a, b float64) int {
		return int(1e6 * (math.Abs(a-rate) - math.Abs(b-rate)))
	})
	if math.Abs(best-rate) < rate/100 {
		return best
	}
	return rate
}

// Limits of the part target.
const (
	jitter  = 2 * time.Millisecond // what a clock of milliseconds adds to a part
	maxPart = time.Second
)

// partTarget returns the longest that a part may be, to be announced as PART-TARGET
// and kept. Parts must not be shorter than 85 % of it (RFC 8216bis section 4.4.3.7),
// and consist of whole frames, so it is the wanted duration rounded up to frames of
// the picture, or with one more frame of sound when there is no picture.
func partTarget(wanted time.Duration, tracks []av.Track, rate float64) time.Duration {
	p := wanted
	if rate > 0 {
		frame := time.Duration(float64(time.Second) / rate)
		n := max(1, (wanted+frame*19/20)/frame)
		p = n*frame + jitter
	} else {
		for _, t := range tracks {
			if t.Kind == av.Audio && t.FrameSize > 0 && t.SampleRate > 0 {
				p += time.Duration(t.FrameSize) * time.Second / time.Duration(t.SampleRate)
			}
		}
	}
	const unit = time.Millisecond
	return min((p+unit-1)/unit*unit, maxPart)
}
