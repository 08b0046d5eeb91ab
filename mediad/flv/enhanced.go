package flv

import (
	"time"

	"synctv/mediad/av"
)

// maxModEx is how many modifiers one tag may have; one is defined.
const maxModEx = 8

// parseExVideo reads ExVideoTagHeader (Enhanced RTMP v2, "Enhanced Video").
func parseExVideo(b []byte) (body, error) {
	h := body{frame: b[0] >> 4 & 7, packet: packetType(b[0] & 15)}
	b, err := h.modifiers(b[1:])
	if err != nil {
		return body{}, err
	}
	if h.frame == frameCommand && h.packet != videoMetadata {
		return body{none: true}, nil
	}
	if h.packet == videoMultitrack {
		return body{}, ErrMultitrack
	}
	if b, err = h.fourCC(b, av.Video); err != nil {
		return body{}, err
	}
	switch h.packet {
	case sequenceStart, sequenceEnd:
	case codedFrames:
		if h.codec != av.H264 && h.codec != av.HEVC {
			break
		}
		if len(b) < 3 {
			return body{}, ErrShort
		}
		h.offset, b = signed24(b), b[3:]
	case codedFramesX:
		h.packet = codedFrames
	case videoMetadata: // colour, HDR: the stream says it too
		return body{none: true}, nil
	default:
		return body{}, ErrValue
	}
	h.data = b
	return h, nil
}

// parseExAudio reads ExAudioTagHeader (Enhanced RTMP v2, "Enhanced Audio").
func parseExAudio(b []byte) (body, error) {
	h := body{packet: packetType(b[0] & 15)}
	b, err := h.modifiers(b[1:])
	if err != nil {
		return body{}, err
	}
	if h.packet == audioMultitrack {
		return body{}, ErrMultitrack
	}
	if b, err = h.fourCC(b, av.Audio); err != nil {
		return body{}, err
	}
	switch h.packet {
	case sequenceStart, codedFrames, sequenceEnd:
	case multichannel: // the order of speakers; codecs of ours have it themselves
		return body{none: true}, nil
	default:
		return body{}, ErrValue
	}
	h.data = b
	return h, nil
}

// modifiers reads those that come before the packet they modify, and the type of
// that. They that are not known are passed over.
func (h *body) modifiers(b []byte) ([]byte, error) {
	for n := 0; h.packet == modEx; n++ {
		if n == maxModEx {
			return nil, ErrModEx
		}
		if len(b) < 1 {
			return nil, ErrShort
		}
		size := int(b[0]) + 1
		b = b[1:]
		if size == 256 {
			if len(b) < 2 {
				return nil, ErrShort
			}
			size = int(b[0])<<8 + int(b[1]) + 1
			b = b[2:]
		}
		if len(b) < size+1 {
			return nil, ErrShort
		}
		kind := b[size] >> 4
		h.packet = packetType(b[size] & 15)
		if kind == 0 && size >= 3 { // TimestampOffsetNano
			h.nano = time.Duration(int(b[0])<<16 | int(b[1])<<8 | int(b[2]))
			h.nano = min(h.nano, 999_999)
		}
		b = b[size+1:]
	}
	return b, nil
}

func (h *body) fourCC(b []byte, k av.Kind) ([]byte, error) {
	if len(b) < 4 {
		return nil, ErrShort
	}
	h.codec = av.CodecOf(string(b[:4]))
	if h.codec.Kind() != k {
		return nil, ErrCodec
	}
	return b[4:], nil
}
