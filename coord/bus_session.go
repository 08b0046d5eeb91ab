package coord

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// How a subscription connection is kept under watch.
const (
	watchEach      = 500 * time.Millisecond
	askAfter       = 2 * time.Second // of silence: send PING
	deadAfter      = 5 * time.Second // of silence: give the connection up
	subscribeChunk = 500             // channels in one command
)

// session is one subscription connection, from dial to loss. The client library would quietly reconnect and subscribe again;
// messages in between would be missing and nobody would know. So a session's dialer dials once: when that connection is
// lost the session ends, and the next one begins with a resync.
type session struct {
	b    *RedisBus
	line *line
	ps   *redis.PubSub
}

// line is the one connection of a session. It notes when it last heard something.
type line struct {
	net.Conn
	mono  func() time.Duration
	heard atomic.Int64 // monotonic nanoseconds
}

func (l *line) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	if n > 0 {
		l.heard.Store(int64(l.mono()))
	}
	return n, err
}

var errOneLine = errors.New("a session has one connection")

// runSession connects, subscribes to all that is joined, and reads until the connection is lost or ctx ends.
func (b *RedisBus) runSession(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &session{b: b}
	opt := *b.opt
	opt.Dialer = s.dialOnce(redis.NewDialer(b.opt))
	opt.PoolSize, opt.MaxActiveConns, opt.PipelinePoolSize = 1, 1, -1
	client := redis.NewClient(&opt)
	defer client.Close()
	s.ps = client.Subscribe(ctx)
	defer s.ps.Close()

	// The control channel comes first: its confirmation says that the connection works, and it keeps the connection in
	// subscriber mode when no topic is joined. Nothing else is sent before the last session's state is forgotten.
	if err := s.ps.Subscribe(ctx, b.l.controlChannel()); err != nil {
		return err
	}
	b.subs.restart(b.d)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer s.line.Close() // lets the writer's pending command fail
	defer cancel()
	wg.Go(func() {
		s.write(ctx)
		s.line.Close() // lets the reader's pending read fail
	})
	return s.read(ctx)
}

func (s *session) dialOnce(dial func(context.Context, string, string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
	var used atomic.Bool
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		if !used.CompareAndSwap(false, true) {
			return nil, errOneLine
		}
		c, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		s.line = &line{Conn: c, mono: s.b.l.cfg.Mono}
		s.line.heard.Store(int64(s.line.mono()))
		return s.line, nil
	}
}

// write carries out what Join and Leave ask for and watches the connection.
func (s *session) write(ctx context.Context) {
	tick := time.NewTicker(watchEach)
	defer tick.Stop()
	for {
		select {
		case <-s.b.subs.kick:
			if s.apply(ctx) != nil {
				return
			}
		case <-tick.C:
			silent := s.line.mono() - time.Duration(s.line.heard.Load())
			if silent > deadAfter || (silent > askAfter && s.ps.Ping(ctx) != nil) {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// apply sends the commands that are due, in chunks, so that a node with very many rooms does not send one huge command.
func (s *session) apply(ctx context.Context) error {
	add, remove := s.b.subs.due(s.b.d)
	if err := s.inChunks(ctx, remove, s.ps.Unsubscribe); err != nil {
		return err
	}
	return s.inChunks(ctx, add, s.ps.Subscribe)
}

func (s *session) inChunks(ctx context.Context, topics []string, command func(context.Context, ...string) error) error {
	for len(topics) > 0 {
		n := min(len(topics), subscribeChunk)
		channels := make([]string, n)
		for i, topic := range topics[:n] {
			channels[i] = s.b.l.topicChannel(topic)
		}
		if err := command(ctx, channels...); err != nil {
			return err
		}
		topics = topics[n:]
	}
	return nil
}

func (s *session) read(ctx context.Context) error {
	for {
		message, err := s.ps.Receive(ctx)
		if err != nil {
			return err
		}
		switch m := message.(type) {
		case *redis.Message:
			s.b.accept(m.Channel, m.Payload)
		case *redis.Subscription:
			if m.Channel == s.b.l.controlChannel() {
				s.b.up()
			} else if topic, ours := s.b.l.channelTopic(m.Channel); ours {
				s.b.subs.changed(s.b.d, topic, m.Kind == "subscribe")
			}
		}
	}
}
