package probe

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"strings"
)

// codecString looks for the configuration box among boxes and names the codec.
func codecString(fourcc string, boxes []byte) string {
	for len(boxes) >= 8 {
		size := binary.BigEndian.Uint32(boxes)
		if size < 8 || uint64(size) > uint64(len(boxes)) {
			break
		}
		body := boxes[8:size]
		switch string(boxes[4:8]) {
		case "avcC":
			return avcString(fourcc, body)
		case "hvcC":
			return hevcString(fourcc, body)
		case "av1C":
			return av1String(body)
		case "vpcC":
			if len(body) >= 7 {
				return fmt.Sprintf("%s.%02d.%02d.%02d", fourcc, body[4], body[5], body[6]>>4)
			}
		case "wave": // QuickTime wraps the descriptor once more
			return codecString(fourcc, body)
		case "esds":
			if len(body) > 4 {
				return mpeg4String(fourcc, body[4:])
			}
		}
		boxes = boxes[size:]
	}
	switch fourcc {
	case "Opus":
		return "opus"
	case "fLaC":
		return "flac"
	case ".mp3":
		return "mp3"
	}
	return fourcc
}

// avcString reads profile, constraints and level from an AVCDecoderConfigurationRecord.
func avcString(fourcc string, b []byte) string {
	if len(b) < 4 {
		return fourcc
	}
	return fmt.Sprintf("%s.%02x%02x%02x", fourcc, b[1], b[2], b[3])
}

// hevcString follows ISO/IEC 14496-15 annex E.3 from an HEVCDecoderConfigurationRecord.
func hevcString(fourcc string, b []byte) string {
	if len(b) < 13 {
		return fourcc
	}
	space := [...]string{"", "A", "B", "C"}[b[1]>>6]
	tier := "L"
	if b[1]&0x20 != 0 {
		tier = "H"
	}
	s := fmt.Sprintf("%s.%s%d.%X.%s%d", fourcc, space, b[1]&0x1f, bits.Reverse32(binary.BigEndian.Uint32(b[2:])), tier, b[12])
	constraints := b[6:12]
	for len(constraints) > 0 && constraints[len(constraints)-1] == 0 {
		constraints = constraints[:len(constraints)-1]
	}
	for _, c := range constraints {
		s += fmt.Sprintf(".%X", c)
	}
	return s
}

// av1String reads an AV1CodecConfigurationRecord.
func av1String(b []byte) string {
	if len(b) < 3 {
		return "av01"
	}
	tier, depth := "M", 8
	if b[2]&0x80 != 0 {
		tier = "H"
	}
	if b[2]&0x40 != 0 {
		depth = 10
		if b[2]&0x20 != 0 {
			depth = 12
		}
	}
	return fmt.Sprintf("av01.%d.%02d%s.%02d", b[1]>>5, b[1]&0x1f, tier, depth)
}

// mpeg4String finds the object types in an ES descriptor (ISO/IEC 14496-1 section 7.2.6.5).
func mpeg4String(fourcc string, b []byte) string {
	object := byte(0)
	for range 8 {
		if len(b) < 2 {
			break
		}
		tag := b[0]
		b = b[1:]
		size := 0
		for i := 0; i < 4 && len(b) > 0; i++ {
			c := b[0]
			b = b[1:]
			size = size<<7 | int(c&0x7f)
			if c&0x80 == 0 {
				break
			}
		}
		switch tag {
		case 3: // ES_Descriptor: id, flags, optional fields
			if len(b) < 3 {
				return fourcc
			}
			skip := 3
			if b[2]&0x80 != 0 {
				skip += 2
			}
			if b[2]&0x20 != 0 {
				skip += 2
			}
			if len(b) < skip {
				return fourcc
			}
			b = b[skip:]
		case 4: // DecoderConfigDescriptor
			if len(b) < 13 {
				return fourcc
			}
			object = b[0]
			b = b[13:]
		case 5: // DecoderSpecificInfo: AudioSpecificConfig
			if len(b) < 1 || object != 0x40 {
				return objectString(fourcc, object)
			}
			kind := b[0] >> 3
			if kind == 31 && len(b) >= 2 {
				kind = 32 + (b[0]&7)<<3 | b[1]>>5
			}
			return fmt.Sprintf("%s.40.%d", fourcc, kind)
		default:
			if size > len(b) {
				return objectString(fourcc, object)
			}
			b = b[size:]
		}
	}
	return objectString(fourcc, object)
}

func objectString(fourcc string, object byte) string {
	if object == 0 {
		return fourcc
	}
	return fmt.Sprintf("%s.%02x", fourcc, object)
}

// matroskaCodec names a Matroska track's codec, with its private data where that says more.
func matroskaCodec(id string, private []byte) string {
	switch {
	case id == "V_MPEG4/ISO/AVC":
		return avcString("avc1", private)
	case id == "V_MPEGH/ISO/HEVC":
		return hevcString("hvc1", private)
	case id == "V_AV1":
		return av1String(private)
	case strings.HasPrefix(id, "A_AAC"):
		if len(private) >= 1 {
			return fmt.Sprintf("mp4a.40.%d", private[0]>>3)
		}
		return "mp4a.40.2"
	case strings.HasPrefix(id, "S_"):
		return ""
	}
	switch id {
	case "V_VP8", "V_VP9", "A_OPUS", "A_VORBIS", "A_FLAC", "A_DTS", "A_TRUEHD":
		return strings.ToLower(id[2:])
	case "A_AC3":
		return "ac-3"
	case "A_EAC3":
		return "ec-3"
	case "A_MPEG/L3":
		return "mp3"
	}
	return strings.ToLower(id)
}
