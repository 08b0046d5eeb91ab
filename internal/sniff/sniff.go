// Package sniff lets native gRPC, WebSockets and plain HTTP share one port.
//
// A [Splitter] accepts, reads the first bytes of each connection under a deadline, and hands it to one
// of three listeners. Nothing is parsed beyond what tells the three apart, and every byte read is
// read again by whoever gets the connection. Upgrading to HTTP/2 in mid-connection (Upgrade: h2c)
// does not exist here: such a request is plain HTTP/1.
//
// Goroutines: one that accepts, and one per connection until it is classified, of which there are
// at most Config.MaxPending. When one more comes, the oldest goes, so that idle connections cannot
// keep the door shut.
package sniff

import (
	"container/list"
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"syscall"
	"time"
)

// Config bounds the sniffing. Zero values mean the defaults.
type Config struct {
	// Prefix is the path under which WebSockets live; "" means "/ws/".
	Prefix string
	// Timeout is how long a connection may take to say what it is; 0 means 5 s.
	Timeout time.Duration
	// MaxPending is how many connections may be undecided at once; 0 means 4096.
	MaxPending int
}

// Splitter is one listener in and three out.
type Splitter struct {
	// immutable after New
	in               net.Listener
	cfg              Config
	log              *slog.Logger
	grpc, web, plain *outlet

	mu      sync.Mutex
	pending *list.List // guarded by mu; of *Conn, oldest first
	stopped bool       // guarded by mu
}

// New takes over the listener; Run closes it.
func New(in net.Listener, cfg Config, log *slog.Logger) (*Splitter, error) {
	if cfg.Prefix == "" {
		cfg.Prefix = "/ws/"
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 5 * time.Second
	}
	if cfg.MaxPending == 0 {
		cfg.MaxPending = 4096
	}
	if in == nil || log == nil {
		return nil, errors.New("sniff: a listener and a log are needed")
	}
	if cfg.Prefix[0] != '/' || cfg.Timeout < 0 || cfg.MaxPending < 0 {
		return nil, errors.New("sniff: the prefix must begin with a slash, and limits must not be negative")
	}
	return &Splitter{in: in, cfg: cfg, log: log, pending: list.New(),
		grpc: newOutlet(in.Addr()), web: newOutlet(in.Addr()), plain: newOutlet(in.Addr())}, nil
}

// GRPC gives connections that speak HTTP/2 from the first byte. They are of type *Conn, as all are.
func (s *Splitter) GRPC() net.Listener { return s.grpc }

// WebSocket gives connections whose first request is an upgrade of a path under the prefix, from the
// first byte of the request on.
func (s *Splitter) WebSocket() net.Listener { return s.web }

// HTTP gives all other connections.
func (s *Splitter) HTTP() net.Listener { return s.plain }

const (
	firstBackoff = 5 * time.Millisecond
	lastBackoff  = time.Second
	// lastCall is how long connections that have said something may finish saying it after ctx ended.
	lastCall = time.Second
)

// Run accepts until ctx ends or the listener fails for good. It then closes all four listeners and
// returns once no connection is undecided; a nil error means that ctx ended.
func (s *Splitter) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, s.stop)
	defer stop()
	var wg sync.WaitGroup
	err := s.accept(ctx, &wg)
	s.stop()
	// A door that no longer accepts and did not say so must not keep us.
	late := time.AfterFunc(2*lastCall, s.closeOutlets)
	defer late.Stop()
	wg.Wait()
	s.closeOutlets()
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (s *Splitter) closeOutlets() {
	s.grpc.Close()
	s.web.Close()
	s.plain.Close()
}

func (s *Splitter) accept(ctx context.Context, wg *sync.WaitGroup) error {
	backoff := time.Duration(0)
	for {
		raw, err := s.in.Accept()
		switch {
		case err == nil:
			backoff = 0
			wg.Go(func() { s.serve(raw) })
			continue
		case ctx.Err() != nil:
			return nil
		case !passing(err):
			return err
		}
		if backoff == 0 {
			s.log.Warn("cannot accept connections for now", "err", err)
		}
		backoff = min(max(2*backoff, firstBackoff), lastBackoff)
		select {
		case <-time.After(backoff):
		case <-ctx.Done():
			return nil
		}
	}
}

// passing tells failures of Accept that go away by themselves: no file descriptors, no memory, a
// peer that left before it was accepted.
func passing(err error) bool {
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED, syscall.ECONNRESET, syscall.EINTR, syscall.EPROTO} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// serve finds out what one connection is and hands it over.
func (s *Splitter) serve(raw net.Conn) {
	c := &Conn{Conn: raw}
	place, ok := s.enter(c)
	if !ok {
		raw.Close()
		return
	}
	kind := s.sniff(c)
	s.leave(place)
	switch kind {
	case GRPC:
		s.grpc.give(c)
	case WebSocket:
		s.web.give(c)
	case HTTP:
		s.plain.give(c)
	default:
		raw.Close()
	}
}

// sniff reads until the kind is known; Undecided means that the peer was too slow or left.
func (s *Splitter) sniff(c *Conn) Kind {
	buf := make([]byte, 0, 512)
	for {
		if len(buf) == cap(buf) {
			grown := make([]byte, len(buf), min(4*cap(buf), maxHead))
			copy(grown, buf)
			buf = grown
		}
		n, err := c.Conn.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if n > 0 {
			if kind := Classify(buf, s.cfg.Prefix); kind != Undecided {
				c.peeked = buf
				return s.release(c, kind)
			}
		}
		if err != nil {
			return Undecided
		}
		s.noteBytes(c, len(buf))
	}
}

// release takes the deadline off again. It fails for a connection that was closed meanwhile.
func (s *Splitter) release(c *Conn, kind Kind) Kind {
	if c.SetReadDeadline(time.Time{}) != nil {
		return Undecided
	}
	return kind
}

// enter registers an undecided connection, and shows the oldest out when there are too many.
func (s *Splitter) enter(c *Conn) (*list.Element, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped || c.SetReadDeadline(time.Now().Add(s.cfg.Timeout)) != nil {
		return nil, false
	}
	if s.pending.Len() >= s.cfg.MaxPending {
		oldest := s.pending.Front()
		oldest.Value.(*Conn).Conn.Close()
		s.pending.Remove(oldest)
	}
	return s.pending.PushBack(c), true
}

func (s *Splitter) leave(place *list.Element) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending.Remove(place) // does nothing when it has been shown out
}

// noteBytes gives a connection that has begun to speak its last call when we are stopping.
func (s *Splitter) noteBytes(c *Conn, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped && n > 0 {
		c.SetReadDeadline(time.Now().Add(lastCall))
	}
}

// stop ends accepting and cuts the time of those who are undecided short.
func (s *Splitter) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return
	}
	s.stopped = true
	s.in.Close()
	for e := s.pending.Front(); e != nil; e = e.Next() {
		e.Value.(*Conn).SetReadDeadline(time.Now().Add(lastCall))
	}
}
