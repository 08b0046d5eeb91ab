package guard

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// maxURL is the longest URL looked at, in bytes.
const maxURL = 8192

// CheckURL refuses what can be refused by looking at a URL alone: other schemes, credentials, tricks of spelling, forbidden
// literal addresses, names and ports. On success it returns the URL normalised: host in lower-case ASCII without a trailing dot,
// no fragment. It opens no connection and asks no name server; the address a name stands for is judged when it is dialed.
// Every error is a *DeniedError.
func (g *Guard) CheckURL(raw string) (*url.URL, error) {
	if err := checkText(raw); err != nil {
		return nil, err
	}
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok {
		return nil, denied(ReasonSyntax)
	}
	if s := strings.ToLower(scheme); s != "http" && s != "https" {
		return nil, denied(ReasonScheme)
	}
	authority := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority = rest[:i]
	}
	if strings.Contains(authority, "@") {
		return nil, denied(ReasonUserinfo)
	}
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" || u.User != nil || u.Host != authority {
		return nil, denied(ReasonSyntax)
	}
	host, port, err := g.checkAuthority(u.Scheme, authority)
	if err != nil {
		return nil, err
	}
	u.Host = host
	if strings.Contains(host, ":") {
		u.Host = "[" + host + "]"
	}
	if port != "" {
		u.Host = net.JoinHostPort(host, port)
	}
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}

// checkParsed judges a URL somebody else has parsed (each hop of a redirect).
func (g *Guard) checkParsed(u *url.URL) error {
	if u.User != nil {
		return denied(ReasonUserinfo)
	}
	_, err := g.CheckURL(Spell(u))
	return err
}

// Spell is u.String() with the host as it is: String percent-encodes an international host, which CheckURL would refuse.
func Spell(u *url.URL) string {
	if u.Host == "" || u.Opaque != "" || u.User != nil {
		return u.String()
	}
	rest := *u
	rest.Scheme, rest.Host = "", ""
	text := rest.String()
	if strings.HasPrefix(text, "./") {
		text = text[1:] // String guards a first segment with a colon
	}
	if text != "" && text[0] != '/' && text[0] != '?' && text[0] != '#' {
		text = "/" + text
	}
	return u.Scheme + "://" + u.Host + text
}

// checkText refuses bytes that have no place in a URL, raw or percent-encoded.
func checkText(raw string) error {
	if raw == "" || len(raw) > maxURL || !utf8.ValidString(raw) {
		return denied(ReasonSyntax)
	}
	for i, r := range raw {
		if r <= ' ' || r == 0x7f || r == '\\' || unicode.IsControl(r) {
			return denied(ReasonSyntax)
		}
		if r == '%' && i+2 < len(raw) {
			switch strings.ToLower(raw[i+1 : i+3]) {
			case "00", "09", "0a", "0d", "7f":
				return denied(ReasonSyntax)
			}
		}
	}
	return nil
}

// checkAuthority judges "host[:port]" and returns both normalised, the port as it was written.
func (g *Guard) checkAuthority(scheme, authority string) (host, portText string, err error) {
	host, portText, err = splitAuthority(authority)
	if err != nil {
		return "", "", denied(ReasonSyntax)
	}
	if host, err = normalizeHost(host); err != nil {
		return "", "", denied(ReasonSyntax)
	}
	port := uint16(80)
	if scheme == "https" {
		port = 443
	}
	if portText != "" {
		if port, err = parsePort(portText); err != nil {
			return "", "", denied(ReasonPort)
		}
	}
	return host, portText, g.checkHost(host, port)
}

// checkHost judges a normalised host and port without resolving anything.
func (g *Guard) checkHost(host string, port uint16) error {
	opened := g.allowedHost(host, port)
	if addr, err := netip.ParseAddr(host); err == nil {
		return g.decide(netip.AddrPortFrom(addr, port), opened)
	}
	if g.selfHosts[host] {
		return denied(ReasonSelf)
	}
	if opened {
		return nil
	}
	if g.deniedPorts[port] {
		return denied(ReasonPort)
	}
	if neverPublic(host) {
		return denied(ReasonHost)
	}
	return nil
}

// neverPublic says whether a name belongs to a private name space (RFC 6761, RFC 6762, RFC 8375, RFC 9476, the reserved
// .internal) or has a single label, which only a search list could complete.
func neverPublic(host string) bool {
	if !strings.Contains(host, ".") {
		return true
	}
	for _, suffix := range [...]string{".localhost", ".local", ".internal", ".localdomain", ".home.arpa", ".in-addr.arpa", ".ip6.arpa", ".alt", ".onion", ".invalid"} {
		if strings.HasSuffix(host, suffix) {
			return true
		}
	}
	return false
}

// splitAuthority cuts "host", "host:port", "[v6]" or "[v6]:port". Anything else is an error, and so is an empty port.
func splitAuthority(a string) (host, port string, err error) {
	if strings.HasPrefix(a, "[") {
		end := strings.IndexByte(a, ']')
		if end < 0 {
			return "", "", errors.New("missing ]")
		}
		addr, perr := netip.ParseAddr(a[1:end])
		if perr != nil || !addr.Is6() || addr.Zone() != "" {
			return "", "", errors.New("brackets hold no plain IPv6 address")
		}
		host, a = a[1:end], a[end+1:]
		if a == "" {
			return host, "", nil
		}
		if a[0] != ':' || len(a) == 1 {
			return "", "", errors.New("bad text after ]")
		}
		return host, a[1:], nil
	}
	host, port, hasPort := strings.Cut(a, ":")
	if host == "" || (hasPort && port == "") || strings.Contains(port, ":") {
		return "", "", errors.New("not host or host:port")
	}
	return host, port, nil
}

// normalizeHost returns a literal address in its shortest text (IPv4-mapped ones as IPv4), or a name in lower-case ASCII without
// its trailing dot. It refuses every other spelling of an address and every label that is not what it looks like.
func normalizeHost(host string) (string, error) {
	if strings.Contains(host, ":") {
		addr, err := netip.ParseAddr(host)
		if err != nil || addr.Zone() != "" {
			return "", errors.New("not an IPv6 address")
		}
		return addr.Unmap().String(), nil
	}
	host = strings.TrimSuffix(host, ".")
	labels := strings.Split(host, ".")
	for i, label := range labels {
		ascii, err := asciiLabel(label)
		if err != nil {
			return "", err
		}
		labels[i] = ascii
	}
	host = strings.Join(labels, ".")
	if len(host) > 253 {
		return "", errors.New("host name is too long")
	}
	// A name that ends in a number is an address to somebody's parser (WHATWG URL section 3.5): only the plain form passes.
	if numeric(labels[len(labels)-1]) {
		addr, err := netip.ParseAddr(host)
		if err != nil {
			return "", errors.New("not a plain IPv4 address")
		}
		return addr.String(), nil
	}
	return host, nil
}

// asciiLabel turns one label into lower-case ASCII. A label that is not ASCII must become an xn-- label (a full-width digit
// becomes an ASCII one, and is refused); an xn-- label must decode to something that is not ASCII.
func asciiLabel(label string) (string, error) {
	ascii := true
	for i := range len(label) {
		if label[i] >= 0x80 {
			ascii = false
		}
	}
	if !ascii {
		puny, err := idna.Lookup.ToASCII(label)
		if err != nil || !strings.HasPrefix(puny, "xn--") || strings.Contains(puny, ".") {
			return "", errors.New("label is not a valid international name")
		}
		label = puny
	}
	label = strings.ToLower(label)
	if label == "" || len(label) > 63 {
		return "", errors.New("label is empty or too long")
	}
	for i := range len(label) {
		c := label[i]
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return "", errors.New("label has a forbidden character")
		}
	}
	if strings.HasPrefix(label, "xn--") && !honestPunycode(label) {
		return "", errors.New("label is not a valid international name")
	}
	return label, nil
}

func honestPunycode(label string) bool {
	text, err := idna.Punycode.ToUnicode(label)
	if err != nil || strings.IndexFunc(text, func(r rune) bool { return r >= 0x80 }) < 0 {
		return false
	}
	again, err := idna.Lookup.ToASCII(text)
	return err == nil && again == label
}

// numeric says whether label is digits, or 0x and hexadecimal digits.
func numeric(label string) bool {
	if hex, ok := strings.CutPrefix(label, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(label, "0123456789") == ""
}
