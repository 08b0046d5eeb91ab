package cmaf

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"synctv/mediad/av"
	"synctv/mediad/cmaf/cmaftest"
)

// film writes packets into a movie as a recorder does, with fragments of about a second.
func film(t testing.TB, tracks []av.Track, packets []av.Packet) (file []byte, m *Movie) {
	t.Helper()
	m, err := NewMovie(Filmed(tracks), packets[0].DTS)
	if err != nil {
		t.Fatal(err)
	}
	file = bytes.Clone(m.Init())
	add := func(c Chunk, ok bool) {
		if ok {
			file = append(file, bytes.Join(c.Data, nil)...)
		}
	}
	cut := packets[0].DTS
	for _, p := range packets {
		m.Push(p)
		if boundary := p.Kind == m.Tracks()[0].Kind && p.Key; boundary && p.DTS-cut >= time.Second {
			add(m.Cut())
			cut = p.DTS
		}
	}
	add(m.Flush())
	return file, m
}

// movies are what recorders meet.
var movies = []struct {
	name string
	args []string
	want string // codecs
}{
	{"picture and sound", []string{"-f", "lavfi", "-i", "testsrc=size=320x180:rate=25:duration=6", "-f", "lavfi", "-i", "sine=sample_rate=44100:duration=6",
		"-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-g", "25", "-c:a", "aac"}, "h264 aac"},
	{"only picture, long groups", []string{"-f", "lavfi", "-i", "testsrc=size=320x180:rate=30:duration=6", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "90"}, "h264"},
	{"only sound", []string{"-f", "lavfi", "-i", "sine=sample_rate=48000:duration=6", "-c:a", "aac"}, "aac"},
}

// TestMovie has ffmpeg's packets filmed, and reads what a server would send with ffprobe and ffmpeg: all of it is there,
// it is as long as it is, and every frame decodes; also when the file is torn.
func TestMovie(t *testing.T) {
	cmaftest.Tool(t, "ffprobe")
	for _, c := range movies {
		t.Run(c.name, func(t *testing.T) {
			in := cmaftest.Encode(t, c.args...)
			frames := slices.DeleteFunc(in.Packets, func(p av.Packet) bool { return p.Config })
			file, _ := film(t, in.Tracks, frames)
			scanned := list(t, file)
			if scanned.Indexed || scanned.End != int64(len(file)) {
				t.Errorf("scanned: %v, to %d of %d", scanned.Indexed, scanned.End, len(file))
			}
			whole := append(bytes.Clone(file), scanned.Index()...)
			l := list(t, whole)
			if !l.Indexed || l.End != scanned.End || l.Ticks != scanned.Ticks || fmt.Sprint(l.Fragments) != fmt.Sprint(scanned.Fragments) {
				t.Errorf("by index %v, by scan %v", l, scanned)
			}
			if d := l.Duration(); (d - 6*time.Second).Abs() > 100*time.Millisecond {
				t.Errorf("%v long", d)
			}
			checkProbe(t, append(l.Head(), whole[len(l.Init):l.End]...), len(frames), c.want)
			checkProbe(t, whole, len(frames), c.want)

			torn := list(t, file[:len(file)-100])
			last := scanned.Fragments[len(scanned.Fragments)-1]
			if len(torn.Fragments) < len(scanned.Fragments)-1 || torn.End >= int64(len(file)) || torn.End < last.Offset {
				t.Errorf("torn: %d of %d fragments, to %d", len(torn.Fragments), len(scanned.Fragments), torn.End)
			}
			checkProbe(t, append(torn.Head(), file[len(torn.Init):torn.End]...), -1, c.want)
		})
	}
}

func list(t testing.TB, file []byte) *Listing {
	t.Helper()
	l, err := List(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// checkProbe has ffprobe count and ffmpeg decode; packets -1 is any number.
func checkProbe(t *testing.T, file []byte, packets int, codecs string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "a.mp4")
	if err := os.WriteFile(name, file, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("ffprobe", "-v", "error", "-count_packets", "-show_entries", "format=duration:stream=codec_name,nb_read_packets", "-of", "json", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	var p struct {
		Format  struct{ Duration string }
		Streams []struct {
			CodecName string `json:"codec_name"`
			Packets   string `json:"nb_read_packets"`
		}
	}
	if err := json.Unmarshal(out, &p); err != nil {
		t.Fatal(err)
	}
	n, names := 0, ""
	for _, s := range p.Streams {
		k, _ := strconv.Atoi(s.Packets)
		n, names = n+k, names+" "+s.CodecName
	}
	if names != " "+codecs || packets >= 0 && n != packets {
		t.Errorf("%d packets of%s, want %d of %s", n, names, packets, codecs)
	}
	if d, _ := strconv.ParseFloat(p.Format.Duration, 64); packets >= 0 && (d < 5.9 || d > 6.1) {
		t.Errorf("ffprobe says it is %s s long", p.Format.Duration)
	}
	if msg, err := exec.Command("ffmpeg", "-v", "error", "-xerror", "-i", name, "-f", "null", "-").CombinedOutput(); err != nil || len(msg) > 0 {
		t.Errorf("ffmpeg: %v %s", err, msg)
	}
}

// TestMovieStandsStill: a movie is as long as its sound when the picture ends before it.
func TestMovieStandsStill(t *testing.T) {
	in := source{fps: 25, gop: 2 * time.Second, end: 10 * time.Second}.packets()
	m := must(NewMovie([]av.Track{avcTrack, aacTrack}, 0))
	file := bytes.Clone(m.Init())
	var starts []time.Duration
	for i, p := range in {
		if p.Kind == av.Audio || p.DTS < 4*time.Second {
			m.Push(p)
		}
		if i%150 == 149 || i == len(in)-1 {
			c, _ := m.Flush()
			starts = append(starts, c.Start.Round(time.Second))
			file = append(file, bytes.Join(c.Data, nil)...)
		}
	}
	l := list(t, file)
	whole := list(t, append(bytes.Clone(file), l.Index()...))
	if d := l.Duration(); (d-10*time.Second).Abs() > 50*ms || whole.Duration() != d || !whole.Indexed {
		t.Errorf("%v long, by index %v; fragments at %v", d, whole.Duration(), starts)
	}
	if last := starts[len(starts)-1]; last < 7*time.Second {
		t.Errorf("fragments at %v", starts)
	}
}

func TestMovieRefuses(t *testing.T) {
	if _, err := NewMovie(nil, 0); err == nil {
		t.Error("a movie of nothing")
	}
	for _, file := range [][]byte{nil, []byte("x"), bytes.Repeat([]byte{0}, 1000), []byte("\x00\x00\x00\x08ftyp\x00\x00\x00\x08moov")} {
		if l, err := List(bytes.NewReader(file), int64(len(file))); err == nil {
			t.Errorf("%.20q lists %v", file, l)
		}
	}
}

// FuzzList reads whatever there is in a file: it ends, says what is there, and what it lists lies within the file.
func FuzzList(f *testing.F) {
	m, err := NewMovie([]av.Track{{Kind: av.Audio, Codec: av.MP3, SampleRate: 44100, Channels: 2, FrameSize: 1152}}, 0)
	if err != nil {
		f.Fatal(err)
	}
	file := bytes.Clone(m.Init())
	for i := range 90 {
		m.Push(av.Packet{Kind: av.Audio, Codec: av.MP3, Key: true, DTS: time.Duration(i) * 26 * time.Millisecond, Data: []byte("frame")})
		if i%30 == 29 {
			c, _ := m.Cut()
			file = append(file, bytes.Join(c.Data, nil)...)
		}
	}
	f.Add(file)
	f.Add(append(bytes.Clone(file), list(f, file).Index()...))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := List(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		at := int64(len(l.Init)) - 1
		for _, fr := range l.Fragments {
			if fr.Offset <= at {
				t.Fatalf("fragments %v", l.Fragments)
			}
			at = fr.Offset
		}
		if at >= l.End || l.End > int64(len(b)) {
			t.Fatalf("fragments to %d, end %d of %d", at, l.End, len(b))
		}
		if head := l.Head(); len(head) != len(l.Init)+40+12*len(l.Fragments) || len(l.Index()) == 0 {
			t.Fatalf("a head of %d bytes", len(head))
		}
	})
}
