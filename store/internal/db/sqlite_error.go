package db

import (
	"context"
	"errors"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteError tells what a failure of the driver means.
func sqliteError(ctx context.Context, err error) error {
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	e := &Error{cause: err}
	var s *sqlite.Error
	if !errors.As(err, &s) {
		if ended(ctx, err) {
			e.Kind = Cancelled
		}
		return e
	}
	switch s.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		e.Kind, e.Constraint = Unique, uniqueColumns(s.Error())
		return e
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		e.Kind = ForeignKey
		return e
	}
	switch s.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		e.Kind, e.Retry = Unavailable, true
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY:
		e.Kind = Unavailable
	case sqlite3.SQLITE_INTERRUPT:
		e.Kind, e.cause = Cancelled, errors.Join(ctx.Err(), err)
	case sqlite3.SQLITE_NOTADB:
		e.Kind, e.Message = BadConfig, "The file is not a SQLite database."
	}
	return e
}

// uniqueColumns cuts "a.b, a.c" out of "constraint failed: UNIQUE constraint failed: a.b, a.c (2067)".
func uniqueColumns(message string) string {
	const mark = "UNIQUE constraint failed: "
	i := strings.LastIndex(message, mark)
	if i < 0 {
		return ""
	}
	columns, _, _ := strings.Cut(message[i+len(mark):], " (")
	return columns
}
