package cmaf

import "time"

// Config says how media is cut. The zero value is the recommended one.
type Config struct {
	// Part is the duration wanted of a part; see Segmenter.PartTarget for what
	// becomes of it. 0: 200 ms.
	Part time.Duration
	// Segment is the least duration of a segment: it ends at the first key frame
	// after that. 0: 1 s.
	Segment time.Duration
	// Longest is the duration at which a segment ends without a key frame, in whole
	// seconds: the TARGETDURATION of a playlist. 0: 4 s.
	Longest time.Duration
	// TrackWait is how long a stream with one track is watched for a second one
	// before it begins. 0: 1 s.
	TrackWait time.Duration
	// KeyWait is how long a picture is waited for before sound begins alone.
	// 0: 15 s.
	KeyWait time.Duration
	// MaxBytes ends a segment that is larger. 0: 32 MiB.
	MaxBytes int
	// First is the number of the first segment.
	First uint64
}

func (c Config) withDefaults() Config {
	def(&c.Part, 200*time.Millisecond)
	def(&c.Segment, time.Second)
	def(&c.Longest, 4*time.Second)
	def(&c.TrackWait, time.Second)
	def(&c.KeyWait, 15*time.Second)
	def(&c.MaxBytes, 32<<20)
	c.Longest = max(c.Longest.Truncate(time.Second), time.Second)
	c.Segment = min(c.Segment, c.Longest)
	return c
}

func def[T int | time.Duration](p *T, v T) {
	if *p <= 0 {
		*p = v
	}
}

const (
	// tolerance is how much longer than Longest a segment may be, so that key frames
	// that are meant to be Longest apart are met: TARGETDURATION is compared with
	// the duration rounded to whole seconds (RFC 8216bis section 4.4.3.1).
	tolerance = 400 * time.Millisecond
	// rounding is how much longer than Longest it may be at all.
	rounding = 490 * time.Millisecond
	// pause is how long a picture may stand still before it counts as another period.
	pause = 500 * time.Millisecond
	// followWait is how long a segment of one track stays open behind the other's.
	followWait = time.Second
)
