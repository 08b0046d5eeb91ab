package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
)

const (
	versionTable = "schema_versions"
	// migrationLock is the key of PostgreSQL's advisory lock: "synctv" in ASCII.
	migrationLock = 0x73796e637476
	// migrationPatience is how long to wait for another process that migrates.
	migrationPatience = 60 * time.Second
)

// Migrate brings the schema up to the newest file of files and tells how many files that took. However many processes
// begin at once, each file runs once; the others wait. It refuses a schema that is newer than the files.
func Migrate(ctx context.Context, cfg Config, files fs.FS) (applied int, err error) {
	m, err := newMigrator(ctx, cfg, files)
	if err != nil {
		return 0, err
	}
	applied, err = m.run(ctx)
	if err != nil {
		return 0, m.explain(ctx, err)
	}
	return applied, nil
}

// migrator is one attempt. goose wants database/sql, so it gets connections of its own. Its own lock is not used: it looks
// at the table of versions, and makes it, before it locks.
type migrator struct {
	files   fs.FS
	dialect database.Dialect
	open    func() (*sql.DB, error)
	// lock keeps every other migrator away until unlock, which is told whether the work went well.
	lock    func(context.Context, *sql.DB) (unlock func(ok bool) error, err error)
	explain func(context.Context, error) error
}

func newMigrator(ctx context.Context, cfg Config, files fs.FS) (*migrator, error) {
	switch cfg.dialect() {
	case Postgres:
		return newPostgresMigrator(cfg, files)
	case SQLite:
		return newSQLiteMigrator(ctx, cfg, files)
	}
	return nil, badURL(nil)
}

func newPostgresMigrator(cfg Config, files fs.FS) (*migrator, error) {
	pool, err := postgresConfig(cfg)
	if err != nil {
		return nil, err
	}
	return &migrator{
		files: files, dialect: database.DialectPostgres, lock: lockPostgres,
		// Without the session settings of the pool: a migration, and the wait for another one, may take long.
		open:    func() (*sql.DB, error) { return stdlib.OpenDB(*pool.ConnConfig), nil },
		explain: func(ctx context.Context, err error) error { return postgresError(ctx, err, false) },
	}, nil
}

func newSQLiteMigrator(ctx context.Context, cfg Config, files fs.FS) (*migrator, error) {
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
	return &migrator{
		files: files, dialect: database.DialectSQLite3, lock: lockSQLite,
		open:    func() (*sql.DB, error) { return openNesting(path) },
		explain: sqliteError,
	}, nil
}

func (m *migrator) run(ctx context.Context) (applied int, err error) {
	target, err := newest(m.files)
	if err != nil {
		return 0, err
	}
	have, err := m.version(ctx)
	if err != nil {
		return 0, err
	}
	if have < target {
		if applied, err = m.up(ctx); err != nil {
			return 0, err
		}
		if have, err = m.version(ctx); err != nil {
			return 0, err
		}
	}
	if have > target {
		return 0, &Error{Kind: BadConfig, Message: fmt.Sprintf("The database was written by a newer SyncTV: its schema is "+
			"version %d, and this program knows %d. Start the newer program, or restore an older backup.", have, target)}
	}
	return applied, nil
}

// newest is the number of the last file.
func newest(files fs.FS) (int64, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil || len(names) == 0 {
		return 0, errors.Join(errors.New("no migrations"), err)
	}
	return goose.NumericComponent(names[len(names)-1]) // Glob sorts
}

// version is the version of the schema, 0 for an empty database. It changes nothing and needs no lock.
func (m *migrator) version(ctx context.Context) (int64, error) {
	db, err := m.open()
	if err != nil {
		return 0, err
	}
	defer db.Close()
	exists := "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = $1"
	if m.dialect == database.DialectPostgres {
		exists = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = $1"
	}
	var n, version int64
	if err := db.QueryRowContext(ctx, exists, versionTable).Scan(&n); err != nil || n == 0 {
		return 0, err
	}
	err = db.QueryRowContext(ctx, "SELECT COALESCE(MAX(version_id), 0) FROM "+versionTable).Scan(&version)
	return version, err
}

func (m *migrator) up(ctx context.Context) (applied int, err error) {
	db, err := m.open()
	if err != nil {
		return 0, err
	}
	defer db.Close()
	waiting, cancel := context.WithTimeout(ctx, migrationPatience)
	defer cancel()
	unlock, err := m.lock(waiting, db)
	if err != nil {
		return 0, &Error{
			Kind: Unavailable, cause: err, Message: "Another process changes the schema of the database and does not come to an end.",
		}
	}
	defer func() { err = errors.Join(err, unlock(err == nil)) }()
	p, err := goose.NewProvider(m.dialect, db, m.files,
		goose.WithTableName(versionTable), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return 0, err
	}
	done, err := p.Up(ctx)
	return len(done), err
}

// lockPostgres takes an advisory lock of a session. It waits inside the server, so it goes on at once when the lock is
// free, and a process that dies frees it.
func lockPostgres(ctx context.Context, db *sql.DB) (unlock func(bool) error, err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", int64(migrationLock)); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return func(bool) error {
		_, err := conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(migrationLock))
		return errors.Join(err, conn.Close())
	}, nil
}
