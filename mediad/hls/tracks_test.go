package hls

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"synctv/mediad/av"
	"synctv/mediad/cmaf"
	"synctv/mediad/hls/hlstest"
	"synctv/mediad/stream"
)

// encoder 15: TestTracksComeAndGo has a picture, then sound as well, then another publisher who has
// no sound, and one who has only sound: playlists stay in step, with gaps where there
// is nothing.
func TestTracksComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Config{Window: 60 * time.Second, Cut: cmaf.Config{Longest: 2 * time.Second}}, stream.Config{Grace: 2 * time.Second})
		defer s.stop()
		began := time.Now()
		now := func() float64 { return time.Since(began).Seconds() }
		pictures := func(p *stream.Publisher, from, to time.Duration) {
			for at := from; at < to; at += 40 * ms {
				p.Write(av.Packet{Kind: av.Video, Codec: av.H264, Key: at%(2*time.Second) == 0, DTS: at, PTS: at, Data: []byte("picture")})
				time.Sleep(40 * ms)
			}
		}
		both := func(p *stream.Publisher, from, to time.Duration, video bool) {
			for at := from; at < to; at += 20 * ms {
				if video && at%(40*ms) == 0 {
					p.Write(av.Packet{Kind: av.Video, Codec: av.H264, Key: at%(2*time.Second) == 0, DTS: at, PTS: at, Data: []byte("picture")})
				}
				p.Write(av.Packet{Kind: av.Audio, Codec: av.AAC, Key: true, DTS: at, PTS: at, Data: []byte("sound")})
				time.Sleep(20 * ms)
			}
		}
		config := func(p *stream.Publisher, c av.Codec, b []byte) {
			p.Write(av.Packet{Kind: c.Kind(), Codec: c, Config: true, Data: b})
		}
		p := must(s.stream.Publish(stream.Offer{}))
		config(p, av.H264, avcC)
		var done sync.WaitGroup
		v, a := hlstest.NewChecker(t, "v.m3u8"), hlstest.NewChecker(t, "a.m3u8")
		v.Loose, a.Loose = true, true // sound is written every 20 ms, which is not where its frames are
		done.Go(func() { follow(t, s, v, now) })
		pictures(p, 0, 8*time.Second)
		if w := s.get("index.m3u8"); strings.Contains(w.Body.String(), "AUDIO") || s.get("a.m3u8").Code != 404 {
			t.Errorf("sound before there is any:\n%s", w.Body)
		}
		config(p, av.AAC, asc)
		both(p, 8*time.Second, 12*time.Second, true)
		done.Go(func() { follow(t, s, a, now) })
		both(p, 12*time.Second, 20*time.Second, true)
		if w := s.get("index.m3u8"); !strings.Contains(w.Body.String(), "AUDIO") {
			t.Errorf("no sound:\n%s", w.Body)
		}
		p = must(s.stream.Publish(stream.Offer{}))
		config(p, av.H264, avcC)
		pictures(p, 0, 10*time.Second)
		p = must(s.stream.Publish(stream.Offer{}))
		config(p, av.AAC, asc)
		both(p, 0, 6*time.Second, false)
		if w := s.get("index.m3u8"); strings.Contains(w.Body.String(), "v.m3u8") {
			t.Errorf("a picture, still:\n%s", w.Body)
		}
		p.Close()
		done.Wait()
		gaps := map[string]int{}
		for name, c := range map[string]*hlstest.Checker{"picture": v, "sound": a} {
			for _, g := range c.Known {
				if g.Gap {
					gaps[name]++
				}
			}
		}
		if gaps["sound"] < 4 || gaps["picture"] < 2 {
			t.Errorf("gaps: %v", gaps)
		}
		if v.Marks != 3 || a.Marks != 2 {
			t.Errorf("%d and %d discontinuities, want 3 and 2", v.Marks, a.Marks)
		}
		common := 0
		for n, g := range v.Known {
			if o, ok := a.Known[n]; ok {
				if common++; g.Discontinuity != o.Discontinuity {
					t.Errorf("segment %d: discontinuity %d and %d", n, g.Discontinuity, o.Discontinuity)
				}
			}
		}
		if common < 10 {
			t.Errorf("%d segments in common", common)
		}
	})
}
