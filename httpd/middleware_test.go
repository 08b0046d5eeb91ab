package httpd

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func TestRequestIDs(t *testing.T) {
	d := newDoor(t, Config{})
	r := d.do("GET", "/api/v1/x", "X-Request-Id", "my-id.1")
	if r.Header.Get("X-Request-Id") != "my-id.1" || d.api.request.Header.Get("X-Request-Id") != "my-id.1" {
		t.Error("a harmless id was replaced")
	}
	for _, bad := range []string{"", "a b", strings.Repeat("x", 65), "ä", "a\"b"} {
		r := d.do("GET", "/api/v1/x", "X-Request-Id", bad)
		id := r.Header.Get("X-Request-Id")
		if id == bad || len(id) != 16 || d.api.request.Header.Get("X-Request-Id") != id {
			t.Errorf("%q became %q", bad, id)
		}
	}
}

func TestLogHasNoSecrets(t *testing.T) {
	d := newDoor(t, Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}})
	for _, target := range []string{"/ws/rooms/x?ticket=HUSH", "/api/v1/rooms?query=HUSH", "/api/v1/invites/HUSH", "/i/HUSH", "/proxy/v1/HUSH", "/setup?HUSH"} {
		d.do("GET", target, "Authorization", "Bearer HUSH", "Cookie", "HUSH", "X-Forwarded-For", "198.51.100.7")
	}
	d.do("GET", "/api/v1/%0a%1b[31mlevel=ERROR")
	log := d.log.String()
	if strings.Contains(log, "HUSH") {
		t.Errorf("the log tells:\n%s", log)
	}
	if strings.Contains(log, "\x1b") || strings.Contains(log, "\nlevel=ERROR") {
		t.Errorf("the log can be written by anyone:\n%s", log)
	}
	if !strings.Contains(log, "client=198.51.100.7") || !strings.Contains(log, "path=/api/v1/rooms") || !strings.Contains(log, "status=200") {
		t.Errorf("the log says too little:\n%s", log)
	}
}

func TestPanics(t *testing.T) {
	d := newDoor(t, Config{})
	r := d.do("GET", "/api/v1/panic")
	if body := text(t, r); r.StatusCode != 500 || strings.Contains(body, "hush") || !strings.Contains(body, `"code":"internal"`) {
		t.Errorf("%d %s", r.StatusCode, body)
	}
	if !strings.Contains(d.log.String(), "hush") {
		t.Error("the log does not tell")
	}
	defer func() {
		if recover() != http.ErrAbortHandler {
			t.Error("half an answer looks like a whole one")
		}
	}()
	d.do("GET", "/api/v1/late-panic")
}

func TestLimits(t *testing.T) {
	d := newDoor(t, Config{})
	if r := d.do("GET", "/api/v1/x?"+strings.Repeat("a", maxURIBytes)); r.StatusCode != 414 {
		t.Error("long address:", r.StatusCode)
	}
	if r := d.do("GET", "/proxy/v1/"+strings.Repeat("a", maxURIBytes)); r.StatusCode != 200 {
		t.Error("a link of the proxy:", r.StatusCode)
	}
	if r := d.send("POST", "/api/v1/x", strings.NewReader(strings.Repeat("a", maxBodyBytes+1))); r.StatusCode != 413 {
		t.Error("large body:", r.StatusCode)
	}
	unknown := struct{ io.Reader }{strings.NewReader(strings.Repeat("a", maxBodyBytes+1))} // no Content-Length
	if r := d.send("POST", "/api/v1/x", unknown); r.StatusCode != 413 {
		t.Error("large body of unknown length:", r.StatusCode)
	}
	if d.send("POST", "/api/v1/x", strings.NewReader("small")); d.api.body != "small" {
		t.Errorf("the body became %q", d.api.body)
	}
}

func TestHosts(t *testing.T) {
	d := newDoor(t, Config{AllowedHosts: []string{"watch.example.org", "10.0.0.5", "::1"}, PublicURL: "https://tv.example.org"})
	for host, ok := range map[string]bool{"watch.example.org": true, "WATCH.example.org:8080": true, "watch.example.org.": true, "tv.example.org": true, "10.0.0.5:80": true,
		"[::1]:80": true, "[0:0::1]": true, "example.org": false, "watch.example.org.evil.com": false, "evil.com": false, "": false} {
		r := httptest.NewRequest("GET", "/api/v1/x", nil)
		r.Host = host
		w := httptest.NewRecorder()
		d.Handler().ServeHTTP(w, r)
		if (w.Code == 200) != ok {
			t.Errorf("%q: %d", host, w.Code)
		}
	}
	if r := d.do("GET", "/health/live", "Host", "10.9.9.9"); r.StatusCode != 200 {
		t.Error("a health check came by address and was refused")
	}
	if r := newDoor(t, Config{PublicURL: "https://tv.example.org"}).do("GET", "/api/v1/x", "Host", "else"); r.StatusCode != 200 {
		t.Error("without a list every name is fine")
	}
}

func TestForeignPages(t *testing.T) {
	d := newDoor(t, Config{AllowedOrigins: []string{"https://app.example.org"}})
	for origin, allowed := range map[string]bool{"https://app.example.org": true, "https://app.example.org:444": false, "http://app.example.org": false,
		"https://app.example.org.evil.com": false, "https://evil-app.example.org": false, "null": false, "https://evil.com": false, "": false} {
		for _, method := range []string{"GET", "OPTIONS"} {
			r := d.do(method, "/api/v1/x", "Origin", origin, "Access-Control-Request-Method", "POST")
			got := r.Header.Get("Access-Control-Allow-Origin")
			if (got == origin && origin != "") != allowed || got == "*" || r.Header.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("%s from %q: %v", method, origin, r.Header)
			}
			if !strings.Contains(strings.Join(r.Header.Values("Vary"), ","), "Origin") {
				t.Errorf("%q: Vary is %v", origin, r.Header.Values("Vary"))
			}
		}
	}
	if r := d.do("OPTIONS", "/api/v1/x", "Origin", "https://app.example.org", "Access-Control-Request-Method", "PATCH"); r.StatusCode != 204 {
		t.Error("preflight:", r.StatusCode)
	}
}
