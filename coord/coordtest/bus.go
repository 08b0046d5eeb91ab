package coordtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"synctv/coord"
)

func testBus(t *testing.T, open Open) {
	each(t, open, 2, map[string]func(*testing.T, []*Node){
		"own and other nodes receive in order": busOrder,
		"nothing after Leave":                  busLeave,
		"join again":                           busRejoin,
		"topics are separate":                  busTopics,
		"many topics at once":                  busManyTopics,
		"sizes":                                busSizes,
		"names":                                busNames,
		"a full queue ends in a resync":        busOverflow,
		"contexts":                             busContexts,
		"before and after Run":                 busLife,
		"leave from the callback":              busLeaveInside,
	})
}

// busOrder: several publishers on each node, each with its own count; every node sees each count in order, without holes.
func busOrder(t *testing.T, nodes []*Node) {
	const publishers, messages = 4, 200
	ctx := ctxOf(t)
	var receivers []*receiver
	for _, n := range nodes {
		r := run(t, n)
		must(t, n.Bus.Join(ctx, "room"))
		receivers = append(receivers, r)
	}
	var wg sync.WaitGroup
	for _, n := range nodes {
		for p := range publishers {
			wg.Go(func() {
				for i := range messages {
					if err := n.Bus.Publish(ctx, "room", fmt.Appendf(nil, "%s.%d %d", n.ID, p, i)); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
	}
	wg.Wait()
	for _, r := range receivers {
		r.await("all messages", func() bool { return len(r.messages("room")) >= publishers*messages*len(nodes) })
		next := map[string]int{}
		for _, m := range r.messages("room") {
			who, text, _ := strings.Cut(m, " ")
			if i, _ := strconv.Atoi(text); i != next[who] {
				t.Fatalf("%s got %q, want number %d", r.id, m, next[who])
			}
			next[who]++
		}
		if len(next) != publishers*len(nodes) || r.resyncs("room") != 0 {
			t.Fatalf("%s: %d publishers, %d resyncs", r.id, len(next), r.resyncs("room"))
		}
	}
}

// busLeave: what is published after Leave is not delivered. A message of another topic afterwards shows that it would
// have been by then: both topics go through the same publisher, and the test waits for every worker.
func busLeave(t *testing.T, nodes []*Node) {
	ctx := ctxOf(t)
	n := nodes[0]
	r := run(t, n)
	must(t, n.Bus.Join(ctx, "left"))
	must(t, n.Bus.Publish(ctx, "left", []byte("before")))
	r.awaitMessage("left", "before")
	n.Bus.Leave("left")
	must(t, n.Bus.Publish(ctx, "left", []byte("after")))
	flush(t, n, r)
	if got := r.messages("left"); !slices.Equal(got, []string{"before"}) {
		t.Fatalf("got %q", got)
	}
	n.Bus.Leave("left")
	n.Bus.Leave("never joined")
}

// flush sends a message on many topics and waits for all: then every worker has passed what was published before.
func flush(t *testing.T, n *Node, r *receiver) {
	t.Helper()
	ctx := ctxOf(t)
	for i := range 64 {
		topic := "flush " + strconv.Itoa(i)
		must(t, n.Bus.Join(ctx, topic))
		must(t, n.Bus.Publish(ctx, topic, []byte("through")))
	}
	for i := range 64 {
		r.awaitMessage("flush "+strconv.Itoa(i), "through")
	}
}

func busRejoin(t *testing.T, nodes []*Node) {
	ctx := ctxOf(t)
	n := nodes[0]
	r := run(t, n)
	var want []string
	for i := range 200 {
		must(t, n.Bus.Join(ctx, "room"))
		if i%3 == 0 {
			must(t, n.Bus.Join(ctx, "room")) // once more changes nothing
		}
		text := strconv.Itoa(i)
		must(t, n.Bus.Publish(ctx, "room", []byte(text)))
		r.awaitMessage("room", text)
		want = append(want, text)
		n.Bus.Leave("room")
		must(t, n.Bus.Publish(ctx, "room", []byte("nobody is there")))
	}
	if got := r.messages("room"); !slices.Equal(got, want) {
		t.Fatalf("got %d messages, want %d, without those nobody was there for", len(got), len(want))
	}
}

func busTopics(t *testing.T, nodes []*Node) {
	ctx := ctxOf(t)
	from, to := nodes[0], nodes[len(nodes)-1]
	r := run(t, from)
	if to != from {
		r = run(t, to)
	}
	odd := []string{"a", "ab", "a:b", "*", "[a-z]", "b:a", "\x00", "room\r\nPUBLISH", "ü", strings.Repeat("x", coord.MaxName)}
	for _, topic := range odd {
		must(t, to.Bus.Join(ctx, topic))
	}
	for _, topic := range odd {
		must(t, from.Bus.Publish(ctx, topic, []byte("to "+topic)))
	}
	must(t, from.Bus.Publish(ctx, "nobody joined this", []byte("lost")))
	for _, topic := range odd {
		r.awaitMessage(topic, "to "+topic)
		if got := r.messages(topic); len(got) != 1 {
			t.Fatalf("%q got %q", topic, got)
		}
	}
}

func busManyTopics(t *testing.T, nodes []*Node) {
	const topics = 2000
	ctx := ctxOf(t)
	n := nodes[0]
	r := run(t, n)
	var wg sync.WaitGroup
	for i := range topics {
		wg.Go(func() {
			topic := "room " + strconv.Itoa(i)
			if err := n.Bus.Join(ctx, topic); err != nil {
				t.Error(err)
				return
			}
			if err := n.Bus.Publish(ctx, topic, []byte(topic)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for i := range topics {
		topic := "room " + strconv.Itoa(i)
		r.awaitMessage(topic, topic)
	}
}

func busSizes(t *testing.T, nodes []*Node) {
	ctx := ctxOf(t)
	n := nodes[0]
	r := run(t, n)
	must(t, n.Bus.Join(ctx, "room"))
	for _, size := range []int{0, 1, 4096, coord.MaxPayload} {
		payload := bytes.Repeat([]byte{0xff, 0, '\r', '\n'}, size/4+1)[:size]
		must(t, n.Bus.Publish(ctx, "room", payload))
		r.awaitMessage("room", string(payload))
	}
	if err := n.Bus.Publish(ctx, "room", make([]byte, coord.MaxPayload+1)); !errors.Is(err, coord.ErrTooLarge) {
		t.Fatalf("one byte too many: %v", err)
	}
}

func busNames(t *testing.T, nodes []*Node) {
	ctx := ctxOf(t)
	run(t, nodes[0])
	for name, topic := range map[string]string{"empty": "", "too long": strings.Repeat("x", coord.MaxName+1)} {
		if err := nodes[0].Bus.Join(ctx, topic); !errors.Is(err, coord.ErrInvalid) {
			t.Errorf("Join %s: %v", name, err)
		}
		if err := nodes[0].Bus.Publish(ctx, topic, nil); !errors.Is(err, coord.ErrInvalid) {
			t.Errorf("Publish %s: %v", name, err)
		}
	}
}

// busOverflow: a receiver that stands still loses messages, gets a resync, and everything after it.
func busOverflow(t *testing.T, nodes []*Node) {
	ctx := ctxOf(t)
	n := nodes[0]
	held, let := make(chan struct{}), make(chan struct{})
	var once sync.Once
	var mu sync.Mutex
	var seen []string
	synced := make(chan struct{}, 100)
	end := make(chan struct{}, 1)
	passed := make(chan struct{}, 100)
	busCtx, cancel := context.WithCancel(ctx)
	over := make(chan error, 1)
	go func() {
		over <- n.Bus.Run(busCtx, func(topic string, p []byte) {
			if topic != "room" {
				passed <- struct{}{}
				return
			}
			once.Do(func() { close(held); <-let })
			mu.Lock()
			defer mu.Unlock()
			if len(p) < 100 {
				seen = append(seen, string(p))
			}
			if string(p) == "end" {
				end <- struct{}{}
			}
		}, func([]string) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, "resync")
			synced <- struct{}{}
		})
	}()
	defer func() { cancel(); must(t, <-over) }()
	must(t, n.Bus.Join(ctx, "room"))
	must(t, n.Bus.Publish(ctx, "room", []byte("first")))
	<-held
	for range 40 { // more than any queue of the contract's size holds
		must(t, n.Bus.Publish(ctx, "room", make([]byte, coord.MaxPayload)))
	}
	must(t, n.Bus.Publish(ctx, "room", []byte("behind the hole")))
	pass(t, n, passed)
	close(let)
	select {
	case <-synced:
	case <-ctx.Done():
		t.Fatal("no resync")
	}
	must(t, n.Bus.Publish(ctx, "room", []byte("end")))
	<-end
	mu.Lock()
	defer mu.Unlock()
	if !slices.Equal(seen, []string{"first", "resync", "end"}) {
		t.Fatalf("seen %q", seen)
	}
}

// pass waits until one message has got past on another worker: then all that was published before has reached the queue of the
// worker that stands still.
func pass(t *testing.T, n *Node, passed <-chan struct{}) {
	t.Helper()
	ctx := ctxOf(t)
	for i := range 64 {
		topic := "past " + strconv.Itoa(i)
		must(t, n.Bus.Join(ctx, topic))
		must(t, n.Bus.Publish(ctx, topic, nil))
	}
	select {
	case <-passed:
	case <-ctx.Done():
		t.Fatal("the other workers stand still too")
	}
}

func busContexts(t *testing.T, nodes []*Node) {
	n := nodes[0]
	run(t, n)
	ctx, cancel := context.WithCancel(context.Background())
	must(t, n.Bus.Join(ctx, "room"))
	cancel()
	if err := n.Bus.Publish(ctx, "room", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Publish: %v", err)
	}
	if err := n.Bus.Join(ctx, "other"); !errors.Is(err, context.Canceled) {
		t.Errorf("Join: %v", err)
	}
}

func busLife(t *testing.T, nodes []*Node) {
	n := nodes[0]
	short, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if err := n.Bus.Publish(short, "room", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Publish before Run: %v", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	joined := make(chan error, 1)
	go func() { joined <- n.Bus.Join(ctxOf(t), "room") }() // waits for Run
	over := make(chan error, 1)
	go func() { over <- n.Bus.Run(ctx, func(string, []byte) {}, func([]string) {}) }()
	must(t, <-joined)
	if err := n.Bus.Run(ctx, nil, nil); !errors.Is(err, coord.ErrInvalid) {
		t.Errorf("Run twice: %v", err)
	}
	stop()
	must(t, <-over)
	if err := n.Bus.Publish(ctxOf(t), "room", nil); !errors.Is(err, coord.ErrClosed) {
		t.Errorf("Publish after Run: %v", err)
	}
	if err := n.Bus.Join(ctxOf(t), "room"); !errors.Is(err, coord.ErrClosed) {
		t.Errorf("Join after Run: %v", err)
	}
	n.Bus.Leave("room")
}

// busLeaveInside: Leave from within receive ends the topic with that very message.
func busLeaveInside(t *testing.T, nodes []*Node) {
	ctx, cancel := context.WithCancel(ctxOf(t))
	n := nodes[0]
	got := make(chan string, 100)
	over := make(chan error, 1)
	go func() {
		over <- n.Bus.Run(ctx, func(topic string, p []byte) {
			if topic == "room" {
				n.Bus.Leave(topic)
			}
			got <- string(p)
		}, func([]string) {})
	}()
	must(t, n.Bus.Join(ctx, "room"))
	for i := range 64 {
		must(t, n.Bus.Join(ctx, "flush "+strconv.Itoa(i)))
	}
	for range 10 {
		must(t, n.Bus.Publish(ctx, "room", []byte("room")))
	}
	for i := range 64 {
		must(t, n.Bus.Publish(ctx, "flush "+strconv.Itoa(i), []byte("flush")))
	}
	rooms := 0
	for flushed := 0; flushed < 64; {
		select {
		case m := <-got:
			if m == "room" {
				rooms++
			} else {
				flushed++
			}
		case <-ctx.Done():
			t.Fatal("waited in vain")
		}
	}
	if rooms != 1 {
		t.Fatalf("%d messages after Leave", rooms-1)
	}
	cancel()
	must(t, <-over)
}
