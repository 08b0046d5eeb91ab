package httpd

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	contract "synctv/proto"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const page = `<!doctype html><title>SyncTV</title><style>body{color:red}</style><div id="app"></div><script type="module" src="/assets/app-1a2b.js"></script>`

var client = fstest.MapFS{
	"index.html": {Data: []byte(page)}, "index.html.br": {Data: []byte("brotli page")}, "index.html.gz": {Data: []byte("gzip page")},
	"assets/app-1a2b.js": {Data: []byte("let a")}, "assets/app-1a2b.js.gz": {Data: []byte("gzip script")}, "assets/logo.png": {Data: []byte("png")},
	"icon.svg": {Data: []byte("<svg/>")}, ".hidden": {Data: []byte("x")},
}

// said is what the API was asked, and what it answers.
type said struct {
	mu      sync.Mutex
	request *http.Request
	body    string
}

func (s *said) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	s.mu.Lock()
	s.request, s.body = r, string(body)
	s.mu.Unlock()
	switch {
	case err != nil:
		WriteError(w, r, 413, "too_large", "Too large.")
	case r.URL.Path == "/api/v1/panic":
		panic("hush")
	case r.URL.Path == "/api/v1/late-panic":
		w.Write([]byte("half"))
		panic("hush")
	default:
		io.WriteString(w, "api")
	}
}

type door struct {
	*Server
	api   *said
	log   *bytes.Buffer
	ready error
}

func newDoor(t *testing.T, cfg Config) *door {
	t.Helper()
	d := &door{api: &said{}, log: &bytes.Buffer{}}
	var err error
	d.Server, err = New(cfg, Mounts{API: d.api, Web: client, OpenAPI: contract.OpenAPI, Ready: func(context.Context) error { return d.ready },
		Proxy: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "proxy") })},
		slog.New(slog.NewTextHandler(&locked{w: d.log}, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// locked lets servers and tests share a buffer.
type locked struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func (d *door) do(method, target string, fields ...string) *http.Response {
	return d.send(method, target, nil, fields...)
}

func (d *door) send(method, target string, body io.Reader, fields ...string) *http.Response {
	r := httptest.NewRequest(method, target, body)
	for i := 0; i+1 < len(fields); i += 2 {
		r.Header.Set(fields[i], fields[i+1])
		if fields[i] == "Host" {
			r.Host = fields[i+1]
		}
	}
	w := httptest.NewRecorder()
	d.Handler().ServeHTTP(w, r)
	return w.Result()
}

func text(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestRoutes(t *testing.T) {
	d := newDoor(t, Config{})
	for _, c := range []struct {
		method, path string
		status       int
		contains     string
	}{
		{"GET", "/", 200, "SyncTV"}, {"GET", "/rooms/room_1", 200, "SyncTV"}, {"GET", "/index.html", 200, "SyncTV"}, {"GET", "/icon.svg", 200, "<svg/>"},
		{"GET", "/assets/app-1a2b.js", 200, "let a"}, {"GET", "/assets/app-old.js", 404, "not_found"}, {"GET", "/wp-login.php", 404, "not_found"},
		{"GET", "/.hidden", 404, "not_found"}, {"GET", "/index.html.br", 404, "not_found"}, {"GET", "/.git/config", 200, "SyncTV"},
		{"POST", "/", 405, "unsupported"}, {"GET", "/api/v1/rooms", 200, "api"}, {"GET", "/api/", 404, "not_found"}, {"GET", "/api/else", 404, "not_found"},
		{"GET", "/api/openapi.json", 200, `"openapi"`}, {"GET", "/api/docs", 200, "/api/v1/rooms/{room_id}/messages"}, {"GET", "/api/docs.css", 200, "--accent"},
		{"GET", "/health/live", 200, "ok"}, {"GET", "/health/ready", 200, "ok"}, {"GET", "/proxy/v1/x", 200, "proxy"}, {"GET", "/ws/rooms/x", 404, "not_found"},
	} {
		resp := d.do(c.method, c.path)
		if body := text(t, resp); resp.StatusCode != c.status || !strings.Contains(body, c.contains) {
			t.Errorf("%s %s: %d %.80q", c.method, c.path, resp.StatusCode, body)
		}
	}
	if r := d.do("HEAD", "/"); r.StatusCode != 200 || text(t, r) != "" || r.Header.Get("Content-Length") == "" {
		t.Error("HEAD / is not like GET / without a body")
	}
}

func TestReadiness(t *testing.T) {
	d := newDoor(t, Config{})
	d.ready = errors.New("the database of hush is away")
	if r := d.do("GET", "/health/ready"); r.StatusCode != 503 || strings.Contains(text(t, r), "hush") {
		t.Error("not ready, and not said so, or said too much")
	}
	if r := d.do("GET", "/health/live"); r.StatusCode != 200 {
		t.Error("a database that is away is no reason to be restarted")
	}
	if !strings.Contains(d.log.String(), "the database of hush") {
		t.Error("the log does not tell why")
	}
}

func TestFilesAndTheirEncodings(t *testing.T) {
	d := newDoor(t, Config{})
	for _, c := range []struct{ path, accept, encoding, body string }{
		{"/", "", "", page}, {"/", "gzip", "gzip", "gzip page"}, {"/", "gzip, br", "br", "brotli page"}, {"/", "br;q=0, gzip;q=0.5", "gzip", "gzip page"},
		{"/", "identity", "", page}, {"/", "BR", "br", "brotli page"}, {"/", "br;q=x", "", page}, {"/assets/app-1a2b.js", "br, gzip", "gzip", "gzip script"},
		{"/assets/logo.png", "br, gzip", "", "png"},
	} {
		r := d.do("GET", c.path, "Accept-Encoding", c.accept)
		if got := text(t, r); got != c.body || r.Header.Get("Content-Encoding") != c.encoding {
			t.Errorf("%s for %q: %q as %q", c.path, c.accept, got, r.Header.Get("Content-Encoding"))
		}
	}
	first := d.do("GET", "/assets/app-1a2b.js", "Accept-Encoding", "gzip")
	tag := first.Header.Get("ETag")
	if tag == d.do("GET", "/assets/app-1a2b.js").Header.Get("ETag") {
		t.Error("two encodings have one tag")
	}
	for _, header := range []string{tag, "W/" + tag, `"x", ` + tag, "*"} {
		if r := d.do("GET", "/assets/app-1a2b.js", "Accept-Encoding", "gzip", "If-None-Match", header); r.StatusCode != 304 || text(t, r) != "" {
			t.Errorf("If-None-Match %s: %d", header, r.StatusCode)
		}
	}
	if r := d.do("GET", "/assets/app-1a2b.js", "Accept-Encoding", "gzip", "If-None-Match", `"x"`); r.StatusCode != 200 {
		t.Error("another tag is this tag")
	}
	if got := first.Header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
		t.Error("assets:", got)
	}
	if got := first.Header.Get("Vary"); !strings.Contains(got, "Accept-Encoding") {
		t.Error("Vary:", got)
	}
	if got := d.do("GET", "/").Header.Get("Cache-Control"); got != "no-cache" {
		t.Error("page:", got)
	}
	if got := first.Header.Get("Content-Type"); got != "text/javascript; charset=utf-8" {
		t.Error("type:", got)
	}
}

func TestPolicies(t *testing.T) {
	d := newDoor(t, Config{})
	for _, path := range []string{"/", "/api/v1/x", "/api/docs", "/health/live", "/assets/none.js", "/icon.svg"} {
		h := d.do("GET", path).Header
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") == "" || h.Get("X-Frame-Options") != "DENY" || h.Get("Permissions-Policy") == "" {
			t.Errorf("%s: %v", path, h)
		}
		if csp := h.Values("Content-Security-Policy"); len(csp) != 1 || !strings.Contains(csp[0], "frame-ancestors 'none'") || strings.Contains(csp[0], "unsafe") {
			t.Errorf("%s: %v", path, csp)
		}
	}
	csp := d.do("GET", "/").Header.Get("Content-Security-Policy")
	for _, want := range []string{"script-src 'self';", "media-src * blob:", "worker-src 'self' blob:", "style-src 'self' 'sha256-", "connect-src 'self' http: https:"} {
		if !strings.Contains(csp, want) {
			t.Errorf("the page's policy lacks %q: %s", want, csp)
		}
	}
	if body := text(t, d.do("GET", "/api/docs")); strings.Contains(body, "<script") || strings.Contains(body, "http://") || strings.Contains(body, "https://") {
		t.Error("the API's page reaches outside, or runs something")
	}
}

// TestDocsListEveryOperation compares the page with the document.
func TestDocsListEveryOperation(t *testing.T) {
	d := newDoor(t, Config{})
	body := text(t, d.do("GET", "/api/docs"))
	var doc struct {
		Paths map[string]map[string]struct{ OperationID string }
	}
	if err := json.Unmarshal(contract.OpenAPI, &doc); err != nil {
		t.Fatal(err)
	}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			if !strings.Contains(body, `id="`+op.OperationID+`"`) {
				t.Errorf("%s %s is not on the page", method, path)
			}
		}
	}
}

func TestRunDrains(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	entered, leave := make(chan struct{}), make(chan struct{})
	s, err := New(Config{}, Mounts{Web: client, OpenAPI: contract.OpenAPI, Ready: func(context.Context) error { return nil },
		API: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			close(entered)
			<-leave
			io.WriteString(w, "late")
		})}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, ln) }()
	got := make(chan string, 1)
	go func() {
		r, err := http.Get("http://" + ln.Addr().String() + "/api/v1/x")
		if err != nil {
			got <- err.Error()
			return
		}
		defer r.Body.Close()
		b, _ := io.ReadAll(r.Body)
		got <- string(b)
	}()
	<-entered
	cancel()
	select {
	case err := <-done:
		t.Fatal("Run did not wait for the request:", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(leave)
	if b := <-got; b != "late" {
		t.Error(b)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestSlowHeadersAndBodies(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for real deadlines")
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := newDoor(t, Config{})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx, ln) }()
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nX: ")
	c.SetReadDeadline(time.Now().Add(headerTimeout + 3*time.Second))
	begin := time.Now()
	_, err = bufio.NewReader(c).ReadString(0)
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		t.Error("a slow header is waited for")
	}
	if took := time.Since(begin); took < headerTimeout/2 {
		t.Errorf("cut after %v", took)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "synctv_test"}, func() float64 { return 7 }))
	get := func(token, path, shown string) *http.Response {
		m, err := NewMetrics(token, registry, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("GET", path, nil)
		if shown != "" {
			r.Header.Set("Authorization", shown)
		}
		w := httptest.NewRecorder()
		m.Handler().ServeHTTP(w, r)
		return w.Result()
	}
	for _, c := range []struct {
		token, path, shown string
		status             int
	}{
		{"", "/metrics", "", 200}, {"secret", "/metrics", "Bearer secret", 200}, {"secret", "/metrics", "bearer secret", 200}, {"secret", "/metrics", "", 401},
		{"secret", "/metrics", "Bearer ", 401}, {"secret", "/metrics", "Bearer secre", 401}, {"secret", "/metrics", "Basic secret", 401},
		{"secret", "/metrics?token=secret", "", 401}, {"", "/debug/pprof/", "", 404},
	} {
		r := get(c.token, c.path, c.shown)
		if body := text(t, r); r.StatusCode != c.status || (c.status == 200) != strings.Contains(body, "synctv_test 7") {
			t.Errorf("%+v: %d %.80s", c, r.StatusCode, body)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	ready := func(context.Context) error { return nil }
	log := slog.New(slog.DiscardHandler)
	for name, m := range map[string]Mounts{
		"nothing":             {},
		"a client of nothing": {API: http.NotFoundHandler(), Web: fstest.MapFS{}, OpenAPI: contract.OpenAPI, Ready: ready},
		"a broken document":   {API: http.NotFoundHandler(), Web: client, OpenAPI: []byte("{"), Ready: ready},
	} {
		if _, err := New(Config{}, m, log); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func FuzzAccepts(f *testing.F) {
	f.Add("gzip, br;q=0.1", "br")
	f.Fuzz(func(t *testing.T, header, encoding string) {
		if accepts(header, encoding) && !strings.Contains(strings.ToLower(header), strings.ToLower(encoding)) && !strings.EqualFold(header, encoding) {
			t.Skip() // folding may change the length of some letters
		}
		matches(header, encoding)
	})
}

func BenchmarkPage(b *testing.B) {
	s, err := New(Config{}, Mounts{API: http.NotFoundHandler(), Web: client, OpenAPI: contract.OpenAPI, Ready: func(context.Context) error { return nil }}, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	r := httptest.NewRequest("GET", "/rooms/x", nil)
	r.Header.Set("Accept-Encoding", "gzip, br")
	for b.Loop() {
		s.Handler().ServeHTTP(httptest.NewRecorder(), r)
	}
}
