package hls

import (
	"testing"
	"testing/synctest"
	"time"

	"synctv/mediad/av"
	"synctv/mediad/cmaf"
	"synctv/mediad/stream"
)

// TestTarget: how often there are key frames decides how long segments may be.
func TestTarget(t *testing.T) {
	for _, c := range []struct {
		name            string
		cut             cmaf.Config
		gop             time.Duration
		longest, target time.Duration // the most it may become, and what it becomes
		segment         time.Duration
	}{
		{"a key frame each second", cmaf.Config{}, time.Second, 4 * time.Second, 2 * time.Second, time.Second},
		{"every two seconds", cmaf.Config{}, 2 * time.Second, 4 * time.Second, 2 * time.Second, time.Second},
		{"every two seconds, not quite", cmaf.Config{}, 2100 * ms, 4 * time.Second, 2 * time.Second, time.Second},
		{"every four seconds", cmaf.Config{}, 4 * time.Second, 4 * time.Second, 4 * time.Second, 2 * time.Second},
		{"hardly ever", cmaf.Config{}, time.Minute, 4 * time.Second, 4 * time.Second, 2 * time.Second},
		{"no pictures", cmaf.Config{}, 0, 4 * time.Second, 2 * time.Second, time.Second},
		{"long segments", cmaf.Config{Segment: 3 * time.Second}, 4 * time.Second, 6 * time.Second, 6 * time.Second, 3 * time.Second},
		{"as it was set", cmaf.Config{Longest: 6 * time.Second}, time.Second, 6 * time.Second, 6 * time.Second, 3 * time.Second},
		{"set to less", cmaf.Config{Longest: time.Second}, 4 * time.Second, time.Second, time.Second, time.Second},
	} {
		config := Config{Cut: c.cut}.withDefaults()
		if cut := config.cutFor(c.gop); config.Cut.Longest != c.longest || cut.Longest != c.target || cut.Segment != c.segment {
			t.Errorf("%s: %v at most, %v, segments of %v", c.name, config.Cut.Longest, cut.Longest, cut.Segment)
		}
	}
}

// TestTargetOfEncoders: playlists say what suits their encoder, and say it to the end, whoever comes then.
func TestTargetOfEncoders(t *testing.T) {
	for _, c := range []struct {
		name   string
		gop    int // pictures, of 25 a second
		target time.Duration
		within time.Duration // there is a playlist
	}{
		{"a key frame each second", 25, 2 * time.Second, 1200 * ms},
		{"every two seconds", 50, 2 * time.Second, 2200 * ms},
		{"every four seconds", 100, 4 * time.Second, 2700 * ms},
		{"hardly ever", 1000, 4 * time.Second, 2700 * ms},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, Config{}, stream.Config{})
				defer s.stop()
				v := &tv{s: s.stream, gop: c.gop}
				v.connect(t, avcC)
				v.run(c.within, true)
				m, _ := s.origin.Muxer("room/1")
				p := m.view.Load().now
				if p == nil {
					t.Fatal("there is no playlist yet")
				}
				said := func() time.Duration { return p.window(av.Video).Snapshot().Target }
				if got := said(); got != c.target {
					t.Errorf("TARGETDURATION %v, want %v", got, c.target)
				}
				v.run(10*time.Second, true)
				v.gop = 100
				v.connect(t, avcC)
				v.run(10*time.Second, true)
				if got := said(); got != c.target || m.view.Load().now != p {
					t.Errorf("TARGETDURATION became %v", got)
				}
			})
		})
	}
}

// TestSilentBeginning: what an encoder sent before it fell silent is listed all the same.
func TestSilentBeginning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Config{}, stream.Config{})
		defer s.stop()
		v := &tv{s: s.stream, gop: 1000}
		v.connect(t, avcC)
		v.run(900*ms, true)
		time.Sleep(3 * time.Second)
		m, _ := s.origin.Muxer("room/1")
		if p := m.view.Load().now; p == nil || len(p.window(av.Video).Snapshot().Open.Parts) == 0 {
			t.Error("nothing is listed")
		}
	})
}
