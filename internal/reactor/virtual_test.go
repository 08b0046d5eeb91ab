package reactor

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// bubble runs a reactor with the goroutine driver under virtual time.
func bubble(t *testing.T, cfg Config, fn func(t *testing.T, r *Reactor)) {
	synctest.Test(t, func(t *testing.T) {
		cfg.Driver, cfg.Shards = DriverGoroutine, 2
		r, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.Run(ctx) }()
		fn(t, r)
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	})
}

func adoptPipe(t *testing.T, r *Reactor, h Handler) (*Conn, net.Conn) {
	t.Helper()
	server, client := net.Pipe()
	c, err := r.Adopt(server, h, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c, client
}

func TestStallTakesTenSeconds(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, r *Reactor) {
		h := newSpy()
		c, client := adoptPipe(t, r, h)
		defer client.Close()
		began := time.Now()
		c.Send(text("unread"))
		if err := <-h.closed; !errors.Is(err, ErrStalled) {
			t.Fatal(err)
		}
		if d := time.Since(began); d < 10*time.Second || d > 10*time.Second+100*time.Millisecond {
			t.Fatalf("closed after %v", d)
		}
	})
}

// TestTrickleIsNoStall: a peer that takes a frame now and then makes progress,
// even while the batch of frames it belongs to is under way.
func TestTrickleIsNoStall(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, r *Reactor) {
		h := newSpy()
		c, client := adoptPipe(t, r, h)
		defer client.Close()
		const size = 10 << 10 // together more than is flattened into one write
		for range 5 {
			c.Send(Bytes(make([]byte, size)))
		}
		for range 5 {
			time.Sleep(9 * time.Second)
			if _, err := io.ReadFull(client, make([]byte, size)); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if len(h.closed) != 0 {
			t.Fatalf("closed: %v", <-h.closed)
		}
	})
}

func TestTicksAreOnTime(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, r *Reactor) {
		h := newSpy()
		ticks := make(chan time.Time, 10)
		h.onTick = func(c *Conn, now time.Time) {
			ticks <- now
			c.SetTimer(30 * time.Second)
		}
		c, client := adoptPipe(t, r, h)
		defer client.Close()
		began := time.Now()
		c.SetTimer(30 * time.Second)
		for i := range 5 {
			want := time.Duration(i+1) * 30 * time.Second
			d := (<-ticks).Sub(began)
			if d < want || d > want+time.Duration(i+1)*60*time.Millisecond {
				t.Fatalf("tick %d after %v", i, d)
			}
		}
	})
}

func TestDrainSpreads(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, r *Reactor) {
		const n, spread = 200, 20 * time.Second
		began := time.Now()
		halves := make(chan bool, n)
		for range n {
			h := newSpy()
			h.onClosed = func(*Conn, error) { halves <- time.Since(began) < spread/2 }
			_, client := adoptPipe(t, r, h)
			go func() { io.Copy(io.Discard, client); client.Close() }()
		}
		if err := r.Drain(t.Context(), text("bye"), spread); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(began); d < spread/2 || d > spread+time.Second {
			t.Errorf("drained in %v", d)
		}
		first := 0
		for range n {
			if <-halves {
				first++
			}
		}
		if first < n/4 || first > n*3/4 {
			t.Errorf("%d of %d left in the first half", first, n)
		}
	})
}

func TestDrainDeadline(t *testing.T) {
	bubble(t, Config{CloseTimeout: time.Minute}, func(t *testing.T, r *Reactor) {
		_, client := adoptPipe(t, r, newSpy())
		defer client.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if err := r.Drain(ctx, text("unread"), 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("drain said %v", err)
		}
	})
}

func TestCloseTimeout(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, r *Reactor) {
		h := newSpy()
		c, client := adoptPipe(t, r, h)
		defer client.Close()
		began := time.Now()
		why := errors.New("kicked")
		c.CloseAfter(text("unread"), why)
		if err := <-h.closed; err != why {
			t.Fatal(err)
		}
		if d := time.Since(began); d < 5*time.Second || d > 6*time.Second {
			t.Fatalf("gave up after %v", d)
		}
	})
}
