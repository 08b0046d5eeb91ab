package coord

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// RedisBus is the bus of all nodes on one Redis with the same prefix and key. See coordtest.Bus for the contract.
type RedisBus struct {
	// immutable
	l    *link
	opt  *redis.Options
	life *life
	d    *dispatcher
	subs *subscriptions
	pub  *publisher

	// owned by the session's reader; sessions follow each other
	seal     *sealer
	seen     *replayGuard
	nextWarn time.Duration // monotonic: when a duplicate node is logged again

	connected                                     atomic.Bool
	sessions                                      atomic.Int64
	forged, oversize, foreign, replayed, sameNode atomic.Int64
}

func newRedisBus(l *link, opt *redis.Options) *RedisBus {
	return &RedisBus{
		l: l, opt: opt, life: newLife(), d: newDispatcher(l.cfg.Workers), subs: newSubscriptions(), pub: newPublisher(l),
		seal: newSealer(l.cfg.Key), seen: newReplayGuard(),
	}
}

func (l *link) topicChannel(topic string) string { return l.key("b:", topic) }
func (l *link) controlChannel() string           { return l.key("bus", "") }

func (l *link) channelTopic(channel string) (topic string, ours bool) {
	return strings.CutPrefix(channel, l.key("b:", ""))
}

// Publish sends payload to every node that has joined topic and returns when Redis has taken it. The payload must not be
// changed afterwards.
func (b *RedisBus) Publish(ctx context.Context, topic string, payload []byte) error {
	const op = "bus.Publish"
	if err := checkMessage(op, topic, payload); err != nil {
		return err
	}
	if err := b.life.await(ctx, op); err != nil {
		return err
	}
	return b.pub.publish(ctx, op, b.life.over, topic, payload)
}

// Join begins delivery of topic and returns when the subscription is in force. If ctx ends first the topic is not joined.
func (b *RedisBus) Join(ctx context.Context, topic string) error {
	const op = "bus.Join"
	if err := checkName(op, "topic", topic); err != nil {
		return err
	}
	if err := b.life.await(ctx, op); err != nil {
		return err
	}
	m := b.d.join(topic)
	b.subs.touch(topic)
	select {
	case <-m.ready:
		return nil
	case <-b.life.over:
		return &Error{Kind: KindClosed, Op: op}
	case <-ctx.Done():
		b.d.leave(topic, m)
		b.subs.touch(topic)
		if !b.connected.Load() {
			return &Error{Kind: KindUnavailable, Op: op, Err: ctx.Err()}
		}
		return away(ctx, op, ctx.Err())
	}
}

// Leave ends delivery of topic.
func (b *RedisBus) Leave(topic string) {
	b.d.leave(topic, nil)
	b.subs.touch(topic)
}

// Run connects, delivers and publishes until ctx ends and returns nil. It may be called once.
func (b *RedisBus) Run(ctx context.Context, receive func(topic string, payload []byte), resync func(topics []string)) error {
	if err := b.life.begin("bus.Run"); err != nil {
		return err
	}
	defer b.life.end()
	var wg sync.WaitGroup
	wg.Go(func() { b.d.run(ctx, receive, resync) })
	wg.Go(func() { b.pub.run(ctx) })
	b.listen(ctx)
	wg.Wait()
	return nil
}

// listen holds one session after the other. Only the first failure of a row is logged.
func (b *RedisBus) listen(ctx context.Context) {
	const first, most = 50 * time.Millisecond, 2 * time.Second
	delay, told := first, false
	for ctx.Err() == nil {
		before := b.sessions.Load()
		err := b.runSession(ctx)
		b.connected.Store(false)
		if ctx.Err() != nil {
			return
		}
		if b.sessions.Load() > before {
			delay, told = first, false
		}
		if !told {
			b.l.cfg.Logger.Warn("bus: no connection to Redis, trying again", "err", err)
			told = true
		}
		if !pause(ctx, jitter(delay)) {
			return
		}
		delay = min(2*delay, most)
	}
}

// up is called when a session's connection has proved to work.
func (b *RedisBus) up() {
	if n := b.sessions.Add(1); n > 1 {
		b.l.cfg.Logger.Info("bus: connected to Redis again", "session", n)
	}
	b.connected.Store(true)
}

// accept checks a raw message and hands it on.
func (b *RedisBus) accept(channel, raw string) {
	if len(raw) > maxEnvelope { // before it is copied
		b.oversize.Add(1)
		return
	}
	e, err := b.seal.open(channel, []byte(raw))
	switch {
	case errors.Is(err, errOversize):
		b.oversize.Add(1)
	case errors.Is(err, errForged):
		b.forged.Add(1)
	case err != nil:
		b.foreign.Add(1)
	case e.node == b.l.cfg.NodeID && e.boot != b.pub.boot:
		b.sameNode.Add(1)
		b.warnDuplicate()
	case !b.seen.fresh(e.boot, e.seq):
		b.replayed.Add(1)
	default:
		b.hand(channel, e)
	}
}

func (b *RedisBus) hand(channel string, e envelope) {
	topic, ours := b.l.channelTopic(channel)
	switch {
	case e.kind == kindMessage && ours:
		b.d.enqueue(topic, e.payload)
	case e.kind == kindGap && ours:
		b.d.lost(topic)
	case e.kind == kindGap && channel == b.l.controlChannel():
		for _, topic := range b.d.topics() {
			b.d.lost(topic)
		}
	default:
		b.foreign.Add(1)
	}
}

// warnDuplicate says once a minute that another process uses our node id. Its messages are refused: with one id two nodes would
// overwrite each other's presence and leases, which is worse and harder to see than rooms that do not meet.
func (b *RedisBus) warnDuplicate() {
	if now := b.l.cfg.Mono(); now >= b.nextWarn {
		b.nextWarn = now + time.Minute
		b.l.cfg.Logger.Error("bus: another process has the node id of this one; its messages are refused", "node", b.l.cfg.NodeID)
	}
}

func (b *RedisBus) stats(s *Stats) {
	b.d.stats(s)
	s.Published, s.PublishFailed = b.pub.published.Load(), b.pub.failed.Load()
	s.Sessions, s.Connected = b.sessions.Load(), b.connected.Load()
	s.Forged, s.Oversize, s.Foreign = b.forged.Load(), b.oversize.Load(), b.foreign.Load()
	s.Replayed, s.DuplicateNode = b.replayed.Load(), b.sameNode.Load()
}
