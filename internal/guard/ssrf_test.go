package guard_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"synctv/internal/guard"
	"synctv/internal/guard/guardtest"
)

// paths is one way of running the whole table: through a guard whose origin can redirect to anything.
type paths struct {
	guard    *guard.Guard
	client   *http.Client
	canaries []*guardtest.Canary
	origin   string // http://host:port of a server that is allowed and redirects as told
}

// redirector answers /hop?n=2&to=... with n redirects to itself and then one to the target.
func redirector(self func() string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.Query().Get("n"))
		to := r.URL.Query().Get("to")
		if n > 1 {
			to = fmt.Sprintf("%s/hop?n=%d&to=%s", self(), n-1, url.QueryEscape(to))
		}
		w.Header()["Location"] = []string{to}
		w.WriteHeader(http.StatusFound)
	})
}

func mustGuard(t testing.TB, cfg guard.Config, deps guard.Deps) *guard.Guard {
	t.Helper()
	g, err := guard.New(cfg, deps)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func (p *paths) untouched(t *testing.T, name string) {
	t.Helper()
	for _, c := range p.canaries {
		if n := c.Hits(); n != 0 {
			t.Fatalf("%s: the canary on port %d was hit %d times", name, c.Port, n)
		}
	}
}

func isDenied(err error) bool {
	var d *guard.DeniedError
	return errors.As(err, &d)
}

// refused fetches u and wants an error; a guard refusal unless the URL cannot even be parsed.
func (p *paths) refused(t *testing.T, name, u string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
	if err != nil {
		return // net/url refuses it before anybody else
	}
	res, err := p.client.Do(req)
	if err == nil {
		_ = res.Body.Close()
		t.Errorf("%s: %q was fetched: %s", name, u, res.Status)
	} else if !isDenied(err) && !strings.Contains(err.Error(), "failed to parse Location") && !strings.Contains(err.Error(), "no Host in request URL") {
		t.Errorf("%s: %q failed, but not by the guard: %v", name, u, err)
	}
	p.untouched(t, name)
}

// table runs every spelling on every path and returns how many cases that was.
func (p *paths) table(t *testing.T) int {
	cases := 0
	for _, s := range guardtest.Spellings(p.canaries[0].Port) {
		if u, err := p.guard.CheckURL(s.URL); err == nil {
			t.Errorf("%s: CheckURL accepts it as %s", s.Name(), u)
		} else if !isDenied(err) || err.Error() != "this address is not allowed" {
			t.Errorf("%s: ABUSE-044: the message says too much: %v", s.Name(), err)
		}
		if !strings.HasSuffix(s.URL, ":/") { // net/http itself drops an empty port
			p.refused(t, s.Name()+"/direct", s.URL)
		}
		cases += 2
		if u, err := url.Parse(s.URL); err == nil && u.Host != "" && !s.OpenWeb {
			host, port := u.Hostname(), u.Port()
			if port == "" {
				port = "80"
			}
			conn, err := p.guard.DialContext(t.Context(), "tcp", net.JoinHostPort(host, port))
			if err == nil {
				_ = conn.Close()
				t.Errorf("%s: dialed", s.Name())
			}
			p.untouched(t, s.Name())
			cases++
		}
		if strings.ContainsAny(s.URL, "\r\n\x00") || strings.TrimSpace(s.URL) != s.URL {
			continue // cannot be sent in a header
		}
		if t2, err := url.Parse(s.URL); err == nil && t2.Host == "" && t2.Scheme != "" && t2.Opaque == "" && t2.Path == "" {
			continue // "http://" as a Location resolves to nothing
		}
		for hop := 1; hop <= 3; hop++ {
			name := fmt.Sprintf("ABUSE-025/%s/hop%d", s.Name(), hop)
			p.refused(t, name, fmt.Sprintf("%s/hop?n=%d&to=%s", p.origin, hop, url.QueryEscape(s.URL)))
			cases++
		}
	}
	for i, addr := range guardtest.Forbidden() {
		for _, pre := range []string{"only", "mixed", "alias"} {
			name := fmt.Sprintf("%s-%d.public.example", pre, i)
			p.refused(t, "ABUSE-020/"+pre+"/"+addr, fmt.Sprintf("http://%s:%d/", name, p.canaries[0].Port))
			p.refused(t, "ABUSE-020/hop/"+pre+"/"+addr, fmt.Sprintf("%s/hop?n=1&to=%s", p.origin,
				url.QueryEscape(fmt.Sprintf("http://%s:%d/", name, p.canaries[0].Port))))
			cases += 2
		}
	}
	return cases
}

// hostileDNS answers "only-3", "mixed-3" (a public address first) and "alias-3" (a chain of names) with forbidden address 3.
func hostileDNS(t *testing.T) *guardtest.DNS {
	forbidden := guardtest.Forbidden()
	return guardtest.NewDNS(t, func(name string) guardtest.Answer {
		kind, rest, ok := strings.Cut(name, "-")
		i, err := strconv.Atoi(strings.TrimSuffix(rest, ".public.example"))
		if !ok || err != nil || i >= len(forbidden) {
			return guardtest.Answer{}
		}
		bad := netip.MustParseAddr(forbidden[i])
		switch kind {
		case "mixed":
			return guardtest.Answer{Addrs: []netip.Addr{netip.MustParseAddr("8.8.8.8"), netip.MustParseAddr("2606:4700::1111"), bad}}
		case "alias":
			return guardtest.Answer{CNAME: []string{"cdn.public.example", "edge.public.example"}, Addrs: []netip.Addr{bad}}
		}
		return guardtest.Answer{Addrs: []netip.Addr{bad}}
	})
}

func TestSSRFTable(t *testing.T) {
	var origin *httptest.Server
	origin = httptest.NewServer(redirector(func() string { return origin.URL }))
	defer origin.Close()
	g := mustGuard(t, guard.Config{AllowHosts: []string{strings.TrimPrefix(origin.URL, "http://")}},
		guard.Deps{Resolver: hostileDNS(t).Resolver()})
	p := &paths{guard: g, client: g.Client(guard.ClientConfig{}), origin: origin.URL,
		canaries: []*guardtest.Canary{guardtest.NewCanary(t, 0)}}
	n := p.table(t)
	t.Logf("%d cases", n)
	if spellings := len(guardtest.Spellings(1)); spellings < 120 || n < 400 {
		t.Errorf("the table has shrunk: %d spellings, %d cases", spellings, n)
	}
}

// TestSSRFNamespace runs the same table where a canary really stands on every forbidden address, with no allow-list at all.
func TestSSRFNamespace(t *testing.T) {
	if !guardtest.InNamespace(t) {
		return
	}
	l, err := net.Listen("tcp", ":8000")
	if err != nil {
		t.Fatal(err)
	}
	const originURL = "http://8.8.4.4:8000"
	srv := &http.Server{Handler: redirector(func() string { return originURL }), ReadHeaderTimeout: time.Second}
	go func() { _ = srv.Serve(l) }()
	defer srv.Close()
	g := mustGuard(t, guard.Config{}, guard.Deps{Resolver: hostileDNS(t).Resolver()})
	p := &paths{guard: g, client: g.Client(guard.ClientConfig{}), origin: originURL, canaries: []*guardtest.Canary{
		guardtest.NewCanary(t, 8081), guardtest.NewCanary(t, 80), guardtest.NewCanary(t, 443),
	}}
	t.Logf("namespace: %d cases", p.table(t))
	// The canary must be alive: public addresses reach it.
	before := p.canaries[0].Hits()
	for _, u := range []string{"http://8.8.8.8:8081/", "http://[2606:4700::1111]:8081/", "http://[64:ff9b::808:808]:8081/"} {
		res, err := p.client.Get(u)
		if err != nil {
			t.Fatalf("%s is public, yet: %v", u, err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if string(body) != "canary" {
			t.Errorf("%s: %q", u, body)
		}
	}
	if got := p.canaries[0].Hits() - before; got != 3 {
		t.Errorf("the canary counted %d of 3 public visits", got)
	}
	for _, a := range []string{"10.0.0.1:8081", "169.254.169.254:80", "[fc00::1]:8081"} {
		conn, err := net.DialTimeout("tcp", a, time.Second)
		if err != nil {
			t.Errorf("no canary stands on %s: %v", a, err)
			continue
		}
		_ = conn.Close()
	}
}
