package reactor

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestWheel runs random timers against a plain list of deadlines: none fires
// early, none later than one step after the first look past its time.
func TestWheel(t *testing.T) {
	const step = 10 * time.Millisecond
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 2))
		w := wheel{step: step}
		want := map[*Conn]time.Duration{}
		conns := make([]*Conn, 100)
		for i := range conns {
			conns[i] = &Conn{}
		}
		now := time.Duration(0)
		for range 2000 {
			switch c := conns[rng.IntN(len(conns))]; rng.IntN(4) {
			case 0:
				w.set(c, 0)
				delete(want, c)
			default:
				at := now + 1 + time.Duration(rng.Int64N(int64(20*time.Second))) // beyond one turn, too
				w.set(c, at)
				want[c] = at
			}
			if d, ok := w.wait(now); ok != (len(want) > 0) || d < 0 || d > wheelSlots*step+step {
				t.Fatalf("wait %v, %v with %d timers", d, ok, len(want))
			} else if ok && rng.IntN(2) == 0 {
				now += d
			}
			now += time.Duration(rng.Int64N(int64(30 * time.Millisecond)))
			for _, c := range w.advance(now, nil) {
				at, ok := want[c]
				if !ok || at > now {
					t.Fatalf("fired %v early, or unasked (%v)", at-now, ok)
				}
				delete(want, c)
			}
			for _, at := range want {
				if now-at > step {
					t.Fatalf("%v late", now-at)
				}
			}
			if w.count != len(want) {
				t.Fatalf("count %d, want %d", w.count, len(want))
			}
		}
	}
}

// TestWheelSleep: the shard sleeps until the slot of the only timer, and no
// longer.
func TestWheelSleep(t *testing.T) {
	for _, at := range []time.Duration{1, 50, 51, 3000, 25000, 25600, 26000, 60000} {
		w := wheel{step: 50 * time.Millisecond}
		c := &Conn{}
		w.set(c, at*time.Millisecond)
		now := time.Duration(0)
		for wakes := 0; ; wakes++ {
			d, ok := w.wait(now)
			if !ok || wakes > 4 {
				t.Fatalf("%d ms: wait %v after %d wakes", at, ok, wakes)
			}
			now += d
			if len(w.advance(now, nil)) == 1 {
				break
			}
		}
		if late := now - at*time.Millisecond; late < 0 || late > 50*time.Millisecond {
			t.Errorf("%d ms: fired %v late", at, late)
		}
	}
}
