package reactor

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"
)

// patience bounds every wait of a test that has nothing to measure.
const patience = 20 * time.Second

// spy is a handler that records what happens to it.
type spy struct {
	onOpen   func(c *Conn) error
	onData   func(c *Conn, p []byte) error
	onTick   func(c *Conn, now time.Time)
	onClosed func(c *Conn, err error)
	opened   chan *Conn
	closed   chan error
}

func newSpy() *spy {
	return &spy{opened: make(chan *Conn, 1), closed: make(chan error, 2)}
}

func (s *spy) Open(c *Conn) error {
	s.opened <- c
	if s.onOpen != nil {
		return s.onOpen(c)
	}
	return nil
}

func (s *spy) Data(c *Conn, p []byte) error {
	if s.onData != nil {
		return s.onData(c, p)
	}
	return nil
}

func (s *spy) Tick(c *Conn, now time.Time) {
	if s.onTick != nil {
		s.onTick(c, now)
	}
}

func (s *spy) Closed(c *Conn, err error) {
	if s.onClosed != nil {
		s.onClosed(c, err)
	}
	s.closed <- err
}

// polite is a spy with a last word.
type polite struct {
	*spy
	last *Frame
}

func (p polite) Farewell(*Conn, error) *Frame { return p.last }

// wire is one way to connect two ends and serve one of them.
type wire struct {
	name   string
	driver Driver
	pair   func(t testing.TB) (server, client net.Conn)
}

func wires() []wire {
	return []wire{
		{"epoll-tcp", DriverAuto, tcpPair},
		{"goroutine-tcp", DriverGoroutine, tcpPair},
		{"goroutine-pipe", DriverGoroutine, func(testing.TB) (net.Conn, net.Conn) { return net.Pipe() }},
		{"mixed-tls", DriverAuto, tlsPair},
	}
}

func tcpPair(t testing.TB) (server, client net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	client, err = net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err = ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return server, client
}

var testCert = sync.OnceValue(func() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"test"}}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
})

func tlsPair(t testing.TB) (server, client net.Conn) {
	t.Helper()
	s, c := tcpPair(t)
	ts := tls.Server(s, &tls.Config{Certificates: []tls.Certificate{testCert()}})
	tc := tls.Client(c, &tls.Config{InsecureSkipVerify: true, ServerName: "test"})
	errs := make(chan error, 1)
	go func() { errs <- ts.Handshake() }()
	if err := tc.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-errs; err != nil {
		t.Fatal(err)
	}
	return ts, tc
}

// start runs a reactor for the test.
func start(t testing.TB, cfg Config) *Reactor {
	t.Helper()
	r, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return r
}

// adopt connects a pair and gives one end to the reactor.
func adopt(t testing.TB, r *Reactor, w wire, h Handler, o Options) (*Conn, net.Conn) {
	t.Helper()
	server, client := w.pair(t)
	c, err := r.Adopt(server, h, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := client.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return c, client
}

func recv[T any](t testing.TB, what string, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		t.Fatalf("timeout waiting for %s", what)
		panic("unreachable")
	}
}

func text(s string) *Frame { return Bytes([]byte(s)) }

// readUntil reads from nc until what was read ends with suffix.
func readUntil(t testing.TB, nc net.Conn, suffix string) string {
	t.Helper()
	var got bytes.Buffer
	buf := make([]byte, 4096)
	for !bytes.HasSuffix(got.Bytes(), []byte(suffix)) {
		n, err := nc.Read(buf)
		got.Write(buf[:n])
		if err != nil {
			t.Fatalf("read: %v; got %q, want it to end with %q", err, tail(got.String()), suffix)
		}
	}
	return got.String()
}

func tail(s string) string { return s[max(0, len(s)-80):] }
