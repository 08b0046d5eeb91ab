package coordtest

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"
)

// patience is how long the suite waits for something that must happen. It never waits for something that must not.
const patience = 20 * time.Second

// receiver runs a node's bus and records what it is given. It fails the test if a topic is delivered twice at one time.
type receiver struct {
	t  testing.TB
	id string

	mu     sync.Mutex
	got    map[string][]string // topic -> payloads
	lost   map[string]int      // topic -> resyncs
	inside map[string]bool     // topics in a callback now
	change chan struct{}       // closed and replaced at each change
}

// run starts the bus of node and stops it at the end of the test.
func run(t testing.TB, node *Node) *receiver {
	t.Helper()
	r := &receiver{
		t: t, id: node.ID, got: make(map[string][]string), lost: make(map[string]int), inside: make(map[string]bool),
		change: make(chan struct{}),
	}
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() { over <- node.Bus.Run(ctx, r.receive, r.resync) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-over:
			if err != nil {
				t.Errorf("%s: Bus.Run: %v", node.ID, err)
			}
		case <-time.After(patience):
			t.Errorf("%s: Bus.Run does not return", node.ID)
		}
	})
	return r
}

func (r *receiver) enter(topics ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, topic := range topics {
		if r.inside[topic] {
			r.t.Errorf("%s: two callbacks for %q at one time", r.id, topic)
		}
		r.inside[topic] = true
	}
}

func (r *receiver) leave(note func(), topics ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	note()
	for _, topic := range topics {
		r.inside[topic] = false
	}
	close(r.change)
	r.change = make(chan struct{})
}

func (r *receiver) receive(topic string, payload []byte) {
	r.enter(topic)
	r.leave(func() { r.got[topic] = append(r.got[topic], string(payload)) }, topic)
}

func (r *receiver) resync(topics []string) {
	r.enter(topics...)
	r.leave(func() {
		for _, topic := range topics {
			r.lost[topic]++
		}
	}, topics...)
}

func (r *receiver) messages(topic string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got[topic])
}

func (r *receiver) resyncs(topic string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lost[topic]
}

// await waits until ok, asking again after each delivery.
func (r *receiver) await(what string, ok func() bool) {
	r.t.Helper()
	limit := time.After(patience)
	for {
		r.mu.Lock()
		change := r.change
		r.mu.Unlock()
		if ok() {
			return
		}
		select {
		case <-change:
		case <-limit:
			r.t.Fatalf("%s: waited in vain for %s", r.id, what)
		}
	}
}

// awaitMessage waits until the last message of topic is text.
func (r *receiver) awaitMessage(topic, text string) {
	r.t.Helper()
	r.await("message "+text, func() bool {
		got := r.messages(topic)
		return len(got) > 0 && got[len(got)-1] == text
	})
}

// eventually asks every few milliseconds until ok.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain for " + what)
		}
	}
}
