package app

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// Tokens are what a login gives. Refresh is "" for guests.
type Tokens struct {
	Access    string
	ExpiresIn time.Duration
	Refresh   string
	User      *User
	Guest     *Guest
}

// Guest is a person with a name, one room and no account.
type Guest struct {
	ID   PersonID
	Name string
	Room RoomID
}

var usernameForm = regexp.MustCompile(`^[A-Za-z0-9_.-]{3,32}$`)

func checkUsername(name string) error {
	if !usernameForm.MatchString(name) {
		return Invalid("username", "A username has 3 to 32 letters, digits, dots, dashes or underscores.")
	}
	return nil
}

func checkPassword(field, password string) error {
	n := utf8.RuneCountInString(password)
	switch {
	case n < 8:
		return Invalid(field, "A password needs at least 8 characters.")
	case len(password) > 256:
		return Invalid(field, "A password has at most 256 bytes.")
	case !utf8.ValidString(password) || strings.ContainsRune(password, 0):
		return Invalid(field, "The password contains characters that cannot be used.")
	}
	return nil
}

func checkDisplayName(name string) (string, error) {
	name = cleanLine(name)
	if !visible(name) || utf8.RuneCountInString(name) > 32 {
		return "", Invalid("display_name", "A name has 1 to 32 characters.")
	}
	return name, nil
}

// Register makes an account and signs it in. CodeRegistrationClosed when accounts are made by administrators.
func (a *App) Register(ctx context.Context, from Origin, username, password, displayName string) (Tokens, error) {
	if !a.cfg.RegistrationOpen {
		return Tokens{}, Errorf(CodeRegistrationClosed, "Registration is closed. Ask an administrator for an account.")
	}
	if _, err := draftUser(username, password, displayName); err != nil {
		return Tokens{}, err // a slip of the finger costs nothing
	}
	if err := a.limit(ctx, "register:"+network(from.Address), 5, time.Minute, "Too many new accounts from here. Wait a little."); err != nil {
		return Tokens{}, err
	}
	u, err := a.createUser(ctx, username, password, displayName, UserPlain)
	if err != nil {
		return Tokens{}, err
	}
	return a.startSession(ctx, u)
}

func (a *App) createUser(ctx context.Context, username, password, displayName string, role UserRole) (User, error) {
	u, err := draftUser(username, password, displayName)
	if err != nil {
		return User{}, err
	}
	hash, err := a.Passwords.Hash(ctx, password)
	if err != nil {
		return User{}, err
	}
	now := a.Now()
	u.ID, u.Role, u.PasswordHash, u.Created = UserID(newID("usr_", now)), role, hash, now
	return u, a.Store.CreateUser(ctx, u)
}

// draftUser checks what a new account is to be called.
func draftUser(username, password, displayName string) (User, error) {
	if err := checkUsername(username); err != nil {
		return User{}, err
	}
	if displayName == "" {
		displayName = username
	}
	displayName, err := checkDisplayName(displayName)
	if err != nil {
		return User{}, err
	}
	return User{Username: username, DisplayName: displayName}, checkPassword("password", password)
}

// loginKnownFor is how long a network counts as one that an account signs in from.
const loginKnownFor = 90 * 24 * time.Hour

// Login exchanges a password for tokens. Unknown names and wrong passwords look and last the same.
func (a *App) Login(ctx context.Context, from Origin, username, password string) (Tokens, error) {
	const tooMany = "Too many attempts. Wait a little and try again."
	if err := a.limit(ctx, "login-net:"+network(from.Address), 30, 2*time.Second, tooMany); err != nil {
		return Tokens{}, err
	}
	if len(username) > 64 || len(password) > 256 {
		return Tokens{}, errCredentials()
	}
	// The account's own budget is per network, so that an attacker cannot lock the owner out from elsewhere.
	name := strings.ToLower(username)
	if err := a.limit(ctx, "login-name:"+name+":"+network(from.Address), 8, 15*time.Second, tooMany); err != nil {
		return Tokens{}, err
	}
	// And the budget for all networks together, which many of them could use up, is not for those the owner came from before.
	known := "login-known:" + idEncoding.EncodeToString(hashSecret(name+" "+network(from.Address)))
	if _, ok, err := a.Keys.Get(ctx, known); err != nil || !ok {
		if err := a.limit(ctx, "login-name:"+name, 100, 10*time.Second, tooMany); err != nil {
			return Tokens{}, err
		}
	}
	u, err := a.Store.UserByName(ctx, username)
	if err != nil && CodeOf(err) != CodeNotFound {
		return Tokens{}, err
	}
	ok, verr := a.Passwords.Verify(ctx, u.PasswordHash, password)
	if verr != nil {
		return Tokens{}, verr
	}
	if err != nil || !ok {
		a.stats.LoginsFailed.Add(1)
		return Tokens{}, errCredentials()
	}
	if u.Disabled {
		return Tokens{}, Errorf(CodeDisabled, "This account is disabled. Ask an administrator.")
	}
	if a.Passwords.Outdated(u.PasswordHash) {
		a.renewHash(ctx, u, password)
	}
	if err := a.Keys.Set(ctx, known, []byte{1}, loginKnownFor); err != nil {
		a.Log.WarnContext(ctx, "cannot remember where somebody signs in from", "err", err)
	}
	return a.enter(ctx, u, password)
}

// enter starts a login of an account that a password opened.
func (a *App) enter(ctx context.Context, u User, password string) (Tokens, error) {
	t, id, err := a.beginSession(ctx, u)
	if err == nil {
		err = a.stillOpens(ctx, u, password, id)
	}
	if err != nil {
		return Tokens{}, err
	}
	return t, nil
}

// stillOpens ends a login whose account was closed, or got another password, while the old one was looked at. Those who do that
// write the account first and end its logins then, so either they have found this login or it is found here.
func (a *App) stillOpens(ctx context.Context, u User, password string, id SessionID) error {
	now, err := a.Store.User(ctx, u.ID)
	if CodeOf(err) == CodeNotFound {
		return errCredentials()
	}
	same := err == nil && !now.Disabled && now.Role == u.Role
	if same && now.PasswordHash != u.PasswordHash { // it may be the same one, hashed anew
		same, err = a.Passwords.Verify(ctx, now.PasswordHash, password)
	}
	if same && err == nil {
		return nil
	}
	over := a.Now()
	if _, rerr := a.Store.UpdateSession(ctx, id, func(s *Session) error { s.Revoked = over; return nil }); rerr != nil && CodeOf(rerr) != CodeNotFound {
		return rerr
	}
	a.endSessions(ctx, []SessionID{id})
	if err != nil {
		return err
	}
	return errCredentials()
}

// renewHash stores the password as it is hashed today, now that it is known. That can wait until the next time.
func (a *App) renewHash(ctx context.Context, u User, password string) {
	hash, err := a.Passwords.Hash(ctx, password)
	if err == nil {
		_, err = a.Store.UpdateUser(ctx, u.ID, func(now *User) error {
			if now.PasswordHash == u.PasswordHash { // nobody has changed the password meanwhile
				now.PasswordHash = hash
			}
			return nil
		})
	}
	if err != nil {
		a.Log.WarnContext(ctx, "cannot hash a password anew", "user", u.ID, "err", err)
	}
}

func errCredentials() *Error {
	return Errorf(CodeWrongCredentials, "The username or the password is wrong.")
}

func (a *App) startSession(ctx context.Context, u User) (Tokens, error) {
	t, _, err := a.beginSession(ctx, u)
	return t, err
}

func (a *App) beginSession(ctx context.Context, u User) (Tokens, SessionID, error) {
	now := a.Now()
	secret := newSecret(32)
	s := Session{ID: SessionID(newID("ses_", now)), UserID: u.ID, RefreshHash: hashSecret(secret),
		Created: now, Rotated: now, Expires: now.Add(a.cfg.RefreshTTL)}
	if err := a.Store.CreateSession(ctx, s); err != nil {
		return Tokens{}, "", err
	}
	a.stats.Logins.Add(1)
	t, err := a.tokens(u, s.ID, secret)
	return t, s.ID, err
}

func (a *App) tokens(u User, id SessionID, secret string) (Tokens, error) {
	now := a.Now()
	access, err := a.Tokens.Sign(Claims{Subject: string(u.ID), Session: id, Issued: now, Expires: now.Add(a.cfg.AccessTTL)})
	if err != nil {
		return Tokens{}, Internal(err)
	}
	return Tokens{Access: access, ExpiresIn: a.cfg.AccessTTL, Refresh: fmt.Sprintf("rt_%s.%s", id, secret), User: &u}, nil
}

func hashSecret(secret string) []byte {
	h := sha256.Sum256([]byte(secret))
	return h[:]
}

// Logout ends the caller's login, or all logins of the account. A guest's stay ends by leaving the room.
func (a *App) Logout(ctx context.Context, by Actor, everywhere bool) error {
	if by.Anonymous() {
		return Errorf(CodeUnauthenticated, "Nobody is signed in.")
	}
	if by.kind == KindGuest {
		return a.LeaveRoom(ctx, by, by.room)
	}
	now := a.Now()
	if everywhere {
		ids, err := a.Store.RevokeSessions(ctx, by.user.ID, "", now)
		if err != nil {
			return err
		}
		a.endSessions(ctx, ids)
		return nil
	}
	_, err := a.Store.UpdateSession(ctx, by.session, func(s *Session) error { s.Revoked = now; return nil })
	if err != nil {
		return err
	}
	a.endSessions(ctx, []SessionID{by.session})
	return nil
}

// ChangePassword replaces the caller's password and ends every login, this one included; the
// returned tokens are of a new one. An account without a password needs no current one.
func (a *App) ChangePassword(ctx context.Context, by Actor, current, next string) (Tokens, error) {
	if err := by.needUser(); err != nil {
		return Tokens{}, err
	}
	if err := checkPassword("new_password", next); err != nil {
		return Tokens{}, err
	}
	if err := a.limit(ctx, "password:"+string(by.user.ID), 8, 15*time.Second, "Too many attempts. Wait a little and try again."); err != nil {
		return Tokens{}, err
	}
	u, err := a.Store.User(ctx, by.user.ID)
	if err != nil {
		return Tokens{}, err
	}
	if u.PasswordHash != "" {
		if len(current) > 256 {
			return Tokens{}, errCurrentPassword()
		}
		ok, err := a.Passwords.Verify(ctx, u.PasswordHash, current)
		if err != nil {
			return Tokens{}, err
		}
		if !ok {
			return Tokens{}, errCurrentPassword()
		}
	}
	if u, err = a.setPassword(ctx, u.ID, next); err != nil {
		return Tokens{}, err
	}
	return a.enter(ctx, u, next)
}

func errCurrentPassword() *Error {
	e := Errorf(CodeWrongCredentials, "The current password is wrong.")
	e.Field = "current_password"
	return e
}

// setPassword stores a password and ends every login of the account.
func (a *App) setPassword(ctx context.Context, id UserID, password string) (User, error) {
	hash, err := a.Passwords.Hash(ctx, password)
	if err != nil {
		return User{}, err
	}
	u, err := a.Store.UpdateUser(ctx, id, func(u *User) error { u.PasswordHash = hash; return nil })
	if err != nil {
		return User{}, err
	}
	ids, err := a.Store.RevokeSessions(ctx, id, "", a.Now())
	if err != nil {
		return User{}, err
	}
	a.endSessions(ctx, ids)
	return u, nil
}

// network names the network an address belongs to for limits: the address itself for IPv4, the /64 for IPv6.
func network(addr netip.Addr) string {
	addr = addr.Unmap()
	if addr.Is6() {
		if p, err := addr.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return addr.String()
}
