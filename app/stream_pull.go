package app

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"path"
	"strings"
	"time"
)

// pullLease is how long a node may receive a source without renewing its right to.
const pullLease = 15 * time.Second

// Why a node does not receive the source of a stream.
var (
	ErrPullBusy      = Errorf(CodeConflict, "Somebody publishes this stream.")
	ErrPullElsewhere = Errorf(CodeUnavailable, "Another server of this cluster receives this source.")
	ErrPullChanged   = Errorf(CodeConflict, "This stream has another source now.")
)

// liveSchemes are those of addresses that a live source can have, with the ports they mean.
var liveSchemes = map[string]string{"rtmp": "1935", "rtmps": "443", "http": "80", "https": "443"}

// checkPullURL refuses what cannot be a live source, or may not be reached from here. "" is no source.
func (a *App) checkPullURL(field, raw string) error {
	if raw == "" {
		return nil
	}
	if !a.cfg.PullAllowed {
		return Invalid(field, "This server does not receive live sources from elsewhere.")
	}
	u, err := url.Parse(raw)
	switch {
	case len(raw) > maxURLBytes:
		return Invalid(field, "The address is too long.")
	case strings.ContainsFunc(raw, func(r rune) bool { return r < 0x21 || r == 0x7f }):
		return Invalid(field, "The address contains blanks or control characters.")
	case err != nil || u.Host == "" || liveSchemes[u.Scheme] == "" || u.Opaque != "":
		return Invalid(field, "A live source is an rtmp:// or rtmps:// address, or one with http:// or https:// that ends in .flv or .m3u8.")
	case u.User != nil:
		return Invalid(field, "An address with a name and password in it is not accepted.")
	case u.Fragment != "":
		return Invalid(field, "An address with a # in it is not accepted.")
	}
	if strings.HasPrefix(u.Scheme, "rtmp") {
		if strings.HasSuffix(u.Path, "/") || len(u.Path) < 2 {
			return Invalid(field, "The address lacks the name of the stream: rtmp://server/application/name.")
		}
	} else if end := strings.ToLower(path.Ext(u.Path)); end != ".flv" && end != ".m3u8" {
		return Invalid(field, "A live source over HTTP has an address that ends in .flv or .m3u8.")
	}
	// What is judged here is the server; every connection is judged again when it is made.
	host, port := u.Hostname(), u.Port()
	if port == "" {
		port = liveSchemes[u.Scheme]
	}
	return a.Prober.CheckURL("http://" + net.JoinHostPort(host, port) + "/")
}

// maskURL is an address as those see it who may change it: enough to tell it from others, nothing to use it with. Queries are
// secrets, so is the last part of an RTMP address, and long parts of a path may be.
func maskURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return ""
	}
	parts := strings.Split(strings.TrimPrefix(u.Path, "/"), "/")
	for i, p := range parts {
		last := i == len(parts)-1
		if last && strings.HasPrefix(u.Scheme, "rtmp") || len(p) > 24 {
			parts[i] = clip(p, min(2, len(p)/3)) + "…"
		}
	}
	masked := u.Scheme + "://" + u.Host + "/" + strings.Join(parts, "/")
	if u.RawQuery != "" {
		masked += "?…"
	}
	return masked
}

// AdmitPull gives this node the right to receive the source of a stream, and to publish it: on one node at a time, and while
// nobody else publishes the stream. It fails with ErrPullBusy, ErrPullElsewhere, or because the stream has no source
// any more. The operator's hook may refuse. KeepPull renews the right and ReleasePull gives it back.
func (a *App) AdmitPull(ctx context.Context, id StreamID) (Publication, error) {
	s, err := a.findStream(ctx, id)
	if err != nil {
		return Publication{}, err
	}
	if s.PullURL == "" || !a.cfg.PullAllowed {
		return Publication{}, errNoStream()
	}
	if err := a.mayPublish(ctx, s); err != nil {
		return Publication{}, err
	}
	if a.publishedByHand(ctx, id) {
		return Publication{}, ErrPullBusy
	}
	_, ok, err := a.Leases.Acquire(ctx, pullLeaseOf(id), a.cfg.NodeID, pullLease)
	switch {
	case err != nil:
		return Publication{}, Wrap(CodeUnavailable, err, "The server cannot check this now. Try again in a moment.")
	case !ok:
		return Publication{}, ErrPullElsewhere
	}
	from := Origin{Address: netip.AddrFrom4([4]byte{127, 0, 0, 1}), Protocol: protocolPull}
	p := Publication{Stream: s, Session: newStreamSession(from, SessionPublisher, a.Now())}
	p.Session.Person = PersonID(s.OwnerID)
	from.Client = p.Session.ID
	if err := a.hooks.ask(ctx, hookPublish, hookOf(from, id)); err != nil {
		a.ReleasePull(ctx, id)
		return Publication{}, err
	}
	return p, nil
}

// protocolPull is of sessions in which this server itself is the publisher.
const protocolPull = "pull"

func pullLeaseOf(id StreamID) string { return "pull:" + string(id) }

// publishedByHand tells whether an encoder publishes the stream, on any node.
func (a *App) publishedByHand(ctx context.Context, id StreamID) bool {
	for _, e := range a.streams.entries(ctx, id) {
		for _, s := range e.Sessions {
			if s.Role == SessionPublisher && s.Protocol != protocolPull {
				return true
			}
		}
	}
	return false
}

// KeepPull renews the right to receive a source. It fails when that has ended; trouble is no end.
func (a *App) KeepPull(ctx context.Context, p Publication) error {
	id := p.Stream.ID
	s, err := a.streams.cached(ctx, id)
	if err == nil {
		err = a.mayPublish(ctx, s)
	}
	switch {
	case refusal(err):
		return err
	case err != nil:
		return nil
	case s.PullURL != p.Stream.PullURL:
		return ErrPullChanged
	case a.publishedByHand(ctx, id):
		return ErrPullBusy
	}
	// One that has run out is taken again, unless another node was quicker.
	if _, ok, err := a.Leases.Acquire(ctx, pullLeaseOf(id), a.cfg.NodeID, pullLease); err == nil && !ok {
		return ErrPullElsewhere
	}
	return nil
}

// ReleasePull gives the right to receive a source back.
func (a *App) ReleasePull(ctx context.Context, id StreamID) {
	if err := a.Leases.Release(ctx, pullLeaseOf(id), a.cfg.NodeID); err != nil && ctx.Err() == nil {
		a.Log.WarnContext(ctx, "cannot give back the right to receive a source", "stream", id, "err", err)
	}
}

// NotePull says whether this node is after the source of a stream, and what is wrong with it, "" for nothing.
func (a *App) NotePull(ctx context.Context, id StreamID, wanted bool, problem string) {
	a.streams.pulling(id, wanted, problem)
	a.streams.put(ctx, id)
}

// pulling notes what becomes of a source here.
func (r *streams) pulling(id StreamID, wanted bool, problem string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.at(id)
	h.pulling, h.problem = wanted, problem
}
