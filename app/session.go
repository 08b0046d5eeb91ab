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
	sessionCacheMax = 20000
	refreshGrace    = 10 * time.Second // the previous refresh token still works, for a reply that got lost
)

// sessionCache remembers for a moment that a login is alive. Entries leave early when another
// node says that the login ended.
type sessionCache struct {
	mu      sync.Mutex
	entries map[SessionID]cachedSession // guarded by mu
}

type cachedSession struct {
	user  User
	until Time
}

func newSessionCache() *sessionCache {
	return &sessionCache{entries: make(map[SessionID]cachedSession)}
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
	if len(c.entries) >= sessionCacheMax {
		clear(c.entries)
	}
	c.entries[id] = cachedSession{u, now.Add(sessionFresh)}
}

func (c *sessionCache) drop(ids []SessionID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range ids {
		delete(c.entries, id)
	}
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

func errEnded() *Error { return Errorf(CodeUnauthenticated, "The session has ended. Sign in again.") }

// endSessions tells every node that logins ended: tokens stop working and sockets close.
func (a *App) endSessions(ctx context.Context, ids []SessionID) {
	if len(ids) == 0 {
		return
	}
	a.sessions.drop(ids)
	a.hub.expelSessions(ids)
	payload := encodeSessionsEnded(ids)
	if err := a.Bus.Publish(ctx, topicSessions, payload); err != nil {
		// Other nodes notice within sessionFresh for requests; sockets there live on until they report.
		a.Log.WarnContext(ctx, "cannot tell other nodes that sessions ended", "err", err, "sessions", len(ids))
	}
}
