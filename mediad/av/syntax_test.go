package av

import "testing"

func (w *bitWriter) se(v int32) {
	if v > 0 {
		w.ue(uint32(2*v - 1))
	} else {
		w.ue(uint32(-2 * v))
	}
}

// The tests below write the rare branches of each syntax as its specification
// has it, field by field, and end with a picture size: one bit too many or too
// few on the way, and the size is wrong.

func TestAVCRareSyntax(t *testing.T) {
	w := bitWriter{b: []byte{0x67, 100, 0, 31}}
	w.ue(0)   // id
	w.ue(3)   // 4:4:4
	w.u(1, 0) // no separate planes
	w.ue(2)   // luma of ten bits
	w.ue(0)   // chroma of eight
	w.u(1, 0) // no lossless bypass
	w.u(1, 1) // scaling matrix
	w.u(1, 1) // list 0: all there
	for i := range 16 {
		w.se(int32(i%3) - 1)
	}
	w.u(1, 1) // list 1: the default
	w.se(-8)
	w.u(4, 0)
	w.u(1, 1) // list 6, of 64: ends after two
	w.se(3)
	w.se(-11)
	w.u(5, 0)
	w.ue(4)   // frame number bits
	w.ue(1)   // picture order type 1
	w.u(1, 0) // delta always zero
	w.se(-7)
	w.se(9)
	w.ue(3)
	for i := range 3 {
		w.se(int32(i) * -100)
	}
	w.ue(4)   // reference frames
	w.u(1, 0) // gaps
	w.ue(44)  // 720
	w.ue(17)  // 576, as fields
	w.u(1, 0) // interlaced
	w.u(1, 1) // adaptive
	w.u(1, 1) // direct 8x8
	w.u(1, 1) // crop, in units of one pixel and two lines
	w.ue(8)
	w.ue(8)
	w.ue(1)
	w.ue(2)
	w.u(9, 0x100)
	s, err := parseAVCSPS(w.b)
	if err != nil || s.width != 704 || s.height != 570 || s.bitDepth != 10 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestHEVCRareSyntax(t *testing.T) {
	w := bitWriter{b: []byte{0x42, 1}}
	w.u(4, 0)
	w.u(3, 2) // three sub-layers
	w.u(1, 1)
	w.u(8, 0x21) // high tier, main
	w.u(32, 0x60000000)
	w.u(32, 0x90000000)
	w.u(16, 1)
	w.u(8, 123)
	w.u(2, 3) // first sub-layer: profile and level
	w.u(2, 1) // second: level
	w.u(12, 0)
	for range 88 {
		w.u(1, 1)
	}
	w.u(8, 90)
	w.u(8, 93)
	w.ue(0)   // id
	w.ue(2)   // 4:2:2
	w.ue(854) // width
	w.ue(488) // height
	w.u(1, 1)
	w.ue(1)
	w.ue(2)
	w.ue(0)
	w.ue(8)
	w.ue(4)
	w.ue(0)
	w.u(9, 0x100)
	s, err := parseHEVCSPS(escape(w.b))
	if err != nil || s.width != 848 || s.height != 480 || s.bitDepth != 12 || s.layers != 3 || s.nested != 1 {
		t.Errorf("%+v, %v", s, err)
	}
	config, err := BuildHEVCConfig(nil, [][]byte{escape(w.b)}, [][]byte{{0x44, 1, 2}})
	if err != nil {
		t.Fatal(err)
	}
	if track, err := Describe(HEVC, config); err != nil || track.MIME != "hvc1.1.6.H123.90.0.0.0.0.1" || track.Width != 848 {
		t.Errorf("%+v, %v", track, err)
	}
}

// escape puts emulation prevention into a NAL unit.
func escape(b []byte) (out []byte) {
	zeros := 0
	for _, c := range b {
		if zeros == 2 && c <= 3 {
			out, zeros = append(out, 3), 0
		}
		if out = append(out, c); c == 0 {
			zeros++
		} else {
			zeros = 0
		}
	}
	return out
}

func TestAV1RareSyntax(t *testing.T) {
	var w bitWriter
	w.u(3, 1) // profile
	w.u(2, 0) // no still picture, no reduced header
	w.u(1, 1) // timing info
	w.u(32, 1)
	w.u(32, 30)
	w.u(1, 1) // equal interval: one less than two ticks
	w.ue(1)
	w.u(1, 1)  // decoder model
	w.u(5, 9)  // delays of ten bits
	w.u(32, 1) // tick
	w.u(5, 4)
	w.u(5, 4)
	w.u(1, 1) // initial display delay
	w.u(5, 1) // two operating points
	for i := range 2 {
		w.u(12, 0x101)
		w.u(5, uint32(7+i)) // level; above 7 a tier follows
		if i == 1 {
			w.u(1, 1)
		}
		w.u(1, 1) // model of this one
		w.u(10, 3)
		w.u(10, 3)
		w.u(1, 0)
		w.u(1, 1)
		w.u(4, 5)
	}
	w.u(4, 10)
	w.u(4, 9)
	w.u(11, 1279)
	w.u(10, 719)
	payload := append(w.b, 0, 0)
	config := append([]byte{0x81, 0x28, 0xc0, 0, 0x12, 0, 0x0e, 0, byte(len(payload))}, payload...)
	track, err := Describe(AV1, config)
	if err != nil || track.Width != 1280 || track.Height != 720 || track.MIME != "av01.1.08H.10" {
		t.Errorf("%+v, %v", track, err)
	}
	reduced := bitWriter{}
	reduced.u(5, 3)
	reduced.u(5, 4)
	reduced.u(8, 0x77)
	reduced.u(8, 99)
	reduced.u(8, 49)
	if width, height, err := av1Size(append(reduced.b, 0)); err != nil || width != 100 || height != 50 {
		t.Errorf("reduced: %dx%d, %v", width, height, err)
	}
}

func TestAACProgramConfig(t *testing.T) {
	var w bitWriter
	w.u(5, aacLC)
	w.u(4, 3)
	w.u(4, 0) // channels: see below
	w.u(3, 0) // 1,024 samples, no core coder, no extension
	w.u(4, 0)
	w.u(2, 1)
	w.u(4, 3)
	w.u(4, 2) // front: one alone, one pair
	w.u(4, 0) // side
	w.u(4, 1) // back: a pair
	w.u(2, 1) // low frequencies
	w.u(3, 0)
	w.u(4, 1) // a coupling channel
	w.u(1, 1) // mono mixdown
	w.u(4, 0)
	w.u(2, 0)
	w.u(5, 0x00)
	w.u(5, 0x10)
	w.u(5, 0x11)
	w.u(4, 0)
	w.u(5, 0)
	for w.n&7 != 0 {
		w.u(1, 0)
	}
	w.u(8, 2)
	w.u(16, 0x6869)
	w.u(11, 0x2b7) // and SBR behind it
	w.u(5, aacSBR)
	w.u(1, 1)
	w.u(4, 0)
	w.u(11, 0x548)
	w.u(1, 1)
	c, err := ParseAACConfig(w.b)
	if err != nil || c.Channels != 6 || c.SampleRate != 96000 || c.CoreRate != 48000 || c.ObjectType != aacPS {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestADTS(t *testing.T) {
	tests := []struct {
		name, data string
		want       ADTS
		ok         bool
	}{
		{"48 kHz stereo", "fff14c80013ffc aabb", ADTS{48000, 2, 7}, true},
		{"with checksum", "fff050800 17ffc 0000 aabb", ADTS{44100, 2, 9}, true},
		{"length of another frame", "fff14c80013ffc aabbcc", ADTS{}, false},
		{"a raw frame", "21100556", ADTS{}, false},
	}
	for _, tt := range tests {
		if got, ok := ParseADTS(unhex(t, tt.data)); got != tt.want || ok != tt.ok {
			t.Errorf("%s: %+v, %v", tt.name, got, ok)
		}
	}
}
