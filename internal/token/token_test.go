package token

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const now = int64(1_800_000_000_123_456)

func signer(t testing.TB) *Signer {
	t.Helper()
	s, err := New([]byte("0123456789abcdef0123456789abcdef"), "synctv")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func claims() Claims {
	return Claims{Subject: "usr_1", Session: "ses_1", Room: "room_1", Name: "安娜", Issued: now, Expires: now + 900_000_000}
}

func TestRoundTrip(t *testing.T) {
	s := signer(t)
	for _, c := range []Claims{claims(), {Subject: "gst_1", Issued: 1, Expires: 2_000_001}} {
		signed, err := s.Sign(c)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Verify(signed, c.Issued)
		if err != nil || got != c {
			t.Fatalf("got %+v, %v, want %+v", got, err, c)
		}
	}
}

func TestTime(t *testing.T) {
	s := signer(t)
	signed, err := s.Sign(claims())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		at int64
		ok bool
	}{
		"at once":                          {now, true},
		"last microsecond":                 {now + 900_000_000 - 1, true},
		"the moment it expires":            {now + 900_000_000, false},
		"later":                            {now + 1_000_000_000, false},
		"other node's clock is behind":     {now - 29_000_000, true},
		"other node's clock is far behind": {now - 31_000_000, false},
	} {
		if _, err := s.Verify(signed, c.at); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSignRefuses(t *testing.T) {
	s := signer(t)
	for name, change := range map[string]func(*Claims){
		"no subject":    func(c *Claims) { c.Subject = "" },
		"no expiry":     func(c *Claims) { c.Expires = 0 },
		"backwards":     func(c *Claims) { c.Expires = c.Issued },
		"ten years":     func(c *Claims) { c.Expires = c.Issued + int64(10*366*24*time.Hour/time.Microsecond) },
		"a novel in it": func(c *Claims) { c.Name = strings.Repeat("x", MaxBytes) },
	} {
		c := claims()
		change(&c)
		if _, err := s.Sign(c); err == nil {
			t.Errorf("%s: signed", name)
		}
	}
}

// forge signs any header and claims with the right key.
func forge(s *Signer, header, body map[string]any) string {
	h, _ := json.Marshal(header)
	b, _ := json.Marshal(body)
	text := base64.RawURLEncoding.EncodeToString(h) + "." + base64.RawURLEncoding.EncodeToString(b)
	sig, _ := jwt.SigningMethodHS256.Sign(text, s.key)
	return text + "." + base64.RawURLEncoding.EncodeToString(sig)
}

func TestForgeries(t *testing.T) {
	s := signer(t)
	header := func(change func(map[string]any)) map[string]any {
		h := map[string]any{"alg": "HS256", "typ": "JWT", "kid": s.keyID}
		change(h)
		return h
	}
	body := func(change func(map[string]any)) map[string]any {
		b := map[string]any{"iss": "synctv", "sub": "usr_1", "iat": now/1e6 - 1, "exp": now/1e6 + 900}
		change(b)
		return b
	}
	same := func(map[string]any) {}
	set := func(k string, v any) func(map[string]any) { return func(m map[string]any) { m[k] = v } }
	drop := func(k string) func(map[string]any) { return func(m map[string]any) { delete(m, k) } }

	good := forge(s, header(same), body(same))
	if _, err := s.Verify(good, now); err != nil {
		t.Fatal("the forge is broken:", err)
	}
	parts := strings.Split(good, ".")
	other, err := New([]byte("another key that is long enough!"), "synctv")
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := other.Sign(claims())
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]string{
		"empty": "", "text": "hello", "dots": strings.Repeat(".", 10_000), "one dot less": parts[0] + "." + parts[1],
		"one dot more": good + ".", "empty signature": parts[0] + "." + parts[1] + ".",
		"alg none":     forge(s, header(set("alg", "none")), body(same)),
		"alg None":     forge(s, header(set("alg", "None")), body(same)),
		"alg empty":    forge(s, header(set("alg", "")), body(same)),
		"alg missing":  forge(s, header(drop("alg")), body(same)),
		"alg RS256":    forge(s, header(set("alg", "RS256")), body(same)),
		"alg HS512":    forge(s, header(set("alg", "HS512")), body(same)),
		"alg number":   forge(s, header(set("alg", 1)), body(same)),
		"kid path":     forge(s, header(set("kid", "../../dev/null")), body(same)),
		"kid sql":      forge(s, header(set("kid", "' OR 1=1 --")), body(same)),
		"kid url":      forge(s, header(set("kid", "https://evil.example/key")), body(same)),
		"kid missing":  forge(s, header(drop("kid")), body(same)),
		"jku":          forge(s, header(set("jku", "https://evil.example")), body(same)),
		"x5u":          forge(s, header(set("x5u", "https://evil.example")), body(same)),
		"jwk":          forge(s, header(set("jwk", map[string]any{"kty": "oct"})), body(same)),
		"crit":         forge(s, header(set("crit", []string{"x"})), body(same)),
		"typ":          forge(s, header(set("typ", "JWE")), body(same)),
		"wrong iss":    forge(s, header(same), body(set("iss", "other"))),
		"no iss":       forge(s, header(same), body(drop("iss"))),
		"aud":          forge(s, header(same), body(set("aud", "other"))),
		"nbf ahead":    forge(s, header(same), body(set("nbf", now/1e6+60))),
		"no exp":       forge(s, header(same), body(drop("exp"))),
		"exp zero":     forge(s, header(same), body(set("exp", 0))),
		"exp negative": forge(s, header(same), body(set("exp", -1))),
		"exp text":     forge(s, header(same), body(set("exp", "never"))),
		"exp huge":     forge(s, header(same), body(set("exp", 1e300))),
		"ten years":    forge(s, header(same), body(set("exp", now/1e6+10*366*86400))),
		"no iat":       forge(s, header(same), body(drop("iat"))),
		"no sub":       forge(s, header(same), body(drop("sub"))),
		"sub number":   forge(s, header(same), body(set("sub", 1))),
		"other key":    foreign,
		"padding":      parts[0] + "." + parts[1] + "." + parts[2] + "=",
		"blank before": " " + good,
		"huge":         forge(s, header(same), body(set("name", strings.Repeat("x", 1<<20)))),
		"case changed": strings.ToUpper(good[:20]) + good[20:],
		"cut":          good[:len(good)-1],
		"bit flipped":  parts[0] + "." + parts[1] + "." + flip(parts[2]),
	}
	for name, signed := range cases {
		if c, err := s.Verify(signed, now); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: accepted as %+v (%v)", name, c, err)
		}
	}
}

func flip(s string) string {
	c := byte('A')
	if s[0] == 'A' {
		c = 'B'
	}
	return string(c) + s[1:]
}

func TestNew(t *testing.T) {
	if _, err := New(make([]byte, 31), "x"); err == nil {
		t.Error("a short key was accepted")
	}
	if _, err := New(make([]byte, 32), ""); err == nil {
		t.Error("no issuer was accepted")
	}
}

func FuzzVerify(f *testing.F) {
	s := signer(f)
	signed, err := s.Sign(claims())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(signed)
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, in string) {
		if _, err := s.Verify(in, now); err == nil && in != signed {
			t.Fatalf("accepted %q", in)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	s := signer(b)
	signed, err := s.Sign(claims())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.Verify(signed, now); err != nil {
			b.Fatal(err)
		}
	}
}
