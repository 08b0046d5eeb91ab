package av

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
)

func TestParseAccessUnit(t *testing.T) {
	tests := []struct {
		name       string
		codec      Codec
		lengthSize int
		data, want string
		random     bool
		sps        int
		err        error
	}{
		{"nothing to do", H264, 4, "00000002 6501 00000001 61", "00000002 6501 00000001 61", true, 0, nil},
		{"encoder 17: delimiter and filler go", H264, 4, "00000002 09f0 00000002 6501 00000003 0cffff", "00000002 6501", true, 0, nil},
		{"encoder 17: HEVC delimiter goes", HEVC, 4, "00000003 460150 00000003 260101", "00000003 260101", true, 0, nil},
		{"encoder 17: lengths of two bytes", H264, 2, "0002 4101 0001 06", "00000002 4101 00000001 06", false, 0, nil},
		{"encoder 17: lengths of one byte", H264, 1, "02 4101", "00000002 4101", false, 0, nil},
		{"encoder 17: Annex B, both start codes", H264, 4, "00000001 09f0 000001 6742 00000001 6801 000001 65aabb", "00000002 6742 00000002 6801 00000003 65aabb", true, 1, nil},
		{"encoder 17: HEVC in Annex B", HEVC, 4, "00000001 460150 00000001 4201 000001 260101", "00000002 4201 00000003 260101", true, 1, nil},
		{"encoder 17: Annex B with zeros at the end", H264, 4, "00000001 6501 000000", "00000002 6501", true, 0, nil},
		{"encoder 17: a length that looks like a start code", H264, 4, "00000001 06 00000002 4101", "00000001 06 00000002 4101", false, 0, nil},
		{"encoder 19: empty and one-byte units", H264, 4, "00000000 00000001 06 00000002 4101", "00000001 06 00000002 4101", false, 0, nil},
		{"encoder 19: nothing but a delimiter", H264, 4, "00000002 09f0", "", false, 0, nil},
		{"no data", H264, 4, "", "", false, 0, nil},
		{"ABUSE-133 length past the end", H264, 4, "00000009 6501", "", false, 0, ErrNAL},
		{"ABUSE-133 length of 4 GiB", H264, 4, "ffffffff 6501", "", false, 0, ErrNAL},
		{"ABUSE-133 cut length", H264, 4, "00000002 6501 0000", "", false, 0, ErrNAL},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u, err := ParseAccessUnit(tt.codec, unhex(t, tt.data), tt.lengthSize)
			if !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			if !bytes.Equal(u.Data, unhex(t, tt.want)) || u.RandomAccess != tt.random || len(u.Sets.SPS) != tt.sps {
				t.Errorf("%x, random access %v, %d SPS", u.Data, u.RandomAccess, len(u.Sets.SPS))
			}
		})
	}
}

func TestABUSE133ManyUnits(t *testing.T) {
	if _, err := ParseAccessUnit(H264, make([]byte, 4*100_000), 4); err != ErrTooManyUnits {
		t.Errorf("100,000 empty units: %v", err)
	}
	data := bytes.Repeat([]byte{0, 0, 1, 0x41}, 100_000)
	if _, err := ParseAccessUnit(H264, data, 4); err == nil {
		t.Error("100,000 units with start codes are accepted")
	}
	if _, err := StripOBUs(bytes.Repeat([]byte{0x12, 0}, 100_000)); err != ErrTooManyUnits {
		t.Errorf("100,000 OBUs: %v", err)
	}
}

func TestAccessUnitIsNotCopied(t *testing.T) {
	data := unhex(t, "00000002 6501 00000001 61")
	var u AccessUnit
	n := testing.AllocsPerRun(100, func() { u, _ = ParseAccessUnit(H264, data, 4) })
	if &u.Data[0] != &data[0] || n > 0 {
		t.Errorf("copied, %v allocations", n)
	}
}

func TestAnnexBSets(t *testing.T) {
	sets, err := AnnexB(H264, unhex(t, "00000001"+avcSPS640+"00000001"+avcPPS640))
	if err != nil || !sets.Complete() {
		t.Fatalf("%+v, %v", sets, err)
	}
	if b, err := sets.Config(H264); err != nil || !bytes.Equal(b, unhex(t, avc640)) {
		t.Errorf("%x, %v", b, err)
	}
	if _, err := AnnexB(H264, []byte{1, 2, 3}); err != ErrNAL {
		t.Errorf("no start code: %v", err)
	}
}

func TestStripOBUs(t *testing.T) {
	tests := []struct {
		name, data, want string
		err              error
	}{
		{"nothing to strip", "0a01aa 3202bbcc", "0a01aa 3202bbcc", nil},
		{"temporal delimiter in front", "1200 0a01aa", "0a01aa", nil},
		{"padding between", "0a01aa 7a0100 3201bb", "0a01aa 3201bb", nil},
		{"last one without a size", "1200 30bbcc", "30bbcc", nil},
		{"only a delimiter", "1200", "", nil},
		{"size past the end", "0a05aa", "", ErrOBU},
		{"forbidden bit", "8a00", "", ErrOBU},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := StripOBUs(unhex(t, tt.data))
			if err != tt.err || !bytes.Equal(got, unhex(t, tt.want)) {
				t.Errorf("%x, %v", got, err)
			}
		})
	}
}

func TestExpGolomb(t *testing.T) {
	for _, v := range []uint32{0, 1, 2, 3, 254, 255, 1 << 16, 1<<31 - 1} {
		var w bitWriter
		w.ue(v)
		if r := (&bitReader{b: w.b}); r.ue() != v || r.over {
			t.Errorf("%d does not come back", v)
		}
	}
	r := &bitReader{b: append(binary.BigEndian.AppendUint64(nil, 1<<31), 0)}
	if r.ue() != 1<<32-1 || r.over {
		t.Error("the largest code")
	}
}
