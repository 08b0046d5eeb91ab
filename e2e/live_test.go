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
