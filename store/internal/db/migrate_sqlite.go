package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"

	"modernc.org/sqlite"
)

// lockSQLite makes all migrations one transaction: SQLite has no lock that outlives a transaction and that others wait
// for in line. The transactions of goose become savepoints in it; see nestingConn.
func lockSQLite(ctx context.Context, db *sql.DB) (unlock func(ok bool) error, err error) {
	if _, err := db.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return nil, err
	}
	return func(ok bool) error {
		end := "ROLLBACK"
		if ok {
			end = "COMMIT"
		}
		_, err := db.ExecContext(context.WithoutCancel(ctx), end)
		return err
	}, nil
}

// openNesting opens the file with one connection whose transactions can stand inside another one.
func openNesting(path string) (*sql.DB, error) {
	c, err := sqlite.NewConnector(sqliteDSN(path, pragma("busy_timeout", migrationPatience.Milliseconds())))
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(nestingConnector{c})
	db.SetMaxOpenConns(1)
	return db, nil
}

type nestingConnector struct{ driver.Connector }

func (c nestingConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	full, ok := conn.(fullConn)
	if !ok {
		return nil, errors.New("sqlite: the driver lacks ExecContext or QueryContext")
	}
	return nestingConn{full}, nil
}

type fullConn interface {
	driver.Conn
	driver.ExecerContext
	driver.QueryerContext
}

// nestingConn begins transactions as savepoints. Outside a transaction a savepoint is a transaction.
type nestingConn struct{ fullConn }

func (c nestingConn) BeginTx(ctx context.Context, _ driver.TxOptions) (driver.Tx, error) {
	_, err := c.ExecContext(ctx, "SAVEPOINT nested", nil)
	return nestedTx{c}, err
}

type nestedTx struct{ conn nestingConn }

func (t nestedTx) Commit() error {
	_, err := t.conn.ExecContext(context.Background(), "RELEASE nested", nil)
	return err
}

func (t nestedTx) Rollback() error {
	_, err := t.conn.ExecContext(context.Background(), "ROLLBACK TO nested; RELEASE nested", nil)
	return err
}
