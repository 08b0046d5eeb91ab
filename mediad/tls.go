package mediad

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"time"
)

// handshakeRecord begins every connection of TLS (RFC 8446, section 5.1); RTMP begins with its version, 3.
const handshakeRecord = 0x16

// secure tells TLS from RTMP by the first byte, and answers it if there is a certificate. It returns the connection to
// talk over and what was read of it. One in the clear stays as it is, so that its viewers need no goroutine.
func (s *Server) secure(ctx context.Context, nc net.Conn) (talk net.Conn, first []byte, err error) {
	first = make([]byte, 1)
	if _, err := io.ReadFull(nc, first); err != nil {
		return nil, nil, err
	}
	if first[0] != handshakeRecord || s.config.TLS == nil {
		return nc, first, nil
	}
	nc.SetWriteDeadline(time.Now().Add(s.config.Handshake))
	c := tls.Server(&unread{Conn: nc, first: first}, s.config.TLS)
	if err := c.HandshakeContext(ctx); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errTLS, err)
	}
	return c, nil, nil
}

// unread is a connection whose first bytes are read again.
type unread struct {
	net.Conn
	first []byte // owned by the reader
}

// Read implements net.Conn.
func (c *unread) Read(p []byte) (int, error) {
	if len(c.first) > 0 {
		n := copy(p, c.first)
		c.first = c.first[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}
