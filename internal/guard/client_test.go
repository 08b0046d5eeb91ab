package guard_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"synctv/internal/guard"
)

func hostOf(srv *httptest.Server) string { _, h, _ := strings.Cut(srv.URL, "://"); return h }

func clientFor(t *testing.T, cfg guard.ClientConfig, hosts ...string) *http.Client {
	t.Helper()
	return mustGuard(t, guard.Config{AllowHosts: hosts}, guard.Deps{}).Client(cfg)
}

// TestRedirectCap (ABUSE-026).
func TestRedirectCap(t *testing.T) {
	hops := 0
	var srv *httptest.Server
	srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hops++
		http.Redirect(w, r, srv.URL+fmt.Sprintf("/%d", hops), http.StatusFound)
	}))
	defer srv.Close()
	for limit, want := range map[int]int{0: 6, 2: 3} {
		hops = 0
		if _, err := clientFor(t, guard.ClientConfig{MaxRedirects: limit}, hostOf(srv)).Get(srv.URL); !isDenied(err) {
			t.Errorf("limit %d: %v", limit, err)
		}
		if hops != want {
			t.Errorf("limit %d: %d requests, want %d", limit, hops, want)
		}
	}
	res, err := clientFor(t, guard.ClientConfig{MaxRedirects: -1}, hostOf(srv)).Get(srv.URL)
	if err != nil || res.StatusCode != http.StatusFound {
		t.Fatalf("no redirects wanted: %v %v", res, err)
	}
	_ = res.Body.Close()
}

// TestRedirectDropsCredentials (ABUSE-028): first -> second -> first; neither later hop sees a secret.
func TestRedirectDropsCredentials(t *testing.T) {
	var seen []http.Header
	var first, second *httptest.Server
	record := func(next func() string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			seen = append(seen, r.Header.Clone())
			if to := next(); to != "" && r.URL.Path != "/end" {
				http.Redirect(w, r, to, http.StatusFound)
			}
		})
	}
	first = httptest.NewServer(record(func() string { return second.URL + "/x?sig=secret" }))
	defer first.Close()
	second = httptest.NewServer(record(func() string { return first.URL + "/end" }))
	defer second.Close()
	req, err := http.NewRequest(http.MethodGet, first.URL+"/start?token=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{"Authorization", "Cookie", "X-Emby-Token", "Proxy-Authorization"}
	for _, h := range secrets {
		req.Header.Set(h, "secret")
	}
	req.Header.Set("Range", "bytes=0-1")
	res, err := clientFor(t, guard.ClientConfig{}, hostOf(first), hostOf(second)).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if len(seen) != 3 {
		t.Fatalf("%d hops", len(seen))
	}
	for _, h := range secrets {
		if seen[0].Get(h) == "" {
			t.Errorf("the first hop lacks %s", h)
		}
	}
	for i, hop := range seen[1:] {
		for _, h := range append(secrets, "Referer") {
			if v := hop.Get(h); v != "" {
				t.Errorf("hop %d got %s: %s", i+2, h, v)
			}
		}
		if hop.Get("Range") != "bytes=0-1" {
			t.Errorf("hop %d lost Range", i+2)
		}
	}
}

// TestRedirectScheme (ABUSE-027).
func TestRedirectScheme(t *testing.T) {
	for _, to := range []string{"file:///etc/passwd", "gopher://127.0.0.1/_x", "ftp://127.0.0.1/", "data:text/html,x", "unix:/run/x.sock", "javascript:1"} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusFound)
		}))
		if _, err := clientFor(t, guard.ClientConfig{}, hostOf(srv)).Get(srv.URL); !isDenied(err) {
			t.Errorf("%s: %v", to, err)
		}
		srv.Close()
	}
}

// TestWrongCertificate (ABUSE-036).
func TestWrongCertificate(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the request got through") }))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()
	pool := x509.NewCertPool()
	pool.AddCert(srv.Certificate()) // trusted, but made for example.com and 127.0.0.1
	_, port, _ := net.SplitHostPort(hostOf(srv))
	name := "localhost:" + port
	conf := &tls.Config{RootCAs: pool, InsecureSkipVerify: true} //nolint:gosec // must be ignored by the client
	if _, err := clientFor(t, guard.ClientConfig{TLS: conf}, name).Get("https://" + name + "/"); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("certificate for another name: %v", err)
	}
	if _, err := clientFor(t, guard.ClientConfig{}, hostOf(srv)).Get(srv.URL); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("unknown authority: %v", err)
	}
}

// TestEnvironmentProxy (ABUSE-038).
func TestEnvironmentProxy(t *testing.T) {
	evil := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the environment's proxy was used") }))
	defer evil.Close()
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer srv.Close()
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"} {
		t.Setenv(name, evil.URL)
	}
	g := mustGuard(t, guard.Config{AllowHosts: []string{hostOf(srv)}}, guard.Deps{})
	res, err := g.Client(guard.ClientConfig{}).Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
}

// rawServer answers every connection with the bytes say writes.
func rawServer(t *testing.T, say func(w io.Writer)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
			_, _ = bufio.NewReader(conn).ReadString('\n')
			say(conn)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return l.Addr().String()
}

// TestHostileHeads (ABUSE-037, ABUSE-048): banners that are not HTTP, endless informational answers, giant headers.
func TestHostileHeads(t *testing.T) {
	cases := map[string]func(w io.Writer){
		"redis banner": func(w io.Writer) { _, _ = io.WriteString(w, "-ERR unknown command 'GET'\r\n") },
		"smtp banner":  func(w io.Writer) { _, _ = io.WriteString(w, "220 mail.internal ESMTP\r\n") },
		"http/0.9":     func(w io.Writer) { _, _ = io.WriteString(w, "<html>secret</html>") },
		"nothing":      func(io.Writer) {},
		"1 MiB header": func(w io.Writer) {
			_, _ = io.WriteString(w, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("a", 1<<20)+"\r\n\r\n")
		},
		"endless headers": func(w io.Writer) { flood(w, "HTTP/1.1 200 OK\r\n", "X: y\r\n") },
		"endless 1xx":     func(w io.Writer) { flood(w, "", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n") },
		"endless 100":     func(w io.Writer) { flood(w, "", "HTTP/1.1 100 Continue\r\n\r\n") },
		"two lengths": func(w io.Writer) {
			_, _ = io.WriteString(w, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab")
		},
	}
	for name, say := range cases {
		t.Run(name, func(t *testing.T) {
			addr := rawServer(t, say)
			res, err := clientFor(t, guard.ClientConfig{HeaderTimeout: 3 * time.Second}, addr).Get("http://" + addr + "/")
			if err == nil {
				_ = res.Body.Close()
				t.Errorf("accepted: %s", res.Status)
			}
		})
	}
}

func flood(w io.Writer, first, line string) {
	_, _ = io.WriteString(w, first)
	chunk := []byte(strings.Repeat(line, 200))
	for range 4000 {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}
