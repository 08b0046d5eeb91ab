package probe

import (
	"encoding/binary"
	"math"
)

// Builders of small files, so that the parsers are tested without any tool.

func u16(v int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(v)) }
func u32(v int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(v)) }
func u64(v int) []byte { return binary.BigEndian.AppendUint64(nil, uint64(v)) }

func join(parts ...[]byte) []byte {
	var out []byte
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

// box is an ISO box around parts.
func box(kind string, parts ...[]byte) []byte {
	body := join(parts...)
	return join(u32(8+len(body)), []byte(kind), body)
}

func zeros(n int) []byte { return make([]byte, n) }

func mvhd(scale, duration int) []byte {
	return box("mvhd", zeros(12), u32(scale), u32(duration), zeros(80))
}

func mvhd1(scale, duration int) []byte {
	return box("mvhd", []byte{1, 0, 0, 0}, zeros(16), u32(scale), u64(duration), zeros(80))
}

func stsd(entry []byte) []byte { return box("stsd", zeros(4), u32(1), entry) }

func trak(entry []byte) []byte {
	return box("trak", box("tkhd", zeros(84)), box("mdia", box("mdhd", zeros(12), u32(1000), u32(7000), zeros(4)), box("minf", box("stbl", stsd(entry)))))
}

func avc1() []byte { return box("avc1", zeros(78), box("avcC", []byte{1, 0x64, 0x00, 0x28, 0xff})) }

func mp4a() []byte {
	es := []byte{3, 25, 0, 1, 0, 4, 17, 0x40, 0x15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 2, 0x12, 0x10, 6, 1, 2}
	return box("mp4a", zeros(28), box("esds", zeros(4), es))
}

func title(text string) []byte {
	return box("udta", box("meta", zeros(4), box("hdlr", zeros(24)), box("ilst", box("\xa9nam", box("data", u32(1), zeros(4), []byte(text))))))
}

func ftyp() []byte { return box("ftyp", []byte("isom"), u32(512), []byte("isomavc1")) }

// el is an EBML element with an eight-byte size.
func el(id uint32, parts ...[]byte) []byte {
	body := join(parts...)
	var head []byte
	for shift := 24; shift >= 0; shift -= 8 {
		if b := byte(id >> shift); b != 0 || len(head) > 0 {
			head = append(head, b)
		}
	}
	return join(head, []byte{1}, u64(len(body))[1:], body)
}

func f64(v float64) []byte { return binary.BigEndian.AppendUint64(nil, math.Float64bits(v)) }

func ebmlHead(docType string) []byte {
	return el(idEBML, []byte{0x42, 0x82, 0x80 | byte(len(docType))}, []byte(docType))
}

func mkvInfo(seconds float64, name string) []byte {
	return el(idInfo, el(idScale, u32(1_000_000)), el(idDuration, f64(seconds*1000)), el(idTitle, []byte(name)))
}

func mkvTracks() []byte {
	return el(idTracks, el(idTrack, el(idCodec, []byte("V_VP9"))), el(idTrack, el(idCodec, []byte("A_OPUS"))), el(idTrack, el(idCodec, []byte("S_TEXT/UTF8"))))
}

// mp3Frames is n silent frames of MPEG-1 layer III, 128 kbit/s, 44.1 kHz, stereo.
func mp3Frames(n int) []byte {
	frame := append([]byte{0xff, 0xfb, 0x90, 0x00}, zeros(413)...)
	var out []byte
	for range n {
		out = append(out, frame...)
	}
	return out
}

func xing(frames int) []byte {
	frame := mp3Frames(1)
	copy(frame[36:], "Xing")
	copy(frame[40:], u32(1))
	copy(frame[44:], u32(frames))
	return frame
}

func id3(frames ...[]byte) []byte {
	body := join(frames...)
	n := len(body)
	return join([]byte("ID3\x03\x00\x00"), []byte{byte(n >> 21 & 0x7f), byte(n >> 14 & 0x7f), byte(n >> 7 & 0x7f), byte(n & 0x7f)}, body)
}

func id3Frame(id string, text string) []byte {
	return join([]byte(id), u32(len(text)), u16(0), []byte(text))
}

func flvMeta(seconds float64) []byte {
	body := join([]byte{2}, u16(10), []byte("onMetaData"), []byte{8}, u32(2), u16(8), []byte("duration"), []byte{0}, f64(seconds),
		u16(12), []byte("videocodecid"), []byte{0}, f64(7), u16(12), []byte("audiocodecid"), []byte{0}, f64(10), []byte{0, 0, 9})
	return join([]byte("FLV\x01\x05"), u32(9), u32(0), []byte{18}, u32(len(body))[1:], zeros(7), body, u32(len(body)+11))
}
