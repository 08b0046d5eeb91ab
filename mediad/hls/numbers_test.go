package hls

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"synctv/mediad/hls/hlstest"
	"synctv/mediad/segments"
	"synctv/mediad/stream"
)

// TestNumbersSurvive: a server that starts again goes on above what it told before, also when its publisher came and
// went faster than the clock counts.
func TestNumbersSurvive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := segments.NewMemory(0, later)
		var sequence, discontinuities uint64
		for life := range 4 {
			s := newServer(t, Config{Numbers: kept}, stream.Config{})
			v := &tv{s: s.stream, gop: 25}
			for range 60 {
				v.connect(t, avcC)
				v.run(160*ms, false)
				v.run(1040*ms, false)
				time.Sleep(100 * ms)
			}
			synctest.Wait()
			p := hlstest.Parse(t, s.get("v.m3u8").Body.String())
			if p.Sequence <= sequence || p.Discontinuities < discontinuities {
				t.Errorf("life %d: sequence %d after %d, discontinuities %d after %d", life, p.Sequence, sequence, p.Discontinuities, discontinuities)
			}
			last := p.Segments[len(p.Segments)-1]
			if life > 0 && p.Sequence > sequence+2000 {
				t.Errorf("life %d: from %d to %d", life, sequence, p.Sequence)
			}
			sequence, discontinuities = last.Sequence, last.Discontinuity
			s.stop()
			time.Sleep(time.Second)
		}
		t.Logf("the clock is at %d and %d, the stream at %d and %d", FirstSequence(later()), firstDiscontinuity(later()), sequence, discontinuities)
	})
}

func TestNumbersFirst(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	s, d := FirstSequence(now), firstDiscontinuity(now)
	for _, c := range []struct {
		name                     string
		n                        numbers
		sequence, discontinuites uint64
	}{
		{"nothing", numbers{}, s, d},
		{"long ago", numbers{s - 2000, d - 3, now.Add(-1000 * time.Second)}, s, d},
		{"more than the clock has counted", numbers{s + 5, d + 9, now.Add(-time.Second)}, s + 8, d + 11},
		{"a note from the far future", numbers{s + 1e6, d + 1e6, now.AddDate(1, 0, 0)}, s, d},
		{"a clock a little back", numbers{s + 5, d, now.Add(time.Second)}, s + 7, d + 2},
	} {
		if gs, gd := c.n.first(now); gs != c.sequence || gd != c.discontinuites {
			t.Errorf("%s: %d %d, want %d %d", c.name, gs, gd, c.sequence, c.discontinuites)
		}
	}
}

// TestNumbersRead: what was written is read, and what is damaged is nothing.
func TestNumbersRead(t *testing.T) {
	store := segments.NewMemory(0, nil)
	n := numbers{12345678901, 77, time.UnixMilli(1790000000123)}
	key := segments.Key{Stream: "s", Name: numbersName}
	for _, c := range []struct {
		name string
		blob segments.Blob
		want numbers
	}{
		{"as written", n.blob(), n}, {"empty", segments.Blob{}, numbers{}}, {"half", segments.Blob{[]byte("12345")}, numbers{}},
		{"words", segments.Blob{[]byte("a b c\n")}, numbers{}}, {"too long", segments.Blob{make([]byte, 1<<20)}, numbers{}},
	} {
		if err := store.Put(t.Context(), key, c.blob); err != nil {
			t.Fatal(err)
		}
		if got, err := readNumbers(t.Context(), store, "s"); got != c.want || (err == nil) != (c.want != numbers{}) {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
	}
}

// TestNumbersDoNotWait for a store that does not answer.
func TestNumbersDoNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Config{Numbers: stuckStore{}}, stream.Config{})
		defer s.stop()
		v := &tv{s: s.stream, gop: 25}
		v.connect(t, avcC)
		v.run(12*time.Second, true)
		synctest.Wait()
		if p := hlstest.Parse(t, s.get("v.m3u8").Body.String()); len(p.Segments) < 4 {
			t.Errorf("%d segments", len(p.Segments))
		}
	})
}

// stuckStore takes until it is told to stop.
type stuckStore struct{ segments.Store }

func (stuckStore) Get(ctx context.Context, _ segments.Key) (segments.Object, error) {
	<-ctx.Done()
	return segments.Object{}, ctx.Err()
}

func (stuckStore) Put(ctx context.Context, _ segments.Key, _ segments.Blob) error {
	<-ctx.Done()
	return ctx.Err()
}

func (stuckStore) Sweep(ctx context.Context, _ time.Time) (int, error) {
	<-ctx.Done()
	return 0, ctx.Err()
}
