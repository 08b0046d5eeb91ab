// Package httpd is the HTTP door: it owns the routes, what every answer has in common, the browser client's
// files, health, and the page that documents the API. What the API does is not here: it is a handler that
// is handed in, as are the media proxy and the WebSocket.
//
// Read routes.go first; it is the whole address space on one screen.
package httpd

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"time"
)

// Config shapes the door. Zero values mean the defaults.
type Config struct {
	// PublicURL is where people reach the server, "" when not known.
	PublicURL string
	// AllowedHosts are the names answered to, besides PublicURL's; none means any.
	AllowedHosts []string
	// AllowedOrigins are other web pages that may use the API.
	AllowedOrigins []string
	// TrustedProxies are believed when they say whom they speak for; for the log.
	TrustedProxies []netip.Prefix
	// DrainTimeout is how long open requests may take to end when the server stops; 0 means 30 s.
	DrainTimeout time.Duration
}

// Mounts are the parts behind the door. Nil ones are not mounted.
type Mounts struct {
	// API serves everything below /api/v1/.
	API http.Handler
	// Proxy serves everything below /proxy/. It sets its own deadlines and headers.
	Proxy http.Handler
	// Live serves everything below /live/: streams, as files and as answers that do not end.
	Live http.Handler
	// WebSocket takes upgrades below /ws/ that arrive on a connection already used for plain requests.
	WebSocket http.Handler
	// Web is the browser client with index.html at its root.
	Web fs.FS
	// OpenAPI is the API's description.
	OpenAPI []byte
	// Ready tells whether new people should be sent here.
	Ready func(context.Context) error
}

const (
	headerTimeout  = 5 * time.Second
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 32 << 10
)

// Server is the door.
type Server struct {
	// immutable after New
	cfg     Config
	mounts  Mounts
	log     *slog.Logger
	site    *site
	docs    *docs
	handler http.Handler
}

// New reads the client's files and the API's description, and puts the routes together.
func New(cfg Config, mounts Mounts, log *slog.Logger) (*Server, error) {
	if mounts.API == nil || mounts.Web == nil || mounts.Ready == nil || log == nil {
		return nil, errors.New("httpd: the API, the client, readiness and a log are needed")
	}
	if cfg.DrainTimeout == 0 {
		cfg.DrainTimeout = 30 * time.Second
	}
	s := &Server{cfg: cfg, mounts: mounts, log: log}
	var err error
	if s.site, err = newSite(mounts.Web); err != nil {
		return nil, err
	}
	if s.docs, err = newDocs(mounts.OpenAPI); err != nil {
		return nil, err
	}
	s.handler = s.routes()
	for _, wrap := range slices.Backward(s.middleware()) {
		s.handler = wrap(s.handler)
	}
	return s, nil
}

// Handler is the whole door, for tests and for other listeners.
func (s *Server) Handler() http.Handler { return s.handler }

// Run serves on the listener, which it closes, until ctx ends, and then lets open requests end.
func (s *Server) Run(ctx context.Context, ln net.Listener) error {
	return serve(ctx, ln, s.handler, s.log, s.cfg.DrainTimeout)
}

// serve runs a handler with the limits that all our HTTP servers have. Deadlines of bodies and answers are
// set per request, see limitTime: one for all would cut long media.
func serve(ctx context.Context, ln net.Listener, h http.Handler, log *slog.Logger, drain time.Duration) error {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(ln) }()
	select {
	case err := <-served:
		_ = server.Close() // whatever is still open; the listener has failed already
		return err
	case <-ctx.Done():
	}
	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	err := server.Shutdown(deadline)
	if err != nil {
		err = server.Close() // those who took too long
	}
	<-served
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
