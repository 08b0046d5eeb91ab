package fmp4

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"testing"
	"time"

	"synctv/mediad/av"
)

// split divides a file into its initialisation and the fragments.
func split(t testing.TB, name string) (init, rest []byte) {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(b, []byte("moof")) - 4
	return b[:at:at], b[at:]
}

// TestFiles that ffmpeg has made: as many frames as ffprobe counts, at the times that it says. The second one has offsets from the
// beginning of the file, and not of the fragment.
func TestFiles(t *testing.T) {
	for _, c := range []struct {
		name         string
		codecs       [2]av.Codec
		video, audio int
		second       time.Duration // of sound
		whole        bool
	}{
		{"h264-aac.mp4", [2]av.Codec{av.H264, av.AAC}, 25, 45, 80 * time.Millisecond, false},
		{"h265-opus.mp4", [2]av.Codec{av.HEVC, av.Opus}, 25, 51, 93500 * time.Microsecond, true},
	} {
		init, segment := split(t, c.name)
		in, err := ParseInit(init)
		if err != nil {
			t.Fatal(c.name, err)
		}
		if c.whole {
			segment = append(init, segment...)
		}
		got, err := in.Packets(segment)
		if err != nil {
			t.Fatal(c.name, err)
		}
		var lineup av.Lineup
		var frames [3]int
		for _, p := range got {
			if _, err := lineup.Observe(p); err != nil {
				t.Fatal(c.name, err)
			}
			if p.Config {
				continue
			}
			n := frames[p.Kind]
			frames[p.Kind]++
			switch {
			case p.Codec != c.codecs[p.Kind-1]:
				t.Errorf("%s: %v", c.name, p.Codec)
			case n == 0 && (p.DTS != 0 || !p.Key):
				t.Errorf("%s: %v begins at %v", c.name, p.Kind, p.DTS)
			case n == 1 && p.Kind == av.Video && (p.DTS != 40*time.Millisecond || p.PTS < p.DTS):
				t.Errorf("%s: the second picture is at %v, %v", c.name, p.DTS, p.PTS)
			}
		}
		if frames[av.Video] != c.video || frames[av.Audio] != c.audio || len(lineup.Tracks()) != 2 {
			t.Errorf("%s: %v frames, %d tracks", c.name, frames, len(lineup.Tracks()))
		}
	}
}

// box finds the first box of a name and returns where its body begins.
func box(b []byte, name string) int { return bytes.Index(b, []byte(name)) + 4 }

func set(b []byte, at int, v uint32) []byte {
	b = bytes.Clone(b)
	binary.BigEndian.PutUint32(b[at:], v)
	return b
}

func TestRefused(t *testing.T) {
	init, segment := split(t, "h264-aac.mp4")
	in, err := ParseInit(init)
	if err != nil {
		t.Fatal(err)
	}
	trun := box(segment, "trun")
	for name, c := range map[string]struct {
		b    []byte
		want error
	}{
		"a box longer than all":         {set(segment, 0, 0xfffffff0), ErrBox},
		"a box shorter than its head":   {set(segment, 0, 7), ErrBox},
		"more samples than are listed":  {set(segment, trun+4, 90_000), ErrBox},
		"more samples than anybody has": {set(segment, trun+4, 0xffffffff), ErrValue},
		"samples before the data":       {set(segment, trun+8, 0x80000000), ErrSample},
		"samples behind the data":       {set(segment, trun+8, 0x7fffffff), ErrSample},
		"a sample longer than the data": {set(segment, trun+16, 0x7fffffff), ErrSample},
		"half of it":                    {segment[:len(segment)/2], ErrSample},
	} {
		if _, err := in.Packets(c.b); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	tfdt := box(segment, "tfdt")
	late := set(set(segment, tfdt+4, 0xffffffff), tfdt+8, 0xffffffff)
	if _, err := in.Packets(late); !errors.Is(err, ErrValue) && segment[tfdt] == 1 {
		t.Errorf("a time beyond all times: %v", err)
	}
	encrypted := bytes.Replace(bytes.Replace(init, []byte("avc1\x00"), []byte("encv\x00"), 1), []byte("mp4a\x00"), []byte("enca\x00"), 1)
	for name, c := range map[string]struct {
		b    []byte
		want error
	}{
		"nothing": {nil, ErrNoTrack}, "no box": {[]byte("xxxx"), ErrNoTrack}, "encrypted": {encrypted, ErrEncrypted},
		"unknown": {bytes.ReplaceAll(bytes.ReplaceAll(init, []byte("avc1\x00"), []byte("xxxx\x00")), []byte("mp4a\x00"), []byte("yyyy\x00")), ErrNoTrack},
	} {
		if _, err := ParseInit(c.b); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzSegment(f *testing.F) {
	for _, name := range []string{"h264-aac.mp4", "h265-opus.mp4"} {
		init, segment := split(f, name)
		f.Add(init, segment[:min(len(segment), 4000)])
		f.Add(init, append(init, segment...))
	}
	f.Fuzz(func(t *testing.T, init, segment []byte) {
		in, err := ParseInit(init)
		if err != nil {
			return
		}
		packets, err := in.Packets(segment)
		if err != nil {
			return
		}
		for _, p := range packets {
			if len(p.Data) == 0 || p.DTS < 0 {
				t.Fatalf("%+v", p)
			}
		}
	})
}
