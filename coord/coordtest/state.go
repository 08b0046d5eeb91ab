package coordtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"synctv/coord"
)

// brief is a time to live that ends within a test; long one that does not.
const (
	brief = 300 * time.Millisecond
	long  = time.Minute
)

func testPresence(t *testing.T, open Open) {
	each(t, open, 2, map[string]func(*testing.T, []*Node){
		"put, replace, remove": func(t *testing.T, nodes []*Node) {
			ctx := ctxOf(t)
			a, b := nodes[0].Presence, nodes[len(nodes)-1].Presence
			must(t, a.Put(ctx, "room", "n1", []byte("ada"), long))
			must(t, b.Put(ctx, "room", "n2", []byte("bob\x00\xff"), long))
			must(t, a.Put(ctx, "room", "n1", []byte("ada,eve"), long))
			must(t, a.Put(ctx, "other", "n1", nil, long))
			wantPresence(t, b, "room", map[string]string{"n1": "ada,eve", "n2": "bob\x00\xff"})
			wantPresence(t, b, "other", map[string]string{"n1": ""})
			wantPresence(t, a, "empty", map[string]string{})
			must(t, b.Remove(ctx, "room", "n1"))
			must(t, b.Remove(ctx, "room", "n1"))
			must(t, b.Remove(ctx, "empty", "n1"))
			wantPresence(t, a, "room", map[string]string{"n2": "bob\x00\xff"})
		},
		"each node's entries end by themselves": func(t *testing.T, nodes []*Node) {
			ctx := ctxOf(t)
			p := nodes[0].Presence
			must(t, p.Put(ctx, "room", "stays", []byte("s"), long))
			must(t, p.Put(ctx, "room", "goes", []byte("g"), brief))
			must(t, p.Put(ctx, "all go", "goes", []byte("g"), brief))
			for _, room := range []string{"room", "all go"} {
				eventually(t, "the end of an entry", func() bool {
					all, err := p.All(ctx, room)
					return err == nil && all["goes"] == nil
				})
			}
			wantPresence(t, p, "room", map[string]string{"stays": "s"})
			must(t, p.Put(ctx, "room", "goes", []byte("back"), long)) // a shorter one before does not shorten it
			wantPresence(t, p, "room", map[string]string{"stays": "s", "goes": "back"})
		},
		"arguments": func(t *testing.T, nodes []*Node) {
			ctx := ctxOf(t)
			p := nodes[0].Presence
			for name, err := range map[string]error{
				"no room":  p.Put(ctx, "", "n", nil, long),
				"no node":  p.Put(ctx, "r", "", nil, long),
				"no ttl":   p.Put(ctx, "r", "n", nil, 0),
				"long ttl": p.Put(ctx, "r", "n", nil, coord.MaxTTL+1),
			} {
				if !errors.Is(err, coord.ErrInvalid) {
					t.Errorf("%s: %v", name, err)
				}
			}
			if err := p.Put(ctx, "r", "n", make([]byte, coord.MaxValue+1), long); !errors.Is(err, coord.ErrTooLarge) {
				t.Errorf("too large: %v", err)
			}
			canceled(t, func(ctx context.Context) error { _, err := p.All(ctx, "r"); return err })
		},
	})
}

func wantPresence(t *testing.T, p Presence, room string, want map[string]string) {
	t.Helper()
	all, err := p.All(ctxOf(t), room)
	must(t, err)
	got := map[string]string{}
	for node, entries := range all {
		got[node] = string(entries)
	}
	if all == nil || !maps.Equal(got, want) {
		t.Fatalf("%s: got %q, want %q", room, got, want)
	}
}

func canceled(t *testing.T, call func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := call(ctx); !errors.Is(err, context.Canceled) || errors.Is(err, coord.ErrUnavailable) {
		t.Errorf("with a canceled context: %v", err)
	}
}

func testKeys(t *testing.T, open Open) {
	each(t, open, 2, map[string]func(*testing.T, []*Node){
		"set, get, delete": keysBasics,
		"values end":       keysEnd,
		"one of 50 takers": keysTake,
		"one of 50 setters": func(t *testing.T, nodes []*Node) {
			ctx := ctxOf(t)
			var stored atomic.Int64
			var wg sync.WaitGroup
			for i := range 50 {
				wg.Go(func() {
					ok, err := nodes[i%len(nodes)].Keys.SetIfAbsent(ctx, "k", fmt.Append(nil, i), long)
					if err != nil {
						t.Error(err)
					}
					if ok {
						stored.Add(1)
					}
				})
			}
			if wg.Wait(); stored.Load() != 1 {
				t.Fatalf("%d stored", stored.Load())
			}
		},
		"arguments": func(t *testing.T, nodes []*Node) {
			ctx := ctxOf(t)
			k := nodes[0].Keys
			for name, err := range map[string]error{
				"no key":   k.Set(ctx, "", nil, long),
				"long key": k.Set(ctx, strings.Repeat("x", coord.MaxName+1), nil, long),
				"no ttl":   k.Set(ctx, "k", nil, 0),
			} {
				if !errors.Is(err, coord.ErrInvalid) {
					t.Errorf("%s: %v", name, err)
				}
			}
			if err := k.Set(ctx, "k", make([]byte, coord.MaxValue+1), long); !errors.Is(err, coord.ErrTooLarge) {
				t.Errorf("too large: %v", err)
			}
			canceled(t, func(ctx context.Context) error { _, _, err := k.Take(ctx, "k"); return err })
		},
	})
}

func keysBasics(t *testing.T, nodes []*Node) {
	ctx := ctxOf(t)
	a, b := nodes[0].Keys, nodes[len(nodes)-1].Keys
	value := []byte("value\x00\xff\r\n")
	must(t, a.Set(ctx, "k", value, long))
	value[0] = 'X' // the caller may do with it what it likes
	wantKey(t, b.Get, "k", "value\x00\xff\r\n", true)
	if ok, err := b.SetIfAbsent(ctx, "k", []byte("other"), long); ok || err != nil {
		t.Fatal(ok, err)
	}
	must(t, b.Set(ctx, "k", nil, long))
	wantKey(t, a.Get, "k", "", true)
	must(t, a.Delete(ctx, "k"))
	must(t, a.Delete(ctx, "k"))
	wantKey(t, b.Get, "k", "", false)
	wantKey(t, b.Take, "k", "", false)
	if ok, err := b.SetIfAbsent(ctx, "k", []byte("new"), long); !ok || err != nil {
		t.Fatal(ok, err)
	}
	wantKey(t, a.Take, "k", "new", true)
	wantKey(t, a.Get, "k", "", false)
}

func wantKey(t *testing.T, read func(context.Context, string) ([]byte, bool, error), key, want string, wantFound bool) {
	t.Helper()
	got, found, err := read(ctxOf(t), key)
	if err != nil || string(got) != want || found != wantFound {
		t.Fatalf("%q: got %q, %v, %v", key, got, found, err)
	}
}

func keysEnd(t *testing.T, nodes []*Node) {
	ctx := ctxOf(t)
	k := nodes[0].Keys
	must(t, k.Set(ctx, "replaced", []byte("v"), brief))
	must(t, k.Set(ctx, "replaced", []byte("w"), long))
	begin := time.Now()
	must(t, k.Set(ctx, "k", []byte("v"), brief))
	wantKey(t, k.Get, "k", "v", true)
	eventually(t, "the end of the value", func() bool {
		_, found, err := k.Get(ctx, "k")
		return err == nil && !found
	})
	if lived := time.Since(begin); lived < brief-2*time.Millisecond { // Redis counts in milliseconds
		t.Errorf("lived only %v", lived)
	}
	wantKey(t, k.Take, "k", "", false)
	wantKey(t, k.Get, "replaced", "w", true)
	if ok, err := k.SetIfAbsent(ctx, "k", []byte("again"), long); !ok || err != nil {
		t.Fatal(ok, err)
	}
}

// keysTake: of 50 concurrent takers exactly one gets each ticket.
func keysTake(t *testing.T, nodes []*Node) {
	ctx := ctxOf(t)
	for round := range 20 {
		key := fmt.Sprintf("ticket %d", round)
		must(t, nodes[0].Keys.Set(ctx, key, []byte(key), long))
		var taken atomic.Int64
		var wg sync.WaitGroup
		gate := make(chan struct{})
		for i := range 50 {
			wg.Go(func() {
				<-gate
				v, found, err := nodes[i%len(nodes)].Keys.Take(ctx, key)
				if err != nil {
					t.Error(err)
				}
				if found {
					taken.Add(1)
					if string(v) != key {
						t.Errorf("took %q", v)
					}
				}
			})
		}
		close(gate)
		if wg.Wait(); taken.Load() != 1 {
			t.Fatalf("%s was taken %d times", key, taken.Load())
		}
	}
}

func testLeases(t *testing.T, open Open) {
	each(t, open, 2, map[string]func(*testing.T, []*Node){
		"acquire, renew, release": leaseBasics,
		"takeover after the end":  leaseTakeover,
		"no two holders":          leaseExclusion,
		"arguments": func(t *testing.T, nodes []*Node) {
			l := nodes[0].Leases
			_, _, noName := l.Acquire(ctxOf(t), "", "h", long)
			_, _, noHolder := l.Acquire(ctxOf(t), "l", "", long)
			_, noTTL := l.Renew(ctxOf(t), "l", "h", 0)
			for i, err := range []error{noName, noHolder, noTTL} {
				if !errors.Is(err, coord.ErrInvalid) {
					t.Errorf("%d: %v", i, err)
				}
			}
			canceled(t, func(ctx context.Context) error { _, _, err := l.Acquire(ctx, "l", "h", long); return err })
		},
	})
}

func leaseBasics(t *testing.T, nodes []*Node) {
	ctx := ctxOf(t)
	a, b := nodes[0].Leases, nodes[len(nodes)-1].Leases
	one, ok, err := a.Acquire(ctx, "job", "ada|1", long)
	if err != nil || !ok || one <= 0 {
		t.Fatal(one, ok, err)
	}
	if again, ok, err := a.Acquire(ctx, "job", "ada|1", long); err != nil || !ok || again != one {
		t.Fatal("the holder again:", again, ok, err)
	}
	if _, ok, err := b.Acquire(ctx, "job", "bob", long); err != nil || ok {
		t.Fatal("another:", ok, err)
	}
	if held, err := b.Renew(ctx, "job", "bob", long); err != nil || held {
		t.Fatal("renewed by another:", held, err)
	}
	must(t, b.Release(ctx, "job", "bob"))
	if held, err := a.Renew(ctx, "job", "ada|1", long); err != nil || !held {
		t.Fatal("renewed by the holder:", held, err)
	}
	must(t, a.Release(ctx, "job", "ada|1"))
	must(t, a.Release(ctx, "job", "ada|1"))
	if held, err := a.Renew(ctx, "job", "ada|1", long); err != nil || held {
		t.Fatal("renewed after release:", held, err)
	}
	two, ok, err := b.Acquire(ctx, "job", "bob", long)
	if err != nil || !ok || two <= one {
		t.Fatalf("after release: %d, %v, %v; before %d", two, ok, err, one)
	}
	if other, ok, err := b.Acquire(ctx, "other job", "bob", long); err != nil || !ok || other <= two {
		t.Fatal(other, ok, err)
	}
}

func leaseTakeover(t *testing.T, nodes []*Node) {
	ctx := ctxOf(t)
	a, b := nodes[0].Leases, nodes[len(nodes)-1].Leases
	one, ok, err := a.Acquire(ctx, "job", "ada", brief)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	var two int64
	eventually(t, "the takeover", func() bool {
		var ok bool
		two, ok, err = b.Acquire(ctx, "job", "bob", long)
		must(t, err)
		return ok
	})
	if two <= one {
		t.Fatalf("fence %d after %d", two, one)
	}
	if held, err := a.Renew(ctx, "job", "ada", long); err != nil || held {
		t.Fatal("the old holder renewed:", held, err)
	}
	must(t, a.Release(ctx, "job", "ada"))
	if held, err := b.Renew(ctx, "job", "bob", long); err != nil || !held {
		t.Fatal("the old holder released the new one's lease:", held, err)
	}
}

// leaseExclusion: holders compete; whoever has the lease is alone between Acquire and Release, and fences grow in that order.
func leaseExclusion(t *testing.T, nodes []*Node) {
	ctx := ctxOf(t)
	var inside atomic.Int64
	var mu sync.Mutex
	var fences []int64
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			l, holder := nodes[i%len(nodes)].Leases, fmt.Sprintf("holder %d", i)
			for won := 0; won < 20; {
				fence, ok, err := l.Acquire(ctx, "job", holder, long)
				if err != nil {
					t.Error(err)
					return
				}
				if !ok {
					time.Sleep(100 * time.Microsecond)
					continue
				}
				if n := inside.Add(1); n != 1 {
					t.Errorf("%d holders", n)
				}
				mu.Lock()
				fences = append(fences, fence)
				mu.Unlock()
				inside.Add(-1)
				won++
				if err := l.Release(ctx, "job", holder); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if !slices.IsSorted(fences) || len(slices.Compact(slices.Clone(fences))) != 160 {
		t.Errorf("fences do not grow: %v", fences)
	}
}
