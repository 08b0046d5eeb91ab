package wire

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gobwas/ws"
)

// Request is a handshake that was received whole.
type Request struct {
	URL           *url.URL // origin form: path and query
	Host          string
	Origin        string   // empty: none was sent, so not a browser
	Protocol      string   // the selected subprotocol; empty: none
	Offered       []string // subprotocols, in the client's order
	Authorization string
	Cookie        string   // all Cookie fields; see http.ParseCookie
	ForwardedFor  []string // X-Forwarded-For, as claimed by whoever sent it
	UserAgent     string
	Remote        net.Addr
	// Rest holds bytes the client sent behind the request, before it saw the
	// answer: its first frames.
	Rest []byte
}

// LogValue implements slog.LogValuer. It leaves out what may hold a secret: the
// query, the cookies and the credentials.
func (req *Request) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("path", req.URL.Path), slog.String("host", req.Host),
		slog.String("origin", req.Origin), slog.String("remote", fmt.Sprint(req.Remote)),
	)
}

// Rejection refuses a handshake with an HTTP status.
type Rejection struct {
	Status int
	Reason string      // for the client
	Header http.Header // further header fields of the answer; may be nil
}

// Error implements error.
func (r *Rejection) Error() string {
	return fmt.Sprintf("websocket: handshake refused: %d %s", r.Status, r.Reason)
}

func refuse(status int, reason string, header ...string) *Rejection {
	r := &Rejection{Status: status, Reason: reason}
	for i := 0; i+1 < len(header); i += 2 {
		if r.Header == nil {
			r.Header = http.Header{}
		}
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

// Upgrader does the server's part of the handshake (RFC 6455 section 4.2). The
// callbacks, all optional, decide who may connect: a *Rejection is answered as
// it says, any other error with 500. An Upgrader is immutable and may be used
// by many goroutines.
type Upgrader struct {
	Limits HeadLimits
	// Protocols are the subprotocols spoken here. The first of the client's
	// that is among them is selected.
	Protocols []string
	// Path is asked first.
	Path func(u *url.URL) error
	// Peer is asked about the Host and Origin fields.
	Peer func(host, origin string) error
	// Field is asked about every header field that is not part of the
	// handshake itself; key is in canonical form.
	Field func(key, value string) error
	// Check is asked last, about a handshake that is otherwise accepted.
	Check func(req *Request) error
}

// Upgrade reads the handshake from nc, after the bytes in prefix that were read
// before, and answers it. The caller sets the deadlines of nc before, resets
// them afterwards, and closes nc on error; a refusal (a *Rejection) was then
// already sent. Extensions are never negotiated.
func (u *Upgrader) Upgrade(nc net.Conn, prefix []byte) (*Request, error) {
	req, answer, err := u.decide(nc, prefix)
	if err == nil {
		_, err = nc.Write(answer)
		if err != nil {
			return nil, fmt.Errorf("websocket: handshake answer: %w", err)
		}
		return req, nil
	}
	var rej *Rejection
	var ne net.Error
	switch {
	case errors.As(err, &rej):
	case errors.As(err, &ne), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.ErrClosedPipe):
		return nil, fmt.Errorf("websocket: handshake: %w", err) // nobody to answer
	default:
		rej = refuse(http.StatusInternalServerError, "internal error")
	}
	Refuse(nc, rej)
	return nil, err
}

// What Refuse still reads of a request it has answered. Closing a socket with
// unread input resets it, and the client would never see the answer.
const (
	refusedBytes = 256 << 10
	refusedWait  = 500 * time.Millisecond
)

// Refuse answers a request with rej, ends the sending side of nc and waits
// briefly for the client to close its own. It moves nc's read deadline. Errors
// are not worth knowing: the connection is to be closed either way.
func Refuse(nc net.Conn, rej *Rejection) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", rej.Status, http.StatusText(rej.Status))
	h := http.Header{}
	for k, v := range rej.Header {
		h[k] = v
	}
	h.Set("Connection", "close")
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Length", fmt.Sprint(len(rej.Reason)+1))
	h.Set("X-Content-Type-Options", "nosniff")
	if rej.Status == http.StatusUpgradeRequired { // RFC 9110 section 15.5.22
		h.Set("Upgrade", "websocket")
		h.Set("Connection", "close, Upgrade")
	}
	_ = h.Write(&b)
	b.WriteString("\r\n" + rej.Reason + "\n")
	_, _ = nc.Write(b.Bytes())
	if half, ok := nc.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
		_ = nc.SetReadDeadline(time.Now().Add(refusedWait))
		_, _ = io.CopyN(io.Discard, nc, refusedBytes)
	}
}

// decide returns the request and the answer to be written.
func (u *Upgrader) decide(nc net.Conn, prefix []byte) (*Request, []byte, error) {
	limits := u.Limits.withDefaults()
	head, rest, err := readHead(nc, prefix, limits.Bytes)
	if err != nil {
		return nil, nil, err
	}
	req, err := parseHead(string(head), limits)
	if err != nil {
		return nil, nil, err
	}
	req.Remote, req.Rest = nc.RemoteAddr(), rest
	for _, p := range req.Offered {
		if slices.Contains(u.Protocols, p) {
			req.Protocol = p
			break
		}
	}
	answer, err := u.negotiate(head, req)
	return req, answer, err
}

// headOnly lets the upgrader read the request and nothing behind it, and keeps
// its answer back.
type headOnly struct {
	io.Reader
	bytes.Buffer
}

func (h *headOnly) Read(p []byte) (int, error) { return h.Reader.Read(p) }

// negotiate runs the upgrader over a request whose grammar is known to be good.
func (u *Upgrader) negotiate(head []byte, req *Request) ([]byte, error) {
	rw := &headOnly{Reader: bytes.NewReader(head)}
	up := ws.Upgrader{
		OnRequest: func([]byte) error {
			if u.Path != nil {
				return u.Path(req.URL)
			}
			return nil
		},
		OnHost: func([]byte) error {
			if u.Peer != nil {
				return u.Peer(req.Host, req.Origin)
			}
			return nil
		},
		OnHeader: func(k, v []byte) error {
			if u.Field != nil {
				return u.Field(string(k), string(v))
			}
			return nil
		},
		OnBeforeUpgrade: func() (ws.HandshakeHeader, error) {
			if !goodKey(head) {
				return nil, refuse(400, "Sec-WebSocket-Key is not 16 bytes in base64")
			}
			if u.Check != nil {
				return nil, u.Check(req)
			}
			return nil, nil
		},
	}
	if req.Protocol != "" {
		up.ProtocolCustom = func([]byte) (string, bool) { return req.Protocol, true }
	}
	if _, err := up.Upgrade(rw); err != nil {
		return nil, translate(err)
	}
	return rw.Bytes(), nil
}

// goodKey reports whether the key is 16 bytes in base64 (section 4.2.1 item 5).
func goodKey(head []byte) bool {
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		k, v, ok := bytes.Cut(line, []byte(":"))
		if ok && bytes.EqualFold(k, []byte("Sec-WebSocket-Key")) {
			raw, err := base64.StdEncoding.DecodeString(string(bytes.Trim(v, " \t")))
			return err == nil && len(raw) == 16
		}
	}
	return false
}

// translate turns the upgrader's verdicts into ours.
func translate(err error) error {
	switch {
	case errors.Is(err, ws.ErrHandshakeUpgradeRequired):
		return refuse(426, "WebSocket version 13 is required", "Sec-WebSocket-Version", "13")
	case errors.Is(err, ws.ErrHandshakeBadUpgrade):
		return refuse(426, "this is a WebSocket endpoint: Upgrade: websocket is required", "Sec-WebSocket-Version", "13")
	case errors.Is(err, ws.ErrHandshakeBadConnection):
		return refuse(400, "Connection must contain Upgrade")
	case errors.Is(err, ws.ErrHandshakeBadSecKey):
		return refuse(400, "Sec-WebSocket-Key is missing or malformed")
	case errors.Is(err, ws.ErrHandshakeBadSecVersion):
		return refuse(400, "missing Sec-WebSocket-Version")
	}
	var cr *ws.ConnectionRejectedError
	if errors.As(err, &cr) {
		return refuse(400, "malformed handshake")
	}
	return err
}
