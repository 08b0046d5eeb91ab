package sniff

import (
	"net"
	"sync"
)

// outlet is a listener that is fed by hand.
type outlet struct {
	addr  net.Addr
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newOutlet(addr net.Addr) *outlet {
	return &outlet{addr: addr, conns: make(chan net.Conn), done: make(chan struct{})}
}

// Accept implements net.Listener.
func (o *outlet) Accept() (net.Conn, error) {
	select {
	case c := <-o.conns:
		return c, nil
	case <-o.done:
		return nil, &net.OpError{Op: "accept", Net: o.addr.Network(), Addr: o.addr, Err: net.ErrClosed}
	}
}

// Close implements net.Listener. Connections given to a closed outlet are closed.
func (o *outlet) Close() error {
	o.once.Do(func() { close(o.done) })
	return nil
}

// Addr implements net.Listener: the address all outlets share.
func (o *outlet) Addr() net.Addr { return o.addr }

// give waits for somebody to accept the connection.
func (o *outlet) give(c net.Conn) {
	select {
	case o.conns <- c:
	case <-o.done:
		c.Close()
	}
}
