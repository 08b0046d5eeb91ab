package sniff

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
	"time"
)

// Takeover is the handler for WebSocket upgrades that reach net/http after all: a reverse proxy may
// send one over a connection that it has used for plain requests before. The connection is taken
// from net/http and goes to the WebSocket listener, the request first. Any other request gets 426.
func (s *Splitter) Takeover() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := requestHead(r)
		if r.ContentLength != 0 || Classify(head, s.cfg.Prefix) != WebSocket {
			w.Header().Set("Upgrade", "websocket")
			w.Header().Set("Connection", "Upgrade")
			http.Error(w, "This address is for WebSockets.", http.StatusUpgradeRequired)
			return
		}
		raw, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			http.Error(w, "This connection cannot be upgraded.", http.StatusInternalServerError)
			return
		}
		s.takeOver(raw, rw.Reader, head)
	})
}

// takeOver gives a hijacked connection to the WebSocket listener.
func (s *Splitter) takeOver(raw net.Conn, buffered *bufio.Reader, head []byte) {
	if raw.SetDeadline(time.Time{}) != nil {
		raw.Close()
		return
	}
	ahead, err := buffered.Peek(buffered.Buffered())
	if err != nil {
		raw.Close()
		return
	}
	peeked := append(head, ahead...)
	if c, ok := raw.(*Conn); ok { // ours already: no second wrapping
		peeked = append(peeked, c.peeked...)
		raw = c.Conn
	}
	s.web.give(&Conn{Conn: raw, peeked: peeked})
}

// requestHead writes down a request again as it came, but for the order of its fields.
func requestHead(r *http.Request) []byte {
	var b bytes.Buffer
	b.WriteString(r.Method + " " + r.RequestURI + " HTTP/1.1\r\nHost: " + r.Host + "\r\n")
	// Only a broken writer fails, and a buffer is none.
	_ = r.Header.Write(&b)
	b.WriteString("\r\n")
	return b.Bytes()
}
