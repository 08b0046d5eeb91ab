package ts

import (
	"bytes"
	"errors"
	"os"
	"reflect"
	"testing"
	"time"

	"synctv/mediad/av"
)

func file(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// demux feeds b in pieces.
func demux(t testing.TB, b []byte, piece int) []av.Packet {
	t.Helper()
	var d Demuxer
	var got []av.Packet
	var err error
	for len(b) > 0 {
		n := min(piece, len(b))
		if got, err = d.Feed(got, b[:n]); err != nil {
			t.Fatal(err)
		}
		b = b[n:]
	}
	return d.Flush(got)
}

// turn is the one turn of the clock by which everything is ahead.
const turn = wrap * 100000 / 9

// TestFiles that ffmpeg has made: as many frames as ffprobe counts, at the times that it says.
func TestFiles(t *testing.T) {
	for name, codec := range map[string]av.Codec{"h264-aac.ts": av.H264, "h265-aac.ts": av.HEVC} {
		got := demux(t, file(t, name), 1<<20)
		var lineup av.Lineup
		var frames [3]int
		var last [3]time.Duration
		for _, p := range got {
			if _, err := lineup.Observe(p); err != nil {
				t.Fatal(name, err)
			}
			if p.Config {
				continue
			}
			at := p.DTS - turn
			if frames[p.Kind] == 0 {
				want := map[av.Kind]time.Duration{av.Video: 1400 * time.Millisecond, av.Audio: 1456778 * time.Microsecond}[p.Kind]
				if (at-want).Abs() > 10*time.Microsecond || !p.Key {
					t.Errorf("%s: %s begins at %v, key %v", name, p.Kind, at, p.Key)
				}
			} else if at <= last[p.Kind] {
				t.Errorf("%s: %s at %v after %v", name, p.Kind, at, last[p.Kind])
			}
			frames[p.Kind], last[p.Kind] = frames[p.Kind]+1, at
		}
		tracks := lineup.Tracks()
		if frames[av.Video] != 25 || frames[av.Audio] != 45 || len(tracks) != 2 {
			t.Errorf("%s: %v frames, %d tracks", name, frames, len(tracks))
		}
		for _, track := range tracks {
			if track.Kind == av.Video && (track.Codec != codec || track.Width != 64 || track.Height != 36) ||
				track.Kind == av.Audio && (track.SampleRate != 44100 || track.Channels != 1) {
				t.Errorf("%s: %+v", name, track)
			}
		}
		for _, piece := range []int{1, 7, 187, 188, 189, 1000} {
			if again := demux(t, file(t, name), piece); !reflect.DeepEqual(again, got) {
				t.Errorf("%s in pieces of %d: %d packets, not %d", name, piece, len(again), len(got))
			}
		}
	}
}

// TestDamage: what is lost takes frames along, and nothing else.
func TestDamage(t *testing.T) {
	whole := file(t, "h264-aac.ts")
	all := len(demux(t, whole, 1<<20))
	for name, b := range map[string][]byte{
		"a packet is missing":        append(bytes.Clone(whole[:50*packetSize]), whole[51*packetSize:]...),
		"bytes are missing":          append(bytes.Clone(whole[:50*packetSize]), whole[50*packetSize+40:]...),
		"it begins in the middle":    whole[77:],
		"something is in between":    bytes.Join([][]byte{whole[:packetSize*20], make([]byte, 1000), whole[packetSize*20:]}, nil),
		"a packet comes twice":       bytes.Join([][]byte{whole[:packetSize*21], whole[packetSize*20:]}, nil),
		"an error is marked":         mark(whole, 40, 1, 0x80),
		"a header is longer than it": mark(whole, 40, 4, 0xff),
		"tables come again":          append(bytes.Clone(whole), whole[:3*packetSize]...),
	} {
		if got := len(demux(t, b, 1000)); got < all-20 || got > all+2 {
			t.Errorf("%s: %d packets of %d", name, got, all)
		}
	}
}

func mark(b []byte, packet, at int, bits byte) []byte {
	b = bytes.Clone(b)
	b[packet*packetSize+at] |= bits
	return b
}

func TestRefused(t *testing.T) {
	scrambled := bytes.Clone(file(t, "h264-aac.ts"))
	for i := 3 * packetSize; i < len(scrambled); i += packetSize {
		scrambled[i+3] |= 0x80
	}
	head := file(t, "h264-aac.ts")[:4*packetSize]
	endless := bytes.Clone(head)
	for i := 0; i < maxFrame/180; i++ { // a picture without an end
		p := bytes.Repeat([]byte{0xaa}, packetSize)
		copy(p, []byte{syncByte, 0x01, 0x00, 0x10 | byte(i+1)&15})
		endless = append(endless, p...)
	}
	for name, c := range map[string]struct {
		b    []byte
		want error
	}{
		"no transport stream": {make([]byte, maxAstray+1), ErrSync},
		"scrambled":           {scrambled, ErrScrambled},
		"a frame of 9 MiB":    {endless, ErrSize},
	} {
		var d Demuxer
		if _, err := d.Feed(nil, c.b); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestClock(t *testing.T) {
	var c clock
	for i, raw := range []int64{wrap - 90000, wrap - 93600, 0, 90000, 86400} {
		got := c.at(raw)
		c.last = got
		if want := 2*wrap + []int64{-90000, -93600, 0, 90000, 86400}[i]; got != want {
			t.Errorf("%d: %d, not %d", raw, got, want)
		}
	}
}

func TestADTS(t *testing.T) {
	var raw []byte
	for _, p := range demux(t, file(t, "h264-aac.ts"), 1<<20) {
		if p.Kind == av.Audio && !p.Config {
			n := len(p.Data) + 7
			raw = append(raw, 0xff, 0xf1, 0x50, 0x40|byte(n>>11), byte(n>>3), byte(n)<<5|0x1f, 0xfc)
			raw = append(raw, p.Data...)
		}
	}
	got := ADTS(time.Second, raw)
	if len(got) != 46 || !got[0].Config || got[1].DTS != time.Second || (got[45].DTS-time.Second-44*1024*time.Second/44100).Abs() > time.Microsecond*10 {
		t.Errorf("%d packets, %v", len(got), got[len(got)-1].DTS)
	}
}

func FuzzDemuxer(f *testing.F) {
	for _, name := range []string{"h264-aac.ts", "h265-aac.ts"} {
		b := file(f, name)
		f.Add(b[:min(len(b), 30*packetSize)], 188)
		f.Add(b[100:3000], 7)
	}
	f.Fuzz(func(t *testing.T, b []byte, piece int) {
		var d Demuxer
		var got []av.Packet
		var err error
		for p := b; len(p) > 0; {
			n := min(max(piece, 1), len(p))
			if got, err = d.Feed(got, p[:n]); err != nil {
				return
			}
			p = p[n:]
		}
		size := 0
		for _, p := range d.Flush(got) {
			size += len(p.Data)
			if len(p.Data) == 0 || p.DTS < 0 {
				t.Fatalf("%+v", p)
			}
		}
		if size > 4*len(b)+1000 {
			t.Fatalf("%d bytes out of %d", size, len(b))
		}
	})
}
