package proxy

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func originOK(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "video/mp4")
	_, _ = w.Write([]byte("media"))
}

// TestSignStable: equal targets in one window give equal links, everything else different ones, and nothing shows.
func TestSignStable(t *testing.T) {
	b := newBed(t, Config{TTL: time.Hour, Window: time.Hour}, originOK)
	base := Target{URL: b.origin.URL + "/secret/film.mp4?sig=abc", Room: "room_1", User: "usr_1",
		Headers: map[string]string{"Authorization": "Bearer hush", "Referer": "https://a.example/"}}
	now := time.Unix(1_800_000_100, 0)
	sign := func(tg Target, at time.Time) string {
		s, err := b.proxy.Sign(tg, at)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	first := sign(base, now)
	if again := sign(base, now.Add(time.Second)); again != first {
		t.Errorf("the same target gave %s and %s", first, again)
	}
	if later := sign(base, now.Add(time.Hour)); later == first {
		t.Error("the next window gave the same link")
	}
	for name, change := range map[string]func(*Target){
		"user": func(t *Target) { t.User = "usr_2" }, "room": func(t *Target) { t.Room = "room_2" }, "url": func(t *Target) { t.URL += "d" },
		"header": func(t *Target) { t.Headers = map[string]string{"Referer": "https://a.example/"} }, "kind": func(t *Target) { t.Kind = KindImage },
	} {
		other := base
		change(&other)
		if sign(other, now) == first {
			t.Errorf("another %s gave the same link", name)
		}
	}
	if !strings.HasPrefix(first, PathPrefix) || !strings.HasSuffix(first, "/film.mp4") {
		t.Errorf("link %s", first)
	}
	for _, s := range []string{"secret", "hush", "room_1", "usr_1", "abc", "127.0.0.1"} {
		if strings.Contains(first, s) {
			t.Errorf("the link shows %q: %s", s, first)
		}
	}
}

// TestTamperedLinks (ABUSE-045): every changed byte, truncation and foreign key gives 403 without a visit to the origin.
func TestTamperedLinks(t *testing.T) {
	visits := 0
	b := newBed(t, Config{}, func(w http.ResponseWriter, r *http.Request) { visits++; originOK(w, r) })
	good := b.link("/film.mp4")
	if a := b.do("GET", good); a.status != 200 || a.body != "media" {
		t.Fatalf("%+v", a)
	}
	visits = 0
	base := b.front.URL + PathPrefix
	token, _, _ := strings.Cut(strings.TrimPrefix(good, base), "/")
	bad := []string{base, base + "/", base + token, base + token + "/", base + token + "/a/b", base + "/film.mp4", base + token[:40] + "/f", base + token[1:] + "/f",
		base + token + "A/f", base + token + "=/f", base + strings.ToUpper(token) + "/f", base + token + token + "/f", base + token + "/..%2f", base + token + "%00/f",
		base + token + "/.hidden", base + strings.Repeat("A", 30000) + "/f", base + "!!/f"}
	for i := 0; i < len(token); i += 3 {
		c := byte('A')
		if token[i] == 'A' {
			c = 'B'
		}
		bad = append(bad, base+token[:i]+string(c)+token[i+1:]+"/film.mp4")
	}
	other, err := newSealer([]byte("another key another key another!"))
	if err != nil {
		t.Fatal(err)
	}
	bad = append(bad, base+other.seal(claims{expires: 1 << 39, url: b.origin.URL})+"/f")
	for _, link := range bad {
		if a := b.do("GET", link); a.status != http.StatusForbidden || a.code() != "link_invalid" {
			t.Errorf("%s: %d %s", link, a.status, a.body)
		}
	}
	if visits != 0 {
		t.Errorf("the origin was visited %d times", visits)
	}
}

func TestExpiry(t *testing.T) {
	b := newBed(t, Config{TTL: time.Hour, Window: time.Minute}, originOK)
	old, err := b.proxy.Sign(Target{URL: b.origin.URL + "/a.mp4"}, time.Now().Add(-2*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if a := b.do("GET", b.front.URL+old); a.status != 403 || a.code() != "link_expired" {
		t.Errorf("%d %s", a.status, a.body)
	}
	s := b.proxy.sealer
	tok := s.seal(claims{expires: 1000})
	for now, want := range map[int64]error{999: nil, 1000: errExpired, 1001: errExpired} {
		if _, err := s.open(tok, now); err != want {
			t.Errorf("at %d: %v, want %v", now, err, want)
		}
	}
}

// TestSignRefuses (ABUSE-042, ABUSE-043).
func TestSignRefuses(t *testing.T) {
	b := newBed(t, Config{}, originOK)
	for _, u := range []string{"http://127.0.0.1/", "http://10.0.0.1/", "file:///etc/passwd", "http://a@b.example/", "http://[::1]/", ""} {
		if _, err := b.proxy.Sign(Target{URL: u}, time.Now()); err == nil {
			t.Errorf("%q was signed", u)
		}
	}
	for _, h := range []string{"Host", "host", "Transfer-Encoding", "Connection", "Content-Length", "X-Forwarded-For", "X-FORWARDED-HOST", "Forwarded",
		"Range", "If-Range", "Accept-Encoding", "Proxy-Authorization", "Upgrade", "TE", "Trailer", "Expect", "Via", "X-Real-IP", "Sec-Fetch-Mode",
		"", "A B", "A:B", "A\r\nB", "A\n"} {
		if _, err := b.proxy.Sign(Target{URL: b.origin.URL, Headers: map[string]string{h: "x"}}, time.Now()); err == nil {
			t.Errorf("header %q was accepted", h)
		}
	}
	for _, v := range []string{"a\r\nX: y", "a\nb", "a\x00b"} {
		if _, err := b.proxy.Sign(Target{URL: b.origin.URL, Headers: map[string]string{"X-A": v}}, time.Now()); err == nil {
			t.Errorf("header value %q was accepted", v)
		}
	}
	for name, h := range map[string]map[string]string{
		"twice": {"x-a": "1", "X-A": "2"}, "long": {"X-A": strings.Repeat("a", 5000)},
	} {
		if _, err := b.proxy.Sign(Target{URL: b.origin.URL, Headers: h}, time.Now()); err == nil {
			t.Errorf("headers %s were accepted", name)
		}
	}
	if _, err := New(Config{Key: []byte("short")}, Deps{Source: NewOrigin(nil), CheckURL: b.guard.CheckURL, WriteError: writeError}); err == nil {
		t.Error("a short key was accepted")
	}
	if _, err := New(Config{Key: testKey}, Deps{}); err == nil {
		t.Error("missing dependencies were accepted")
	}
	if _, err := New(Config{Key: testKey, TTL: 48 * time.Hour}, Deps{Source: NewOrigin(nil), CheckURL: b.guard.CheckURL, WriteError: writeError}); err == nil {
		t.Error("a TTL of two days was accepted")
	}
}

func TestLinkName(t *testing.T) {
	b := newBed(t, Config{}, originOK)
	for in, want := range map[string]string{
		"/film.mp4": "film.mp4", "/": "media", "/a/b/../x.m3u8": "x.m3u8", "/映画.mkv": "mkv", "/sub.SRT": "sub.vtt", "/..%2f..%2fetc": "etc",
		"/" + strings.Repeat("a", 100) + ".mp4": strings.Repeat("a", 44) + ".mp4", "/%22%0d.mp4": "",
	} {
		p, err := b.proxy.Sign(Target{URL: b.origin.URL + in}, time.Now())
		got := p[strings.LastIndex(p, "/")+1:]
		if (err != nil) != (want == "") || err == nil && got != want {
			t.Errorf("%s: %q %v, want %q", in, got, err, want)
		}
	}
}

// FuzzToken: no bytes but ours open, and claims survive a round trip.
func FuzzToken(f *testing.F) {
	s, err := newSealer(testKey)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{1, 0, 0, 5, 0, 0, 0, 0}, "token")
	f.Add(encodeClaims(claims{kind: 1, depth: 2, expires: 99, room: "r", user: "u", item: "i", url: "http://x/", headers: []headerField{{"A", "b"}}}), "AAAA")
	f.Fuzz(func(t *testing.T, plain []byte, token string) {
		if _, err := s.open(token, 0); err == nil {
			t.Fatalf("%q opened", token)
		}
		c, err := decodeClaims(plain)
		if err != nil {
			return
		}
		c2, err := s.open(s.seal(c), c.expires-1)
		if err != nil || string(encodeClaims(c2)) != string(encodeClaims(c)) {
			t.Fatalf("%+v -> %+v, %v", c, c2, err)
		}
	})
}
