package coord

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

func TestLawNeverDecreases(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := law{from: time.Second, base: 1_000_000, slew: time.Duration(rapid.Int64Range(-1e9, 1e9).Draw(t, "slew"))}
		mono, before := time.Duration(0), int64(0)
		for range 50 {
			mono += time.Duration(rapid.Int64Range(0, 1e9).Draw(t, "wait"))
			now := l.at(mono)
			if now < before {
				t.Fatalf("%d after %d", now, before)
			}
			before = now
		}
		end := time.Hour * 24
		if got, want := l.at(l.from+end), l.base+(end+l.slew).Microseconds(); got != want {
			t.Fatalf("after a day %d, want the whole correction: %d", got, want)
		}
	})
}

func TestDecide(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name string
		err  time.Duration // shared minus own
		rtt  time.Duration
		best time.Duration
		want correction
	}{
		{"equal", 0, ms, ms, slewBy},
		{"drift ahead", 2 * ms, ms, ms, slewBy},
		{"drift behind", -2 * ms, ms, ms, slewBy},
		{"poor reading", 500 * ms, 6 * ms, ms, keepOn},
		{"the first has no best", 500 * ms, 6 * ms, 0, stepTo},
		{"large but vague", 30 * ms, 30 * ms, 20 * ms, slewBy},
		{"suspended", time.Hour, ms, ms, stepTo},
		{"a little ahead of the cluster", -300 * ms, ms, ms, stepTo},
		{"the cluster fell back", -2 * time.Second, ms, ms, raiseAll},
	} {
		const own = 1_000_000_000_000
		do, err := decide(own, reading{cluster: own + c.err.Microseconds(), rtt: c.rtt}, c.best)
		if do != c.want || err != c.err {
			t.Errorf("%s: %d, %v; want %d", c.name, do, err, c.want)
		}
	}
}

// universe is a Redis clock and the way to it, in virtual time.
type universe struct {
	delay func() time.Duration // immutable

	mu     sync.Mutex
	offset time.Duration // of the server's own clock
	raised time.Duration // what the clock script keeps
	down   bool
}

func (u *universe) set(down bool, offset time.Duration) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.down, u.offset = down, offset
}

// read does what the clock script does.
func (u *universe) read(floor int64) (int64, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.down {
		return 0, errors.New("down")
	}
	now := time.Now().Add(u.offset + u.raised).UnixMicro()
	if floor > now {
		u.raised += time.Duration(floor-now) * time.Microsecond
		now = floor
	}
	return now, nil
}

func (u *universe) sample(_ context.Context, floor int64) (int64, error) {
	time.Sleep(u.delay())
	now, err := u.read(floor)
	time.Sleep(u.delay())
	return now, err
}

// node returns a running clock whose wall is off by skew and whose quartz runs at the given rate.
func (u *universe) node(t *testing.T, skew time.Duration, rate float64) *RedisClock {
	t.Helper()
	begin := time.Now()
	c := newRedisClock(RedisConfig{
		Wall: func() time.Time { return time.Now().Add(skew) },
		Mono: func() time.Duration { return time.Duration(float64(time.Since(begin)) * rate) },
	}, u.sample)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); c.run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return c
}

func between(lo, hi time.Duration) func() time.Duration {
	return func() time.Duration { return lo + rand.N(hi-lo+1) }
}

func apart(a, b *RedisClock) time.Duration {
	return (time.Duration(a.Now()-b.Now()) * time.Microsecond).Abs()
}

// TestClocksAgree: nodes with wall clocks an hour apart and quartzes 100 millionths off either side, over a network with jitter.
func TestClocksAgree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := &universe{delay: between(100*time.Microsecond, 2*time.Millisecond)}
		a := u.node(t, time.Hour, 1+100e-6)
		b := u.node(t, -time.Hour, 1-100e-6)
		<-a.ready
		<-b.ready
		worst, last := time.Duration(0), int64(0)
		for range 3000 {
			time.Sleep(317 * time.Millisecond)
			worst = max(worst, apart(a, b))
			now := a.Now()
			if now <= last {
				t.Fatalf("%d after %d", now, last)
			}
			last = now
		}
		if t.Logf("over %v at most %v apart", 3000*317*time.Millisecond, worst); worst > 4*time.Millisecond {
			t.Error("too much")
		}
		if off := time.Since(time.UnixMicro(a.Now())).Abs(); off > 4*time.Millisecond {
			t.Errorf("%v from the server", off)
		}
		if a.steps.Load()+b.steps.Load()+a.raises.Load()+b.raises.Load() != 0 {
			t.Error("stepped")
		}
	})
}

// TestClockSurvivesTheServer: the server goes away, then its clock jumps both ways, and a node joins in the middle. Time goes on
// and all agree in the end.
func TestClockSurvivesTheServer(t *testing.T) {
	for _, c := range []struct {
		name string
		jump time.Duration
	}{{"back by an hour", -time.Hour}, {"back by 200 ms", -200 * time.Millisecond}, {"ahead by an hour", time.Hour}, {"ahead by 100 ms", 100 * time.Millisecond}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				u := &universe{delay: between(100*time.Microsecond, 300*time.Microsecond)}
				a, b := u.node(t, time.Hour, 1), u.node(t, 0, 1)
				<-a.ready
				<-b.ready
				time.Sleep(30 * time.Second)
				u.set(true, 0)
				time.Sleep(2 * time.Minute)
				if d := apart(a, b); d > 2*time.Millisecond {
					t.Errorf("without Redis %v apart", d)
				}
				u.set(false, c.jump)
				joined := u.node(t, -time.Hour, 1)
				<-joined.ready
				clocks := []*RedisClock{a, b, joined}
				last := make([]int64, len(clocks))
				for range 400 {
					time.Sleep(50 * time.Millisecond)
					for i, clock := range clocks {
						now := clock.Now()
						if now < last[i] {
							t.Fatalf("clock %d went back by %d us", i, last[i]-now)
						}
						last[i] = now
					}
				}
				if x, y := apart(a, b), apart(a, joined); x > 2*time.Millisecond || y > 2*time.Millisecond {
					t.Errorf("%v and %v apart; steps %d %d %d, raises %d %d", x, y,
						a.steps.Load(), b.steps.Load(), joined.steps.Load(), a.raises.Load(), b.raises.Load())
				}
			})
		})
	}
}

func TestClockBeforeReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := &universe{delay: between(time.Millisecond, time.Millisecond)}
		u.set(true, 0)
		c := u.node(t, time.Hour, 1)
		if got, want := c.Now(), time.Now().Add(time.Hour).UnixMicro(); got != want {
			t.Errorf("%d, want the wall clock's %d", got, want)
		}
		time.Sleep(time.Minute)
		select {
		case <-c.ready:
			t.Fatal("ready without Redis")
		default:
		}
		u.set(false, 0)
		<-c.ready
		if off := time.Since(time.UnixMicro(c.Now())).Abs(); off > time.Millisecond {
			t.Errorf("%v from the server", off)
		}
	})
}

func TestParseTime(t *testing.T) {
	for text, ok := range map[string]bool{"1700000000000000": true, "0": false, "-1": false, "9007199254740992": false, "x": false, "": false, "1e5": false} {
		if _, err := parseTime(text); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}
