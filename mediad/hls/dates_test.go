package hls

import (
	"testing"
	"time"

	"synctv/mediad/av"
	"synctv/mediad/stream"
)

// TestOpening: what an encoder sends first is held until it sends in real time, and
// dated by what came earliest.
func TestOpening(t *testing.T) {
	zero := time.Unix(1_000_000, 0)
	frame := func(n int, received time.Duration) *stream.Item {
		return &stream.Item{What: stream.Media, At: zero.Add(received), Packet: av.Packet{Kind: av.Video, DTS: time.Duration(n) * 40 * ms}}
	}
	for _, c := range []struct {
		name     string
		received func(n int) time.Duration // of frame n, made at n*40 ms
		held     int
		origin   time.Duration // after zero
	}{
		{"in real time", func(n int) time.Duration { return time.Duration(n)*40*ms + 20*ms }, 5, 20 * ms},
		{"with a little unrest", func(n int) time.Duration { return time.Duration(n)*40*ms + time.Duration(n%3)*4*ms }, 5, 0},
		{"a second at once", func(n int) time.Duration { return max(time.Second, time.Duration(n)*40*ms) }, 30, 0},
		{"catching up in half a second", func(n int) time.Duration { return max(time.Second+time.Duration(n)*20*ms, time.Duration(n)*40*ms) }, 51, 0},
		{"never quite", func(n int) time.Duration { return 5*time.Second + time.Duration(n)*20*ms }, 51, 4 * time.Second},
	} {
		var o opening
		o.begin(0)
		n := 0
		for n++; !o.hold(frame(n-1, c.received(n-1))); n++ {
			if n > 1000 {
				t.Fatal(c.name, ": held for ever")
			}
		}
		if items := o.release(); len(items) != n || o.open {
			t.Errorf("%s: %d of %d released", c.name, len(items), n)
		}
		if n != c.held || o.origin.Sub(zero) != c.origin {
			t.Errorf("%s: %d held, origin %v, want %d and %v", c.name, n, o.origin.Sub(zero), c.held, c.origin)
		}
	}
}

// TestDates: they follow an encoder whose clock is wrong, not a line that is unsteady;
// and all renditions have the same.
func TestDates(t *testing.T) {
	zero := time.Unix(1_000_000, 0)
	for _, c := range []struct {
		name  string
		late  func(at time.Duration) time.Duration // what was received after it was made
		after time.Duration
		want  time.Duration // the origin then, after zero
	}{
		{"steady", func(time.Duration) time.Duration { return 0 }, time.Hour, 0},
		{"every second frame late", func(at time.Duration) time.Duration { return at / (100 * ms) % 2 * 80 * ms }, time.Hour, 0},
		{"held up for nine seconds", func(at time.Duration) time.Duration { return max(0, min(at-20*time.Second, 29*time.Second-at)) }, time.Minute, 0},
		{"a slow clock", func(at time.Duration) time.Duration { return at / 10_000 }, time.Hour, 360 * ms},
		{"a fast clock", func(at time.Duration) time.Duration { return -at / 10_000 }, time.Hour, -360 * ms},
		{"a line that became slower", func(at time.Duration) time.Duration {
			if at > 10*time.Second {
				return 50 * ms
			}
			return 0
		}, time.Minute, 16 * ms},
	} {
		var d dates
		d.begin(av.Video, 100, 0, zero)
		var before time.Time
		for at := time.Duration(0); at <= c.after; at += 100 * ms {
			d.note(av.Video, at, zero.Add(at+c.late(at)))
			d.note(av.Audio, at, zero.Add(at-time.Second))
			if at%time.Second != 0 {
				continue
			}
			n := 100 + uint64(at/time.Second)
			date := d.date(n, at, time.Second)
			if other := d.date(n, at+7*ms, time.Second); other.Sub(date) != 7*ms {
				t.Fatalf("%s: segment %d is dated %v and %v", c.name, n, date, other)
			}
			if step := date.Sub(before) - time.Second; !before.IsZero() && step.Abs() > 500*time.Microsecond {
				t.Fatalf("%s: a step of %v", c.name, step)
			}
			before = date
		}
		if got := before.Sub(zero) - c.after; (got - c.want).Abs() > 12*ms {
			t.Errorf("%s: off by %v, want %v", c.name, got, c.want)
		}
		if len(d.origins) > datesKept {
			t.Errorf("%s: %d origins are kept", c.name, len(d.origins))
		}
	}
}
