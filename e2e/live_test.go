package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// liveServer is a server that takes encoders, and its stream.
type liveServer struct {
	*server
	rtmp  string // address for encoders, without the key
	admin *client
}

func startLive(t *testing.T, env ...string) *liveServer {
	t.Helper()
	for _, name := range []string{"ffmpeg", "ffprobe"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is not installed", name)
		}
	}
	port := freePort(t)
	s := startServer(t, append([]string{"SYNCTV_LIVESTREAM_RTMP_HOST=127.0.0.1", "SYNCTV_LIVESTREAM_RTMP_PORT=" + port}, env...)...)
	return &liveServer{server: s, rtmp: "rtmp://127.0.0.1:" + port + "/live", admin: s.owner()}
}

// stream makes one; visibility is VISIBILITY_UNLISTED or VISIBILITY_PRIVATE.
func (s *liveServer) stream(visibility string) madeStream {
	s.t.Helper()
	var made madeStream
	s.admin.must("POST", "/api/v1/streams", map[string]any{"title": "Live", "visibility": visibility}, &made)
	return made
}

func (s *liveServer) state(id string) streamState {
	s.t.Helper()
	var st streamState
	s.admin.must("GET", "/api/v1/streams/"+id, nil, &st)
	return st
}

type streamState struct {
	State   string
	Viewers int
	Media   *struct {
		VideoCodec, AudioCodec string
		Width, Height          int
	}
}

// encoder is ffmpeg that publishes.
type encoder struct {
	cmd    *exec.Cmd
	stderr *logBuffer
	done   chan struct{}
	ended  atomic.Bool
}

var testPicture = []string{"-re", "-f", "lavfi", "-i", "testsrc=size=320x180:rate=25", "-re", "-f", "lavfi", "-i", "sine=sample_rate=44100",
	"-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p", "-g", "25", "-b:v", "300k", "-c:a", "aac", "-b:a", "64k"}

// encode starts ffmpeg; it is killed when the test ends.
func (s *liveServer) encode(address string, args ...string) *encoder {
	s.t.Helper()
	if len(args) == 0 {
		args = testPicture
	}
	args = append(append([]string{"-hide_banner", "-v", "info", "-nostats"}, args...), "-f", "flv", address)
	e := &encoder{cmd: exec.Command("ffmpeg", args...), stderr: &logBuffer{}, done: make(chan struct{})}
	e.cmd.Stderr = e.stderr
	if err := e.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() {
		e.cmd.Wait()
		e.ended.Store(true)
		close(e.done)
	}()
	s.t.Cleanup(func() {
		e.kill()
		if s.t.Failed() {
			s.t.Logf("ffmpeg:\n%s", e.stderr)
		}
	})
	return e
}

// kill is a connection that breaks.
func (e *encoder) kill() {
	e.cmd.Process.Kill()
	<-e.done
}

// quit is an encoder that is stopped.
func (e *encoder) quit() {
	e.cmd.Process.Signal(syscall.SIGINT)
	<-e.done
}

// onAir publishes and waits until picture and sound are there.
func (s *liveServer) onAir(made madeStream) *encoder {
	s.t.Helper()
	e := s.encode(s.rtmp + "/" + made.Key.Secret)
	s.waitLive(made)
	return e
}

func (s *liveServer) waitLive(made madeStream) {
	s.t.Helper()
	eventually(s.t, 20*time.Second, func() error {
		st := s.state(made.Stream.ID)
		if st.State != "STREAM_STATE_LIVE" || st.Media == nil || st.Media.VideoCodec == "" || st.Media.AudioCodec == "" {
			return fmt.Errorf("not live: %+v", st)
		}
		return nil
	})
}

// command runs a program to its end.
func command(t *testing.T, within time.Duration, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	c := exec.CommandContext(ctx, name, args...)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	err := c.Run()
	if err != nil {
		err = fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, stderr.String())
	}
	return stdout.String(), err
}

// decode has ffmpeg play an address for some seconds and decode all of it.
func decode(t *testing.T, address string, frames int, args ...string) {
	t.Helper()
	out, err := command(t, 40*time.Second, "ffmpeg", append(append([]string{"-v", "error", "-xerror"}, args...), "-i", address,
		"-map", "0:v:0", "-map", "0:a:0", "-frames:v", fmt.Sprint(frames), "-f", "null", "-progress", "-", "-")...)
	if err != nil {
		t.Errorf("%s: %v", address, err)
		return
	}
	if !strings.Contains(out, fmt.Sprintf("frame=%d\n", frames)) {
		t.Errorf("%s: not %d frames:\n%s", address, frames, out)
	}
}

// TestLivePlaysEverywhere publishes with ffmpeg and has ffmpeg watch in every way there is.
func TestLivePlaysEverywhere(t *testing.T) {
	t.Parallel()
	s := startLive(t)
	made := s.stream("VISIBILITY_UNLISTED")
	s.onAir(made)
	if m := s.state(made.Stream.ID).Media; m.VideoCodec != "H.264" || m.AudioCodec != "AAC" || m.Width != 320 || m.Height != 180 {
		t.Errorf("%+v", m)
	}
	flv := s.URL + "/live/" + made.Stream.ID + ".flv"
	out, err := command(t, 30*time.Second, "ffprobe", "-v", "error", "-show_entries", "stream=codec_name,width,sample_rate", "-of", "json", flv)
	var probed struct{ Streams []map[string]any }
	if err != nil || json.Unmarshal([]byte(out), &probed) != nil || len(probed.Streams) != 2 {
		t.Errorf("ffprobe: %v\n%s", err, out)
	}
	for _, c := range []struct {
		name, address string
		args          []string
	}{
		{"flv", flv, nil},
		{"rtmp", s.rtmp + "/" + made.Stream.ID, nil},
		{"hls", s.URL + "/live/" + made.Stream.ID + "/index.m3u8", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			decode(t, c.address, 60, c.args...)
		})
	}
}

// watch opens an address and returns a channel with how it ended, which is after the body has.
func watch(t *testing.T, address string) (status int, got *atomic.Int64, ended <-chan error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	ch := make(chan error, 1)
	got = new(atomic.Int64)
	go func() {
		defer resp.Body.Close()
		buf := make([]byte, 16<<10)
		for {
			n, err := resp.Body.Read(buf)
			got.Add(int64(n))
			if err != nil {
				if errors.Is(err, io.EOF) {
					err = nil
				}
				ch <- err
				return
			}
		}
	}()
	return resp.StatusCode, got, ch
}

// flows waits until something comes.
func flows(t *testing.T, got *atomic.Int64) {
	t.Helper()
	before := got.Load()
	eventually(t, 15*time.Second, func() error {
		if got.Load() < before+20_000 {
			return fmt.Errorf("%d bytes have come", got.Load()-before)
		}
		return nil
	})
}

// endsWithin does what has to end an answer, and returns how long that took.
func endsWithin(t *testing.T, ended <-chan error, limit time.Duration, do func()) time.Duration {
	t.Helper()
	began := time.Now()
	do()
	select {
	case <-ended:
		return time.Since(began)
	case <-time.After(limit):
		t.Errorf("it has not ended after %v", limit)
		return limit
	}
}

// TestLiveKeysHaveToBeRight: a wrong key and one that was replaced are refused with a reason, and a key that is replaced
// ends who publishes with it.
func TestLiveKeysHaveToBeRight(t *testing.T) {
	t.Parallel()
	s := startLive(t)
	made := s.stream("VISIBILITY_UNLISTED")
	e := s.onAir(made)
	var next keyJSON
	s.admin.must("POST", "/api/v1/streams/"+made.Stream.ID+"/keys", map[string]any{"rotate": true}, &next)
	select {
	case <-e.done:
	case <-time.After(5 * time.Second):
		t.Error("the encoder publishes on with a key that was replaced")
	}
	id, _, _ := strings.Cut(next.Secret, ".")
	for _, c := range []struct{ name, key string }{
		{"replaced", made.Key.Secret}, {"wrong secret", id + ".00000000000000000000000000000000"}, {"made up", "key_abc.def"},
		{"the stream's id", made.Stream.ID}, {"nonsense", "x"},
	} {
		e := s.encode(s.rtmp+"/"+c.key, "-v", "verbose", "-f", "lavfi", "-i", "sine", "-c:a", "aac")
		select {
		case <-e.done:
		case <-time.After(10 * time.Second):
			t.Errorf("%s: the encoder goes on", c.name)
		}
		if !strings.Contains(e.stderr.String(), "This stream key is not valid. Copy the key again") {
			t.Errorf("%s: ffmpeg does not say why:\n%s", c.name, e.stderr)
		}
	}
	s.encode(s.rtmp + "/" + next.Secret)
	s.waitLive(made)
	for _, secret := range []string{strings.Split(made.Key.Secret, ".")[1], strings.Split(next.Secret, ".")[1]} {
		if strings.Contains(s.logs.String(), secret) {
			t.Error("the log has a secret")
		}
	}
}

// TestLivePrivate: without a token there is nothing at any address; with one there is everything, until it is revoked.
func TestLivePrivate(t *testing.T) {
	t.Parallel()
	s := startLive(t)
	made := s.stream("VISIBILITY_PRIVATE")
	s.onAir(made)
	at := "/api/v1/streams/" + made.Stream.ID
	var token struct{ Token string }
	s.admin.must("POST", at+"/tokens", map[string]any{"ttlSeconds": 600}, &token)
	base := s.URL + "/live/" + made.Stream.ID
	flv, hls := base+".flv?token="+token.Token, base+"/index.m3u8?token="+token.Token
	addresses := map[string]bool{".flv": true, "/index.m3u8": true}
	for _, playlist := range s.playlists(hls) {
		for _, uri := range playlist {
			if !strings.Contains(uri, "token="+token.Token) {
				t.Errorf("%s has no token", uri)
			}
			path, _, _ := strings.Cut(uri, "?")
			addresses["/"+path] = true
		}
	}
	if len(addresses) < 6 {
		t.Errorf("only %v", addresses)
	}
	for path := range addresses {
		for _, query := range []string{"", "?token=", "?token=pt_x.y", "?token=" + token.Token[:len(token.Token)-2]} {
			if status, body := get(t, base+path+query); status < 400 || status >= 500 || len(body) > 500 {
				t.Errorf("%s%s: %d with %d bytes", path, query, status, len(body))
			}
		}
		if path == ".flv" {
			continue
		}
		if status, _ := get(t, base+path+"?token="+token.Token); status != http.StatusOK && status != http.StatusNotFound {
			t.Errorf("%s with a token: %d", path, status) // parts go after a while
		}
	}
	if out, err := command(t, 20*time.Second, "ffprobe", "-v", "error", s.rtmp+"/"+made.Stream.ID); err == nil {
		t.Errorf("RTMP plays without a token: %s", out)
	}
	decode(t, s.rtmp+"/"+made.Stream.ID+"?token="+token.Token, 25)

	status, got, ended := watch(t, flv)
	if status != http.StatusOK {
		t.Fatal(status)
	}
	flows(t, got)
	took := endsWithin(t, ended, time.Second, func() { s.admin.must("DELETE", at+"/tokens", nil, nil) })
	t.Logf("an open FLV ended %v after its token was revoked", took)
	for _, address := range []string{flv, hls} {
		if status, _ := get(t, address); status < 400 || status >= 500 {
			t.Errorf("%s: %d after the token was revoked", address, status)
		}
	}
}

// playlists returns what is listed by a multivariant playlist and those that it lists.
func (s *liveServer) playlists(address string) (all [][]string) {
	s.t.Helper()
	status, body := get(s.t, address)
	if status != http.StatusOK {
		s.t.Fatalf("%s: %d %s", address, status, body)
	}
	uris := urisOf(body)
	all = append(all, uris)
	for _, uri := range uris {
		_, body := get(s.t, address[:strings.LastIndex(address, "/")+1]+uri)
		all = append(all, urisOf(body))
	}
	return all
}

// urisOf returns the addresses in a playlist.
func urisOf(playlist string) (uris []string) {
	for line := range strings.SplitSeq(playlist, "\n") {
		if _, rest, ok := strings.Cut(line, `URI="`); ok {
			uri, _, _ := strings.Cut(rest, `"`)
			uris = append(uris, uri)
		} else if line != "" && line[0] != '#' {
			uris = append(uris, line)
		}
	}
	return uris
}

// get is one request to its end.
func get(t *testing.T, address string) (int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Errorf("%s: %v", address, err)
	}
	return resp.StatusCode, string(body)
}

// TestLiveKick: those who publish and watch are listed and can be removed.
func TestLiveKick(t *testing.T) {
	t.Parallel()
	s := startLive(t)
	made := s.stream("VISIBILITY_UNLISTED")
	e := s.onAir(made)
	at := "/api/v1/streams/" + made.Stream.ID + "/sessions"
	_, got, ended := watch(t, s.URL+"/live/"+made.Stream.ID+".flv")
	flows(t, got)
	var list struct {
		Sessions []struct {
			ID, Role, Protocol string
			Bytes              float64
		}
	}
	find := func(role string) string {
		s.admin.must("GET", at, nil, &list)
		for _, one := range list.Sessions {
			if one.Role == role && one.Bytes > 0 {
				return one.ID
			}
		}
		t.Fatalf("no %s in %+v", role, list.Sessions)
		return ""
	}
	viewer := find("viewer")
	took := endsWithin(t, ended, time.Second, func() { s.admin.must("DELETE", at+"/"+viewer, nil, nil) })
	t.Logf("a viewer was gone after %v", took)
	s.admin.must("DELETE", at+"/"+find("publisher"), nil, nil)
	select {
	case <-e.done:
	case <-time.After(5 * time.Second):
		t.Error("the encoder goes on")
	}
	eventually(t, 5*time.Second, func() error {
		if st := s.state(made.Stream.ID); st.State != "STREAM_STATE_IDLE" {
			return fmt.Errorf("%+v", st)
		}
		return nil
	})
}

// TestLivePublisherComesBack: a connection that breaks and one that is taken over leave viewers where they are, and the
// numbers of playlists go on.
func TestLivePublisherComesBack(t *testing.T) {
	t.Parallel()
	s := startLive(t)
	made := s.stream("VISIBILITY_UNLISTED")
	first := s.onAir(made)
	_, got, ended := watch(t, s.URL+"/live/"+made.Stream.ID+".flv")
	flows(t, got)
	before := s.sequence(made)
	first.kill()
	eventually(t, 5*time.Second, func() error {
		if st := s.state(made.Stream.ID); st.State != "STREAM_STATE_RECONNECTING" {
			return fmt.Errorf("%+v", st)
		}
		return nil
	})
	second := s.onAir(made)
	flows(t, got)
	third := s.encode(s.rtmp + "/" + made.Key.Secret) // while the second still publishes
	select {
	case <-second.done:
	case <-time.After(15 * time.Second):
		t.Error("two publish at once")
	}
	flows(t, got)
	eventually(t, 20*time.Second, func() error {
		if now := s.sequence(made); now <= before {
			return fmt.Errorf("media sequence %d, it was %d", now, before)
		}
		return nil
	})
	decode(t, s.URL+"/live/"+made.Stream.ID+".flv", 25)
	third.quit()
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Error("the viewer is still there, and the stream is over")
	}
}

// sequence is the number of the last segment that is listed.
func (s *liveServer) sequence(made madeStream) (last int) {
	s.t.Helper()
	_, body := get(s.t, s.URL+"/live/"+made.Stream.ID+"/v.m3u8")
	for line := range strings.SplitSeq(body, "\n") {
		if n, ok := strings.CutPrefix(line, "#EXT-X-MEDIA-SEQUENCE:"); ok {
			if _, err := fmt.Sscan(n, &last); err != nil {
				s.t.Error(err)
			}
		}
		if strings.HasPrefix(line, "#EXTINF") {
			last++
		}
	}
	if last == 0 {
		s.t.Errorf("no playlist: %s", body)
	}
	return last
}

// TestLiveStopsWithTheServer: who watches and publishes is told, and the server ends in time.
func TestLiveStopsWithTheServer(t *testing.T) {
	t.Parallel()
	s := startLive(t)
	made := s.stream("VISIBILITY_UNLISTED")
	e := s.onAir(made)
	_, got, ended := watch(t, s.URL+"/live/"+made.Stream.ID+".flv")
	flows(t, got)
	took := s.term()
	if took > 15*time.Second || s.exitCode() != 0 {
		t.Errorf("stopped after %v with %d", took, s.exitCode())
	}
	t.Logf("stopped after %v", took)
	endsWithin(t, ended, time.Second, func() {})
	<-e.done
}
