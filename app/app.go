package app

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"
)

// Config is what an operator chose. The zero value of a limit means its default.
type Config struct {
	Name    string // of this server, shown to people
	Version string
	// NodeID names this process among all nodes; unique per start.
	NodeID string

	RegistrationOpen bool
	GuestsAllowed    bool
	// ProxyAllowed lets media travel through this server.
	ProxyAllowed bool

	AccessTTL  time.Duration // default 15 min
	RefreshTTL time.Duration // default 30 days
	GuestTTL   time.Duration // default 7 days

	MaxRoomsPerUser int // default 100
	MaxMediaPerRoom int // default 2000
	MaxSeatsPerRoom int // default 10000, on top of each room's own capacity

	// AddressKey keys the hash under which networks of guests are remembered.
	AddressKey []byte
	// RefreshKey makes the next refresh token from the one before; the same on all nodes. nil makes one for this process.
	RefreshKey []byte
}

func (c *Config) setDefaults() {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&c.AccessTTL, 15*time.Minute)
	def(&c.RefreshTTL, 30*24*time.Hour)
	def(&c.GuestTTL, 7*24*time.Hour)
	for _, n := range []struct {
		p *int
		v int
	}{{&c.MaxRoomsPerUser, 100}, {&c.MaxMediaPerRoom, 2000}, {&c.MaxSeatsPerRoom, 10000}} {
		if *n.p == 0 {
			*n.p = n.v
		}
	}
}

// Deps are the cellars and leaves app stands on.
type Deps struct {
	Store     Store
	Bus       Bus
	Presence  PresenceStore
	Keys      KeyStore
	Limits    Limiter
	Clock     Clock
	Passwords PasswordHasher
	Tokens    TokenSigner
	Prober    Prober
	Signer    URLSigner
	Log       *slog.Logger
}

// App is the service everyone talks to. Its methods may be called from any goroutine.
type App struct {
	// immutable after New
	cfg Config
	Deps
	sessions *sessionCache
	hub      *hub
	stats    Stats

	draining atomic.Bool
}

// New checks that everything is there. Nothing runs before Run.
func New(cfg Config, deps Deps) (*App, error) {
	cfg.setDefaults()
	if cfg.NodeID == "" {
		return nil, errors.New("app: Config.NodeID is empty")
	}
	if len(cfg.AddressKey) < 16 {
		return nil, errors.New("app: Config.AddressKey needs at least 16 bytes")
	}
	if deps.Store == nil || deps.Bus == nil || deps.Presence == nil || deps.Keys == nil || deps.Limits == nil || deps.Clock == nil ||
		deps.Passwords == nil || deps.Tokens == nil || deps.Prober == nil || deps.Signer == nil || deps.Log == nil {
		return nil, errors.New("app: a dependency is missing")
	}
	if cfg.RefreshKey == nil {
		cfg.RefreshKey = []byte(newSecret(32))
	}
	a := &App{cfg: cfg, Deps: deps, sessions: newSessionCache()}
	a.hub = newHub(a)
	return a, nil
}

// Now is the cluster's time.
func (a *App) Now() Time { return Time(a.Clock.Now()) }

// Run receives from the bus and keeps rooms going until ctx ends, then waits for all it started.
// It returns early, with an error, when the bus stops by itself.
func (a *App) Run(ctx context.Context) error {
	rooms, endRooms := context.WithCancel(ctx)
	defer endRooms()
	bus, endBus := context.WithCancel(context.WithoutCancel(ctx)) // rooms say goodbye over it
	defer endBus()
	over := make(chan error, 1)
	go func() {
		over <- a.Bus.Run(bus, a.receive, a.hub.resync)
		endRooms()
	}()
	stopped := a.hub.start(rooms)
	housekeeping := make(chan struct{})
	go func() {
		defer close(housekeeping)
		// The bus takes this only while it runs. Without it, ended logins are noticed by reviewSessions.
		if err := a.Bus.Join(rooms, topicSessions); err != nil && rooms.Err() == nil {
			a.Log.WarnContext(ctx, "cannot listen for ended sessions", "err", err)
		}
		a.housekeep(rooms)
	}()
	<-housekeeping
	<-stopped
	endBus()
	err := <-over
	switch {
	case ctx.Err() != nil:
		return nil
	case err == nil:
		return errors.New("app: the bus has stopped")
	}
	return err
}

// Drain makes Ready fail, so that nobody new is sent here.
func (a *App) Drain() { a.draining.Store(true) }

// Ready tells whether new people should be sent to this node.
func (a *App) Ready(ctx context.Context) error {
	if a.draining.Load() {
		return Errorf(CodeUnavailable, "This server is shutting down.")
	}
	return a.Store.Ping(ctx)
}

// ServerInfo is what anyone may know of this server.
type ServerInfo struct {
	Name, Version    string
	RegistrationOpen bool
	GuestsAllowed    bool
	MaxMessageChars  int
}

// ServerInfo returns what anyone may know of this server.
func (a *App) ServerInfo() ServerInfo {
	return ServerInfo{a.cfg.Name, a.cfg.Version, a.cfg.RegistrationOpen, a.cfg.GuestsAllowed, maxMessageRunes}
}

// limit takes one token of a rate and fails with CodeRateLimited when there is none.
func (a *App) limit(ctx context.Context, key string, burst int, per time.Duration, message string) error {
	return a.limitBy(ctx, key, burst, per, 1, message)
}

// limitBy is limit for what costs more than one token.
func (a *App) limitBy(ctx context.Context, key string, burst int, per time.Duration, cost int, message string) error {
	ok, wait, err := a.Limits.Allow(ctx, key, burst, per, cost)
	if err != nil {
		return Wrap(CodeUnavailable, err, "The server cannot check this now. Try again in a moment.")
	}
	if !ok {
		e := Errorf(CodeRateLimited, "%s", message)
		e.RetryAfter = wait
		return e
	}
	return nil
}
