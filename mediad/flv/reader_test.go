package flv

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"synctv/mediad/av"
)

func readAll(in []byte, size int) (tags []Tag, err error) {
	r := NewReader()
	for len(in) > 0 {
		n := min(size, len(in))
		p := in[:n]
		in = in[n:]
		for {
			var tag Tag
			if tag, p, err = r.Feed(p); err != nil {
				return tags, err
			}
			if tag.Type == 0 {
				break
			}
			tags = append(tags, tag)
		}
	}
	return tags, nil
}

func TestReader(t *testing.T) {
	header := Header(true, true)
	video := av.Packet{Kind: av.Video, Codec: av.H264, Key: true, DTS: 0x1234567 * time.Millisecond, PTS: 0x1234567 * time.Millisecond, Data: []byte{1, 2, 3}}
	audio := av.Packet{Kind: av.Audio, Codec: av.AAC, Data: bytes.Repeat([]byte{4}, 100_000)}
	plain := AppendTag(AppendTag(bytes.Clone(header), video), audio)
	want := []Tag{{Video, 0x1234567, Body(video)}, {Audio, 0, Body(audio)}}
	longHeader := append([]byte("FLV\x01\x05\x00\x00\x00\x0c"), 9, 9, 9, 0, 0, 0, 0)
	unknown := append(unhex(t, "0f 000005 000000 00 000000"), 1, 2, 3, 4, 5, 0, 0, 0, 16)
	tests := []struct {
		name string
		in   []byte
		want []Tag
		err  error
	}{
		{"plain", plain, want, nil},
		{"a longer file header", append(longHeader, plain[len(header):]...), want, nil},
		{"tags of no known type are left out", append(append(bytes.Clone(header), unknown...), plain[len(header):]...), want, nil},
		{"encoder 19: an empty tag", append(bytes.Clone(header), unhex(t, "09 000000 000028 00 000000 0000000b")...), []Tag{{Video, 40, nil}}, nil},
		{"wrong back pointers", append(bytes.Clone(header), unhex(t, "08 000001 000000 00 000000 aa ffffffff")...), []Tag{{Audio, 0, []byte{0xaa}}}, nil},
		{"cut in a tag", plain[:len(plain)-50], want[:1], nil},
		{"no FLV", []byte("\x00\x00\x00\x18ftypmp42"), nil, ErrSignature},
		{"a file header of 4 GiB", unhex(t, "464c5601 05 ffffffff"), nil, ErrSignature},
		{"an encrypted tag", append(bytes.Clone(header), unhex(t, "29 000001 000000 00 000000")...), nil, ErrEncrypted},
		{"ABUSE-120 a tag of 16 MiB", append(bytes.Clone(header), unhex(t, "09 ffffff 000000 00 000000")...), nil, ErrSize},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, size := range []int{len(tt.in), 1, 13} {
				got, err := readAll(tt.in, size)
				if err != tt.err || !reflect.DeepEqual(got, tt.want) {
					t.Fatalf("in pieces of %d: %d tags, %v", size, len(got), err)
				}
			}
		})
	}
}

func TestTimestamps(t *testing.T) {
	ms := time.Millisecond
	tests := []struct {
		dts, pts time.Duration
		at       uint32
		offset   int32
	}{
		{0, 0, 0, 0}, {40 * ms, 120 * ms, 40, 80}, {33_333_333, 66_666_667, 33, 34}, {40 * ms, 0, 40, -40},
		{(1<<32 + 5) * ms, (1<<32 + 5) * ms, 5, 0}, {0, time.Hour * 24, 0, 1<<23 - 1}, {time.Hour * 24, 0, 86_400_000, -1 << 23},
	}
	for _, tt := range tests {
		p := av.Packet{Kind: av.Video, Codec: av.H264, DTS: tt.dts, PTS: tt.pts}
		if at, offset := Timestamp(p), compositionOffset(p); at != tt.at || offset != tt.offset {
			t.Errorf("%v %v: at %d, offset %d", tt.dts, tt.pts, at, offset)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add(AppendTag(Header(true, true), av.Packet{Kind: av.Video, Codec: av.H264, Data: []byte{1, 2, 3}}), uint16(7))
	f.Add(append(Header(true, true), 0x0f, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1), uint16(1))
	f.Fuzz(func(t *testing.T, in []byte, size uint16) {
		whole, err := readAll(in, len(in)+1)
		pieces, err2 := readAll(in, int(size)+1)
		if err != err2 || !reflect.DeepEqual(whole, pieces) {
			t.Fatalf("%v %v, in pieces %v %v", whole, err, pieces, err2)
		}
		total := 0
		for _, tag := range whole {
			total += len(tag.Data)
		}
		if total > len(in) {
			t.Fatalf("%d bytes out of %d", total, len(in))
		}
	})
}

// FuzzDecoder proves that packets of any tags can be muxed again, and then decode
// to the same.
func FuzzDecoder(f *testing.F) {
	for _, s := range []string{
		"17 00 000000" + avc640, "17 01 000050 00000002 6501", "17 01 000000 00000001" + sps640 + "00000001" + pps640 + "00000001 6501",
		"90 68766331" + hevc720, "91 68766331 000028 00000003 260101", "97 02 07a120 01 76703039 8249", "91 61763031 1200 3202bbcc",
	} {
		f.Add(true, unhex(f, s), unhex(f, s))
	}
	for _, s := range []string{"af 00" + aacLC, "af 01 fff14c80013ffc aabb", "2f fffb9064", "90 4f707573" + opus} {
		f.Add(false, unhex(f, s), unhex(f, s))
	}
	f.Fuzz(func(t *testing.T, video bool, first, second []byte) {
		typ := Audio
		if video {
			typ = Video
		}
		var d, again Decoder
		for _, data := range [][]byte{first, second} {
			packets, err := d.Decode(nil, Tag{typ, 40, data})
			if err != nil && len(packets) > 0 {
				t.Fatalf("%x: packets and %v", data, err)
			}
			for _, p := range packets {
				if len(p.Data) == 0 {
					t.Fatalf("%x: an empty packet", data)
				}
				p.DTS = p.DTS.Truncate(time.Millisecond)
				p.PTS = p.DTS + p.CTS().Round(time.Millisecond)
				got, err := again.Decode(nil, Tag{typ, Timestamp(p), Body(p)})
				if err != nil {
					t.Fatalf("%x: %s does not come back: %v", data, short([]av.Packet{p}), err)
				}
				for _, q := range got {
					if q.Codec != p.Codec || q.Kind != p.Kind {
						t.Fatalf("%x: %s becomes %s", data, short([]av.Packet{p}), short(got))
					}
				}
			}
		}
	})
}

func FuzzMetadata(f *testing.F) {
	f.Add(script())
	f.Add(MetadataOf([]av.Track{{Kind: av.Video, Codec: av.H264, Width: 640, Height: 360}}, "SyncTV"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, _ := ParseMetadata(b)
		if m.Duration < 0 || m.AudioChannels < 0 || m.AudioChannels > 255 {
			t.Fatalf("%+v", m)
		}
	})
}

// BenchmarkTag is what a frame costs to be made into a tag, once for all viewers.
func BenchmarkTag(b *testing.B) {
	p := av.Packet{Kind: av.Video, Codec: av.H264, Data: make([]byte, 4000)}
	b.SetBytes(4000)
	b.ReportAllocs()
	for b.Loop() {
		AppendTag(make([]byte, 0, TagSize(p)), p)
	}
}

func BenchmarkDecoder(b *testing.B) {
	var d Decoder
	d.Decode(nil, Tag{Video, 0, unhex(b, "17 00 000000"+avc640)})
	frame := append(unhex(b, "27 01 000000 00000f9c 41"), make([]byte, 3995)...)
	dst := make([]av.Packet, 0, 2)
	b.SetBytes(int64(len(frame)))
	b.ReportAllocs()
	for b.Loop() {
		dst, _ = d.Decode(dst[:0], Tag{Video, 40, frame})
	}
}
