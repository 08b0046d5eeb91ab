package db

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/puddle/v2"
)

const (
	postgresConns  = 16
	connectTimeout = 5 * time.Second
	// A cancelled statement is asked to end; if the server does not answer in this time the connection is given up.
	cancelPatience = 3 * time.Second
	// endTimeout bounds COMMIT and ROLLBACK, which do not end with the caller's ctx.
	endTimeout = 15 * time.Second
	// The server ends a transaction whose node froze, so that a room is not locked for ever, and a wait for one.
	sessionSettings = "SET idle_in_transaction_session_timeout = '20s'; SET lock_timeout = '10s'"
)

// postgresDB is a PostgreSQL database behind a bounded pool. pgx keeps the statements prepared on each connection.
type postgresDB struct {
	pool *pgxpool.Pool

	transactions atomic.Uint64
}

// postgresConfig reads a URL. Settings that the URL makes win over ours.
func postgresConfig(cfg Config) (*pgxpool.Config, error) {
	c, err := pgxpool.ParseConfig(cfg.URL)
	if err != nil {
		return nil, badURL(nil) // the cause repeats parts of the URL
	}
	if !strings.Contains(cfg.URL, "pool_max_conns") {
		c.MaxConns = postgresConns
	}
	if cfg.MaxConns > 0 {
		c.MaxConns = int32(min(cfg.MaxConns, 10_000))
	}
	conn := c.ConnConfig
	if conn.ConnectTimeout == 0 {
		conn.ConnectTimeout = connectTimeout
	}
	if conn.RuntimeParams["application_name"] == "" {
		conn.RuntimeParams["application_name"] = "synctv"
	}
	conn.BuildContextWatcherHandler = func(p *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: p, DeadlineDelay: cancelPatience}
	}
	c.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.PgConn().Exec(ctx, sessionSettings).ReadAll()
		return err
	}
	return c, nil
}

func openPostgres(ctx context.Context, cfg Config) (DB, error) {
	c, err := postgresConfig(cfg)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, c)
	if err != nil {
		return nil, postgresError(ctx, err, false)
	}
	d := &postgresDB{pool: pool}
	if err := d.Ping(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	return d, nil
}

func (d *postgresDB) Row(ctx context.Context, scan func(Row) error, sql string, args ...any) error {
	n, err := d.read(ctx, 1, scan, sql, args)
	if err == nil && n == 0 {
		return noRows()
	}
	return err
}

func (d *postgresDB) Each(ctx context.Context, scan func(Row) error, sql string, args ...any) error {
	_, err := d.read(ctx, 0, scan, sql, args)
	return err
}

// read runs a query, again when the connection turns out to be broken before the first row came.
func (d *postgresDB) read(ctx context.Context, limit int, scan func(Row) error, sql string, args []any) (n int, err error) {
	if args, err = values(args); err != nil {
		return 0, err
	}
	err = Retry(ctx, func() error {
		rows, err := d.pool.Query(ctx, sql, args...)
		if err != nil {
			return poolError(ctx, err)
		}
		n, err = scanPostgres(ctx, rows, limit, scan)
		if n > 0 {
			return Final(err)
		}
		return err
	})
	return n, err
}

// scanPostgres gives at most limit rows to scan (0 is no limit) and closes rows. What scan returns is passed on as it is.
func scanPostgres(ctx context.Context, rows pgx.Rows, limit int, scan func(Row) error) (n int, err error) {
	for rows.Next() {
		n++
		if err = scan(rows); err != nil || n == limit {
			break
		}
	}
	rows.Close()
	if err == nil && rows.Err() != nil {
		err = postgresError(ctx, rows.Err(), false)
	}
	return n, err
}

func (d *postgresDB) Tx(ctx context.Context, change func(Tx) error) error {
	conn, err := d.pool.Acquire(ctx)
	if err != nil {
		return poolError(ctx, err)
	}
	t := newPostgresTx(conn.Conn())
	defer func() {
		t.rollback(ctx) // does nothing after a commit
		conn.Release()
	}()
	if err := change(t); err != nil {
		return err
	}
	if err := t.commit(ctx); err != nil {
		return err
	}
	d.transactions.Add(1)
	return nil
}

func poolError(ctx context.Context, err error) error {
	if errors.Is(err, puddle.ErrClosedPool) {
		return closed()
	}
	return postgresError(ctx, err, false)
}

// ForUpdate holds the row until the transaction ends.
func (d *postgresDB) ForUpdate() string { return " FOR UPDATE" }

func (d *postgresDB) Dialect() string { return Postgres }

func (d *postgresDB) Ping(ctx context.Context) error {
	var n int64
	return d.Row(ctx, func(r Row) error { return r.Scan(&n) }, "SELECT 1")
}

func (d *postgresDB) Stats() Stats {
	s := d.pool.Stat()
	n := d.transactions.Load()
	return Stats{
		Max: int(s.MaxConns()), Open: int(s.TotalConns()), InUse: int(s.AcquiredConns()),
		Waits: uint64(s.EmptyAcquireCount()), Waited: s.EmptyAcquireWaitTime(),
		Transactions: n, Commits: n,
	}
}

func (d *postgresDB) Close() { d.pool.Close() }
