package reactor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// The promises of the package, kept by every driver.
var conformance = []struct {
	name string
	run  func(t *testing.T, w wire)
}{
	{"echo", testEcho},
	{"initial bytes come first and once", testInitial},
	{"order of one goroutine is kept", testOrder},
	{"variant and mask choose what is seen", testVariantMask},
	{"lazy encoding runs once per variant", testLazy},
	{"leave ends membership", testLeave},
	{"state coalesces in a slow queue", testCoalesce},
	{"overflow is named and has a last word", testOverflow},
	{"a stalled peer is cut", testStalled},
	{"CloseAfter delivers the last frame", testCloseAfter},
	{"Close is immediate", testClose},
	{"end of stream from the peer", testPeerClose},
	{"handler error and farewell", testHandlerError},
	{"handler panic ends one connection", testPanic},
	{"Open may refuse", testOpenRefuses},
	{"timer ticks once and can be cancelled", testTimer},
	{"pause and resume", testPause},
	{"drain", testDrain},
	{"shutdown", testShutdown},
}

func TestConformance(t *testing.T) {
	for _, w := range wires() {
		t.Run(w.name, func(t *testing.T) {
			for _, tc := range conformance {
				t.Run(tc.name, func(t *testing.T) { tc.run(t, w) })
			}
		})
	}
}

func testEcho(t *testing.T, w wire) {
	r := start(t, Config{Driver: w.driver})
	h := newSpy()
	h.onData = func(c *Conn, p []byte) error {
		c.Reply(Bytes([]byte(strings.ToUpper(string(p)))))
		return nil
	}
	_, client := adopt(t, r, w, h, Options{})
	for _, s := range []string{"a", "hello", strings.Repeat("x", 3000) + "."} {
		if _, err := io.WriteString(client, s); err != nil {
			t.Fatal(err)
		}
		if got := readUntil(t, client, strings.ToUpper(s[len(s)-1:])); got != strings.ToUpper(s) {
			t.Fatalf("got %q", tail(got))
		}
	}
}

func testInitial(t *testing.T, w wire) {
	r := start(t, Config{Driver: w.driver})
	h := newSpy()
	got := make(chan string, 10)
	h.onData = func(_ *Conn, p []byte) error { got <- string(p); return nil }
	_, client := adopt(t, r, w, h, Options{Initial: []byte("pipelined")})
	if s := recv(t, "initial", got); s != "pipelined" {
		t.Fatalf("first data %q", s)
	}
	if _, err := io.WriteString(client, "next"); err != nil {
		t.Fatal(err)
	}
	if s := recv(t, "data", got); s != "next" {
		t.Fatalf("second data %q", s)
	}
}

func testOrder(t *testing.T, w wire) {
	r := start(t, Config{Driver: w.driver, Shards: 2})
	g := r.NewGroup()
	var want strings.Builder
	c, client := adopt(t, r, w, newSpy(), Options{})
	g.Join(c)
	for i := range 300 {
		s := fmt.Sprintf("%d,", i)
		want.WriteString(s)
		if i%3 == 0 {
			c.Send(text(s))
		} else {
			g.Broadcast(text(s))
		}
	}
	c.Send(text("end"))
	want.WriteString("end")
	if got := readUntil(t, client, "end"); got != want.String() {
		t.Fatalf("got %q", got)
	}
}

func testVariantMask(t *testing.T, w wire) {
	const chat, presence Class = 1, 2
	r := start(t, Config{Driver: w.driver, Shards: 2})
	g := r.NewGroup()
	bin, binEnd := adopt(t, r, w, newSpy(), Options{Variant: 0, Mask: chat})
	txt, txtEnd := adopt(t, r, w, newSpy(), Options{Variant: 1, Mask: chat | presence})
	g.Join(bin)
	g.Join(txt)
	say := func(class Class, s string) {
		g.Broadcast(NewFrame(Spec{Class: class, Bytes: [Variants][]byte{[]byte("b" + s), []byte("t" + s)}}))
	}
	say(chat, "1")
	say(presence, "2")
	say(0, "3")
	txt.SetMask(presence)
	say(chat, "4")
	g.Broadcast(text("."))
	if got := readUntil(t, binEnd, "."); got != "b1b3b4." {
		t.Errorf("variant 0 got %q", got)
	}
	if got := readUntil(t, txtEnd, "."); got != "t1t2t3." {
		t.Errorf("variant 1 got %q", got)
	}
	if n := g.Size(); n != 2 {
		t.Errorf("group size %d", n)
	}
}

func testLazy(t *testing.T, w wire) {
	r := start(t, Config{Driver: w.driver, Shards: 2})
	g := r.NewGroup()
	var ends []net.Conn
	for range 4 {
		c, end := adopt(t, r, w, newSpy(), Options{Variant: 1})
		g.Join(c)
		ends = append(ends, end)
	}
	calls := make(chan int, 100)
	g.Broadcast(NewFrame(Spec{Encode: func(v int) []byte {
		calls <- v
		return []byte("lazy.")
	}}))
	for _, end := range ends {
		readUntil(t, end, "lazy.")
	}
	if len(calls) != 1 || <-calls != 1 {
		t.Fatal("variant 1 must be encoded once and variant 0 never")
	}
}

func testLeave(t *testing.T, w wire) {
	r := start(t, Config{Driver: w.driver, Shards: 1})
	g := r.NewGroup()
	var conns []*Conn
	var ends []net.Conn
	for range 3 {
		c, end := adopt(t, r, w, newSpy(), Options{})
		conns, ends = append(conns, c), append(ends, end)
		g.Join(c)
		g.Join(c) // twice is once
	}
	g.Broadcast(text("1"))
	g.Leave(conns[0])
	g.Leave(conns[0])
	g.Broadcast(text("2"))
	for _, c := range conns {
		c.Send(text("."))
	}
	for i, want := range []string{"1.", "12.", "12."} {
		if got := readUntil(t, ends[i], "."); got != want {
			t.Errorf("member %d got %q, want %q", i, got, want)
		}
	}
	if n := g.Size(); n != 2 {
		t.Errorf("size %d after one left", n)
	}
}

// block is a frame big enough to fill every buffer between the ends in a few.
func block(b byte) *Frame {
	p := make([]byte, 1<<20)
	for i := range p {
		p[i] = b
	}
	return Bytes(p)
}

func testCoalesce(t *testing.T, w wire) {
	r := start(t, Config{Driver: w.driver, Queue: Limits{Bytes: 64 << 20, Frames: 1000}})
	c, client := adopt(t, r, w, newSpy(), Options{})
	for range 16 {
		c.Send(block('-'))
	}
	for i := range 500 {
		c.Send(NewFrame(Spec{Kind: State, Key: 7, Bytes: [Variants][]byte{fmt.Appendf(nil, "<%d>", i)}}))
	}
	c.Send(text("."))
	got := strings.ReplaceAll(readUntil(t, client, "."), "-", "")
	if !strings.HasSuffix(got, "<499>.") {
		t.Fatalf("the latest state must arrive last, got %q", tail(got))
	}
	if n := strings.Count(got, "<"); n > 2 {
		t.Errorf("%d state frames reached a slow peer", n)
	}
}

func testOverflow(t *testing.T, w wire) {
	r := start(t, Config{Driver: w.driver, Queue: Limits{Bytes: 8 << 20, Frames: 100}})
	h := newSpy()
	c, client := adopt(t, r, w, polite{h, text("BYE")}, Options{})
	for range 40 {
		c.Send(block('-'))
	}
	g := r.NewGroup()
	g.Join(c) // a closing connection joins nothing
	g.Broadcast(text("never"))
	got := strings.ReplaceAll(readUntil(t, client, "BYE"), "-", "")
	if got != "BYE" {
		t.Fatalf("got %q", tail(got))
	}
	client.Close()
	if err := recv(t, "Closed", h.closed); !errors.Is(err, ErrOverflow) {
		t.Fatalf("closed with %v", err)
	}
	if n := g.Size(); n != 0 {
		t.Errorf("group size %d", n)
	}
}

func testStalled(t *testing.T, w wire) {
	r := start(t, Config{
		Driver: w.driver, StallTimeout: 150 * time.Millisecond, TimerStep: 10 * time.Millisecond,
		Queue: Limits{Bytes: 64 << 20, Frames: 100},
	})
	h := newSpy()
	c, _ := adopt(t, r, w, h, Options{})
	for range 40 {
		c.Send(block('-'))
	}
	if err := recv(t, "Closed", h.closed); !errors.Is(err, ErrStalled) {
		t.Fatalf("closed with %v", err)
	}
}

func testCloseAfter(t *testing.T, w wire) {
	r := start(t, Config{Driver: w.driver})
	h := newSpy()
	why := errors.New("kicked")
	c, client := adopt(t, r, w, h, Options{})
	c.Send(text("one "))
	c.CloseAfter(text("last"), why)
	c.Send(text("never"))
	c.CloseAfter(text("never"), errors.New("second"))
	if w.driver == DriverAuto { // unread input must not turn the end into a reset
		if _, err := io.WriteString(client, strings.Repeat("in", 1000)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := io.ReadAll(client)
	if err != nil || string(got) != "one last" {
		t.Fatalf("got %q, %v", got, err)
	}
	client.Close()
	if err := recv(t, "Closed", h.closed); err != why {
		t.Fatalf("closed with %v", err)
	}
}

func testClose(t *testing.T, w wire) {
	r := start(t, Config{Driver: w.driver})
	h := newSpy()
	why := errors.New("gone")
	c, client := adopt(t, r, w, h, Options{})
	c.Close(why)
	if err := recv(t, "Closed", h.closed); err != why {
		t.Fatalf("closed with %v", err)
	}
	if n, err := client.Read(make([]byte, 1)); err == nil {
		t.Fatalf("read %d bytes from a closed connection", n)
	}
	c.Close(nil) // and everything else does nothing now
	c.Send(text("x"))
	c.SetTimer(1)
	c.Pause()
	if len(h.closed) != 0 {
		t.Fatal("Closed called twice")
	}
}

func testPeerClose(t *testing.T, w wire) {
	r := start(t, Config{Driver: w.driver})
	h := newSpy()
	_, client := adopt(t, r, w, h, Options{})
	recv(t, "Open", h.opened)
	client.Close()
	if err := recv(t, "Closed", h.closed); !errors.Is(err, io.EOF) {
		t.Fatalf("closed with %v", err)
	}
	if err := r.Drain(t.Context(), nil, 0); err != nil {
		t.Fatal(err)
	}
	if n := r.Stats().Conns; n != 0 {
		t.Fatalf("%d connections left", n)
	}
}

func testHandlerError(t *testing.T, w wire) {
	r := start(t, Config{Driver: w.driver})
	h := newSpy()
	bad := errors.New("protocol error")
	h.onData = func(*Conn, []byte) error { return bad }
	_, client := adopt(t, r, w, polite{h, text("1002")}, Options{})
	if _, err := io.WriteString(client, "nonsense"); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(client)
	if err != nil || string(got) != "1002" {
		t.Fatalf("got %q, %v", got, err)
	}
	client.Close()
	if err := recv(t, "Closed", h.closed); err != bad {
		t.Fatalf("closed with %v", err)
	}
}

func testPanic(t *testing.T, w wire) {
	r := start(t, Config{Driver: w.driver, Shards: 1})
	h, other := newSpy(), newSpy()
	h.onData = func(*Conn, []byte) error { panic("boom") }
	other.onData = func(c *Conn, p []byte) error { c.Reply(text("fine")); return nil }
	_, client := adopt(t, r, w, h, Options{})
	_, client2 := adopt(t, r, w, other, Options{})
	if _, err := io.WriteString(client, "x"); err != nil {
		t.Fatal(err)
	}
	var pe *PanicError
	if err := recv(t, "Closed", h.closed); !errors.As(err, &pe) || pe.Value != "boom" {
		t.Fatalf("closed with %v", err)
	}
	if _, err := io.WriteString(client2, "x"); err != nil {
		t.Fatal(err)
	}
	readUntil(t, client2, "fine")
}

func testOpenRefuses(t *testing.T, w wire) {
	r := start(t, Config{Driver: w.driver})
	h := newSpy()
	no := errors.New("no")
	h.onOpen = func(*Conn) error { return no }
	h.onData = func(*Conn, []byte) error { t.Error("Data after a refused Open"); return nil }
	_, _ = adopt(t, r, w, h, Options{Initial: []byte("x")})
	if err := recv(t, "Closed", h.closed); err != no {
		t.Fatalf("closed with %v", err)
	}
}

func testTimer(t *testing.T, w wire) {
	r := start(t, Config{Driver: w.driver, TimerStep: 5 * time.Millisecond})
	h := newSpy()
	type tick struct{ now time.Time }
	ticks := make(chan tick, 10)
	h.onTick = func(c *Conn, now time.Time) { ticks <- tick{now} }
	began := time.Now()
	c, _ := adopt(t, r, w, h, Options{})
	c.SetTimer(time.Hour)
	c.SetTimer(30 * time.Millisecond)
	if k := recv(t, "tick", ticks); k.now.Sub(began) < 30*time.Millisecond {
		t.Fatalf("ticked after %v, early", k.now.Sub(began))
	}
	c.SetTimer(20 * time.Millisecond)
	c.SetTimer(0) // cancels
	again := newSpy()
	done := make(chan struct{})
	again.onTick = func(*Conn, time.Time) { close(done) }
	c2, _ := adopt(t, r, w, again, Options{})
	c2.SetTimer(60 * time.Millisecond)
	recv(t, "second tick", done)
	if len(ticks) != 0 {
		t.Fatal("a cancelled timer ticked")
	}
}

func testPause(t *testing.T, w wire) {
	r := start(t, Config{Driver: w.driver, Shards: 1})
	h := newSpy()
	got := make(chan string, 100)
	h.onData = func(c *Conn, p []byte) error {
		got <- string(p)
		c.Pause()
		return nil
	}
	c, client := adopt(t, r, w, h, Options{})
	if _, err := io.WriteString(client, "1"); err != nil {
		t.Fatal(err)
	}
	recv(t, "first data", got)
	wrote := make(chan error, 1)
	go func() { // a pipe has no buffer: its write waits for the resume
		_, err := io.WriteString(client, "2")
		wrote <- err
	}()
	// A second connection of the same shard is served meanwhile, twice, so the
	// shard has had every chance to read what it should not.
	other := newSpy()
	other.onData = func(c *Conn, p []byte) error { c.Reply(Bytes([]byte(string(p)))); return nil }
	_, client2 := adopt(t, r, w, other, Options{})
	for _, s := range []string{"a", "b"} {
		if _, err := io.WriteString(client2, s); err != nil {
			t.Fatal(err)
		}
		readUntil(t, client2, s)
	}
	if len(got) != 0 {
		t.Fatal("data while paused")
	}
	c.Resume()
	if s := recv(t, "data after resume", got); s != "2" {
		t.Fatalf("got %q", s)
	}
	if err := recv(t, "write", wrote); err != nil {
		t.Fatal(err)
	}
}

func testDrain(t *testing.T, w wire) {
	r := start(t, Config{Driver: w.driver, Shards: 2, TimerStep: 5 * time.Millisecond})
	var spies []*spy
	var ends []net.Conn
	for range 6 {
		h := newSpy()
		_, end := adopt(t, r, w, h, Options{})
		spies, ends = append(spies, h), append(ends, end)
	}
	var readers sync.WaitGroup
	defer readers.Wait() // before the ends are closed under them
	for _, end := range ends {
		readers.Go(func() {
			got, err := io.ReadAll(end)
			if err != nil || string(got) != "going away" {
				t.Errorf("drained peer got %q, %v", got, err)
			}
			end.Close()
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := r.Drain(ctx, text("going away"), 50*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	for _, h := range spies {
		if err := recv(t, "Closed", h.closed); !errors.Is(err, ErrDrained) {
			t.Fatalf("closed with %v", err)
		}
	}
	server, client := w.pair(t)
	defer server.Close()
	defer client.Close()
	if _, err := r.Adopt(server, newSpy(), Options{}); !errors.Is(err, ErrClosed) {
		t.Fatalf("Adopt during drain: %v", err)
	}
}

func testShutdown(t *testing.T, w wire) {
	r, err := New(Config{Driver: w.driver, Shards: 2})
	if err != nil {
		t.Fatal(err)
	}
	early := newSpy() // adopted before Run
	_, _ = adopt(t, r, w, early, Options{})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	h := newSpy()
	_, _ = adopt(t, r, w, h, Options{})
	recv(t, "Open", early.opened)
	recv(t, "Open", h.opened)
	cancel()
	if err := recv(t, "Run", done); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*spy{early, h} {
		if err := recv(t, "Closed", s.closed); !errors.Is(err, ErrShutdown) {
			t.Fatalf("closed with %v", err)
		}
	}
	if n := r.Stats().Conns; n != 0 {
		t.Fatalf("%d connections left", n)
	}
	if err := r.Run(context.Background()); err == nil {
		t.Fatal("second Run must fail")
	}
}
