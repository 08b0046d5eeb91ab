package proxy

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"synctv/internal/guard"
	"synctv/internal/guard/guardtest"
)

// TestOnlyOurHeadersGoUp: the origin sees the provider's headers, the range, and nothing of the client's.
func TestOnlyOurHeadersGoUp(t *testing.T) {
	var seen http.Header
	b := newBed(t, Config{}, func(w http.ResponseWriter, r *http.Request) { seen = r.Header.Clone(); originOK(w, r) })
	b.do("GET", b.link("/a.mp4", headers("Referer", "https://p.example/", "authorization", "Bearer x")),
		"Cookie", "session=1", "Authorization", "Bearer client", "Range", "bytes=0-5", "If-Range", `"x"`, "X-Forwarded-For", "1.2.3.4", "User-Agent", "Browser", "Accept-Language", "de")
	want := http.Header{"Referer": {"https://p.example/"}, "Authorization": {"Bearer x"}, "Range": {"bytes=0-5"}, "If-Range": {`"x"`},
		"User-Agent": {"SyncTV"}, "Accept": {"*/*"}, "Accept-Encoding": {"identity"}, "Via": {"1.1 " + b.proxy.via}}
	for k, v := range want {
		if seen.Get(k) != v[0] {
			t.Errorf("%s: %q, want %q", k, seen.Get(k), v[0])
		}
	}
	for k := range seen {
		if _, ok := want[k]; !ok {
			t.Errorf("the origin got %s: %s", k, seen.Get(k))
		}
	}
}

// TestLoop (ABUSE-039): our own link as a target is refused at depth 1, by the marker alone.
func TestLoop(t *testing.T) {
	b := newBed(t, Config{}, originOK)
	inner := b.link("/a.mp4")
	both := mustGuard(t, guard.Config{AllowHosts: []string{hostOf(b.origin), hostOf(b.front)}})
	outer := &bed{t: t, origin: b.origin, guard: both}
	outer.start(Config{}, NewOrigin(both.Client(guard.ClientConfig{})), both.CheckURL)
	if a := outer.do("GET", outer.link(inner)); a.status != http.StatusBadGateway {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := b.do("GET", inner, "Via", "1.1 "+b.proxy.via); a.status != http.StatusLoopDetected || a.code() != "proxy_loop" {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// TestResponseHeaders (ABUSE-040): only the short list passes.
func TestResponseHeaders(t *testing.T) {
	b := newBed(t, Config{}, func(w http.ResponseWriter, _ *http.Request) {
		for _, h := range []string{"Set-Cookie", "Refresh", "Service-Worker-Allowed", "X-Accel-Redirect", "X-Sendfile", "Link", "Clear-Site-Data", "Strict-Transport-Security",
			"Access-Control-Allow-Credentials", "Www-Authenticate", "Proxy-Authenticate", "Keep-Alive", "Trailer", "Alt-Svc", "Server", "X-Powered-By", "Content-Disposition", "Location", "Report-To"} {
			w.Header().Set(h, "evil")
		}
		w.Header().Set("Access-Control-Allow-Origin", "https://evil.example")
		w.Header().Set("Content-Security-Policy", "default-src *")
		w.Header().Set("Etag", `"e"`)
		originOK(w, nil)
	})
	a := b.do("GET", b.link("/a.mp4"))
	allowed := map[string]bool{"Content-Type": true, "Content-Length": true, "Etag": true, "Date": true, "Cache-Control": true, "X-Content-Type-Options": true,
		"Content-Security-Policy": true, "Referrer-Policy": true, "Cross-Origin-Resource-Policy": true, "Access-Control-Allow-Origin": true, "Access-Control-Expose-Headers": true}
	for k, v := range a.header {
		if !allowed[k] || strings.Contains(strings.Join(v, " "), "evil") {
			t.Errorf("%s: %v passed", k, v)
		}
	}
	if a.header.Get("Content-Security-Policy") != "default-src 'none'; sandbox" || a.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("%v", a.header)
	}
	if o := b.do("OPTIONS", b.link("/a.mp4")); o.status != 204 || o.header.Get("Access-Control-Allow-Headers") == "" || o.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("preflight: %+v", o)
	}
	if o := b.do("POST", b.link("/a.mp4")); o.status != 405 || o.header.Get("Allow") == "" {
		t.Errorf("POST: %+v", o)
	}
}

// TestTypes (ABUSE-041): what could run as a document becomes a download.
func TestTypes(t *testing.T) {
	cases := []struct {
		upstream, path, want string
		attachment           bool
	}{
		{"text/html", "/a.mp4", typeBytes, true}, {"TEXT/HTML; charset=utf-8", "/a", typeBytes, true}, {"image/svg+xml", "/a.svg", typeBytes, true},
		{"application/xhtml+xml", "/a", typeBytes, true}, {"text/xml", "/a", typeBytes, true}, {"application/javascript", "/a", typeBytes, true}, {"text/javascript", "/a", typeBytes, true},
		{"application/pdf", "/a", typeBytes, true}, {"text/css", "/a", typeBytes, true}, {"multipart/x-mixed-replace; boundary=a", "/a", typeBytes, true}, {"video/xml", "/a", typeBytes, true},
		{"text/html;;;", "/a.html", typeBytes, false}, {"message/rfc822", "/a", typeBytes, true},
		{"video/mp4", "/a", "video/mp4", false}, {"Video/MP4; codecs=\"avc1\"", "/a", "video/mp4", false}, {"audio/mpeg", "/a", "audio/mpeg", false}, {"image/png", "/a", "image/png", false},
		{"", "/a.mp4", "video/mp4", false}, {"application/octet-stream", "/a.MKV", "video/x-matroska", false}, {"text/plain", "/a.ts", "video/mp2t", false}, {"", "/a", typeBytes, false}, {"", "/a.html", typeBytes, false},
	}
	var answerType string
	b := newBed(t, Config{}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = []string{answerType}
		_, _ = io.WriteString(w, "<script>alert(1)</script>")
	})
	for _, c := range cases {
		answerType = c.upstream
		a := b.do("GET", b.link(c.path))
		if a.header.Get("Content-Type") != c.want || (a.header.Get("Content-Disposition") == "attachment") != c.attachment || a.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%q %s: %v", c.upstream, c.path, a.header)
		}
	}
	answerType = "text/html"
	if a := b.do("GET", b.link("/p.jpg", kind(KindImage))); a.status != 502 || a.code() != "media_unsupported" {
		t.Errorf("a page as a picture: %d %s", a.status, a.body)
	}
	answerType = "application/dash+xml"
	if a := b.do("GET", b.link("/m.mpd")); a.status != 502 || a.code() != "media_unsupported" {
		t.Errorf("dash: %d %s", a.status, a.body)
	}
}

// TestNoOracle (ABUSE-036, ABUSE-037, ABUSE-044, ABUSE-048): a forbidden address behind a redirect, a closed port, a name that does
// not exist, a wrong certificate and a banner all look the same.
func TestNoOracle(t *testing.T) {
	canary := guardtest.NewCanary(t, 0)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closedAddr := closed.Addr().String()
	_ = closed.Close()
	banner := listenSay(t, "-ERR secret-banner\r\n")
	huge := listenSay(t, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("a", 1<<20)+"\r\n\r\n")
	tls := httptest.NewUnstartedServer(http.HandlerFunc(originOK))
	tls.Config.ErrorLog = newDiscardLog()
	tls.StartTLS()
	defer tls.Close()
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", r.URL.Query().Get("to"))
		w.WriteHeader(http.StatusFound)
	}))
	defer origin.Close()
	g := mustGuard(t, guard.Config{AllowHosts: []string{closedAddr, banner, huge, hostOf(tls), hostOf(origin)}})
	b := &bed{t: t, origin: origin, guard: g}
	b.start(Config{}, NewOrigin(g.Client(guard.ClientConfig{})), g.CheckURL)
	var first answer
	for i, target := range []string{
		"/?to=" + url.QueryEscape(fmt.Sprintf("http://127.0.0.1:%d/", canary.Port)), "/?to=http://10.0.0.1/", "/?to=http://169.254.169.254/", "/?to=file:///etc/passwd",
		"http://" + closedAddr + "/", "http://" + banner + "/", "http://" + huge + "/", tls.URL + "/", "http://no-such-name.invalid.example/",
		"/?to=" + url.QueryEscape("http://127.0.0.1:1/"),
	} {
		a := b.do("GET", b.link(target))
		if i == 0 {
			first = a
		}
		if a.status != http.StatusBadGateway || a.body != first.body || strings.Contains(a.body, "secret") {
			t.Errorf("%s: %d %s, want what the others get: %s", target, a.status, a.body, first.body)
		}
	}
	if canary.Hits() != 0 {
		t.Errorf("the canary was hit %d times", canary.Hits())
	}
}

func listenSay(t *testing.T, text string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.SetDeadline(time.Now().Add(3 * time.Second))
			_, _ = c.Read(make([]byte, 4096))
			_, _ = io.WriteString(c, text)
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return l.Addr().String()
}

// TestLiars (ABUSE-053, ABUSE-054, ABUSE-057, ABUSE-058): origins that answer something else than was asked.
func TestLiars(t *testing.T) {
	cases := []struct {
		name, rng string
		status    int
		head      []string
		body      string
		want      int
		cut       bool
	}{
		{"ABUSE-053 ignores range", "bytes=2-3", 200, nil, "0123456789", 200, false},
		{"ABUSE-054 wrong start", "bytes=2-3", 206, []string{"Content-Range", "bytes 3-4/10"}, "34", 502, false},
		{"ABUSE-054 more than asked", "bytes=2-3", 206, []string{"Content-Range", "bytes 2-9/10"}, "23456789", 502, false},
		{"ABUSE-054 less than asked", "bytes=2-5", 206, []string{"Content-Range", "bytes 2-3/10"}, "23", 502, false},
		{"ABUSE-054 last beyond total", "bytes=2-3", 206, []string{"Content-Range", "bytes 2-3/3"}, "23", 502, false},
		{"ABUSE-054 no Content-Range", "bytes=2-3", 206, nil, "23", 502, false},
		{"ABUSE-054 garbage Content-Range", "bytes=2-3", 206, []string{"Content-Range", "bytes two-three"}, "23", 502, false},
		{"ABUSE-054 multipart", "bytes=2-3", 206, []string{"Content-Type", "multipart/byteranges; boundary=x"}, "--x", 502, false},
		{"ABUSE-054 length disagrees", "bytes=2-3", 206, []string{"Content-Range", "bytes 2-3/10", "Content-Length", "5"}, "23456", 502, false},
		{"ABUSE-054 short chunked body", "bytes=2-9", 206, []string{"Content-Range", "bytes 2-9/10", "Transfer-Encoding", "chunked"}, "23", 206, true},
		{"ABUSE-054 short body", "", 200, []string{"Content-Length", "100"}, "23", 200, true},
		{"ABUSE-054 part without asking", "", 206, []string{"Content-Range", "bytes 2-3/10"}, "23", 502, false},
		{"whole as a part", "", 206, []string{"Content-Range", "bytes 0-9/10"}, "0123456789", 200, false},
		{"ABUSE-057 claims 2^63-1", "", 200, []string{"Content-Length", "9223372036854775807"}, "23", 200, true},
		{"ABUSE-058 gzip range", "bytes=2-3", 206, []string{"Content-Range", "bytes 2-3/10", "Content-Encoding", "gzip"}, "23", 502, false},
		{"ABUSE-058 gzip whole", "bytes=2-3", 200, []string{"Content-Encoding", "gzip"}, "0123456789", 200, false},
		{"ABUSE-058 unknown encoding", "", 200, []string{"Content-Encoding", "x-evil"}, "0123456789", 502, false},
		{"404", "", 404, nil, "", 404, false}, {"410", "", 410, nil, "", 404, false}, {"403", "", 403, nil, "", 502, false}, {"500", "", 500, nil, "secret", 502, false},
		{"429", "", 429, nil, "", 503, false}, {"204", "", 204, nil, "", 502, false}, {"304", "", 304, nil, "", 502, false}, {"300", "", 300, nil, "", 502, false},
		{"416", "bytes=20-", 416, []string{"Content-Range", "bytes */10"}, "", 416, false}, {"416 garbage", "bytes=20-", 416, []string{"Content-Range", "evil"}, "", 416, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := newBed(t, Config{}, func(w http.ResponseWriter, _ *http.Request) {
				conn, buf, err := w.(http.Hijacker).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				defer conn.Close()
				fmt.Fprintf(buf, "HTTP/1.1 %d X\r\nConnection: close\r\n", c.status)
				body := c.body
				for i := 0; i < len(c.head); i += 2 {
					fmt.Fprintf(buf, "%s: %s\r\n", c.head[i], c.head[i+1])
					if c.head[i] == "Transfer-Encoding" {
						body = fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body)
					}
				}
				fmt.Fprintf(buf, "\r\n%s", body)
				_ = buf.Flush()
			})
			kv := []string{}
			if c.rng != "" {
				kv = append(kv, "Range", c.rng)
			}
			a := b.do("GET", b.link("/a.mp4"), kv...)
			if c.cut && a.err != nil && a.status == 0 {
				return // cut before even the head was flushed
			}
			if a.status != c.want || (a.err != nil) != c.cut || strings.Contains(a.body, "secret") {
				t.Errorf("%d %v %q, want %d cut=%v", a.status, a.err, a.body, c.want, c.cut)
			}
			if c.want == 200 && c.rng != "" && a.header.Get("Accept-Ranges") != "none" {
				t.Errorf("Accept-Ranges: %q", a.header.Get("Accept-Ranges"))
			}
			if a.status >= 400 && a.code() == "" {
				t.Errorf("not our error shape: %s", a.body)
			}
		})
	}
}

// TestHeadFallback: stores that sign links for GET alone still answer HEAD.
func TestHeadFallback(t *testing.T) {
	b := newBed(t, Config{}, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		originOK(w, r)
	})
	if a := b.do("HEAD", b.link("/a.mp4")); a.status != 200 || a.header.Get("Content-Length") != "5" || a.body != "" {
		t.Errorf("%+v", a)
	}
}
