package proxy

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"synctv/internal/guard"
)

// fakeSource answers every Open with one body.
type fakeSource struct {
	body   io.ReadCloser
	length int64
	open   func(ctx context.Context)
}

func (f *fakeSource) Open(ctx context.Context, req Request) (*Response, error) {
	if f.open != nil {
		f.open(ctx)
	}
	u, err := url.Parse(req.URL)
	return &Response{Status: 200, Header: http.Header{"Content-Type": {"video/mp4"}}, Length: f.length, Body: f.body, URL: u}, err
}

// slowBody gives n bytes after each pause, and obeys its context as a network body does.
type slowBody struct {
	ctx   context.Context
	pause time.Duration
	n     int
	left  int
}

func (s *slowBody) Read(b []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	select {
	case <-time.After(s.pause):
	case <-s.ctx.Done():
		return 0, s.ctx.Err()
	}
	n := min(s.n, len(b), s.left)
	s.left -= n
	return n, nil
}

func (s *slowBody) Close() error { return nil }

// TestDrip (ABUSE-046): in virtual time, a dripping and a silent origin are cut, a slow but honest one is not.
func TestDrip(t *testing.T) {
	cases := []struct {
		name  string
		pause time.Duration
		n     int
		cutBy time.Duration // 0: must finish
	}{
		{"one byte a second", time.Second, 1, 25 * time.Second},
		{"silent", time.Hour, 1, 21 * time.Second},
		{"8 KiB a second", time.Second, 8 << 10, 0},
		{"bursts with pauses", 15 * time.Second, 64 << 10, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				body := &slowBody{pause: c.pause, n: c.n, left: 1 << 20}
				src := &fakeSource{body: body, length: 1 << 20, open: func(ctx context.Context) { body.ctx = ctx }}
				g := mustGuard(t, guard.Config{AllowHosts: []string{"media.example"}})
				p, err := New(Config{Key: testKey}, Deps{Source: src, CheckURL: g.CheckURL, WriteError: writeError, Log: newDiscardSlog()})
				if err != nil {
					t.Fatal(err)
				}
				link, err := p.Sign(Target{URL: "http://media.example/a.mp4"}, time.Now())
				if err != nil {
					t.Fatal(err)
				}
				rec := httptest.NewRecorder()
				start := time.Now()
				cut := func() (cut bool) {
					defer func() { cut = recover() != nil }()
					p.ServeHTTP(rec, httptest.NewRequest("GET", link, nil))
					return false
				}()
				took := time.Since(start)
				failed := cut || rec.Code == http.StatusBadGateway
				if c.cutBy == 0 && (failed || rec.Body.Len() != 1<<20) || c.cutBy > 0 && (!failed || took > c.cutBy) {
					t.Errorf("cut=%v status=%d after %v with %d bytes", cut, rec.Code, took, rec.Body.Len())
				}
				if s := p.Stats(); s.Open != 0 {
					t.Errorf("a place is still taken: %+v", s)
				}
			})
		})
	}
}

// TestUserCap (ABUSE-047).
func TestUserCap(t *testing.T) {
	hold := make(chan struct{})
	started := make(chan struct{}, 10)
	b := newBed(t, Config{MaxPerUser: 2, MaxTotal: 3}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "video/mp4")
		_, _ = w.Write([]byte("x"))
		_ = http.NewResponseController(w).Flush()
		started <- struct{}{}
		<-hold
	})
	defer close(hold)
	ctx, cancel := context.WithCancel(t.Context())
	start := func(link string) {
		req, _ := http.NewRequestWithContext(ctx, "GET", link, nil)
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = res.Body.Close() })
		<-started
	}
	start(b.link("/1.mp4"))
	start(b.link("/2.mp4"))
	if a := b.do("GET", b.link("/3.mp4")); a.status != 429 || a.header.Get("Retry-After") == "" || a.code() != "too_many_streams" {
		t.Errorf("third of one user: %d %s", a.status, a.body)
	}
	start(b.link("/4.mp4", user("usr_2")))
	if a := b.do("GET", b.link("/5.mp4", user("usr_3"))); a.status != 429 {
		t.Errorf("fourth in all: %d %s", a.status, a.body)
	}
	cancel() // the clients leave: upstream fetches end and the places come free
	b.idle()
}

// TestClientLeaves: the upstream request is cancelled when the client goes.
func TestClientLeaves(t *testing.T) {
	gone := make(chan struct{})
	b := newBed(t, Config{}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "video/mp4")
		for {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil || r.Context().Err() != nil {
				close(gone)
				return
			}
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	req, _ := http.NewRequestWithContext(ctx, "GET", b.link("/live.flv"), nil)
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.ReadFull(res.Body, make([]byte, 1<<17))
	cancel()
	_ = res.Body.Close()
	select {
	case <-gone:
	case <-time.After(10 * time.Second):
		t.Error("the upstream request goes on after the client left")
	}
}

func TestAllow(t *testing.T) {
	b := newBed(t, Config{}, originOK)
	allow := func(_ context.Context, room, user, item string) (bool, error) {
		if user == "usr_unsure" {
			return false, errors.New("the store is away")
		}
		return room == "room_1" && user == "usr_1" && item == "med_1", nil
	}
	p := b.judged(Config{}, allow)
	for _, c := range []struct {
		name   string
		change func(*Target)
		want   int
	}{
		{"who may", func(*Target) {}, 200},
		{"who was banned", user("usr_banned"), 403},
		{"an item that was removed", func(t *Target) { t.Item = "med_2" }, 403},
		{"another room", func(t *Target) { t.Room = "room_2" }, 403},
		{"nobody knows", user("usr_unsure"), 503},
	} {
		link := strings.TrimPrefix(b.link("/a.mp4", func(t *Target) { t.Item = "med_1" }, c.change), b.front.URL)
		rec := httptest.NewRecorder()
		p.ServeHTTP(rec, httptest.NewRequest("GET", link, nil))
		if rec.Code != c.want {
			t.Errorf("%s: %d, want %d", c.name, rec.Code, c.want)
		}
	}
}

// judged is a proxy like the bed's that asks who may have what.
func (b *bed) judged(cfg Config, allow Allow) *Proxy {
	b.t.Helper()
	cfg.Key = testKey
	p, err := New(cfg, Deps{Source: NewOrigin(b.guard.Client(guard.ClientConfig{})), CheckURL: b.guard.CheckURL, WriteError: writeError,
		Log: newDiscardSlog(), Allow: allow})
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

// TestAnAnswerEndsWithTheRightToIt is ABUSE-171 for films: one request lasts for hours, and a ban does not wait for the next.
func TestAnAnswerEndsWithTheRightToIt(t *testing.T) {
	left := make(chan struct{})
	b := newBed(t, Config{}, func(w http.ResponseWriter, r *http.Request) {
		defer close(left)
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 4<<10)); err != nil {
				return
			}
			_ = http.NewResponseController(w).Flush()
			time.Sleep(time.Millisecond)
		}
	})
	var asked, banned, away atomic.Bool
	front := httptest.NewServer(b.judged(Config{Recheck: 5 * time.Millisecond}, func(context.Context, string, string, string) (bool, error) {
		if away.Load() {
			asked.Store(true)
			return false, errors.New("the store is away")
		}
		return !banned.Load(), nil
	}))
	defer front.Close()
	resp, err := http.Get(front.URL + strings.TrimPrefix(b.link("/a.mp4"), b.front.URL))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	away.Store(true)
	for !asked.Load() { // while nobody knows, it goes on
		if _, err := io.CopyN(io.Discard, resp.Body, 16<<10); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := io.CopyN(io.Discard, resp.Body, 64<<10); err != nil {
		t.Fatal(err)
	}
	banned.Store(true)
	away.Store(false)
	if n, err := io.Copy(io.Discard, resp.Body); err == nil {
		t.Errorf("the answer came to a good end after %d more bytes", n)
	}
	<-left
}
