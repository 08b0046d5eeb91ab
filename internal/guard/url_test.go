package guard_test

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"synctv/internal/guard"
	"synctv/internal/guard/guardtest"
)

func TestCheckURLAccepts(t *testing.T) {
	g := mustGuard(t, guard.Config{AllowHosts: []string{"nas.local:8096", "192.168.1.5:22"}, AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}}, guard.Deps{})
	cases := map[string]string{
		"http://public.example/a.mp4":                        "http://public.example/a.mp4",
		"HTTPS://Public.Example.:443/a?b=c&d=%20#t=10":       "https://public.example:443/a?b=c&d=%20",
		"http://8.8.8.8:8080/":                               "http://8.8.8.8:8080/",
		"http://[2606:4700::1111]:8443/x":                    "http://[2606:4700::1111]:8443/x",
		"http://[2606:4700:0:0:0:0:0:1111]/x":                "http://[2606:4700::1111]/x",
		"http://[64:ff9b::8.8.8.8]/":                         "http://[64:ff9b::808:808]/",
		"http://[::ffff:8.8.8.8]/":                           "http://8.8.8.8/",
		"http://例え.jp/映画 1.mp4":                              "",
		"http://例え.jp/映画1.mp4":                               "http://xn--r8jz45g.jp/%E6%98%A0%E7%94%BB1.mp4",
		"http://xn--r8jz45g.jp/":                             "http://xn--r8jz45g.jp/",
		"http://cdn_1.public.example/":                       "http://cdn_1.public.example/",
		"http://1.public.example/":                           "http://1.public.example/",
		"http://0x1.public.example/":                         "http://0x1.public.example/",
		"http://nas.local:8096/v":                            "http://nas.local:8096/v",
		"http://nas.local/v":                                 "",
		"http://nas.local:8097/v":                            "",
		"http://192.168.1.5:22/":                             "http://192.168.1.5:22/",
		"http://10.1.2.3:8000/":                              "http://10.1.2.3:8000/",
		"http://10.2.2.3:8000/":                              "",
		"http://public.example/a%250d":                       "http://public.example/a%250d",
		"http://public.example?x":                            "http://public.example?x",
		"http://" + strings.Repeat("a", 64) + ".example/":    "",
		"http://public.example/" + strings.Repeat("a", 8200): "",
		"": "",
	}
	for raw, want := range cases {
		u, err := g.CheckURL(raw)
		got := ""
		if err == nil {
			got = u.String()
		} else if !isDenied(err) {
			t.Errorf("%q: %v is not a DeniedError", raw, err)
		}
		if got != want {
			t.Errorf("CheckURL(%q) = %q, want %q (%v)", raw, got, want, err)
		}
	}
}

func TestSpell(t *testing.T) {
	for _, raw := range []string{"http://a.example", "http://a.example/", "http://a.example/b%2fc?d=e#f", "http://例え.jp/x", "http://a.example//b", "http://a.example/a:b", "http://a.example?q",
		"http://[::1]:80/", "file:///etc/passwd", "data:x", "http://u@a.example/"} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := guard.Spell(u); got != raw {
			t.Errorf("Spell(%q) = %q", raw, got)
		}
	}
}

func TestPublic(t *testing.T) {
	for _, s := range guardtest.Forbidden() {
		if guard.Public(netip.MustParseAddr(s)) {
			t.Errorf("%s is called public", s)
		}
	}
	for _, s := range strings.Fields(`1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 128.0.0.1 169.253.1.1 172.15.255.255 172.32.0.0
		192.0.1.1 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255 2606:4700::1 2001:200::1 2a00::1 2620:4f:8001::1
		64:ff9b::808:808 ::ffff:8.8.8.8`) {
		if !guard.Public(netip.MustParseAddr(s)) {
			t.Errorf("%s is not called public", s)
		}
	}
	for _, a := range []netip.Addr{{}, netip.MustParseAddr("2606:4700::1%eth0")} {
		if guard.Public(a) {
			t.Errorf("%v is called public", a)
		}
	}
}

func TestEmbedded(t *testing.T) {
	cases := []struct {
		in, v4 string
		form   guard.Form
	}{
		{"::ffff:10.0.0.1", "10.0.0.1", guard.FormMapped},
		{"::10.0.0.1", "10.0.0.1", guard.FormCompatible},
		{"::ffff:0:10.0.0.1", "10.0.0.1", guard.FormTranslated},
		{"64:ff9b::10.0.0.1", "10.0.0.1", guard.FormNAT64},
		{"64:ff9b:1::10.0.0.1", "10.0.0.1", guard.FormNAT64Local},
		{"2002:a00:1::", "10.0.0.1", guard.Form6to4},
		{"2001:0:4136:e378:8000:63bf:f5ff:fffe", "10.0.0.1", guard.FormTeredo},
		{"2600::5efe:10.0.0.1", "10.0.0.1", guard.FormISATAP},
		{"2600::200:5efe:10.0.0.1", "10.0.0.1", guard.FormISATAP},
	}
	for _, c := range cases {
		v4, form, ok := guard.Embedded(netip.MustParseAddr(c.in))
		if !ok || form != c.form || v4.String() != c.v4 {
			t.Errorf("Embedded(%s) = %v, %s, %v", c.in, v4, form, ok)
		}
	}
	for _, s := range []string{"8.8.8.8", "2606:4700::1", "fe80::1"} {
		if _, _, ok := guard.Embedded(netip.MustParseAddr(s)); ok {
			t.Errorf("%s hides nothing", s)
		}
	}
}

func TestNewReportsAllMistakes(t *testing.T) {
	_, err := guard.New(guard.Config{
		AllowCIDRs: []netip.Prefix{{}},
		AllowHosts: []string{"a b", "x:99999", "http://nas", "ok.example:80", "[::1]:80", "::1"},
		SelfHosts:  []string{"no/name"},
	}, guard.Deps{})
	if err == nil {
		t.Fatal("no error")
	}
	for _, part := range []string{"AllowCIDRs", `"a b"`, `"x:99999"`, `"http://nas"`, "SelfHosts"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%v does not mention %s", err, part)
		}
	}
	if strings.Contains(err.Error(), "ok.example") || strings.Contains(err.Error(), `"::1"`) {
		t.Errorf("a good entry is called a mistake: %v", err)
	}
}

// FuzzCheckURL: what is accepted is stable under a second check, is http, and is never a forbidden literal.
func FuzzCheckURL(f *testing.F) {
	for _, s := range guardtest.Spellings(8080) {
		f.Add(s.URL)
	}
	f.Add("https://例え.jp:8443/a?b#c")
	g, err := guard.New(guard.Config{}, guard.Deps{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := g.CheckURL(raw)
		if err != nil {
			if !isDenied(err) {
				t.Fatalf("%v is not a DeniedError", err)
			}
			return
		}
		again, err := g.CheckURL(u.String())
		if err != nil || again.String() != u.String() {
			t.Fatalf("%q: accepted as %s, then %v %v", raw, u, again, err)
		}
		if u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.Fragment != "" {
			t.Fatalf("%q: accepted as %#v", raw, u)
		}
		if a, err := netip.ParseAddr(u.Hostname()); err == nil && !guard.Public(a) {
			t.Fatalf("%q: accepted with address %s", raw, a)
		}
		if other, err := url.Parse(u.String()); err != nil || other.Host != u.Host {
			t.Fatalf("%q: parsers disagree", raw)
		}
	})
}
