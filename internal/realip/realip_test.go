package realip

import (
	"net/netip"
	"strings"
	"testing"
)

func prefixes(s ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(s))
	for i := range s {
		out[i] = netip.MustParsePrefix(s[i])
	}
	return out
}

func TestClient(t *testing.T) {
	trusted := prefixes("10.0.0.0/8", "fd00::/8")
	cases := []struct {
		name      string
		peer      string
		forwarded []string
		trusted   []netip.Prefix
		want      string
	}{
		{"nobody trusted", "192.0.2.1", []string{"198.51.100.1"}, nil, "192.0.2.1"},
		{"untrusted peer", "192.0.2.1", []string{"198.51.100.1"}, trusted, "192.0.2.1"},
		{"trusted peer", "10.0.0.1", []string{"198.51.100.1"}, trusted, "198.51.100.1"},
		{"trusted peer, no field", "10.0.0.1", nil, trusted, "10.0.0.1"},
		{"the client's own claim is ignored", "10.0.0.1", []string{"203.0.113.9, 198.51.100.1"}, trusted, "198.51.100.1"},
		{"two proxies", "10.0.0.1", []string{"198.51.100.1, 10.0.0.2"}, trusted, "198.51.100.1"},
		{"two lines", "10.0.0.1", []string{"203.0.113.9", "198.51.100.1,10.0.0.2"}, trusted, "198.51.100.1"},
		{"all trusted", "10.0.0.1", []string{"10.0.0.3, 10.0.0.2"}, trusted, "10.0.0.3"},
		{"nonsense", "10.0.0.1", []string{"198.51.100.1, nonsense"}, trusted, "10.0.0.1"},
		{"empty entry", "10.0.0.1", []string{"198.51.100.1,,"}, trusted, "10.0.0.1"},
		{"with port", "10.0.0.1", []string{"198.51.100.1:4711"}, trusted, "198.51.100.1"},
		{"IPv6", "fd00::1", []string{"2001:db8::7"}, trusted, "2001:db8::7"},
		{"IPv6 with port", "fd00::1", []string{"[2001:db8::7]:443"}, trusted, "2001:db8::7"},
		{"IPv4 in IPv6 peer", "::ffff:10.0.0.1", []string{"::ffff:198.51.100.1"}, trusted, "198.51.100.1"},
		{"zone", "fe80::1%eth0", nil, trusted, "fe80::1"},
		{"endless", "10.0.0.1", []string{"198.51.100.1," + strings.Repeat("10.0.0.2,", 100000) + "10.0.0.2"}, trusted, "10.0.0.2"},
	}
	for _, c := range cases {
		if got := Client(netip.MustParseAddr(c.peer), c.forwarded, c.trusted); got.String() != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestPeer(t *testing.T) {
	for in, want := range map[string]string{"192.0.2.1:80": "192.0.2.1", "[::1]:80": "::1", "[::ffff:192.0.2.1]:80": "192.0.2.1", "bufconn": "invalid IP", "": "invalid IP", "@": "invalid IP"} {
		if got := Peer(in).String(); got != want {
			t.Errorf("%q: %s", in, got)
		}
	}
	if Client(netip.Addr{}, []string{"192.0.2.1"}, prefixes("0.0.0.0/0")).IsValid() {
		t.Error("a peer without address became one")
	}
}
