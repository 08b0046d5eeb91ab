package sniff

import (
	"io"
	"net"
)

// Conn is a connection whose first bytes were read to see what it is. They are read again first.
// Like any connection it has at most one reader at a time.
type Conn struct {
	net.Conn
	// owned by the reader
	peeked []byte
}

// Read implements net.Conn.
func (c *Conn) Read(p []byte) (int, error) {
	if len(c.peeked) > 0 {
		n := copy(p, c.peeked)
		if c.peeked = c.peeked[n:]; len(c.peeked) == 0 {
			c.peeked = nil
		}
		return n, nil
	}
	return c.Conn.Read(p)
}

// ReadFrom lets the kernel copy files and sockets to this connection without us (sendfile, splice).
func (c *Conn) ReadFrom(r io.Reader) (int64, error) {
	if rf, ok := c.Conn.(io.ReaderFrom); ok {
		return rf.ReadFrom(r)
	}
	return io.Copy(struct{ io.Writer }{c.Conn}, r)
}

// CloseWrite ends our direction, so that a peer still reads what was sent last.
func (c *Conn) CloseWrite() error {
	if cw, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return cw.CloseWrite()
	}
	return nil
}

// Unwrap hands the connection over: the TCP connection, nil when it is none, and the bytes that
// were read of it and not yet given out. The Conn must not be used after.
func (c *Conn) Unwrap() (*net.TCPConn, []byte) {
	tcp, _ := c.Conn.(*net.TCPConn)
	rest := c.peeked
	c.peeked = nil
	return tcp, rest
}
