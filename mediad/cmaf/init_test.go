package cmaf

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Eyevinn/mp4ff/mp4"

	"synctv/mediad/av"
	"synctv/mediad/cmaf/cmaftest"
)

// TestInitGolden reads back what was written, and what decoders are told is what
// the sender sent, byte for byte.
func TestInitGolden(t *testing.T) {
	opusHead := av.OpusHead{Channels: 2, PreSkip: 312, InputRate: 48000}
	surround := av.OpusHead{Channels: 6, PreSkip: 312, InputRate: 48000, Family: 1, Mapping: []byte{4, 2, 0, 4, 1, 2, 3, 5}}
	two := bytes.Clone(avcTrack.Config)
	two[4] = 0xfd // lengths of two bytes
	for _, c := range []struct {
		name   string
		codec  av.Codec
		config []byte
		box    string // in which the configuration lies
		body   []byte
		scale  uint32
		count  uint16 // of channels
	}{
		{"avc", av.H264, avcTrack.Config, "avcC", avcTrack.Config, 90000, 0},
		{"avc-short-lengths", av.H264, two, "avcC", avcTrack.Config, 90000, 0},
		{"aac-stereo", av.AAC, []byte{0x12, 0x10}, "esds", []byte{0x05, 0x02, 0x12, 0x10}, 44100, 2},
		{"aac-mono", av.AAC, []byte{0x11, 0x88}, "esds", []byte{0x05, 0x02, 0x11, 0x88}, 48000, 1},
		{"aac-5.1", av.AAC, []byte{0x11, 0xb0}, "esds", []byte{0x05, 0x02, 0x11, 0xb0}, 48000, 6},
		{"aac-explicit-sbr", av.AAC, []byte{0x2b, 0x11, 0x88, 0x00}, "esds", []byte{0x05, 0x04, 0x2b, 0x11, 0x88, 0x00}, 48000, 2},
		{"aac-explicit-ps", av.AAC, []byte{0xeb, 0x09, 0x88, 0x00}, "esds", []byte{0x05, 0x04, 0xeb, 0x09, 0x88, 0x00}, 48000, 2},
		{"aac-backward-compatible-sbr", av.AAC, []byte{0x13, 0x90, 0x56, 0xe5, 0xa0}, "esds", []byte{0x05, 0x05, 0x13, 0x90, 0x56, 0xe5, 0xa0}, 44100, 2},
		{"aac-96k", av.AAC, []byte{0x10, 0x10}, "esds", []byte{0x05, 0x02, 0x10, 0x10}, 96000, 2},
		{"opus", av.Opus, opusHead.Bytes(), "dOps", opusHead.DOps(), 48000, 2},
		{"opus-5.1", av.Opus, surround.Bytes(), "dOps", surround.DOps(), 48000, 6},
		{"mp3", av.MP3, []byte{0xff, 0xfb, 0x90, 0x00}, "esds", []byte{0x6b}, 44100, 2},
		{"mp3-low-rate", av.MP3, []byte{0xff, 0xf3, 0x90, 0x00}, "esds", []byte{0x69}, 22050, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			track, err := av.Describe(c.codec, c.config)
			if err != nil {
				t.Fatal(err)
			}
			b, err := Init(track)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "init-"+c.name+".mp4", b)
			f, err := mp4.DecodeFile(bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			trak := f.Init.Moov.Trak
			if got := trak.Mdia.Mdhd.Timescale; got != c.scale {
				t.Errorf("timescale %d, want %d", got, c.scale)
			}
			i := bytes.Index(b, []byte(c.box))
			if i < 0 || !bytes.Contains(b[i:], c.body) {
				t.Errorf("no %s with % x", c.box, c.body)
			}
			if e, ok := trak.Mdia.Minf.Stbl.Stsd.Children[0].(*mp4.AudioSampleEntryBox); ok && e.ChannelCount != c.count {
				t.Errorf("%d channels, want %d", e.ChannelCount, c.count)
			}
		})
	}
	if _, err := Init(av.Track{Kind: av.Audio, Codec: av.AC3}); !errors.Is(err, ErrCodec) {
		t.Errorf("AC-3: %v", err)
	}
}

// TestRealMedia has ffmpeg encode, cuts it, and has ffmpeg decode: the same pictures
// and the same sound must come out.
func TestRealMedia(t *testing.T) {
	picture := []string{"-f", "lavfi", "-i", "testsrc2=size=192x108:rate=25:duration=3.2"}
	sound := []string{"-f", "lavfi", "-i", "sine=frequency=440:duration=3.2:sample_rate=48000"}
	join := func(parts ...[]string) (all []string) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	for _, c := range []struct {
		name string
		args []string
		want string // as ffprobe says it
	}{
		{"h264 with B-frames", join(picture, []string{"-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-g", "50", "-pix_fmt", "yuv420p"}), "video h264 avc1 192x108"},
		{"hevc", join(picture, []string{"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:pools=1", "-g", "25", "-tag:v", "hvc1"}), "video hevc hvc1 192x108"},
		{"av1", join(picture, []string{"-c:v", "libaom-av1", "-cpu-used", "8", "-usage", "realtime", "-g", "25"}), "video av1 av01 192x108"},
		{"aac mono", join(sound, []string{"-c:a", "aac", "-ac", "1"}), "audio aac mp4a 1 48000"},
		{"aac 5.1", join(sound, []string{"-c:a", "aac", "-ac", "6", "-ar", "44100"}), "audio aac mp4a 6 44100"},
		{"opus", join(sound, []string{"-c:a", "libopus", "-ac", "2"}), "audio opus Opus 2 48000"},
		{"mp3", join(sound, []string{"-c:a", "libmp3lame", "-ac", "2", "-ar", "44100"}), "audio mp3 mp4a 2 44100"},
		{"flac", join(sound, []string{"-c:a", "flac", "-ac", "2"}), "audio flac fLaC 2 48000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := cmaftest.Encode(t, c.args...)
			s := New(Config{})
			s.SetTracks(m.Tracks)
			events := run(s, m.Packets)
			events = append(events, s.Flush()...)
			check(t, s, events)
			var ours, theirs bytes.Buffer
			for _, e := range events {
				if e.What == Begin {
					ours.Write(e.Formats[0].Init)
				}
				for _, d := range e.Data {
					ours.Write(d)
				}
			}
			all := fragment(1, strip{track: trackID, video: m.Tracks[0].Kind == av.Video, samples: wholeTrack(m)})
			theirs.Write(must(Init(m.Tracks[0])))
			theirs.Write(bytes.Join(all, nil))
			if got := probe(t, ours.Bytes()); got != c.want {
				t.Errorf("ffprobe says %q, want %q", got, c.want)
			}
			a, b := decode(t, ours.Bytes()), decode(t, theirs.Bytes())
			if a != b || strings.Count(a, "\n") < 20 {
				t.Errorf("decoded:\n%.600s\nwant\n%.600s", a, b)
			}
		})
	}
}

// wholeTrack makes one fragment's samples of all packets.
func wholeTrack(m cmaftest.Media) (samples []sample) {
	scale := Timescale(m.Tracks[0])
	for _, p := range m.Packets {
		if p.Config {
			continue
		}
		if n := len(samples); n > 0 {
			samples[n-1].duration = uint32(ticks(p.DTS, scale) - samples[n-1].time)
		}
		samples = append(samples, sample{data: p.Data, time: ticks(p.DTS, scale), cts: offset(p, scale), key: p.Key, duration: 1024})
	}
	return samples
}

func file(t *testing.T, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ours.mp4")
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// decode returns checksums of what ffmpeg decodes, without times.
func decode(t *testing.T, b []byte) string {
	t.Helper()
	cmd := exec.Command(cmaftest.Tool(t, "ffmpeg"), "-v", "error", "-nostdin", "-i", file(t, b), "-f", "framehash", "-hash", "md5", "-")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Errorf("ffmpeg: %v %.400s", err, stderr.String())
	}
	var sums strings.Builder
	for _, line := range strings.Split(string(out), "\n") {
		if f := strings.Split(line, ","); len(f) == 6 {
			sums.WriteString(f[5] + "\n")
		}
	}
	return sums.String()
}

func probe(t *testing.T, b []byte) string {
	t.Helper()
	out, err := exec.Command(cmaftest.Tool(t, "ffprobe"), "-v", "error", "-show_streams", "-of", "json", file(t, b)).Output()
	if err != nil {
		t.Fatal(err)
	}
	var p struct {
		Streams []struct {
			CodecType string `json:"codec_type"`
			Name      string `json:"codec_name"`
			Tag       string `json:"codec_tag_string"`
			Width     json.Number
			Height    json.Number
			Channels  json.Number
			Rate      string `json:"sample_rate"`
		}
	}
	if err := json.Unmarshal(out, &p); err != nil || len(p.Streams) != 1 {
		t.Fatalf("%v: %s", err, out)
	}
	s := p.Streams[0]
	if s.CodecType == "video" {
		return "video " + s.Name + " " + s.Tag + " " + s.Width.String() + "x" + s.Height.String()
	}
	return "audio " + s.Name + " " + s.Tag + " " + s.Channels.String() + " " + s.Rate
}
