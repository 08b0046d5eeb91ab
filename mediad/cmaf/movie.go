package cmaf

import (
	"bytes"
	"slices"
	"time"

	"github.com/Eyevinn/mp4ff/mp4"

	"synctv/mediad/av"
)

// Movie writes a file that holds picture and sound together: fragmented MP4, in
// which each fragment has all tracks. It is a machine without clock, like a
// Segmenter: what is pushed comes out with the next Cut. It is not safe for
// concurrent use.
type Movie struct {
	tracks   []av.Track // those of the file; the first one leads
	init     []byte
	base     time.Duration // the stream's time at which the file begins
	reels    []*reel
	sequence uint32
}

// reel is a track of a movie. Times are ticks of the track since the file's begin.
type reel struct {
	clock   clock
	samples []sample
	held    sample // the last frame: its duration is not known yet
	hasHeld bool
	last    uint32 // the duration of the frame before it
	end     uint64 // where the last sample ends
}

// Chunk is a fragment of a movie, ready to be written.
type Chunk struct {
	// Data is, joined, the fragment's bytes: shared with the packets, never changed.
	Data [][]byte
	// Start and Duration are those of the leading track, in the file's time; when that
	// stands still, of another one.
	Start, Duration time.Duration
	// Key: decoding can begin here.
	Key bool
}

// Filmed returns the tracks that a movie has of those of a stream: the first of
// each kind that can be put into MP4, the picture first.
func Filmed(tracks []av.Track) []av.Track {
	var chosen []av.Track
	for _, kind := range []av.Kind{av.Video, av.Audio} {
		if i := slices.IndexFunc(tracks, func(t av.Track) bool { return t.Kind == kind && Supported(t.Codec) }); i >= 0 {
			chosen = append(chosen, tracks[i])
		}
	}
	return chosen
}

// NewMovie returns a movie of tracks as Filmed returns them, of which there has to
// be one, that begins at the stream's time base.
func NewMovie(tracks []av.Track, base time.Duration) (*Movie, error) {
	if len(tracks) == 0 {
		return nil, ErrCodec
	}
	m := &Movie{tracks: tracks, base: base}
	init := mp4.CreateEmptyInit()
	init.Moov.Mvhd.Timescale = movieTimescale
	init.Moov.Mvex.AddChild(&mp4.MehdBox{Version: 1}) // filled in by Listing.Head
	for _, t := range tracks {
		if err := addTrack(init, t); err != nil {
			return nil, err
		}
		r := &reel{clock: newClock(t)}
		r.last = uint32(ticks(20*time.Millisecond, r.clock.scale))
		m.reels = append(m.reels, r)
	}
	var b bytes.Buffer
	if err := init.Encode(&b); err != nil {
		return nil, err
	}
	m.init = b.Bytes()
	return m, nil
}

// movieTimescale is that of durations of the whole file.
const movieTimescale = 90000

// Tracks returns the tracks of the file.
func (m *Movie) Tracks() []av.Track { return m.tracks }

// Init returns what the file begins with.
func (m *Movie) Init() []byte { return m.init }

// Push takes the next packet of the stream. What is of none of the tracks, or from
// before the begin, is not taken: it reports whether it was.
func (m *Movie) Push(p av.Packet) bool {
	i := slices.IndexFunc(m.tracks, func(t av.Track) bool { return t.Kind == p.Kind && t.ID == p.Track && t.Codec == p.Codec })
	if i < 0 || p.Config || p.DTS < m.base {
		return false
	}
	r := m.reels[i]
	at := r.clock.place(p.DTS - m.base)
	if r.hasHeld {
		at = max(at, r.held.time+1)
		r.settle(at - r.held.time)
	}
	at = max(at, r.end)
	r.held, r.hasHeld = sample{data: p.Data, time: at, cts: offset(p, r.clock.scale), key: p.Key}, true
	return true
}

// settle gives the held frame a duration of n ticks.
func (r *reel) settle(n uint64) {
	r.held.duration = uint32(min(n, 1<<31))
	r.last = r.held.duration
	r.end = r.held.time + uint64(r.held.duration)
	r.samples = append(r.samples, r.held)
	r.held, r.hasHeld = sample{}, false
}

// Cut returns a fragment of what was pushed, but for the last frame of each track;
// false when there is nothing else.
func (m *Movie) Cut() (Chunk, bool) {
	var strips []strip
	for i, r := range m.reels {
		if len(r.samples) > 0 {
			strips = append(strips, strip{track: uint32(i + 1), video: m.tracks[i].Kind == av.Video, samples: r.samples})
		}
	}
	if len(strips) == 0 {
		return Chunk{}, false
	}
	m.sequence++
	first := strips[0].track - 1
	r := m.reels[first]
	c := Chunk{Data: fragment(m.sequence, strips...), Key: first == 0 && r.samples[0].key, Start: span(r.samples[0].time, r.clock.scale)}
	c.Duration = span(r.end, r.clock.scale) - c.Start
	for _, r := range m.reels {
		clear(r.samples)
		r.samples = r.samples[:0]
	}
	return c, true
}

// Flush is Cut with the last frames: nothing follows, or not without a break. They
// last as long as those before them.
func (m *Movie) Flush() (Chunk, bool) {
	for _, r := range m.reels {
		if r.hasHeld {
			n := uint64(r.last)
			if r.clock.frame != 0 {
				n = r.clock.frame
			}
			r.settle(n)
		}
	}
	return m.Cut()
}

// Bytes returns how much Cut would give, roughly.
func (m *Movie) Bytes() (n int) {
	for _, r := range m.reels {
		for i := range r.samples {
			n += len(r.samples[i].data)
		}
	}
	return n
}
