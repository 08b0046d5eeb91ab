package db

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// postgresError tells what a failure of pgx means. mayHaveWritten is true when a COMMIT was on its way.
func postgresError(ctx context.Context, err error, mayHaveWritten bool) error {
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	e := &Error{cause: err}
	var s *pgconn.PgError
	switch {
	case errors.As(err, &s):
		e.Kind, e.Retry = stateKind(s.Code)
		e.Constraint = s.ConstraintName
		if e.Kind == Cancelled && ctx.Err() == nil {
			e.Kind = Unavailable // by the server's own time limit
		} else if e.Kind == Cancelled {
			e.cause = errors.Join(ctx.Err(), err)
		}
	case ended(ctx, err):
		e.Kind = Cancelled
	case pgconn.SafeToRetry(err):
		e.Kind, e.Retry = Unavailable, true
	case lost(err):
		e.Kind, e.Retry = Unavailable, true
	}
	if mayHaveWritten && !pgconn.SafeToRetry(err) && (s == nil || strings.HasPrefix(s.Code, "57")) {
		e.Retry = false
	}
	return e
}

// stateKind reads an SQLSTATE (PostgreSQL manual, appendix A).
func stateKind(code string) (k Kind, retry bool) {
	switch code {
	case "23505": // unique_violation
		return Unique, false
	case "23503": // foreign_key_violation
		return ForeignKey, false
	case "22021", "22P05": // character_not_in_repertoire, untranslatable_character
		return BadValue, false
	case "40001", "40P01": // serialization_failure, deadlock_detected
		return Unavailable, true
	case "57014": // query_canceled
		return Cancelled, false
	case "55P03": // lock_not_available
		return Unavailable, false
	case "57P01", "57P02", "57P03": // admin_shutdown, crash_shutdown, cannot_connect_now
		return Unavailable, true
	case "25006", "25P03": // read_only_sql_transaction, idle_in_transaction_session_timeout
		return Unavailable, false
	case "28000", "28P01", "3D000": // bad user, password or database
		return BadConfig, false
	}
	switch {
	case strings.HasPrefix(code, "08"), strings.HasPrefix(code, "53"): // connection, resources
		return Unavailable, true
	}
	return Unknown, false
}

// lost tells whether the connection is gone or could not be made.
func lost(err error) bool {
	var network net.Error
	var connect *pgconn.ConnectError
	return errors.As(err, &network) || errors.As(err, &connect) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}
