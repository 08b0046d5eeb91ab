package hls

import (
	"log/slog"
	"time"

	"synctv/mediad/cmaf"
	"synctv/mediad/segments"
)

// Config says how streams become playlists. The zero value is the recommended one.
type Config struct {
	// Cut says how long parts and segments are. Cut.First is not used. Cut.Longest 0:
	// two segments, 2 s as a rule, for encoders that send a key frame at least that
	// often, and 4 s for others.
	Cut cmaf.Config
	// Window is how much a playlist lists: what a viewer can go back. It is at least
	// three times Cut.Longest. 0: 30 s.
	Window time.Duration
	// Store keeps segments as long as they are listed, and as long again. nil: a
	// segments.Memory of the default size.
	Store segments.Store
	// Log is for what goes wrong with the store. nil: slog.Default.
	Log *slog.Logger
	// Numbers keeps a note of each stream, so that its sequence numbers do not fall when
	// the server starts again: in a place that survives that. nil: Store.
	Numbers segments.Store
	// Observer hears what becomes of parts and segments. nil: nobody does.
	Observer Observer
	// Now is the clock. nil: time.Now.
	Now func() time.Time

	byKeys bool // Cut.Longest is the most it may become
}

func (c Config) withDefaults() Config {
	def(&c.Cut.Part, 200*time.Millisecond)
	def(&c.Cut.Segment, time.Second)
	c.Cut.Segment = max(c.Cut.Segment, time.Second) // see FirstSequence
	if c.Cut.Longest <= 0 {
		c.byKeys = true
		c.Cut.Longest = max(rareKeys, c.frequent())
	}
	c.Cut.Longest = max(c.Cut.Longest.Truncate(time.Second), time.Second)
	c.Cut.Longest = max(c.Cut.Longest, c.Cut.Segment.Round(time.Second))
	def(&c.Window, 30*time.Second)
	c.Window = max(c.Window, 3*c.Cut.Longest)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Store == nil {
		c.Store = segments.NewMemory(0, c.Now)
	}
	if c.Numbers == nil {
		c.Numbers = c.Store
	}
	if c.Observer == nil {
		c.Observer = deaf{}
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return c
}

func def[T int | time.Duration](p *T, v T) {
	if *p <= 0 {
		*p = v
	}
}

// sequenceEpoch is when FirstSequence was 0: 2020 in UTC.
const sequenceEpoch = 1577836800

// discontinuityEpoch is when firstDiscontinuity was 0: 2026 in UTC.
const discontinuityEpoch = 1767225600

// firstDiscontinuity returns the discontinuity sequence number at which a presentation
// that begins now begins: one for each hour. It has to stay small: hls.js 1.7 keeps an
// array with that index, and walks through it from 0 at every playlist, which with a
// number like FirstSequence stops the page for seconds.
func firstDiscontinuity(now time.Time) uint64 {
	return uint64(max(0, now.Unix()-discontinuityEpoch) / 3600)
}

// FirstSequence returns the media sequence number at which a presentation that
// begins now begins: two for each second, half the rate at which segments could be
// numbered if each were as short as it may be. It fits in 31 bits until 2054, and in
// what a browser calls a number for ever.
func FirstSequence(now time.Time) uint64 {
	return uint64(max(0, now.UnixMilli()-sequenceEpoch*1000) / 500)
}
