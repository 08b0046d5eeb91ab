package mediad

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"synctv/app"
	"synctv/mediad/hls"
	"synctv/mediad/segments"
)

// TestSegmentsAreNoted: app hears of every segment that was stored, with who published it, and the address it is told is
// where the segment is.
func TestSegmentsAreNoted(t *testing.T) {
	h := open(t, Config{})
	p := h.publishKey()
	all9 := repeat(film(t), 9*time.Second)
	begin := len(all9) * 8 / 9
	p.send(all9[:begin]...) // at once: more would make the playlists skip
	noted := func() ([]app.HLSSegment, []string) {
		h.app.mu.Lock()
		defer h.app.mu.Unlock()
		return append([]app.HLSSegment(nil), h.app.segments...), append([]string(nil), h.app.segmentsOf...)
	}
	soon(t, "noted", func() bool { all, _ := noted(); return len(all) >= 4 })
	all, of := noted()
	for i, seg := range all[:4] {
		resp, err := http.Get(h.web.URL + seg.URL + "?token=yes")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		list, err := http.Get(h.web.URL + seg.M3U8URL + "?token=yes")
		if err != nil {
			t.Fatal(err)
		}
		list.Body.Close()
		if resp.StatusCode != 200 || list.StatusCode != 200 || seg.Seconds <= 0 || seg.Number == 0 || seg.File == "" || of[i] != "str_1 publisher1" {
			t.Errorf("%d %d %+v of %s", resp.StatusCode, list.StatusCode, seg, of[i])
		}
	}
	p.send(all9[begin:]...) // what came at once was held, and is not counted
	soon(t, "counted", func() bool { return h.Stats().PartLatency.Total >= 5 })
	st := h.Stats()
	l := st.PartLatency
	if l.Total < 5 || l.Sum <= 0 || l.Count[len(l.Count)-1] > l.Total || len(l.Count) != len(l.Upto) {
		t.Errorf("%+v", l)
	}
	for _, e := range st.StoreErrors {
		if e.Count != 0 {
			t.Errorf("%+v", e)
		}
	}
}

// slowEar takes its time with every segment.
type slowEar struct {
	*fakeApp
	block chan struct{}
}

func (s slowEar) NoteSegment(app.StreamID, app.StreamSession, app.HLSSegment) { <-s.block }

// TestSegmentNotesNeverWait whatever becomes of those who are told.
func TestSegmentNotesNeverWait(t *testing.T) {
	ear := slowEar{&fakeApp{}, make(chan struct{})}
	defer close(ear.block)
	n := newSegmentNotes(ear)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range segmentQueue + 100 {
			n.SegmentStored(hls.Stored{Key: segments.Key{Stream: "s", Name: fmt.Sprint(i)}})
		}
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("it waits")
	}
	if got := n.dropped.Load(); got != 100 {
		t.Errorf("%d dropped", got)
	}
	n.published("gone", app.StreamSession{ID: "1"})
	n.published("here", app.StreamSession{ID: "2"})
	n.forget(func(name string) bool { return name == "here" })
	if len(n.sessions) != 1 {
		t.Errorf("%v", n.sessions)
	}
}

func TestHistogram(t *testing.T) {
	h := newHistogram([]time.Duration{time.Millisecond, time.Second})
	for _, d := range []time.Duration{0, time.Millisecond, 2 * time.Millisecond, time.Second, time.Hour} {
		h.add(d)
	}
	s := h.snapshot()
	if fmt.Sprint(s.Count, s.Total) != "[2 4] 5" || s.Sum != time.Hour+time.Second+3*time.Millisecond {
		t.Errorf("%+v", s)
	}
}

// TestMaxPublishers: one more is refused with a reason, and who comes back is not one more.
func TestMaxPublishers(t *testing.T) {
	h := open(t, Config{MaxPublishers: 1})
	first := h.publishKey()
	first.send(film(t)...)
	second := h.publishKey() // takes over
	second.send(film(t)...)
	first.ended()
	h.count.publishers.Add(1) // another stream's
	defer h.count.publishers.Add(-1)
	second.quit()
	second.nc.Close()
	soon(t, "gone", func() bool { return len(h.Sessions(str)) == 0 })
	if _, err := h.dial("live/"+goodKey, true); err == nil {
		t.Error("one more may publish")
	}
}
