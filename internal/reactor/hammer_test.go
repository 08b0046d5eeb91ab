package reactor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func openFiles(t testing.TB) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("no /proc")
	}
	return len(list)
}

// settles waits until get returns at most want.
func settles(t testing.TB, what string, want int, get func() int) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for get() > want {
		if time.Now().After(deadline) {
			t.Fatalf("%d %s, want at most %d", get(), what, want)
		}
		runtime.Gosched()
		time.Sleep(time.Millisecond)
	}
}

// TestHammer does everything at once from many goroutines, and then counts:
// each connection ended once, and nothing is left of it.
func TestHammer(t *testing.T) {
	for _, w := range wires() {
		t.Run(w.name, func(t *testing.T) {
			files, routines := openFiles(t), runtime.NumGoroutine()
			hammer(t, w)
			settles(t, "goroutines", routines, runtime.NumGoroutine)
			settles(t, "open files", files, func() int { return openFiles(t) })
		})
	}
}

func hammer(t *testing.T, w wire) {
	const peers, rooms = 120, 5
	r, err := New(Config{
		Driver: w.driver, Shards: 3, Queue: Limits{Bytes: 64 << 10, Frames: 64},
		StallTimeout: 300 * time.Millisecond, CloseTimeout: 200 * time.Millisecond, Linger: 100 * time.Millisecond, TimerStep: 5 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- r.Run(ctx) }()
	var groups []*Group
	for range rooms {
		groups = append(groups, r.NewGroup())
	}
	var opened, closed atomic.Int64
	stop := make(chan struct{})
	var casters, clients sync.WaitGroup
	for k := range 3 {
		casters.Go(func() { broadcastUntil(stop, groups, k) })
	}
	for i := range peers {
		clients.Go(func() {
			server, client := w.pair(t)
			h := newSpy()
			h.onOpen = func(c *Conn) error { opened.Add(1); c.SetTimer(time.Millisecond); return nil }
			h.onTick = func(c *Conn, _ time.Time) { c.Send(dropFrame("tick")); c.SetTimer(3 * time.Millisecond) }
			h.onData = func(c *Conn, p []byte) error {
				if len(p)%97 == 0 {
					return errors.New("unlucky")
				}
				c.Reply(Bytes([]byte("pong")))
				return nil
			}
			h.onClosed = func(*Conn, error) { closed.Add(1) }
			c, err := r.Adopt(server, polite{h, text("bye")}, Options{Variant: uint8(i % 2), Mask: Class(i)})
			if err != nil {
				t.Error(err)
				return
			}
			hammerPeer(i, c, client, groups)
		})
	}
	clients.Wait()
	close(stop)
	casters.Wait()
	drain, done := context.WithTimeout(context.Background(), patience)
	defer done()
	if err := r.Drain(drain, text("going"), 20*time.Millisecond); err != nil {
		t.Error(err)
	}
	for _, g := range groups {
		if n := g.Size(); n != 0 {
			t.Errorf("%d members left", n)
		}
	}
	cancel()
	if err := <-ran; err != nil {
		t.Error(err)
	}
	// A peer that has gone before it was served is closed without having been opened.
	if opened.Load() > peers || opened.Load() < peers/2 || closed.Load() != peers {
		t.Errorf("%d opened, %d closed, want %d", opened.Load(), closed.Load(), peers)
	}
	s := r.Stats()
	var ends uint64
	s.ClosesByReason(func(_ CloseReason, n uint64) { ends += n })
	if s.Conns != 0 || s.Accepted != peers || ends != peers {
		t.Errorf("stats %+v", s)
	}
}

func broadcastUntil(stop chan struct{}, groups []*Group, k int) {
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		default:
		}
		b := fmt.Appendf(nil, "[%d.%d %0*d]", k, i, 20+i%300, 0)
		groups[i%len(groups)].Broadcast(NewFrame(Spec{Kind: Kind(i % 3), Key: uint64(i % 4), Class: Class(i % 5), Bytes: [Variants][]byte{b}}))
		if i%8 == 0 {
			time.Sleep(200 * time.Microsecond) // leave the clients a core
		}
	}
}

// hammerPeer is the life of one peer: talkative, silent, or stuck.
func hammerPeer(i int, c *Conn, client net.Conn, groups []*Group) {
	defer client.Close()
	rng := rand.New(rand.NewPCG(uint64(i), 3))
	client.SetDeadline(time.Now().Add(2 * time.Second))
	if i%5 != 4 { // the fifth never reads
		go io.Copy(io.Discard, client)
	}
	for range 30 {
		g := groups[rng.IntN(len(groups))]
		switch rng.IntN(9) {
		case 0, 1:
			g.Join(c)
		case 2:
			g.Leave(c)
		case 3:
			c.Send(text("direct"))
		case 4:
			client.Write(make([]byte, 1+rng.IntN(300)))
		case 5:
			c.SetMask(Class(rng.IntN(8)))
		case 6:
			c.Pause()
		case 7:
			c.Resume()
		case 8:
			time.Sleep(time.Duration(rng.IntN(2000)) * time.Microsecond)
		}
	}
	c.Resume()
	switch i % 3 {
	case 0:
		c.Close(errors.New("closed"))
	case 1:
		c.CloseAfter(text("end"), errors.New("ended"))
	}
}

// TestIdle holds many idle connections and counts what they cost.
func TestIdle(t *testing.T) {
	const n = 2000
	files, routines := openFiles(t), runtime.NumGoroutine()
	r, err := New(Config{Shards: 2})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- r.Run(ctx) }()
	g := r.NewGroup()
	var clients []net.Conn
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range n {
		server, client := tcpPair(t)
		c, err := r.Adopt(server, silent{}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		g.Join(c)
		c.SetTimer(time.Minute)
		clients = append(clients, client)
	}
	g.Broadcast(text("hello"))
	for _, c := range clients {
		if _, err := io.ReadFull(c, make([]byte, 5)); err != nil {
			t.Fatal(err)
		}
	}
	if extra := runtime.NumGoroutine() - routines; extra > 5 {
		t.Errorf("%d goroutines for %d connections", extra, n)
	}
	if extra := openFiles(t) - files; extra > 2*n+12 {
		t.Errorf("%d open files for %d connections", extra, n)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	t.Logf("%d bytes of heap per idle connection, its client's net.Conn included", (after.HeapAlloc-before.HeapAlloc)/n)
	for _, c := range clients[:n/2] {
		c.Close()
	}
	settles(t, "members", n/2, g.Size)
	cancel()
	if err := <-ran; err != nil {
		t.Fatal(err)
	}
	for _, c := range clients {
		c.Close()
	}
	settles(t, "goroutines", routines, runtime.NumGoroutine)
	settles(t, "open files", files, func() int { return openFiles(t) })
}

// silent is a handler without state.
type silent struct{}

func (silent) Open(*Conn) error         { return nil }
func (silent) Data(*Conn, []byte) error { return nil }
func (silent) Tick(*Conn, time.Time)    {}
func (silent) Closed(*Conn, error)      {}

// TestBroadcastAllocs: a shared frame costs no allocation per connection.
func TestBroadcastAllocs(t *testing.T) {
	const n = 200
	r := start(t, Config{Shards: 2})
	g := r.NewGroup()
	var ends []net.Conn
	for range n {
		server, client := tcpPair(t)
		t.Cleanup(func() { client.Close() })
		c, err := r.Adopt(server, silent{}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		g.Join(c)
		ends = append(ends, client)
	}
	frame := Bytes(make([]byte, 150))
	buf := make([]byte, 150)
	round := func() {
		g.Broadcast(frame)
		for _, c := range ends {
			if _, err := io.ReadFull(c, buf); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 20 { // queues and lists find their size
		round()
	}
	if got := testing.AllocsPerRun(50, round); got > 8 {
		t.Errorf("%v allocations for a broadcast to %d connections", got, n)
	}
}
