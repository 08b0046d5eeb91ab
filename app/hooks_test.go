package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"synctv/app"
	"synctv/app/apptest"
)

// operator is the other end of the hooks.
type operator struct {
	mu     sync.Mutex
	got    []map[string]any
	status int
	answer string
	err    error
	hang   bool // until the deadline
}

func (o *operator) Send(ctx context.Context, body []byte) (int, []byte, error) {
	var fields map[string]any
	if err := json.Unmarshal(body, &fields); err != nil {
		return 0, nil, err
	}
	o.mu.Lock()
	o.got = append(o.got, fields)
	status, answer, err, hang := o.status, o.answer, o.err, o.hang
	o.mu.Unlock()
	if hang {
		<-ctx.Done()
		return 0, nil, ctx.Err()
	}
	return status, []byte(answer), err
}

func (o *operator) set(change func(*operator)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	change(o)
}

// take returns what came since the last time.
func (o *operator) take() []map[string]any {
	o.mu.Lock()
	defer o.mu.Unlock()
	got := o.got
	o.got = nil
	return got
}

func actions(hooks []map[string]any) string {
	var names []string
	for _, h := range hooks {
		names = append(names, h["action"].(string))
	}
	return strings.Join(names, " ")
}

func hookedStage(t *testing.T) (*stage, *operator) {
	t.Helper()
	o := &operator{status: 200, answer: "0"}
	h := apptest.NewHouse()
	h.Hooks = o
	return newStage(t, h), o
}

// TestHooksHaveTheShapeOfSRS field by field.
func TestHooksHaveTheShapeOfSRS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, o := hookedStage(t)
		stream, key := s.make(s.owner, app.NewStream{})
		id := string(stream.ID)
		encoder := app.Origin{Address: netip.MustParseAddr("192.0.2.7"), Host: "live.example:1935", Protocol: "rtmp"}
		var err error
		encoder.Client, err = s.AdmitConnection(t.Context(), encoder)
		must(t, err)
		p, err := s.AdmitPublisher(t.Context(), encoder, key.Secret+"?bitrate=9")
		must(t, err)
		viewer := app.Origin{Address: netip.MustParseAddr("192.0.2.8"), Host: "live.example", Secure: true, Protocol: "hls", Page: "https://live.example/"}
		v, err := s.AdmitViewer(t.Context(), viewer, stream.ID, "", app.Actor{})
		must(t, err)
		s.NoteSegment(stream.ID, p.Session, app.HLSSegment{Seconds: 2.5, File: "7.m4s", URL: "/live/x/7.m4s", M3U8URL: "/live/x/index.m3u8", Number: 7})
		s.NoteRecording(stream.ID, p.Session, "a.mp4")
		s.ViewerGone(v)
		s.StreamOffline(t.Context(), stream.ID, p.Session, app.StreamStopped)
		synctest.Wait()
		common := func(action, client, ip, tc string, more map[string]any) map[string]any {
			m := map[string]any{"server_id": s.ID, "service_id": s.ID, "action": action, "client_id": client, "ip": ip, "vhost": "__defaultVhost__",
				"app": "live", "param": "", "tcUrl": tc, "stream": id, "stream_id": id, "stream_url": "/live/" + id}
			for k, v := range more {
				m[k] = v
			}
			return m
		}
		const nowhere = "rtmp://__defaultVhost__/live"
		connect := common("on_connect", encoder.Client, "192.0.2.7", "rtmp://live.example:1935/live", map[string]any{"pageUrl": "", "stream": ""})
		delete(connect, "stream_id")
		delete(connect, "stream_url")
		want := []map[string]any{
			connect,
			common("on_publish", encoder.Client, "192.0.2.7", "rtmp://live.example:1935/live", map[string]any{"param": "?bitrate=9"}),
			common("on_play", v.Session.ID, "192.0.2.8", "https://live.example/live", map[string]any{"pageUrl": "https://live.example/"}),
			common("on_hls", encoder.Client, "192.0.2.7", nowhere, map[string]any{"duration": 2.5, "cwd": "", "file": "7.m4s", "url": "/live/x/7.m4s",
				"m3u8": "/live/x/index.m3u8", "m3u8_url": "/live/x/index.m3u8", "seq_no": 7.0}),
			common("on_record", encoder.Client, "192.0.2.7", nowhere, map[string]any{"cwd": "", "file": "a.mp4"}),
			common("on_stop", v.Session.ID, "192.0.2.8", "https://live.example/live", nil),
			common("on_unpublish", encoder.Client, "192.0.2.7", nowhere, nil),
		}
		got := o.take()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		all, err := json.Marshal(got)
		if err != nil || strings.Contains(string(all), key.Secret[31:]) {
			t.Error("a hook tells the key", err)
		}
	})
}

// TestHooksRefuse by SRS's rule of what is a yes.
func TestHooksRefuse(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		answer string
		err    error
		want   app.Code
	}{
		{"a zero", 200, "0", nil, ""}, {"a zero and a line end", 200, "0\n", nil, ""}, {"created", 201, `{"code":0}`, nil, ""},
		{"more fields", 200, `{"code": 0, "msg": "x", "data": {}}`, nil, ""},
		{"another code", 200, `{"code":1}`, nil, app.CodeForbidden}, {"a code in words", 200, `{"code":"0"}`, nil, app.CodeForbidden},
		{"no code", 200, `{"ok":true}`, nil, app.CodeForbidden}, {"nothing", 200, ``, nil, app.CodeForbidden}, {"no content", 204, ``, nil, app.CodeForbidden},
		{"words", 200, `OK`, nil, app.CodeForbidden}, {"a number", 200, `1`, nil, app.CodeForbidden}, {"a list", 200, `[0]`, nil, app.CodeForbidden},
		{"forbidden", 403, `0`, nil, app.CodeForbidden}, {"a redirect", 302, `0`, nil, app.CodeForbidden},
		{"long", 200, `{"code":0}` + strings.Repeat(" ", 64<<10), nil, app.CodeForbidden},
		{"no answer", 0, ``, errors.New("refused"), app.CodeUnavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, o := hookedStage(t)
			stream, key := s.make(s.owner, app.NewStream{})
			once, err := s.CreatePublishKey(t.Context(), s.owner, stream.ID, app.NewPublishKey{SingleUse: true})
			must(t, err)
			o.set(func(o *operator) { o.status, o.answer, o.err = c.status, c.answer, c.err })
			_, connect := s.AdmitConnection(t.Context(), apptest.Home)
			_, publish := s.AdmitPublisher(t.Context(), apptest.Home, key.Secret)
			_, single := s.AdmitPublisher(t.Context(), apptest.Home, once.Secret)
			_, play := s.AdmitViewer(t.Context(), apptest.Home, stream.ID, "", app.Actor{})
			for what, err := range map[string]error{"connect": connect, "publish": publish, "single": single, "play": play} {
				if app.CodeOf(err) != c.want {
					t.Errorf("%s: %v, want %q", what, err, c.want)
				}
			}
			if c.want == "" {
				return
			}
			o.set(func(o *operator) { o.status, o.answer, o.err = 200, "0", nil })
			if _, err := s.AdmitPublisher(t.Context(), apptest.Home, once.Secret); err != nil {
				t.Error("the refused publisher used the key up:", err)
			}
		})
	}
}

func TestNobodyIsAskedAboutWhoMayNotAnyway(t *testing.T) {
	s, o := hookedStage(t)
	stream, _ := s.make(s.owner, app.NewStream{Visibility: app.Private})
	_, err := s.AdmitPublisher(t.Context(), apptest.Home, "key_wrong")
	if err == nil || admits(t, s.Node, stream.ID, "", app.Actor{}) == "" {
		t.Error("let in", err)
	}
	v, err := s.AdmitViewer(t.Context(), apptest.Home, stream.ID, "", s.owner)
	must(t, err)
	for range 5 {
		v, err = s.KeepViewer(t.Context(), v)
		must(t, err)
	}
	if got := actions(o.take()); got != "on_play" {
		t.Errorf("asked %q", got)
	}
}

// TestAHookThatHangs costs an asker three seconds, and nobody else anything.
func TestAHookThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, o := hookedStage(t)
		stream, key := s.make(s.owner, app.NewStream{})
		p := publish(t, s.Node, s.live, key.Secret)
		o.set(func(o *operator) { o.hang = true })
		began := time.Now()
		for range 1000 { // far more than wait
			s.NoteRecording(stream.ID, p, "x")
		}
		if d := time.Since(began); d != 0 {
			t.Errorf("telling took %v", d)
		}
		_, err := s.AdmitPublisher(t.Context(), apptest.Home, key.Secret)
		if d := time.Since(began); d != 3*time.Second || app.CodeOf(err) != app.CodeUnavailable {
			t.Errorf("asking took %v: %v", d, err)
		}
		o.set(func(o *operator) { o.hang = false })
		time.Sleep(time.Minute)
		if n := len(o.take()); n < 256 || n > 265 {
			t.Errorf("%d hooks came", n)
		}
	})
}

// TestTheLastNewsGoesOut when the server stops, as far as time allows.
func TestTheLastNewsGoesOut(t *testing.T) {
	for name, hang := range map[string]bool{"in time": false, "never": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, o := hookedStage(t)
				stream, key := s.make(s.owner, app.NewStream{})
				p := publish(t, s.Node, s.live, key.Secret)
				o.take()
				o.set(func(o *operator) { o.hang = hang })
				for range 20 {
					s.StreamOffline(t.Context(), stream.ID, p, app.StreamStopped)
				}
				began := time.Now()
				s.Stop()
				if d := time.Since(began); d > 4*time.Second {
					t.Errorf("stopping took %v", d)
				}
				if n := len(o.take()); !hang && n != 20 {
					t.Errorf("%d came", n)
				}
			})
		})
	}
}
