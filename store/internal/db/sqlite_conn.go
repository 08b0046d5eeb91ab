package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"time"

	"modernc.org/sqlite"
)

const (
	busyTimeout   = 5 * time.Second // how long to wait for another program that holds the file
	maxStatements = 256             // prepared statements of one connection
)

// sqliteDSN is the driver's name for the file at path, with pragmas ("name(value)") for every connection.
func sqliteDSN(path string, pragmas ...string) string {
	q := url.Values{"_dqs": {"0"}, "_error_rc": {"1"}}
	for _, p := range pragmas {
		q.Add("_pragma", p)
	}
	return (&url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: q.Encode()}).String()
}

func pragma(name string, value int64) string { return name + "(" + strconv.FormatInt(value, 10) + ")" }

// sqliteConn is one connection with the statements prepared on it. It is for one goroutine at a time. It uses the driver
// without database/sql, whose pool has no place for one writer, and whose statements are prepared anew for each use.
type sqliteConn struct {
	conn       driver.Conn
	statements map[string]sqliteStatement
}

// sqliteStatement is what the driver's statements are.
type sqliteStatement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

func dialSQLite(ctx context.Context, dsn string) (*sqliteConn, error) {
	connector, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, sqliteError(ctx, err)
	}
	conn, err := connector.Connect(ctx)
	if err != nil {
		return nil, sqliteError(ctx, err)
	}
	return &sqliteConn{conn: conn, statements: make(map[string]sqliteStatement)}, nil
}

func (c *sqliteConn) prepare(sql string) (sqliteStatement, error) {
	if s, ok := c.statements[sql]; ok {
		return s, nil
	}
	if len(c.statements) >= maxStatements {
		c.forget()
	}
	prepared, err := c.conn.Prepare(sql)
	if err != nil {
		return nil, err
	}
	s, ok := prepared.(sqliteStatement)
	if !ok {
		return nil, fmt.Errorf("sqlite: statements are %T", prepared)
	}
	c.statements[sql] = s
	return s, nil
}

func (c *sqliteConn) forget() {
	for _, s := range c.statements {
		_ = s.Close()
	}
	clear(c.statements)
}

func (c *sqliteConn) close() {
	c.forget()
	_ = c.conn.Close()
}

// exec runs a statement to its end and tells how many rows it changed.
func (c *sqliteConn) exec(ctx context.Context, sql string, args ...any) (int64, error) {
	named, err := namedValues(args)
	if err != nil {
		return 0, err
	}
	s, err := c.prepare(sql)
	if err != nil {
		return 0, sqliteError(ctx, err)
	}
	r, err := s.ExecContext(ctx, named)
	if err != nil {
		return 0, sqliteError(ctx, err)
	}
	n, err := r.RowsAffected()
	if err != nil {
		return 0, sqliteError(ctx, err)
	}
	return n, nil
}

// query gives at most limit rows to scan (0 is no limit) and tells how many it gave.
func (c *sqliteConn) query(ctx context.Context, limit int, scan func(Row) error, sql string, args []any) (int, error) {
	named, err := namedValues(args)
	if err != nil {
		return 0, err
	}
	s, err := c.prepare(sql)
	if err != nil {
		return 0, sqliteError(ctx, err)
	}
	rows, err := s.QueryContext(ctx, named)
	if err != nil {
		return 0, sqliteError(ctx, err)
	}
	n, err := scanSQLite(ctx, rows, limit, scan)
	if e := rows.Close(); e != nil && err == nil {
		err = sqliteError(ctx, e)
	}
	return n, err
}

func scanSQLite(ctx context.Context, rows driver.Rows, limit int, scan func(Row) error) (int, error) {
	row := make(sqliteRow, len(rows.Columns()))
	for n := 0; ; n++ {
		if err := ctx.Err(); err != nil {
			return n, cancelled(err)
		}
		err := rows.Next(row)
		switch {
		case errors.Is(err, io.EOF):
			return n, nil
		case err != nil:
			return n, sqliteError(ctx, err)
		}
		if err := scan(row); err != nil {
			return n, err
		}
		if limit > 0 && n+1 == limit {
			return n + 1, nil
		}
	}
}

func namedValues(args []any) ([]driver.NamedValue, error) {
	named := make([]driver.NamedValue, len(args))
	for i, a := range args {
		v, err := value(a)
		if err != nil {
			return nil, err
		}
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return named, nil
}

type sqliteRow []driver.Value

func (r sqliteRow) Scan(dest ...any) error {
	if len(dest) != len(r) {
		return fmt.Errorf("database: %d columns for %d destinations", len(r), len(dest))
	}
	for i, d := range dest {
		if err := assign(d, r[i]); err != nil {
			return fmt.Errorf("column %d: %w", i, err)
		}
	}
	return nil
}
