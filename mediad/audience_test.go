package mediad

import (
	"testing"
	"testing/synctest"
	"time"

	"synctv/internal/reactor"
	"synctv/mediad/av"
	"synctv/mediad/stream"
)

// TestAudience: it is there while somebody watches, and the last one out takes the bell away.
func TestAudience(t *testing.T) { synctest.Test(t, testAudience) }

func testAudience(t *testing.T) {
	r, err := reactor.New(reactor.Config{})
	if err != nil {
		t.Fatal(err)
	}
	live, err := stream.NewRegistry(stream.RegistryConfig{}).Open("s")
	if err != nil {
		t.Fatal(err)
	}
	l := newAudiences(r)
	a := l.enter(hall{live: live})
	if l.enter(hall{live: live}) != a {
		t.Error("two audiences of one stream")
	}
	tools := l.enter(hall{live, true})
	if tools == a {
		t.Error("who can wait is woken with who cannot")
	}
	for _, urgent := range []bool{false, true} {
		if tools.ring(urgent); !tools.waiting.Load() {
			t.Errorf("tools do not wait (urgent: %t)", urgent)
		}
	}
	l.leave(tools)
	p, err := live.Publish(stream.Offer{})
	if err != nil {
		t.Fatal(err)
	}
	sound := func() {
		pkt := av.Packet{Kind: av.Audio, Codec: av.MP3, Key: true, Data: []byte{0xff, 0xfb, 0x90, 0}}
		if err := p.Write(pkt); err != nil {
			t.Fatal(err)
		}
	}
	sound() // no picture will follow: nothing waits
	if a.waiting.Load() {
		t.Error("sound alone waits")
	}
	a.ring(false)
	if !a.waiting.Load() {
		t.Error("sound does not wait")
	}
	until := a.until
	a.ring(false)
	if a.until != until {
		t.Error("more sound puts it off")
	}
	a.ring(true)
	if a.waiting.Load() {
		t.Error("it still waits after a picture")
	}
	a.ring(false)
	soon(t, "woken for sound", func() bool { return !a.waiting.Load() })
	l.leave(a)
	if len(l.of) != 1 {
		t.Error("it went with the first")
	}
	l.leave(a)
	a.waiting.Store(false)
	sound()
	time.Sleep(time.Millisecond)
	if len(l.of) != 0 || a.waiting.Load() {
		t.Error("it stays when the last has gone")
	}
}

// TestRhythm: sound waits where a picture is expected soon, and only there.
func TestRhythm(t *testing.T) {
	const ms = time.Millisecond
	began := time.Unix(1e9, 0)
	for _, c := range []struct {
		name     string
		pictures []time.Duration // after began
		at       time.Duration
		want     time.Duration
	}{
		{"no picture yet", nil, 0, soundGathers},
		{"one picture", []time.Duration{0}, 30 * ms, soundGathers},
		{"right after a picture", []time.Duration{0, 40 * ms, 80 * ms}, 85 * ms, soundGathers},
		{"right before one", []time.Duration{0, 40 * ms, 80 * ms}, 110 * ms, soundWaits},
		{"a picture is late", []time.Duration{0, 40 * ms, 80 * ms}, 130 * ms, soundWaits},
		{"pictures have ceased", []time.Duration{0, 40 * ms, 80 * ms}, 300 * ms, soundGathers},
		{"sixty a second", []time.Duration{0, 16 * ms, 33 * ms, 50 * ms}, 51 * ms, soundWaits},
		{"one a second and a half", []time.Duration{0, 1500 * ms}, 1510 * ms, soundGathers},
		{"they went to 25 from 5", []time.Duration{0, 200 * ms, 240 * ms, 280 * ms, 320 * ms}, 345 * ms, soundGathers},
	} {
		var r rhythm
		for _, at := range c.pictures {
			r.beat(began.Add(at))
		}
		if got := r.patience(began.Add(c.at)); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
