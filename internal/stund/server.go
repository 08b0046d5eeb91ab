package stund

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync/atomic"
	"time"
)

// maxDatagram is more than a request of a client ever has; what is longer is cut, and then it is no message.
const maxDatagram = 1500

// Server answers on one socket. It is made by New and serves in Run.
type Server struct {
	log   *slog.Logger
	count [verdicts]atomic.Int64
	sent  atomic.Int64

	// Owned by Run.
	responder responder
	limiter   *limiter
}

// New makes a server. It opens nothing.
func New(log *slog.Logger) *Server { return &Server{log: log, limiter: newLimiter()} }

// Listen opens a socket for Run, such as ":3478".
func Listen(ctx context.Context, address string) (*net.UDPConn, error) {
	lc := net.ListenConfig{Control: tellDestination}
	conn, err := lc.ListenPacket(ctx, "udp", address)
	if err != nil {
		return nil, err
	}
	return conn.(*net.UDPConn), nil
}

// Run answers on conn, which Listen has opened, until ctx ends, closes it, and returns nil; an error when the socket is of no use any more.
func (s *Server) Run(ctx context.Context, conn *net.UDPConn) error {
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	began := time.Now()
	datagram, control := make([]byte, maxDatagram), make([]byte, controlBytes)
	for {
		n, c, _, from, err := conn.ReadMsgUDPAddrPort(datagram, control)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil: // of one datagram, such as one that was too long on some systems
			s.log.Debug("stun: cannot read", "err", err)
			pause(ctx, 10*time.Millisecond)
			continue
		}
		var reply []byte
		what := limited
		if s.limiter.allow(from.Addr(), time.Since(began)) {
			reply, what = s.responder.answer(datagram[:n], from)
		}
		if reply != nil && !s.send(conn, reply, source(control[:c]), from) {
			what = unsent
		}
		s.count[what].Add(1)
	}
}

// send sends an answer from where its request went to. It never waits long: what the system has no room for is lost, as
// datagrams are, and asked for again.
func (s *Server) send(conn *net.UDPConn, reply, control []byte, to netip.AddrPort) bool {
	conn.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
	n, _, err := conn.WriteMsgUDPAddrPort(reply, control, to)
	if err != nil {
		return false
	}
	s.sent.Add(int64(n))
	return true
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// Count is how many datagrams came to one end.
type Count struct {
	Outcome string
	Count   int64
}

// Stats is what a server has done so far.
type Stats struct {
	Datagrams []Count // that came in, by outcome
	BytesSent int64
}

// Stats returns what was done so far. It may be called from any goroutine.
func (s *Server) Stats() Stats {
	st := Stats{BytesSent: s.sent.Load()}
	for i, name := range verdictNames {
		st.Datagrams = append(st.Datagrams, Count{name, s.count[i].Load()})
	}
	return st
}
