package app

import (
	"context"
	"errors"
	"log/slog"
	"sync"
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

	MaxStreamsPerUser int // default 50
	// PullAllowed lets streams come from elsewhere; MaxPullsPerRoom bounds those that are items of one room, default 20.
	PullAllowed     bool
	MaxPullsPerRoom int
	// RTMPPort is where encoders connect, for the addresses we hand out; 0 when they do not. RTMPS tells that they may
	// do so by TLS as well, on the same port.
	RTMPPort uint16
	RTMPS    bool
	// LiveRTMPURL and LiveHTTPURL are how encoders and players reach live streams; "" is the host of whoever asks.
	LiveRTMPURL, LiveHTTPURL string

	// STUNPort is where STUN is answered under the host of whoever asks, 0 when it is off; STUNURL names a server of the
	// operator's choice instead.
	STUNPort uint16
	STUNURL  string

	// RecordingOff: this server does not record. RecordingDir is the folder of recordings, for hooks; "" when they are in none.
	RecordingOff bool
	RecordingDir string

	// AddressKey keys the hash under which networks of guests are remembered.
	AddressKey []byte
	// RefreshKey makes the next refresh token from the one before; the same on all nodes. nil makes one for this process.
	RefreshKey []byte
	// LiveKey signs play tokens of live streams; the same on all nodes. nil makes one for this process.
	LiveKey []byte
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
	}{{&c.MaxRoomsPerUser, 100}, {&c.MaxMediaPerRoom, 2000}, {&c.MaxSeatsPerRoom, 10000}, {&c.MaxStreamsPerUser, 50}, {&c.MaxPullsPerRoom, 20}} {
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
	Leases    LeaseStore
	Limits    Limiter
	Clock     Clock
	Passwords PasswordHasher
	Tokens    TokenSigner
	Prober    Prober
	Signer    URLSigner
	Hooks     HookSender // nil when the operator has none
	Log       *slog.Logger
}

// App is the service everyone talks to. Its methods may be called from any goroutine.
type App struct {
	// immutable after New
	cfg Config
	Deps
	sessions *sessionCache
	hub      *hub
	streams  *streams
	fetchers *fetchers
	hooks    *hooks
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
	if deps.Store == nil || deps.Bus == nil || deps.Presence == nil || deps.Keys == nil || deps.Leases == nil || deps.Limits == nil || deps.Clock == nil ||
		deps.Passwords == nil || deps.Tokens == nil || deps.Prober == nil || deps.Signer == nil || deps.Log == nil {
		return nil, errors.New("app: a dependency is missing")
	}
	if cfg.RefreshKey == nil {
		cfg.RefreshKey = []byte(newSecret(32))
	}
	if cfg.LiveKey == nil {
		cfg.LiveKey = []byte(newSecret(32))
	}
	a := &App{cfg: cfg, Deps: deps, sessions: newSessionCache(), fetchers: newFetchers()}
	a.hub, a.streams, a.hooks = newHub(a), newStreams(a), newHooks(a, deps.Hooks)
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
	var others sync.WaitGroup
	others.Go(func() {
		// The bus takes these only while it runs. Without them, ended logins are noticed by reviewSeats, and
		// what happened to streams by streams.refresh.
		for _, topic := range []string{topicSessions, topicStreams} {
			if err := a.Bus.Join(rooms, topic); err != nil && rooms.Err() == nil {
				a.Log.WarnContext(ctx, "cannot listen to other nodes", "topic", topic, "err", err)
			}
		}
		a.housekeep(rooms)
	})
	others.Go(func() { a.streams.run(rooms) })
	others.Go(func() { a.hooks.run(rooms) })
	others.Wait()
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
