package av

import (
	"bytes"
	"testing"
)

// checkDescribe proves for any configuration that nothing it claims is believed
// beyond what exists.
func checkDescribe(t *testing.T, c Codec, config []byte) {
	track, err := Describe(c, config)
	if err != nil {
		return
	}
	if track.MIME == "" || track.Width < 0 || track.Width > MaxSide || track.Height < 0 || track.Height > MaxSide {
		t.Fatalf("%+v", track)
	}
	if c.Kind() == Audio && (track.SampleRate < 1 || track.SampleRate > 655350 || track.Channels < 1 || track.Channels > 255) {
		t.Fatalf("%+v", track)
	}
}

func FuzzAVCConfig(f *testing.F) {
	f.Add(unhex(f, avc640))
	f.Add(unhex(f, "017a0028ffe1001a677a0028b6ce8078044fcb808800000300080000030190f8b17501000568de0fc40cfefafa00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		checkDescribe(t, H264, b)
		c, err := ParseAVCConfig(b)
		if err != nil {
			return
		}
		again, err := BuildAVCConfig(c.SPS, c.PPS)
		if err != nil {
			return
		}
		if d, err := ParseAVCConfig(again); err != nil || len(d.SPS) != len(c.SPS) || !bytes.Equal(d.SPS[0], c.SPS[0]) {
			t.Fatalf("%x becomes %x: %v", b, again, err)
		}
	})
}

func FuzzSPS(f *testing.F) {
	f.Add(unhex(f, avcSPS640))
	f.Add(unhex(f, hevcSPS1))
	f.Add(hugeSPS())
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := parseAVCSPS(b); err == nil && (s.width < 1 || s.width > MaxSide || s.height < 1 || s.height > MaxSide) {
			t.Fatalf("H.264 %+v", s)
		}
		if s, err := parseHEVCSPS(b); err == nil && (s.width < 1 || s.width > MaxSide || s.height < 1 || s.height > MaxSide) {
			t.Fatalf("HEVC %+v", s)
		}
	})
}

func FuzzHEVCConfig(f *testing.F) {
	f.Add(unhex(f, hevcMain10))
	f.Fuzz(func(t *testing.T, b []byte) {
		checkDescribe(t, HEVC, b)
		c, err := ParseHEVCConfig(b)
		if err != nil {
			return
		}
		if again, err := BuildHEVCConfig(c.VPS, c.SPS, c.PPS); err == nil {
			if d, err := ParseHEVCConfig(again); err != nil || len(d.SPS) != len(c.SPS) {
				t.Fatalf("%x becomes %x: %v", b, again, err)
			}
		}
	})
}

func FuzzAV1Config(f *testing.F) {
	f.Add(unhex(f, "81000c000a0b000000043cfeccdaf90040"))
	f.Add(unhex(f, "01000000000b820202020000"))
	f.Fuzz(func(t *testing.T, b []byte) {
		checkDescribe(t, AV1, b)
		checkDescribe(t, VP9, b)
		if out, err := StripOBUs(b); err == nil && len(out) > len(b) {
			t.Fatalf("%x grows to %x", b, out)
		}
	})
}

func FuzzAudioConfig(f *testing.F) {
	for _, s := range []string{"1190", "139056e5a0", "eb8a0800", "1780005dc010", "000601380000bb800000010402000401020305", "fffb9064", "0b77037f3f87c00020f8"} {
		f.Add(unhex(f, s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, c := range []Codec{AAC, Opus, MP3, AC3, EAC3, FLAC} {
			checkDescribe(t, c, b)
		}
	})
}

// FuzzAccessUnit proves that what comes out divides into units, none of which is
// to be stripped, and that doing it again changes nothing.
func FuzzAccessUnit(f *testing.F) {
	f.Add(unhex(f, "0000000209f0000000026501000000030cffff"), uint8(4), false)
	f.Add(unhex(f, "0000000109f000000167420000016801"), uint8(2), true)
	f.Fuzz(func(t *testing.T, b []byte, size uint8, hevc bool) {
		c := H264
		if hevc {
			c = HEVC
		}
		lengthSize := [...]int{1, 2, 4}[size%3]
		u, err := ParseAccessUnit(c, b, lengthSize)
		if err != nil || len(u.Data) == 0 {
			return
		}
		again, err := ParseAccessUnit(c, u.Data, 4)
		if err != nil || &again.Data[0] != &u.Data[0] {
			t.Fatalf("%x becomes %x, then %x: %v", b, u.Data, again.Data, err)
		}
	})
}
