package wire

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// serveEcho is a small server made of this package: it echoes messages, answers
// pings, and closes as the protocol asks.
func serveEcho(nc net.Conn, u *Upgrader) error {
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(10 * time.Second))
	req, err := u.Upgrade(nc, nil)
	if err != nil {
		return err
	}
	r := NewReader(Limits{Message: 1 << 20})
	buf, p := make([]byte, 4096), req.Rest
	for {
		for len(p) > 0 {
			var m Message
			if m, p, err = r.Feed(p); err != nil {
				nc.Write(CloseFrame(err.(*Error).Code, err.Error()))
				return err
			}
			switch m.Kind {
			case Text, Binary:
				_, err = nc.Write(Frame(m.Kind, m.Payload))
			case Ping:
				_, err = nc.Write(Frame(Pong, m.Payload))
			case Close:
				_, err = nc.Write(CloseFrame(m.Code, string(m.Payload)))
				return err
			}
			if err != nil {
				return err
			}
		}
		n, err := nc.Read(buf)
		if err != nil {
			return err
		}
		p = buf[:n]
	}
}

// TestInterop talks to an implementation that shares no code with ours.
func TestInterop(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	served := make(chan error, 1)
	go func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			served <- serveEcho(nc, &Upgrader{Protocols: []string{"synctv.v1.json"}})
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for _, compression := range []websocket.CompressionMode{websocket.CompressionDisabled, websocket.CompressionContextTakeover} {
		ws, resp, err := websocket.Dial(ctx, "ws://"+ln.Addr().String()+"/ws/rooms/r1", &websocket.DialOptions{
			Subprotocols: []string{"synctv.v1.json"}, HTTPHeader: http.Header{"Authorization": {"Bearer x"}},
			CompressionMode: compression,
		})
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != 101 || ws.Subprotocol() != "synctv.v1.json" {
			t.Fatalf("answer %v", resp)
		}
		ws.SetReadLimit(1 << 20)
		for _, msg := range []string{"", "hello", strings.Repeat("é", 5000), strings.Repeat("x", 300<<10)} {
			for _, typ := range []websocket.MessageType{websocket.MessageText, websocket.MessageBinary} {
				if err := ws.Write(ctx, typ, []byte(msg)); err != nil {
					t.Fatal(err)
				}
				gotType, got, err := ws.Read(ctx)
				if err != nil || gotType != typ || string(got) != msg {
					t.Fatalf("echo of %d bytes: %v, %d bytes, %v", len(msg), gotType, len(got), err)
				}
			}
		}
		w, err := ws.Writer(ctx, websocket.MessageText) // fragments
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{"a", "", strings.Repeat("b", 10000), "é"} {
			if _, err := w.Write([]byte(part)); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if _, got, err := ws.Read(ctx); err != nil || len(got) != 10003 {
			t.Fatalf("fragments: %d bytes, %v", len(got), err)
		}
		ctx2 := ws.CloseRead(ctx)
		if err := ws.Ping(ctx2); err != nil {
			t.Fatal(err)
		}
		if err := ws.Close(websocket.StatusNormalClosure, "done"); err != nil {
			t.Fatal(err)
		}
		if err := <-served; err != nil {
			t.Fatal(err)
		}
	}
}

// TestInteropViolation: the other side understands why it was closed.
func TestInteropViolation(t *testing.T) {
	server, client := net.Pipe()
	served := make(chan error, 1)
	go func() { served <- serveEcho(server, &Upgrader{}) }()
	dial := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return client, nil }}}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, "ws://pipe/", &websocket.DialOptions{HTTPClient: dial})
	if err != nil {
		t.Fatal(err)
	}
	go ws.Write(ctx, websocket.MessageText, []byte("bad \xff text"))
	_, _, err = ws.Read(ctx)
	if websocket.CloseStatus(err) != websocket.StatusInvalidFramePayloadData {
		t.Fatalf("client saw %v", err)
	}
	if err := <-served; err != error(ErrUTF8) {
		t.Fatalf("server saw %v", err)
	}
}
