package probe

import (
	"bytes"
	"encoding/binary"
	"io"
	"unicode/utf16"
)

// frameHeader is what the four bytes of an MPEG audio frame say (ISO/IEC 11172-3, 13818-3), layer III only.
type frameHeader struct {
	mpeg1   bool
	mono    bool
	bitrate int // bits per second
	rate    int // samples per second
	samples int // per frame
	length  int // bytes of the frame
}

// Bit rates in kbit/s by index, for MPEG-1 and for MPEG-2 and 2.5.
var (
	rates1 = [...]int{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320}
	rates2 = [...]int{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160}
)

func parseFrameHeader(b []byte) (frameHeader, bool) {
	if len(b) < 4 || b[0] != 0xff || b[1]&0xe0 != 0xe0 {
		return frameHeader{}, false
	}
	version, layer := b[1]>>3&3, b[1]>>1&3
	rateIndex, sampleIndex, padding := b[2]>>4, b[2]>>2&3, int(b[2]>>1&1)
	if version == 1 || layer != 1 || rateIndex == 0 || rateIndex == 15 || sampleIndex == 3 {
		return frameHeader{}, false
	}
	h := frameHeader{mpeg1: version == 3, mono: b[3]>>6 == 3, rate: [...]int{44100, 48000, 32000}[sampleIndex], samples: 1152}
	h.bitrate = rates1[rateIndex] * 1000
	if !h.mpeg1 {
		h.bitrate, h.samples, h.rate = rates2[rateIndex]*1000, 576, h.rate/2
		if version == 0 {
			h.rate /= 2
		}
	}
	h.length = h.samples/8*h.bitrate/h.rate + padding
	return h, h.length > 4
}

// parseMP3 reads the title from an ID3v2 tag and the duration from a Xing, Info or VBRI head, or else from the bit rate.
func parseMP3(r io.ReaderAt, size int64) info {
	found := info{codecs: []string{"mp3"}}
	var head [10]byte
	if _, err := r.ReadAt(head[:], 0); err != nil {
		return found
	}
	audio := int64(0)
	if string(head[:3]) == "ID3" {
		length := syncSafe(head[6:10])
		audio = 10 + length
		if head[5]&0x10 != 0 {
			audio += 10 // footer
		}
		tag := make([]byte, min(length, 48<<10))
		if n, err := r.ReadAt(tag, 10); err == nil {
			found.title = id3Title(tag[:n], head[3])
		}
	}
	frame := make([]byte, 256)
	if _, err := r.ReadAt(frame, audio); err != nil {
		if frame = frame[:4]; short(r, frame, audio) {
			return found
		}
	}
	h, ok := parseFrameHeader(frame)
	if !ok {
		return found
	}
	if frames := frameCount(frame, h); frames > 0 {
		found.seconds = float64(frames) * float64(h.samples) / float64(h.rate)
	} else if size > audio {
		found.seconds = float64(size-audio) * 8 / float64(h.bitrate)
	}
	return found
}

func short(r io.ReaderAt, b []byte, off int64) bool {
	_, err := r.ReadAt(b, off)
	return err != nil
}

// frameCount reads the number of frames an encoder noted in the first one; 0 when it did not.
func frameCount(b []byte, h frameHeader) uint32 {
	at := 4 + 17
	switch {
	case h.mpeg1 && !h.mono:
		at = 4 + 32
	case !h.mpeg1 && h.mono:
		at = 4 + 9
	}
	if len(b) >= at+12 && (string(b[at:at+4]) == "Xing" || string(b[at:at+4]) == "Info") && b[at+7]&1 != 0 {
		return binary.BigEndian.Uint32(b[at+8:])
	}
	if at = 4 + 32; len(b) >= at+18 && string(b[at:at+4]) == "VBRI" {
		return binary.BigEndian.Uint32(b[at+14:])
	}
	return 0
}

func syncSafe(b []byte) int64 {
	return int64(b[0]&0x7f)<<21 | int64(b[1]&0x7f)<<14 | int64(b[2]&0x7f)<<7 | int64(b[3]&0x7f)
}

// id3Title finds TIT2 (TT2 in version 2.2).
func id3Title(b []byte, version byte) string {
	want, headLen := "TIT2", 10
	if version == 2 {
		want, headLen = "TT2", 6
	}
	for len(b) > headLen && b[0] != 0 {
		var n int64
		switch version {
		case 2:
			n = int64(b[3])<<16 | int64(b[4])<<8 | int64(b[5])
		case 3:
			n = int64(binary.BigEndian.Uint32(b[4:]))
		default:
			n = syncSafe(b[4:8])
		}
		if n <= 0 || n > int64(len(b)-headLen) {
			return ""
		}
		if string(b[:len(want)]) == want {
			return id3Text(b[headLen : int64(headLen)+n])
		}
		b = b[int64(headLen)+n:]
	}
	return ""
}

// id3Text decodes a text frame: Latin-1, UTF-16 with a mark, UTF-16BE or UTF-8.
func id3Text(b []byte) string {
	kind, b := b[0], b[1:min(len(b), 1024)]
	switch kind {
	case 0:
		runes := make([]rune, 0, len(b))
		for _, c := range b {
			runes = append(runes, rune(c))
		}
		return string(runes)
	case 1, 2:
		order := binary.ByteOrder(binary.BigEndian)
		if bytes.HasPrefix(b, []byte{0xff, 0xfe}) {
			order = binary.LittleEndian
		}
		units := make([]uint16, 0, len(b)/2)
		for ; len(b) >= 2; b = b[2:] {
			if u := order.Uint16(b); u != 0xfeff {
				units = append(units, u)
			}
		}
		return string(utf16.Decode(units))
	}
	return string(b)
}
