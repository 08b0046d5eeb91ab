package db

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// sqliteDB is a SQLite file in WAL mode: one connection writes, some read, and nobody waits for the other kind.
type sqliteDB struct {
	// immutable after openSQLite
	max     int
	readers chan *sqliteConn // those at rest
	writer  *sqliteWriter
	quit    chan struct{} // closed by Close
	close   func()

	waits    atomic.Uint64
	waitedNs atomic.Int64
}

// sqlitePath takes the path of the file out of a URL.
func sqlitePath(rawURL string) (string, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return "", badURL(err)
	}
	path := u.Path
	if u.Opaque != "" {
		if path, err = url.PathUnescape(u.Opaque); err != nil {
			return "", badURL(err)
		}
	}
	if u.Host != "" || u.RawQuery != "" || path == "" || strings.HasSuffix(path, "/") || strings.HasPrefix(path, ":") {
		return "", badURL(nil)
	}
	if path, err = filepath.Abs(path); err != nil {
		return "", badURL(err)
	}
	return path, nil
}

// createSQLite makes the file for its owner's eyes only; SQLite gives the files beside it the same mode. A file that is
// there is left alone: whoever opens and closes it takes away the locks that this process holds on it (POSIX).
func createSQLite(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return &Error{Kind: BadConfig, Message: "The directory of the database cannot be made.", cause: err}
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
			return &Error{Kind: BadConfig, Message: "The path of the database is not that of a file."}
		}
		return nil
	}
	if err != nil {
		return &Error{Kind: BadConfig, Message: "The database file cannot be made.", cause: err}
	}
	return f.Close()
}

// enterWAL makes the file write-ahead, for good. Changing the journal does not wait in line like a transaction does:
// of several processes that begin on an empty file all but one are turned away, and ask again.
func enterWAL(ctx context.Context, path string) error {
	c, err := dialSQLite(ctx, sqliteDSN(path, pragma("busy_timeout", 0)))
	if err != nil {
		return err
	}
	defer c.close()
	for end := time.Now().Add(busyTimeout); ; {
		var mode string
		_, err := c.query(ctx, 1, func(r Row) error { return r.Scan(&mode) }, "PRAGMA journal_mode = WAL", nil)
		switch {
		case err == nil && mode == "wal":
			return nil
		case err == nil:
			return &Error{Kind: BadConfig, Message: "The database file is on a file system that SQLite cannot share memory on."}
		case KindOf(err) != Unavailable || time.Now().After(end):
			return err
		}
		select {
		case <-ctx.Done():
			return cancelled(ctx.Err())
		case <-time.After(time.Millisecond + rand.N(10*time.Millisecond)):
		}
	}
}

func openSQLite(ctx context.Context, cfg Config) (DB, error) {
	path, err := sqlitePath(cfg.URL)
	if err != nil {
		return nil, err
	}
	if err := createSQLite(path); err != nil {
		return nil, err
	}
	if err := enterWAL(ctx, path); err != nil {
		return nil, err
	}
	shared := []string{
		pragma("busy_timeout", busyTimeout.Milliseconds()), // first: the others may have to wait
		pragma("foreign_keys", 1),
		pragma("cache_size", -8192), // KiB for each connection
	}
	// FULL: a commit is on the disk before it is acknowledged, also when the power fails.
	conn, err := dialSQLite(ctx, sqliteDSN(path, append(shared,
		"synchronous(FULL)", pragma("journal_size_limit", 64<<20))...))
	if err != nil {
		return nil, err
	}
	db := &sqliteDB{max: cfg.MaxConns, quit: make(chan struct{})}
	if db.max <= 0 {
		db.max = max(4, runtime.GOMAXPROCS(0))
	}
	db.readers = make(chan *sqliteConn, db.max)
	for range db.max {
		r, err := dialSQLite(ctx, sqliteDSN(path, append(shared, pragma("query_only", 1))...))
		if err != nil {
			db.closeReaders()
			conn.close()
			return nil, err
		}
		db.readers <- r
	}
	together := maxTogether
	if cfg.NoGroupCommit {
		together = 1
	}
	db.writer = newSQLiteWriter(conn, together)
	db.close = sync.OnceFunc(func() {
		close(db.quit)
		for range db.max {
			(<-db.readers).close()
		}
		db.writer.close()
	})
	return db, nil
}

// closeReaders closes those at rest.
func (d *sqliteDB) closeReaders() {
	for len(d.readers) > 0 {
		(<-d.readers).close()
	}
}

func (d *sqliteDB) Tx(ctx context.Context, change func(Tx) error) error {
	return d.writer.tx(ctx, change)
}

func (d *sqliteDB) Row(ctx context.Context, scan func(Row) error, sql string, args ...any) error {
	n, err := d.read(ctx, 1, scan, sql, args)
	if err == nil && n == 0 {
		return noRows()
	}
	return err
}

func (d *sqliteDB) Each(ctx context.Context, scan func(Row) error, sql string, args ...any) error {
	_, err := d.read(ctx, 0, scan, sql, args)
	return err
}

func (d *sqliteDB) read(ctx context.Context, limit int, scan func(Row) error, sql string, args []any) (int, error) {
	c, err := d.reader(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { d.readers <- c }()
	return c.query(ctx, limit, scan, sql, args)
}

// reader waits for a connection.
func (d *sqliteDB) reader(ctx context.Context) (*sqliteConn, error) {
	select {
	case <-d.quit:
		return nil, closed()
	default:
	}
	select {
	case c := <-d.readers:
		return c, nil
	default:
	}
	since := time.Now()
	defer func() {
		d.waits.Add(1)
		d.waitedNs.Add(int64(time.Since(since)))
	}()
	select {
	case c := <-d.readers:
		return c, nil
	case <-ctx.Done():
		return nil, cancelled(ctx.Err())
	case <-d.quit:
		return nil, closed()
	}
}

// ForUpdate is empty: there is one writer.
func (d *sqliteDB) ForUpdate() string { return "" }

func (d *sqliteDB) Dialect() string { return SQLite }

func (d *sqliteDB) Ping(ctx context.Context) error {
	var n int64
	return d.Row(ctx, func(r Row) error { return r.Scan(&n) }, "SELECT count(*) FROM sqlite_schema")
}

func (d *sqliteDB) Stats() Stats {
	w := d.writer
	s := Stats{
		Max: d.max + 1, Open: d.max + 1, InUse: d.max - len(d.readers),
		Waits:        d.waits.Load() + w.waits.Load(),
		Waited:       time.Duration(d.waitedNs.Load() + w.waitedNs.Load()),
		Transactions: w.transactions.Load(), Commits: w.commits.Load(),
	}
	if w.busy.Load() {
		s.InUse++
	}
	return s
}

func (d *sqliteDB) Close() { d.close() }
