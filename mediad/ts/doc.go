// Package ts reads MPEG transport streams (ISO/IEC 13818-1) as HLS carries them: one program, H.264, HEVC and AAC in ADTS.
// It writes none. Bytes are pushed in, in whatever pieces the network makes of them, and packets come out; a stream may
// come from anybody, so everything that is kept has a bound.
package ts

import "errors"

// Faults that end a stream. What concerns one frame alone is left out.
var (
	ErrSync      = errors.New("ts: this is no transport stream")
	ErrScrambled = errors.New("ts: the stream is scrambled")
	ErrSize      = errors.New("ts: a frame is too large")
)

const (
	packetSize = 188
	syncByte   = 0x47
	// maxAstray is how many bytes are passed over to find the packets again.
	maxAstray = 64 << 10
	// maxFrame of video, and maxSound of what one packet of the elementary stream may have of it.
	maxFrame = 8 << 20
	maxSound = 256 << 10
	// maxSection is that of program tables (section 2.4.4).
	maxSection = 1024
)
