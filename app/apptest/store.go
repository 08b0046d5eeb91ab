package apptest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"synctv/app"
)

// Store is app.Store in memory: one lock, held for the whole of a transaction.
type Store struct {
	mu         sync.Mutex
	fail       func(method string) error
	calls      map[string]int
	users      map[app.UserID]app.User
	sessions   map[app.SessionID]app.Session
	rooms      map[app.RoomID]*room
	favourites map[favourite]bool
	streams    map[app.StreamID]app.Stream
	keys       map[app.PublishKeyID]app.PublishKey
	recordings map[app.RecordingID]app.Recording
}

type favourite struct {
	user app.UserID
	room app.RoomID
}

var _ app.Store = (*Store)(nil)

// NewStore returns an empty store.
func NewStore() *Store {
	return &Store{calls: make(map[string]int), users: make(map[app.UserID]app.User), sessions: make(map[app.SessionID]app.Session),
		rooms: make(map[app.RoomID]*room), favourites: make(map[favourite]bool), streams: make(map[app.StreamID]app.Stream), keys: make(map[app.PublishKeyID]app.PublishKey),
		recordings: make(map[app.RecordingID]app.Recording)}
}

// SetFail makes calls fail from now on: f is asked before each with the method's name, without any
// lock, and what it returns is the outcome unless it is nil. A nil f lets everything through again.
func (s *Store) SetFail(f func(method string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = f
}

// Calls returns how often each method was called, and begins to count anew.
func (s *Store) Calls() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := s.calls
	s.calls = make(map[string]int)
	return calls
}

// enter takes the lock for one call; texts are everything of the call that a database would have to hold.
func (s *Store) enter(ctx context.Context, method string, texts ...string) (leave func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, late(err)
	}
	s.mu.Lock()
	s.calls[method]++
	fail := s.fail
	s.mu.Unlock()
	if fail != nil {
		err = fail(method)
	}
	if err == nil {
		err = holdable(texts...)
	}
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	return s.mu.Unlock, nil
}

// holdable refuses text that not every database can hold.
func holdable(texts ...string) error {
	for _, t := range texts {
		if !utf8.ValidString(t) || strings.ContainsRune(t, 0) {
			return app.Wrap(app.CodeInvalid, errors.New("bad text"), "This holds characters that cannot be stored.")
		}
	}
	return nil
}

func late(err error) error {
	return app.Wrap(app.CodeUnavailable, err, "This took too long. Try again.")
}

func absent(what string) error { return app.Errorf(app.CodeNotFound, "%s does not exist.", what) }

func taken(field string) error {
	e := app.Errorf(app.CodeConflict, "This exists already.")
	e.Field = field
	return e
}

func fold(s string) string { return cases.Fold().String(norm.NFC.String(s)) }

// Ping implements app.Store.
func (s *Store) Ping(ctx context.Context) error {
	leave, err := s.enter(ctx, "Ping")
	if err != nil {
		return err
	}
	leave()
	return nil
}

// CreateUser implements app.UserStore.
func (s *Store) CreateUser(ctx context.Context, u app.User) error {
	leave, err := s.enter(ctx, "CreateUser", string(u.ID), u.Username, u.DisplayName)
	if err != nil {
		return err
	}
	defer leave()
	if _, ok := s.users[u.ID]; ok {
		return taken("id")
	}
	if field := s.clash(u); field != "" {
		return taken(field)
	}
	s.users[u.ID] = u
	return nil
}

// clash names the field in which u collides with another account. Holds s.mu.
func (s *Store) clash(u app.User) string {
	name := fold(u.Username)
	for id, other := range s.users {
		if id == u.ID {
			continue
		}
		if fold(other.Username) == name {
			return "username"
		}
		if u.Role == app.UserRoot && other.Role == app.UserRoot {
			return "role"
		}
	}
	return ""
}

// User implements app.UserStore.
func (s *Store) User(ctx context.Context, id app.UserID) (app.User, error) {
	leave, err := s.enter(ctx, "User", string(id))
	if err != nil {
		return app.User{}, err
	}
	defer leave()
	return s.findUser(func(u app.User) bool { return u.ID == id })
}

func (s *Store) findUser(which func(app.User) bool) (app.User, error) {
	for _, u := range s.users {
		if which(u) {
			return u, nil
		}
	}
	return app.User{}, absent("This account")
}

// UserByName implements app.UserStore.
func (s *Store) UserByName(ctx context.Context, username string) (app.User, error) {
	leave, err := s.enter(ctx, "UserByName", username)
	if err != nil {
		return app.User{}, err
	}
	defer leave()
	name := fold(username)
	return s.findUser(func(u app.User) bool { return fold(u.Username) == name })
}

// RootUser implements app.UserStore.
func (s *Store) RootUser(ctx context.Context) (app.User, error) {
	leave, err := s.enter(ctx, "RootUser")
	if err != nil {
		return app.User{}, err
	}
	defer leave()
	return s.findUser(func(u app.User) bool { return u.Role == app.UserRoot })
}

// UpdateUser implements app.UserStore.
func (s *Store) UpdateUser(ctx context.Context, id app.UserID, change func(*app.User) error) (app.User, error) {
	leave, err := s.enter(ctx, "UpdateUser", string(id))
	if err != nil {
		return app.User{}, err
	}
	defer leave()
	before, ok := s.users[id]
	if !ok {
		return app.User{}, absent("This account")
	}
	after := before
	if err := change(&after); err != nil {
		return app.User{}, err
	}
	after.ID, after.Created = before.ID, before.Created
	if field := s.clash(after); field != "" {
		return app.User{}, taken(field)
	}
	s.users[id] = after
	return after, nil
}

// DeleteUser implements app.UserStore.
func (s *Store) DeleteUser(ctx context.Context, id app.UserID) error {
	leave, err := s.enter(ctx, "DeleteUser", string(id))
	if err != nil {
		return err
	}
	defer leave()
	if _, ok := s.users[id]; !ok {
		return absent("This account")
	}
	delete(s.users, id)
	for key, ses := range s.sessions {
		if ses.UserID == id {
			delete(s.sessions, key)
		}
	}
	for key := range s.favourites {
		if key.user == id {
			delete(s.favourites, key)
		}
	}
	for key, r := range s.rooms {
		delete(r.members, app.PersonID(id))
		if r.room.OwnerID == id {
			s.dropRoom(key)
		}
	}
	s.dropStreams(func(v app.Stream) bool { return v.OwnerID == id })
	return nil
}

// ListUsers implements app.UserStore.
func (s *Store) ListUsers(ctx context.Context, query string, p app.Page) ([]app.User, string, error) {
	leave, err := s.enter(ctx, "ListUsers", query)
	if err != nil {
		return nil, "", err
	}
	defer leave()
	query = fold(query)
	var found []app.User
	for _, u := range s.users {
		if strings.Contains(fold(u.Username+"\n"+u.DisplayName), query) {
			found = append(found, u)
		}
	}
	return page("users", found, p, func(u app.User) place { return place{-int64(u.Created), "", string(u.ID), true} })
}

// CreateSession implements app.SessionStore.
func (s *Store) CreateSession(ctx context.Context, v app.Session) error {
	leave, err := s.enter(ctx, "CreateSession", string(v.ID))
	if err != nil {
		return err
	}
	defer leave()
	if _, ok := s.users[v.UserID]; !ok {
		return absent("This account")
	}
	if _, ok := s.sessions[v.ID]; ok {
		return taken("id")
	}
	s.sessions[v.ID] = cloneSession(v)
	return nil
}

func cloneSession(v app.Session) app.Session {
	v.RefreshHash, v.PreviousHash = bytes.Clone(v.RefreshHash), bytes.Clone(v.PreviousHash)
	return v
}

// Session implements app.SessionStore.
func (s *Store) Session(ctx context.Context, id app.SessionID) (app.Session, error) {
	leave, err := s.enter(ctx, "Session", string(id))
	if err != nil {
		return app.Session{}, err
	}
	defer leave()
	v, ok := s.sessions[id]
	if !ok {
		return app.Session{}, absent("This login")
	}
	return cloneSession(v), nil
}

// UpdateSession implements app.SessionStore.
func (s *Store) UpdateSession(ctx context.Context, id app.SessionID, change func(*app.Session) error) (app.Session, error) {
	leave, err := s.enter(ctx, "UpdateSession", string(id))
	if err != nil {
		return app.Session{}, err
	}
	defer leave()
	v, ok := s.sessions[id]
	if !ok {
		return app.Session{}, absent("This login")
	}
	v = cloneSession(v)
	if err = change(&v); err != nil && !errors.Is(err, app.ErrKeep) {
		return app.Session{}, err
	}
	s.sessions[id] = cloneSession(v)
	return v, err
}

// RevokeSessions implements app.SessionStore.
func (s *Store) RevokeSessions(ctx context.Context, id app.UserID, except app.SessionID, at app.Time) ([]app.SessionID, error) {
	leave, err := s.enter(ctx, "RevokeSessions", string(id))
	if err != nil {
		return nil, err
	}
	defer leave()
	var ended []app.SessionID
	for key, v := range s.sessions {
		if v.UserID == id && key != except && v.Revoked == 0 {
			v.Revoked = at
			s.sessions[key] = v
			ended = append(ended, key)
		}
	}
	slices.SortFunc(ended, func(a, b app.SessionID) int { return cmp.Compare(a, b) })
	return ended, nil
}

// DeleteExpiredSessions implements app.SessionStore.
func (s *Store) DeleteExpiredSessions(ctx context.Context, before app.Time) (int, error) {
	leave, err := s.enter(ctx, "DeleteExpiredSessions")
	if err != nil {
		return 0, err
	}
	defer leave()
	n := 0
	for key, v := range s.sessions {
		if v.Expires < before || v.Revoked != 0 && v.Revoked < before {
			delete(s.sessions, key)
			n++
		}
	}
	return n, nil
}
