package m3u8

import "time"

// Playlist is either of its two kinds.
type Playlist struct {
	Main  *Main
	Media *Media
}

// Main lists variants of one presentation.
type Main struct {
	Variants []Variant
	Audio    []Rendition
}

// Variant is one way to have the whole.
type Variant struct {
	URI       string
	Bandwidth int      // bits a second at most
	Codecs    []string // as RFC 6381 has them; none when it does not say
	Height    int      // 0 when it does not say
	Audio     string   // the group its sound is in, "" when the variant has it itself
}

// Rendition is sound by itself.
type Rendition struct {
	Group, URI string // URI "": the variant has it
	Default    bool
}

// Media lists segments.
type Media struct {
	Target   time.Duration
	Segments []Segment
	// Ended: nothing will be added.
	Ended bool
}

// Segment is a part of the media.
type Segment struct {
	Sequence      uint64
	Discontinuity uint64 // how many there were before it
	URI           string
	Duration      time.Duration
	Range         Range
	Map           *Resource // what initialises a decoder; nil for none
	Key           *Key      // nil: it is in the clear
	Gap           bool      // it is not there
}

// Range is a part of a resource. Length 0 is all of it.
type Range struct{ Offset, Length int64 }

// Resource is something to fetch besides segments.
type Resource struct {
	URI   string
	Range Range
	Key   *Key
}

// Key says how segments are encrypted, whole, with AES-128 in CBC mode.
type Key struct {
	URI string
	IV  []byte // nil: the segment's sequence number
}
