package mediad

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/http"
	"strings"
)

// What FLV in a WebSocket needs of RFC 6455: the answer to the upgrade, frames to the player, and an eye on what it sends.

const (
	opBinary = 0x2
	opClose  = 0x8
	opPing   = 0x9
	opPong   = 0xA
)

// maxControl is the longest payload of a control frame (section 5.5), maxChatter what a player may say at once besides:
// it has nothing to say.
const (
	maxControl = 125
	maxChatter = 64 << 10
)

var errWebSocket = errors.New("mediad: the player breaks the WebSocket protocol")

// wantsWebSocket tells whether a request is an upgrade that can be answered.
func wantsWebSocket(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("Upgrade"), "websocket") && r.Header.Get("Sec-WebSocket-Key") != "" && r.Header.Get("Sec-WebSocket-Version") == "13"
}

// acceptKey answers Sec-WebSocket-Key (section 4.2.2).
func acceptKey(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// appendMessage appends a whole message of a server (section 5.2).
func appendMessage(dst []byte, op byte, payload []byte) []byte {
	dst = append(dst, 0x80|op)
	switch n := len(payload); {
	case n <= maxControl:
		dst = append(dst, byte(n))
	case n < 1<<16:
		dst = binary.BigEndian.AppendUint16(append(dst, 126), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, 127), uint64(n))
	}
	return append(dst, payload...)
}

// socketReader follows what a player sends, in any pieces. Messages are thrown away; pings and the end matter.
type socketReader struct {
	head []byte // of a frame, while it is not complete
	mask [4]byte
	op   byte
	left int    // bytes of payload to come
	at   int    // into the mask
	body []byte // of a ping
}

// feed takes bytes; on is called with each frame that is complete, its payload only if it is a ping.
func (f *socketReader) feed(p []byte, on func(op byte, payload []byte) error) error {
	for len(p) > 0 {
		if f.left == 0 {
			var done bool
			var err error
			if p, done, err = f.header(p); err != nil || !done {
				return err
			}
		}
		n := min(f.left, len(p))
		if f.op == opPing {
			for i := range n {
				f.body = append(f.body, p[i]^f.mask[(f.at+i)&3])
			}
		}
		p, f.left, f.at = p[n:], f.left-n, f.at+n
		if f.left > 0 {
			return nil
		}
		if err := on(f.op, f.body); err != nil {
			return err
		}
	}
	return nil
}

// header takes the header of a frame, which a client must mask (section 5.1).
func (f *socketReader) header(p []byte) (rest []byte, done bool, err error) {
	for len(p) > 0 {
		f.head, p = append(f.head, p[0]), p[1:]
		if len(f.head) < 2 {
			continue
		}
		size, n := 6, int(f.head[1]&0x7f)
		switch n {
		case 126:
			size = 8
		case 127:
			return nil, false, errWebSocket
		}
		if f.head[1]&0x80 == 0 || f.head[0]&0x70 != 0 {
			return nil, false, errWebSocket
		}
		if len(f.head) < size {
			continue
		}
		if n == 126 {
			n = int(binary.BigEndian.Uint16(f.head[2:]))
		}
		f.op, f.left, f.at, f.body = f.head[0]&0xf, n, 0, f.body[:0]
		if f.op >= opClose && n > maxControl || n > maxChatter {
			return nil, false, errWebSocket
		}
		copy(f.mask[:], f.head[size-4:])
		f.head = f.head[:0]
		return p, true, nil
	}
	return nil, false, nil
}
