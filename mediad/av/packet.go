package av

import "time"

// Kind is what a packet or track carries.
type Kind uint8

// Kinds. The zero Kind is none.
const (
	Video Kind = iota + 1
	Audio
	Data // script data: metadata, cue points
)

// String implements fmt.Stringer.
func (k Kind) String() string {
	switch k {
	case Video:
		return "video"
	case Audio:
		return "audio"
	case Data:
		return "data"
	}
	return "none"
}

// Packet is one access unit of one track, or the configuration that a decoder
// needs for those that follow. It is a small value; copy it freely.
type Packet struct {
	// Kind and Codec say what Data is.
	Kind  Kind
	Codec Codec
	// Track tells tracks of one kind apart; 0 is the first of its kind.
	Track uint8

	// Config: Data is the track's decoder configuration (see Track.Config), to
	// be used from the next packet on. It is not shown, and has no duration.
	Config bool
	// Key: decoding can begin here. Every frame of audio is one.
	Key bool
	// Discontinuity: what is shown from here on does not continue what was shown
	// before. A Timeline sets it, on one packet of the stream for one event.
	Discontinuity bool

	// DTS is when to decode, PTS when to show, both since the start of the
	// stream. PTS may be before DTS: there are encoders with negative offsets.
	// Before a Timeline has placed the packet they are the sender's own clock.
	DTS, PTS time.Duration

	// Data is the payload, immutable once the packet is made: readers share it.
	// H.264 and HEVC are NAL units with lengths of four bytes in front, AV1 is
	// OBUs without temporal delimiters, AAC is a raw frame without ADTS.
	Data []byte
}

// CTS is the composition time offset, PTS - DTS.
func (p Packet) CTS() time.Duration { return p.PTS - p.DTS }
