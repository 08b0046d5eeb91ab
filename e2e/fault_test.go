package e2e

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"synctv/internal/peertest"
)

// flush is FLUSHALL by Redis's inline protocol.
func flush(t *testing.T, addr string) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	reply := make([]byte, 3)
	if _, err := c.Write([]byte("FLUSHALL\r\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(reply); err != nil || string(reply) != "+OK" {
		t.Fatalf("FLUSHALL: %q %v", reply, err)
	}
}

// TestClusterOutlivesFaults takes Redis away in several manners, and connections to PostgreSQL, while people talk on both
// nodes: what was acknowledged is there, and everybody has everything in the same order soon after.
func TestClusterOutlivesFaults(t *testing.T) {
	t.Parallel()
	redis := peertest.NewRedisServer(t)
	c := newCluster(t, redis.URL())
	for _, f := range []struct {
		name string
		harm func()
	}{
		{"stopped and started empty", func() {
			redis.Stop(t)
			time.Sleep(1500 * time.Millisecond) // how long it is away
			redis.Start(t)
		}},
		{"FLUSHALL", func() { flush(t, redis.Addr()) }},
		{"frozen for a while", func() {
			redis.Pause(t)
			time.Sleep(1500 * time.Millisecond) // how long it is away
			redis.Resume(t)
		}},
		{"PostgreSQL ends every connection, ten times", func() {
			for range 10 {
				query(t, c.db, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
				time.Sleep(100 * time.Millisecond) // so that new ones are in use
			}
		}},
	} {
		t.Run(f.name, func(t *testing.T) { c.testFault(t, f.harm) })
	}
}

func (c *cluster) testFault(t *testing.T, harm func()) {
	within := c.within(t)
	crowd := within.crowd(8)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for i, k := range crowd {
		wg.Go(func() { within.chatter(ctx, k, i) })
	}
	acked := func() (n int) {
		for _, k := range crowd {
			k.mu.Lock()
			n += len(k.acked)
			k.mu.Unlock()
		}
		return n
	}
	more := func(n int, what string) {
		t.Helper()
		want := acked() + n
		eventually(t, 15*time.Second, func() error {
			if got := acked(); got < want {
				return fmt.Errorf("%s: %d messages acknowledged, waiting for %d", what, got, want)
			}
			return nil
		})
	}
	more(16, "before")
	harm()
	healed := time.Now()
	more(16, "after")
	cancel()
	wg.Wait()
	within.converge(crowd, 10*time.Second)
	t.Logf("%v after the fault everybody is level", time.Since(healed).Round(10*time.Millisecond))
	all := checkHistory(t, c.host, c.room.ID, crowd)
	t.Logf("%d messages acknowledged, %d in the room's history", acked(), len(all))
	eventually(t, 15*time.Second, func() error {
		if a, b := len(within.people(c.a)), len(within.people(c.b)); a != len(crowd) || b != len(crowd) {
			return fmt.Errorf("%d people are in the room; one node says %d, the other %d", len(crowd), a, b)
		}
		return nil
	})
	t.Logf("%v after the fault both nodes name all %d people", time.Since(healed).Round(10*time.Millisecond), len(crowd))
}

// chatter says something about twice a second by REST, and the same again when it does not know what became of it.
func (c *cluster) chatter(ctx context.Context, k *talker, i int) {
	for n := 0; ctx.Err() == nil; {
		id := fmt.Sprintf("%s-%d-%d", k.who.id, i, n)
		var m struct {
			ID       string
			ClientID string `json:"clientId"`
		}
		err := k.who.call("POST", "/api/v1/rooms/"+c.room.ID+"/messages", map[string]any{"text": id, "clientId": id}, &m)
		switch refusal(err) {
		case "":
			k.mu.Lock()
			if m.ClientID != id {
				k.fault("%q was answered with %+v", id, m)
			}
			k.acked[id] = m.ID
			k.mu.Unlock()
			n++
		case "rate_limited", "unavailable":
		default:
			c.Errorf("saying %q: %v", id, err)
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// TestEndingsOutliveRedis is the rest of ABUSE-171: who is thrown out on one node while Redis is away is out on the other
// as soon as it is back, although nobody told the other node.
func TestEndingsOutliveRedis(t *testing.T) {
	t.Parallel()
	redis := peertest.NewRedisServer(t)
	c := newCluster(t, redis.URL())
	user := c.b.as(signUp(t, c.b, "203.0.113.250", "ana"))
	user.must("POST", "/api/v1/rooms/"+c.room.ID+"/join", map[string]any{}, nil)
	guest := c.guest(c.b)
	loggedOut, kicked := user.dial(c.room.ID, dialOptions{}), guest.dial(c.room.ID, dialOptions{})
	c.host.dial(c.room.ID, dialOptions{})
	redis.Stop(t)
	eventually(t, 10*time.Second, func() error { return user.on(c.a).call("POST", "/api/v1/auth/logout", map[string]any{}, nil) })
	eventually(t, 10*time.Second, func() error {
		return c.host.call("POST", "/api/v1/rooms/"+c.room.ID+"/members/"+guest.id+"/kick", map[string]any{}, nil)
	})
	eventually(t, 4*time.Second, func() error { // requests ask the database
		if err := user.call("GET", "/api/v1/me", nil, nil); refusal(err) != "unauthenticated" {
			return fmt.Errorf("the token on the other node, without Redis: %v", err)
		}
		return nil
	})
	redis.Start(t)
	back := time.Now()
	if code, _ := kicked.closed(10 * time.Second); code != 4410 {
		t.Errorf("who was kicked is closed with %d", code)
	}
	if code, _ := loggedOut.closed(10 * time.Second); code != 4401 {
		t.Errorf("who signed out is closed with %d", code)
	}
	t.Logf("both are out on the other node %v after Redis is back", time.Since(back).Round(10*time.Millisecond))
}
