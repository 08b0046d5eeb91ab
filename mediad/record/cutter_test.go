package record

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"synctv/mediad/av"
	"synctv/mediad/stream"
)

var (
	picture = av.Track{Kind: av.Video, Codec: av.AV1, Config: []byte{0x81, 0, 0, 0}, MIME: "av01.0.00M.08", Width: 64, Height: 36}
	larger  = av.Track{Kind: av.Video, Codec: av.AV1, Config: []byte{0x81, 1, 0, 0}, MIME: "av01.0.01M.08", Width: 128, Height: 72}
	sound   = av.Track{Kind: av.Audio, Codec: av.MP3, MIME: "mp4a.6b", SampleRate: 48000, Channels: 2, FrameSize: 1152}
	speech  = av.Track{Kind: av.Audio, Codec: av.AC3, SampleRate: 48000, Channels: 2}
)

// tape makes items as a stream would, a frame every 100 ms, and tells in short what the cutter does with them:
// "[v+a 2.0 2.0* 0.5]" is a file with picture and sound in three fragments, of which the second begins without a key frame.
type tape struct {
	c       *cutter
	at      time.Duration
	frames  int
	keys    int // a key frame every so many frames
	tracks  []av.Track
	version uint32
	out     strings.Builder
}

func newTape(c Config) *tape {
	return &tape{c: newCutter(c.withDefaults()), keys: 10}
}

func (r *tape) show(steps []step) {
	for _, s := range steps {
		switch s.what {
		case begin:
			names := ""
			for _, t := range s.movie.Tracks() {
				names += "+" + t.Kind.String()[:1]
			}
			r.out.WriteString("[" + names[1:])
		case chunk:
			fmt.Fprintf(&r.out, " %.1f", s.chunk.Duration.Seconds())
			if !s.chunk.Key {
				r.out.WriteString("*")
			}
		case end:
			r.out.WriteString("]")
		}
	}
}

// with says which tracks there are from here on.
func (r *tape) with(tracks ...av.Track) *tape {
	r.tracks = tracks
	r.version++
	r.show(r.c.take(&stream.Item{What: stream.Setup, Packet: av.Packet{Config: true, Kind: av.Video, DTS: r.at}, Tracks: tracks, TracksVersion: r.version}, false))
	return r
}

// run lets so much time pass, with the kinds of frames that are named: "v", "a" or "va".
func (r *tape) run(d time.Duration, kinds string) *tape {
	for end := r.at + d; r.at < end; r.at += 100 * time.Millisecond {
		for _, t := range r.tracks {
			if !strings.Contains(kinds, t.Kind.String()[:1]) {
				continue
			}
			p := av.Packet{Kind: t.Kind, Codec: t.Codec, DTS: r.at, PTS: r.at, Key: true, Data: make([]byte, 100)}
			if t.Kind == av.Video {
				p.Key = r.frames%r.keys == 0
				r.frames++
			}
			r.item(stream.Media, p, false)
		}
	}
	return r
}

func (r *tape) item(what stream.What, p av.Packet, skipped bool) {
	r.show(r.c.take(&stream.Item{What: what, Packet: p, Tracks: r.tracks, TracksVersion: r.version}, skipped))
}

func (r *tape) gone() *tape {
	r.item(stream.Gone, av.Packet{DTS: r.at}, false)
	return r
}

func TestCutter(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		name   string
		config Config
		play   func(*tape)
		want   string
	}{
		{"picture and sound", Config{}, func(r *tape) { r.with(picture, sound).run(5*s, "va") }, "[v+a 2.0 2.0 1.0]"},
		{"only a picture", Config{}, func(r *tape) { r.with(picture).run(5*s, "v") }, "[v 2.0 2.0 1.0]"},
		{"only sound", Config{}, func(r *tape) { r.with(sound).run(5*s, "a") }, "[a 2.0 2.0 0.9]"},
		{"a codec that MP4 has no place for", Config{}, func(r *tape) { r.with(picture, speech).run(3*s, "va") }, "[v 2.0 1.0]"},
		{"nothing that can be recorded", Config{}, func(r *tape) { r.with(speech).run(3*s, "a") }, ""},
		{"it begins at a key frame", Config{}, func(r *tape) { r.frames = 5; r.with(picture, sound).run(3*s, "va") }, "[v+a 2.0 0.5]"},
		{"long groups of pictures", Config{}, func(r *tape) { r.keys = 70; r.with(picture).run(8*s, "v") }, "[v 3.0 3.0* 2.0*]"},
		{"sound that was announced and never comes", Config{}, func(r *tape) { r.with(picture, sound).run(5*s, "v") }, "[v 2.0 2.0 1.0]"},
		{"a picture that was announced and never comes", Config{}, func(r *tape) { r.with(picture, sound).run(20*s, "a") }, "[a 2.0 2.0 0.9]"},
		{"a picture that stops", Config{}, func(r *tape) { r.with(picture, sound).run(4*s, "va").run(9*s, "a") }, "[v+a 2.0 2.0 3.9* 2.8*]"},
		{"sound that comes late", Config{}, func(r *tape) { r.with(picture).run(3500*time.Millisecond, "v").with(picture, sound).run(3*s, "va") },
			"[v 2.0 2.0][v+a 2.0 0.5]"},
		{"another picture size", Config{}, func(r *tape) { r.with(picture, sound).run(3*s, "va").with(larger, sound).run(3*s, "va") },
			"[v+a 2.0 1.0][v+a 2.0 1.0]"},
		{"the same configuration again", Config{}, func(r *tape) { r.with(picture, sound).run(3*s, "va").with(sound, picture).run(3*s, "va") }, "[v+a 2.0 2.0 2.0]"},
		{"a publisher that returns", Config{}, func(r *tape) {
			r.with(picture, sound).run(3*s, "va").gone().with(picture).with(picture, sound).run(3*s, "va")
		}, "[v+a 2.0 1.0 2.0 1.0]"},
		{"a publisher that returns without sound", Config{}, func(r *tape) { r.with(picture, sound).run(2*s, "va").gone().with(picture).run(2*s, "v") }, "[v+a 2.0 2.0]"},
		{"too long", Config{MaxDuration: 5 * s}, func(r *tape) { r.with(picture, sound).run(12*s, "va") }, "[v+a 2.0 2.0 1.0][v+a 2.0 2.0 1.0][v+a 2.0]"},
		{"too large", Config{MaxBytes: 8000}, func(r *tape) { r.with(picture, sound).run(6*s, "va") }, "[v+a 2.0 2.0][v+a 2.0]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newTape(c.config)
			c.play(r)
			r.show(r.c.finish())
			if got := r.out.String(); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestCutterSkips: when items are missing, what is there is written, and the file goes on.
func TestCutterSkips(t *testing.T) {
	r := newTape(Config{}).with(picture).run(3*time.Second, "v")
	r.at += 5 * time.Second
	r.item(stream.Media, av.Packet{Kind: av.Video, Codec: av.AV1, DTS: r.at, PTS: r.at, Key: true, Data: []byte("x")}, true)
	r.show(r.c.finish())
	if got := r.out.String(); got != "[v 2.0 1.0 0.1]" {
		t.Errorf("got %s", got)
	}
}
