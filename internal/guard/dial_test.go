package guard_test

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"synctv/internal/guard"
	"synctv/internal/guard/guardtest"
)

// resolverFunc is a resolver made of one function.
type resolverFunc func(ctx context.Context, host string) ([]netip.Addr, error)

func (f resolverFunc) LookupNetIP(ctx context.Context, _, host string) ([]netip.Addr, error) {
	return f(ctx, host)
}

func addrs(list ...string) []netip.Addr {
	out := make([]netip.Addr, len(list))
	for i, s := range list {
		out[i] = netip.MustParseAddr(s)
	}
	return out
}

// TestRebinding (ABUSE-021): a name that flips between an allowed address and loopback on every question.
func TestRebinding(t *testing.T) {
	canary := guardtest.NewCanary(t, 0)
	good := guardtest.NewCanary(t, 0)
	var flips atomic.Int64
	g := mustGuard(t, guard.Config{
		AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.77/32")}, // plays the public address
	}, guard.Deps{Resolver: resolverFunc(func(context.Context, string) ([]netip.Addr, error) {
		if flips.Add(1)%2 == 0 {
			return addrs("127.0.0.1"), nil
		}
		return addrs("127.0.0.77"), nil
	})})
	const dials = 1000
	var reached, refused int
	for range dials {
		port := canary.Port
		if flips.Load()%2 == 0 {
			port = good.Port // the first answer is good: this visit is fine
		}
		conn, err := g.DialContext(t.Context(), "tcp", net.JoinHostPort("rebind.public.example", itoa(port)))
		if err == nil {
			if conn.RemoteAddr().(*net.TCPAddr).IP.String() != "127.0.0.77" {
				t.Fatalf("connected to %s", conn.RemoteAddr())
			}
			_ = conn.Close()
			reached++
			continue
		}
		if !isDenied(err) {
			t.Fatalf("not refused but failed: %v", err)
		}
		refused++
	}
	if reached != dials/2 || refused != dials/2 || canary.Hits() != 0 {
		t.Errorf("reached %d, refused %d, canary %d; want %d, %d, 0", reached, refused, canary.Hits(), dials/2, dials/2)
	}
}

func itoa(n int) string {
	return netip.AddrPortFrom(netip.IPv4Unspecified(), uint16(n)).String()[len("0.0.0.0:"):]
}

// TestMixedAnswer (ABUSE-020): one forbidden address among good ones refuses the whole name, wherever it stands.
func TestMixedAnswer(t *testing.T) {
	canary := guardtest.NewCanary(t, 0)
	for _, list := range [][]netip.Addr{
		addrs("127.0.0.77", "::1"), addrs("::1", "127.0.0.77"), addrs("127.0.0.77", "127.0.0.77", "10.0.0.1"),
	} {
		g := mustGuard(t, guard.Config{AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.77/32")}},
			guard.Deps{Resolver: resolverFunc(func(context.Context, string) ([]netip.Addr, error) { return list, nil })})
		if _, err := g.DialContext(t.Context(), "tcp", net.JoinHostPort("mixed.public.example", itoa(canary.Port))); !isDenied(err) {
			t.Errorf("%v: %v, want a refusal", list, err)
		}
	}
	if canary.Hits() != 0 {
		t.Errorf("canary hit %d times", canary.Hits())
	}
}

// TestManyAddresses (ABUSE-023).
func TestManyAddresses(t *testing.T) {
	many := make([]netip.Addr, 10000)
	for i := range many {
		many[i] = netip.AddrFrom4([4]byte{8, 8, byte(i >> 8), byte(i)})
	}
	g := mustGuard(t, guard.Config{}, guard.Deps{Resolver: resolverFunc(func(context.Context, string) ([]netip.Addr, error) { return many, nil })})
	if _, err := g.DialContext(t.Context(), "tcp", "many.public.example:80"); !isDenied(err) {
		t.Errorf("10,000 addresses: %v, want a refusal", err)
	}
}

// TestAliasChain (ABUSE-022, ABUSE-023): a long chain of names that ends on a private address.
func TestAliasChain(t *testing.T) {
	chain := make([]string, 20)
	for i := range chain {
		chain[i] = "c" + itoa(i+1) + ".public.example"
	}
	dns := guardtest.NewDNS(t, func(string) guardtest.Answer {
		return guardtest.Answer{CNAME: chain, Addrs: addrs("10.0.0.1", "::1")}
	})
	g := mustGuard(t, guard.Config{}, guard.Deps{Resolver: dns.Resolver()})
	if _, err := g.DialContext(t.Context(), "tcp", "start.public.example:80"); err == nil {
		t.Error("connected through a chain of aliases to a private address")
	}
	if n := dns.Queries(); n > 64 {
		t.Errorf("%d questions for one name", n)
	}
}

// TestResolverHangs (ABUSE-024): neither a patient resolver nor one that ignores its context holds the caller beyond 3 s.
func TestResolverHangs(t *testing.T) {
	for name, obedient := range map[string]bool{"obedient": true, "deaf": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := mustGuard(t, guard.Config{DNSTimeout: time.Hour}, guard.Deps{Resolver: resolverFunc(func(ctx context.Context, _ string) ([]netip.Addr, error) {
					if obedient {
						<-ctx.Done()
						return nil, ctx.Err()
					}
					time.Sleep(time.Minute)
					return addrs("8.8.8.8"), nil
				})})
				start := time.Now()
				_, err := g.DialContext(t.Context(), "tcp", "slow.public.example:80")
				if took := time.Since(start); err == nil || took > 3*time.Second {
					t.Errorf("%v after %v, want an error within 3 s", err, took)
				}
				time.Sleep(2 * time.Minute) // virtual: lets the deaf resolver come home
			})
		})
	}
}

// TestAbsoluteNames: a search list must not turn a stranger's name into one of ours; an allowed name is looked up as written.
func TestAbsoluteNames(t *testing.T) {
	var asked []string
	g := mustGuard(t, guard.Config{AllowHosts: []string{"nas:8096"}}, guard.Deps{Resolver: resolverFunc(func(_ context.Context, h string) ([]netip.Addr, error) {
		asked = append(asked, h)
		return nil, context.Canceled
	})})
	_, _ = g.DialContext(t.Context(), "tcp", "media.public.example:80")
	_, _ = g.DialContext(t.Context(), "tcp", "NAS.:8096")
	_, _ = g.DialContext(t.Context(), "tcp", "nas:8097")
	if got := strings.Join(asked, " "); got != "media.public.example. nas" {
		t.Errorf("asked for %q", got)
	}
}

func TestAllowAndSelf(t *testing.T) {
	open, other := guardtest.NewCanary(t, 0), guardtest.NewCanary(t, 0)
	loopback := netip.MustParsePrefix("127.0.0.0/8")
	resolver := resolverFunc(func(_ context.Context, h string) ([]netip.Addr, error) {
		if strings.HasPrefix(h, "nas.") || h == "nas" {
			return addrs("127.0.0.1"), nil
		}
		return addrs("8.8.8.8"), nil
	})
	cases := []struct {
		name string
		cfg  guard.Config
		addr string
		port int
		ok   bool
	}{
		{"cidr opens", guard.Config{AllowCIDRs: []netip.Prefix{loopback}}, "127.0.0.1", open.Port, true},
		{"cidr opens a mapped spelling of the same address", guard.Config{AllowCIDRs: []netip.Prefix{loopback}}, "::ffff:127.0.0.1", open.Port, true},
		{"cidr does not open others", guard.Config{AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}, "127.0.0.1", open.Port, false},
		{"cidr keeps denied ports", guard.Config{AllowCIDRs: []netip.Prefix{loopback}, DeniedPorts: []uint16{uint16(open.Port)}}, "127.0.0.1", open.Port, false},
		{"ABUSE-035 own port stays shut in an open cidr", guard.Config{AllowCIDRs: []netip.Prefix{loopback}, SelfPorts: []uint16{uint16(open.Port)}}, "127.0.0.1", open.Port, false},
		{"ABUSE-035 own port stays shut by another loopback address", guard.Config{AllowCIDRs: []netip.Prefix{loopback}, SelfPorts: []uint16{uint16(open.Port)}}, "127.9.9.9", open.Port, false},
		{"ABUSE-039 own port stays shut for an allowed host", guard.Config{AllowHosts: []string{"nas.lan.example"}, SelfPorts: []uint16{uint16(open.Port)}}, "nas.lan.example", open.Port, false},
		{"host opens one port", guard.Config{AllowHosts: []string{"nas:" + itoa(open.Port)}}, "nas", open.Port, true},
		{"host opens no other port", guard.Config{AllowHosts: []string{"nas:" + itoa(open.Port)}}, "nas", other.Port, false},
		{"host with trailing dot and case", guard.Config{AllowHosts: []string{"NAS.Lan.example."}}, "nas.lan.EXAMPLE.", open.Port, true},
		{"host opens a denied port when it names it", guard.Config{AllowHosts: []string{"nas:" + itoa(open.Port)}, DeniedPorts: []uint16{uint16(open.Port)}}, "nas", open.Port, true},
		{"host without port does not", guard.Config{AllowHosts: []string{"nas"}, DeniedPorts: []uint16{uint16(open.Port)}}, "nas", open.Port, false},
		{"ABUSE-019 advertise host", guard.Config{SelfHosts: []string{"tv.public.example"}}, "tv.public.example", 80, false},
		{"ABUSE-019 own public address", guard.Config{SelfAddrs: addrs("8.8.8.8")}, "8.8.8.8", 80, false},
		{"ABUSE-019 own public address behind a name", guard.Config{SelfAddrs: addrs("8.8.8.8")}, "x.public.example", 80, false},
		{"ABUSE-019 own public address in NAT64", guard.Config{SelfAddrs: addrs("8.8.8.8")}, "64:ff9b::808:808", 80, false},
		{"denied block in NAT64", guard.Config{DenyCIDRs: []netip.Prefix{netip.MustParsePrefix("8.8.8.0/24")}}, "64:ff9b::808:808", 80, false},
		{"denied block", guard.Config{DenyCIDRs: []netip.Prefix{netip.MustParsePrefix("8.8.8.0/24")}}, "8.8.8.8", 80, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			g := mustGuard(t, c.cfg, guard.Deps{Resolver: resolver})
			conn, err := g.DialContext(t.Context(), "tcp", net.JoinHostPort(c.addr, itoa(c.port)))
			if c.ok != (err == nil) || (!c.ok && !isDenied(err)) {
				t.Errorf("got %v, want allowed=%v", err, c.ok)
			}
			if conn != nil {
				_ = conn.Close()
			}
		})
	}
	dynamic := mustGuard(t, guard.Config{}, guard.Deps{Resolver: resolver, IsSelf: func(a netip.Addr) bool { return a == netip.MustParseAddr("8.8.8.8") }})
	if _, err := dynamic.DialContext(t.Context(), "tcp", "node2.public.example:80"); !isDenied(err) {
		t.Errorf("ABUSE-019 cluster node: %v", err)
	}
	if _, err := dynamic.DialContext(t.Context(), "udp", "9.9.9.9:80"); !isDenied(err) {
		t.Errorf("udp: %v", err)
	}
}

// TestDeadAddressThenLive: a name whose first address does not answer still works, within its share of the time.
func TestDeadAddressThenLive(t *testing.T) {
	live := guardtest.NewCanary(t, 0)
	g := mustGuard(t, guard.Config{AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::/0")}},
		guard.Deps{Resolver: resolverFunc(func(context.Context, string) ([]netip.Addr, error) { return addrs("fe80::1", "127.0.0.1"), nil })})
	conn, err := g.DialContext(t.Context(), "tcp", net.JoinHostPort("two.public.example", itoa(live.Port)))
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
}
