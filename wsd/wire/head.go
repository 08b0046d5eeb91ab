package wire

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// HeadLimits bound the request of a handshake. Zero values mean the defaults.
type HeadLimits struct {
	Bytes   int // request line and headers; 8 KiB
	URI     int // bytes of the request target; 2 KiB
	Headers int // number of header fields; 64
}

func (l HeadLimits) withDefaults() HeadLimits {
	def := func(p *int, v int) {
		if *p <= 0 {
			*p = v
		}
	}
	def(&l.Bytes, 8<<10)
	def(&l.URI, 2<<10)
	def(&l.Headers, 64)
	return l
}

// readHead returns the request up to and including the empty line, and what
// came behind it. prefix was read from nc before. What cannot become a request
// any more is refused without waiting for the rest of it.
func readHead(nc net.Conn, prefix []byte, limit int) (head, rest []byte, err error) {
	buf := append(make([]byte, 0, max(1<<10, len(prefix))), prefix...)
	for seen := 0; ; {
		end, err := scanHead(buf, seen)
		if err != nil {
			return nil, nil, err
		}
		if end > limit || end < 0 && len(buf) >= limit {
			return nil, nil, refuse(431, "request header is too large")
		}
		if end >= 0 {
			return buf[:end], bytes.Clone(buf[end:]), nil
		}
		seen = len(buf)
		if len(buf) == cap(buf) {
			buf = append(make([]byte, 0, min(2*cap(buf), limit+4<<10)), buf...)
		}
		n, err := nc.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if n == 0 && err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, nil, err
		}
	}
}

// scanHead looks at buf from seen on and returns the length of the head, or -1.
// Lines must end in CRLF (RFC 9112 section 2.2 lets a recipient accept a bare
// LF; two readings of one request are how smuggling begins).
func scanHead(buf []byte, seen int) (int, error) {
	if seen == 0 && len(buf) > 0 && !isToken(buf[0]) {
		return 0, refuse(400, "not an HTTP request")
	}
	for i := seen; i < len(buf); i++ {
		if buf[i] != '\n' {
			continue
		}
		if i == 0 || buf[i-1] != '\r' {
			return 0, refuse(400, "a line must end in CRLF")
		}
		if i >= 3 && buf[i-2] == '\n' {
			return i + 1, nil
		}
	}
	return -1, nil
}

// parseHead checks the grammar of the whole head (RFC 9112 sections 2 to 5) and
// fills in a Request. What is particular to WebSocket is left to the upgrader.
func parseHead(head string, l HeadLimits) (*Request, error) {
	line, fields, _ := strings.Cut(head, "\r\n")
	req := &Request{}
	if err := req.parseLine(line, l); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for n := 0; ; n++ {
		line, fields, _ = strings.Cut(fields, "\r\n")
		if line == "" {
			break
		}
		if n == l.Headers {
			return nil, refuse(431, "too many header fields")
		}
		name, value, err := parseField(line)
		if err != nil {
			return nil, err
		}
		if single[name] && seen[name] {
			return nil, refuse(400, "header field given twice: "+name)
		}
		seen[name] = true
		if err := req.take(name, value); err != nil {
			return nil, err
		}
	}
	if !seen["host"] {
		return nil, refuse(400, "missing Host")
	}
	return req, nil
}

// single lists the header fields that decide something and so may come once.
var single = map[string]bool{
	"host": true, "origin": true, "authorization": true, "upgrade": true, "connection": true,
	"sec-websocket-key": true, "sec-websocket-version": true, "content-length": true,
}

func (req *Request) parseLine(line string, l HeadLimits) error {
	method, rest, ok := strings.Cut(line, " ")
	target, version, ok2 := strings.Cut(rest, " ")
	switch {
	case !ok || !ok2 || method == "" || !allBytes(method, isToken):
		return refuse(400, "malformed request line")
	case version != "HTTP/1.1":
		if !strings.HasPrefix(version, "HTTP/") || strings.Contains(version, " ") {
			return refuse(400, "malformed request line")
		}
		return refuse(400, "a WebSocket handshake is HTTP/1.1")
	case method != "GET":
		return refuse(405, "a WebSocket handshake is a GET", "Allow", "GET")
	case len(target) > l.URI:
		return refuse(414, "request target is too long")
	case !strings.HasPrefix(target, "/") || !allBytes(target, isTarget):
		return refuse(400, "malformed request target")
	}
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return refuse(400, "malformed request target")
	}
	req.URL = u
	return nil
}

// parseField splits a header line; the name comes back in lower case.
func parseField(line string) (name, value string, err error) {
	name, value, ok := strings.Cut(line, ":")
	if !ok || name == "" || !allBytes(name, isToken) { // also refuses folded lines
		return "", "", refuse(400, "malformed header field")
	}
	value = strings.Trim(value, " \t")
	if !allBytes(value, isFieldByte) {
		return "", "", refuse(400, "control character in a header field")
	}
	return strings.ToLower(name), value, nil
}

// take keeps the fields a Request carries and refuses those it cannot have.
func (req *Request) take(name, value string) error {
	switch name {
	case "host":
		if value == "" || !allBytes(value, isHost) {
			return refuse(400, "malformed Host")
		}
		req.Host = value
	case "origin":
		req.Origin = value
	case "authorization":
		req.Authorization = value
	case "user-agent":
		req.UserAgent = value
	case "cookie":
		if req.Cookie != "" {
			req.Cookie += "; "
		}
		req.Cookie += value
	case "x-forwarded-for":
		for part := range strings.SplitSeq(value, ",") {
			req.ForwardedFor = append(req.ForwardedFor, strings.Trim(part, " \t"))
		}
	case "sec-websocket-protocol":
		return req.offer(value)
	case "content-length":
		if n, err := strconv.ParseUint(value, 10, 63); err != nil || n != 0 {
			return refuse(400, "a WebSocket handshake has no body")
		}
	case "transfer-encoding":
		return refuse(400, "a WebSocket handshake has no body")
	}
	return nil
}

// offer notes offered subprotocols: distinct tokens (RFC 6455 section 4.1).
func (req *Request) offer(value string) error {
	for p := range strings.SplitSeq(value, ",") {
		p = strings.Trim(p, " \t")
		if p == "" || !allBytes(p, isToken) {
			return refuse(400, "malformed Sec-WebSocket-Protocol")
		}
		for _, q := range req.Offered {
			if p == q {
				return refuse(400, "subprotocol offered twice")
			}
		}
		req.Offered = append(req.Offered, p)
	}
	return nil
}

func allBytes(s string, ok func(byte) bool) bool {
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}

func isAlnum(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9'
}

// isToken: tchar of RFC 9110 section 5.6.2.
func isToken(b byte) bool { return isAlnum(b) || strings.IndexByte("!#$%&'*+-.^_`|~", b) >= 0 }

// isFieldByte: field-vchar, space and tab of RFC 9110 section 5.5.
func isFieldByte(b byte) bool { return b >= 0x20 && b != 0x7f || b == '\t' }

// isTarget: what may stand in an origin-form target; no fragment.
func isTarget(b byte) bool { return b > 0x20 && b < 0x7f && b != '#' }

// isHost: uri-host and port, without user information.
func isHost(b byte) bool { return isAlnum(b) || strings.IndexByte(".-_~%:[]", b) >= 0 }
