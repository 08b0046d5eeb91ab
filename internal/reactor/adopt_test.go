package reactor

import (
	"errors"
	"io"
	"net"
	"runtime"
	"slices"
	"testing"
	"time"
)

// peeked is a wrapper as a sniffing listener makes it.
type peeked struct {
	net.Conn
	held []byte
}

func (p *peeked) Read(b []byte) (int, error) {
	if len(p.held) > 0 {
		n := copy(b, p.held)
		p.held = p.held[n:]
		return n, nil
	}
	return p.Conn.Read(b)
}

func (p *peeked) Underlying() (net.Conn, bool) { return p.Conn, len(p.held) == 0 }

// TestAdoptUnderlying: a wrapper is passed by only when it holds nothing.
func TestAdoptUnderlying(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("without epoll there is nothing to pass by for")
	}
	for name, held := range map[string]string{"drained": "", "holding": "held "} {
		t.Run(name, func(t *testing.T) {
			r := start(t, Config{})
			server, client := tcpPair(t)
			defer client.Close()
			h := newSpy()
			got := make(chan string, 4)
			h.onData = func(_ *Conn, p []byte) error { got <- string(p); return nil }
			c, err := r.Adopt(&peeked{&peeked{server, nil}, []byte(held)}, h, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if onEpoll := c.stream == nil; onEpoll != (held == "") {
				t.Errorf("epoll: %v", onEpoll)
			}
			if _, err := io.WriteString(client, "sent"); err != nil {
				t.Fatal(err)
			}
			if s := recv(t, "data", got); held != "" && s != held {
				t.Errorf("first data %q", s)
			} else if held == "" && s != "sent" {
				t.Errorf("data %q", s)
			}
		})
	}
}

func TestAdoptRefuses(t *testing.T) {
	r := start(t, Config{})
	server, client := tcpPair(t)
	defer server.Close()
	defer client.Close()
	if _, err := r.Adopt(server, silent{}, Options{Variant: Variants}); err == nil {
		t.Error("unknown variant accepted")
	}
	if err := r.Drain(t.Context(), nil, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Adopt(server, silent{}, Options{}); !errors.Is(err, ErrClosed) {
		t.Errorf("Adopt after Drain: %v", err)
	}
	if _, err := server.Write([]byte("still the caller's")); err != nil {
		t.Error(err)
	}
}

func TestConfig(t *testing.T) {
	for name, cfg := range map[string]Config{
		"shards": {Shards: -1}, "too many shards": {Shards: 5000}, "driver": {Driver: 9}, "buffer": {ReadBuffer: -1},
		"queue": {Queue: Limits{Bytes: -1}}, "stall": {StallTimeout: -1}, "step": {TimerStep: -time.Second},
	} {
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestStats: what is dropped is counted by its reason.
func TestStats(t *testing.T) {
	r := start(t, Config{Queue: Limits{Bytes: 8 << 20, Frames: 40}})
	h := newSpy()
	c, client := adopt(t, r, wires()[0], h, Options{})
	g := r.NewGroup()
	g.Join(c)
	for range 7 { // fills the socket and most of the queue
		c.Send(block('-'))
	}
	for range 3 {
		g.Broadcast(stateFrame(1, "state"))
	}
	for range 50 {
		g.Broadcast(dropFrame("presence"))
	}
	for range 3 {
		c.Send(block('-'))
	}
	c.Send(Bytes(make([]byte, 16<<20)))
	if err := recv(t, "Closed", h.closed); !errors.Is(err, ErrOverflow) {
		t.Fatal(err)
	}
	client.Close()
	if err := r.Drain(t.Context(), nil, 0); err != nil {
		t.Fatal(err)
	}
	// The shard publishes at the end of the turn in which the connection ended.
	deadline := time.Now().Add(patience)
	for r.Stats().Closes[CloseOverflow] != 1 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	s := r.Stats()
	if s.Closes[CloseOverflow] != 1 || s.Drops[DropCoalesced] == 0 || s.Drops[DropPressure] == 0 || s.Drops[DropClosed] == 0 {
		t.Errorf("stats %+v", s)
	}
	if s.BytesOut == 0 || s.Writes == 0 || s.FramesQueued < s.FramesSent {
		t.Errorf("stats %+v", s)
	}
	names := map[string]bool{}
	s.DropsByReason(func(d DropReason, _ uint64) { names[d.String()] = true })
	s.ClosesByReason(func(d CloseReason, _ uint64) { names[d.String()] = true })
	if len(names) != int(dropReasons)+int(closeReasons) {
		t.Errorf("names of the reasons collide: %v", names)
	}
}

// TestPack: shards fill up one after the other, then evenly.
func TestPack(t *testing.T) {
	r := start(t, Config{Shards: 3, Pack: 2})
	var got []int
	for range 8 {
		server, client := tcpPair(t)
		defer client.Close()
		c, err := r.Adopt(server, newSpy(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, c.Shard())
	}
	if want := []int{0, 0, 1, 1, 2, 2, 0, 1}; !slices.Equal(got, want) {
		t.Errorf("shards %v, want %v", got, want)
	}
}
