package store

import (
	"context"
	"math"

	"synctv/app"
	"synctv/store/internal/db"
)

const (
	userColumns = "id, username, display_name, role, disabled, password_hash, created"
	noUser      = "This account"
)

func scanUser(r db.Row) (u app.User, err error) {
	err = r.Scan(&u.ID, &u.Username, &u.DisplayName, &u.Role, &u.Disabled, &u.PasswordHash, &u.Created)
	return u, err
}

// userSearchKey is what ListUsers looks into: the line break keeps a match from spanning both names.
func userSearchKey(u app.User) string { return fold(u.Username + "\n" + u.DisplayName) }

// CreateUser adds an account.
func (s *Store) CreateUser(ctx context.Context, u app.User) error {
	return s.write(ctx, noUser, func(tx db.Tx) error {
		tx.Exec(`INSERT INTO users (id, username, username_key, display_name, search_key, role, disabled, password_hash, created)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			u.ID, u.Username, fold(u.Username), u.DisplayName, userSearchKey(u), u.Role, u.Disabled, u.PasswordHash, u.Created)
		return nil
	})
}

// User returns an account by its identifier.
func (s *Store) User(ctx context.Context, id app.UserID) (app.User, error) {
	return one(ctx, s.db, scanUser, noUser, "SELECT "+userColumns+" FROM users WHERE id = $1", id)
}

// UserByName returns an account by its name, written in any case.
func (s *Store) UserByName(ctx context.Context, username string) (app.User, error) {
	return one(ctx, s.db, scanUser, noUser, "SELECT "+userColumns+" FROM users WHERE username_key = $1", fold(username))
}

// RootUser returns the owner of the server.
func (s *Store) RootUser(ctx context.Context) (app.User, error) {
	return one(ctx, s.db, scanUser, "The root account", "SELECT "+userColumns+" FROM users WHERE role = 'root'")
}

// UpdateUser changes an account while nobody else can. Its identifier and its birth stay as they are.
func (s *Store) UpdateUser(ctx context.Context, id app.UserID, change func(*app.User) error) (app.User, error) {
	var u app.User
	err := db.Retry(ctx, func() error {
		called := false
		err := s.db.Tx(ctx, func(tx db.Tx) (err error) {
			u, err = one(ctx, tx, scanUser, noUser, "SELECT "+userColumns+" FROM users WHERE id = $1"+s.db.ForUpdate(), id)
			if err != nil {
				return err
			}
			called = true
			created := u.Created
			if err := change(&u); err != nil {
				return err
			}
			u.ID, u.Created = id, created
			tx.Exec(`UPDATE users SET username = $2, username_key = $3, display_name = $4, search_key = $5, role = $6,
				disabled = $7, password_hash = $8 WHERE id = $1`,
				id, u.Username, fold(u.Username), u.DisplayName, userSearchKey(u), u.Role, u.Disabled, u.PasswordHash)
			return nil
		})
		return once(err, called)
	})
	if err != nil {
		return app.User{}, failure(err, noUser)
	}
	return u, nil
}

// DeleteUser removes an account with its logins, favourites, memberships and rooms.
func (s *Store) DeleteUser(ctx context.Context, id app.UserID) error {
	return s.write(ctx, noUser, func(tx db.Tx) error {
		n, err := tx.Count(ctx, "DELETE FROM users WHERE id = $1", id)
		if err == nil && n == 0 {
			return absent(noUser)
		}
		tx.Exec("DELETE FROM members WHERE person_id = $1", app.PersonID(id))
		return err
	})
}

// ListUsers pages through the accounts, newest first.
func (s *Store) ListUsers(ctx context.Context, query string, p app.Page) ([]app.User, string, error) {
	const list = "users"
	at, err := from(list, p, position{n: math.MaxInt64})
	if err != nil {
		return nil, "", err
	}
	users, err := all(ctx, s.db, scanUser, "SELECT "+userColumns+` FROM users
		WHERE (created, id) < ($1, $2) AND search_key LIKE $3 ESCAPE '\' ORDER BY created DESC, id DESC LIMIT $4`,
		at.n, at.id, pattern(query), limit(p.Limit)+1)
	if err != nil {
		return nil, "", err
	}
	users, next := cut(list, users, p, func(u app.User) position { return position{n: int64(u.Created), id: string(u.ID)} })
	return users, next, nil
}

// once keeps an attempt from being repeated when the caller's function has run: it might not expect to run twice.
func once(err error, called bool) error {
	if called {
		return db.Final(err)
	}
	return err
}
