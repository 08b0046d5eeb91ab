package coordtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"synctv/coord"
)

func testLimiter(t *testing.T, open Open) {
	each(t, open, 2, map[string]func(*testing.T, []*Node){
		"burst, then the rate": limiterRate,
		"one bucket for all nodes": func(t *testing.T, nodes []*Node) {
			ctx := ctxOf(t)
			var allowed atomic.Int64
			var wg sync.WaitGroup
			for i := range 60 {
				wg.Go(func() {
					ok, _, err := nodes[i%len(nodes)].Limiter.Allow(ctx, "k", 25, time.Hour, 1)
					if err != nil {
						t.Error(err)
					}
					if ok {
						allowed.Add(1)
					}
				})
			}
			if wg.Wait(); allowed.Load() != 25 {
				t.Fatalf("%d allowed of a burst of 25", allowed.Load())
			}
		},
		"arguments": func(t *testing.T, nodes []*Node) {
			l := nodes[0].Limiter
			for name, c := range map[string]struct {
				key   string
				burst int
				per   time.Duration
				cost  int
			}{
				"no key":        {"", 1, time.Second, 1},
				"no burst":      {"k", 0, time.Second, 0},
				"burst":         {"k", coord.MaxBurst + 1, time.Second, 1},
				"no time":       {"k", 1, 0, 1},
				"negative time": {"k", 1, -time.Second, 1},
				"long time":     {"k", 1, coord.MaxPer + 1, 1},
				"lifetime":      {"k", coord.MaxBurst, coord.MaxPer, 1},
				"negative cost": {"k", 1, time.Second, -1},
				"never payable": {"k", 5, time.Second, 6},
			} {
				if ok, _, err := l.Allow(ctxOf(t), c.key, c.burst, c.per, c.cost); ok || !errors.Is(err, coord.ErrInvalid) {
					t.Errorf("%s: %v, %v", name, ok, err)
				}
			}
			canceled(t, func(ctx context.Context) error { _, _, err := l.Allow(ctx, "k", 1, time.Second, 1); return err })
		},
	})
}

func limiterRate(t *testing.T, nodes []*Node) {
	const burst, per = 3, 40 * time.Millisecond
	ctx := ctxOf(t)
	l := nodes[0].Limiter
	allow := func(cost int) (bool, time.Duration) {
		t.Helper()
		ok, retry, err := l.Allow(ctx, "k", burst, per, cost)
		must(t, err)
		return ok, retry
	}
	begin := time.Now()
	if ok, _ := allow(0); !ok {
		t.Fatal("a full bucket has no token")
	}
	if ok, _ := allow(burst); !ok {
		t.Fatal("no burst")
	}
	if ok, retry := allow(burst); time.Since(begin) < per && (ok || retry <= per || retry > burst*per) {
		t.Fatalf("after the burst: %v, again in %v", ok, retry)
	}
	// Take single tokens for a while: never more than the rate gives.
	taken := 0
	for time.Since(begin) < 10*per {
		ok, retry := allow(1)
		if ok {
			taken++
			continue
		}
		if retry <= 0 || retry > per {
			t.Fatalf("retry after %v", retry)
		}
		time.Sleep(retry)
	}
	if most := int(time.Since(begin)/per) + 1; taken > most || taken < 3 {
		t.Fatalf("%d tokens, at most %d", taken, most)
	}
	if ok, _, err := l.Allow(ctx, "another", burst, per, 1); !ok || err != nil {
		t.Fatal("another key:", ok, err)
	}
}

func testClock(t *testing.T, open Open) {
	each(t, open, 2, map[string]func(*testing.T, []*Node){
		"never back, on all nodes": func(t *testing.T, nodes []*Node) {
			var wg sync.WaitGroup
			for _, n := range nodes {
				var highest atomic.Int64
				for range 4 {
					wg.Go(func() {
						for range 20_000 {
							seen := highest.Load()
							now := n.Clock.Now()
							if now < seen {
								t.Errorf("%s went back by %d us", n.ID, seen-now)
								return
							}
							highest.CompareAndSwap(seen, now)
						}
					})
				}
			}
			wg.Wait()
		},
		"nodes agree": func(t *testing.T, nodes []*Node) {
			// The smallest difference of several looks: a look may be interrupted between the two.
			a, b := nodes[0].Clock, nodes[len(nodes)-1].Clock
			least := time.Hour
			for range 100 {
				x, y, z := a.Now(), b.Now(), a.Now()
				if off := time.Duration(y-(x+z)/2) * time.Microsecond; off.Abs() < least.Abs() {
					least = off
				}
			}
			if t.Logf("the nodes differ by %v", least); least.Abs() > 5*time.Millisecond {
				t.Fatal("more than 5 ms")
			}
		},
	})
}

// testHammer: 8 goroutines do everything at once; for the race detector and for the sums.
func testHammer(t *testing.T, open Open) {
	nodes := open(t, 2)
	ctx := ctxOf(t)
	for _, n := range nodes {
		run(t, n)
	}
	var wg sync.WaitGroup
	for g := range 8 {
		n := nodes[g%len(nodes)]
		wg.Go(func() {
			topic := fmt.Sprintf("own %d", g) // Join and Leave of one topic are not concurrent
			for range 150 {
				if err := hammer(ctx, n, topic, fmt.Sprintf("k%d", rand.IntN(8))); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func hammer(ctx context.Context, n *Node, topic, key string) error {
	steps := []func() error{
		func() error { return n.Bus.Join(ctx, topic) },
		func() error { return n.Bus.Publish(ctx, topic, []byte(key)) },
		func() error { n.Bus.Leave(topic); return nil },
		func() error { return n.Presence.Put(ctx, key, n.ID, []byte(topic), brief) },
		func() error { _, err := n.Presence.All(ctx, key); return err },
		func() error { return n.Presence.Remove(ctx, key, n.ID) },
		func() error { return n.Keys.Set(ctx, key, []byte(topic), brief) },
		func() error { _, err := n.Keys.SetIfAbsent(ctx, key, nil, brief); return err },
		func() error { _, _, err := n.Keys.Get(ctx, key); return err },
		func() error { _, _, err := n.Keys.Take(ctx, key); return err },
		func() error { return n.Keys.Delete(ctx, key) },
		func() error { _, _, err := n.Limiter.Allow(ctx, key, 10, time.Millisecond, 2); return err },
		func() error { _, _, err := n.Leases.Acquire(ctx, key, topic, brief); return err },
		func() error { _, err := n.Leases.Renew(ctx, key, topic, brief); return err },
		func() error { return n.Leases.Release(ctx, key, topic) },
		func() error {
			if n.Clock.Now() <= 0 {
				return errors.New("no time")
			}
			return nil
		},
	}
	for _, i := range rand.Perm(len(steps)) {
		if err := steps[i](); err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
	}
	return nil
}
