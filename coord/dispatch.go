package coord

import (
	"context"
	"hash/maphash"
	"sync"
	"sync/atomic"
)

// Bounds of one delivery shard. They hold what arrives while a receiver is busy; a receiver that cannot keep up loses
// messages and is told so.
const (
	shardMessages = 8192
	shardBytes    = 16 << 20
)

// dispatcher delivers messages to one receiver: each topic belongs to one shard, each shard to one goroutine, so that a topic
// is delivered in the order of enqueue and never twice at the same time.
type dispatcher struct {
	seed   maphash.Seed
	shards []*shard

	delivered, dropped, gaps atomic.Int64
}

// membership is one stay of this node in a topic, from Join to Leave. Messages queued during an earlier stay belong to
// another membership and are not delivered.
type membership struct {
	topic string
	left  atomic.Bool   // set by Leave; checked just before each delivery
	ready chan struct{} // closed when the subscription is in force
	once  sync.Once
	gap   bool // guarded by the shard's mu: something was lost and resync has not been called yet
}

func (m *membership) confirm() { m.once.Do(func() { close(m.ready) }) }

func (m *membership) confirmed() bool {
	select {
	case <-m.ready:
		return true
	default:
		return false
	}
}

type delivery struct {
	to      *membership
	payload []byte
}

type shard struct {
	wake chan struct{} // capacity 1

	mu      sync.Mutex
	members map[string]*membership // guarded by mu
	queue   []delivery             // guarded by mu
	bytes   int                    // guarded by mu; of queue
	holes   []*membership          // guarded by mu; those with gap set, each once
}

func newDispatcher(shards int) *dispatcher {
	d := &dispatcher{seed: maphash.MakeSeed(), shards: make([]*shard, shards)}
	for i := range d.shards {
		d.shards[i] = &shard{wake: make(chan struct{}, 1), members: make(map[string]*membership)}
	}
	return d
}

func (d *dispatcher) shard(topic string) *shard {
	return d.shards[maphash.String(d.seed, topic)%uint64(len(d.shards))]
}

// join returns the membership of topic, a new one if there is none.
func (d *dispatcher) join(topic string) *membership {
	s := d.shard(topic)
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.members[topic]
	if m == nil {
		m = &membership{topic: topic, ready: make(chan struct{})}
		s.members[topic] = m
	}
	return m
}

// leave ends the membership of topic. only, if not nil, restricts it to that very one.
func (d *dispatcher) leave(topic string, only *membership) {
	s := d.shard(topic)
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.members[topic]; m != nil && (only == nil || m == only) {
		m.left.Store(true)
		delete(s.members, topic)
	}
}

// member returns the membership of topic, nil if there is none.
func (d *dispatcher) member(topic string) *membership {
	s := d.shard(topic)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.members[topic]
}

// topics returns the names of all memberships.
func (d *dispatcher) topics() (all []string) {
	for _, s := range d.shards {
		s.mu.Lock()
		for topic := range s.members {
			all = append(all, topic)
		}
		s.mu.Unlock()
	}
	return all
}

// enqueue hands a message to the topic's shard, if the topic is joined. It never blocks: when the shard is full the message is
// lost, and so is everything else of this topic until the receiver has been told.
func (d *dispatcher) enqueue(topic string, payload []byte) {
	s := d.shard(topic)
	s.mu.Lock()
	m := s.members[topic]
	switch {
	case m == nil || !m.confirmed(): // or published before Join
		s.mu.Unlock()
		return
	case m.gap:
		d.dropped.Add(1)
	case len(s.queue) >= shardMessages || s.bytes+len(payload) > shardBytes:
		d.dropped.Add(1)
		s.hole(m)
	default:
		s.queue = append(s.queue, delivery{m, payload})
		s.bytes += len(payload)
	}
	s.mu.Unlock()
	s.poke()
}

// lost notes that messages of topic may be missing; resync follows.
func (d *dispatcher) lost(topic string) {
	s := d.shard(topic)
	s.mu.Lock()
	if m := s.members[topic]; m != nil {
		s.hole(m)
	}
	s.mu.Unlock()
	s.poke()
}

// hole is called with mu held.
func (s *shard) hole(m *membership) {
	if !m.gap {
		m.gap = true
		s.holes = append(s.holes, m)
	}
}

func (s *shard) poke() {
	select {
	case s.wake <- struct{}{}:
	default: // it will look at everything when it wakes
	}
}

// run delivers until ctx ends; what is still queued then is forgotten.
func (d *dispatcher) run(ctx context.Context, receive func(string, []byte), resync func([]string)) {
	var wg sync.WaitGroup
	for _, s := range d.shards {
		wg.Go(func() { d.serve(ctx, s, receive, resync) })
	}
	wg.Wait()
}

func (d *dispatcher) serve(ctx context.Context, s *shard, receive func(string, []byte), resync func([]string)) {
	var batch []delivery
	for {
		select {
		case <-s.wake:
		case <-ctx.Done():
			return
		}
		for ctx.Err() == nil {
			var holes []*membership
			if batch, holes = s.take(batch); len(batch)+len(holes) == 0 {
				break
			}
			for i := range batch {
				if m := batch[i].to; !m.left.Load() && ctx.Err() == nil {
					d.delivered.Add(1)
					receive(m.topic, batch[i].payload)
				}
				batch[i] = delivery{} // let the payload go
			}
			d.mend(s, holes, resync)
		}
	}
}

// take swaps the queue for an empty one, reusing the memory of the last batch.
func (s *shard) take(last []delivery) (batch []delivery, holes []*membership) {
	s.mu.Lock()
	defer s.mu.Unlock()
	batch, s.queue, s.bytes = s.queue, last[:0], 0
	holes, s.holes = s.holes, nil
	return batch, holes
}

// mend calls resync for the topics that lost something and are still joined. All that was queued before the loss has been
// delivered by now. The gap is closed before the call: what arrives from here on is delivered after it, and what was dropped until here
// is older than the state the receiver is going to read.
func (d *dispatcher) mend(s *shard, holes []*membership, resync func([]string)) {
	if len(holes) == 0 {
		return
	}
	topics := make([]string, 0, len(holes))
	s.mu.Lock()
	for _, m := range holes {
		m.gap = false
		if !m.left.Load() {
			topics = append(topics, m.topic)
		}
	}
	s.mu.Unlock()
	if len(topics) > 0 {
		d.gaps.Add(int64(len(topics)))
		resync(topics)
	}
}
