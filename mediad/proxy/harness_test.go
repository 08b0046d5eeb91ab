package proxy

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"synctv/internal/guard"
)

var testKey = []byte("0123456789abcdef0123456789abcdef")

func writeError(w http.ResponseWriter, _ *http.Request, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"code": code, "message": message})
}

// bed is a proxy in front of an origin, both real servers on loopback.
type bed struct {
	t      testing.TB
	origin *httptest.Server
	front  *httptest.Server
	proxy  *Proxy
	guard  *guard.Guard
}

// idle waits until no request has a place: one comes free a moment after its client has read the last byte, or left.
func (b *bed) idle() {
	b.t.Helper()
	for end := time.Now().Add(10 * time.Second); b.proxy.Stats().Open != 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			b.t.Fatalf("places are still taken: %+v", b.proxy.Stats())
		}
	}
}

func newBed(t testing.TB, cfg Config, origin http.HandlerFunc) *bed {
	t.Helper()
	b := &bed{t: t, origin: httptest.NewServer(origin)}
	t.Cleanup(b.origin.Close)
	b.guard = mustGuard(t, guard.Config{AllowHosts: []string{hostOf(b.origin)}})
	b.start(cfg, NewOrigin(b.guard.Client(guard.ClientConfig{})), b.guard.CheckURL)
	return b
}

func mustGuard(t testing.TB, cfg guard.Config) *guard.Guard {
	t.Helper()
	g, err := guard.New(cfg, guard.Deps{})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func (b *bed) start(cfg Config, source Source, check func(string) (*url.URL, error)) {
	b.t.Helper()
	if cfg.Key == nil {
		cfg.Key = testKey
	}
	p, err := New(cfg, Deps{Source: source, CheckURL: check, WriteError: writeError, Log: newDiscardSlog()})
	if err != nil {
		b.t.Fatal(err)
	}
	b.proxy = p
	b.front = httptest.NewUnstartedServer(p)
	b.front.Config.ErrorLog = newDiscardLog()
	b.front.Start()
	b.t.Cleanup(b.front.Close)
}

func hostOf(s *httptest.Server) string { _, h, _ := strings.Cut(s.URL, "://"); return h }

// link signs a path of the origin, or a whole URL.
func (b *bed) link(ref string, opts ...func(*Target)) string {
	b.t.Helper()
	t := Target{URL: ref, Room: "room_1", User: "usr_1"}
	if strings.HasPrefix(ref, "/") {
		t.URL = b.origin.URL + ref
	}
	for _, o := range opts {
		o(&t)
	}
	p, err := b.proxy.Sign(t, time.Now())
	if err != nil {
		b.t.Fatalf("sign %s: %v", t.URL, err)
	}
	return b.front.URL + p
}

func kind(k Kind) func(*Target)   { return func(t *Target) { t.Kind = k } }
func user(u string) func(*Target) { return func(t *Target) { t.User = u } }
func headers(kv ...string) func(*Target) {
	return func(t *Target) {
		t.Headers = map[string]string{}
		for i := 0; i < len(kv); i += 2 {
			t.Headers[kv[i]] = kv[i+1]
		}
	}
}

// answer is a response read whole.
type answer struct {
	status int
	header http.Header
	body   string
	err    error // of reading the body
}

func (a answer) code() string {
	var e struct{ Code, Message string }
	_ = json.Unmarshal([]byte(a.body), &e)
	return e.Code
}

func (b *bed) do(method, link string, kv ...string) answer {
	b.t.Helper()
	return do(b.t, method, link, kv...)
}

func do(t testing.TB, method, link string, kv ...string) answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, link, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(kv); i += 2 {
		req.Header[kv[i]] = []string{kv[i+1]}
	}
	req.Header.Set("Accept-Encoding", "identity")
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return answer{err: err}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(body), err}
}

// pattern is n bytes in which every position is recognisable.
func pattern(n int) []byte {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "%07d\n", i)
	}
	return []byte(b.String()[:n])
}

func newDiscardSlog() *slog.Logger { return slog.New(slog.DiscardHandler) }

func newDiscardLog() *log.Logger { return slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) }

var goldenTime = time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
