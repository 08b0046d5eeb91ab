package source

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"synctv/mediad/av"
)

// Config holds the limits. The zero value is the recommended one.
type Config struct {
	// Connect is how long it may take until the first frame is there. 0: 15 s.
	Connect time.Duration
	// Idle is how long there may be no frame after that. HLS is given three target durations more. 0: 15 s.
	Idle time.Duration
	// MaxSegment of HLS, in bytes. 0: 32 MiB.
	MaxSegment int64
	// UserAgent is who we say that we are.
	UserAgent string
}

// Deps are the ways out.
type Deps struct {
	// Dial connects, or refuses an address.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Client does the same for HTTP, redirects included.
	Client *http.Client
	// TLS is for RTMPS. nil: the system's roots.
	TLS *tls.Config
}

// Opener receives sources. It is safe for concurrent use.
type Opener struct {
	config Config
	deps   Deps
}

// New returns an opener.
func New(c Config, d Deps) (*Opener, error) {
	if d.Dial == nil || d.Client == nil {
		return nil, errors.New("source: Dial and Client are required")
	}
	if c.Connect <= 0 {
		c.Connect = 15 * time.Second
	}
	if c.Idle <= 0 {
		c.Idle = 15 * time.Second
	}
	if c.MaxSegment <= 0 {
		c.MaxSegment = 32 << 20
	}
	return &Opener{c, d}, nil
}

// Error is why a source cannot be received, or not any more.
type Error struct {
	// Words are for people. They tell nothing of the address, nor whether it is a private one.
	Words string
	cause error
}

// Error implements error.
func (e *Error) Error() string {
	if e.cause == nil {
		return e.Words
	}
	return e.Words + " (" + e.cause.Error() + ")"
}

// People returns what people are told.
func (e *Error) People() string { return e.Words }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

func problem(words string, cause error) error { return &Error{words, cause} }

// What people are told.
const (
	wordsAway     = "The source cannot be reached from here, or is not allowed."
	wordsSilent   = "The source sends no picture or sound."
	wordsEnded    = "The source has ended, or has closed the connection."
	wordsRefused  = "The source does not let us watch, or there is nothing at this address."
	wordsStrange  = "The source sends something that is not a live stream we can read."
	wordsLocked   = "The source is encrypted in a way that only its own player can open."
	wordsFile     = "This is a recording, or a live source that has ended."
	wordsTooLarge = "The source sends more at once than is allowed."
)

var errSilent = errors.New("no frame in time")

// Sink takes packets. An error ends the source, and is returned as it is.
type Sink = func(av.Packet) error

// Receive gives what the source sends to out until the source ends, ctx does, or out returns an error. It always returns an
// error; one of the source is an *Error.
func (o *Opener) Receive(ctx context.Context, address string, out Sink) error {
	u, err := url.Parse(address)
	if err != nil {
		return problem(wordsAway, errors.New("not an address"))
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	f := &flow{ctx: ctx, out: out, idle: o.config.Idle, give: stop}
	f.timer = time.AfterFunc(o.config.Connect, func() { stop(errSilent) })
	defer f.timer.Stop()
	switch scheme := strings.ToLower(u.Scheme); {
	case scheme == "rtmp" || scheme == "rtmps":
		f.pace.lead = burst
		err = o.rtmp(f, address)
	case IsHLS(u):
		f.pace.lead = ahead
		err = o.hls(f, u)
	default:
		f.pace.lead = burst
		err = o.flv(f, u)
	}
	switch {
	case f.failed != nil:
		return f.failed
	case errors.Is(context.Cause(ctx), errSilent):
		return problem(wordsSilent, errSilent)
	case ctx.Err() != nil:
		return ctx.Err()
	}
	var e *Error
	if !errors.As(err, &e) {
		err = problem(wordsEnded, err)
	}
	return err
}

// IsHLS tells whether an address is that of a playlist.
func IsHLS(u *url.URL) bool {
	return strings.HasSuffix(strings.ToLower(u.Path), ".m3u8") || strings.HasSuffix(strings.ToLower(u.Path), ".m3u")
}

// flow is what a source gives on: watched, so that one that gives nothing ends, and paced.
type flow struct {
	ctx    context.Context // ends when the source has to
	out    Sink
	idle   time.Duration
	give   context.CancelCauseFunc
	timer  *time.Timer
	pace   pacer
	failed error // of out
}

// put gives one packet on.
func (f *flow) put(p av.Packet) error {
	if p.Kind == av.Data {
		return nil // what an encoder says of its stream: we say it ourselves
	}
	f.timer.Stop()
	if d := f.pace.delay(time.Now(), p.DTS); d > 0 {
		if err := f.sleep(d); err != nil {
			return err
		}
	}
	f.timer.Reset(f.idle)
	if f.ctx.Err() != nil {
		return f.ctx.Err()
	}
	if err := f.out(p); err != nil {
		f.failed = err
		return err
	}
	return nil
}

func (f *flow) sleep(d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-f.ctx.Done():
		return f.ctx.Err()
	case <-t.C:
		return nil
	}
}
