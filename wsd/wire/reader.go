package wire

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// Limits bound what a Reader assembles.
type Limits struct {
	Message   int // bytes of one message, all fragments together
	Fragments int // frames of one message
}

// Message is a whole message, or a control frame.
type Message struct {
	Kind Kind
	// Payload is the unmasked payload; for Close it is the reason. It may lie
	// in the bytes given to Feed, and is valid as long as they are.
	Payload []byte
	// Code is the code of a Close: CodeNone if it had none.
	Code Code
}

// Reader is the receiving half of a server's connection: it turns bytes, in any
// pieces, into messages, and holds the peer to RFC 6455 without leniency. It
// never blocks, and holds memory only for a message under way, never more than
// Limits.Message and 125 bytes. It is not safe for concurrent use.
//
// No extension is negotiated, so a set RSV bit is an error.
type Reader struct {
	limits Limits

	// The frame under way.
	header  [ws.MaxHeaderSize]byte
	have    uint8 // bytes of header
	inBody  bool  // the header is complete
	op      ws.OpCode
	fin     bool
	mask    [4]byte
	maskPos uint8  // position in mask of the next payload byte
	left    int    // payload bytes to come
	control []byte // payload so far of a control frame that came in pieces

	// The message under way.
	kind      Kind // None: no message has begun
	fragments int
	buf       []byte
	text      utf8Checker

	closed bool  // a close frame was received; what follows is ignored
	err    error // the error that was reported; it stays
}

// NewReader returns a Reader. Limits that are not positive mean 64 KiB and 1024
// fragments.
func NewReader(l Limits) *Reader {
	r := &Reader{}
	r.Init(l)
	return r
}

// Init makes a Reader that is part of another struct ready for use.
func (r *Reader) Init(l Limits) {
	if l.Message <= 0 {
		l.Message = 64 << 10
	}
	if l.Fragments <= 0 {
		l.Fragments = 1024
	}
	*r = Reader{limits: l}
}

// Feed takes bytes from p until a message or control frame is complete, and
// returns it with the bytes of p that follow it. When p does not complete
// anything, the message is None and rest is empty. Payloads are unmasked in
// place: p is changed.
//
// After an error every call returns that error; after a Close, everything is
// ignored (section 5.5.1). A message that lies whole in p is not copied.
func (r *Reader) Feed(p []byte) (m Message, rest []byte, err error) {
	if r.err != nil || r.closed {
		return Message{}, nil, r.err
	}
	for len(p) > 0 {
		if !r.inBody {
			if p, err = r.feedHeader(p); err != nil {
				break
			}
			if !r.inBody {
				return Message{}, nil, nil
			}
		}
		var done bool
		if m, p, done, err = r.feedBody(p); err != nil {
			break
		}
		if done {
			return m, p, nil
		}
	}
	if err != nil {
		*r = Reader{err: err}
	}
	return Message{}, nil, err
}

// feedHeader collects the header. Each rule is checked as soon as its bytes are
// there, so that nothing is waited for that could not help any more.
func (r *Reader) feedHeader(p []byte) ([]byte, error) {
	for {
		if r.have >= 2 {
			need, err := r.headerSize()
			if err != nil {
				return nil, err
			}
			if int(r.have) >= need {
				return p, r.beginFrame(need)
			}
			if len(p) == 0 {
				return p, nil
			}
			n := copy(r.header[r.have:need], p)
			r.have += uint8(n)
			p = p[n:]
			continue
		}
		if len(p) == 0 {
			return p, nil
		}
		r.header[r.have] = p[0]
		r.have++
		p = p[1:]
		if r.have == 1 {
			if err := r.checkFirst(); err != nil {
				return nil, err
			}
		}
	}
}

// checkFirst checks the byte FIN RSV1-3 opcode.
func (r *Reader) checkFirst() error {
	b := r.header[0]
	r.fin, r.op = b&0x80 != 0, ws.OpCode(b&0x0f)
	switch {
	case b&0x70 != 0:
		return ErrReserved
	case r.op.IsReserved():
		return ErrOpcode
	case r.op.IsControl():
		if !r.fin {
			return ErrControlFragment
		}
	case r.op == ws.OpContinuation:
		if r.kind == None {
			return ErrUnexpectedContinuation
		}
	case r.kind != None:
		return ErrExpectedContinuation
	}
	return nil
}

// headerSize checks the byte MASK len7 and returns the size of the header.
func (r *Reader) headerSize() (int, error) {
	b := r.header[1]
	if b&0x80 == 0 {
		return 0, ErrUnmasked
	}
	length := b & 0x7f
	if r.op.IsControl() && length > MaxControl {
		return 0, ErrControlSize
	}
	switch length {
	case 126:
		return 2 + 2 + 4, nil
	case 127:
		return 2 + 8 + 4, nil
	}
	return 2 + 4, nil
}

// beginFrame checks the length of a complete header of n bytes.
func (r *Reader) beginFrame(n int) error {
	length := uint64(r.header[1] & 0x7f)
	switch length {
	case 126:
		if length = uint64(binary.BigEndian.Uint16(r.header[2:])); length <= 125 {
			return ErrNotMinimal
		}
	case 127:
		length = binary.BigEndian.Uint64(r.header[2:])
		if length>>63 != 0 {
			return ErrLengthSign
		}
		if length <= 0xffff {
			return ErrNotMinimal
		}
	}
	copy(r.mask[:], r.header[n-4:n])
	r.maskPos, r.have, r.inBody = 0, 0, true
	if r.op.IsControl() {
		r.left = int(length)
		return nil
	}
	if length > uint64(r.limits.Message-len(r.buf)) {
		return ErrTooBig
	}
	r.left = int(length)
	if r.kind == None {
		r.kind, r.fragments, r.buf = Binary, 0, nil
		if r.op == ws.OpText {
			r.kind = Text
		}
	}
	if r.fragments++; r.fragments > r.limits.Fragments {
		return ErrTooFragmented
	}
	return nil
}

// feedBody takes payload bytes; done means that m is complete.
func (r *Reader) feedBody(p []byte) (m Message, rest []byte, done bool, err error) {
	n := min(r.left, len(p))
	part := p[:n:n]
	ws.Cipher(part, r.mask, int(r.maskPos))
	r.maskPos = (r.maskPos + uint8(n&3)) & 3
	r.left -= n
	whole := r.left == 0
	if whole {
		r.inBody = false
	}
	if r.op.IsControl() {
		m, done, err = r.feedControl(part, whole)
	} else {
		m, done, err = r.feedData(part, whole)
	}
	return m, p[n:], done, err
}

func (r *Reader) feedControl(part []byte, whole bool) (Message, bool, error) {
	if !whole || r.control != nil {
		r.control = append(r.control, part...)
		part = r.control
	}
	if !whole {
		return Message{}, false, nil
	}
	r.control = nil
	switch r.op {
	case ws.OpPing:
		return Message{Kind: Ping, Payload: part}, true, nil
	case ws.OpPong:
		return Message{Kind: Pong, Payload: part}, true, nil
	}
	code, reason, err := parseClose(part)
	if err != nil {
		return Message{}, false, err
	}
	r.closed, r.buf = true, nil
	return Message{Kind: Close, Code: code, Payload: reason}, true, nil
}

func (r *Reader) feedData(part []byte, whole bool) (Message, bool, error) {
	last := whole && r.fin
	if last && r.fragments == 1 && len(r.buf) == 0 && r.text.n == 0 { // the common case
		m := Message{Kind: r.kind, Payload: part}
		r.kind = None
		if m.Kind == Text && !utf8.Valid(part) {
			return Message{}, false, ErrUTF8
		}
		return m, true, nil
	}
	if r.kind == Text && !r.text.feed(part) {
		return Message{}, false, ErrUTF8
	}
	r.keep(part)
	if !last {
		return Message{}, false, nil
	}
	if !r.text.done() {
		return Message{}, false, ErrUTF8
	}
	m := Message{Kind: r.kind, Payload: r.buf}
	r.kind, r.buf = None, nil // an idle connection keeps no buffer
	return m, true, nil
}

// keep appends part to the message. The buffer grows with what has arrived, not
// with what was announced, and never beyond the limit.
func (r *Reader) keep(part []byte) {
	if need := len(r.buf) + len(part); need > cap(r.buf) {
		grown := make([]byte, len(r.buf), min(max(need, 2*cap(r.buf), 512), r.limits.Message))
		copy(grown, r.buf)
		r.buf = grown
	}
	r.buf = append(r.buf, part...)
}
