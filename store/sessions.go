package store

import (
	"context"
	"errors"

	"synctv/app"
	"synctv/store/internal/db"
)

const (
	sessionColumns = "id, user_id, refresh_hash, previous_hash, created, rotated, expires, revoked"
	noSession      = "This login"
	deleteAtOnce   = 500 // rows of one transaction, so that others get their turn
)

func scanSession(r db.Row) (v app.Session, err error) {
	err = r.Scan(&v.ID, &v.UserID, &v.RefreshHash, &v.PreviousHash, &v.Created, &v.Rotated, &v.Expires, &v.Revoked)
	return v, err
}

// CreateSession adds a login of an account that exists.
func (s *Store) CreateSession(ctx context.Context, v app.Session) error {
	return s.write(ctx, noSession, func(tx db.Tx) error {
		tx.Exec("INSERT INTO sessions ("+sessionColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
			v.ID, v.UserID, v.RefreshHash, v.PreviousHash, v.Created, v.Rotated, v.Expires, v.Revoked)
		return nil
	})
}

// Session returns a login, also one that has ended.
func (s *Store) Session(ctx context.Context, id app.SessionID) (app.Session, error) {
	return one(ctx, s.db, scanSession, noSession, "SELECT "+sessionColumns+" FROM sessions WHERE id = $1", id)
}

// UpdateSession changes a login while nobody else can. Its identifier, account and birth stay as they are. With an error
// that wraps app.ErrKeep, change has its writes kept; the login is returned beside that error.
func (s *Store) UpdateSession(ctx context.Context, id app.SessionID, change func(*app.Session) error) (app.Session, error) {
	var v app.Session
	var kept error
	err := db.Retry(ctx, func() error {
		called := false
		err := s.db.Tx(ctx, func(tx db.Tx) (err error) {
			v, err = one(ctx, tx, scanSession, noSession, "SELECT "+sessionColumns+" FROM sessions WHERE id = $1"+s.db.ForUpdate(), id)
			if err != nil {
				return err
			}
			called = true
			user, created := v.UserID, v.Created
			if kept = change(&v); kept != nil && !errors.Is(kept, app.ErrKeep) {
				return kept
			}
			v.ID, v.UserID, v.Created = id, user, created
			tx.Exec(`UPDATE sessions SET refresh_hash = $2, previous_hash = $3, rotated = $4, expires = $5, revoked = $6
				WHERE id = $1`, id, v.RefreshHash, v.PreviousHash, v.Rotated, v.Expires, v.Revoked)
			return nil
		})
		return once(err, called)
	})
	if err != nil {
		return app.Session{}, failure(err, noSession)
	}
	return v, kept
}

// RevokeSessions ends the living logins of an account.
func (s *Store) RevokeSessions(ctx context.Context, id app.UserID, except app.SessionID, at app.Time) ([]app.SessionID, error) {
	var ended []app.SessionID
	err := s.write(ctx, noSession, func(tx db.Tx) (err error) {
		ended, err = all(ctx, tx, scanOne[app.SessionID], `UPDATE sessions SET revoked = $3
			WHERE user_id = $1 AND id <> $2 AND revoked = 0 AND expires > $3 RETURNING id`, id, except, at)
		return err
	})
	if err != nil {
		return nil, err
	}
	return ended, nil
}

// DeleteExpiredSessions removes logins that ended, by time or by revocation, before the given time.
func (s *Store) DeleteExpiredSessions(ctx context.Context, before app.Time) (int, error) {
	total := 0
	for {
		var n int64
		err := s.write(ctx, noSession, func(tx db.Tx) (err error) {
			n, err = tx.Count(ctx, `DELETE FROM sessions WHERE id IN (SELECT id FROM sessions
				WHERE expires < $1 OR (revoked > 0 AND revoked < $1) LIMIT $2)`, before, deleteAtOnce)
			return err
		})
		if err != nil {
			return total, err
		}
		total += int(n)
		if n < deleteAtOnce {
			return total, nil
		}
	}
}
