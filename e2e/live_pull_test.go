package e2e

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// relay is a stream of s that comes from an address.
func (s *liveServer) relay(address string) madeStream {
	s.t.Helper()
	var made madeStream
	s.admin.must("POST", "/api/v1/streams", map[string]any{"title": "Relay", "visibility": "VISIBILITY_UNLISTED", "pullUrl": address}, &made)
	return made
}

type pulledState struct {
	State, PullURL, Problem string
	Pulled                  bool
	Viewers                 int
	Media                   *struct {
		VideoCodec, AudioCodec string
		Width, Height          int
	}
}

func (s *liveServer) pulled(who *client, id string) pulledState {
	s.t.Helper()
	var st pulledState
	who.must("GET", "/api/v1/streams/"+id, nil, &st)
	return st
}

// allowLocal lets a server fetch from this machine.
const allowLocal = "SYNCTV_MEDIA_ALLOW_PRIVATE=127.0.0.1"

// made is a folder into which ffmpeg writes live HLS, served over HTTP; it counts who asks for what.
func (s *liveServer) liveHLS(args ...string) (url string, asked *atomic.Int64) {
	s.t.Helper()
	dir := s.t.TempDir()
	e := exec.Command("ffmpeg", append(append(append([]string{"-v", "error"}, testPicture...), args...), filepath.Join(dir, "index.m3u8"))...)
	stderr := &logBuffer{}
	e.Stderr = stderr
	if err := e.Start(); err != nil {
		s.t.Fatal(err)
	}
	asked = new(atomic.Int64)
	files := http.FileServer(http.Dir(dir))
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".m3u8") {
			asked.Add(1)
		}
		files.ServeHTTP(w, r)
	}))
	s.t.Cleanup(func() {
		e.Process.Kill()
		e.Wait()
		web.Close()
		if s.t.Failed() {
			s.t.Logf("ffmpeg:\n%s", stderr)
		}
	})
	eventually(s.t, 30*time.Second, func() error {
		text, err := os.ReadFile(filepath.Join(dir, "index.m3u8"))
		if err == nil && strings.Count(string(text), "#EXTINF") < 3 && !strings.Contains(string(text), "STREAM-INF") {
			err = fmt.Errorf("not three segments yet")
		}
		return err
	})
	return web.URL + "/index.m3u8", asked
}

// TestPullEverything: another server is the source over RTMP, HTTP-FLV and HLS with separate sound, and ffmpeg over HLS with
// transport streams, with fragmented MP4 and with encryption. What we serve of each, in each way, ffmpeg decodes.
func TestPullEverything(t *testing.T) {
	t.Parallel()
	far, s := startLive(t), startLive(t, allowLocal)
	source := far.stream("VISIBILITY_PRIVATE")
	far.onAir(source)
	var token struct{ Token string }
	far.admin.must("POST", "/api/v1/streams/"+source.Stream.ID+"/tokens", map[string]any{"ttlSeconds": 600}, &token)
	at, query := far.URL+"/live/"+source.Stream.ID, "?token="+token.Token
	key := filepath.Join(t.TempDir(), "key")
	keyServer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("sixteen byte key")) }))
	t.Cleanup(keyServer.Close)
	os.WriteFile(key, []byte("sixteen byte key"), 0o600)
	info := filepath.Join(t.TempDir(), "keyinfo")
	os.WriteFile(info, []byte(keyServer.URL+"/key\n"+key+"\n"), 0o600)

	for _, c := range []struct {
		name    string
		address func(*testing.T) string
	}{
		{"rtmp", func(*testing.T) string { return far.rtmp + "/" + source.Stream.ID + query }},
		{"flv", func(*testing.T) string { return at + ".flv" + query }},
		{"hls of another server", func(*testing.T) string { return at + "/index.m3u8" + query }},
		{"hls ts", func(*testing.T) string {
			u, _ := s.liveHLS("-f", "hls", "-hls_time", "1", "-hls_list_size", "6")
			return u
		}},
		{"hls fmp4", func(*testing.T) string {
			u, _ := s.liveHLS("-f", "hls", "-hls_time", "1", "-hls_list_size", "6", "-hls_segment_type", "fmp4")
			return u
		}},
		{"hls one file", func(*testing.T) string {
			u, _ := s.liveHLS("-f", "hls", "-hls_time", "1", "-hls_list_size", "6", "-hls_flags", "single_file")
			return u
		}},
		{"hls encrypted", func(*testing.T) string {
			u, _ := s.liveHLS("-f", "hls", "-hls_time", "1", "-hls_list_size", "6", "-hls_key_info_file", info)
			return u
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			made := s.relay(c.address(t))
			if st := s.pulled(s.admin, made.Stream.ID); st.State != "STREAM_STATE_IDLE" || !st.Pulled || strings.Contains(st.PullURL, token.Token) ||
				strings.Contains(st.PullURL, source.Stream.ID[8:]) {
				t.Errorf("%+v", st)
			}
			here := s.URL + "/live/" + made.Stream.ID
			for way, address := range map[string]string{"flv": here + ".flv", "hls": here + "/index.m3u8", "rtmp": s.rtmp + "/" + made.Stream.ID} {
				t.Run(way, func(t *testing.T) { decode(t, address, 50) })
			}
			st := s.pulled(s.admin, made.Stream.ID)
			if st.State != "STREAM_STATE_LIVE" || st.Media == nil || st.Media.VideoCodec != "H.264" || st.Media.AudioCodec != "AAC" || st.Media.Width != 320 {
				t.Errorf("%+v", st)
			}
			sessions := s.sessions(made.Stream.ID)
			if len(sessions) == 0 || sessions[0].Role != "publisher" || sessions[0].Protocol != "pull" || sessions[0].Bytes == 0 {
				t.Errorf("%+v", sessions)
			}
		})
	}
	if st := far.state(source.Stream.ID); st.Viewers > 3 {
		t.Errorf("the source has %d viewers, for three streams that come from it", st.Viewers)
	}
	if log := s.logs.String(); strings.Contains(log, token.Token) || strings.Contains(log, "/index.m3u8") {
		t.Errorf("the log has addresses of sources:\n%s", log)
	}
}

type sessionJSON struct {
	ID, Role, Protocol, Address string
	Bytes                       float64
}

func (s *liveServer) sessions(id string) []sessionJSON {
	s.t.Helper()
	var list struct{ Sessions []sessionJSON }
	s.admin.must("GET", "/api/v1/streams/"+id+"/sessions", nil, &list)
	return list.Sessions
}

// TestPullForEverybodyAndNoLonger: one connection for many viewers, none after they have left, one again for the next.
func TestPullForEverybodyAndNoLonger(t *testing.T) {
	t.Parallel()
	far, s := startLive(t), startLive(t, allowLocal, "SYNCTV_LIVESTREAM_PULL_LINGER=5s")
	source := far.stream("VISIBILITY_UNLISTED")
	far.onAir(source)
	made := s.relay(far.rtmp + "/" + source.Stream.ID)
	stop := make([]func(), 20)
	for i := range stop {
		got, quit := s.viewer(made.Stream.ID)
		flows(t, got)
		stop[i] = quit
	}
	if st := far.state(source.Stream.ID); st.Viewers != 1 {
		t.Errorf("%d connections to the source", st.Viewers)
	}
	for _, quit := range stop {
		quit()
	}
	began := time.Now()
	eventually(t, 20*time.Second, func() error {
		if n := far.state(source.Stream.ID).Viewers; n != 0 {
			return fmt.Errorf("%d connections to the source", n)
		}
		return nil
	})
	if d := time.Since(began); d < 3*time.Second {
		t.Errorf("it was given up after %v", d)
	}
	got, quit := s.viewer(made.Stream.ID)
	defer quit()
	flows(t, got)
}

// viewer watches over FLV until quit.
func (s *liveServer) viewer(id string) (got *atomic.Int64, quit func()) {
	s.t.Helper()
	nc, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		s.t.Fatal(err)
	}
	fmt.Fprintf(nc, "GET /live/%s.flv HTTP/1.1\r\nHost: x\r\n\r\n", id)
	got = new(atomic.Int64)
	go func() {
		buf := make([]byte, 16<<10)
		for {
			n, err := nc.Read(buf)
			got.Add(int64(n))
			if err != nil {
				return
			}
		}
	}()
	return got, func() { nc.Close() }
}

// TestPullComesBack: a source that dies is tried again, who watches learns what is wrong, and goes on when it is back. An
// encoder with a key comes first, and the source after it.
func TestPullComesBack(t *testing.T) {
	t.Parallel()
	far, s := startLive(t), startLive(t, allowLocal)
	source := far.stream("VISIBILITY_UNLISTED")
	e := far.onAir(source)
	made := s.relay(far.rtmp + "/" + source.Stream.ID)
	got, quit := s.viewer(made.Stream.ID)
	defer quit()
	flows(t, got)
	e.quit()
	eventually(t, 25*time.Second, func() error {
		if st := s.pulled(s.admin, made.Stream.ID); st.Problem == "" || st.State == "STREAM_STATE_LIVE" {
			return fmt.Errorf("%+v", st)
		}
		return nil
	})
	// Those who come now are told, too.
	status, body := get(t, s.URL+"/live/"+made.Stream.ID+".flv")
	if status != http.StatusServiceUnavailable && status != http.StatusOK || status == http.StatusServiceUnavailable && !strings.Contains(string(body), "source") {
		t.Errorf("%d %s", status, body)
	}
	far.onAir(source)
	eventually(t, 60*time.Second, func() error { // as players do, one comes again and again
		again, quit := s.viewer(made.Stream.ID)
		defer quit()
		time.Sleep(2 * time.Second)
		if again.Load() < 20_000 {
			return fmt.Errorf("%d bytes", again.Load())
		}
		return nil
	})
	again, quit2 := s.viewer(made.Stream.ID)
	defer quit2()
	flows(t, again)

	e = s.encode(s.rtmp+"/"+made.Key.Secret, "-re", "-f", "lavfi", "-i", "testsrc=size=160x90:rate=25", "-re", "-f", "lavfi", "-i", "sine",
		"-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p", "-g", "25", "-c:a", "aac")
	width := func(want int) {
		t.Helper()
		eventually(t, 30*time.Second, func() error {
			if st := s.pulled(s.admin, made.Stream.ID); st.Media == nil || st.Media.Width != want {
				return fmt.Errorf("%+v", st)
			}
			return nil
		})
	}
	width(160)
	time.Sleep(5 * time.Second)
	width(160)
	flows(t, again)
	if l := s.sessions(made.Stream.ID); l[0].Protocol != "rtmp" || l[1].Role != "viewer" {
		t.Errorf("%+v", l)
	}
	e.kill()
	width(320)
	flows(t, again)
}

// TestPullInARoom: pasting an address is all.
func TestPullInARoom(t *testing.T) {
	t.Parallel()
	far, s := startLive(t), startLive(t, allowLocal)
	source := far.stream("VISIBILITY_UNLISTED")
	far.onAir(source)
	room := s.admin.createRoom(nil)
	guest := s.guest(room.ID, "Guest", "")
	type item struct{ ID, Title, Provider, URL string }
	add := func(url string) (it item) {
		t.Helper()
		var list struct{ Media []item }
		guest.must("POST", "/api/v1/rooms/"+room.ID+"/media", map[string]any{"media": []any{map[string]any{"url": url}}}, &list)
		return list.Media[0]
	}
	rtmp, flv := far.rtmp+"/"+source.Stream.ID, far.URL+"/live/"+source.Stream.ID+".flv"
	first, same, other := add(rtmp), add(rtmp), add(flv)
	if first.Provider != "live" || first.URL != same.URL || other.Provider != "live" || other.URL == first.URL || strings.Contains(first.Title, source.Stream.ID) {
		t.Errorf("%+v\n%+v\n%+v", first, same, other)
	}
	for _, it := range []item{first, other} {
		var src struct {
			Live     bool
			Variants []struct{ URL, Container string }
		}
		guest.must("GET", "/api/v1/rooms/"+room.ID+"/media/"+it.ID+"/source", nil, &src)
		if !src.Live || len(src.Variants) != 2 {
			t.Fatalf("%+v", src)
		}
		for _, v := range src.Variants {
			decode(t, s.URL+v.URL, 25)
		}
	}
	// A file is a file, and what cannot be is refused.
	dir := t.TempDir()
	if _, err := command(t, 20*time.Second, "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac", filepath.Join(dir, "file.flv")); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer web.Close()
	if it := add(web.URL + "/file.flv"); it.Provider != "direct" {
		t.Errorf("a file: %+v", it)
	}
	for address, code := range map[string]string{"rtmp://10.0.0.1/live/x": "address_not_allowed", "rtmp://127.0.0.1:6379/live/x": "address_not_allowed",
		"rtmp://u:p@example.org/live/x": "invalid_argument", "rtmp://example.org": "invalid_argument"} {
		err := guest.call("POST", "/api/v1/rooms/"+room.ID+"/media", map[string]any{"media": []any{map[string]any{"url": address}}}, nil)
		if f, ok := err.(*failure); !ok || f.Code != code {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestPullFromFFmpeg: ffmpeg itself serves FLV and RTMP, once.
func TestPullFromFFmpeg(t *testing.T) {
	t.Parallel()
	s := startLive(t, allowLocal)
	for _, c := range []struct{ name, scheme, path string }{{"flv", "http", "/live.flv"}, {"rtmp", "rtmp", "/live/stream"}} {
		t.Run(c.name, func(t *testing.T) {
			address := c.scheme + "://127.0.0.1:" + freePort(t) + c.path
			s.encode(address, append(append([]string{}, testPicture...), "-listen", "1")...)
			time.Sleep(time.Second)
			made := s.relay(address)
			decode(t, s.URL+"/live/"+made.Stream.ID+".flv", 50)
		})
	}
}
