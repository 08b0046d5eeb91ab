package wire

// Error is a violation by the peer of the framing protocol. The connection is
// beyond repair: it must be closed with Code (RFC 6455 section 7.1.7).
type Error struct {
	Code Code
	text string
}

// Error implements error.
func (e *Error) Error() string { return "websocket: " + e.text }

// Violations the Reader reports, each by the rule it breaks. Sections are those
// of RFC 6455. They are constants in all but syntax.
var (
	// 5.1: a server must close the connection upon an unmasked frame.
	ErrUnmasked = &Error{CodeProtocol, "client frame is not masked"}
	// 5.2: RSV bits must be 0 unless an extension was negotiated.
	ErrReserved = &Error{CodeProtocol, "reserved bit is set"}
	// 5.2: an unknown opcode fails the connection.
	ErrOpcode = &Error{CodeProtocol, "unknown opcode"}
	// 5.2: the minimal number of bytes must be used to encode the length.
	ErrNotMinimal = &Error{CodeProtocol, "length is not minimally encoded"}
	// 5.2: the most significant bit of a 64-bit length must be 0.
	ErrLengthSign = &Error{CodeProtocol, "64-bit length has its top bit set"}
	// 5.5: a control frame carries at most 125 bytes.
	ErrControlSize = &Error{CodeProtocol, "control frame is longer than 125 bytes"}
	// 5.5: a control frame must not be fragmented.
	ErrControlFragment = &Error{CodeProtocol, "control frame is fragmented"}
	// 5.4: fragments of messages must not be interleaved.
	ErrExpectedContinuation = &Error{CodeProtocol, "new message inside a fragmented one"}
	// 5.4: a continuation continues something.
	ErrUnexpectedContinuation = &Error{CodeProtocol, "continuation without a start"}
	// 5.5.1: a close body starts with a 2-byte code.
	ErrCloseLength = &Error{CodeProtocol, "close body of one byte"}
	// 7.4: codes that are reserved or out of range must not be sent.
	ErrCloseCode = &Error{CodeProtocol, "close code must not be sent"}
	// 5.5.1 and 8.1: the close reason is UTF-8.
	ErrCloseReason = &Error{CodeInvalidPayload, "close reason is not UTF-8"}
	// 8.1: a text message is UTF-8.
	ErrUTF8 = &Error{CodeInvalidPayload, "text is not UTF-8"}
	// 10.4: an implementation limits the size of a message.
	ErrTooBig = &Error{CodeTooBig, "message is too big"}
	// 10.4: and of what it takes to assemble one.
	ErrTooFragmented = &Error{CodeTooBig, "message has too many fragments"}
)
