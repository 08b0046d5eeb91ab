package app

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrKeep marks an error of an UpdateSession change whose writes are to be kept all the same.
var ErrKeep = errors.New("keep what was written")

const (
	topicSessions   = "sessions"
	sessionFresh    = 2 * time.Second // how long a login is trusted without asking the store
	sessionEnded    = time.Minute     // how long an ended login is remembered: longer than anybody takes to come in
	sessionCacheMax = 20000
	refreshGrace    = 10 * time.Second // the previous refresh token still works, for a reply that got lost
)

// sessionCache remembers for a moment that a login is alive, and for longer that one has ended: long
// enough for everyone who was let in just before to notice.
type sessionCache struct {
	mu      sync.Mutex
	entries map[SessionID]cachedSession // guarded by mu
	ended   map[SessionID]Time          // guarded by mu: until when this is remembered
}

type cachedSession struct {
	user  User
	until Time
}

func newSessionCache() *sessionCache {
	return &sessionCache{entries: make(map[SessionID]cachedSession), ended: make(map[SessionID]Time)}
}

func (c *sessionCache) get(id SessionID, now Time) (User, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[id]
	if !ok || now > e.until {
		return User{}, false
	}
	return e.user, true
}

func (c *sessionCache) put(id SessionID, u User, now Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended[id] != 0 {
		return // it ended while we were reading that it lives
	}
	if len(c.entries) >= sessionCacheMax {
		clear(c.entries)
	}
	c.entries[id] = cachedSession{u, now.Add(sessionFresh)}
}

// end notes that logins are over.
func (c *sessionCache) end(ids []SessionID, now Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, until := range c.ended {
		if now > until {
			delete(c.ended, id)
		}
	}
	for _, id := range ids {
		delete(c.entries, id)
		c.ended[id] = now.Add(sessionEnded)
	}
}

// hasEnded tells whether a login is known to be over. A login never comes back to life.
func (c *sessionCache) hasEnded(id SessionID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended[id] != 0
}

// Authenticate turns a bearer token into an actor. No token is nobody, and no error.
func (a *App) Authenticate(ctx context.Context, token string) (Actor, error) {
	if token == "" {
		return Actor{}, nil
	}
	claims, err := a.Tokens.Verify(token, a.Now())
	if err != nil {
		return Actor{}, err
	}
	if claims.Room != "" {
		return Actor{kind: KindGuest, person: PersonID(claims.Subject), name: claims.Name, room: claims.Room, expires: claims.Expires}, nil
	}
	u, err := a.sessionUser(ctx, claims.Session)
	if err != nil {
		return Actor{}, err
	}
	if string(u.ID) != claims.Subject {
		return Actor{}, errEnded()
	}
	return userActor(u, claims.Session, claims.Expires), nil
}

// sessionUser returns the account of a living login.
func (a *App) sessionUser(ctx context.Context, id SessionID) (User, error) {
	now := a.Now()
	if u, ok := a.sessions.get(id, now); ok {
		return u, nil
	}
	if a.sessions.hasEnded(id) {
		return User{}, errEnded()
	}
	s, err := a.Store.Session(ctx, id)
	if err != nil {
		if CodeOf(err) == CodeNotFound {
			return User{}, errEnded()
		}
		return User{}, err
	}
	if s.Revoked != 0 || now > s.Expires {
		return User{}, errEnded()
	}
	u, err := a.Store.User(ctx, s.UserID)
	if err != nil {
		if CodeOf(err) == CodeNotFound {
			return User{}, errEnded()
		}
		return User{}, err
	}
	if u.Disabled {
		return User{}, Errorf(CodeDisabled, "This account is disabled. Ask an administrator.")
	}
	a.sessions.put(id, u, now)
	return u, nil
}

const sessionOver = "The session has ended. Sign in again."

func errEnded() *Error { return Errorf(CodeUnauthenticated, sessionOver) }

// endSessions tells every node that logins ended: tokens stop working and sockets close.
func (a *App) endSessions(ctx context.Context, ids []SessionID) {
	if len(ids) == 0 {
		return
	}
	a.forgetSessions(ids)
	payload := encodeSessionsEnded(ids)
	if err := a.Bus.Publish(ctx, topicSessions, payload); err != nil {
		// Other nodes notice within sessionFresh for requests, and for sockets when the bus is back.
		a.Log.WarnContext(ctx, "cannot tell other nodes that sessions ended", "err", err, "sessions", len(ids))
	}
}

// forgetSessions makes ended logins worth nothing on this node. The note comes before the look at who is
// seated: whoever sits down in between finds it, see Sit.
func (a *App) forgetSessions(ids []SessionID) {
	a.sessions.end(ids, a.Now())
	a.hub.expelSessions(ids)
}

// recheckSessions asks the store about the logins of everyone seated here: the bus may have lost the news that one ended.
func (a *App) recheckSessions(ctx context.Context) {
	var ended []SessionID
	now := a.Now()
	for id := range a.hub.sessions() {
		s, err := a.Store.Session(ctx, id)
		switch {
		case err == nil && s.Revoked == 0 && now <= s.Expires:
		case err == nil, CodeOf(err) == CodeNotFound:
			ended = append(ended, id)
		default:
			a.Log.WarnContext(ctx, "cannot check who is still signed in", "err", err)
		}
	}
	if len(ended) > 0 {
		a.forgetSessions(ended)
	}
}
