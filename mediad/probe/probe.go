// Package probe finds out what a media URL leads to by reading as little of it as possible: container, length, title, codecs,
// whether it can be sought and whether a browser could fetch it without us.
//
// The container is told by its first bytes, never by its name. Every parser here is small, reads through an io.ReaderAt, and stops
// at the first thing it does not believe; what was found until then is kept. One probe is bounded in bytes, requests and time.
package probe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"synctv/internal/guard"
)

// Container is the format of a media resource.
type Container string

// The containers told apart. Unknown is everything else.
const (
	MP4     Container = "mp4"
	WebM    Container = "webm"
	MKV     Container = "mkv"
	HLS     Container = "hls"
	DASH    Container = "dash"
	MP3     Container = "mp3"
	FLV     Container = "flv"
	TS      Container = "ts"
	Unknown Container = "unknown"
)

// Config holds the limits. Zero values mean the defaults.
type Config struct {
	MaxBytes    int64         // body bytes read in one probe; default 2 MiB
	MaxRequests int           // requests sent in one probe, redirects not counted; default 8
	Timeout     time.Duration // one probe; default 8 s
	// Origin is the page origin the CORS question is asked for; default "https://synctv.example".
	Origin string
	// UserAgent is sent when the request names none; default "SyncTV".
	UserAgent string
}

// Deps are what a Prober needs from the house.
type Deps struct {
	// Client must be a guarded one.
	Client *http.Client
	// CheckURL refuses URLs that must not be fetched and returns the others normalised (the guard's).
	CheckURL func(raw string) (*url.URL, error)
}

// Request is what to look at.
type Request struct {
	URL     string
	Headers map[string]string // what the origin needs, if anything
}

// Result is what was found. Fields that could not be found are zero unless said otherwise.
type Result struct {
	Reachable   bool // the origin answered with media (status 200 or 206)
	Status      int  // its HTTP status
	FinalURL    string
	ContentType string
	Size        int64 // bytes, -1 when unknown
	Ranges      bool  // byte ranges work: seeking does
	Container   Container
	Seconds     float64 // duration; 0 when unknown
	Live        bool    // has no end
	Title       string
	Codecs      []string // RFC 6381 strings where cheap to know, otherwise the container's name of the codec
	CORS        bool     // any page may read it, so a browser could play it through script without us
	Requests    int      // requests this probe sent
	Bytes       int64    // body bytes it read
}

// ErrUnreachable is wrapped by every error that comes from the network or from the guard: they are told apart in logs only.
var ErrUnreachable = errors.New("the media address cannot be reached or is not allowed")

// Prober looks at media. It is safe for concurrent use.
type Prober struct {
	cfg      Config                         // immutable
	client   *http.Client                   // immutable
	checkURL func(string) (*url.URL, error) // immutable
}

// New validates cfg and deps.
func New(cfg Config, deps Deps) (*Prober, error) {
	if deps.Client == nil || deps.CheckURL == nil {
		return nil, errors.New("probe: Client and CheckURL are required")
	}
	if cfg.MaxBytes <= 0 {
		cfg.MaxBytes = 2 << 20
	}
	if cfg.MaxRequests <= 0 {
		cfg.MaxRequests = 8
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = 8 * time.Second
	}
	if cfg.Origin == "" {
		cfg.Origin = "https://synctv.example"
	}
	if cfg.UserAgent == "" {
		cfg.UserAgent = "SyncTV"
	}
	return &Prober{cfg: cfg, client: deps.Client, checkURL: deps.CheckURL}, nil
}

// info is what a parser finds inside.
type info struct {
	seconds float64
	live    bool
	title   string
	codecs  []string
}

// Probe looks at req. The error is nil whenever the origin answered at all; a refusal by the origin is Reachable false with its
// Status. Running out of the budget is no error either: the result then holds less.
func (p *Prober) Probe(ctx context.Context, req Request) (Result, error) {
	u, err := p.checkURL(req.URL)
	if err != nil {
		return Result{Size: -1, Container: Unknown}, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Timeout)
	defer cancel()
	r := &remote{ctx: ctx, client: p.client, url: u, header: http.Header{}, bytesLeft: p.cfg.MaxBytes, requestsLeft: p.cfg.MaxRequests, size: -1}
	r.header.Set("User-Agent", p.cfg.UserAgent)
	for name, value := range req.Headers {
		canonical, err := guard.CheckHeader(name, value)
		if err != nil {
			return Result{Size: -1, Container: Unknown}, fmt.Errorf("probe: %w", err)
		}
		r.header.Set(canonical, value)
	}
	head, err := r.first(p.cfg.Origin)
	if err != nil {
		return Result{Size: -1, Container: Unknown, Requests: r.requests}, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	res := Result{
		Status: head.status, FinalURL: guard.Spell(r.url), ContentType: head.header.Get("Content-Type"), Size: r.size, Ranges: r.ranges,
		Container: Unknown, CORS: head.cors, Reachable: head.status == http.StatusOK || head.status == http.StatusPartialContent,
	}
	if res.Reachable {
		p.look(r, &res, head.header)
	}
	res.Requests, res.Bytes = r.requests, r.bytes
	return res, nil
}

// look fills res from the bytes.
func (p *Prober) look(r *remote, res *Result, h http.Header) {
	res.Container = sniff(r.head())
	var found info
	switch res.Container {
	case MP4:
		found = parseMP4(r, r.size)
	case WebM, MKV:
		found = parseEBML(r, r.size)
	case MP3:
		found = parseMP3(r, r.size)
	case FLV:
		found = parseFLV(r.head())
		found.live = r.size < 0 && found.seconds == 0
	case TS:
		found.live = r.size < 0
	case HLS:
		found = p.lookHLS(r)
	case DASH:
		found = parseDASH(r.head())
	}
	res.Seconds, res.Live, res.Codecs = believe(found.seconds), found.live, unique(found.codecs)
	res.Title = cleanTitle(found.title)
	if res.Title == "" {
		res.Title = titleFromName(h.Get("Content-Disposition"), r.url)
	}
}

// believe drops durations no media has.
func believe(seconds float64) float64 {
	if !(seconds > 0 && seconds < 1000*3600) {
		return 0
	}
	return seconds
}

func unique(in []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, s := range in {
		if s = cleanTitle(s); s != "" && !seen[s] && len(out) < 16 {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

// lookHLS reads the playlist and, for a main playlist, the first media playlist it names.
func (p *Prober) lookHLS(r *remote) info {
	text := r.all(maxPlaylist)
	found, variant := parseHLS(text)
	if variant == "" {
		return found
	}
	u, err := r.url.Parse(variant)
	if err != nil {
		return found
	}
	if u, err = p.checkURL(guard.Spell(u)); err != nil {
		return found
	}
	child, err := r.child(u)
	if err != nil {
		return found
	}
	inner, again := parseHLS(child)
	if again != "" {
		return found
	}
	found.seconds, found.live = inner.seconds, inner.live
	return found
}
