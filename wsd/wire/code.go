package wire

import (
	"encoding/binary"
	"unicode/utf8"
)

// Code is the status code of a close frame (RFC 6455 section 7.4).
type Code uint16

// Codes of RFC 6455 section 7.4.1 and the IANA registry.
const (
	CodeNormal         Code = 1000
	CodeGoingAway      Code = 1001
	CodeProtocol       Code = 1002
	CodeUnsupported    Code = 1003
	CodeNone           Code = 1005 // never sent: the close frame had no code
	CodeAbnormal       Code = 1006 // never sent: there was no close frame
	CodeInvalidPayload Code = 1007
	CodePolicy         Code = 1008
	CodeTooBig         Code = 1009
	CodeExtension      Code = 1010
	CodeInternal       Code = 1011
	CodeRestart        Code = 1012
	CodeTryLater       Code = 1013
	CodeBadGateway     Code = 1014
)

// Sendable reports whether an endpoint may put c into a close frame: assigned
// by the protocol, registered (3000-3999) or private (4000-4999).
func (c Code) Sendable() bool {
	switch {
	case c >= 3000:
		return c <= 4999
	case c >= 1007:
		return c <= 1014
	}
	return c >= 1000 && c <= 1003
}

// parseClose reads the body of a close frame (RFC 6455 section 5.5.1). An empty
// body means CodeNone.
func parseClose(body []byte) (Code, []byte, error) {
	switch len(body) {
	case 0:
		return CodeNone, nil, nil
	case 1:
		return 0, nil, ErrCloseLength
	}
	code, reason := Code(binary.BigEndian.Uint16(body)), body[2:]
	if !code.Sendable() {
		return 0, nil, ErrCloseCode
	}
	if !utf8.Valid(reason) {
		return 0, nil, ErrCloseReason
	}
	return code, reason, nil
}
