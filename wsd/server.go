package wsd

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"synctv/app"
	"synctv/app/playback"
	"synctv/internal/reactor"
	"synctv/wsd/wire"
)

// Subprotocols, in the order of Options.Variant.
const (
	ProtocolProto = "synctv.v1.proto" // binary protobuf
	ProtocolJSON  = "synctv.v1.json"  // protojson text
)

// App is what the door needs of the house.
type App interface {
	Authenticate(ctx context.Context, token string) (app.Actor, error)
	RedeemTicket(ctx context.Context, ticket string, room app.RoomID) (app.Actor, error)
	Sit(ctx context.Context, by app.Actor, room app.RoomID, opt app.SitOptions) (*app.Seat, error)
	Control(ctx context.Context, g app.Grant, in playback.Intent) (playback.State, error)
	SendMessage(ctx context.Context, g app.Grant, in app.NewMessage) (app.Message, error)
	EditMessage(ctx context.Context, g app.Grant, id app.MessageID, text string) (app.Message, error)
	DeleteMessage(ctx context.Context, g app.Grant, id app.MessageID) error
	Now() app.Time
}

// Config bounds the door. Zero values mean the defaults.
type Config struct {
	MaxConnections int // 100,000
	MaxPerAddress  int // 0 is no limit
	Handshakes     int // at once; 512
	Workers        int // commands at once; 64
	// Origins are the origins of other pages that may connect, besides those of the request's own host.
	Origins []string
	// TrustedProxies are believed in X-Forwarded-For.
	TrustedProxies []netip.Prefix
	Version        string
	// DrainSpread is the span over which clients are told to come back; 5 s.
	DrainSpread time.Duration
	// CommandTimeout bounds one command; 10 s.
	CommandTimeout time.Duration
	Reactor        reactor.Config
}

func (c *Config) setDefaults() {
	for _, d := range []struct {
		p *int
		v int
	}{{&c.MaxConnections, 100_000}, {&c.Handshakes, 512}, {&c.Workers, 64}} {
		if *d.p <= 0 {
			*d.p = d.v
		}
	}
	if c.DrainSpread <= 0 {
		c.DrainSpread = 5 * time.Second
	}
	if c.CommandTimeout <= 0 {
		c.CommandTimeout = 10 * time.Second
	}
}

// Server is the door. Make one with New, run it once with Run.
type Server struct {
	// immutable after New
	cfg      Config
	app      App
	log      *slog.Logger
	reactor  *reactor.Reactor
	upgrader wire.Upgrader
	jobs     chan *conn // each connection is in it at most once
	slots    chan struct{}

	open     atomic.Int64 // connections, from accept to end
	draining atomic.Bool

	mu        sync.Mutex
	audiences map[app.RoomID]*audience // guarded by mu
	perAddr   map[netip.Addr]int       // guarded by mu
}

// New makes a door; nothing is opened before Run.
func New(cfg Config, a App, log *slog.Logger) (*Server, error) {
	cfg.setDefaults()
	if a == nil || log == nil {
		return nil, errors.New("wsd: a dependency is missing")
	}
	r, err := reactor.New(cfg.Reactor)
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, app: a, log: log, reactor: r, jobs: make(chan *conn, cfg.MaxConnections),
		slots: make(chan struct{}, cfg.Handshakes), audiences: make(map[app.RoomID]*audience), perAddr: make(map[netip.Addr]int)}
	s.upgrader = wire.Upgrader{Protocols: []string{ProtocolProto, ProtocolJSON}, Path: checkPath, Peer: s.checkOrigin}
	return s, nil
}

// Stats returns the reactor's counters.
func (s *Server) Stats() reactor.Stats { return s.reactor.Stats() }

// Run serves connections of ln until ctx ends. It then tells everyone to come back elsewhere,
// spread over a while, and returns when all have gone or drain ends.
func (s *Server) Run(ctx context.Context, ln net.Listener, drain context.Context) error {
	stop, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	var group sync.WaitGroup
	errs := make(chan error, 1)
	group.Add(1 + s.cfg.Workers)
	go func() {
		defer group.Done()
		errs <- s.reactor.Run(stop)
	}()
	for range s.cfg.Workers {
		go func() {
			defer group.Done()
			s.work(stop)
		}()
	}
	accepted := make(chan struct{})
	go func() {
		defer close(accepted)
		s.accept(ctx, ln)
	}()
	var err error
	select {
	case <-ctx.Done():
	case err = <-errs:
	}
	s.draining.Store(true)
	ln.Close()
	<-accepted
	if err == nil {
		if derr := s.reactor.Drain(drain, nil, s.cfg.DrainSpread); derr != nil && !errors.Is(derr, context.DeadlineExceeded) && !errors.Is(derr, context.Canceled) {
			s.log.Warn("draining websockets", "err", derr)
		}
	}
	cancel()
	group.Wait()
	return err
}

// leaveSeat gives up a seat and the audience it was held for.
func (s *Server) leaveSeat(seat *app.Seat, aud *audience) {
	aud.remove(seat.ID())
	seat.Leave()
	s.leaveAudience(aud)
}

// accept hands every connection to a goroutine of its own for the handshake, and returns when
// the listener is closed and all handshakes have ended.
func (s *Server) accept(ctx context.Context, ln net.Listener) {
	var handshakes sync.WaitGroup
	defer handshakes.Wait()
	for {
		nc, err := ln.Accept()
		switch {
		case ctx.Err() != nil || errors.Is(err, net.ErrClosed):
			if err == nil {
				nc.Close()
			}
			return
		case err != nil: // no file descriptors, for example: it passes
			s.log.Warn("cannot accept a connection", "err", err)
			select {
			case <-ctx.Done():
			case <-time.After(acceptPause):
			}
			continue
		}
		if s.open.Add(1) > int64(s.cfg.MaxConnections) {
			s.open.Add(-1)
			go turnAway(nc, "This server has no room for more connections.")
			continue
		}
		select {
		case s.slots <- struct{}{}:
		case <-ctx.Done():
			s.open.Add(-1)
			nc.Close()
			continue
		}
		handshakes.Go(func() {
			defer func() { <-s.slots }()
			s.welcome(ctx, nc)
		})
	}
}

// acceptPause is how long Accept is left alone after it failed.
const acceptPause = 100 * time.Millisecond

func turnAway(nc net.Conn, why string) {
	nc.SetDeadline(time.Now().Add(time.Second))
	wire.Refuse(nc, &wire.Rejection{Status: 503, Reason: why})
	nc.Close()
}

// work carries out commands of connections.
func (s *Server) work(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case c := <-s.jobs:
			c.runNext(ctx)
		}
	}
}

// admitAddress counts connections per address; false when there are too many. A call that
// returned true is undone by leaveAddress.
func (s *Server) admitAddress(addr netip.Addr) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cfg.MaxPerAddress > 0 && s.perAddr[addr] >= s.cfg.MaxPerAddress {
		return false
	}
	s.perAddr[addr]++
	return true
}

func (s *Server) leaveAddress(addr netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.perAddr[addr]--; s.perAddr[addr] <= 0 {
		delete(s.perAddr, addr)
	}
}
