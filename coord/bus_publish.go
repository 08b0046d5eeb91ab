package coord

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"sync/atomic"
	"time"
)

// Bounds of the publisher.
const (
	batchMessages = 128
	batchBytes    = 1 << 20
	waitingBytes  = 32 << 20 // handed to Publish and not yet answered; beyond, Publish fails at once
	maxHoles      = 10_000   // topics remembered for a gap notice; beyond, the notice says "everything"
	keepBuffer    = 4 << 20  // a larger encoding buffer is given back
)

// publisher sends what the node says in one order over one connection, many messages in one round trip when there are many. A
// message whose fate is unknown leaves a hole: as soon as Redis takes anything again, a gap notice on the same topic follows,
// and every node that has joined it resyncs.
type publisher struct {
	// immutable
	l    *link
	boot uint64
	in   chan *outgoing

	waiting           atomic.Int64 // bytes
	published, failed atomic.Int64

	// owned by run
	seal  *sealer
	seq   uint64
	buf   []byte
	holes map[string]struct{}
	all   bool // too many holes to name
}

// outgoing is one message and the place for its outcome.
type outgoing struct {
	topic   string
	payload []byte
	done    chan error // capacity 1: the publisher never waits for a caller that has gone
}

func newPublisher(l *link) *publisher {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return &publisher{
		l: l, boot: binary.BigEndian.Uint64(b[:]), in: make(chan *outgoing, batchMessages),
		seal: newSealer(l.cfg.Key), holes: make(map[string]struct{}),
	}
}

// publish hands a message to run and waits for Redis to have taken it.
func (p *publisher) publish(ctx context.Context, op string, over <-chan struct{}, topic string, payload []byte) error {
	size := int64(len(payload))
	defer p.waiting.Add(-size)
	if p.waiting.Add(size) > waitingBytes {
		p.failed.Add(1)
		return &Error{Kind: KindUnavailable, Op: op, Err: errors.New("too many bytes are waiting for Redis")}
	}
	m := &outgoing{topic: topic, payload: payload, done: make(chan error, 1)}
	closed := &Error{Kind: KindClosed, Op: op}
	select {
	case p.in <- m:
	case <-ctx.Done():
		return away(ctx, op, ctx.Err())
	case <-over:
		return closed
	}
	select {
	case err := <-m.done:
		if err != nil {
			return &Error{Kind: KindUnavailable, Op: op, Err: err}
		}
		return nil
	case <-ctx.Done(): // it may still be sent, and if it fails there will be a notice
		return away(ctx, op, ctx.Err())
	case <-over:
		return closed
	}
}

// run sends until ctx ends.
func (p *publisher) run(ctx context.Context) {
	const first = 100 * time.Millisecond
	delay := first
	retry := time.NewTimer(time.Hour)
	defer retry.Stop()
	var batch []*outgoing
	for {
		select {
		case m := <-p.in:
			batch = p.collect(append(batch[:0], m))
		case <-retry.C:
			batch = batch[:0]
		case <-ctx.Done():
			return
		}
		if p.send(ctx, batch) && p.mend(ctx) {
			delay = first
		}
		clear(batch) // let the payloads go
		if p.all || len(p.holes) > 0 {
			retry.Reset(jitter(delay))
			delay = min(2*delay, 2*time.Second)
		}
	}
}

// collect adds what is waiting already, up to one batch.
func (p *publisher) collect(batch []*outgoing) []*outgoing {
	size := len(batch[0].payload)
	for len(batch) < batchMessages && size < batchBytes {
		select {
		case m := <-p.in:
			batch = append(batch, m)
			size += len(m.payload)
		default:
			return batch
		}
	}
	return batch
}

// send publishes a batch and tells each caller the outcome. It reports whether Redis took everything.
func (p *publisher) send(ctx context.Context, batch []*outgoing) bool {
	if len(batch) == 0 {
		return true
	}
	letters := make([]letter, len(batch))
	for i, m := range batch {
		letters[i] = letter{p.l.topicChannel(m.topic), kindMessage, m.payload}
	}
	ok := true
	for i, err := range p.post(ctx, letters) {
		if err == nil {
			p.published.Add(1)
		} else {
			ok = false
			p.failed.Add(1)
			p.hole(batch[i].topic)
		}
		batch[i].done <- err
	}
	return ok
}

func (p *publisher) hole(topic string) {
	switch {
	case p.all:
	case len(p.holes) < maxHoles:
		p.holes[topic] = struct{}{}
	default:
		p.all = true
		clear(p.holes)
	}
}

// mend sends the notices that are due and forgets those that Redis took. It reports whether none is left.
func (p *publisher) mend(ctx context.Context) bool {
	if p.all {
		if p.post(ctx, []letter{{p.l.controlChannel(), kindGap, nil}})[0] != nil {
			return false
		}
		p.all = false
	}
	topics := make([]string, 0, batchMessages)
	for len(p.holes) > 0 {
		topics = topics[:0]
		letters := make([]letter, 0, batchMessages)
		for topic := range p.holes {
			topics = append(topics, topic)
			letters = append(letters, letter{p.l.topicChannel(topic), kindGap, nil})
			if len(topics) == batchMessages {
				break
			}
		}
		for i, err := range p.post(ctx, letters) {
			if err != nil {
				return false
			}
			delete(p.holes, topics[i])
		}
	}
	return true
}

type letter struct {
	channel string
	kind    byte
	payload []byte
}

// post seals the letters in order and publishes them in one round trip. The result has one error, or nil, for each.
func (p *publisher) post(ctx context.Context, letters []letter) []error {
	if cap(p.buf) > keepBuffer {
		p.buf = nil
	}
	p.buf = p.buf[:0]
	ends := make([]int, len(letters))
	for i, m := range letters {
		p.seq++
		p.buf = p.seal.seal(p.buf, m.channel, envelope{kind: m.kind, boot: p.boot, seq: p.seq, node: p.l.cfg.NodeID, payload: m.payload})
		ends[i] = len(p.buf)
	}
	limited, cancel := context.WithTimeout(ctx, p.l.cfg.Timeout)
	defer cancel()
	pipe := p.l.client.Pipeline()
	start := 0
	for i, end := range ends {
		pipe.Publish(limited, letters[i].channel, p.buf[start:end])
		start = end
	}
	results, err := pipe.Exec(limited)
	errs := make([]error, len(letters))
	for i := range errs {
		if i < len(results) {
			errs[i] = results[i].Err()
		} else {
			errs[i] = err
		}
	}
	return errs
}
