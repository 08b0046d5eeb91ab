package coord_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"synctv/coord"
	"synctv/coord/coordtest"
)

// runs starts a Run and ends it with the test.
func runs(t testing.TB, name string, run func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() { over <- run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-over; err != nil {
			t.Errorf("%s: %v", name, err)
		}
	})
}

func openLocal(t testing.TB, cfg coord.LocalConfig) *coord.Local {
	t.Helper()
	if cfg.Workers == 0 {
		cfg.Workers = 4
	}
	l, err := coord.NewLocal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	runs(t, "Local.Run", l.Run)
	return l
}

func localNode(l *coord.Local) *coordtest.Node {
	return &coordtest.Node{ID: "local", Bus: l.Bus, Presence: l.Presence, Keys: l.Keys, Limiter: l.Limiter, Leases: l.Leases, Clock: l.Clock}
}

func TestLocal(t *testing.T) {
	coordtest.Test(t, func(t testing.TB, _ int) []*coordtest.Node {
		return []*coordtest.Node{localNode(openLocal(t, coord.LocalConfig{}))}
	})
}

// virtual runs test in a bubble of virtual time with a running Local.
func virtual(t *testing.T, cfg coord.LocalConfig, test func(ctx context.Context, t *testing.T, l *coord.Local)) {
	synctest.Test(t, func(t *testing.T) { test(context.Background(), t, openLocal(t, cfg)) })
}

func TestLocalEndsExactly(t *testing.T) {
	virtual(t, coord.LocalConfig{}, func(ctx context.Context, t *testing.T, l *coord.Local) {
		found := func() (key, present, held bool) {
			_, key, _ = l.Keys.Get(ctx, "k")
			all, _ := l.Presence.All(ctx, "room")
			_, other, _ := l.Leases.Acquire(ctx, "job", "bob", time.Second)
			if other {
				_ = l.Leases.Release(ctx, "job", "bob")
			}
			return key, len(all) == 1, !other
		}
		_ = l.Keys.Set(ctx, "k", []byte("v"), time.Second)
		_ = l.Presence.Put(ctx, "room", "n", nil, time.Second)
		_, _, _ = l.Leases.Acquire(ctx, "job", "ada", time.Second)
		time.Sleep(time.Second - time.Microsecond)
		if k, p, h := found(); !k || !p || !h {
			t.Fatal("ended early:", k, p, h)
		}
		time.Sleep(time.Microsecond)
		if k, p, h := found(); k || p || h {
			t.Fatal("did not end:", k, p, h)
		}
		time.Sleep(time.Minute)
		if s := l.Stats(); s.Entries != 0 || s.Bytes != 0 {
			t.Fatalf("after the sweep: %+v", s)
		}
	})
}

func TestLocalIsBounded(t *testing.T) {
	cases := map[string]func(ctx context.Context, l *coord.Local, i int) error{
		"keys": func(ctx context.Context, l *coord.Local, i int) error {
			return l.Keys.Set(ctx, fmt.Sprint(i), nil, time.Second)
		},
		"keys if absent": func(ctx context.Context, l *coord.Local, i int) error {
			ok, err := l.Keys.SetIfAbsent(ctx, fmt.Sprint(i), nil, time.Second)
			if ok != (err == nil) {
				return fmt.Errorf("stored %v with %w", ok, err)
			}
			return err
		},
		"presence": func(ctx context.Context, l *coord.Local, i int) error {
			return l.Presence.Put(ctx, fmt.Sprint(i), "n", nil, time.Second)
		},
		"limiter": func(ctx context.Context, l *coord.Local, i int) error {
			ok, _, err := l.Limiter.Allow(ctx, fmt.Sprint(i), 1, time.Second, 1)
			if ok != (err == nil) {
				return fmt.Errorf("allowed %v with %w", ok, err)
			}
			return err
		},
		"leases": func(ctx context.Context, l *coord.Local, i int) error {
			_, ok, err := l.Leases.Acquire(ctx, fmt.Sprint(i), "h", time.Second)
			if ok != (err == nil) {
				return fmt.Errorf("acquired %v with %w", ok, err)
			}
			return err
		},
	}
	for name, add := range cases {
		t.Run(name, func(t *testing.T) {
			virtual(t, coord.LocalConfig{MaxEntries: 100}, func(ctx context.Context, t *testing.T, l *coord.Local) {
				for i := range 100 {
					if err := add(ctx, l, i); err != nil {
						t.Fatal(i, err)
					}
				}
				err := add(ctx, l, 100)
				if !errors.Is(err, coord.ErrFull) {
					t.Fatalf("the 101st: %v", err)
				}
				if s := l.Stats(); s.Entries != 100 {
					t.Fatalf("%d entries", s.Entries)
				}
				time.Sleep(20 * time.Second) // the sweep makes room
				for i := range 100 {
					if err := add(ctx, l, i); err != nil {
						t.Fatal("after the end of the others:", i, err)
					}
				}
			})
		})
	}
}

func TestLocalIsBoundedInBytes(t *testing.T) {
	l := openLocal(t, coord.LocalConfig{MaxBytes: 10_000})
	ctx := t.Context()
	big := []byte(strings.Repeat("x", 6000))
	if err := l.Keys.Set(ctx, "a", big, time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := l.Keys.Set(ctx, "b", big, time.Hour); !errors.Is(err, coord.ErrFull) {
		t.Fatal(err)
	}
	if err := l.Keys.Set(ctx, "a", big[:5000], time.Hour); err != nil {
		t.Fatal("in place of itself:", err)
	}
	if err := l.Presence.Put(ctx, "room", "n1", big, time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := l.Presence.Put(ctx, "room", "n2", big, time.Hour); !errors.Is(err, coord.ErrFull) {
		t.Fatal(err)
	}
	if all, _ := l.Presence.All(ctx, "room"); len(all) != 1 || len(all["n1"]) != 6000 {
		t.Fatal("a refused Put changed the room")
	}
}

func TestLocalClock(t *testing.T) {
	virtual(t, coord.LocalConfig{}, func(_ context.Context, t *testing.T, l *coord.Local) {
		first := l.Clock.Now()
		if want := time.Now().UnixMicro(); first != want {
			t.Fatalf("%d, want the wall clock's %d", first, want)
		}
		time.Sleep(90 * time.Minute)
		if passed := l.Clock.Now() - first; passed != (90 * time.Minute).Microseconds() {
			t.Fatalf("%d us passed", passed)
		}
	})
	t.Run("the wall clock is read once", func(t *testing.T) {
		wall := time.UnixMicro(1_000_000)
		var mono time.Duration
		l, err := coord.NewLocal(coord.LocalConfig{Wall: func() time.Time { return wall }, Mono: func() time.Duration { return mono }})
		if err != nil {
			t.Fatal(err)
		}
		wall, mono = wall.Add(-time.Hour), 5*time.Microsecond
		if got := l.Clock.Now(); got != 1_000_005 {
			t.Fatal(got)
		}
	})
}

func TestLocalConfig(t *testing.T) {
	for name, cfg := range map[string]coord.LocalConfig{
		"entries": {MaxEntries: -1}, "bytes": {MaxBytes: -1}, "workers": {Workers: -1}, "many workers": {Workers: 10_000},
	} {
		if _, err := coord.NewLocal(cfg); !errors.Is(err, coord.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
