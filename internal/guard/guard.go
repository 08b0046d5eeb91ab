// Package guard is the only road out of the program: every connection the server opens on behalf of somebody else goes through it.
//
// A caller names a host; the guard decides on addresses. The decision is made three times on purpose: on the text of a URL
// (CheckURL), on every address a name resolves to, and once more on the address of the socket itself, inside the dialer's
// control hook, just before connect. The last one is what counts; the first two exist to refuse early and to refuse whole names.
//
// The rule is an allow rule: an address is reachable when it is global unicast and lies in none of the special-purpose blocks
// of the IANA registries, after every way of hiding an IPv4 address in an IPv6 one has been decoded. An operator opens exact
// holes for a media server at home with AllowCIDRs and AllowHosts.
package guard

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// Config is the policy. The zero value is the strict default: public addresses only.
type Config struct {
	// AllowCIDRs are address blocks that are reachable although they are not public.
	AllowCIDRs []netip.Prefix
	// AllowHosts are "host" or "host:port" entries whose addresses are reachable whatever they are. With a port, only that
	// port is opened, and it is opened even if it is a denied port.
	AllowHosts []string
	// DenyCIDRs are blocks refused although they are public (an operator's own network, a private NAT64 prefix).
	DenyCIDRs []netip.Prefix
	// DeniedPorts replaces DefaultDeniedPorts when it is not nil.
	DeniedPorts []uint16
	// SelfAddrs are further addresses of this server and of its cluster: refused, to prevent loops.
	SelfAddrs []netip.Addr
	// SelfHosts are names of this server and of its cluster: refused, to prevent loops.
	SelfHosts []string
	// SelfPorts are the ports this server listens on. On an own address they are refused whatever the allow-lists say.
	SelfPorts []uint16
	// DNSTimeout bounds one name resolution; 0 means 3 s, which is also the maximum.
	DNSTimeout time.Duration
	// ConnectTimeout bounds one whole dial after resolution, all addresses together; 0 means 10 s.
	ConnectTimeout time.Duration
}

// Resolver turns a name into addresses. *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Deps are the guard's outside world. The zero value is the right one in production.
type Deps struct {
	// Resolver defaults to Go's own resolver: the C library would read "127.1" or "0x7f000001" as an address.
	Resolver Resolver
	// InterfaceAddrs lists the addresses of this machine; defaults to net.InterfaceAddrs. Read once, in New.
	InterfaceAddrs func() ([]net.Addr, error)
	// IsSelf, when set, is asked about every address before connecting: cluster nodes come and go.
	IsSelf func(netip.Addr) bool
}

const (
	maxDNSTimeout         = 3 * time.Second
	defaultConnectTimeout = 10 * time.Second
	// maxAddrs is how many addresses a name may have. All are checked; a name with more is refused.
	maxAddrs = 256
	// maxTries is how many of them are dialed.
	maxTries = 4
)

// Guard holds the policy. It is safe for concurrent use.
type Guard struct {
	// immutable after New
	allowCIDRs     []netip.Prefix
	denyCIDRs      []netip.Prefix
	allowHosts     map[hostPort]bool
	selfHosts      map[string]bool
	deniedPorts    map[uint16]bool
	selfPorts      map[uint16]bool
	selfAddrs      map[netip.Addr]bool
	isSelf         func(netip.Addr) bool
	resolver       Resolver
	dnsTimeout     time.Duration
	connectTimeout time.Duration
}

// hostPort is a normalised host and a port; port 0 stands for every port that is not denied.
type hostPort struct {
	host string
	port uint16
}

// New validates cfg. All mistakes are reported at once.
func New(cfg Config, deps Deps) (*Guard, error) {
	g := &Guard{
		allowHosts:     map[hostPort]bool{},
		selfHosts:      map[string]bool{},
		selfAddrs:      map[netip.Addr]bool{},
		deniedPorts:    portSet(DefaultDeniedPorts()),
		selfPorts:      portSet(cfg.SelfPorts),
		isSelf:         deps.IsSelf,
		resolver:       deps.Resolver,
		dnsTimeout:     cfg.DNSTimeout,
		connectTimeout: cfg.ConnectTimeout,
	}
	if cfg.DeniedPorts != nil {
		g.deniedPorts = portSet(cfg.DeniedPorts)
	}
	if g.dnsTimeout <= 0 || g.dnsTimeout > maxDNSTimeout {
		g.dnsTimeout = maxDNSTimeout
	}
	if g.connectTimeout <= 0 {
		g.connectTimeout = defaultConnectTimeout
	}
	if g.resolver == nil {
		g.resolver = &net.Resolver{PreferGo: true}
	}
	var mistakes []error
	g.allowCIDRs, mistakes = cleanPrefixes(cfg.AllowCIDRs, "AllowCIDRs", mistakes)
	g.denyCIDRs, mistakes = cleanPrefixes(cfg.DenyCIDRs, "DenyCIDRs", mistakes)
	for _, entry := range cfg.AllowHosts {
		hp, err := parseAllowHost(entry)
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("AllowHosts: %q is not host or host:port: %w", entry, err))
			continue
		}
		g.allowHosts[hp] = true
	}
	for _, entry := range cfg.SelfHosts {
		host, err := normalizeHost(entry)
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("SelfHosts: %q is not a host name: %w", entry, err))
			continue
		}
		g.selfHosts[host] = true
	}
	for _, a := range cfg.SelfAddrs {
		g.selfAddrs[a.Unmap().WithZone("")] = true
	}
	if err := g.addInterfaces(deps.InterfaceAddrs); err != nil {
		mistakes = append(mistakes, err)
	}
	return g, errors.Join(mistakes...)
}

func (g *Guard) addInterfaces(list func() ([]net.Addr, error)) error {
	if list == nil {
		list = net.InterfaceAddrs
	}
	addrs, err := list()
	if err != nil {
		return fmt.Errorf("list own addresses: %w", err)
	}
	for _, a := range addrs {
		ipnet, ok := a.(*net.IPNet)
		if !ok {
			continue
		}
		if ip, ok := netip.AddrFromSlice(ipnet.IP); ok {
			g.selfAddrs[ip.Unmap()] = true
		}
	}
	return nil
}

func cleanPrefixes(in []netip.Prefix, field string, mistakes []error) ([]netip.Prefix, []error) {
	out := make([]netip.Prefix, 0, len(in))
	for _, p := range in {
		if !p.IsValid() {
			mistakes = append(mistakes, fmt.Errorf("%s: %v is not a valid address block", field, p))
			continue
		}
		out = append(out, p.Masked())
	}
	return out, mistakes
}

func parseAllowHost(entry string) (hostPort, error) {
	host, portText, err := splitAuthority(entry)
	if err != nil {
		// A bare IPv6 address has colons of its own.
		if a, perr := netip.ParseAddr(entry); perr == nil && a.Zone() == "" {
			return hostPort{host: a.Unmap().String()}, nil
		}
		return hostPort{}, err
	}
	hp := hostPort{}
	if hp.host, err = normalizeHost(host); err != nil {
		return hp, err
	}
	if portText == "" {
		return hp, nil
	}
	hp.port, err = parsePort(portText)
	return hp, err
}

// allowedHost says whether the operator opened host (normalised) at port.
func (g *Guard) allowedHost(host string, port uint16) bool {
	return g.allowHosts[hostPort{host, port}] || (g.allowHosts[hostPort{host, 0}] && !g.deniedPorts[port])
}

// decide is the policy on one address. opened says that the operator named the host this address was found for.
// It returns nil when a connection may be made.
func (g *Guard) decide(ap netip.AddrPort, opened bool) error {
	addr, port := ap.Addr().Unmap(), ap.Port()
	if !addr.IsValid() || addr.Zone() != "" || port == 0 {
		return denied(ReasonSyntax)
	}
	own := g.own(addr)
	if own && g.selfPorts[port] {
		return denied(ReasonSelf)
	}
	if opened {
		return nil
	}
	if g.deniedPorts[port] {
		return denied(ReasonPort)
	}
	if hidden, _, _ := Embedded(addr); contains(g.denyCIDRs, addr) || contains(g.denyCIDRs, hidden) {
		return denied(ReasonAddress)
	}
	if contains(g.allowCIDRs, addr) {
		return nil
	}
	if own {
		return denied(ReasonSelf)
	}
	if !Public(addr) {
		return denied(ReasonAddress)
	}
	return nil
}

// own says whether addr is this server or one of its cluster. Loopback and the unspecified address always are.
func (g *Guard) own(addr netip.Addr) bool {
	if v4, _, ok := Embedded(addr); ok && g.own(v4) {
		return true
	}
	return addr.IsLoopback() || addr.IsUnspecified() || g.selfAddrs[addr] || (g.isSelf != nil && g.isSelf(addr))
}

func contains(blocks []netip.Prefix, addr netip.Addr) bool {
	for _, p := range blocks {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
