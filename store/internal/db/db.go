// Package db lets one SQL text run on two engines: PostgreSQL through pgx, and SQLite inside the process.
//
// It knows nothing of rooms and people. Statements use $1 parameters and only what both engines understand alike; the one
// difference a caller sees is [DB.ForUpdate]. Arguments are strings, integers, floats, booleans, byte slices, nil, and
// types made of them. Failures are *[Error] values with a [Kind], whatever engine they come from; what a callback
// returns is passed on untouched.
//
// Durability: when Tx returns nil, the transaction survives the loss of the process and of the machine (PostgreSQL: as
// its synchronous_commit says).
package db

import (
	"context"
	"strings"
	"time"
)

// Config says which database.
type Config struct {
	// URL is "postgres://…" as libpq writes it, or "sqlite:///absolute/path" or "sqlite:relative/path".
	URL string
	// MaxConns bounds connections: of PostgreSQL all, of SQLite those that read. 0 means 16 for PostgreSQL and one
	// per core, at least 4, for SQLite.
	MaxConns int
	// NoGroupCommit makes SQLite commit each transaction alone. Only a benchmark wants that.
	NoGroupCommit bool
}

// The dialects.
const (
	Postgres = "postgres"
	SQLite   = "sqlite"
)

// Row is one row of a result. Destinations are pointers to what arguments may be; a pointer to a pointer takes NULL.
type Row interface {
	Scan(dest ...any) error
}

// Reader runs queries.
type Reader interface {
	// Row gives the first row of a query to scan. Without any row it fails with NoRows.
	Row(ctx context.Context, scan func(Row) error, sql string, args ...any) error
	// Each gives every row of a query to scan, in order, until scan fails.
	Each(ctx context.Context, scan func(Row) error, sql string, args ...any) error
}

// Tx is one write transaction, for one goroutine, until the function it was given to returns. Its reads see its own
// writes. After the first failure other than NoRows every further call fails the same way and nothing is kept.
type Tx interface {
	Reader
	// Exec queues a write. Its failure is told by the next call that answers, or by the end of the transaction:
	// so writes travel together.
	Exec(sql string, args ...any)
	// Count runs a write and tells how many rows it met.
	Count(ctx context.Context, sql string, args ...any) (int64, error)
}

// DB is a database. Its own reads see committed state. Methods are safe for concurrent use.
type DB interface {
	Reader
	// Tx runs change in one transaction and returns when it is durable; when change fails (or panics) nothing
	// happened. The end of ctx stops waiting and running statements, but not a commit that has begun. A transaction
	// inside a transaction is not possible: on SQLite it would wait for itself.
	Tx(ctx context.Context, change func(Tx) error) error
	// ForUpdate goes after a SELECT of one row inside Tx that is to be held until the end.
	ForUpdate() string
	// Dialect is Postgres or SQLite.
	Dialect() string
	Ping(ctx context.Context) error
	Stats() Stats
	// Close waits for what runs, then closes the connections.
	Close()
}

// Stats are figures since Open, for metrics.
type Stats struct {
	Max   int // connections at most
	Open  int // connections there are
	InUse int // connections at work

	Waits  uint64        // times somebody waited for a connection
	Waited time.Duration // altogether

	Transactions uint64 // transactions that were committed
	Commits      uint64 // commits that took; fewer than Transactions when they travelled together
}

// Open connects to the database. It changes nothing in it; see Migrate.
func Open(ctx context.Context, cfg Config) (DB, error) {
	switch cfg.dialect() {
	case Postgres:
		return openPostgres(ctx, cfg)
	case SQLite:
		return openSQLite(ctx, cfg)
	}
	return nil, badURL(nil)
}

// dialect is "" for a URL that is neither.
func (c Config) dialect() string {
	scheme, _, _ := strings.Cut(c.URL, ":")
	if scheme == "postgresql" {
		return Postgres
	}
	if scheme == Postgres || scheme == SQLite {
		return scheme
	}
	return ""
}

// badURL does not repeat the URL: it may hold a password.
func badURL(cause error) error {
	return &Error{
		Kind: BadConfig, cause: cause,
		Message: "The database URL must look like sqlite:///path/file.db or postgres://user:password@host/name.",
	}
}
