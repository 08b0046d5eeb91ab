package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"synctv/internal/guard"
	"synctv/internal/guard/guardtest"
)

func hostOf(s *httptest.Server) string { _, h, _ := strings.Cut(s.URL, "://"); return h }

func newProber(t *testing.T, cfg Config, servers ...*httptest.Server) *Prober {
	t.Helper()
	hosts := []string{}
	for _, s := range servers {
		hosts = append(hosts, hostOf(s))
	}
	g, err := guard.New(guard.Config{AllowHosts: hosts}, guard.Deps{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(cfg, Deps{Client: g.Client(guard.ClientConfig{}), CheckURL: g.CheckURL})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// fileServer serves files by path with ranges.
func fileServer(t *testing.T, files map[string][]byte) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, ok := files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
	}))
	t.Cleanup(s.Close)
	return s
}

func TestProbe(t *testing.T) {
	moov := box("moov", mvhd(1000, 7500), trak(avc1()), trak(mp4a()), title("A Film"))
	main := "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"avc1.4d401f,mp4a.40.2\"\nsub/v.m3u8\n"
	vod := "#EXTM3U\n#EXT-X-TARGETDURATION:6\n" + strings.Repeat("#EXTINF:6.0,\nsegment-with-a-long-name-00000001.ts?token=abcdefabcdefabcdef\n", 3000) + "#EXT-X-ENDLIST\n"
	s := fileServer(t, map[string][]byte{
		"/first.mp4":     join(ftyp(), moov, box("mdat", zeros(40<<20))),
		"/last.mp4":      join(ftyp(), box("mdat", zeros(40<<20)), moov),
		"/wide.mp4":      join(ftyp(), box("mdat", zeros(9<<20)), box("moov", mvhd(1000, 7500), trak(avc1()), box("free", zeros(3<<20)), trak(mp4a()), box("free", zeros(3<<20)), title("A Film"))),
		"/a.mkv":         join(ebmlHead("matroska"), el(idSegment, mkvInfo(12.5, "Film"), mkvTracks(), el(idCluster, zeros(1<<20)))),
		"/Some.Song.mp3": join(id3(id3Frame("APIC", string(zeros(300<<10)))), xing(5000), mp3Frames(100)),
		"/main.m3u8":     []byte(main), "/sub/v.m3u8": []byte(vod),
		"/x.flv": flvMeta(61.5), "/page.html": []byte("<html><title>x</title>"), "/empty": {},
	})
	p := newProber(t, Config{}, s)
	cases := []struct {
		path     string
		kind     Container
		seconds  float64
		title    string
		codecs   string
		requests int
	}{
		{"/first.mp4", MP4, 7.5, "A Film", "avc1.640028 mp4a.40.2", 1},
		{"/last.mp4", MP4, 7.5, "A Film", "avc1.640028 mp4a.40.2", 2},
		{"/wide.mp4", MP4, 7.5, "A Film", "avc1.640028 mp4a.40.2", 4},
		{"/a.mkv", MKV, 12.5, "Film", "vp9 opus", 1},
		{"/Some.Song.mp3", MP3, 5000 * 1152 / 44100.0, "Some Song", "mp3", 2},
		{"/main.m3u8", HLS, 18000, "main", "avc1.4d401f mp4a.40.2", 2},
		{"/sub/v.m3u8", HLS, 18000, "v", "", 2},
		{"/x.flv", FLV, 61.5, "x", "avc1 mp4a.40.2", 1},
		{"/page.html", Unknown, 0, "page", "", 1},
		{"/empty", Unknown, 0, "empty", "", 1},
	}
	for _, c := range cases {
		r, err := p.Probe(t.Context(), Request{URL: s.URL + c.path})
		if err != nil || !r.Reachable || r.Container != c.kind || math.Abs(r.Seconds-c.seconds) > 0.01 || r.Title != c.title || strings.Join(r.Codecs, " ") != c.codecs {
			t.Errorf("%s: %+v %v", c.path, r, err)
		}
		if r.Requests != c.requests || r.Bytes > 2<<20 || r.Live {
			t.Errorf("%s: %d requests, %d bytes, live %v; want %d requests", c.path, r.Requests, r.Bytes, r.Live, c.requests)
		}
	}
	if r, err := p.Probe(t.Context(), Request{URL: s.URL + "/gone"}); err != nil || r.Reachable || r.Status != 404 {
		t.Errorf("gone: %+v %v", r, err)
	}
}

func TestNoRanges(t *testing.T) {
	moov := box("moov", mvhd(1000, 7500), trak(avc1()))
	first := join(ftyp(), moov, box("mdat", zeros(1<<20)))
	last := join(ftyp(), box("mdat", zeros(1<<20)), moov)
	for name, c := range map[string]struct {
		file    []byte
		chunked bool
		seconds float64
		size    int64
	}{"first": {first, false, 7.5, int64(len(first))}, "last": {last, false, 0, int64(len(last))}, "chunked": {first, true, 7.5, -1}} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if !c.chunked {
				w.Header().Set("Content-Length", fmt.Sprint(len(c.file)))
			}
			_, _ = w.Write(c.file)
		}))
		r, err := newProber(t, Config{}, s).Probe(t.Context(), Request{URL: s.URL + "/f.mp4"})
		if err != nil || r.Ranges || r.Container != MP4 || r.Seconds != c.seconds || r.Size != c.size || r.Requests != 1 {
			t.Errorf("%s: %+v %v", name, r, err)
		}
		s.Close()
	}
}

// TestHostileOrigins: lies, floods and silence stay inside the budget.
func TestHostileOrigins(t *testing.T) {
	cases := map[string]http.HandlerFunc{
		"claims to be huge": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Range", "bytes 0-65535/9223372036854775806")
			w.WriteHeader(206)
			_, _ = w.Write(join(ftyp(), u32(1), []byte("mdat"), u64(math.MaxInt64-100)))
		},
		"range answered with another": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Range", "bytes 0-65535/10000000")
			w.WriteHeader(206)
			_, _ = w.Write(join(ftyp(), u32(9000000), []byte("mdat"), zeros(65000)))
		},
		"endless body": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(200)
			for {
				if _, err := w.Write(join(ftyp(), zeros(1<<16))); err != nil {
					return
				}
			}
		},
		"jumps without end": func(w http.ResponseWriter, r *http.Request) {
			var off, last int64
			_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &off, &last)
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/100000000000", off, last))
			w.WriteHeader(206)
			b := box("free", zeros(8))
			if off == 0 {
				b = ftyp()
			}
			_, _ = w.Write(append(append(b, u32(100<<20)...), "mdat"...))
		},
		"playlist that is its own variant": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nself.m3u8\n")
		},
		"variant at a forbidden address": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhttp://127.0.0.1:1/self.m3u8\n")
		},
	}
	for name, h := range cases {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(h)
			defer s.Close()
			start := time.Now()
			r, err := newProber(t, Config{}, s).Probe(t.Context(), Request{URL: s.URL + "/f"})
			if err != nil || r.Requests > 8 || r.Bytes > 2<<20 || time.Since(start) > 5*time.Second {
				t.Errorf("%+v %v after %v", r, err, time.Since(start))
			}
		})
	}
	t.Run("silent body", func(t *testing.T) {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte("FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00"))
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}))
		defer s.Close()
		r, err := newProber(t, Config{Timeout: 200 * time.Millisecond}, s).Probe(t.Context(), Request{URL: s.URL + "/live.flv"})
		if err != nil || r.Container != FLV || !r.Live {
			t.Errorf("%+v %v", r, err)
		}
	})
}

// TestPickyStore: a store that refuses a foreign Origin is asked once more without.
func TestPickyStore(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Origin") != "" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		_, _ = w.Write(flvMeta(5))
	}))
	defer s.Close()
	r, err := newProber(t, Config{}, s).Probe(t.Context(), Request{URL: s.URL + "/a.flv"})
	if err != nil || !r.Reachable || r.Seconds != 5 || r.CORS || r.Requests != 2 {
		t.Errorf("%+v %v", r, err)
	}
}

func TestUnreachable(t *testing.T) {
	canary := guardtest.NewCanary(t, 0)
	p := newProber(t, Config{})
	for _, u := range []string{fmt.Sprintf("http://127.0.0.1:%d/", canary.Port), "http://10.0.0.1/", "file:///etc/passwd", ""} {
		if r, err := p.Probe(t.Context(), Request{URL: u}); !errors.Is(err, ErrUnreachable) || r.Reachable {
			t.Errorf("%s: %+v %v", u, r, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Probe(ctx, Request{URL: "http://8.8.8.8/"}); !errors.Is(err, ErrUnreachable) {
		t.Errorf("cancelled: %v", err)
	}
	if canary.Hits() != 0 {
		t.Errorf("the canary was hit %d times", canary.Hits())
	}
}

// TestHeadersAndCORS: the provider's headers go up, but not to another origin after a redirect; the CORS answer is understood.
// Errors end up in logs, and what stands behind the host of an address may be a secret (ABUSE-176).
func TestErrorsDoNotTellTheAddress(t *testing.T) {
	gone := fileServer(t, nil)
	p := newProber(t, Config{}, gone)
	gone.Close()
	_, err := p.Probe(t.Context(), Request{URL: gone.URL + "/hush.mp4?token=hush"})
	if !errors.Is(err, ErrUnreachable) || strings.Contains(err.Error(), "hush") {
		t.Error(err)
	}
}

func TestHeadersAndCORS(t *testing.T) {
	film := join(ftyp(), box("mdat", zeros(1<<20)), box("moov", mvhd(1000, 7500)))
	var there []string
	cdn := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		there = append(there, r.Header.Get("Authorization")+r.Header.Get("X-Emby-Token")+"/"+r.Header.Get("Referer"))
		w.Header().Set("Access-Control-Allow-Origin", "*")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(film))
	}))
	defer cdn.Close()
	home := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer x" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		http.Redirect(w, r, cdn.URL+"/real.mp4", http.StatusFound)
	}))
	defer home.Close()
	p := newProber(t, Config{}, home, cdn)
	r, err := p.Probe(t.Context(), Request{URL: home.URL + "/f", Headers: map[string]string{"Authorization": "Bearer x", "X-Emby-Token": "y", "Referer": "https://r.example/"}})
	if err != nil || r.Seconds != 7.5 || !r.CORS || r.FinalURL != cdn.URL+"/real.mp4" || r.Requests != 2 {
		t.Errorf("%+v %v", r, err)
	}
	for _, h := range there {
		if h != "/https://r.example/" {
			t.Errorf("the other origin got %q", h)
		}
	}
	if _, err = p.Probe(t.Context(), Request{URL: home.URL + "/f", Headers: map[string]string{"Host": "x"}}); err == nil || errors.Is(err, ErrUnreachable) {
		t.Errorf("a chosen Host: %v", err)
	}
	if r, err = p.Probe(t.Context(), Request{URL: home.URL + "/f"}); err != nil || r.Reachable || r.Status != 401 || r.CORS {
		t.Errorf("without credentials: %+v %v", r, err)
	}
}

// TestRealFiles makes small files with ffmpeg, where it is installed, and reads them back.
func TestRealFiles(t *testing.T) {
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("ffmpeg is not installed")
	}
	dir := t.TempDir()
	video := []string{"-f", "lavfi", "-i", "testsrc2=s=160x90:r=10:d=4", "-f", "lavfi", "-i", "sine=d=4", "-metadata", "title=Test Film", "-shortest"}
	x264 := []string{"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"}
	cases := []struct {
		file   string
		args   []string
		kind   Container
		title  string
		codecs string
		secs   float64
	}{
		{"last.mp4", x264, MP4, "Test Film", "avc1.42c00a mp4a.40.2", 4},
		{"first.mp4", append(x264, "-movflags", "+faststart"), MP4, "Test Film", "avc1.42c00a mp4a.40.2", 4},
		{"frag.mp4", append(x264, "-movflags", "+frag_keyframe+empty_moov+global_sidx"), MP4, "Test Film", "avc1.42c00a mp4a.40.2", 4},
		{"a.mov", x264, MP4, "Test Film", "avc1.42c00a mp4a.40.2", 4},
		{"a.mkv", x264, MKV, "Test Film", "avc1.42c00a mp4a.40.2", 4},
		{"a.webm", []string{"-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"}, WebM, "Test Film", "vp9 opus", 4},
		{"vp9.mp4", []string{"-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"}, MP4, "Test Film", "vp09.00.10.08 opus", 4},
		{"hevc.mp4", []string{"-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1", "-an", "-x265-params", "log-level=none"}, MP4, "Test Film", "hvc1.", 4},
		{"a.flv", append(x264, "-ar", "44100"), FLV, "a", "avc1 mp4a.40.2", 4},
		{"a.ts", x264, TS, "a", "", 0},
		{"a.mp3", []string{"-vn", "-c:a", "libmp3lame"}, MP3, "Test Film", "mp3", 4},
		{"cbr.mp3", []string{"-vn", "-c:a", "libmp3lame", "-b:a", "64k", "-write_xing", "0"}, MP3, "Test Film", "mp3", 4},
		{"list.m3u8", append(x264, "-f", "hls", "-hls_time", "1", "-hls_playlist_type", "vod", "-hls_segment_filename", filepath.Join(dir, "seg%d.ts")), HLS, "list", "", 4},
		{"manifest.mpd", append(x264, "-f", "dash"), DASH, "manifest", "avc1.42c00a mp4a.40.2", 4},
	}
	s := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer s.Close()
	p := newProber(t, Config{}, s)
	for _, c := range cases {
		t.Run(c.file, func(t *testing.T) {
			args := append(append([]string{"-hide_banner", "-loglevel", "error", "-y"}, video...), c.args...)
			cmd := exec.Command(ffmpeg, append(args, filepath.Join(dir, c.file))...)
			cmd.Dir = dir
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Skipf("this ffmpeg cannot make it: %v %.200s", err, out)
			}
			if _, err := os.Stat(filepath.Join(dir, c.file)); err != nil {
				t.Fatal(err)
			}
			r, err := p.Probe(t.Context(), Request{URL: s.URL + "/" + c.file})
			if err != nil || r.Container != c.kind || math.Abs(r.Seconds-c.secs) > 0.2 || r.Title != c.title {
				t.Errorf("%+v %v", r, err)
			}
			if got := strings.Join(r.Codecs, " "); got != c.codecs && !(strings.HasSuffix(c.codecs, ".") && strings.HasPrefix(got, c.codecs)) {
				t.Errorf("codecs %q, want %q", got, c.codecs)
			}
		})
	}
}
