package coord_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"synctv/coord"
	"synctv/internal/peertest"
)

// ear runs a node's bus and collects what it is given: payloads, and "resync:topic".
type ear struct {
	mu   sync.Mutex
	seen []string
}

func listen(t testing.TB, r *coord.Redis) *ear {
	e := &ear{}
	runs(t, "Bus.Run", func(ctx context.Context) error {
		return r.Bus.Run(ctx, func(_ string, p []byte) { e.add(string(p)) }, func(topics []string) {
			for _, topic := range topics {
				e.add("resync:" + topic)
			}
		})
	})
	return e
}

func (e *ear) add(s string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.seen = append(e.seen, s)
}

func (e *ear) heard() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.seen)
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain for " + what)
		}
	}
}

func (e *ear) await(t testing.TB, want string) {
	t.Helper()
	eventually(t, want, func() bool { return slices.Contains(e.heard(), want) })
}

// speak publishes until Redis takes it.
func speak(t testing.TB, r *coord.Redis, topic, text string) {
	t.Helper()
	eventually(t, "publishing "+text, func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		return r.Bus.Publish(ctx, topic, []byte(text)) == nil
	})
}

func join(t testing.TB, r *coord.Redis, topics ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for _, topic := range topics {
		if err := r.Bus.Join(ctx, topic); err != nil {
			t.Fatal(err)
		}
	}
}

// raw is a client beside ours: an attacker with write access to Redis, or an operator.
func raw(t testing.TB, url string) *redis.Client {
	t.Helper()
	opt, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(opt)
	t.Cleanup(func() { c.Close() })
	return c
}

func TestRedisRestart(t *testing.T) {
	server := peertest.NewRedisServer(t)
	var nodes []*coord.Redis
	var ears []*ear
	for i := range 2 {
		r := openRedis(t, coord.RedisConfig{URL: server.URL(), NodeID: fmt.Sprint("n", i), Timeout: 500 * time.Millisecond})
		nodes, ears = append(nodes, r), append(ears, listen(t, r))
		join(t, r, "a", "b", "left")
		r.Bus.Leave("left")
	}
	speak(t, nodes[0], "a", "before")
	for _, e := range ears {
		e.await(t, "before")
	}
	clockBefore := nodes[0].Clock.Now()
	fence, _, err := nodes[0].Leases.Acquire(t.Context(), "job", "h", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	server.Stop(t)
	checkAway(t, nodes[0])
	server.Start(t)
	for _, e := range ears {
		e.await(t, "resync:a")
		e.await(t, "resync:b")
	}
	speak(t, nodes[1], "b", "after")
	for i, e := range ears {
		e.await(t, "after")
		heard := e.heard()
		if slices.Index(heard, "after") < slices.Index(heard, "resync:b") || slices.Contains(heard, "resync:left") {
			t.Errorf("node %d heard %q", i, heard)
		}
		if s := nodes[i].Stats(); !s.Connected || s.Sessions != 2 {
			t.Errorf("node %d: %+v", i, s)
		}
	}
	if nodes[0].Clock.Now() <= clockBefore {
		t.Error("the clock went back")
	}
	eventually(t, "the lease", func() bool {
		next, ok, err := nodes[1].Leases.Acquire(t.Context(), "job", "other", time.Minute)
		if ok && next <= fence {
			t.Fatalf("fence %d after %d: Redis forgot it", next, fence)
		}
		return ok && err == nil
	})
	join(t, nodes[0], "new")
}

// checkAway looks at every part while Redis is not there.
func checkAway(t *testing.T, r *coord.Redis) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, _, getErr := r.Keys.Get(ctx, "k")
	_, allErr := r.Presence.All(ctx, "room")
	_, _, leaseErr := r.Leases.Acquire(ctx, "l", "h", time.Minute)
	short, cancelShort := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancelShort()
	for name, err := range map[string]error{
		"Ping": r.Ping(ctx), "Get": getErr, "All": allErr, "Acquire": leaseErr,
		"Publish": r.Bus.Publish(ctx, "a", []byte("lost")), "Join": r.Bus.Join(short, "never"),
	} {
		if !errors.Is(err, coord.ErrUnavailable) {
			t.Errorf("%s without Redis: %v", name, err)
		}
	}
	// The limiter decides alone: a quarter of the burst of 20, then no.
	allowed := 0
	for range 20 {
		ok, retry, err := r.Limiter.Allow(ctx, "k", 20, time.Minute, 1)
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			allowed++
		} else if retry <= time.Minute {
			t.Errorf("again in %v", retry)
		}
	}
	if s := r.Stats(); allowed != 5 || s.LimiterFallbacks != 20 || s.Connected {
		t.Errorf("%d allowed; %+v", allowed, s)
	}
}

func TestRedisClientKill(t *testing.T) {
	server := peertest.NewRedisServer(t)
	admin := raw(t, server.URL())
	r := openRedis(t, coord.RedisConfig{URL: server.URL(), NodeID: "n1"})
	e := listen(t, r)
	join(t, r, "a")
	for round := range 5 {
		if n, err := admin.Do(t.Context(), "CLIENT", "KILL", "TYPE", "pubsub").Int(); err != nil || n != 1 {
			t.Fatal(n, err)
		}
		eventually(t, "resync", func() bool { return r.Stats().Resyncs >= int64(round+1) })
		text := fmt.Sprint("after ", round)
		speak(t, r, "a", text)
		e.await(t, text)
	}
	if n, err := admin.Do(t.Context(), "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes").Int(); err != nil || n == 0 {
		t.Fatal(n, err)
	}
	if err := r.Keys.Set(t.Context(), "k", nil, time.Minute); err != nil {
		t.Errorf("a killed idle connection is noticed before use: %v", err)
	}
}

// TestRedisPause: a server that answers nothing is given up although its connections stand.
func TestRedisPause(t *testing.T) {
	server := peertest.NewRedisServer(t)
	r := openRedis(t, coord.RedisConfig{URL: server.URL(), NodeID: "n1", Timeout: 200 * time.Millisecond})
	e := listen(t, r)
	join(t, r, "a")
	server.Pause(t)
	begin := time.Now()
	if err := r.Bus.Publish(t.Context(), "a", []byte("unknown")); !errors.Is(err, coord.ErrUnavailable) {
		t.Error(err)
	}
	ok, _, err := r.Limiter.Allow(t.Context(), "k", 4, time.Minute, 1)
	if took := time.Since(begin); !ok || err != nil || took > 3*time.Second {
		t.Error(ok, err, took)
	}
	eventually(t, "the loss of the connection", func() bool { return !r.Stats().Connected })
	server.Resume(t)
	e.await(t, "resync:a")
	speak(t, r, "a", "after")
	e.await(t, "after")
}

// TestRedisGapNotice: one node's Publish fails while the other node's connection is well. The other learns of the hole.
func TestRedisGapNotice(t *testing.T) {
	server := peertest.NewRedisServer(t)
	admin := raw(t, server.URL())
	speaker := openRedis(t, coord.RedisConfig{URL: server.URL(), NodeID: "speaker"})
	hearer := openRedis(t, coord.RedisConfig{URL: server.URL(), NodeID: "hearer"})
	listen(t, speaker)
	e := listen(t, hearer)
	join(t, hearer, "a", "b")
	deny := func(rule string) {
		if err := admin.Do(t.Context(), "ACL", "SETUSER", "default", rule).Err(); err != nil {
			t.Fatal(err)
		}
	}
	deny("-publish")
	if err := speaker.Bus.Publish(t.Context(), "a", []byte("lost")); !errors.Is(err, coord.ErrUnavailable) {
		t.Fatal(err)
	}
	deny("+publish")
	e.await(t, "resync:a") // nobody publishes anything: the notice comes by itself
	speak(t, speaker, "b", "to b")
	e.await(t, "to b")
	if heard := e.heard(); slices.Contains(heard, "resync:b") || slices.Contains(heard, "lost") {
		t.Errorf("heard %q", heard)
	}
	if s := hearer.Stats(); s.Sessions != 1 || s.Resyncs != 1 {
		t.Errorf("%+v", s)
	}
}

// TestRedisForgery: whoever can write to Redis, but has not the key, can neither speak, nor repeat, nor move a message.
func TestRedisForgery(t *testing.T) {
	url, prefix := peertest.Redis(t), peertest.Prefix(t)
	attacker := raw(t, url)
	cfg := coord.RedisConfig{URL: url, Prefix: prefix, NodeID: "n1"}
	r := openRedis(t, cfg)
	e := listen(t, r)
	join(t, r, "a", "b")
	cfg.NodeID = "n2"
	friend := openRedis(t, cfg)
	listen(t, friend)
	cfg.NodeID, cfg.Key = "n3", slices.Repeat([]byte("x"), 32)
	stranger := openRedis(t, cfg)
	listen(t, stranger)

	recorded := record(t, attacker, prefix, func() { speak(t, friend, "a", "true") })
	e.await(t, "true")

	say := func(channel, payload string) {
		t.Helper()
		if err := attacker.Publish(t.Context(), prefix+channel, payload).Err(); err != nil {
			t.Fatal(err)
		}
	}
	changed := []byte(recorded)
	changed[len(changed)-40] ^= 1
	cases := []struct {
		name string
		do   func()
		get  func(coord.Stats) int64
	}{
		{"no envelope", func() { say("b:a", "hello") }, func(s coord.Stats) int64 { return s.Forged }},
		{"empty", func() { say("b:a", "") }, func(s coord.Stats) int64 { return s.Forged }},
		{"one bit", func() { say("b:a", string(changed)) }, func(s coord.Stats) int64 { return s.Forged }},
		{"cut", func() { say("b:a", recorded[:len(recorded)-1]) }, func(s coord.Stats) int64 { return s.Forged }},
		{"moved to another topic", func() { say("b:b", recorded) }, func(s coord.Stats) int64 { return s.Forged }},
		{"moved to the control channel", func() { say("bus", recorded) }, func(s coord.Stats) int64 { return s.Forged }},
		{"another cluster's key", func() { speak(t, stranger, "a", "strange") }, func(s coord.Stats) int64 { return s.Forged }},
		{"10 MiB", func() { say("b:a", string(make([]byte, 10<<20))) }, func(s coord.Stats) int64 { return s.Oversize }},
		{"repeated", func() { say("b:a", recorded) }, func(s coord.Stats) int64 { return s.Replayed }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			before := c.get(r.Stats())
			c.do()
			eventually(t, "the refusal", func() bool { return c.get(r.Stats()) == before+1 })
		})
	}
	speak(t, friend, "a", "true again")
	e.await(t, "true again")
	if heard := e.heard(); !slices.Equal(heard, []string{"true", "true again"}) {
		t.Errorf("heard %q", heard)
	}
}

// record returns the raw message that do makes somebody publish.
func record(t *testing.T, c *redis.Client, prefix string, do func()) string {
	t.Helper()
	tap := c.PSubscribe(t.Context(), prefix+"*")
	defer tap.Close()
	if _, err := tap.Receive(t.Context()); err != nil {
		t.Fatal(err)
	}
	do()
	m, err := tap.ReceiveMessage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return m.Payload
}

func TestRedisDuplicateNode(t *testing.T) {
	cfg := coord.RedisConfig{URL: peertest.Redis(t), Prefix: peertest.Prefix(t), NodeID: "twin"}
	one, two := openRedis(t, cfg), openRedis(t, cfg)
	e := listen(t, one)
	listen(t, two)
	join(t, one, "a")
	speak(t, two, "a", "from the twin")
	eventually(t, "the refusal", func() bool { return one.Stats().DuplicateNode == 1 })
	speak(t, one, "a", "own")
	e.await(t, "own")
	if heard := e.heard(); len(heard) != 1 {
		t.Errorf("heard %q", heard)
	}
}

func TestRedisPrefixesAreApart(t *testing.T) {
	url := peertest.Redis(t)
	one := openRedis(t, coord.RedisConfig{URL: url, Prefix: peertest.Prefix(t), NodeID: "n"})
	two := openRedis(t, coord.RedisConfig{URL: url, Prefix: peertest.Prefix(t), NodeID: "n"})
	ctx := t.Context()
	if err := one.Keys.Set(ctx, "k", []byte("v"), time.Minute); err != nil {
		t.Fatal(err)
	}
	if _, found, err := two.Keys.Get(ctx, "k"); found || err != nil {
		t.Fatal(found, err)
	}
	e := listen(t, one)
	listen(t, two)
	join(t, one, "a")
	join(t, two, "a")
	speak(t, two, "a", "elsewhere")
	speak(t, one, "a", "here")
	e.await(t, "here")
	if heard := e.heard(); len(heard) != 1 {
		t.Errorf("heard %q", heard)
	}
}

func TestRedisNotThere(t *testing.T) {
	r, err := coord.NewRedis(coord.RedisConfig{URL: "redis://127.0.0.1:1/0", NodeID: "n", Key: testKey, Timeout: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	runs(t, "Redis.Run", r.Run)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := r.Ready(ctx); !errors.Is(err, coord.ErrUnavailable) {
		t.Fatal(err)
	}
}
