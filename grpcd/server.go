// Package grpcd is the gRPC door, and through it the REST door: it implements the services of the contract
// on app, serves them natively over HTTP/2, and offers the same services as an http.Handler for JSON.
//
// Every call, from either side, walks the one path in call.go: recover, request id, deadline, limits,
// origin, access, handler, error table. The REST handler reaches it through an in-process connection
// (inprocess.go), so that there is no second path to forget a check on.
//
// Goroutines: those of the gRPC library, and one sender per Watch stream, which ends with the stream.
package grpcd

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	"synctv/app"
	synctvv1 "synctv/proto/synctv/v1"
)

// Config bounds the door. Zero values mean the defaults.
type Config struct {
	// TrustedProxies are believed when they say whom they speak for.
	TrustedProxies []netip.Prefix
	// CallTimeout is the longest a call may take, Watch excepted; 0 means 30 s.
	CallTimeout time.Duration
	// DrainTimeout is how long open calls may take to end when the server stops; 0 means 30 s.
	DrainTimeout time.Duration
	// MaxWatchers is how many Watch streams there may be at once; 0 means 10000.
	MaxWatchers int
}

const (
	maxMessageBytes = 1 << 20
	maxHeaderBytes  = 16 << 10
	maxStreams      = 100
	// maxBodyBytes bounds the JSON body of a REST call.
	maxBodyBytes = 256 << 10
)

// Server serves the contract.
type Server struct {
	// immutable after New
	cfg     Config
	app     *app.App
	log     *slog.Logger
	native  *grpc.Server
	gateway http.Handler
	drain   chan struct{} // closed when Run begins to stop

	senders  sync.WaitGroup
	watchers chan struct{} // holds one value per Watch stream
}

// New builds the services, the native server and the REST handler. Nothing runs before Run, but the
// handler of Gateway works from the start.
func New(cfg Config, a *app.App, log *slog.Logger) (*Server, error) {
	if a == nil || log == nil {
		return nil, errors.New("grpcd: app and log are needed")
	}
	if cfg.CallTimeout == 0 {
		cfg.CallTimeout = 30 * time.Second
	}
	if cfg.DrainTimeout == 0 {
		cfg.DrainTimeout = 30 * time.Second
	}
	if cfg.MaxWatchers == 0 {
		cfg.MaxWatchers = 10000
	}
	if cfg.CallTimeout < 0 || cfg.DrainTimeout < 0 || cfg.MaxWatchers < 0 {
		return nil, errors.New("grpcd: limits must not be negative")
	}
	s := &Server{cfg: cfg, app: a, log: log, drain: make(chan struct{}), watchers: make(chan struct{}, cfg.MaxWatchers)}
	s.native = grpc.NewServer(
		grpc.UnaryInterceptor(s.unary),
		grpc.StreamInterceptor(s.stream),
		grpc.MaxRecvMsgSize(maxMessageBytes),
		grpc.MaxHeaderListSize(maxHeaderBytes),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.ConnectionTimeout(5*time.Second),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 20 * time.Second, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionIdle: 15 * time.Minute, Time: time.Minute, Timeout: 20 * time.Second}),
	)
	local := newLocalConn(s.unary)
	for _, registrar := range []grpc.ServiceRegistrar{s.native, local} {
		s.register(registrar)
	}
	for method := range s.native.GetServiceInfo() {
		if _, err := routesOf(method); err != nil {
			return nil, err
		}
	}
	var err error
	s.gateway, err = newGateway(s, local)
	return s, err
}

// register puts every service of the contract on a server.
func (s *Server) register(r grpc.ServiceRegistrar) {
	synctvv1.RegisterServerServiceServer(r, &serverService{app: s.app})
	synctvv1.RegisterAuthServiceServer(r, &authService{app: s.app})
	synctvv1.RegisterUserServiceServer(r, &userService{app: s.app})
	synctvv1.RegisterRoomServiceServer(r, &roomService{app: s.app})
	synctvv1.RegisterMemberServiceServer(r, &memberService{app: s.app})
	synctvv1.RegisterMediaServiceServer(r, &mediaService{app: s.app})
	synctvv1.RegisterPlaybackServiceServer(r, &playbackService{app: s.app})
	synctvv1.RegisterChatServiceServer(r, &chatService{app: s.app})
	synctvv1.RegisterStreamServiceServer(r, &streamService{app: s.app})
	synctvv1.RegisterRecordingServiceServer(r, &recordingService{app: s.app})
	synctvv1.RegisterRealtimeServiceServer(r, &realtimeService{server: s})
}

// Gateway is the REST API for paths below /api/v1/.
func (s *Server) Gateway() http.Handler { return s.gateway }

// Run serves native gRPC on the listener, which it closes, until ctx ends. Streams are then told to go,
// and calls may end within DrainTimeout.
func (s *Server) Run(ctx context.Context, ln net.Listener) error {
	served := make(chan error, 1)
	go func() { served <- s.native.Serve(ln) }()
	select {
	case err := <-served:
		close(s.drain)
		s.native.Stop()
		s.senders.Wait()
		return err
	case <-ctx.Done():
	}
	close(s.drain)
	late := time.AfterFunc(s.cfg.DrainTimeout, s.native.Stop)
	s.native.GracefulStop()
	late.Stop()
	err := <-served
	s.senders.Wait()
	if errors.Is(err, grpc.ErrServerStopped) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
