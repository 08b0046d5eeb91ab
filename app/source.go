package app

import (
	"context"
	"time"

	"synctv/app/playback"
)

// Source is what a player opens.
type Source struct {
	MediaID    MediaID
	StreamID   StreamID  // of a live stream of this server; "" otherwise
	Variants   []Variant // best first
	Subtitles  []Subtitle
	DurationMs float64
	Live       bool
	Expires    Time // 0 for never
}

// Variant is one way to the same media.
type Variant struct {
	URL       string
	Container string
	Codecs    []string
	Quality   string
	Proxied   bool
}

// ProbeMedia looks at an address before it is added. Needs media_add.
func (a *App) ProbeMedia(ctx context.Context, g Grant, rawURL string) (Probed, error) {
	if err := g.check(MediaAdd); err != nil {
		return Probed{}, err
	}
	if p, ok, err := a.probeReceived(rawURL); ok {
		return p, err
	}
	if err := a.checkMediaURL("url", rawURL); err != nil {
		return Probed{}, err
	}
	if err := a.limit(ctx, "probe:"+string(g.actor.person), 20, 2*time.Second, "Too many addresses at once. Wait a moment."); err != nil {
		return Probed{}, err
	}
	return a.Prober.Probe(ctx, rawURL, nil)
}

// ResolveMedia turns an item into addresses for the caller's player. Needs the room itself.
func (a *App) ResolveMedia(ctx context.Context, g Grant, id MediaID) (Source, error) {
	if err := g.check(RoomView); err != nil {
		return Source{}, err
	}
	if err := a.limitResolving(ctx, g.actor); err != nil {
		return Source{}, err
	}
	m, err := a.Store.Media(ctx, g.room.ID, id)
	if err != nil {
		return Source{}, err
	}
	if m.Kind != MediaItem {
		return Source{}, Invalid("media_id", "A folder cannot be played.")
	}
	if m.Provider == providerLive {
		return a.liveSource(ctx, g, m)
	}
	if m.Provider == providerRecording {
		return a.recordingSource(ctx, g, m)
	}
	s := Source{MediaID: m.ID, DurationMs: m.DurationMs, Live: m.Meta.Live}
	if err := a.addVariants(&s, g, m); err != nil {
		return Source{}, err
	}
	for _, sub := range m.Meta.Subtitles {
		// A subtitle has to be readable by the page, so it always comes through us when it may.
		if a.cfg.ProxyAllowed {
			path, _, err := a.Signer.SignMedia(g.linkTo(m, sub.URL, true), a.Now())
			if err == nil {
				sub.URL = path
			} else if m.hidesOrigin() {
				continue // better no subtitle than an address nobody was to see
			}
		}
		s.Subtitles = append(s.Subtitles, sub)
	}
	return s, nil
}

// addVariants lists the ways in order of preference. Headers mean that a browser cannot go
// itself; so does an origin that does not let it.
func (a *App) addVariants(s *Source, g Grant, m Media) error {
	direct := Variant{URL: m.URL, Container: m.Meta.Container, Codecs: m.Meta.Codecs}
	var proxied *Variant
	var refused error
	if a.cfg.ProxyAllowed && m.Delivery != DeliverDirect {
		path, expires, err := a.Signer.SignMedia(g.linkTo(m, m.URL, false), a.Now())
		if err == nil {
			proxied = &Variant{URL: path, Container: m.Meta.Container, Codecs: m.Meta.Codecs, Proxied: true}
			s.Expires = expires
		}
		refused = err
	}
	switch {
	case m.hidesOrigin():
		if proxied == nil {
			if refused != nil {
				return refused
			}
			return Errorf(CodeUnsupported, "This item needs to pass through the server, which does not allow it.")
		}
		s.Variants = []Variant{*proxied}
	case proxied == nil:
		s.Variants = []Variant{direct}
	case m.Meta.DirectOK, m.Meta.Probe == string(CodeUpstream), m.Meta.Probe == string(CodeBlockedAddress):
		// What this server cannot reach, a browser in the same house may.
		s.Variants = []Variant{direct, *proxied}
	default:
		s.Variants = []Variant{*proxied, direct}
	}
	return nil
}

// hidesOrigin tells whether a browser may not go to the address itself.
func (m Media) hidesOrigin() bool { return m.Delivery == DeliverProxy || len(m.Meta.Headers) > 0 }

// probeLater looks at new items in the background and tells the room what it found.
func (a *App) probeLater(room RoomID, media []Media) {
	for _, m := range media {
		if m.Kind == MediaItem && m.Provider == providerDirect {
			a.hub.background(func(ctx context.Context) { a.probe(ctx, room, m) })
		}
	}
}

func (a *App) probe(ctx context.Context, room RoomID, m Media) {
	ctx, cancel := context.WithTimeout(ctx, probeLaterBudget)
	defer cancel()
	found, perr := a.Prober.Probe(ctx, m.URL, m.Meta.Headers)
	_, err := a.update(ctx, room, "", "", func(tx RoomTx, emit func(EventBody) error) error {
		now, err := tx.Media(m.ID)
		if err != nil {
			return err
		}
		if now.URL != m.URL {
			return nil // changed in the meantime: another probe is on its way
		}
		if perr != nil {
			now.Meta.Probe = string(CodeOf(perr))
		} else {
			now.learn(found)
		}
		now.Version++
		if err := tx.SaveMedia(now); err != nil {
			return err
		}
		if err := emit(MediaChanged{[]Media{now}}); err != nil {
			return err
		}
		return a.learnDuration(tx, emit, now)
	})
	if err != nil && CodeOf(err) != CodeNotFound {
		a.Log.WarnContext(ctx, "probing media", "room", room, "media", m.ID, "err", err)
	}
}

// learn takes over what probing found.
func (m *Media) learn(p Probed) {
	m.Meta.Probe, m.Meta.Container, m.Meta.Codecs = "ok", clip(p.Container, 40), p.Codecs
	m.Meta.Live, m.Meta.DirectOK, m.Meta.Seekable = p.Live, p.DirectOK, p.Seekable
	m.DurationMs = 0
	if p.DurationMs >= 1 && p.DurationMs <= playback.MaxPositionMs { // what a file says of itself can be anything
		m.DurationMs = p.DurationMs
	}
	if !m.Meta.Named && p.Title != "" {
		m.Title = clip(cleanLine(p.Title), 200)
	}
}
