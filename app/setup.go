package app

import (
	"context"
	"time"
)

const setupTTL = 24 * time.Hour

// EnsureRoot makes the owner's account when there is none. While the owner has no password it
// returns a one-time token that signs the owner in; otherwise "".
func (a *App) EnsureRoot(ctx context.Context) (token string, err error) {
	root, err := a.Store.RootUser(ctx)
	if CodeOf(err) == CodeNotFound {
		now := a.Now()
		root = User{ID: UserID(newID("usr_", now)), Username: "root", DisplayName: "root", Role: UserRoot, Created: now}
		if err = a.Store.CreateUser(ctx, root); CodeOf(err) == CodeConflict {
			root, err = a.Store.RootUser(ctx) // another node was faster
		}
	}
	if err != nil {
		return "", err
	}
	if root.PasswordHash != "" {
		return "", nil
	}
	token = newSecret(20)
	return token, a.Keys.Set(ctx, setupKey(token), []byte(root.ID), setupTTL)
}

func setupKey(token string) string {
	return "setup:" + string(idEncoding.EncodeToString(hashSecret(token)))
}

// RedeemSetup signs the owner in with the one-time token; it works once.
func (a *App) RedeemSetup(ctx context.Context, from Origin, token string) (Tokens, error) {
	if err := a.limit(ctx, "setup:"+network(from.Address), 10, 10*time.Second, "Too many attempts. Wait a little and try again."); err != nil {
		return Tokens{}, err
	}
	if len(token) > 64 {
		return Tokens{}, errSetup()
	}
	id, ok, err := a.Keys.Take(ctx, setupKey(token))
	if err != nil {
		return Tokens{}, Wrap(CodeUnavailable, err, "The server cannot check the link now. Try again.")
	}
	if !ok {
		return Tokens{}, errSetup()
	}
	u, err := a.Store.User(ctx, UserID(id))
	if err != nil {
		return Tokens{}, err
	}
	if u.PasswordHash != "" { // links of other nodes, or of an earlier start, open nothing any more
		return Tokens{}, errSetup()
	}
	return a.startSession(ctx, u)
}

func errSetup() *Error {
	return Errorf(CodeUnauthenticated, "This link was used already or is too old. Restart the server to get a new one.")
}
