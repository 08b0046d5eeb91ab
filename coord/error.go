package coord

import (
	"context"
	"errors"
	"fmt"
)

// Kind classifies an [Error] by what the caller can do about it.
type Kind string

// The kinds of error. Each has a sentinel for errors.Is.
const (
	KindUnavailable Kind = "unavailable" // Redis is away or too slow, or a queue is over its limit: try again later
	KindTooLarge    Kind = "too_large"   // a payload or value is over the limit of the contract
	KindFull        Kind = "full"        // the in-memory table has reached its configured size
	KindInvalid     Kind = "invalid"     // an argument is outside the contract: a mistake of the caller
	KindClosed      Kind = "closed"      // Run has returned
)

// Sentinels, one for each Kind: errors.Is(err, ErrUnavailable) asks for the kind, whatever the operation and the cause.
var (
	ErrUnavailable error = &Error{Kind: KindUnavailable}
	ErrTooLarge    error = &Error{Kind: KindTooLarge}
	ErrFull        error = &Error{Kind: KindFull}
	ErrInvalid     error = &Error{Kind: KindInvalid}
	ErrClosed      error = &Error{Kind: KindClosed}
)

// Error is every error of this package except the caller's own context error, which is returned wrapped but without a Kind.
type Error struct {
	Kind Kind
	Op   string // "keys.Take"
	Err  error  // the cause, may be nil; for logs, not for users
}

func (e *Error) Error() string {
	switch {
	case e.Op == "":
		return "coord: " + string(e.Kind)
	case e.Err == nil:
		return "coord: " + e.Op + ": " + string(e.Kind)
	}
	return "coord: " + e.Op + ": " + string(e.Kind) + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is makes the sentinels work: an Error without operation stands for its whole kind.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Op == "" && t.Kind == e.Kind
}

// Unavailable reports whether trying again later can help. A caller that must not import this package can ask for it
// through an interface of one method.
func (e *Error) Unavailable() bool { return e.Kind == KindUnavailable || e.Kind == KindFull }

func invalid(op, format string, args ...any) error {
	return &Error{Kind: KindInvalid, Op: op, Err: fmt.Errorf(format, args...)}
}

// away turns an error of the Redis client into ours. If the caller's own context has ended, that is what it is told: it
// does not say anything about Redis.
func away(ctx context.Context, op string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("coord: %s: %w", op, context.Cause(ctx))
	}
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	return &Error{Kind: KindUnavailable, Op: op, Err: err}
}
