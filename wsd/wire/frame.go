package wire

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// Kind is what a frame or message is.
type Kind uint8

// Kinds. None is the zero Message: there is nothing yet.
const (
	None Kind = iota
	Text
	Binary
	Close
	Ping
	Pong
)

// opcode returns the opcode of RFC 6455 section 5.2.
func (k Kind) opcode() ws.OpCode {
	return [...]ws.OpCode{ws.OpContinuation, ws.OpText, ws.OpBinary, ws.OpClose, ws.OpPing, ws.OpPong}[k]
}

// Sizes in bytes.
const (
	// MaxServerHeader is the longest header of a server's frame: it has no mask.
	MaxServerHeader = 10
	// MaxControl is the longest payload of a control frame (section 5.5).
	MaxControl = ws.MaxControlFramePayloadSize
	// maxReason is the longest close reason.
	maxReason = MaxControl - 2
)

// putHeader writes the header of an unfragmented server frame with n bytes of
// payload to b and returns its length.
func putHeader(b []byte, k Kind, n int) int {
	b[0] = 0x80 | byte(k.opcode())
	switch {
	case n <= 125:
		b[1] = byte(n)
		return 2
	case n <= 0xffff:
		b[1] = 126
		binary.BigEndian.PutUint16(b[2:], uint16(n))
		return 4
	}
	b[1] = 127
	binary.BigEndian.PutUint64(b[2:], uint64(n))
	return 10
}

// Append appends a whole server frame to dst. A control payload is cut to
// MaxControl bytes.
func Append(dst []byte, k Kind, payload []byte) []byte {
	if k >= Close && len(payload) > MaxControl {
		payload = payload[:MaxControl]
	}
	var h [MaxServerHeader]byte
	dst = append(dst, h[:putHeader(h[:], k, len(payload))]...)
	return append(dst, payload...)
}

// Frame returns a new server frame, to be shared and never changed.
func Frame(k Kind, payload []byte) []byte {
	return Append(make([]byte, 0, MaxServerHeader+len(payload)), k, payload)
}

// Seal makes a server frame without copying the payload. b must begin with
// MaxServerHeader bytes of room, followed by the payload; the frame returned
// ends where b ends and starts somewhere in the room.
func Seal(k Kind, b []byte) []byte {
	var h [MaxServerHeader]byte
	n := putHeader(h[:], k, len(b)-MaxServerHeader)
	frame := b[MaxServerHeader-n:]
	copy(frame, h[:n])
	return frame
}

// CloseFrame returns a close frame. A code that must not be sent makes it a
// frame without a body (section 7.1.5 reads it as CodeNone). A reason that is
// too long is cut at a character.
func CloseFrame(code Code, reason string) []byte {
	if !code.Sendable() {
		return Frame(Close, nil)
	}
	if len(reason) > maxReason {
		cut := maxReason
		for cut > 0 && !utf8.RuneStart(reason[cut]) {
			cut--
		}
		reason = reason[:cut]
	}
	return Frame(Close, ws.NewCloseFrameBody(ws.StatusCode(code), reason))
}
