package env

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Networks are address blocks, written with commas between them; a single address is a block of one.
type Networks []netip.Prefix

// EnvKind implements Kinder.
func (Networks) EnvKind() string { return "a list of networks" }

// UnmarshalText implements encoding.TextUnmarshaler.
func (n *Networks) UnmarshalText(b []byte) error {
	*n = nil
	for _, item := range list(string(b)) {
		p, err := parsePrefix(item)
		if err != nil {
			return Problem{Wrong: "is not a list of networks: " + strconv.Quote(clip(item, 60)) + " is neither an address nor a block.", Do: "Write them like 10.0.0.0/8,fd00::/8."}
		}
		*n = append(*n, p)
	}
	return nil
}

// MarshalText implements encoding.TextMarshaler.
func (n Networks) MarshalText() ([]byte, error) {
	parts := make([]string, len(n))
	for i, p := range n {
		parts[i] = p.String()
	}
	return []byte(strings.Join(parts, ",")), nil
}

func parsePrefix(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	return p.Masked(), err
}

// Destinations are address blocks and hosts, in one list with commas between them. A host may have a port.
type Destinations struct {
	Networks []netip.Prefix
	// Hosts are "host" or "host:port", in lower case.
	Hosts []string
}

// EnvKind implements Kinder.
func (Destinations) EnvKind() string { return "a list of networks and hosts" }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Destinations) UnmarshalText(b []byte) error {
	*d = Destinations{}
	for _, item := range list(string(b)) {
		if p, err := parsePrefix(item); err == nil {
			d.Networks = append(d.Networks, p)
			continue
		}
		if !validHost(item, true) {
			return Problem{Wrong: "is not a list of networks and hosts: " + strconv.Quote(clip(item, 60)) + " is neither.", Do: "Write them like 192.168.1.0/24,nas.lan,10.0.0.5:8096."}
		}
		d.Hosts = append(d.Hosts, strings.ToLower(item))
	}
	return nil
}

// MarshalText implements encoding.TextMarshaler.
func (d Destinations) MarshalText() ([]byte, error) {
	nets, err := Networks(d.Networks).MarshalText()
	if err != nil {
		return nil, err
	}
	parts := append(list(string(nets)), d.Hosts...)
	return []byte(strings.Join(parts, ",")), nil
}

// Hosts are names of hosts without ports, in lower case, written with commas between them.
type Hosts []string

// EnvKind implements Kinder.
func (Hosts) EnvKind() string { return "a list of hosts" }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Hosts) UnmarshalText(b []byte) error {
	*h = nil
	for _, item := range list(string(b)) {
		if _, err := netip.ParseAddr(item); err != nil && !validHost(item, false) {
			return Problem{Wrong: "is not a list of hosts: " + strconv.Quote(clip(item, 60)) + " is none.", Do: "Write them like watch.example.org,10.0.0.5, without scheme and port."}
		}
		*h = append(*h, strings.ToLower(item))
	}
	return nil
}

// Origins are web origins such as "https://example.org", written with commas between them.
type Origins []string

// EnvKind implements Kinder.
func (Origins) EnvKind() string { return "a list of web origins" }

// UnmarshalText implements encoding.TextUnmarshaler.
func (o *Origins) UnmarshalText(b []byte) error {
	*o = nil
	for _, item := range list(string(b)) {
		u, err := parseWeb(item)
		if err != nil || u.Path != "" && u.Path != "/" {
			return Problem{Wrong: "is not a list of web origins: " + strconv.Quote(clip(item, 60)) + " is none.", Do: "Write them like https://example.org,http://localhost:5173."}
		}
		*o = append(*o, u.Scheme+"://"+u.Host)
	}
	return nil
}

// WebURL is an absolute http or https address without query and fragment; "" when not set.
type WebURL string

// EnvKind implements Kinder.
func (WebURL) EnvKind() string { return "a web address" }

// UnmarshalText implements encoding.TextUnmarshaler.
func (w *WebURL) UnmarshalText(b []byte) error {
	u, err := parseWeb(string(b))
	if err != nil {
		return Problem{Wrong: "is not a web address.", Do: "Write it like https://watch.example.org."}
	}
	*w = WebURL(strings.TrimSuffix(u.String(), "/"))
	return nil
}

// parseWeb reads an absolute http or https URL that has no user, query or fragment.
func parseWeb(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil {
		return nil, err
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	bare := u.Host
	if host, _, err := net.SplitHostPort(u.Host); err == nil {
		bare = host
	}
	_, addrErr := netip.ParseAddr(strings.Trim(bare, "[]"))
	switch {
	case u.Scheme != "http" && u.Scheme != "https",
		u.User != nil, u.RawQuery != "", u.ForceQuery, u.Fragment != "", u.Opaque != "",
		addrErr != nil && !validHost(u.Host, true):
		return nil, url.InvalidHostError(clip(s, 60))
	}
	return u, nil
}

// SecretURL is an address with a password in it, of which the rest may be shown.
type SecretURL string

// Redacted implements Redacter.
func (s SecretURL) Redacted() string {
	if s == "" {
		return ""
	}
	u, err := url.Parse(string(s))
	if err != nil {
		return "(set, not shown)"
	}
	if u.RawQuery != "" { // drivers take passwords there too
		u.RawQuery = "…"
	}
	return u.Redacted()
}

// list splits at commas and drops blanks and empty items.
func list(s string) []string {
	return slices.DeleteFunc(trimAll(strings.Split(s, ",")), func(item string) bool { return item == "" })
}

func trimAll(items []string) []string {
	for i := range items {
		items[i] = strings.TrimSpace(items[i])
	}
	return items
}

// validHost checks a DNS name, with a port if allowed. Addresses in brackets pass with a port.
func validHost(s string, port bool) bool {
	host := s
	if h, p, err := net.SplitHostPort(s); err == nil {
		n, err := strconv.ParseUint(p, 10, 16)
		if !port || err != nil || n == 0 {
			return false
		}
		host = h
		if _, err := netip.ParseAddr(host); err == nil {
			return true
		}
	}
	if host == "" || len(host) > 253 {
		return false
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(host, "."), ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "-") != label || strings.ContainsFunc(label, notHostByte) {
			return false
		}
	}
	return true
}

func notHostByte(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_')
}
