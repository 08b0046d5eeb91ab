package apptest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Wire connects the buses of the nodes of one cluster. By default a message is delivered, by the
// goroutine that publishes it, before Publish returns.
type Wire struct {
	mu    sync.Mutex
	nodes []*Bus // guarded by mu
	fate  Fate   // guarded by mu
}

// Fate decides what becomes of a message on its way to one node: one delay for each copy that
// arrives, none for a message that is lost.
type Fate func(to *Bus, topic string, payload []byte) []time.Duration

// SetFate makes messages be lost, doubled and late from now on; nil stops that.
func (w *Wire) SetFate(f Fate) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fate = f
}

// Bus is one node's end of a Wire.
type Bus struct {
	wire  *Wire
	ready chan struct{} // closed by Run

	mu      sync.Mutex
	joined  map[string]bool                    // guarded by mu
	receive func(topic string, payload []byte) // guarded by mu; nil while Run does not run
	resync  func(topics []string)              // guarded by mu
	down    error                              // guarded by mu
	cut     bool                               // guarded by mu
	late    sync.WaitGroup                     // deliveries on their way
	over    context.Context                    // guarded by mu; of Run
}

// NewBus adds a node.
func (w *Wire) NewBus() *Bus {
	b := &Bus{wire: w, ready: make(chan struct{}), joined: make(map[string]bool)}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.nodes = append(w.nodes, b)
	return b
}

// SetDown makes Publish and Join fail with err until it is nil again.
func (b *Bus) SetDown(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down = err
}

// Cut takes the node off the wire without a word, as when it dies: what it says goes nowhere and
// nothing reaches it.
func (b *Bus) Cut() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cut = true
}

// Joined lists the topics of rooms the node has joined.
func (b *Bus) Joined() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	topics := slices.Sorted(maps.Keys(b.joined))
	return slices.DeleteFunc(topics, func(t string) bool { return !strings.HasPrefix(t, "room:") })
}

// Resync tells the node that messages of all its topics may have been lost.
func (b *Bus) Resync() {
	b.mu.Lock()
	resync, topics := b.resync, slices.Sorted(maps.Keys(b.joined))
	b.mu.Unlock()
	resync(topics)
}

// Publish implements app.Bus.
func (b *Bus) Publish(ctx context.Context, topic string, payload []byte) error {
	if err := b.usable(ctx); err != nil {
		return err
	}
	b.wire.mu.Lock()
	nodes, fate := slices.Clone(b.wire.nodes), b.wire.fate
	b.wire.mu.Unlock()
	b.mu.Lock()
	cut := b.cut
	b.mu.Unlock()
	for _, to := range nodes {
		if cut && to != b {
			continue
		}
		if fate == nil {
			to.deliver(topic, payload)
			continue
		}
		for _, delay := range fate(to, topic, payload) {
			to.deliverLater(delay, topic, payload)
		}
	}
	return nil
}

func (b *Bus) usable(ctx context.Context) error {
	select {
	case <-b.ready:
	case <-ctx.Done():
		return ctx.Err()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.receive == nil {
		return errors.New("the bus has stopped")
	}
	return b.down
}

func (b *Bus) deliver(topic string, payload []byte) {
	b.mu.Lock()
	receive := b.receive
	ok := receive != nil && b.joined[topic] && !b.cut
	b.mu.Unlock()
	if ok {
		receive(topic, slices.Clone(payload))
	}
}

func (b *Bus) deliverLater(delay time.Duration, topic string, payload []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.receive == nil {
		return
	}
	over := b.over
	b.late.Go(func() {
		select {
		case <-time.After(delay):
			b.deliver(topic, payload)
		case <-over.Done():
		}
	})
}

// Join implements app.Bus.
func (b *Bus) Join(ctx context.Context, topic string) error {
	if err := b.usable(ctx); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.joined[topic] = true
	return nil
}

// Leave implements app.Bus.
func (b *Bus) Leave(topic string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.joined, topic)
}

// Run implements app.Bus.
func (b *Bus) Run(ctx context.Context, receive func(string, []byte), resync func([]string)) error {
	b.mu.Lock()
	b.receive, b.resync, b.over = receive, resync, ctx
	down := b.down
	b.mu.Unlock()
	close(b.ready)
	if errors.Is(down, ErrBroken) {
		return down
	}
	<-ctx.Done()
	b.mu.Lock()
	b.receive = nil
	b.mu.Unlock()
	b.late.Wait()
	return nil
}

// ErrBroken, given to SetDown before Run, makes Run fail at once.
var ErrBroken = errors.New("the bus is broken")
