package app

import (
	"context"
	"strings"
	"time"
)

// viewerFresh is how long somebody may watch before they are looked at again.
const viewerFresh = 30 * time.Second

// Publication is the right to publish a stream, of one who was let in.
type Publication struct {
	Stream Stream
	KeyID  PublishKeyID
	// Session is filled in but for what only the media part knows.
	Session StreamSession
	// Param is what stood behind the key, from "?" on.
	Param string
}

// Viewing is the right to watch a stream, of one who was let in.
type Viewing struct {
	Stream Stream
	// Until is when KeepViewer has to be asked again.
	Until Time
	// Issued is when the right was given; see Live.EndViewers.
	Issued Time
	// Session is filled in but for what only the media part knows.
	Session StreamSession

	from  Origin
	token string
	by    Actor
}

// AdmitConnection is asked when an encoder or a player connects, before anybody knows for which stream.
// It returns the name of the connection for Origin.Client. The operator's hook may refuse.
func (a *App) AdmitConnection(ctx context.Context, from Origin) (string, error) {
	if err := a.limit(ctx, "live:"+network(from.Address), 60, 500*time.Millisecond, "Too many connections from here. Wait a little."); err != nil {
		return "", err
	}
	from.Client = newClientName()
	return from.Client, a.hooks.ask(ctx, hookConnect, hookOf(from, ""))
}

// AdmitPublisher turns what an encoder has as its stream key into the right to publish. What is wrong
// with a key is not told. The operator's hook may refuse. publishName may have a "?" with parameters, which hooks get.
func (a *App) AdmitPublisher(ctx context.Context, from Origin, publishName string) (Publication, error) {
	if err := a.limit(ctx, "publish:"+network(from.Address), 30, 2*time.Second, "Too many attempts to publish from here. Wait a little."); err != nil {
		return Publication{}, err
	}
	p, err := a.admitPublisher(ctx, from, publishName)
	if refusal(err) {
		a.noteRefused(ctx, from, publishName)
	}
	return p, err
}

func (a *App) admitPublisher(ctx context.Context, from Origin, publishName string) (Publication, error) {
	secret, param, found := strings.Cut(publishName, "?")
	if found {
		param = "?" + clip(param, 1000)
	}
	k, err := a.keyOf(ctx, secret)
	if err != nil {
		return Publication{}, err
	}
	s, err := a.Store.Stream(ctx, k.StreamID)
	if CodeOf(err) == CodeNotFound {
		return Publication{}, errKey()
	}
	if err == nil {
		err = a.mayPublish(ctx, s)
	}
	if err != nil {
		return Publication{}, err
	}
	p := Publication{Stream: s, KeyID: k.ID, Param: param, Session: newStreamSession(from, SessionPublisher, a.Now())}
	p.Session.Key, p.Session.Person = k.ID, PersonID(s.OwnerID)
	from.Client = p.Session.ID
	hook := hookOf(from, s.ID)
	hook.param = param
	if err := a.hooks.ask(ctx, hookPublish, hook); err != nil {
		return Publication{}, err
	}
	return p, a.useKey(ctx, k.ID)
}

// AdmitViewer lets somebody watch: everybody what is not private, who has a play token, and who may by
// standing. It is asked when watching begins; the operator's hook may refuse. See KeepViewer.
func (a *App) AdmitViewer(ctx context.Context, from Origin, id StreamID, token string, by Actor) (Viewing, error) {
	if err := a.limit(ctx, "watch:"+network(from.Address), 600, 50*time.Millisecond, "Too many viewers from here at once. Wait a moment."); err != nil {
		return Viewing{}, err
	}
	v := Viewing{Session: newStreamSession(from, SessionViewer, a.Now()), from: from, token: token, by: by}
	v.from.Client = v.Session.ID
	v, err := a.lookAtViewer(ctx, id, v)
	if err != nil {
		return Viewing{}, err
	}
	return v, a.hooks.ask(ctx, hookPlay, hookOf(v.from, id))
}

// KeepViewer tells whether somebody who was let in may go on, and until when. It is asked when Until
// has come, and may be asked with every request: then it costs next to nothing.
func (a *App) KeepViewer(ctx context.Context, v Viewing) (Viewing, error) {
	if a.Now() >= v.Until {
		return a.lookAtViewer(ctx, v.Stream.ID, v)
	}
	s, err := a.streams.cached(ctx, v.Stream.ID)
	if err != nil {
		return Viewing{}, err
	}
	if v.Issued <= s.TokensAfter {
		return Viewing{}, errPlayToken()
	}
	return v, nil
}

// ViewerGone tells that somebody who was let in watches no more. It takes no lock and never waits, so that
// the methods of Live may call it.
func (a *App) ViewerGone(v Viewing) { a.hooks.note(hookStop, hookOf(v.from, v.Stream.ID)) }

// lookAtViewer decides whether somebody may watch now.
func (a *App) lookAtViewer(ctx context.Context, id StreamID, v Viewing) (Viewing, error) {
	s, err := a.streams.cached(ctx, id)
	if err != nil {
		return Viewing{}, err
	}
	now := a.Now()
	v.Stream, v.Issued, v.Until, v.Session.Person = s, now, now.Add(viewerFresh), v.by.person
	if v.token != "" {
		c, err := a.tokenOf(ctx, s, v.token)
		switch {
		case err == nil:
			v.Issued, v.Until, v.Session.Person = c.Issued, min(v.Until, c.Expires), c.Person
		case !refusal(err):
			return Viewing{}, err
		case a.mayWatch(ctx, v.by, s) != nil: // not by standing either: what is wrong is the token
			return Viewing{}, err
		}
	} else if err := a.mayWatch(ctx, v.by, s); err != nil {
		return Viewing{}, err
	}
	if v.Issued <= s.TokensAfter { // let in again after an end
		v.Issued = s.TokensAfter + 1
	}
	a.streams.watched(id)
	return v, nil
}

// tokenOf reads a viewer's token. Where everybody may watch it only says who it is.
func (a *App) tokenOf(ctx context.Context, s Stream, token string) (playClaims, error) {
	if s.Visibility != Private {
		return a.openPlay(s, token)
	}
	return a.checkToken(ctx, s, token)
}

func newClientName() string { return newSecret(10) }

func newStreamSession(from Origin, role SessionRole, now Time) StreamSession {
	if from.Client == "" {
		from.Client = newClientName()
	}
	return StreamSession{ID: from.Client, Role: role, Protocol: from.Protocol, Address: from.Address, Since: now}
}
