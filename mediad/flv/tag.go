package flv

import (
	"encoding/binary"
	"time"

	"synctv/mediad/av"
)

// Type is the type of a tag (section E.4.1). RTMP messages of the same content
// have the same number.
type Type uint8

// Types.
const (
	Audio  Type = 8
	Video  Type = 9
	Script Type = 18
)

// Tag is a tag, or an RTMP message of audio, video or data.
type Tag struct {
	Type Type
	// Timestamp is in milliseconds and wraps at 32 bits.
	Timestamp uint32
	Data      []byte
}

const (
	fileHeaderSize = 9
	tagHeaderSize  = 11
	backSize       = 4 // the size of the tag before, behind each tag
)

// Header returns what begins a stream (sections E.2, E.3).
func Header(hasVideo, hasAudio bool) []byte {
	flags := byte(0)
	if hasVideo {
		flags |= 1
	}
	if hasAudio {
		flags |= 4
	}
	return []byte{'F', 'L', 'V', 1, flags, 0, 0, 0, fileHeaderSize, 0, 0, 0, 0}
}

// TypeOf returns the type of the tag that carries p.
func TypeOf(p av.Packet) Type {
	switch p.Kind {
	case av.Video:
		return Video
	case av.Audio:
		return Audio
	}
	return Script
}

// Timestamp returns when p is decoded, as tags and messages say it.
func Timestamp(p av.Packet) uint32 { return uint32(millis(p.DTS)) }

// millis rounds to milliseconds.
func millis(d time.Duration) int64 {
	if d < 0 {
		return -millis(-d)
	}
	return int64((d + time.Millisecond/2) / time.Millisecond)
}

// AppendTag appends the tag that carries p, with its back pointer. A packet of a
// codec that FLV has no way to carry appends nothing.
func AppendTag(dst []byte, p av.Packet) []byte {
	start := len(dst)
	dst = appendTagHeader(dst, TypeOf(p), Timestamp(p))
	dst, ok := appendBody(dst, p)
	if !ok {
		return dst[:start]
	}
	return endTag(dst, start)
}

// AppendScript appends a script tag, such as one of Metadata.
func AppendScript(dst []byte, at time.Duration, body []byte) []byte {
	start := len(dst)
	dst = appendTagHeader(dst, Script, uint32(millis(at)))
	return endTag(append(dst, body...), start)
}

func appendTagHeader(dst []byte, t Type, at uint32) []byte {
	return append(dst, byte(t), 0, 0, 0, byte(at>>16), byte(at>>8), byte(at), byte(at>>24), 0, 0, 0)
}

// endTag writes the size of the tag that begins at start where it belongs.
func endTag(dst []byte, start int) []byte {
	size := len(dst) - start - tagHeaderSize
	dst[start+1], dst[start+2], dst[start+3] = byte(size>>16), byte(size>>8), byte(size)
	return binary.BigEndian.AppendUint32(dst, uint32(tagHeaderSize+size))
}

// TagSize returns how many bytes AppendTag appends at most.
func TagSize(p av.Packet) int { return tagHeaderSize + maxBodyHeader + len(p.Data) + backSize }
