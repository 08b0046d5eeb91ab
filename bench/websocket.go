package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Opcodes of RFC 6455 section 5.2.
const (
	opText   = 1
	opBinary = 2
	opClose  = 8
	opPing   = 9
	opPong   = 10
)

// maxFrame bounds what a client of the bench believes.
const maxFrame = 8 << 20

// wsClient is a WebSocket client with nothing in it that costs: one goroutine reads, one writes.
type wsClient struct {
	conn net.Conn
	r    *bufio.Reader
	buf  []byte // of the last frame read
}

func newWSClient(c net.Conn) *wsClient { return &wsClient{conn: c, r: bufio.NewReaderSize(c, 2048)} }

// dialRoom opens a room's WebSocket with a bearer token.
func dialRoom(ctx context.Context, addr, room, token, protocol string) (*wsClient, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	c.SetDeadline(time.Now().Add(15 * time.Second))
	var nonce [16]byte
	rand.Read(nonce[:])
	key := base64.StdEncoding.EncodeToString(nonce[:])
	fmt.Fprintf(c, "GET /ws/rooms/%s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: %s\r\nSec-WebSocket-Protocol: %s\r\nAuthorization: Bearer %s\r\n\r\n", room, addr, key, protocol, token)
	w := newWSClient(c)
	res, err := http.ReadResponse(w.r, nil)
	if err != nil {
		c.Close()
		return nil, err
	}
	if res.StatusCode != http.StatusSwitchingProtocols {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 512))
		c.Close()
		return nil, fmt.Errorf("websocket: %s: %s", res.Status, text)
	}
	if res.Header.Get("Sec-WebSocket-Accept") != acceptOf(key) {
		c.Close()
		return nil, errors.New("websocket: wrong Sec-WebSocket-Accept")
	}
	c.SetDeadline(time.Time{})
	return w, nil
}

// acceptOf is the answer to a key (RFC 6455 section 4.2.2).
func acceptOf(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// read returns the next frame; the payload is good until the next call.
func (w *wsClient) read() (op byte, payload []byte, err error) {
	var h [10]byte
	if _, err = io.ReadFull(w.r, h[:2]); err != nil {
		return 0, nil, err
	}
	n := uint64(h[1] & 0x7f)
	switch n {
	case 126:
		if _, err = io.ReadFull(w.r, h[2:4]); err != nil {
			return 0, nil, err
		}
		n = uint64(binary.BigEndian.Uint16(h[2:4]))
	case 127:
		if _, err = io.ReadFull(w.r, h[2:10]); err != nil {
			return 0, nil, err
		}
		n = binary.BigEndian.Uint64(h[2:10])
	}
	if n > maxFrame || h[1]&0x80 != 0 {
		return 0, nil, fmt.Errorf("websocket: a frame of %d bytes, masked %t", n, h[1]&0x80 != 0)
	}
	if uint64(cap(w.buf)) < n {
		w.buf = make([]byte, n)
	}
	w.buf = w.buf[:n]
	_, err = io.ReadFull(w.r, w.buf)
	return h[0] & 0x0f, w.buf, err
}

// write sends one whole frame, masked as clients must.
func (w *wsClient) write(op byte, payload []byte) error {
	_, err := w.conn.Write(appendFrame(nil, op, payload))
	return err
}

func appendFrame(b []byte, op byte, payload []byte) []byte {
	b = append(b, 0x80|op)
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	var mask [4]byte
	rand.Read(mask[:])
	b = append(b, mask[:]...)
	for i, c := range payload {
		b = append(b, c^mask[i&3])
	}
	return b
}
