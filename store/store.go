// Package store keeps what must not be lost: accounts, rooms and everything in them, in PostgreSQL or in a SQLite file.
//
// A Store is app's Store. Each aggregate has a file of its own with its SQL in sight; the text is the same for both
// engines (see internal/db), and migrations/ holds the schema.
//
// Order: the changes of one room happen one after the other on every node, because whoever changes it holds the room's
// row; that row gives out the numbers of events. Durability: what a method acknowledged with a nil error survives the
// loss of the process and of the machine. A method whose ctx ends, or whose connection breaks during the commit, fails;
// in the second case what it wrote may be there all the same, and the message's client id or the caller's next read tells.
package store

import (
	"context"
	"errors"
	"fmt"

	"synctv/app"
	"synctv/migrations"
	"synctv/store/internal/db"
)

// Config says which database, and how.
type Config struct {
	// URL is "postgres://user:password@host/name?…" as libpq understands it, or "sqlite:///absolute/path.db"
	// ("sqlite:relative.db" is relative to the working directory).
	URL string
	// MaxConns bounds connections: of PostgreSQL all of them, of SQLite those that read. 0 takes what suits:
	// 16 for PostgreSQL (or pool_max_conns of the URL), one per core but at least 4 for SQLite.
	MaxConns int
}

// Store is safe for concurrent use. Values that methods return belong to the caller.
type Store struct {
	db  db.DB
	hot *queue // PostgreSQL only, else nil
}

var _ app.Store = (*Store)(nil)

// Open connects and brings the schema up to date; however many processes do so at once, it happens once. It fails with
// CodeUnavailable when the database does not answer, and with CodeUnsupported when a newer program wrote it or the
// configuration cannot work; the message tells the operator what to do.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	return open(ctx, db.Config{URL: cfg.URL, MaxConns: cfg.MaxConns})
}

func open(ctx context.Context, cfg db.Config) (*Store, error) {
	var d db.DB
	err := db.Retry(ctx, func() error {
		_, err := db.Migrate(ctx, cfg, migrations.FS)
		if err == nil {
			d, err = db.Open(ctx, cfg)
		}
		return err
	})
	if err != nil {
		return nil, openError(err)
	}
	s := &Store{db: d}
	if d.Dialect() == db.Postgres {
		s.hot = newQueue()
	}
	return s, nil
}

// openError speaks to the operator: unlike in a request, the cause helps.
func openError(err error) error {
	code, message := app.CodeUnavailable, "The database does not answer."
	switch db.KindOf(err) {
	case db.BadConfig:
		code, message = app.CodeUnsupported, "The database refuses us: check its name, the user and the password."
	case db.Unavailable, db.Cancelled:
	default:
		return fmt.Errorf("open the database: %w", err)
	}
	var e *db.Error
	if errors.As(err, &e) && e.Message != "" {
		message = e.Message
	}
	return app.Wrap(code, err, message)
}

// Close waits for what runs and lets the database go. Methods fail with CodeUnavailable after.
func (s *Store) Close() { s.db.Close() }

// Dialect is "postgres" or "sqlite". Only PostgreSQL can serve more than one node.
func (s *Store) Dialect() string { return s.db.Dialect() }

// Stats are figures of the connections, for metrics.
type Stats = db.Stats

// Stats returns the figures of now.
func (s *Store) Stats() Stats { return s.db.Stats() }

// Ping tells whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return failure(s.db.Ping(ctx), "") }
