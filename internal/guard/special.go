package guard

import "net/netip"

// Public says whether addr is an ordinary public address: global unicast, and in no block of the IANA IPv4 and IPv6
// special-purpose registries. Blocks that the registries call globally reachable (AS112, anycast relays, 192.0.0.9) are refused
// as well: no media server lives there. IPv4 addresses inside IPv6 ones are decoded first; a mapped or well-known-prefix NAT64
// address is judged as the IPv4 address it leads to, all other (obsolete or local) forms are refused.
func Public(addr netip.Addr) bool {
	if !addr.IsValid() || addr.Zone() != "" {
		return false
	}
	if v4, form, ok := Embedded(addr); ok {
		return (form == FormMapped || form == FormNAT64) && publicIPv4(v4)
	}
	if addr.Is4() {
		return publicIPv4(addr)
	}
	return globalIPv6.Contains(addr) && !contains(specialIPv6[:], addr)
}

func publicIPv4(addr netip.Addr) bool {
	return addr.Is4() && addr.IsGlobalUnicast() && !contains(specialIPv4[:], addr)
}

// Form names a way of carrying an IPv4 address in an IPv6 one.
type Form string

// The forms Embedded decodes.
const (
	FormMapped     Form = "mapped"      // ::ffff:a.b.c.d, RFC 4291 section 2.5.5.2
	FormCompatible Form = "compatible"  // ::a.b.c.d, RFC 4291 section 2.5.5.1, obsolete
	FormTranslated Form = "translated"  // ::ffff:0:a.b.c.d, RFC 2765, obsolete
	FormNAT64      Form = "nat64"       // 64:ff9b::a.b.c.d, RFC 6052 section 2.1
	FormNAT64Local Form = "nat64-local" // 64:ff9b:1::/48, RFC 8215
	Form6to4       Form = "6to4"        // 2002:aabb:ccdd::/48, RFC 3056
	FormTeredo     Form = "teredo"      // 2001:0::/32, the client's address inverted in the last 32 bits, RFC 4380
	FormISATAP     Form = "isatap"      // interface id [02]00:5efe:a.b.c.d, RFC 5214
)

// Embedded finds the IPv4 address hidden in an IPv6 one. For an address that hides none, ok is false.
func Embedded(addr netip.Addr) (v4 netip.Addr, form Form, ok bool) {
	if !addr.Is6() {
		return netip.Addr{}, "", false
	}
	b := addr.As16()
	last := netip.AddrFrom4([4]byte(b[12:16]))
	switch {
	case addr.Is4In6():
		return last, FormMapped, true
	case compatibleBlock.Contains(addr):
		return last, FormCompatible, true
	case translatedBlock.Contains(addr):
		return last, FormTranslated, true
	case nat64Block.Contains(addr):
		return last, FormNAT64, true
	case nat64LocalBlock.Contains(addr):
		return last, FormNAT64Local, true
	case sixToFourBlock.Contains(addr):
		return netip.AddrFrom4([4]byte(b[2:6])), Form6to4, true
	case teredoBlock.Contains(addr):
		return netip.AddrFrom4([4]byte{^b[12], ^b[13], ^b[14], ^b[15]}), FormTeredo, true
	case b[8]&^2 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe:
		return last, FormISATAP, true
	}
	return netip.Addr{}, "", false
}

var (
	globalIPv6      = netip.MustParsePrefix("2000::/3")
	compatibleBlock = netip.MustParsePrefix("::/96")
	translatedBlock = netip.MustParsePrefix("::ffff:0:0:0/96")
	nat64Block      = netip.MustParsePrefix("64:ff9b::/96")
	nat64LocalBlock = netip.MustParsePrefix("64:ff9b:1::/48")
	sixToFourBlock  = netip.MustParsePrefix("2002::/16")
	teredoBlock     = netip.MustParsePrefix("2001::/32")
)

// specialIPv4 is the IANA IPv4 special-purpose registry, multicast, and one cloud's metadata address that looks public.
var specialIPv4 = [...]netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("10.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("127.0.0.0/8"),
	netip.MustParsePrefix("168.63.129.16/32"),
	netip.MustParsePrefix("169.254.0.0/16"),
	netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("192.31.196.0/24"),
	netip.MustParsePrefix("192.52.193.0/24"),
	netip.MustParsePrefix("192.88.99.0/24"),
	netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("192.175.48.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("224.0.0.0/4"),
	netip.MustParsePrefix("240.0.0.0/4"),
}

// specialIPv6 is the part of the IANA IPv6 special-purpose registry that lies inside 2000::/3, and the returned 6bone block.
var specialIPv6 = [...]netip.Prefix{
	netip.MustParsePrefix("2001::/23"),
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("2620:4f:8000::/48"),
	netip.MustParsePrefix("3ffe::/16"),
	netip.MustParsePrefix("3fff::/20"),
}
