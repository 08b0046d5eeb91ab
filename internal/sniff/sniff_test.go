package sniff

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const upgrade = "GET /ws/rooms/1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"

// started runs a splitter on a free port and stops it at the end of the test.
func started(t *testing.T, cfg Config, wrap func(net.Listener) net.Listener) *Splitter {
	t.Helper()
	in, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if wrap != nil {
		in = wrap(in)
	}
	s, err := New(in, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error("Run:", err)
		}
		for _, l := range []net.Listener{s.GRPC(), s.WebSocket(), s.HTTP()} {
			if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
				t.Error("a listener survived Run:", err)
			}
		}
	})
	return s
}

func dial(t *testing.T, s *Splitter) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", s.HTTP().Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func send(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

func accept(t *testing.T, l net.Listener) *Conn {
	t.Helper()
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c.(*Conn)
}

func TestThreeWays(t *testing.T) {
	s := started(t, Config{}, nil)
	for name, c := range map[string]struct {
		text string
		out  net.Listener
	}{
		"grpc":      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", s.GRPC()},
		"websocket": {upgrade, s.WebSocket()},
		"http":      {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", s.HTTP()},
	} {
		t.Run(name, func(t *testing.T) {
			client := dial(t, s)
			send(t, client, c.text+"more")
			got := accept(t, c.out)
			client.(*net.TCPConn).CloseWrite()
			all, err := io.ReadAll(got)
			if err != nil || string(all) != c.text+"more" {
				t.Fatalf("got %q, %v", all, err)
			}
		})
	}
}

func TestOneByteAtATime(t *testing.T) {
	s := started(t, Config{}, nil)
	const text = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	client := dial(t, s)
	go func() {
		for i := range len(text) {
			io.WriteString(client, text[i:i+1])
		}
		client.(*net.TCPConn).CloseWrite()
	}()
	if all, err := io.ReadAll(accept(t, s.GRPC())); err != nil || string(all) != text {
		t.Fatalf("got %q, %v", all, err)
	}
}

func TestUnwrap(t *testing.T) {
	s := started(t, Config{}, nil)
	client := dial(t, s)
	send(t, client, upgrade)
	c := accept(t, s.WebSocket())
	if _, err := io.ReadFull(c, make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	tcp, rest := c.Unwrap()
	if tcp == nil || string(rest) != upgrade[4:] {
		t.Fatalf("%v %q", tcp, rest)
	}
	send(t, client, "x")
	b := make([]byte, 8)
	if n, err := tcp.Read(b); err != nil || string(b[:n]) != "x" {
		t.Fatalf("%q %v", b[:n], err)
	}
}

func TestSlowPeersAreCut(t *testing.T) {
	s := started(t, Config{Timeout: 50 * time.Millisecond}, nil)
	for _, begin := range []string{"", "PRI", "GET /ws/x HTTP/1.1\r\nHost: "} {
		client := dial(t, s)
		send(t, client, begin)
		client.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := client.Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("after %q: %v", begin, err)
		}
	}
}

func TestDeadlineIsOffAfterwards(t *testing.T) {
	s := started(t, Config{Timeout: 50 * time.Millisecond}, nil)
	client := dial(t, s)
	send(t, client, "POST / HTTP/1.1\r\n")
	c := accept(t, s.HTTP())
	read := make(chan error, 1)
	go func() {
		_, err := io.ReadFull(c, make([]byte, len("POST / HTTP/1.1\r\nx")))
		read <- err
	}()
	select {
	case err := <-read:
		t.Fatal("the read ended early:", err)
	case <-time.After(150 * time.Millisecond):
	}
	send(t, client, "x")
	if err := <-read; err != nil {
		t.Fatal(err)
	}
}

func TestTheOldestMakesRoom(t *testing.T) {
	s := started(t, Config{MaxPending: 2}, nil)
	first := dial(t, s)
	send(t, first, "P")
	for range 2 {
		send(t, dial(t, s), "P")
	}
	first.SetReadDeadline(time.Now().Add(4 * time.Second)) // before the sniffing deadline
	if _, err := first.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal("the oldest was not shown out:", err)
	}
	send(t, dial(t, s), "POST ")
	accept(t, s.HTTP())
}

// flaky fails some times before it accepts.
type flaky struct {
	net.Listener
	left atomic.Int32
}

func (f *flaky) Accept() (net.Conn, error) {
	if f.left.Add(-1) >= 0 {
		return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
	}
	return f.Listener.Accept()
}

func TestAcceptComesBackAfterEMFILE(t *testing.T) {
	s := started(t, Config{}, func(l net.Listener) net.Listener {
		f := &flaky{Listener: l}
		f.left.Store(3)
		return f
	})
	send(t, dial(t, s), "POST / HTTP/1.1\r\n")
	accept(t, s.HTTP())
}

func TestRunFailsWithTheListener(t *testing.T) {
	in, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(in, Config{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	in.Close()
	if err := s.Run(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Fatal(err)
	}
}

func TestDrainDoesNotWaitForDoorsThatForgotToClose(t *testing.T) {
	in, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(in, Config{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	send(t, dial(t, s), "POST / HTTP/1.1\r\n") // nobody accepts it
	dial(t, s)                                 // says nothing
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("Run hangs")
	}
}

func TestTakeover(t *testing.T) {
	s := started(t, Config{}, nil)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/ws/") {
			s.Takeover().ServeHTTP(w, r)
			return
		}
		io.WriteString(w, "plain")
	})}
	served := make(chan error, 1)
	go func() { served <- server.Serve(s.HTTP()) }()
	defer func() {
		server.Close()
		<-served
	}()
	client := dial(t, s)
	send(t, client, "GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(client), nil)
	if err != nil || resp.StatusCode != 200 {
		t.Fatal(resp, err)
	}
	resp.Body.Close()
	send(t, client, upgrade+"frame") // on the connection that net/http has already used
	c := accept(t, s.WebSocket())
	if tcp, _ := (&Conn{Conn: c.Conn}).Unwrap(); tcp == nil {
		t.Error("the connection is wrapped twice")
	}
	r := bufio.NewReader(c)
	req, err := http.ReadRequest(r)
	if err != nil || req.RequestURI != "/ws/rooms/1" || req.Host != "x" || req.Header.Get("Upgrade") != "websocket" {
		t.Fatal(req, err)
	}
	if b, err := r.Peek(5); err != nil || string(b) != "frame" {
		t.Fatalf("%q %v", b, err)
	}

	plain := dial(t, s)
	send(t, plain, "GET /ws/rooms/1 HTTP/1.1\r\nHost: x\r\n\r\n")
	resp, err = http.ReadResponse(bufio.NewReader(plain), nil)
	if err != nil || resp.StatusCode != http.StatusUpgradeRequired {
		t.Fatal(resp, err)
	}
	resp.Body.Close()
}

func TestNewRefuses(t *testing.T) {
	in, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for _, cfg := range []Config{{Prefix: "ws"}, {Timeout: -1}, {MaxPending: -1}} {
		if _, err := New(in, cfg, slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("%+v was accepted", cfg)
		}
	}
	if _, err := New(nil, Config{}, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("no listener was accepted")
	}
}
