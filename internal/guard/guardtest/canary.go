package guardtest

import (
	"net"
	"sync/atomic"
	"testing"
	"time"
)

// Canary listens on every address of the machine and counts who comes. A test that ends with a count is a breach.
type Canary struct {
	// Port is where it sits.
	Port int
	hits atomic.Int64
}

// NewCanary starts one on port (0: any); it stops with the test.
func NewCanary(t testing.TB, port int) *Canary {
	t.Helper()
	l, err := net.ListenTCP("tcp", &net.TCPAddr{Port: port})
	if err != nil {
		t.Fatal(err)
	}
	c := &Canary{Port: l.Addr().(*net.TCPAddr).Port}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			c.hits.Add(1)
			_ = conn.SetDeadline(time.Now().Add(time.Second))
			_, _ = conn.Read(make([]byte, 4096)) // an unread request would turn the close into a reset
			_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\ncanary"))
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return c
}

// Hits is how many connections were accepted.
func (c *Canary) Hits() int64 { return c.hits.Load() }
