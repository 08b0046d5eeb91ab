package db

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// Kind says what to make of a failure.
type Kind int

// The kinds.
const (
	Unknown     Kind = iota // a fault of ours, or of the database
	NoRows                  // the query found nothing
	Unique                  // Constraint names the index
	ForeignKey              // what a row points to is not there
	BadValue                // a value that cannot be stored
	Cancelled               // ctx ended
	Unavailable             // the database is away, or too busy
	BadConfig               // Message says what is wrong with the configuration
)

// Error is a failure of the database.
type Error struct {
	Kind Kind
	// Constraint is the name of the unique index for PostgreSQL, its columns ("table.a, table.b") for SQLite.
	Constraint string
	// Message is for the operator; set for BadConfig.
	Message string
	// Retry is true when certainly nothing was written and a second try may go better.
	Retry bool
	cause error
}

// Error implements error.
func (e *Error) Error() string {
	s := "database"
	if e.Message != "" {
		s += ": " + e.Message
	}
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

// Unwrap gives the driver's own error.
func (e *Error) Unwrap() error { return e.cause }

// KindOf tells the kind of err, Unknown for errors from elsewhere.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Unknown
}

func noRows() error { return &Error{Kind: NoRows, Message: "no row"} }

func cancelled(cause error) error { return &Error{Kind: Cancelled, cause: cause} }

func closed() error { return &Error{Kind: Unavailable, Message: "the store is closed"} }

const retries = 4

// Retry runs try again, a few times and a little later each time, while it fails in a way that a second try may heal.
// try takes care not to offer what must not run twice: see Final.
func Retry(ctx context.Context, try func() error) error {
	pause := 4 * time.Millisecond
	for n := 0; ; n++ {
		err := try()
		if f, ok := err.(final); ok {
			return f.error
		}
		var e *Error
		if n == retries || !errors.As(err, &e) || !e.Retry {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause + rand.N(pause)): // two that met must not meet again
		}
		pause *= 3
	}
}

// Final makes Retry return err without another try.
func Final(err error) error {
	if err == nil {
		return nil
	}
	return final{err}
}

type final struct{ error }

// ended tells whether err only says that ctx has ended.
func ended(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
