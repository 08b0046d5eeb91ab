package mediad

import (
	"testing"
	"time"

	"synctv/internal/reactor"
	"synctv/mediad/av"
	"synctv/mediad/stream"
)

// TestAudience: it is there while somebody watches, and the last one out takes the bell away.
func TestAudience(t *testing.T) {
	r, err := reactor.New(reactor.Config{})
	if err != nil {
		t.Fatal(err)
	}
	live, err := stream.NewRegistry(stream.RegistryConfig{}).Open("s")
	if err != nil {
		t.Fatal(err)
	}
	l := newAudiences(r)
	a := l.enter(live)
	if l.enter(live) != a {
		t.Error("two audiences of one stream")
	}
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
	a.ring(true)
	if a.waiting.Load() {
		t.Error("it still waits after a picture")
	}
	a.ring(false)
	soon(t, "woken for sound", func() bool { return !a.waiting.Load() })
	l.leave(live)
	if len(l.of) != 1 {
		t.Error("it went with the first")
	}
	l.leave(live)
	a.waiting.Store(false)
	sound()
	time.Sleep(time.Millisecond)
	if len(l.of) != 0 || a.waiting.Load() {
		t.Error("it stays when the last has gone")
	}
}
