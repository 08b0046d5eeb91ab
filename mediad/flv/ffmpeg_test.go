package flv_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"synctv/mediad/av"
	"synctv/mediad/flv"
	"synctv/mediad/rtmp"
)

var update = flag.Bool("update", false, "capture what ffmpeg publishes into testdata of rtmp")

func needFFmpeg(t *testing.T) {
	t.Helper()
	for _, name := range []string{"ffmpeg", "ffprobe"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is not installed", name)
		}
	}
}

func run(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	c := exec.Command(name, args...)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, stderr.Bytes())
	}
	return out
}

// packet is what ffprobe says of one.
type packet struct {
	Kind     string `json:"codec_type"`
	DTS, PTS int64
	Size     int `json:",string"`
	Flags    string
}

func probe(t *testing.T, args ...string) []packet {
	t.Helper()
	out := run(t, "ffprobe", append([]string{"-v", "error", "-of", "json", "-show_packets"}, args...)...)
	var answer struct{ Packets []packet }
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatal(err)
	}
	return answer.Packets
}

// ingest is one connection that publishes: what it was and all that came of it.
type ingest struct {
	target   rtmp.Target
	connect  rtmp.Connect
	packets  []av.Packet
	metadata []flv.Metadata
	ended    bool
	raw      []byte
	err      error
}

// take reads one publisher to its end, the way a server does.
func take(r io.Reader, w io.Writer) (in ingest) {
	s := rtmp.NewSession(rtmp.SessionConfig{})
	var d flv.Decoder
	buf := make([]byte, 4096)
	for {
		n, err := r.Read(buf)
		in.raw = append(in.raw, buf[:n]...)
		for p := buf[:n]; ; {
			ev, rest, err := s.Feed(p)
			if err != nil {
				in.err = err
				return in
			}
			switch ev.Kind {
			case rtmp.EventConnect:
				in.connect = *ev.Connect
			case rtmp.EventPublish:
				in.target = *ev.Target
				s.Accept()
			case rtmp.EventMedia:
				m := ev.Message
				if m.Type == rtmp.TypeDataAMF0 {
					if meta, ok := flv.ParseMetadata(m.Payload); ok {
						in.metadata = append(in.metadata, meta)
					}
				}
				if in.packets, err = d.Decode(in.packets, flv.Tag{Type: flv.Type(m.Type), Timestamp: m.Timestamp, Data: m.Payload}); err != nil {
					in.err = errors.Join(in.err, err)
				}
			case rtmp.EventUnpublish:
				in.ended = true
			}
			if p = rest; ev.Kind == rtmp.EventNone {
				break
			}
		}
		if out := s.TakeOutput(); len(out) > 0 {
			w.Write(out)
		}
		if err != nil {
			return in
		}
	}
}

// serve accepts one connection and gives it to f.
func serve(t *testing.T, f func(net.Conn)) (address string, done <-chan struct{}) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	ch := make(chan struct{})
	go func() {
		defer close(ch)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(30 * time.Second))
		f(c)
	}()
	return l.Addr().String(), ch
}

func media(ps []av.Packet, k av.Kind) (out []av.Packet) {
	for _, p := range ps {
		if p.Kind == k && !p.Config {
			out = append(out, p)
		}
	}
	return out
}

func tracks(t *testing.T, ps []av.Packet) string {
	t.Helper()
	var l av.Lineup
	for _, p := range ps {
		if _, err := l.Observe(p); err != nil {
			t.Error(err)
		}
	}
	var out string
	for _, track := range l.Tracks() {
		out += fmt.Sprintf("%s %s %dx%d %d/%d; ", track.Codec, track.MIME, track.Width, track.Height, track.SampleRate, track.Channels)
	}
	return out
}

const (
	h264Track = "H.264 avc1.64001e 160x90 0/0; "
	aacTrack  = "AAC mp4a.40.2 0x0 44100/1; "
)

var sources = []struct {
	name string
	args []string
	want string // tracks
}{
	{"h264-aac", []string{"-f", "lavfi", "-i", "testsrc=size=160x90:rate=10:duration=1.5", "-f", "lavfi", "-i", "sine=duration=1.5",
		"-c:v", "libx264", "-profile:v", "high", "-level", "3.0", "-pix_fmt", "yuv420p", "-g", "10", "-bf", "2", "-b:v", "60k", "-c:a", "aac", "-b:a", "32k"}, h264Track + aacTrack},
	{"audio-only", []string{"-f", "lavfi", "-i", "sine=duration=1.5", "-c:a", "aac", "-b:a", "32k"}, aacTrack},
	{"video-only", []string{"-f", "lavfi", "-i", "testsrc=size=160x90:rate=10:duration=1.5", "-c:v", "libx264", "-profile:v", "high", "-level", "3.0", "-pix_fmt", "yuv420p", "-bf", "0", "-b:v", "60k"}, h264Track},
	{"mp3", []string{"-f", "lavfi", "-i", "sine=duration=1.5", "-c:a", "libmp3lame", "-b:a", "32k"}, "MP3 mp4a.40.34 0x0 44100/1; "},
}

// TestFFmpegPublishes compares what arrives over RTMP with what ffprobe finds in
// the file that was sent.
func TestFFmpegPublishes(t *testing.T) {
	needFFmpeg(t)
	for _, src := range sources {
		t.Run(src.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "in.flv")
			run(t, "ffmpeg", append(append([]string{"-v", "error"}, src.args...), file)...)
			var in ingest
			address, done := serve(t, func(c net.Conn) { in = take(c, c) })
			run(t, "ffmpeg", "-v", "error", "-re", "-i", file, "-c", "copy", "-f", "flv", "rtmp://"+address+"/live/key?token=a")
			<-done
			if in.err != nil || !in.ended || in.target.App != "live" || in.target.Stream != "key" || in.target.Params.Get("token") != "a" {
				t.Fatalf("%+v, ended %v, %v", in.target, in.ended, in.err)
			}
			if len(in.metadata) != 1 {
				t.Errorf("metadata %+v", in.metadata)
			}
			checkArrived(t, in, src.want, probe(t, file))
			if *update {
				if err := os.WriteFile("../rtmp/testdata/"+src.name+".rtmp", in.raw, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			checkFLV(t, in.packets)
		})
	}
}

func checkArrived(t *testing.T, in ingest, want string, sent []packet) {
	t.Helper()
	if got := tracks(t, in.packets); got != want {
		t.Errorf("tracks %s, want %s", got, want)
	}
	byKind := map[string][]packet{}
	for _, p := range sent {
		byKind[p.Kind] = append(byKind[p.Kind], p)
	}
	for _, k := range []av.Kind{av.Video, av.Audio} {
		got, want := media(in.packets, k), byKind[k.String()]
		if len(got) != len(want) {
			t.Errorf("%d packets of %v, sent %d", len(got), k, len(want))
			continue
		}
		for i, p := range got {
			if p.DTS.Milliseconds() != want[i].DTS || p.PTS.Milliseconds() != want[i].PTS ||
				p.Key != (want[i].Flags[0] == 'K') || len(p.Data) != want[i].Size {
				t.Errorf("%v %d: %v %v %v %d, sent %+v", k, i, p.DTS, p.PTS, p.Key, len(p.Data), want[i])
			}
		}
	}
}

// checkFLV muxes packets on a Timeline and has ffprobe read them.
func checkFLV(t *testing.T, packets []av.Packet) {
	t.Helper()
	var tl av.Timeline
	var l av.Lineup
	for _, p := range packets {
		l.Observe(p)
	}
	out := flv.AppendScript(flv.Header(true, true), 0, flv.MetadataOf(l.Tracks(), "SyncTV"))
	var want []av.Packet
	for _, p := range packets {
		p = tl.Place(p)
		out = flv.AppendTag(out, p)
		if !p.Config && p.Kind != av.Data {
			want = append(want, p)
		}
	}
	file := filepath.Join(t.TempDir(), "out.flv")
	if err := os.WriteFile(file, out, 0o644); err != nil {
		t.Fatal(err)
	}
	got := probe(t, file)
	if len(got) != len(want) {
		t.Fatalf("ffprobe finds %d packets in our FLV, there are %d", len(got), len(want))
	}
	for i, p := range want {
		if got[i].Kind != p.Kind.String() || got[i].DTS != p.DTS.Milliseconds() || got[i].PTS != p.PTS.Milliseconds() {
			t.Errorf("packet %d: %+v, want %s %v %v", i, got[i], p.Kind, p.DTS, p.PTS)
		}
	}
	run(t, "ffmpeg", "-v", "error", "-xerror", "-i", file, "-f", "null", "-") // and it decodes
	var back []av.Packet
	var d flv.Decoder
	r := flv.NewReader()
	for p := out; ; {
		tag, rest, err := r.Feed(p)
		if err != nil {
			t.Fatal(err)
		}
		if p = rest; tag.Type == 0 {
			break
		}
		if back, err = d.Decode(back, tag); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(media(back, av.Video)) + len(media(back, av.Audio)); got != len(want) {
		t.Errorf("our own reader finds %d packets, there are %d", got, len(want))
	}
}

// TestCaptures replays what ffmpeg 5.1 sent: the same packets come out whether
// ffmpeg is there or not.
func TestCaptures(t *testing.T) {
	counts := map[string][2]int{"h264-aac": {15, 66}, "audio-only": {0, 66}, "video-only": {15, 0}, "mp3": {0, 59}}
	for _, src := range sources {
		t.Run(src.name, func(t *testing.T) {
			raw, err := os.ReadFile("../rtmp/testdata/" + src.name + ".rtmp")
			if err != nil {
				t.Fatal(err)
			}
			in := take(bytes.NewReader(raw), io.Discard)
			if in.err != nil || !in.ended || in.target.Stream != "key" {
				t.Fatalf("%+v, %v", in.target, in.err)
			}
			if got := tracks(t, in.packets); got != src.want {
				t.Errorf("tracks %s", got)
			}
			if got := [2]int{len(media(in.packets, av.Video)), len(media(in.packets, av.Audio))}; got != counts[src.name] {
				t.Errorf("%v packets, want %v", got, counts[src.name])
			}
		})
	}
}

// TestFFprobePlays has ffprobe play over RTMP what was published before.
func TestFFprobePlays(t *testing.T) {
	needFFmpeg(t)
	raw, err := os.ReadFile("../rtmp/testdata/h264-aac.rtmp")
	if err != nil {
		t.Fatal(err)
	}
	packets := take(bytes.NewReader(raw), io.Discard).packets
	for _, start := range []time.Duration{0, 0xfffe00 * time.Millisecond} { // and across 0xFFFFFF
		address, done := serve(t, func(c net.Conn) { play(c, packets, start) })
		got := probe(t, "rtmp://"+address+"/live/key")
		<-done
		tl := av.Timeline{Origin: start}
		var want []packet
		for _, p := range packets {
			if p = tl.Place(p); !p.Config && p.Kind != av.Data {
				want = append(want, packet{Kind: p.Kind.String(), DTS: p.DTS.Milliseconds(), PTS: p.PTS.Milliseconds(), Size: len(p.Data)})
			}
		}
		// Metadata that is not at 0 is a subtitle to ffprobe.
		got = slices.DeleteFunc(got, func(p packet) bool { return p.Kind == "subtitle" })
		for i := range got {
			got[i].Flags = ""
		}
		if !slices.Equal(got, want) {
			t.Errorf("from %v: ffprobe plays %v\nwant %v", start, got, want)
		}
	}
}

// play is a server of one stream, sent once in shared chunks.
func play(c net.Conn, packets []av.Packet, start time.Duration) {
	s := rtmp.NewSession(rtmp.SessionConfig{})
	buf := make([]byte, 4096)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		for p := buf[:n]; ; {
			ev, rest, err := s.Feed(p)
			if err != nil {
				return
			}
			if ev.Kind == rtmp.EventPlay {
				s.Accept()
				out := net.Buffers{s.TakeOutput()}
				tl := av.Timeline{Origin: start}
				for _, pkt := range packets {
					pkt = tl.Place(pkt)
					m := rtmp.Message{Type: rtmp.Type(flv.TypeOf(pkt)), Timestamp: flv.Timestamp(pkt), Payload: flv.Body(pkt)}
					out = append(out, rtmp.Prechunk(m).On(s.StreamID()))
				}
				s.EndPlay()
				out = append(out, s.TakeOutput())
				out.WriteTo(c)
			}
			if p = rest; ev.Kind == rtmp.EventNone {
				break
			}
		}
		c.Write(s.TakeOutput())
	}
}
