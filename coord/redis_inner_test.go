package coord

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"testing"
	"time"

	"synctv/internal/peertest"
)

// inner returns a node whose parts the tests call directly.
func inner(t *testing.T, rawURL, prefix, node string) *Redis {
	t.Helper()
	r, err := NewRedis(RedisConfig{URL: rawURL, Prefix: prefix, NodeID: node, Key: bytes.Repeat([]byte("k"), 32), Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.link.client.Close() })
	return r
}

// TestGapForEverything: a node that lost more topics than it remembers says so on the control channel, and every joined topic of
// every node resyncs.
func TestGapForEverything(t *testing.T) {
	url, prefix := peertest.Redis(t), peertest.Prefix(t)
	hearer, speaker := inner(t, url, prefix, "hearer"), inner(t, url, prefix, "speaker")
	ctx, cancel := context.WithCancel(t.Context())
	resynced := make(chan string, 10)
	done := make(chan error, 1)
	go func() {
		done <- hearer.Bus.Run(ctx, func(string, []byte) {}, func(topics []string) {
			for _, topic := range topics {
				resynced <- topic
			}
		})
	}()
	for _, topic := range []string{"a", "b"} {
		if err := hearer.Bus.Join(ctx, topic); err != nil {
			t.Fatal(err)
		}
	}
	pub := speaker.Bus.pub
	for i := range maxHoles + 1 {
		pub.hole(fmt.Sprint("topic ", i))
	}
	if !pub.all || len(pub.holes) != 0 {
		t.Fatalf("all %v, %d holes", pub.all, len(pub.holes))
	}
	if !pub.mend(ctx) || pub.all {
		t.Fatal("not mended")
	}
	got := map[string]bool{<-resynced: true, <-resynced: true}
	if !got["a"] || !got["b"] {
		t.Fatal(got)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// TestGapNoticesInBatches: more holes than one round trip takes.
func TestGapNoticesInBatches(t *testing.T) {
	speaker := inner(t, peertest.Redis(t), peertest.Prefix(t), "speaker")
	pub := speaker.Bus.pub
	for i := range 3*batchMessages + 1 {
		pub.hole(fmt.Sprint("topic ", i))
	}
	if !pub.mend(t.Context()) || len(pub.holes) != 0 {
		t.Fatalf("%d holes are left", len(pub.holes))
	}
	if pub.seq != 3*batchMessages+1 {
		t.Fatalf("%d notices", pub.seq)
	}
}

// TestPublishIsBounded: while Redis takes nothing, what waits for it stays within the limit.
func TestPublishIsBounded(t *testing.T) {
	speaker := inner(t, "redis://127.0.0.1:1", "p:", "speaker")
	pub := speaker.Bus.pub
	pub.waiting.Store(waitingBytes - 10)
	if err := pub.publish(t.Context(), "op", nil, "a", make([]byte, 11)); !errors.Is(err, ErrUnavailable) {
		t.Fatal(err)
	}
	if got := pub.waiting.Load(); got != waitingBytes-10 {
		t.Fatalf("%d bytes are still counted", got-waitingBytes+10)
	}
}

func TestClockScript(t *testing.T) {
	l := inner(t, peertest.Redis(t), peertest.Prefix(t), "n").link
	ctx := t.Context()
	now, err := l.time(ctx, 0)
	if err != nil || time.Since(time.UnixMicro(now)).Abs() > time.Minute {
		t.Fatal(now, err)
	}
	floor := now + time.Hour.Microseconds()
	raised, err := l.time(ctx, floor)
	if err != nil || raised < floor || raised > floor+time.Minute.Microseconds() {
		t.Fatal(raised, err)
	}
	for _, lower := range []int64{0, now, floor} {
		again, err := l.time(ctx, lower)
		if err != nil || again < raised {
			t.Fatalf("%d after %d: %v", again, raised, err)
		}
	}
	if err := l.client.Set(ctx, l.key("clock", ""), "9e18", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if now, err := l.time(ctx, 0); err == nil {
		t.Fatalf("believed the time %d", now)
	}
}

func TestRedisPassword(t *testing.T) {
	server := peertest.NewRedisServer(t)
	u, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	admin := inner(t, server.URL(), "p:", "admin")
	if err := admin.link.client.ConfigSet(t.Context(), "requirepass", "s3cret/#").Err(); err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("", "s3cret/#")
	if err := inner(t, u.String(), "p:", "n").Ping(t.Context()); err != nil {
		t.Error(err)
	}
	u.User = url.UserPassword("", "wrong")
	if err := inner(t, u.String(), "p:", "n").Ping(t.Context()); !errors.Is(err, ErrUnavailable) {
		t.Error(err)
	}
}

func TestErrors(t *testing.T) {
	cause := errors.New("cause")
	for _, c := range []struct {
		err  *Error
		text string
	}{
		{&Error{Kind: KindFull, Op: "keys"}, "coord: keys: full"},
		{&Error{Kind: KindUnavailable, Op: "keys.Get", Err: cause}, "coord: keys.Get: unavailable: cause"},
		{&Error{Kind: KindClosed}, "coord: closed"},
	} {
		if c.err.Error() != c.text {
			t.Errorf("%q, want %q", c.err.Error(), c.text)
		}
	}
	err := fmt.Errorf("wrapped: %w", &Error{Kind: KindUnavailable, Op: "keys.Get", Err: cause})
	if !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrFull) || !errors.Is(err, cause) {
		t.Error("errors.Is")
	}
	var asks interface{ Unavailable() bool }
	if !errors.As(err, &asks) || !asks.Unavailable() {
		t.Error("the kind cannot be asked for without this package")
	}
}
