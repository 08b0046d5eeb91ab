package rtmp

import (
	"crypto/rand"
	"io"
)

const (
	// handshakeSize is the length of C1, C2, S1 and S2 (section 5.2.3).
	handshakeSize = 1536
	version       = 3
)

// Handshake is one side of the exchange that opens a connection (section 5.2).
// A server answers a simple handshake simply, and one with a digest with a
// digest of the same schema. What the peer sends last, C2 or S2, is not looked
// at: many send garbage. It is not safe for concurrent use.
type Handshake struct {
	client bool
	random io.Reader
	buf    []byte // what is collected of C0 and C1, when they come in pieces
	need   int    // how many bytes are still to come at this stage
	stage  int
	done   bool
	digest bool
}

// Stages of both sides.
const (
	awaitFirst  = iota // C0 or S0, then C1 or S1
	awaitSecond        // C2 or S2
)

// NewServerHandshake returns the server's side. random fills what is random; nil
// means crypto/rand.
func NewServerHandshake(random io.Reader) *Handshake { return newHandshake(false, random) }

// NewClientHandshake returns the client's side, and the bytes to send first. It
// offers a digest, which servers that know none take for random data.
func NewClientHandshake(random io.Reader) (*Handshake, []byte, error) {
	h := newHandshake(true, random)
	out := make([]byte, 1+handshakeSize)
	if _, err := io.ReadFull(h.random, out[9:]); err != nil {
		return nil, nil, err
	}
	out[0] = version
	copy(out[5:], []byte{9, 0, 124, 2}) // a player version that asks for digests
	putDigest(out[1:], clientKey()[:clientKeySize], 1)
	return h, out, nil
}

func newHandshake(client bool, random io.Reader) *Handshake {
	if random == nil {
		random = rand.Reader
	}
	return &Handshake{client: client, random: random, need: 1 + handshakeSize}
}

// Done reports whether chunks follow.
func (h *Handshake) Done() bool { return h.done }

// Digest reports whether the peer showed a digest.
func (h *Handshake) Digest() bool { return h.digest }

// Feed takes bytes of the handshake from p. It returns what to send now, and what
// follows the handshake in p. A first byte that is not RTMP's is an error at
// once, which names what it looks like.
func (h *Handshake) Feed(p []byte) (out, rest []byte, err error) {
	for len(p) > 0 && !h.done {
		if h.need == 1+handshakeSize && h.stage == awaitFirst {
			if err := checkVersion(p[0]); err != nil {
				return nil, nil, err
			}
		}
		n := min(h.need, len(p))
		b := p[:n]
		h.need, p = h.need-n, p[n:]
		if h.stage == awaitSecond {
			h.done = h.need == 0
			continue
		}
		if len(b) <= handshakeSize { // not all at once
			if h.buf == nil {
				h.buf = make([]byte, 0, 1+handshakeSize)
			}
			h.buf = append(h.buf, b...)
			b = h.buf
		}
		if h.need > 0 {
			break
		}
		answer := answerClient
		if h.client {
			answer = answerServer
		}
		if out, h.digest, err = answer(b[1:], h.random); err != nil {
			return nil, nil, err
		}
		h.stage, h.need, h.buf = awaitSecond, handshakeSize, nil
	}
	return out, p, nil
}

// checkVersion judges the first byte of a connection.
func checkVersion(c byte) error {
	switch c {
	case version:
		return nil
	case 'G', 'P', 'H', 'D', 'O', 'C', 'T': // methods, and PRI of HTTP/2
		return ErrHTTP
	case 0x16:
		return ErrTLS
	case 6, 8, 9:
		return ErrEncrypted
	}
	return ErrVersion
}

// answerClient builds S0, S1 and S2.
func answerClient(c1 []byte, random io.Reader) ([]byte, bool, error) {
	out := make([]byte, 1+2*handshakeSize)
	out[0] = version
	s1, s2 := out[1:1+handshakeSize], out[1+handshakeSize:]
	if _, err := io.ReadFull(random, s1[8:]); err != nil {
		return nil, false, err
	}
	var digest []byte
	schema := 0
	if c1[4]|c1[5]|c1[6]|c1[7] != 0 { // a simple C1 has zeros here
		digest, schema = findDigest(c1, clientKey()[:clientKeySize])
	}
	if digest == nil {
		copy(s2, c1)
		return out, false, nil
	}
	copy(s1[4:], []byte{5, 0, 15, 1})
	putDigest(s1, serverKey()[:serverKeySize], schema)
	if _, err := io.ReadFull(random, s2[:handshakeSize-digestSize]); err != nil {
		return nil, false, err
	}
	signAnswer(s2, serverKey(), digest)
	return out, true, nil
}

// answerServer builds C2.
func answerServer(s1 []byte, random io.Reader) ([]byte, bool, error) {
	out := make([]byte, handshakeSize)
	digest, _ := findDigest(s1, serverKey()[:serverKeySize])
	if digest == nil {
		copy(out, s1)
		return out, false, nil
	}
	if _, err := io.ReadFull(random, out[:handshakeSize-digestSize]); err != nil {
		return nil, false, err
	}
	signAnswer(out, clientKey(), digest)
	return out, true, nil
}
