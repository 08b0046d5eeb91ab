package mediad

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"synctv/app"
	"synctv/mediad/av"
	"synctv/mediad/pull"
	"synctv/mediad/rtmp"
)

// fakePulls is the part of app that knows of sources elsewhere.
type fakePulls struct {
	mu       sync.Mutex
	address  string // of the source; "" when there is none
	refused  error
	held     int
	problems []string
}

func (f *fakeApp) AdmitPull(context.Context, app.StreamID) (app.Publication, error) {
	f.mu.Lock()
	session := f.session(app.SessionPublisher)
	f.mu.Unlock()
	f.pulls.mu.Lock()
	defer f.pulls.mu.Unlock()
	if f.pulls.refused != nil {
		return app.Publication{}, f.pulls.refused
	}
	f.pulls.held++
	session.Protocol = "pull"
	return app.Publication{Stream: app.Stream{ID: str, PullURL: f.pulls.address}, Session: session}, nil
}

func (f *fakeApp) KeepPull(context.Context, app.Publication) error {
	f.pulls.mu.Lock()
	defer f.pulls.mu.Unlock()
	return f.pulls.refused
}

func (f *fakeApp) ReleasePull(context.Context, app.StreamID) {
	f.pulls.mu.Lock()
	defer f.pulls.mu.Unlock()
	f.pulls.held--
}

func (f *fakeApp) NotePull(_ context.Context, _ app.StreamID, _ bool, problem string) {
	f.pulls.mu.Lock()
	defer f.pulls.mu.Unlock()
	f.pulls.problems = append(f.pulls.problems, problem)
}

func (p *fakePulls) source() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.address
}

// elsewhere is a source that plays a film again and again, in time.
type elsewhere struct {
	packets []av.Packet

	mu      sync.Mutex
	err     error // of who connects
	opened  int
	playing int
}

var errNotThere = errors.New("not there")

func (e *elsewhere) receive(ctx context.Context, _ string, out func(av.Packet) error) error {
	e.mu.Lock()
	e.opened++
	err := e.err
	e.playing++
	e.mu.Unlock()
	defer func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.playing--
	}()
	if err != nil {
		return err
	}
	began := time.Now()
	for _, p := range e.packets {
		select {
		case <-time.After(time.Until(began.Add(p.DTS / 4))): // four times as fast
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := out(p); err != nil {
			return err
		}
	}
	<-ctx.Done()
	return ctx.Err()
}

func (e *elsewhere) counts() (opened, playing int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.opened, e.playing
}

// pulling is a house whose stream comes from elsewhere.
func pulling(t *testing.T, c Config) (*house, *elsewhere) {
	t.Helper()
	e := &elsewhere{packets: repeat(film(t), 2*time.Minute)}
	h := openLogging(t, c, slog.DiscardHandler, func(d *Deps) { d.Receive = e.receive })
	h.app.pulls.address = "rtmp://source.example/live/film"
	return h, e
}

// TestASourceFromElsewhere is received when somebody comes, once for all, in every protocol, and not for long after they left.
func TestASourceFromElsewhere(t *testing.T) {
	h, e := pulling(t, Config{Pull: pull.Config{Linger: time.Second}})
	if opened, _ := e.counts(); opened != 0 {
		t.Error("it is received before anybody watches")
	}
	stays := h.watch()
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			resp, err := http.Get(h.web.URL + Prefix + string(str) + ".flv?token=yes")
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			if video, audio, configs := tags(t, resp.Body, 40); video == 0 || audio == 0 || configs != 2 {
				t.Errorf("%d: %d pictures, %d sounds, %d configurations", resp.StatusCode, video, audio, configs)
			}
		})
	}
	all.Go(func() {
		resp, err := http.Get(h.web.URL + Prefix + string(str) + "/index.m3u8?token=yes")
		if err != nil {
			t.Error(err)
			return
		}
		defer resp.Body.Close()
		if b, _ := io.ReadAll(resp.Body); !bytes.Contains(b, []byte("avc1")) {
			t.Errorf("%d %s", resp.StatusCode, b)
		}
	})
	all.Go(func() {
		p, err := h.dial("live/"+string(str)+"?token=yes", false)
		if err != nil {
			t.Error(err)
			return
		}
		p.nc.Close()
	})
	all.Wait()
	if opened, playing := e.counts(); opened != 1 || playing != 1 {
		t.Errorf("%d opened, %d playing", opened, playing)
	}
	var publishers []app.StreamSession
	for _, s := range h.Sessions(str) {
		if s.Role == app.SessionPublisher {
			publishers = append(publishers, s)
		}
	}
	if len(publishers) != 1 || publishers[0].Protocol != "pull" || publishers[0].Bytes == 0 {
		t.Errorf("%+v", publishers)
	}
	stays.Body.Close()
	soon(t, "stopped", func() bool { _, playing := e.counts(); return playing == 0 && h.Server.Stats().Pulls.Pulls == 0 })
	if got := h.app.reasons(); !slices.Equal(got, []string{app.StreamStopped}) {
		t.Errorf("%v", got)
	}
	resp := h.watch()
	if video, _, _ := tags(t, resp.Body, 10); video == 0 {
		t.Error("once more: no picture")
	}
	if opened, _ := e.counts(); opened != 2 {
		t.Errorf("%d opened", opened)
	}
}

// TestASourceThatFails is told to those who come, with when to come back.
func TestASourceThatFails(t *testing.T) {
	h, e := pulling(t, Config{Linger: 50 * time.Millisecond})
	e.err = errNotThere
	for _, file := range []string{".flv", "/index.m3u8", "/v.m3u8"} {
		resp, err := http.Get(h.web.URL + Prefix + string(str) + file + "?token=yes")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
			t.Errorf("%s: %d %v", file, resp.StatusCode, resp.Header)
		}
	}
	_, err := h.dial("live/"+string(str)+"?token=yes", false)
	var status *rtmp.Status
	if !errors.As(err, &status) || !strings.Contains(status.Description, "cannot be received now") {
		t.Errorf("RTMP: %v", err)
	}
	e.mu.Lock()
	e.err = nil
	e.mu.Unlock()
	soon(t, "received", func() bool { return h.watch().StatusCode == http.StatusOK })
	h.app.pulls.mu.Lock()
	defer h.app.pulls.mu.Unlock()
	if p := h.app.pulls.problems; !slices.Contains(p, "The source cannot be received now.") || p[len(p)-1] != "" {
		t.Errorf("%q", p)
	}
}

// TestAnEncoderTakesOver what is received, viewers go on, and the source comes back when the encoder has gone. A kick ends
// what is received for a moment.
func TestAnEncoderTakesOver(t *testing.T) {
	h, e := pulling(t, Config{Pull: pull.Config{Chance: func() float64 { return 0 }}})
	h.config.Streams.Stream.Policy = 2 // who comes second is refused: not by a source
	resp := h.watch()
	var tape tape
	if video, _, _ := tape.play(t, resp.Body, 10); video == 0 {
		t.Fatal("no picture")
	}
	p := h.publishKey()
	if err := p.send(film(t)...); err != nil {
		t.Fatal(err)
	}
	soon(t, "taken over", func() bool { _, playing := e.counts(); return playing == 0 })
	soon(t, "replaced", func() bool { return slices.Equal(h.app.reasons(), []string{app.StreamReplaced}) })
	if video, audio, _ := tape.play(t, resp.Body, 60); video == 0 || audio == 0 {
		t.Error("the viewer gets nothing of the encoder")
	}
	time.Sleep(1200 * time.Millisecond)
	if opened, _ := e.counts(); opened != 1 {
		t.Errorf("the source came back beside the encoder: %d", opened)
	}
	p.nc.Close()
	soon(t, "back", func() bool { _, playing := e.counts(); return playing == 1 })
	if video, audio, _ := tape.play(t, resp.Body, 100); video == 0 || audio == 0 {
		t.Error("the viewer gets nothing of the source")
	}
	soon(t, "on the list", func() bool { p, _ := h.Server.roster.on(str); return p != nil })
	publisher, _ := h.Server.roster.on(str)
	if !h.KickSession(str, publisher.right.Session.ID) {
		t.Fatal("it cannot be ended")
	}
	soon(t, "anew", func() bool { opened, playing := e.counts(); return opened == 3 && playing == 1 })
}

// TestASourceThatIsGone ends for good.
func TestASourceThatIsGone(t *testing.T) {
	h, e := pulling(t, Config{})
	resp := h.watch()
	tags(t, resp.Body, 10)
	h.app.pulls.mu.Lock()
	h.app.pulls.refused = app.Errorf(app.CodeNotFound, "There is no such stream.")
	h.app.pulls.mu.Unlock()
	soon(t, "ended", func() bool { _, playing := e.counts(); return playing == 0 && h.Server.Stats().Pulls.Pulls == 0 })
	h.app.pulls.mu.Lock()
	defer h.app.pulls.mu.Unlock()
	if h.app.pulls.held != 0 {
		t.Errorf("%d claims are held", h.app.pulls.held)
	}
}
