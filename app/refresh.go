package app

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"strings"
	"time"
)

// maxRefreshes is how far back a refresh token is recognised as one that was used already: more than three months of
// a browser that is never closed.
const maxRefreshes = 10_000

// nextRefresh is the secret after this one. That it follows from it and from a key of ours has two uses: everyone who
// shows the same token gets the same next one, so two tabs that refresh at once both stay signed in; and any older
// token of a login can be told from a made-up one, however often it was rotated since.
func (a *App) nextRefresh(id SessionID, secret string) string {
	mac := hmac.New(sha256.New, a.cfg.RefreshKey)
	mac.Write([]byte(string(id) + "." + secret))
	return idEncoding.EncodeToString(mac.Sum(nil))
}

// Refresh rotates a refresh token. The token before the current one still works for ten seconds and leads to the same
// next one, for a reply that got lost and for tabs that ask at once; any other old token means that it leaked, and
// ends the whole login.
func (a *App) Refresh(ctx context.Context, from Origin, token string) (Tokens, error) {
	if err := a.limit(ctx, "refresh:"+network(from.Address), 60, time.Second, "Too many attempts. Wait a little and try again."); err != nil {
		return Tokens{}, err
	}
	rest, ok := strings.CutPrefix(token, "rt_")
	id, secret, ok2 := strings.Cut(rest, ".")
	if !ok || !ok2 || !validID("ses_", id) || len(secret) > 64 {
		return Tokens{}, errEnded()
	}
	next, now := a.nextRefresh(SessionID(id), secret), a.Now()
	var seen Session
	s, err := a.Store.UpdateSession(ctx, SessionID(id), func(s *Session) error {
		seen = *s
		if s.Revoked != 0 || now > s.Expires {
			return errEnded()
		}
		given := hashSecret(secret)
		switch {
		case subtle.ConstantTimeCompare(given, s.RefreshHash) == 1:
			s.PreviousHash, s.RefreshHash, s.Rotated = given, hashSecret(next), now
		case subtle.ConstantTimeCompare(hashSecret(next), s.RefreshHash) == 1 && now.Sub(s.Rotated) <= refreshGrace:
		default:
			return errEnded()
		}
		s.Expires = now.Add(a.cfg.RefreshTTL)
		return nil
	})
	if err != nil {
		if CodeOf(err) == CodeNotFound {
			return Tokens{}, errEnded()
		}
		if CodeOf(err) == CodeUnauthenticated && seen.Revoked == 0 && a.wasRefresh(seen, secret) {
			return Tokens{}, a.endStolen(ctx, seen.ID)
		}
		return Tokens{}, err
	}
	u, err := a.Store.User(ctx, s.UserID)
	if CodeOf(err) == CodeNotFound {
		return Tokens{}, errEnded()
	}
	if err != nil {
		return Tokens{}, err
	}
	if u.Disabled {
		return Tokens{}, Errorf(CodeDisabled, "This account is disabled. Ask an administrator.")
	}
	return a.tokens(u, s.ID, next)
}

// wasRefresh tells whether a secret was the login's in the past: then the current one follows from it.
func (a *App) wasRefresh(s Session, secret string) bool {
	for range maxRefreshes {
		secret = a.nextRefresh(s.ID, secret)
		if subtle.ConstantTimeCompare(hashSecret(secret), s.RefreshHash) == 1 {
			return true
		}
	}
	return false
}

// endStolen ends a login of which two people hold tokens. Nobody can tell who is who.
func (a *App) endStolen(ctx context.Context, id SessionID) error {
	a.Log.WarnContext(ctx, "refresh token used twice, session ended", "session", id)
	now := a.Now()
	if _, err := a.Store.UpdateSession(ctx, id, func(s *Session) error { s.Revoked = now; return nil }); err != nil {
		return err
	}
	a.endSessions(ctx, []SessionID{id})
	return errEnded()
}
