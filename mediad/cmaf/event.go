package cmaf

import (
	"time"

	"synctv/mediad/av"
)

// What says what an event is.
type What uint8

// Kinds of events, in the order in which they come.
const (
	// Begin: a period begins with segment Segment; Formats are its tracks. If it is
	// not the first of the Segmenter there is a discontinuity before it.
	Begin What = iota + 1
	// Part: Data is the next part of segment Segment of a track.
	Part
	// End: segment Segment of a track is complete.
	End
)

// Event is one thing that a Segmenter has to tell.
type Event struct {
	What    What
	Kind    av.Kind // of the track, for Part and End
	Segment uint64  // grows by one; the same n is the same time in all tracks

	// Formats is for Begin.
	Formats []Format

	// Index is the part's place in its segment, from 0.
	Index int
	// Data is, joined, the part's bytes: shared with the packets, never changed.
	Data [][]byte
	// Start is the stream's time at which a part or segment begins.
	Start time.Duration
	// Duration of a part, or of a segment until the next one begins.
	Duration time.Duration
	// Last is the DTS of the last frame of a part, as its packet had it.
	Last time.Duration
	// Independent: decoding can begin with the part or segment.
	Independent bool
	// Gap: there is nothing in the segment.
	Gap bool
}

// Format is a track of a period.
type Format struct {
	Track av.Track
	Init  []byte
	// FrameRate of a picture, in frames per second; 0 when it is not known.
	FrameRate float64
}
