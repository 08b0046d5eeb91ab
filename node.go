package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"syscall"
	"time"

	"synctv/app"
	"synctv/coord"
	"synctv/grpcd"
	"synctv/httpd"
	"synctv/internal/guard"
	"synctv/internal/password"
	"synctv/internal/run"
	"synctv/internal/sniff"
	"synctv/internal/stund"
	"synctv/internal/token"
	"synctv/mediad"
	"synctv/mediad/probe"
	"synctv/mediad/proxy"
	"synctv/proto"
	"synctv/store"
	"synctv/web"
	"synctv/wsd"
)

// databaseWait is how long a start waits for PostgreSQL to answer.
const databaseWait = 8 * time.Second

// liveStop is how long encoders and viewers may take to hear that the server goes away.
const liveStop = 8 * time.Second

// Node is one process of the server: every part, built and wired. See docs/architecture.md.
type Node struct {
	cfg    Config
	log    *slog.Logger
	id     string
	keys   keyring
	store  *store.Store
	shared shared
	out    *guard.Guard // the way to what people name
	app    *app.App
	proxy  *proxy.Proxy
	grpc   *grpcd.Server
	http   *httpd.Server
	ws     *wsd.Server
	public net.Listener
	split  *sniff.Splitter

	live    *mediad.Server
	rtmp    net.Listener // nil when it is off
	metrics net.Listener // nil when they are off

	closeRecordings func() error // nil when nothing is recorded

	closeSegments func() error // nil when there is no store of segments
	stun          *stund.Server
	stunOn        *net.UDPConn // nil when it is off
}

// keyring holds one key per use, all derived from the master secret.
type keyring struct{ tokens, refresh, proxy, addresses, live, cluster []byte }

// shared is what coord gives, over Redis or in memory.
type shared struct {
	bus      app.Bus
	presence app.PresenceStore
	keys     app.KeyStore
	leases   app.LeaseStore
	limits   app.Limiter
	clock    app.Clock
	run      func(context.Context) error
	ready    func(context.Context) error
	ping     func(context.Context) error
	stats    func() coord.Stats
}

// newNode builds every part in the order they stand on each other and opens database and port.
func newNode(ctx context.Context, cfg Config, log *slog.Logger) (*Node, error) {
	n := &Node{cfg: cfg, log: log, id: newNodeID()}
	for _, step := range []func(context.Context) error{n.openData, n.openShared, n.listenForEncoders, n.buildApp, n.buildLive, n.buildDoors, n.listen} {
		if err := step(ctx); err != nil {
			n.close()
			return nil, err
		}
	}
	return n, nil
}

func newNodeID() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// openData makes the data folder and the keys, and opens the database.
func (n *Node) openData(ctx context.Context) error {
	if err := os.MkdirAll(n.cfg.DataDir, 0o700); err != nil {
		return fmt.Errorf("cannot make the data folder: %w", err)
	}
	master, err := masterSecret(n.cfg)
	if err != nil {
		return err
	}
	for _, k := range []struct {
		key *[]byte
		use string
	}{{&n.keys.tokens, "tokens"}, {&n.keys.refresh, "refresh"}, {&n.keys.proxy, "proxy"}, {&n.keys.addresses, "addresses"}, {&n.keys.live, "live"}, {&n.keys.cluster, "cluster"}} {
		if *k.key, err = derive(master, k.use); err != nil {
			return err
		}
	}
	if s := n.cfg.Server.ClusterSecret; s != "" {
		if n.keys.cluster, err = derive([]byte(s), "cluster"); err != nil {
			return err
		}
	}
	url := string(n.cfg.Database.URL)
	if path := n.cfg.SQLitePath(); path != "" {
		url = "sqlite:" + path
	}
	n.store, err = n.openStore(ctx, url)
	return err
}

// openStore waits a while for a database that is still starting, as happens when both come up together.
func (n *Node) openStore(ctx context.Context, url string) (*store.Store, error) {
	deadline := time.Now().Add(databaseWait)
	for {
		s, err := store.Open(ctx, store.Config{URL: url})
		if app.CodeOf(err) != app.CodeUnavailable || time.Now().After(deadline) {
			return s, err
		}
		n.log.Warn("the database does not answer yet", "err", err)
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(time.Second):
		}
	}
}

// openShared chooses where nodes meet: Redis when there is one, this process otherwise.
func (n *Node) openShared(context.Context) error {
	if url := string(n.cfg.Redis.URL); url != "" {
		r, err := coord.NewRedis(coord.RedisConfig{URL: url, Prefix: n.cfg.Redis.KeyPrefix, NodeID: n.id, Key: n.keys.cluster, Logger: n.log})
		if err != nil {
			return err
		}
		n.shared = shared{r.Bus, r.Presence, r.Keys, r.Leases, r.Limiter, r.Clock, r.Run, r.Ready, r.Ping, r.Stats}
		return nil
	}
	l, err := coord.NewLocal(coord.LocalConfig{})
	if err != nil {
		return err
	}
	n.shared = shared{l.Bus, l.Presence, l.Keys, l.Leases, l.Limiter, l.Clock, l.Run, l.Ready, l.Ping, l.Stats}
	return nil
}

// buildApp builds what app stands on besides the cellars, and app.
func (n *Node) buildApp(context.Context) error {
	c := n.cfg
	hasher, err := password.New(password.Config{MemoryKiB: c.Auth.PasswordMemoryKiB, Passes: c.Auth.PasswordPasses, Slots: int(c.Auth.PasswordParallel)})
	if err != nil {
		return err
	}
	sign, err := token.New(n.keys.tokens, "synctv")
	if err != nil {
		return err
	}
	out, err := guard.New(guard.Config{AllowCIDRs: c.Media.AllowPrivate.Networks, AllowHosts: c.Media.AllowPrivate.Hosts, DenyCIDRs: c.Media.Deny,
		SelfPorts: []uint16{c.Server.Port, c.Livestream.RTMPPort}}, guard.Deps{})
	if err != nil {
		return err
	}
	n.out = out
	client := out.Client(guard.ClientConfig{})
	look, err := probe.New(probe.Config{}, probe.Deps{Client: client, CheckURL: out.CheckURL})
	if err != nil {
		return err
	}
	n.proxy, err = proxy.New(proxy.Config{Key: n.keys.proxy, TTL: linkTTL}, proxy.Deps{Source: proxy.NewOrigin(client), CheckURL: out.CheckURL,
		Allow: n.mayFetch, WriteError: httpd.WriteError, Log: n.log})
	if err != nil {
		return err
	}
	hooks, err := newHooks(c)
	if err != nil {
		return err
	}
	n.app, err = app.New(app.Config{
		Name: c.Server.Name, Version: version(), NodeID: n.id,
		RegistrationOpen: c.Auth.Registration, GuestsAllowed: c.Auth.Guests, ProxyAllowed: c.Media.Proxy,
		AccessTTL: c.Auth.AccessTTL, RefreshTTL: c.Auth.RefreshTTL, GuestTTL: c.Auth.GuestTTL,
		MaxRoomsPerUser: int(c.Room.MaxPerUser), MaxMediaPerRoom: int(c.Room.MaxMedia), MaxSeatsPerRoom: int(c.Room.MaxPeople),
		RTMPPort: n.rtmpPort(), RTMPS: c.Livestream.TLSCert != "", LiveRTMPURL: c.Livestream.PublicRTMPURL, LiveHTTPURL: string(c.Livestream.PublicHTTPURL),
		RecordingOff: c.Livestream.Record.Store == "off", RecordingDir: c.RecordingsDir(),
		STUNPort: c.WebRTC.STUNPort, STUNURL: c.WebRTC.PublicSTUNURL,
		PullAllowed: c.Livestream.Pull.Max > 0, MaxPullsPerRoom: int(c.Livestream.Pull.PerRoom),
		AddressKey: n.keys.addresses, RefreshKey: n.keys.refresh, LiveKey: n.keys.live,
	}, app.Deps{
		Store: n.store, Bus: n.shared.bus, Presence: n.shared.presence, Keys: n.shared.keys, Leases: n.shared.leases, Limits: n.shared.limits, Clock: n.shared.clock,
		Passwords: passwords{hasher}, Tokens: tokens{sign}, Prober: prober{out, look}, Signer: signer{n.proxy}, Hooks: hooks, Log: n.log,
	})
	return err
}

// mayFetch is app's word on who may have what comes through the proxy, which is built before app and serves after it.
func (n *Node) mayFetch(ctx context.Context, room, user, item string) (bool, error) {
	return n.app.MayFetch(ctx, app.RoomID(room), app.PersonID(user), app.MediaID(item))
}

// listenForEncoders opens the RTMP port before anybody is told its address. One that nobody asked for and somebody else
// has is no reason not to start.
func (n *Node) listenForEncoders(ctx context.Context) error {
	addr := n.cfg.RTMPAddr()
	if addr == "" {
		return nil
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	switch {
	case err == nil:
		n.rtmp = ln
	case n.cfg.Livestream.portChosen || !errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("cannot wait for encoders on %s: %w (set SYNCTV_LIVESTREAM_RTMP_PORT to another port, or to 0)", addr, err)
	default:
		n.log.Warn("no live stream can be published here: the RTMP port is taken; set SYNCTV_LIVESTREAM_RTMP_PORT to a free one, or to 0 if you need none", "addr", addr)
	}
	return nil
}

// rtmpPort is where encoders are waited for, 0 when nowhere.
func (n *Node) rtmpPort() uint16 {
	if n.rtmp == nil {
		return 0
	}
	return n.cfg.Livestream.RTMPPort
}

// listen opens the public port last, when everything behind it stands.
func (n *Node) listen(ctx context.Context) error {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", n.cfg.ServerAddr())
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w (set SYNCTV_SERVER_PORT to another port)", n.cfg.ServerAddr(), err)
	}
	n.public = ln
	if n.split, err = sniff.New(ln, sniff.Config{}, n.log); err != nil {
		return err
	}
	n.stun = stund.New(n.log)
	if addr := n.cfg.WebRTC.STUNAddr(); addr != "" {
		if n.stunOn, err = stund.Listen(ctx, addr); err != nil {
			return fmt.Errorf("cannot answer STUN on %s: %w (set SYNCTV_WEBRTC_STUN_PORT to another port, or to 0)", addr, err)
		}
	}
	if addr := n.cfg.MetricsAddr(); addr != "" {
		if n.metrics, err = new(net.ListenConfig).Listen(ctx, "tcp", addr); err != nil {
			return fmt.Errorf("cannot serve metrics on %s: %w (set SYNCTV_METRICS_PORT to another port, or to 0)", addr, err)
		}
	}
	return nil
}

func (n *Node) runMetrics(ctx context.Context) error {
	m, err := httpd.NewMetrics(n.cfg.Metrics.Token, newRegistry(n), n.log)
	if err != nil {
		return err
	}
	return m.Run(ctx, n.metrics)
}

func (n *Node) close() {
	if n.public != nil {
		n.public.Close()
	}
	if n.rtmp != nil {
		n.rtmp.Close()
	}
	if n.metrics != nil {
		n.metrics.Close()
	}
	if n.stunOn != nil {
		n.stunOn.Close()
	}
	if n.closeRecordings != nil {
		n.closeRecordings()
	}
	if n.closeSegments != nil {
		n.closeSegments()
	}
	if n.store != nil {
		n.store.Close()
	}
}

// Addr is the address of the public port.
func (n *Node) Addr() string { return n.public.Addr().String() }

// Run serves until ctx ends, then stops the doors, then what is behind them, within the configured
// time: first the WebSockets, while readiness is still answered, then all requests together.
func (n *Node) Run(ctx context.Context, stdout io.Writer) error {
	defer n.close()
	sockets, requests := drainTimes(n.cfg)
	parts := []run.Part{
		{Name: "coord", Run: n.shared.run},
		{Name: "app", Run: n.app.Run},
		{Name: "live", Stop: liveStop, Run: func(ctx context.Context) error { return n.live.Run(ctx, n.rtmp) }},
		{Name: "listener", Run: n.split.Run},
		{Name: "requests", Stop: requests + time.Second, Run: n.runRequests},
		{Name: "websocket", Stop: sockets + time.Second, Run: n.runWebSockets},
		{Name: "announcement", Run: func(ctx context.Context) error { return n.announce(ctx, stdout) }},
	}
	if n.metrics != nil {
		parts = append(parts, run.Part{Name: "metrics", Run: n.runMetrics})
	}
	if n.stunOn != nil {
		parts = append(parts, run.Part{Name: "stun", Run: func(ctx context.Context) error { return n.stun.Run(ctx, n.stunOn) }})
	}
	context.AfterFunc(ctx, n.app.Drain)
	err := run.New(n.log, parts...).Run(ctx)
	n.log.Info("stopped")
	return err
}

// drainTimes divides the time of a shutdown between the WebSockets and the requests.
func drainTimes(c Config) (sockets, requests time.Duration) {
	sockets = min(6*time.Second, c.DrainTimeout()/2)
	return sockets, c.DrainTimeout() - sockets
}

// runRequests serves REST, pages and gRPC; when one of the two ends, so does the other.
func (n *Node) runRequests(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 2)
	go func() { ended <- n.http.Run(ctx, n.split.HTTP()) }()
	go func() { ended <- n.grpc.Run(ctx, n.split.GRPC()) }()
	err := <-ended
	cancel()
	return errors.Join(err, <-ended)
}

func (n *Node) runWebSockets(ctx context.Context) error {
	sockets, _ := drainTimes(n.cfg)
	drain, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(sockets, cancel) })
	defer stop()
	return n.ws.Run(ctx, n.split.WebSocket(), drain)
}

// announce waits until the node can work, then says where it is.
func (n *Node) announce(ctx context.Context, stdout io.Writer) error {
	ready, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := n.shared.ready(ready); err != nil && ctx.Err() == nil {
		return fmt.Errorf("cannot reach Redis: %w", err)
	}
	link, err := n.app.EnsureRoot(ctx)
	if err != nil && ctx.Err() == nil {
		return err
	}
	base := n.baseURL()
	n.log.Info("listening", "url", base, "version", version(), "node", n.id)
	if link != "" {
		fmt.Fprintf(stdout, "\n  Open this link once to sign in as the owner of this server:\n\n    %s/setup#%s\n\n", base, link)
	} else {
		fmt.Fprintf(stdout, "\n  SyncTV is at %s\n\n", base)
	}
	<-ctx.Done()
	return nil
}

// baseURL is where people reach this server, as far as we know.
func (n *Node) baseURL() string {
	if u := string(n.cfg.Server.PublicURL); u != "" {
		return u
	}
	host, port, _ := net.SplitHostPort(n.Addr())
	if addr, err := netip.ParseAddr(host); err == nil && addr.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

func serve(ctx context.Context, cfg Config, log *slog.Logger, stdout io.Writer) error {
	n, err := newNode(ctx, cfg, log)
	if err != nil {
		return err
	}
	return n.Run(ctx, stdout)
}

// ready tells whether this node should get new people.
func (n *Node) ready(ctx context.Context) error {
	return errors.Join(n.app.Ready(ctx), n.shared.ping(ctx))
}

// buildDoors builds the ways in.
func (n *Node) buildDoors(context.Context) error {
	c := n.cfg
	sockets, requests := drainTimes(c)
	var err error
	n.grpc, err = grpcd.New(grpcd.Config{TrustedProxies: c.Server.TrustedProxies, DrainTimeout: requests}, n.app, n.log)
	if err != nil {
		return err
	}
	n.ws, err = wsd.New(wsd.Config{MaxConnections: int(c.Realtime.MaxConnections), MaxPerAddress: int(c.Realtime.MaxPerAddress),
		Origins: c.Server.AllowedOrigins, TrustedProxies: c.Server.TrustedProxies, Version: version(),
		DrainSpread: sockets * 5 / 6}, n.app, n.log)
	if err != nil {
		return err
	}
	n.http, err = httpd.New(httpd.Config{PublicURL: string(c.Server.PublicURL), AllowedHosts: c.Server.AllowedHosts,
		AllowedOrigins: c.Server.AllowedOrigins, TrustedProxies: c.Server.TrustedProxies, DrainTimeout: requests},
		httpd.Mounts{API: n.grpc.Gateway(), Proxy: n.proxy, Live: n.live, WebSocket: http.HandlerFunc(n.takeover), Web: web.FS(), OpenAPI: proto.OpenAPI, Ready: n.ready}, n.log)
	return err
}

// buildLive builds the door of live streams.
func (n *Node) buildLive(ctx context.Context) error {
	secure, err := n.cfg.Livestream.tls(n.log)
	if err != nil {
		return fmt.Errorf("cannot use the certificate of SYNCTV_LIVESTREAM_TLS_CERT and SYNCTV_LIVESTREAM_TLS_KEY: %w", err)
	}
	limits := n.cfg.liveLimits()
	limits.TLS = secure
	if err := n.openLiveStores(ctx, &limits.HLS); err != nil {
		return err
	}
	deps := mediad.Deps{Control: n.app, WriteError: httpd.WriteError, Log: n.log}
	if err := n.openSources(&deps); err != nil {
		return err
	}
	if err := n.openRecordings(ctx, &limits, &deps); err != nil {
		return err
	}
	n.live, err = mediad.New(limits, deps)
	return err
}

// takeover passes upgrades on that came over a connection net/http had already.
func (n *Node) takeover(w http.ResponseWriter, r *http.Request) { n.split.Takeover().ServeHTTP(w, r) }
