package app

import (
	"errors"
	"fmt"
	"time"
)

// Code names a kind of failure. It is the same on every surface and never changes meaning;
// each door has one table from Code to its own status.
type Code string

// The codes. Clients translate them into words; see docs/protocol.md.
const (
	CodeInvalid            Code = "invalid_argument"    // the request is malformed; Field says where
	CodeUnauthenticated    Code = "unauthenticated"     // no token, or one that does not hold
	CodeWrongCredentials   Code = "wrong_credentials"   // name or password is wrong
	CodeForbidden          Code = "permission_denied"   // known caller, not allowed
	CodeNotFound           Code = "not_found"           // it does not exist, or the caller may not know
	CodeConflict           Code = "conflict"            // somebody else changed it first, or the name is taken
	CodeStale              Code = "stale"               // the request is about something that is no longer current
	CodeRateLimited        Code = "rate_limited"        // too often; RetryAfter says when
	CodeTooLarge           Code = "too_large"           // over a limit of size or number
	CodeUnavailable        Code = "unavailable"         // a part we need is away; retry
	CodeInternal           Code = "internal"            // our fault; the cause is in the log
	CodeWrongPassword      Code = "wrong_room_password" // the room asks for another password
	CodeRoomFull           Code = "room_full"           // capacity reached
	CodeBanned             Code = "banned"              // kept out of this room
	CodeKicked             Code = "kicked"              // removed from this room
	CodeGuestsNotAllowed   Code = "guests_not_allowed"  // the room or the server wants an account
	CodeRegistrationClosed Code = "registration_closed" // accounts are made by an administrator here
	CodeDisabled           Code = "account_disabled"    // the account may not sign in
	CodeBlockedAddress     Code = "address_not_allowed" // the outbound guard refused the address
	CodeUpstream           Code = "upstream_failed"     // the media's origin did not answer as it should
	CodeUnsupported        Code = "unsupported"         // understood, but not something this server does
)

// Error is the one error that crosses the house. Message is safe to show to anyone;
// the cause is for the log alone and is never sent to a client.
type Error struct {
	Code    Code
	Message string
	// Field the error is about in the request's own spelling, or "".
	Field string
	// RetryAfter is when a retry makes sense; 0 when it does not.
	RetryAfter time.Duration
	cause      error
}

// Errorf makes an error that anyone may see.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Invalid makes a CodeInvalid error about one field.
func Invalid(field, format string, args ...any) *Error {
	return &Error{Code: CodeInvalid, Field: field, Message: fmt.Sprintf(format, args...)}
}

// Wrap hides a cause behind a code and a message that anyone may see.
func Wrap(code Code, cause error, message string) *Error {
	return &Error{Code: code, Message: message, cause: cause}
}

// Internal wraps a cause for which the caller is not to blame.
func Internal(cause error) *Error {
	return Wrap(CodeInternal, cause, "Something went wrong on the server. Try again.")
}

// Error implements error: the whole story, for logs.
func (e *Error) Error() string {
	s := string(e.Code) + ": " + e.Message
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.cause }

// Is makes errors.Is(err, &Error{Code: c}) match by code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code && t.Message == "" && t.cause == nil
}

// AsError returns err as an *Error; anything foreign becomes CodeInternal with err as its cause.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return Internal(err)
}

// CodeOf returns the code of err, CodeInternal for foreign errors, "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	return AsError(err).Code
}
