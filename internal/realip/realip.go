// Package realip tells whom a connection speaks for when reverse proxies stand in front.
package realip

import (
	"net"
	"net/netip"
	"slices"
	"strings"
)

// maxHops is how many entries of X-Forwarded-For are looked at, from the right.
const maxHops = 32

// Client returns the address of the client: the peer's own, unless the peer is trusted. Then it is the
// rightmost entry of X-Forwarded-For that is not of a trusted proxy; what stands further to the left is the
// client's own claim. An entry that is not an address ends the search at the last address that was believed.
// forwarded are the field's lines in order.
func Client(peer netip.Addr, forwarded []string, trusted []netip.Prefix) netip.Addr {
	client := normal(peer)
	if len(trusted) == 0 || !contains(trusted, client) {
		return client
	}
	hops := 0
	for _, line := range slices.Backward(forwarded) {
		for rest := line; rest != ""; {
			entry := rest
			if i := strings.LastIndexByte(rest, ','); i >= 0 {
				rest, entry = rest[:i], rest[i+1:]
			} else {
				rest = ""
			}
			if hops++; hops > maxHops {
				return client
			}
			addr, ok := parse(strings.TrimSpace(entry))
			if !ok {
				return client
			}
			client = addr
			if !contains(trusted, client) {
				return client
			}
		}
	}
	return client
}

// Peer reads the address out of "host:port", as net/http and gRPC give it; the zero Addr for what has none.
func Peer(hostport string) netip.Addr {
	ap, err := netip.ParseAddrPort(hostport)
	if err != nil {
		return netip.Addr{}
	}
	return normal(ap.Addr())
}

// Trusted tells whether a peer is a proxy that is believed.
func Trusted(peer netip.Addr, trusted []netip.Prefix) bool { return contains(trusted, normal(peer)) }

// parse reads an entry: an address, with or without a port or brackets.
func parse(s string) (netip.Addr, bool) {
	if addr, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return normal(addr), true
	}
	host, _, err := net.SplitHostPort(s)
	if err != nil {
		return netip.Addr{}, false
	}
	addr, err := netip.ParseAddr(host)
	return normal(addr), err == nil
}

// normal writes every address in one way.
func normal(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

func contains(prefixes []netip.Prefix, a netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(a) || p.Addr().Is4In6() && netip.PrefixFrom(p.Addr().Unmap(), max(p.Bits()-96, 0)).Contains(a) {
			return true
		}
	}
	return false
}
