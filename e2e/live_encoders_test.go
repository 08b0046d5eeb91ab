package e2e

import (
	"bytes"
	"cmp"
	bin "encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/Eyevinn/mp4ff/avc"
	"github.com/Eyevinn/mp4ff/hevc"
	"github.com/Eyevinn/mp4ff/mp4"

	"synctv/mediad/av"
	"synctv/mediad/cmaf/cmaftest"
	"synctv/mediad/flv"
	"synctv/mediad/rtmp"
)

const (
	clapSeconds = 8
	clapFrames  = clapSeconds * 25
	maxSkew     = 40 * time.Millisecond
)

// clapper is a source in which, at every second, a picture is white and a tone begins.
var (
	clapPicture = []string{"-f", "lavfi", "-i", fmt.Sprintf("color=black:size=320x180:rate=25:duration=%d,drawbox=color=white:t=fill:enable='eq(mod(n,25),0)'", clapSeconds)}
	clapSound   = []string{"-f", "lavfi", "-i", fmt.Sprintf("aevalsrc='0.8*sin(2*PI*1000*t)*lt(mod(t,1),0.1)':s=48000:d=%d", clapSeconds)}
	h264        = []string{"-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-g", "25", "-pix_fmt", "yuv420p", "-profile:v", "high", "-b:v", "300k"}
	aac         = []string{"-c:a", "aac", "-b:a", "96k", "-ac", "2"}
)

// sender is one encoder of the table.
type sender struct {
	name         string
	video, audio string // codecs as ffprobe names them; "" for none
	// publish sends eight seconds in real time and returns when it is done.
	publish func(t *testing.T, address string)
	old     bool // ffmpeg of this age cannot read it back from FLV
}

// ffmpegSends publishes with ffmpeg, which encodes while it sends.
func ffmpegSends(args ...[]string) func(*testing.T, string) {
	return func(t *testing.T, address string) {
		all := []string{"-v", "error", "-nostdin"}
		for _, a := range args {
			if a[0] == "-f" {
				all = append(all, "-re")
			}
			all = append(all, a...)
		}
		if _, err := command(t, 60*time.Second, "ffmpeg", append(all, "-f", "flv", address)...); err != nil {
			t.Error(err)
		}
	}
}

// weSend publishes with our own client what ffmpeg has encoded before: ffmpeg 5.1 cannot send H.265.
func weSend(legacy bool) func(*testing.T, string) {
	return func(t *testing.T, address string) {
		m := cmaftest.Encode(t, slices.Concat(clapPicture, clapSound, []string{"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:keyint=25:min-keyint=25:bframes=2",
			"-pix_fmt", "yuv420p", "-tag:v", "hvc1"}, aac)...)
		a, err := rtmp.ParseAddress(address)
		if err != nil {
			t.Fatal(err)
		}
		c, err := rtmp.NewClient(rtmp.ClientConfig{Address: a, Publish: true, Capabilities: rtmp.Capabilities{FourCCs: []string{"hvc1"}}})
		if err != nil {
			t.Fatal(err)
		}
		nc, err := net.Dial("tcp", a.Host)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		nc.SetDeadline(time.Now().Add(time.Minute))
		if err := driveTo(nc, c, rtmp.EventPublish); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for _, p := range inTime(m.Packets) {
			time.Sleep(time.Until(began.Add(p.DTS)))
			body := flv.Body(p)
			if legacy && p.Kind == av.Video {
				body = codec12(p)
			}
			c.Send(rtmp.Message{Type: rtmp.Type(flv.TypeOf(p)), Stream: c.StreamID(), Timestamp: flv.Timestamp(p), Payload: body})
			if _, err := nc.Write(c.TakeOutput()); err != nil {
				t.Fatal(err)
			}
		}
		c.Stop()
		nc.Write(c.TakeOutput())
		io.Copy(io.Discard, io.LimitReader(nc, 1<<20)) // until the server closes, or says no more
	}
}

// inTime puts the sound where the file's edit lists had it: pictures are shown later than they are decoded, and the first
// frame of AAC is there to warm up.
func inTime(packets []av.Packet) []av.Packet {
	const warmUp = 1024 * time.Second / 48000
	shown := time.Hour
	for _, p := range packets {
		if p.Kind == av.Video && !p.Config {
			shown = min(shown, p.PTS)
		}
	}
	for i := range packets {
		if p := &packets[i]; p.Kind == av.Audio && !p.Config {
			p.DTS, p.PTS = p.DTS+shown-warmUp, p.PTS+shown-warmUp
		}
	}
	slices.SortStableFunc(packets, func(a, b av.Packet) int { return cmp.Compare(a.DTS, b.DTS) })
	return packets
}

// codec12 is a picture of H.265 in the way that came before Enhanced RTMP.
func codec12(p av.Packet) []byte {
	cts := uint32(p.CTS() / time.Millisecond)
	head := []byte{0x2c, 1, byte(cts >> 16), byte(cts >> 8), byte(cts)}
	if p.Key {
		head[0] = 0x1c
	}
	if p.Config {
		head[0], head[1] = 0x1c, 0
	}
	return append(head, p.Data...)
}

// driveTo drives a client to an event.
func driveTo(nc net.Conn, c *rtmp.Client, want rtmp.EventKind) error {
	buf := make([]byte, 4096)
	for {
		if out := c.TakeOutput(); len(out) > 0 {
			nc.Write(out)
		}
		n, err := nc.Read(buf)
		if err != nil {
			return err
		}
		for p := buf[:n]; ; {
			ev, rest, err := c.Feed(p)
			if err != nil || ev.Kind == want {
				return err
			}
			if p = rest; ev.Kind == rtmp.EventNone {
				break
			}
		}
	}
}

// TestLiveEncoders publishes what real encoders send, and has ffmpeg read all of it back over HLS and FLV: every frame,
// with picture and sound as far apart as they were, and playlists that say truly what it is.
func TestLiveEncoders(t *testing.T) {
	t.Parallel()
	s := startLive(t, "SYNCTV_METRICS_PORT=0")
	for _, c := range []sender{
		{"H.264 and AAC", "h264", "aac", ffmpegSends(clapPicture, clapSound, h264, aac), false},
		{"sound alone", "", "aac", ffmpegSends(clapSound, aac), false},
		{"picture alone", "h264", "", ffmpegSends(clapPicture, h264), false},
		{"H.265 and AAC", "hevc", "aac", weSend(false), true},
		{"H.265 as codec 12 and AAC", "hevc", "aac", weSend(true), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			made := s.stream("VISIBILITY_UNLISTED")
			base := s.URL + "/live/" + made.Stream.ID
			tape := make(chan []byte, 1)
			go func() { tape <- record(t, base+".flv") }()
			c.publish(t, s.rtmp+"/"+made.Key.Secret)
			eventually(t, 15*time.Second, func() error {
				_, text := get(t, base+map[bool]string{true: "/a.m3u8", false: "/v.m3u8"}[c.video == ""])
				if !strings.Contains(text, "#EXT-X-ENDLIST") {
					return fmt.Errorf("it goes on: %s", text)
				}
				return nil
			})
			c.checkHLS(t, base+"/index.m3u8")
			c.checkFLV(t, <-tape)
		})
	}
}

// record waits until a stream can be watched over FLV, and takes it to its end.
func record(t *testing.T, address string) []byte {
	for end := time.Now().Add(40 * time.Second); time.Now().Before(end) && t.Context().Err() == nil; time.Sleep(20 * time.Millisecond) {
		resp, err := http.Get(address)
		if err != nil {
			continue
		}
		b, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK && len(b) > 1000 {
			if err != nil {
				t.Errorf("FLV: %v", err)
			}
			return b
		}
	}
	t.Error("nothing came over FLV")
	return nil
}

// checkHLS reads it all back.
func (c sender) checkHLS(t *testing.T, address string) {
	video, audio := decodeAll(t, address, c.video != "", c.audio != "")
	if c.video != "" && len(video.frames) != clapFrames {
		t.Errorf("HLS: %d pictures of %d", len(video.frames), clapFrames)
	}
	if want := clapSeconds * 48000; c.audio != "" && (audio.samples < want-2*1024 || audio.samples > want+3*1024) {
		t.Errorf("HLS: %d samples of sound of %d", audio.samples, want)
	}
	c.inSync(t, "HLS", video, audio, clapSeconds-1)
	c.checkIndex(t, address)
}

// inSync holds flashes to tones.
func (c sender) inSync(t *testing.T, way string, video picture, audio sound, least int) {
	if c.video == "" || c.audio == "" {
		return
	}
	worst, n := time.Duration(0), 0
	for _, flash := range video.flashes() {
		for _, tone := range audio.tones {
			if d := tone - flash; d.Abs() < 400*time.Millisecond {
				n++
				if d.Abs() > worst.Abs() {
					worst = d
				}
			}
		}
	}
	t.Logf("%s: %d flashes, %d tones; at worst a tone is %v behind its flash", way, len(video.flashes()), len(audio.tones), worst)
	if n < least || worst.Abs() > maxSkew {
		t.Errorf("%s: picture and sound are %v apart, %d pairs; flashes %v, tones %v", way, worst, n, video.flashes(), audio.tones)
	}
}

// picture is what ffmpeg has decoded of it.
type picture struct {
	frames []frame
}

type frame struct {
	at    time.Duration
	light float64
}

// flashes are when it gets light.
func (p picture) flashes() (at []time.Duration) {
	dark := true
	for _, f := range p.frames {
		if f.light > 128 && dark {
			at = append(at, f.at)
		}
		dark = f.light <= 128
	}
	return at
}

// sound is what ffmpeg has decoded of it.
type sound struct {
	samples int
	tones   []time.Duration
}

var shownFrame = regexp.MustCompile(`pts_time:(\S+)\s+lavfi\.signalstats\.YAVG=(\S+)`)

// decodeAll has ffmpeg decode an address or a file. Picture and sound have one clock.
func decodeAll(t *testing.T, address string, hasVideo, hasAudio bool) (p picture, s sound) {
	t.Helper()
	dir := t.TempDir()
	seen, heard := filepath.Join(dir, "seen.txt"), filepath.Join(dir, "heard.pcm")
	args := []string{"-v", "error", "-nostdin", "-live_start_index", "0", "-i", address}
	if !strings.Contains(address, ".m3u8") {
		args = slices.Delete(args, 3, 5)
	}
	if hasVideo {
		args = append(args, "-map", "0:v:0", "-vsync", "passthrough", "-vf", "scale=32:18,signalstats,metadata=print:key=lavfi.signalstats.YAVG:file="+seen, "-f", "null", "-")
	}
	if hasAudio { // silence fills the time before the first sample
		args = append(args, "-map", "0:a:0", "-af", "aresample=48000:async=1:first_pts=0", "-ac", "1", "-f", "s16le", heard)
	}
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "ffmpeg", args...)
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil || stderr.Len() > 0 {
		t.Errorf("ffmpeg %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	if hasVideo {
		text, err := os.ReadFile(seen)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range shownFrame.FindAllStringSubmatch(string(text), -1) {
			at, err1 := strconv.ParseFloat(m[1], 64)
			light, err2 := strconv.ParseFloat(m[2], 64)
			if err1 != nil || err2 != nil {
				t.Fatalf("%q", m[0])
			}
			p.frames = append(p.frames, frame{time.Duration(at * float64(time.Second)), light})
		}
	}
	if hasAudio {
		pcm, err := os.ReadFile(heard)
		if err != nil {
			t.Fatal(err)
		}
		s = listen(pcm)
	}
	return p, s
}

// listen finds where tones begin: what is loud after a third of a second of silence.
func listen(pcm []byte) (s sound) {
	const rate, loud = 48000, 3000
	s.samples = len(pcm) / 2
	last := -rate
	for i := range s.samples {
		if v := int16(bin.LittleEndian.Uint16(pcm[2*i:])); v > loud || v < -loud {
			if i-last > rate/3 {
				s.tones = append(s.tones, time.Duration(i)*time.Second/rate)
			}
			last = i
		}
	}
	return s
}

// checkFLV reads back what came over FLV, from where it began to be watched.
func (c sender) checkFLV(t *testing.T, tape []byte) {
	var packets []av.Packet
	r, d := flv.NewReader(), flv.Decoder{}
	for b := tape; ; {
		tag, rest, err := r.Feed(b)
		if err != nil {
			t.Fatal(err)
		}
		if b = rest; tag.Type == 0 {
			break
		}
		tag.Data = bytes.Clone(tag.Data)
		if packets, err = d.Decode(packets, tag); err != nil {
			t.Fatal(err)
		}
	}
	pictures, last := 0, time.Duration(-1)
	var annexB []byte
	for _, p := range packets {
		if p.Kind != av.Video {
			continue
		}
		if p.Config {
			track, err := av.Describe(p.Codec, p.Data)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("FLV: %s %dx%d", track.MIME, track.Width, track.Height)
			annexB = append(annexB, parameterSets(t, p)...)
			continue
		}
		if d := p.DTS - last; last >= 0 && (d < 35*time.Millisecond || d > 45*time.Millisecond) {
			t.Errorf("FLV: a picture %v after the one before", d)
		}
		last = p.DTS
		pictures++
		for b := p.Data; len(b) > 4; {
			n := bin.BigEndian.Uint32(b)
			annexB, b = append(append(annexB, 0, 0, 0, 1), b[4:4+n]...), b[4+n:]
		}
	}
	if c.video != "" && pictures < clapFrames-75 {
		t.Errorf("FLV: %d pictures", pictures)
	}
	file := filepath.Join(t.TempDir(), "tape.flv")
	if err := os.WriteFile(file, tape, 0o644); err != nil {
		t.Fatal(err)
	}
	if c.old {
		c.checkOldFLV(t, packets, annexB, pictures)
		return
	}
	video, audio := decodeAll(t, file, c.video != "", c.audio != "")
	if len(video.frames) != pictures {
		t.Errorf("FLV: ffmpeg decodes %d of %d pictures", len(video.frames), pictures)
	}
	c.inSync(t, "FLV", video, audio, clapSeconds-4)
	if got := probed(t, file); got != strings.Trim(c.video+" "+c.audio, " ") {
		t.Errorf("FLV: ffprobe finds %q", got)
	}
}

// parameterSets are those of H.265 with start codes.
func parameterSets(t *testing.T, config av.Packet) (b []byte) {
	t.Helper()
	if config.Codec != av.HEVC {
		return nil
	}
	record, err := hevc.DecodeHEVCDecConfRec(config.Data)
	if err != nil {
		t.Fatal(err)
	}
	for _, array := range record.NaluArrays {
		for _, nalu := range array.Nalus {
			b = append(append(b, 0, 0, 0, 1), nalu...)
		}
	}
	return b
}

// checkOldFLV decodes the pictures alone, and finds the flashes by when their frames are shown.
func (c sender) checkOldFLV(t *testing.T, packets []av.Packet, annexB []byte, pictures int) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "tape.hevc")
	if err := os.WriteFile(file, annexB, 0o644); err != nil {
		t.Fatal(err)
	}
	video, _ := decodeAll(t, file, true, false)
	if len(video.frames) != pictures {
		t.Fatalf("FLV: ffmpeg decodes %d of %d pictures", len(video.frames), pictures)
	}
	var shown []time.Duration // in the order in which they are
	adts := []byte(nil)
	first := time.Duration(-1)
	for _, p := range packets {
		switch {
		case p.Config || p.Kind == av.Data:
		case p.Kind == av.Video:
			shown = append(shown, p.PTS)
		default:
			if first < 0 {
				first = p.PTS
			}
			size := len(p.Data) + 7
			adts = append(adts, 0xff, 0xf1, 0x4c, 0x80|byte(size>>11), byte(size>>3), byte(size<<5)|0x1f, 0xfc) // AAC LC, 48 kHz, two channels
			adts = append(adts, p.Data...)
		}
	}
	slices.Sort(shown)
	for i := range video.frames {
		video.frames[i].at = shown[i]
	}
	tones := filepath.Join(t.TempDir(), "tape.aac")
	if err := os.WriteFile(tones, adts, 0o644); err != nil {
		t.Fatal(err)
	}
	_, audio := decodeAll(t, tones, false, true)
	for i := range audio.tones {
		audio.tones[i] += first
	}
	c.inSync(t, "FLV", video, audio, clapSeconds-4)
}

// probed are the codecs that ffprobe finds.
func probed(t *testing.T, address string) string {
	t.Helper()
	out, err := command(t, 30*time.Second, "ffprobe", "-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", address)
	if err != nil {
		t.Error(err)
	}
	names := strings.Fields(strings.ReplaceAll(out, ",", " "))
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(b, a) }) // the picture first
	return strings.Join(slices.Compact(names), " ")
}

var streamInf = regexp.MustCompile(`#EXT-X-STREAM-INF:.*CODECS="([^"]*)"(?:,RESOLUTION=(\d+)x(\d+))?(?:,FRAME-RATE=([\d.]+))?`)

// checkIndex holds what the multivariant playlist says to what ffprobe and mp4ff find in the media.
func (c sender) checkIndex(t *testing.T, address string) {
	_, text := get(t, address)
	m := streamInf.FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no stream in\n%s", text)
	}
	base := strings.TrimSuffix(address, "index.m3u8")
	var want []string
	if c.video != "" {
		want = append(want, videoCodec(t, base))
		out, err := command(t, 30*time.Second, "ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "stream=codec_name,profile,level,width,height,r_frame_rate", "-of", "json", base+"v.m3u8")
		var found struct {
			Streams []struct {
				Codec         string `json:"codec_name"`
				Profile       string
				Level         int
				Width, Height int
				Rate          string `json:"r_frame_rate"`
			}
		}
		if err != nil || json.Unmarshal([]byte(out), &found) != nil || len(found.Streams) != 1 {
			t.Fatalf("ffprobe: %v %s", err, out)
		}
		f := found.Streams[0]
		if f.Codec != c.video || fmt.Sprint(f.Width) != m[2] || fmt.Sprint(f.Height) != m[3] || m[4] != "25.000" || f.Rate != "25/1" {
			t.Errorf("ffprobe finds %+v in what is told as\n%s", f, text)
		}
		if told := levelOf(want[0]); told != f.Level || !profileIs(want[0], f.Profile) {
			t.Errorf("ffprobe finds profile %s at level %d, mp4ff %s", f.Profile, f.Level, want[0])
		}
	}
	if c.audio != "" {
		want = append(want, "mp4a.40.2")
		out, err := command(t, 30*time.Second, "ffprobe", "-v", "error", "-show_entries", "stream=codec_name,profile,channels", "-of", "csv=p=0", base+"a.m3u8")
		if out, _, _ = strings.Cut(out, "\n"); err != nil || out != "aac,LC,2" {
			t.Errorf("ffprobe: %v %q", err, out)
		}
		if c.video != "" && !strings.Contains(text, `CHANNELS="2"`) {
			t.Errorf("channels in\n%s", text)
		}
	}
	if !strings.EqualFold(m[1], strings.Join(want, ",")) { // RFC 6381 has no case for hexadecimal digits
		t.Errorf("CODECS %q, mp4ff says %q", m[1], strings.Join(want, ","))
	}
}

var mapURI = regexp.MustCompile(`#EXT-X-MAP:URI="([^"]*)"`)

// videoCodec is the codec of a picture as mp4ff reads it from the initialisation.
func videoCodec(t *testing.T, base string) string {
	t.Helper()
	_, list := get(t, base+"v.m3u8")
	m := mapURI.FindStringSubmatch(list)
	if m == nil {
		t.Fatalf("no initialisation in\n%s", list)
	}
	_, init := get(t, base+m[1])
	f, err := mp4.DecodeFile(strings.NewReader(init))
	if err != nil {
		t.Fatal(err)
	}
	stsd := f.Init.Moov.Trak.Mdia.Minf.Stbl.Stsd
	switch {
	case stsd.AvcX != nil:
		sps, err := avc.ParseSPSNALUnit(stsd.AvcX.AvcC.SPSnalus[0], true)
		if err != nil {
			t.Fatal(err)
		}
		return avc.CodecString(stsd.AvcX.Type(), sps)
	case stsd.HvcX != nil:
		for _, array := range stsd.HvcX.HvcC.NaluArrays {
			if array.NaluType() == hevc.NALU_SPS {
				sps, err := hevc.ParseSPSNALUnit(array.Nalus[0])
				if err != nil {
					t.Fatal(err)
				}
				return hevc.CodecString(stsd.HvcX.Type(), sps)
			}
		}
	}
	t.Fatal("neither H.264 nor H.265")
	return ""
}

// levelOf is the level in a codec's name as ffprobe writes it.
func levelOf(codec string) int {
	if rest, ok := strings.CutPrefix(codec, "avc1."); ok {
		n, _ := strconv.ParseUint(rest[4:], 16, 8)
		return int(n)
	}
	parts := strings.Split(codec, ".")
	if len(parts) < 4 {
		return math.MinInt
	}
	n, _ := strconv.Atoi(parts[3][1:])
	return n
}

// profileIs tells whether a codec's name is of a profile that ffprobe names.
func profileIs(codec, profile string) bool {
	switch {
	case strings.HasPrefix(codec, "avc1.64"):
		return profile == "High"
	case strings.HasPrefix(codec, "avc1.4d"):
		return profile == "Main"
	case strings.HasPrefix(codec, "avc1.42"):
		return strings.HasSuffix(profile, "Baseline")
	}
	return strings.HasPrefix(codec, "hvc1.1.") && profile == "Main"
}
