package proxy

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"synctv/internal/guard"
)

// problem is an answer that is not media.
type problem struct {
	status  int
	code    string
	message string
	cause   error // for the log only
}

func (e *problem) Error() string { return e.code }
func (e *problem) Unwrap() error { return e.cause }

// unreachable is what everybody is told when no usable answer came: a forbidden address, a name that does not exist, a closed port,
// a bad certificate and a server that speaks no HTTP are the same to the person who asks.
func unreachable(cause error) *problem {
	return &problem{http.StatusBadGateway, "upstream_unreachable", "the media address cannot be reached or is not allowed", cause}
}

var (
	errMethod  = &problem{status: http.StatusMethodNotAllowed, code: "method_not_allowed", message: "use GET or HEAD"}
	errInvalid = &problem{status: http.StatusForbidden, code: "link_invalid", message: "this media link is not valid"}
	errOld     = &problem{status: http.StatusForbidden, code: "link_expired", message: "this media link has expired; ask for a new one"}
	errDenied  = &problem{status: http.StatusForbidden, code: "link_refused", message: "this media is not available to you any more"}
	errUnsure  = &problem{status: http.StatusServiceUnavailable, code: "unavailable", message: "the server cannot check this link now; try again in a moment"}
	errLoop    = &problem{status: http.StatusLoopDetected, code: "proxy_loop", message: "a media link of this server cannot be the source of another"}
	errBusy    = &problem{status: http.StatusTooManyRequests, code: "too_many_streams", message: "too many media requests are open; close some and try again"}
	errRange   = &problem{status: http.StatusRequestedRangeNotSatisfiable, code: "range_not_satisfiable", message: "the requested range is outside the media"}
)

// ServeHTTP serves one link. Mount it at PathPrefix. When an upstream fails after the head of the answer is out it panics with
// http.ErrAbortHandler, net/http's way of breaking the connection: middleware that recovers must let that value through.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.stats.requests.Add(1)
	setFence(w.Header())
	if r.Method == http.MethodOptions {
		preflight(w)
		return
	}
	c, refusal := p.admit(r)
	if refusal != nil {
		p.stats.refused.Add(1)
		switch refusal {
		case errBusy, errUnsure:
			w.Header().Set("Retry-After", "1")
		case errMethod:
			w.Header().Set("Allow", "GET, HEAD, OPTIONS")
		}
		p.answer(w, r, refusal)
		return
	}
	defer p.limits.leave(limitKey(c))
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer p.keepAsking(ctx, cancel, c)()
	x := &exchange{p: p, w: w, r: r, c: c, cancel: cancel}
	err := x.serve(ctx)
	switch {
	case err == nil:
	case x.started:
		// The head is out: only a broken connection can tell the player that the rest is missing.
		if r.Context().Err() == nil {
			p.stats.cut.Add(1)
			p.log.Warn("media stream cut", "origin", hostOnly(c.url), "room", c.room, "user", c.user, "err", safeCause(err))
		}
		panic(http.ErrAbortHandler)
	default:
		p.fail(w, r, c, err)
	}
}

func preflight(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "Range, If-Range, If-None-Match, Accept, Cache-Control")
	h.Set("Access-Control-Max-Age", "86400")
	h.Set("Allow", "GET, HEAD, OPTIONS")
	w.WriteHeader(http.StatusNoContent)
}

// admit decides whether the request is served at all. On success the caller owes limits.leave.
func (p *Proxy) admit(r *http.Request) (claims, *problem) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return claims{}, errMethod
	}
	token, ok := tokenOf(r.URL)
	if !ok {
		return claims{}, errInvalid
	}
	c, err := p.sealer.open(token, p.now().Unix())
	if errors.Is(err, errExpired) {
		return claims{}, errOld
	}
	if err != nil {
		return claims{}, errInvalid
	}
	for _, via := range r.Header.Values("Via") {
		if strings.Contains(via, p.via) {
			return claims{}, errLoop
		}
	}
	if refusal := p.mayHave(r.Context(), c); refusal != nil {
		return claims{}, refusal
	}
	if !p.limits.enter(limitKey(c)) {
		return claims{}, errBusy
	}
	return c, nil
}

// limitKey is who pays for a request: the user, or the room for links without one.
func limitKey(c claims) string {
	if c.user != "" {
		return "user/" + c.user
	}
	return "room/" + c.room
}

// tokenOf cuts the token out of PathPrefix + token + "/" + name. The name is decoration, but must be one plain segment.
func tokenOf(u *url.URL) (string, bool) {
	rest, ok := strings.CutPrefix(u.Path, PathPrefix)
	if !ok || u.RawPath != "" {
		return "", false
	}
	token, name, ok := strings.Cut(rest, "/")
	if !ok || name == "" || strings.ContainsAny(name, "/\\") || strings.HasPrefix(name, ".") {
		return "", false
	}
	return token, true
}

// fail answers an error that came before the first byte, and logs it unless the client simply left.
func (p *Proxy) fail(w http.ResponseWriter, r *http.Request, c claims, err error) {
	if r.Context().Err() != nil {
		return
	}
	var told *problem
	if !errors.As(err, &told) {
		told = unreachable(err)
	}
	p.stats.failed.Add(1)
	attrs := []any{"code", told.code, "origin", hostOnly(c.url), "room", c.room, "user", c.user, "err", safeCause(err)}
	var refusal *guard.DeniedError
	if errors.As(err, &refusal) {
		attrs = append(attrs, "reason", string(refusal.Reason))
	}
	p.log.Log(r.Context(), slog.LevelInfo, "media request failed", attrs...)
	p.answer(w, r, told)
}

func (p *Proxy) answer(w http.ResponseWriter, r *http.Request, e *problem) {
	w.Header().Set("Cache-Control", "no-store")
	p.writeError(w, r, e.status, e.code, e.message)
}

// hostOnly is all a log may say about an upstream URL: paths and queries carry signatures.
func hostOnly(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Host
}

// safeCause is the innermost useful text of err without the URL that net/http puts in front.
func safeCause(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err.Error()
	}
	var told *problem
	if errors.As(err, &told) && told.cause != nil {
		return told.cause.Error()
	}
	return err.Error()
}
