package mediad

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"synctv/app"
	"synctv/internal/reactor"
	"synctv/internal/realip"
	"synctv/mediad/av"
	"synctv/mediad/stream"
)

// Prefix is where the door is mounted.
const Prefix = "/live/"

const endingFLV = ".flv"

// ServeHTTP serves what is below Prefix: {id}.flv, also as a WebSocket, and {id}/… for HLS.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Access-Control-Allow-Origin", "*") // who may watch is in the address
	header.Set("Cross-Origin-Resource-Policy", "cross-origin")
	path := strings.TrimPrefix(r.URL.Path, Prefix)
	if file, ok := strings.CutPrefix(path, recordings); ok {
		s.serveRecording(w, r, file)
		return
	}
	name, isFLV := strings.CutSuffix(path, endingFLV)
	switch {
	case !isFLV || strings.Contains(name, "/"):
		s.serveHLS(w, r, path)
	case r.Method == http.MethodGet, r.Method == http.MethodHead:
		s.serveFLV(w, r, app.StreamID(name))
	case r.Method == http.MethodOptions:
		header.Set("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
		header.Set("Access-Control-Allow-Headers", "Range")
		header.Set("Access-Control-Max-Age", "86400")
		w.WriteHeader(http.StatusNoContent)
	default:
		header.Set("Allow", "GET, HEAD, OPTIONS")
		s.deps.WriteError(w, r, http.StatusMethodNotAllowed, string(app.CodeUnsupported), "Media can only be read.")
	}
}

// origin is whom a request comes from.
func (s *Server) from(r *http.Request, protocol string) app.Origin {
	return app.Origin{Address: realip.Client(realip.Peer(r.RemoteAddr), r.Header.Values("X-Forwarded-For"), s.config.TrustedProxies),
		Host: r.Host, Protocol: protocol, Page: clip(r.Referer(), 500)}
}

func clip(s string, n int) string { return strings.ToValidUTF8(s[:min(len(s), n)], "") }

// fail answers with an error of app.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	e := app.AsError(err)
	if e.Code == app.CodeInternal && r.Context().Err() == nil {
		s.deps.Log.ErrorContext(r.Context(), "live", "err", err)
	}
	w.Header().Set("Cache-Control", "no-store")
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((e.RetryAfter+time.Second-1)/time.Second)))
	}
	s.deps.WriteError(w, r, statusOf(string(e.Code)), string(e.Code), e.Message)
}

// lasting tells an answer that says no from trouble that will pass.
func lasting(err error) bool {
	switch app.CodeOf(err) {
	case app.CodeInternal, app.CodeUnavailable, app.CodeRateLimited:
		return false
	}
	return err != nil
}

// token is the play token of a request.
func token(r *http.Request) string { return r.URL.Query().Get("token") }

// tokenQuery is what is repeated in every address of a playlist.
func tokenQuery(r *http.Request) string {
	if t := token(r); t != "" {
		return "token=" + url.QueryEscape(t)
	}
	return ""
}

// serveFLV answers with a stream that does not end, over a connection that it takes from net/http.
func (s *Server) serveFLV(w http.ResponseWriter, r *http.Request, id app.StreamID) {
	ctx, cancel := context.WithTimeout(r.Context(), admitTimeout)
	defer cancel()
	viewing, err := s.deps.Control.AdmitViewer(ctx, s.from(r, "flv"), id, token(r), app.Actor{})
	if err != nil {
		s.fail(w, r, err)
		return
	}
	f, proto := &flvFormat{first: []byte(flvHead)}, protoFLV
	if wantsWebSocket(r) {
		f, proto = &flvFormat{first: []byte(socketHead + acceptKey(r.Header.Get("Sec-WebSocket-Key")) + "\r\n\r\n"), socket: &socketReader{}}, protoWebSocket
	}
	if r.Method == http.MethodHead {
		w.Header().Set("Content-Type", "video/x-flv")
		s.deps.Control.ViewerGone(viewing)
		return
	}
	var v *viewer
	if err = s.tune(ctx, viewing.Stream); err == nil {
		v, err = s.open(viewing, proto, f)
	}
	if err != nil {
		s.deps.Control.ViewerGone(viewing)
		s.fail(w, r, err)
		return
	}
	// What has ended the right to watch between the question and the list.
	if _, err := s.deps.Control.KeepViewer(ctx, viewing); lasting(err) {
		v.gone()
		s.fail(w, r, err)
		return
	}
	raw, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		v.gone()
		s.deps.WriteError(w, r, http.StatusNotImplemented, string(app.CodeUnsupported), "This stream cannot be sent over this connection.")
		return
	}
	early, _ := buffered.Reader.Peek(buffered.Reader.Buffered())
	if err := s.adopt(raw, v, early, f.variant()); err != nil {
		raw.Close()
		v.gone()
	}
}

// sniffed is a connection whose first bytes were looked at by the one who accepted it.
type sniffed interface {
	Unwrap() (*net.TCPConn, []byte)
}

// adopt hands a viewer's connection to the reactor.
func (s *Server) adopt(nc net.Conn, v *viewer, early []byte, variant uint8) error {
	nc.SetDeadline(time.Time{})
	early = append([]byte(nil), early...)
	if u, ok := nc.(sniffed); ok {
		if tcp, rest := u.Unwrap(); tcp != nil {
			nc, early = tcp, append(early, rest...)
		}
	}
	_, err := s.reactor.Adopt(nc, v, reactor.Options{Initial: early, Variant: variant})
	return err
}

const (
	flvHead = "HTTP/1.1 200 OK\r\nContent-Type: video/x-flv\r\nCache-Control: no-store\r\nConnection: close\r\n" +
		"Access-Control-Allow-Origin: *\r\nCross-Origin-Resource-Policy: cross-origin\r\nX-Content-Type-Options: nosniff\r\nX-Accel-Buffering: no\r\n\r\n"
	socketHead = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
)

// flvFormat is FLV, over HTTP or in a WebSocket.
type flvFormat struct {
	first  []byte
	socket *socketReader // nil over HTTP
}

func (f *flvFormat) variant() uint8 {
	if f.socket != nil {
		return socketFLV
	}
	return plainFLV
}

func (f *flvFormat) head() *reactor.Frame { return reactor.Bytes(f.first) }

func (f *flvFormat) setup(tracks []av.Track, at time.Duration, first bool) *reactor.Frame {
	b := flvSetup(tracks, at, first)
	if f.socket != nil {
		b = appendMessage(nil, opBinary, b)
	}
	return reactor.Bytes(b)
}

func (f *flvFormat) frame(it *stream.Item) *reactor.Frame { return flvFrame(it) }

func (f *flvFormat) data(c *reactor.Conn, p []byte) error {
	if f.socket == nil {
		return nil // there is nothing that a player could say
	}
	return f.socket.feed(p, func(op byte, payload []byte) error {
		switch op {
		case opClose:
			return errLeft
		case opPing:
			if c.Queued() > ahead {
				return errors.Join(errSlow, errWebSocket)
			}
			c.Reply(reactor.Bytes(appendMessage(nil, opPong, payload)))
		}
		return nil
	})
}

func (f *flvFormat) farewell() *reactor.Frame {
	if f.socket == nil {
		return nil
	}
	return reactor.Bytes(appendMessage(nil, opClose, []byte{0x03, 0xE8})) // 1000: normal
}
