package hls

import "time"

// Segment is a segment of a playlist. It is immutable when it is complete; of the
// one that is being made every Snapshot has a copy.
type Segment struct {
	Sequence      uint64 // media sequence number
	Name          string // of the file: its URI
	Duration      time.Duration
	Date          time.Time // when what it begins with was received
	Init          string    // the URI of its initialisation
	Discontinuity bool      // there is one before it
	Independent   bool      // it begins with a key frame
	Gap           bool      // there is nothing in it
	Parts         []Part
	Size          int64 // bytes

	text []byte // its lines in a playlist, without its parts; when it is complete
}

// Part is a part of a segment.
type Part struct {
	Name        string
	Duration    time.Duration
	Independent bool
}
