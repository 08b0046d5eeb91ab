package mediad

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"synctv/internal/reactor"
	"synctv/mediad/hls"
	"synctv/mediad/pull"
	"synctv/mediad/record"
	"synctv/mediad/stream"
)

// Why somebody was ended.
var (
	errKicked  = errors.New("mediad: removed")
	errRevoked = errors.New("mediad: may not watch any more")
	errTooLong = errors.New("mediad: watched for as long as is allowed")
	errOver    = errors.New("mediad: the stream is over")
	errSlow    = errors.New("mediad: too slow to follow")
	errLeft    = errors.New("mediad: the viewer has stopped")
)

// Server is the media door. It is made by New and serves in Run.
type Server struct {
	config    Config
	deps      Deps
	streams   *stream.Registry
	origin    *hls.Origin
	hls       *hls.Handler
	reactor   *reactor.Reactor
	audiences *audiences
	roster    *roster
	clients   *clients
	pulls     *pull.Pool // nil when nothing is received from elsewhere
	count     counters
	notes     *segmentNotes
	studio    *record.Studio // nil: streams are not recorded

	mu      sync.Mutex
	callers map[netip.Addr]int // guarded by mu: connections to the RTMP port by address
	calls   atomic.Int64       // those of all addresses
	talks   sync.Pool          // of *[talkBytes]byte: players come in crowds, and need one for a moment
}

// New makes the door. It opens nothing until Run.
func New(c Config, d Deps) (*Server, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	if c.HLS.Log == nil {
		c.HLS.Log = d.Log
	}
	s := &Server{config: c, deps: d, roster: newRoster(), notes: newSegmentNotes(d.Control), callers: make(map[netip.Addr]int)}
	s.talks.New = func() any { return new([talkBytes]byte) }
	s.clients = newClients(s)
	c.HLS.Observer = s.notes
	s.origin = hls.NewOrigin(c.HLS)
	s.hls = hls.NewHandler(hls.HandlerConfig{Lookup: s.origin.Muxer, Query: tokenQuery})
	c.Streams.Created = s.origin.Add
	s.streams = stream.NewRegistry(c.Streams)
	var err error
	s.reactor, err = reactor.New(reactor.Config{TimerStep: pace, Pack: shardful, StallTimeout: c.WriteTimeout,
		Queue: reactor.Limits{Bytes: queueBytes, Frames: queueFrames}})
	if err != nil {
		return nil, err
	}
	s.studio, err = newStudio(c, d)
	s.audiences = newAudiences(s.reactor)
	if d.Receive != nil {
		s.pulls = newPulls(s)
	}
	return s, err
}

// Run serves until ctx ends: encoders on ln, which may be nil, and those who come over HTTP.
func (s *Server) Run(ctx context.Context, ln net.Listener) error {
	defer s.deps.Control.AttachLive(s)()
	// Streams and their playlists outlast their publishers, and those outlast the reactor's viewers.
	behind, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	live, end := context.WithCancel(behind)
	defer end()
	var base sync.WaitGroup
	base.Go(func() { s.origin.Run(live) })
	base.Go(func() { s.streams.Run(live) })
	base.Go(func() { s.keep(live) })
	base.Go(func() { s.notes.run(live) })
	if s.studio != nil {
		base.Go(func() { s.studio.Run(live) })
	}
	if s.pulls != nil {
		base.Go(func() { s.pulls.Run(ctx) })
	}
	served := make(chan error, 1)
	go func() { served <- s.reactor.Run(behind) }()

	var err error
	if ln != nil {
		err = s.accept(ctx, ln)
	} else {
		<-ctx.Done()
	}
	end()
	base.Wait()
	leaving, stop := context.WithTimeout(behind, 2*time.Second)
	defer stop()
	s.reactor.Drain(leaving, nil, 0)
	cancel()
	return errors.Join(err, <-served)
}

// accept takes connections until ctx ends, and waits until those that publish have gone.
func (s *Server) accept(ctx context.Context, ln net.Listener) error {
	stop := context.AfterFunc(ctx, func() { ln.Close() })
	defer stop()
	var open sync.WaitGroup
	defer open.Wait()
	for {
		nc, err := ln.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				nc.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil: // out of files, most likely: others will end
			s.deps.Log.Warn("cannot accept an RTMP connection", "err", err)
			sleep(ctx, 100*time.Millisecond)
			continue
		}
		addr := addressOf(nc)
		if !s.enter(addr) {
			s.count.refused.Add(1)
			nc.Close()
			continue
		}
		open.Go(func() {
			defer s.leave(addr)
			s.serve(ctx, nc, addr)
		})
	}
}

// enter counts a connection, unless there are too many.
func (s *Server) enter(addr netip.Addr) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls.Load() >= int64(s.config.MaxConnections) || s.callers[addr] >= s.config.MaxPerAddress {
		return false
	}
	s.callers[addr]++
	s.calls.Add(1)
	return true
}

func (s *Server) leave(addr netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls.Add(-1)
	if s.callers[addr]--; s.callers[addr] <= 0 {
		delete(s.callers, addr)
	}
}

func addressOf(nc net.Conn) netip.Addr {
	a, err := netip.ParseAddrPort(nc.RemoteAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	return a.Addr().Unmap()
}

// sleep waits, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// statusOf is the one table from app's codes to those of HTTP.
func statusOf(code string) int {
	switch code {
	case "invalid_argument":
		return http.StatusBadRequest
	case "unauthenticated":
		return http.StatusUnauthorized
	case "permission_denied", "banned", "kicked", "account_disabled":
		return http.StatusForbidden
	case "not_found":
		return http.StatusNotFound
	case "rate_limited":
		return http.StatusTooManyRequests
	case "unavailable", "room_full":
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}
