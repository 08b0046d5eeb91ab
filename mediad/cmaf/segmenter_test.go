package cmaf

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Eyevinn/mp4ff/mp4"

	"synctv/mediad/av"
	"synctv/mediad/cmaf/cmaftest"
)

var update = flag.Bool("update", false, "write golden files anew")

const ms = time.Millisecond

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Tracks of these tests: a picture of 64×64, sound of 1024 samples a frame.
var (
	avcTrack = must(av.Describe(av.H264, must(av.BuildAVCConfig([][]byte{{0x67, 0x64, 0x00, 0x0a, 0xac, 0xd9, 0x44, 0x26, 0x84, 0x00,
		0x00, 0x03, 0x00, 0x04, 0x00, 0x00, 0x03, 0x00, 0xc8, 0x3c, 0x48, 0x96, 0x58}}, [][]byte{{0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0}}))))
	avcTrack2 = must(av.Describe(av.H264, must(av.BuildAVCConfig([][]byte{{0x67, 0x64, 0x00, 0x0a, 0xac, 0xd9, 0x44, 0x26, 0x84, 0x00,
		0x00, 0x03, 0x00, 0x04, 0x00, 0x00, 0x03, 0x00, 0xc8, 0x3c, 0x48, 0x96, 0x58}}, [][]byte{{0x68, 0xeb, 0xec, 0xb2, 0x2c}}))))
	aacTrack = must(av.Describe(av.AAC, av.BuildAACConfig(44100, 2)))
)

func video(at time.Duration, key bool) av.Packet {
	return av.Packet{Kind: av.Video, Codec: av.H264, Key: key, DTS: at, PTS: at + 40*ms, Data: []byte(fmt.Sprintf("v%d", at.Milliseconds()))}
}

func audioFrame(at time.Duration) av.Packet {
	return av.Packet{Kind: av.Audio, Codec: av.AAC, Key: true, DTS: at, PTS: at, Data: []byte(fmt.Sprintf("a%d", at.Milliseconds()))}
}

// source makes packets: fps pictures with a key frame every gop, and sound with
// time in whole milliseconds, from begin to end.
type source struct {
	fps        float64
	gop        time.Duration
	begin, end time.Duration
	noVideo    bool
	noAudio    bool
}

func (s source) packets() []av.Packet {
	var list []av.Packet
	n := int(s.gop.Seconds() * s.fps)
	for i := 0; !s.noVideo; i++ {
		at := s.begin + time.Duration(float64(i)/s.fps*1e9).Round(ms)
		if at >= s.end {
			break
		}
		list = append(list, video(at, i%n == 0))
	}
	for i := 0; !s.noAudio; i++ {
		at := s.begin + (time.Duration(i) * 1024 * time.Second / 44100).Round(ms)
		if at >= s.end {
			break
		}
		list = append(list, audioFrame(at))
	}
	slices.SortStableFunc(list, func(a, b av.Packet) int { return int(a.DTS - b.DTS) })
	return list
}

func (s source) until(end time.Duration) source { s.end = end; return s }

// behind lays the pictures 21 ms later, as encoders do for the sake of their sound, with a clock that rounds.
func behind(packets []av.Packet) []av.Packet {
	for i, p := range packets {
		if p.Kind == av.Video {
			late := 21*ms + p.DTS/time.Second%2*ms
			packets[i].DTS, packets[i].PTS = p.DTS+late, p.PTS+late
		}
	}
	slices.SortStableFunc(packets, func(a, b av.Packet) int { return int(a.DTS - b.DTS) })
	return packets
}

// run pushes packets and keeps all events.
func run(s *Segmenter, packets []av.Packet) (events []Event) {
	for _, p := range packets {
		events = append(events, s.Push(p)...)
	}
	return events
}

// summary writes events as "begin", and for each segment kind, number, duration in
// milliseconds, and how many parts it has; i for one that is independent.
func summary(events []Event) string {
	var b strings.Builder
	parts := map[av.Kind]int{}
	for _, e := range events {
		switch e.What {
		case Begin:
			fmt.Fprintf(&b, "begin %d:", e.Segment)
			for _, f := range e.Formats {
				fmt.Fprintf(&b, " %s", f.Track.Codec)
			}
			b.WriteByte('\n')
		case Part:
			parts[e.Kind]++
		case End:
			flags := ""
			if e.Independent {
				flags += " i"
			}
			if e.Gap {
				flags += " gap"
			}
			fmt.Fprintf(&b, "%s %d: %d ms, %d parts%s\n", e.Kind, e.Segment, e.Duration.Milliseconds(), parts[e.Kind], flags)
			parts[e.Kind] = 0
		}
	}
	return b.String()
}

func TestSegments(t *testing.T) {
	both := []av.Track{avcTrack, aacTrack}
	type step struct {
		tracks  []av.Track
		packets []av.Packet
		flush   bool
	}
	seconds := func(s source, from, to int) source {
		s.begin, s.end = time.Duration(from)*time.Second, time.Duration(to)*time.Second
		return s
	}
	tv := source{fps: 25, gop: 2 * time.Second}
	mark := func(p []av.Packet) []av.Packet { p[0].Discontinuity = true; return p }
	for _, c := range []struct {
		name  string
		steps []step
	}{
		{"both", []step{{both, seconds(tv, 0, 6).packets(), true}}},
		{"encoder 15: picture only", []step{{both[:1], source{fps: 30, gop: time.Second, end: 4 * time.Second, noAudio: true}.packets(), true}}},
		{"encoder 15: sound only", []step{{both[1:], source{end: 4 * time.Second, noVideo: true}.packets(), true}}},
		{"encoder 15: sound announced and never sent", []step{{both, source{fps: 25, gop: 2 * time.Second, end: 6 * time.Second, noAudio: true}.packets(), true}}},
		{"encoder 20: long group of pictures", []step{{both, source{fps: 25, gop: time.Minute, end: 14 * time.Second}.packets(), true}}},
		{"groups a little longer than a segment may be", []step{{both, source{fps: 25, gop: 5 * time.Second, end: 21 * time.Second}.packets(), true}}},
		{"encoder 15: a picture a second behind the sound", []step{{both, behind(source{fps: 1, gop: 2 * time.Second, end: 12 * time.Second}.packets()), true}}},
		{"encoder 15: a picture that stands still from the start", []step{{both, slices.DeleteFunc(tv.until(12*time.Second).packets(), func(p av.Packet) bool {
			return p.Kind == av.Video && p.DTS > 0 && p.DTS < 8*time.Second
		}), true}}},
		{"short groups", []step{{both, source{fps: 25, gop: 400 * ms, end: 5 * time.Second}.packets(), true}}},
		{"encoder 15: late sound", []step{{both[:1], source{fps: 25, gop: 2 * time.Second, end: 5 * time.Second, noAudio: true}.packets(), false},
			{both, slices.DeleteFunc(source{fps: 25, gop: 2 * time.Second, end: 12 * time.Second}.packets(), func(p av.Packet) bool { return p.DTS < 5*time.Second }), true}}},
		{"encoder 16: other configuration", []step{{both, seconds(tv, 0, 4).packets(), false}, {[]av.Track{avcTrack2, aacTrack}, seconds(tv, 4, 8).packets(), true}}},
		{"marked discontinuity", []step{{both, seconds(tv, 0, 3).packets(), false}, {both, mark(seconds(tv, 3, 6).packets()), true}}},
		{"publisher returns", []step{{both, seconds(tv, 0, 3).packets(), true}, {both, seconds(tv, 3, 6).packets(), true}}},
		{"picture pauses", []step{{both, seconds(tv, 0, 4).packets(), false},
			{both, source{begin: 4 * time.Second, end: 12 * time.Second, noVideo: true}.packets(), false}, {both, seconds(tv, 12, 16).packets(), true}}},
		{"sound pauses", []step{{both, seconds(tv, 0, 4).packets(), false},
			{both, source{fps: 25, gop: 2 * time.Second, begin: 4 * time.Second, end: 12 * time.Second, noAudio: true}.packets(), false}, {both, seconds(tv, 12, 16).packets(), true}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := New(Config{First: 100})
			var events []Event
			for _, step := range c.steps {
				s.SetTracks(step.tracks)
				events = append(events, run(s, step.packets)...)
				if step.flush {
					events = append(events, s.Flush()...)
				}
			}
			check(t, s, events)
			name := c.name
			if _, rest, numbered := strings.Cut(name, ": "); numbered {
				name = rest
			}
			golden(t, strings.ReplaceAll(name, " ", "-")+".txt", []byte(fmt.Sprintf("part target %v, %d dropped\n", s.PartTarget(), s.Dropped())+summary(events)))
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s: %v; got\n%s\nwant\n%s", path, err, got, want)
	}
}

// check holds events to what must be true of all: numbers without holes and the same
// in all tracks, parts within the target, time that goes on, nothing lost.
func check(t *testing.T, s *Segmenter, events []Event) {
	t.Helper()
	type state struct {
		segment uint64
		part    int
		end     time.Duration // of the last segment
		time    uint64        // of the last fragment's end
		seq     uint32
		parts   time.Duration
	}
	lanes := map[av.Kind]*state{}
	ended := map[uint64]map[av.Kind]bool{}
	for _, e := range events {
		switch e.What {
		case Begin:
			for _, f := range e.Formats {
				if _, err := mp4.DecodeFile(bytes.NewReader(f.Init)); err != nil {
					t.Errorf("init: %v", err)
				}
				l := lanes[f.Track.Kind]
				if l == nil {
					l = &state{}
					lanes[f.Track.Kind] = l
				}
				l.segment, l.part, l.end = e.Segment, 0, 0
			}
		case Part:
			l := lanes[e.Kind]
			if e.Segment != l.segment || e.Index != l.part {
				t.Errorf("%s part %d.%d, want %d.%d", e.Kind, e.Segment, e.Index, l.segment, l.part)
			}
			if e.Duration > s.PartTarget() || e.Duration <= 0 {
				t.Errorf("%s part %d.%d lasts %v of %v", e.Kind, e.Segment, e.Index, e.Duration, s.PartTarget())
			}
			frags, err := cmaftest.Fragments(bytes.Join(e.Data, nil))
			if err != nil || len(frags) != 1 {
				t.Fatalf("%s part %d.%d: %d fragments, %v", e.Kind, e.Segment, e.Index, len(frags), err)
			}
			if f := frags[0]; f.Time < l.time || f.Sequence <= l.seq {
				t.Errorf("%s part %d.%d: begins at %d after %d, sequence %d after %d", e.Kind, e.Segment, e.Index, f.Time, l.time, f.Sequence, l.seq)
			} else {
				l.time, l.seq = f.Time+f.Duration(), f.Sequence
			}
			l.part++
			l.parts += e.Duration
		case End:
			l := lanes[e.Kind]
			if e.Segment != l.segment || e.Gap != (l.part == 0) {
				t.Errorf("%s segment %d ends with %d parts, gap %v, want %d", e.Kind, e.Segment, l.part, e.Gap, l.segment)
			}
			if l.end != 0 && e.Start != l.end {
				t.Errorf("%s segment %d begins at %v, the one before ended at %v", e.Kind, e.Segment, e.Start, l.end)
			}
			if e.Duration.Round(time.Second) > s.config.Longest || e.Duration < 0 {
				t.Errorf("%s segment %d lasts %v", e.Kind, e.Segment, e.Duration)
			}
			if d := e.Duration - l.parts; d < -100*time.Microsecond {
				t.Errorf("%s segment %d lasts %v, its parts %v", e.Kind, e.Segment, e.Duration, l.parts)
			}
			l.segment, l.part, l.end, l.parts = l.segment+1, 0, e.Start+e.Duration, 0
			if ended[e.Segment] == nil {
				ended[e.Segment] = map[av.Kind]bool{}
			}
			ended[e.Segment][e.Kind] = true
		}
	}
	last := uint64(0)
	for n := range ended {
		last = max(last, n)
	}
	for n := s.config.First; n <= last; n++ {
		if ended[n] == nil {
			t.Errorf("no segment %d", n)
		}
	}
}

// TestSegmentsOfChaos pushes what no encoder would send.
func TestSegmentsOfChaos(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		s := New(Config{})
		var line av.Timeline
		var events []Event
		sets := [][]av.Track{{avcTrack, aacTrack}, {avcTrack}, {aacTrack}, {avcTrack2, aacTrack}}
		s.SetTracks(sets[0])
		at := time.Duration(0)
		for range 2000 {
			switch n := r.IntN(1000); {
			case n < 2:
				s.SetTracks(sets[r.IntN(len(sets))])
			case n < 4:
				events = append(events, s.Flush()...)
			case n < 8:
				at += time.Duration(r.IntN(8000)) * ms
			case n < 10:
				at = time.Duration(r.IntN(100000)) * ms
			}
			at += time.Duration(r.IntN(25)) * ms
			p := audioFrame(at)
			if r.IntN(2) == 0 {
				p = video(at, r.IntN(50) == 0)
				p.PTS = at + time.Duration(r.IntN(200)-50)*ms
			}
			events = append(events, s.Push(line.Place(p))...)
		}
		events = append(events, s.Flush()...)
		if check(t, s, events); t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func TestPartTarget(t *testing.T) {
	for _, c := range []struct {
		name   string
		rate   float64
		tracks []av.Track
		want   time.Duration
	}{
		{"25", 25, nil, 202 * ms}, {"30", 30, nil, 202 * ms}, {"29.97", 30000. / 1001, nil, 203 * ms}, {"24", 24, nil, 211 * ms},
		{"60", 60, nil, 202 * ms}, {"15", 15, nil, 202 * ms}, {"7", 7, nil, 288 * ms}, {"1", 1, nil, time.Second},
		{"sound of 44.1 kHz", 0, []av.Track{aacTrack}, 224 * ms}, {"unknown", 0, nil, 200 * ms},
	} {
		if got := partTarget(200*ms, c.tracks, c.rate); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestFrameRate(t *testing.T) {
	for _, want := range []float64{24000. / 1001, 25, 30, 50, 60, 17.2} {
		var dts []time.Duration
		for i := range 60 {
			dts = append(dts, time.Duration(float64(i)/want*1e9).Round(ms))
		}
		if got := frameRate(dts); got < want*0.997 || got > want*1.003 {
			t.Errorf("%v frames/s measured as %v", want, got)
		}
	}
}

func TestTicks(t *testing.T) {
	for _, d := range []time.Duration{0, 1, ms, 23 * ms, time.Second, 40 * time.Hour, 90 * 24 * time.Hour} {
		for _, scale := range []uint32{90000, 44100, 48000, 8000} {
			n := ticks(d, scale)
			if back := span(n, scale); (back - d).Abs() > time.Second/time.Duration(scale) {
				t.Errorf("%v at %d: %d ticks, back %v", d, scale, n, back)
			}
		}
	}
}

// TestSoundIsCountedInFrames: times in whole milliseconds become frames of 1024.
func TestSoundIsCountedInFrames(t *testing.T) {
	c := newClock(aacTrack)
	for i := range 10000 {
		at := (time.Duration(i) * 1024 * time.Second / 44100).Round(ms)
		if got := c.place(at); got != uint64(i)*1024 {
			t.Fatalf("frame %d at %d, want %d", i, got, i*1024)
		}
	}
	if got := c.place(20 * time.Minute); got != 20*60*44100 {
		t.Errorf("after a hole at %d", got)
	}
}

func TestFragmentGolden(t *testing.T) {
	samples := []sample{
		{data: []byte("first"), time: 1 << 33, duration: 3000, cts: -1500, key: true},
		{data: []byte("second!"), time: 1<<33 + 3000, duration: 3001, cts: 6000},
		{data: []byte("3"), time: 1<<33 + 6001, duration: 2999},
	}
	for _, c := range []struct {
		name  string
		video bool
	}{{"fragment-video.mp4", true}, {"fragment-audio.mp4", false}} {
		if !c.video {
			for i := range samples {
				samples[i].cts, samples[i].key = 0, true
			}
		}
		b := bytes.Join(fragment(7, strip{track: trackID, video: c.video, samples: samples}), nil)
		golden(t, c.name, b)
		frags, err := cmaftest.Fragments(b)
		if err != nil || len(frags) != 1 || frags[0].Sequence != 7 || frags[0].Time != 1<<33 {
			t.Fatalf("%s: %+v, %v", c.name, frags, err)
		}
		for i, s := range frags[0].Samples {
			want := samples[i]
			if !bytes.Equal(s.Data, want.data) || s.Dur != want.duration || s.CompositionTimeOffset != want.cts || mp4.IsSyncSampleFlags(s.Flags) != want.key && c.video {
				t.Errorf("%s sample %d: %+v", c.name, i, s.Sample)
			}
		}
	}
}

func BenchmarkPart(b *testing.B) {
	samples := make([]sample, 6)
	for i := range samples {
		samples[i] = sample{data: make([]byte, 10_000), time: uint64(i) * 3000, duration: 3000, cts: 3000, key: i == 0}
	}
	b.ReportAllocs()
	for b.Loop() {
		fragment(1, strip{track: trackID, video: true, samples: samples})
	}
}

// BenchmarkSegmenter is a minute of picture and sound.
func BenchmarkSegmenter(b *testing.B) {
	packets := source{fps: 30, gop: 2 * time.Second, end: time.Minute}.packets()
	b.ReportAllocs()
	parts := 0
	for b.Loop() {
		s := New(Config{})
		s.SetTracks([]av.Track{avcTrack, aacTrack})
		for _, p := range packets {
			for _, e := range s.Push(p) {
				if e.What == Part {
					parts++
				}
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(parts), "ns/part")
}
