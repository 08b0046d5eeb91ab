package hls

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"synctv/mediad/hls/hlstest"
	"synctv/mediad/segments"
	"synctv/mediad/stream"
)

// troubledStore is a store that is away, slow or stuck for a while.
type troubledStore struct {
	segments.Store
	began time.Time
	// trouble says what becomes of a call so long after the beginning: how long it takes, and whether it fails.
	trouble func(at time.Duration) (takes time.Duration, fails bool)
	puts    atomic.Int64 // that are under way
	most    atomic.Int64 // of those there ever were
}

func (s *troubledStore) suffer(ctx context.Context) error {
	takes, fails := s.trouble(time.Since(s.began))
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(takes):
	}
	if fails {
		return errors.New("the store is away")
	}
	return nil
}

func (s *troubledStore) Put(ctx context.Context, k segments.Key, b segments.Blob) error {
	s.most.Store(max(s.most.Load(), s.puts.Add(1)))
	defer s.puts.Add(-1)
	if err := s.suffer(ctx); err != nil {
		return err
	}
	return s.Store.Put(ctx, k, b)
}

func (s *troubledStore) Delete(ctx context.Context, k segments.Key) error {
	if err := s.suffer(ctx); err != nil {
		return err
	}
	return s.Store.Delete(ctx, k)
}

// ledger counts what an Observer hears.
type ledger struct {
	parts, stored atomic.Int64
	faults        [StoreFaults]atomic.Int64
	slowest       atomic.Int64
}

func (l *ledger) PartListed(took time.Duration) {
	l.parts.Add(1)
	l.slowest.Store(max(l.slowest.Load(), int64(took)))
}
func (l *ledger) SegmentStored(Stored)     { l.stored.Add(1) }
func (l *ledger) StoreFailed(f StoreFault) { l.faults[f].Add(1) }

// there reports whether a file is, without its bytes.
func (s *server) there(uri string) error {
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, httptest.NewRequest("HEAD", "/room/1/"+uri, nil))
	if w.Code != 200 || w.Header().Get("Content-Length") == "0" {
		return fmt.Errorf("status %d", w.Code)
	}
	return nil
}

// TestTroubledStores: whatever the store does, what is listed is there, and for three target durations more; there is a
// bound on memory; and viewers of what is live notice nothing.
func TestTroubledStores(t *testing.T) {
	const forever = time.Hour
	for _, c := range []struct {
		name     string
		trouble  func(at time.Duration) (time.Duration, bool)
		size     int // of a picture
		window   time.Duration
		stored   int64 // at least
		faults   bool
		listed   time.Duration // at least, at the end
		bytesMax int64
	}{
		{"quick", func(time.Duration) (time.Duration, bool) { return 0, false }, 1000, 20 * time.Second, 75, false, 20 * time.Second, 3 << 20},
		{"far away", func(time.Duration) (time.Duration, bool) { return 1500 * ms, false }, 1000, 20 * time.Second, 70, false, 20 * time.Second, 3 << 20},
		{"refuses", func(time.Duration) (time.Duration, bool) { return 0, true }, 1000, 20 * time.Second, 0, true, 20 * time.Second, 6 << 20},
		{"hangs", func(time.Duration) (time.Duration, bool) { return forever, false }, 1000, 20 * time.Second, 0, true, 20 * time.Second, 6 << 20},
		{"dies, and comes back", func(at time.Duration) (time.Duration, bool) { return 0, at > 20*time.Second && at < 40*time.Second }, 1000, 20 * time.Second, 40, true, 20 * time.Second, 6 << 20},
		{"hangs, and there is much to keep", func(time.Duration) (time.Duration, bool) { return forever, false }, 120_000, time.Minute, 0, true, 6 * time.Second, 2 * (maxUnsaved + 30<<20)},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				troubled := &troubledStore{Store: segments.NewMemory(0, later), began: time.Now(), trouble: c.trouble}
				heard := &ledger{}
				s := newServer(t, Config{Store: troubled, Window: c.window, Observer: heard}, stream.Config{})
				defer s.stop()
				v := &tv{s: s.stream, gop: 50, size: c.size}
				v.connect(t, avcC)
				v.run(4*time.Second, true)
				check, most, began := hlstest.NewChecker(t, "v.m3u8"), int64(0), time.Now()
				m, _ := s.origin.Muxer("room/1")
				var last hlstest.Playlist
				for time.Since(began) < 80*time.Second {
					v.run(400*ms, true)
					synctest.Wait()
					now := time.Since(began).Seconds()
					last = check.Take(s.get("v.m3u8").Body.String(), now, s.there)
					for _, g := range last.Segments {
						if err := s.there(g.URI); err != nil {
							t.Errorf("at %.1f s: %s is listed: %v", now, g.URI, err)
						}
					}
					for _, uri := range check.Unlisted(now, 3*last.Target) {
						if err := s.there(uri); err != nil {
							t.Errorf("at %.1f s: %s was listed at %.1f s: %v", now, uri, check.URLs[uri], err)
						}
					}
					most = max(most, m.Stats().Bytes)
				}
				total := 0.0
				for _, g := range last.Segments {
					total += g.Duration
				}
				faults := int64(0)
				for i := range heard.faults {
					faults += heard.faults[i].Load()
				}
				t.Logf("%d parts, %d segments stored, %d faults, %d puts at once, %.1f s listed, at most %d KiB in memory", heard.parts.Load(), heard.stored.Load(), faults,
					troubled.most.Load(), total, most>>10)
				if heard.stored.Load() < c.stored || (faults > 0) != c.faults || total < c.listed.Seconds() || most > c.bytesMax || troubled.most.Load() > saverAtOnce {
					t.Error("that is not as it should be")
				}
				// A part is complete when the next frame is there, 40 ms later for a picture, and 21 ms for sound; sound
				// comes with the picture.
				if d := time.Duration(heard.slowest.Load()); heard.parts.Load() < 500 || d > 1100*ms {
					t.Errorf("%d parts, one took %v", heard.parts.Load(), d)
				}
			})
		})
	}
}

// TestMemoryForFew: a memory store that is too small for what is to be listed makes playlists shorter, not untrue.
func TestMemoryForFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := segments.NewMemory(60<<20, later)
		s := newServer(t, Config{Store: store, Window: 5 * time.Minute}, stream.Config{})
		defer s.stop()
		v := &tv{s: s.stream, gop: 50, size: 20_000}
		v.connect(t, avcC)
		check, began := hlstest.NewChecker(t, "v.m3u8"), time.Now()
		shortest := 1000
		for time.Since(began) < 4*time.Minute {
			v.run(2*time.Second, true)
			synctest.Wait()
			p := check.Take(s.get("v.m3u8").Body.String(), time.Since(began).Seconds(), s.there)
			for _, g := range p.Segments {
				if err := s.there(g.URI); err != nil {
					t.Fatalf("after %v: %s is listed: %v", time.Since(began), g.URI, err)
				}
			}
			if time.Since(began) > 2*time.Minute {
				shortest = min(shortest, len(p.Segments))
			}
		}
		st := store.Stats()
		t.Logf("%+v, %d segments at least", st, shortest)
		if st.Bytes > 60<<20 || shortest < 30 || st.Evicted > 0 {
			t.Error("that is too much, or too little")
		}
	})
}
