package main

import (
	"context"
	"errors"
	"time"

	"synctv/app"
	"synctv/internal/guard"
	"synctv/internal/password"
	"synctv/internal/token"
	"synctv/internal/webhook"
	"synctv/mediad/probe"
	"synctv/mediad/proxy"
)

// The leaves know nothing of the house; here their words become the house's.

type passwords struct{ *password.Hasher }

func (p passwords) Hash(ctx context.Context, s string) (string, error) {
	h, err := p.Hasher.Hash(ctx, s)
	return h, passwordError(err)
}

func (p passwords) Verify(ctx context.Context, hash, s string) (bool, error) {
	ok, err := p.Hasher.Verify(ctx, hash, s)
	return ok, passwordError(err)
}

func passwordError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, password.ErrBusy):
		return app.Wrap(app.CodeUnavailable, err, "Many people are signing in. Try again in a moment.")
	case errors.Is(err, password.ErrTooLong):
		return app.Invalid("password", "A password has at most %d bytes.", password.MaxBytes)
	}
	return app.Internal(err)
}

type tokens struct{ *token.Signer }

func (t tokens) Sign(c app.Claims) (string, error) {
	return t.Signer.Sign(token.Claims{Subject: c.Subject, Session: string(c.Session), Room: string(c.Room), Name: c.Name,
		Issued: int64(c.Issued), Expires: int64(c.Expires)})
}

func (t tokens) Verify(s string, now app.Time) (app.Claims, error) {
	c, err := t.Signer.Verify(s, int64(now))
	if err != nil {
		return app.Claims{}, app.Wrap(app.CodeUnauthenticated, err, "The token is not valid any more. Sign in again.")
	}
	return app.Claims{Subject: c.Subject, Session: app.SessionID(c.Session), Room: app.RoomID(c.Room), Name: c.Name,
		Issued: app.Time(c.Issued), Expires: app.Time(c.Expires)}, nil
}

// newHooks makes what carries hooks, nil when the operator wants none. Their address is the one place it can reach.
func newHooks(c Config) (app.HookSender, error) {
	if c.Livestream.HooksURL == "" {
		return nil, nil
	}
	out, err := guard.New(guard.Config{AllowHosts: []string{c.Livestream.hooksHost()}, SelfPorts: []uint16{c.Server.Port}}, guard.Deps{})
	if err != nil {
		return nil, err
	}
	return webhook.New(webhook.Config{URL: c.Livestream.HooksURL, Secret: c.Livestream.HooksSecret, UserAgent: "SyncTV/" + version()},
		out.Client(guard.ClientConfig{MaxRedirects: -1}))
}

// linkTTL is how long a link through the proxy is good at least.
const linkTTL = 6 * time.Hour

type signer struct{ *proxy.Proxy }

func (s signer) SignMedia(l app.MediaLink, now app.Time) (string, app.Time, error) {
	kind := proxy.KindAuto
	if l.Subtitle {
		kind = proxy.KindSubtitle
	}
	path, err := s.Sign(proxy.Target{URL: l.URL, Headers: l.Headers, Room: string(l.Room), User: string(l.Person), Item: string(l.Media), Kind: kind}, now.Go())
	if err != nil {
		return "", 0, addressError(err)
	}
	return path, now.Add(linkTTL), nil
}

type prober struct {
	guard *guard.Guard
	probe *probe.Prober
}

func (p prober) CheckURL(rawURL string) error {
	_, err := p.guard.CheckURL(rawURL)
	return addressError(err)
}

func (p prober) Probe(ctx context.Context, rawURL string, headers map[string]string) (app.Probed, error) {
	r, err := p.probe.Probe(ctx, probe.Request{URL: rawURL, Headers: headers})
	if errors.Is(err, probe.ErrUnreachable) {
		return app.Probed{}, app.Wrap(app.CodeUpstream, err, "The address cannot be reached from here, or is not allowed.")
	}
	if err != nil {
		return app.Probed{}, addressError(err)
	}
	if !r.Reachable {
		return app.Probed{}, app.Errorf(app.CodeUpstream, "The address answers with status %d instead of media.", r.Status)
	}
	container := string(r.Container)
	if r.Container == probe.Unknown {
		container = ""
	}
	return app.Probed{Title: r.Title, Container: container, DurationMs: r.Seconds * 1000, Live: r.Live, SizeBytes: max(r.Size, 0),
		DirectOK: r.CORS || progressive(r.Container), Seekable: r.Ranges || r.Container == probe.HLS, Codecs: r.Codecs}, nil
}

// progressive tells containers a media element opens from anywhere; what script has to read needs the origin's consent.
func progressive(c probe.Container) bool {
	return c == probe.MP4 || c == probe.WebM || c == probe.MKV || c == probe.MP3
}

// addressError keeps the reason of a refusal for the log: people learn only that it was refused.
func addressError(err error) error {
	var denied *guard.DeniedError
	if errors.As(err, &denied) {
		return app.Wrap(app.CodeBlockedAddress, err, "This server does not fetch from that address. Its operator can allow it.")
	}
	if err != nil {
		return app.Wrap(app.CodeInvalid, err, "That is not an address media can come from.")
	}
	return nil
}
