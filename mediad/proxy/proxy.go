// Package proxy serves other people's media through signed, expiring URLs.
//
// The upstream URL and the headers it needs are sealed inside the path (token.go), so a link says nothing about the origin, works
// on every node that has the key, and needs no table. A request is one walk: open the token, open the upstream through a Source,
// judge what came back, and stream it. Playlists are rewritten so that every address in them leads back here; subtitles are
// bounded and turned into what a browser reads.
//
// Nothing from the client reaches the origin but Range and If-Range, and nothing from the origin reaches the client but a short
// list of headers, so a hostile page behind a link can neither run in our origin nor set anything there.
package proxy

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// PathPrefix is where the handler must be mounted; Sign returns paths below it.
const PathPrefix = "/proxy/v1/"

// Config holds the limits. Zero values mean the defaults named at each field.
type Config struct {
	// Key is 32 secret bytes, the same on every node; all keys in use are derived from it.
	Key []byte
	// TTL is how long a link is good at least; default 6 h, at most 24 h.
	TTL time.Duration
	// Window is the grid link expiry is rounded up to, so that the same target signed twice gives the same link; default 1 h.
	Window time.Duration
	// MaxPerUser bounds the requests one user has open at once; default 16.
	MaxPerUser int
	// MaxTotal bounds the requests open at once; default 4096.
	MaxTotal int
	// IdleTimeout cuts an upstream that sends nothing for that long; default 20 s.
	IdleTimeout time.Duration
	// WriteTimeout cuts a client that takes nothing for that long; default 2 min.
	WriteTimeout time.Duration
	// MinRate is the least an upstream must deliver while we wait for it, in bytes per second over RateWindow; default 1024.
	MinRate int64
	// RateWindow is the waiting time the minimum rate is judged over; default 20 s.
	RateWindow time.Duration
	// MaxPlaylist bounds a playlist in bytes; default 2 MiB.
	MaxPlaylist int64
	// MaxSubtitle bounds a subtitle file in bytes; default 5 MiB.
	MaxSubtitle int64
	// Recheck is how long an answer may last before Allow is asked once more; default 10 s.
	Recheck time.Duration
	// UserAgent is sent when the target names none; default "SyncTV".
	UserAgent string
}

// Deps are what a Proxy needs from the house.
type Deps struct {
	// Source fetches upstream bytes. Use NewOrigin for the real one.
	Source Source
	// CheckURL refuses URLs that must not be fetched and returns the others normalised (the guard's).
	CheckURL func(raw string) (*url.URL, error)
	// Now tells the time; nil means time.Now.
	Now func() time.Time
	// WriteError answers with the house's error shape, {"code","message"}.
	WriteError func(w http.ResponseWriter, r *http.Request, status int, code, message string)
	// Allow, when set, is asked before anything is fetched, and again and again while an answer lasts: may this user still
	// have this item of this room? An error means that nobody knows.
	Allow Allow
	// Log defaults to slog.Default().
	Log *slog.Logger
}

// Proxy is an http.Handler for everything below PathPrefix. It is safe for concurrent use.
type Proxy struct {
	// immutable after New
	cfg        Config
	source     Source
	checkURL   func(string) (*url.URL, error)
	now        func() time.Time
	writeError func(http.ResponseWriter, *http.Request, int, string, string)
	allow      Allow
	log        *slog.Logger
	sealer     *sealer
	via        string // our pseudonym in Via, RFC 9110 section 7.6.3

	// safe for concurrent use by themselves
	limits  *limiter
	buffers sync.Pool // *[bufferSize]byte
	stats   counters
}

type counters struct {
	requests, refused, failed, cut, bytes atomic.Int64
}

// Stats is a snapshot of what the proxy has done.
type Stats struct {
	Open     int64 // requests being served now
	Requests int64 // requests seen
	Refused  int64 // bad, expired or too many
	Failed   int64 // the upstream failed before the first byte
	Cut      int64 // the upstream failed after the first byte
	Bytes    int64 // body bytes sent
}

const bufferSize = 64 << 10

// New validates cfg and deps. It opens nothing.
func New(cfg Config, deps Deps) (*Proxy, error) {
	if deps.Source == nil || deps.CheckURL == nil || deps.WriteError == nil {
		return nil, errors.New("proxy: Source, CheckURL and WriteError are required")
	}
	setDefault(&cfg.TTL, 6*time.Hour)
	setDefault(&cfg.Window, time.Hour)
	setDefault(&cfg.MaxPerUser, 16)
	setDefault(&cfg.MaxTotal, 4096)
	setDefault(&cfg.IdleTimeout, 20*time.Second)
	setDefault(&cfg.WriteTimeout, 2*time.Minute)
	setDefault(&cfg.MinRate, 1024)
	setDefault(&cfg.RateWindow, 20*time.Second)
	setDefault(&cfg.MaxPlaylist, 2<<20)
	setDefault(&cfg.MaxSubtitle, 5<<20)
	setDefault(&cfg.Recheck, 10*time.Second)
	if cfg.UserAgent == "" {
		cfg.UserAgent = "SyncTV"
	}
	if cfg.TTL < 0 || cfg.TTL > 24*time.Hour || cfg.Window < time.Second || cfg.Window > 24*time.Hour {
		return nil, fmt.Errorf("proxy: TTL %v must be at most 24h, Window %v between 1s and 24h", cfg.TTL, cfg.Window)
	}
	seal, err := newSealer(cfg.Key)
	if err != nil {
		return nil, err
	}
	p := &Proxy{
		cfg: cfg, source: deps.Source, checkURL: deps.CheckURL, now: deps.Now, writeError: deps.WriteError,
		allow: deps.Allow, log: deps.Log, sealer: seal, via: "synctv-" + seal.pseudonym,
		limits: newLimiter(cfg.MaxPerUser, cfg.MaxTotal),
	}
	p.buffers.New = func() any { return new([bufferSize]byte) }
	if p.now == nil {
		p.now = time.Now
	}
	if p.log == nil {
		p.log = slog.Default()
	}
	return p, nil
}

func setDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

// Stats returns the counters.
func (p *Proxy) Stats() Stats {
	return Stats{
		Open: p.limits.open(), Requests: p.stats.requests.Load(), Refused: p.stats.refused.Load(),
		Failed: p.stats.failed.Load(), Cut: p.stats.cut.Load(), Bytes: p.stats.bytes.Load(),
	}
}
