package sniff

import (
	"bytes"
	"strings"
)

// Kind is what the first bytes of a connection are.
type Kind int

// The kinds.
const (
	// Undecided means that more bytes are needed.
	Undecided Kind = iota
	// GRPC is HTTP/2 with prior knowledge (RFC 9113 section 3.3).
	GRPC
	// WebSocket is an upgrade request (RFC 6455 section 4.1) for a path under the prefix.
	WebSocket
	// HTTP is everything else.
	HTTP
)

// preface begins every HTTP/2 connection; 14 of its 24 bytes tell it from any HTTP/1 request.
const preface = "PRI * HTTP/2.0"

// maxHead is how much of a request is looked at for an upgrade. A longer one is plain HTTP,
// whose server has limits and answers of its own.
const maxHead = 8 << 10

// Classify decides by the first bytes of a connection; prefix is the path under which WebSockets
// live, with its slashes. It never changes its mind: whatever it says of b, other than Undecided, it
// says of every longer input that begins with b.
func Classify(b []byte, prefix string) Kind {
	if startsWith(b, preface) {
		if len(b) >= len(preface) {
			return GRPC
		}
		return Undecided
	}
	line := "GET " + prefix
	if !startsWith(b, line) {
		return HTTP
	}
	end := headEnd(b)
	if end < 0 || end > maxHead {
		if len(b) >= maxHead {
			return HTTP
		}
		return Undecided
	}
	if upgrades(b[:end]) {
		return WebSocket
	}
	return HTTP
}

// startsWith tells whether b begins with s, or could when there is more of it.
func startsWith(b []byte, s string) bool {
	n := min(len(b), len(s))
	return string(b[:n]) == s[:n]
}

// headEnd returns the length of the head with its empty line, or -1. A bare line feed ends a line
// too, as it does for net/http: what one reader takes for the end the other must not take for data.
func headEnd(b []byte) int {
	for i := 0; ; {
		j := bytes.IndexByte(b[i:], '\n')
		if j < 0 {
			return -1
		}
		i += j + 1
		if rest := b[i:]; len(rest) > 0 && rest[0] == '\n' {
			return i + 1
		} else if len(rest) > 1 && rest[0] == '\r' && rest[1] == '\n' {
			return i + 2
		}
	}
}

// upgrades tells whether the head has an Upgrade field that names websocket.
func upgrades(head []byte) bool {
	for line := range strings.SplitSeq(string(head), "\n") {
		name, value, ok := strings.Cut(line, ":")
		if !ok || !strings.EqualFold(name, "Upgrade") {
			continue
		}
		for token := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(token), "websocket") {
				return true
			}
		}
	}
	return false
}
