package flv

import (
	"time"

	"synctv/mediad/av"
)

// Codec ids of the tag header (sections E.4.2.1, E.4.3.1). The id of HEVC is of
// no specification; encoders and players of the years before Enhanced RTMP use it.
const (
	videoAVC  = 7
	videoHEVC = 12

	audioMP3  = 2
	audioEx   = 9
	audioAAC  = 10
	audioMP38 = 14 // at 8 kHz
)

// Frame types of video (section E.4.3.1).
const (
	frameKey          = 1
	frameInter        = 2
	frameGeneratedKey = 4
	frameCommand      = 5
)

// packetType is what the rest of a tag is: AVCPacketType and AACPacketType of
// the legacy header, VideoPacketType and AudioPacketType of Enhanced RTMP.
type packetType uint8

const (
	sequenceStart packetType = 0
	codedFrames   packetType = 1
	sequenceEnd   packetType = 2

	// Of enhanced video.
	codedFramesX    packetType = 3 // without composition offset, which is 0
	videoMetadata   packetType = 4
	videoTSStart    packetType = 5
	videoMultitrack packetType = 6
	// Of enhanced audio.
	multichannel    packetType = 4
	audioMultitrack packetType = 5
	// Of both.
	modEx packetType = 7
)

// maxBodyHeader is how many bytes come before the payload at most.
const maxBodyHeader = 8

// Body returns the payload of the RTMP message that carries p, or nil for a codec
// that cannot be carried.
func Body(p av.Packet) []byte {
	b, ok := appendBody(make([]byte, 0, maxBodyHeader+len(p.Data)), p)
	if !ok {
		return nil
	}
	return b
}

// appendBody appends the body of a tag: the old header where there is one, for
// players that know no other, and that of Enhanced RTMP for the rest.
func appendBody(dst []byte, p av.Packet) ([]byte, bool) {
	switch {
	case p.Kind == av.Data:
		return append(dst, p.Data...), true
	case p.Codec.Kind() != p.Kind || p.Codec.FourCC() == "":
		return dst, false
	case p.Kind == av.Video:
		dst = appendVideoHeader(dst, p)
	default:
		dst = appendAudioHeader(dst, p)
	}
	return append(dst, p.Data...), true
}

func appendVideoHeader(dst []byte, p av.Packet) []byte {
	frame, packet := byte(frameInter), codedFrames
	if p.Key || p.Config {
		frame = frameKey
	}
	cts := uint32(compositionOffset(p))
	if p.Config {
		packet, cts = sequenceStart, 0
	}
	if p.Codec == av.H264 {
		return append(dst, frame<<4|videoAVC, byte(packet), byte(cts>>16), byte(cts>>8), byte(cts))
	}
	offset := packet == codedFrames && p.Codec == av.HEVC
	if offset && cts == 0 {
		packet, offset = codedFramesX, false
	}
	dst = append(dst, 0x80|frame<<4|byte(packet))
	dst = append(dst, p.Codec.FourCC()...)
	if offset {
		dst = append(dst, byte(cts>>16), byte(cts>>8), byte(cts))
	}
	return dst
}

// compositionOffset returns PTS - DTS in milliseconds, so that the PTS a reader
// computes is the one rounded from ours; kept within 24 bits with sign.
func compositionOffset(p av.Packet) int32 {
	return int32(max(-1<<23, min(millis(p.PTS)-millis(p.DTS), 1<<23-1)))
}

func appendAudioHeader(dst []byte, p av.Packet) []byte {
	packet := codedFrames
	if p.Config {
		packet = sequenceStart
	}
	switch p.Codec {
	case av.AAC: // rate and channels are always said to be these
		return append(dst, audioAAC<<4|15, byte(packet))
	case av.MP3:
		return append(dst, audioMP3<<4|15)
	}
	return append(append(dst, audioEx<<4|byte(packet)), p.Codec.FourCC()...)
}

// body is a tag's header, taken apart.
type body struct {
	codec  av.Codec
	packet packetType
	frame  byte          // of video
	offset time.Duration // composition offset
	nano   time.Duration // added to the timestamp
	data   []byte
	none   bool // nothing to pass on, and no fault
}

// parseVideo reads VIDEODATA, with the extended header or the old one.
func parseVideo(b []byte) (body, error) {
	if len(b) == 0 {
		return body{none: true}, nil
	}
	if b[0]&0x80 != 0 {
		return parseExVideo(b)
	}
	h := body{frame: b[0] >> 4}
	switch b[0] & 15 {
	case videoAVC:
		h.codec = av.H264
	case videoHEVC:
		h.codec = av.HEVC
	default:
		return body{}, ErrCodec
	}
	if h.frame == frameCommand {
		return body{none: true}, nil
	}
	if len(b) < 5 {
		return body{}, ErrShort
	}
	if h.packet = packetType(b[1]); h.packet > sequenceEnd {
		return body{}, ErrValue
	}
	h.offset, h.data = signed24(b[2:]), b[5:]
	return h, nil
}

func signed24(b []byte) time.Duration {
	v := int32(uint32(b[0])<<24|uint32(b[1])<<16|uint32(b[2])<<8) >> 8
	return time.Duration(v) * time.Millisecond
}

// parseAudio reads AUDIODATA, with the extended header or the old one.
func parseAudio(b []byte) (body, error) {
	if len(b) == 0 {
		return body{none: true}, nil
	}
	switch b[0] >> 4 {
	case audioEx:
		return parseExAudio(b)
	case audioMP3, audioMP38:
		return body{codec: av.MP3, packet: codedFrames, data: b[1:]}, nil
	case audioAAC:
	default:
		return body{}, ErrCodec
	}
	if len(b) < 2 {
		return body{}, ErrShort
	}
	if b[1] > byte(codedFrames) {
		return body{}, ErrValue
	}
	return body{codec: av.AAC, packet: packetType(b[1]), data: b[2:]}, nil
}
