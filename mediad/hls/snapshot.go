package hls

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Facts are what is the same in all snapshots of a window.
type Facts struct {
	Target     time.Duration // TARGETDURATION
	PartTarget time.Duration // PART-TARGET
	Window     time.Duration // how much is listed
	URI        string        // of the playlist
	Prefix     string        // of the names of its parts; a number follows
}

// skipUntil is CAN-SKIP-UNTIL: what is older may be left out (section 4.4.3.8).
func (f *Facts) skipUntil() time.Duration { return 6 * f.Target }

// Snapshot is a media playlist at one moment. It is immutable.
type Snapshot struct {
	*Facts
	Version         uint64     // one more with each snapshot of a window
	Discontinuities uint64     // DISCONTINUITY-SEQUENCE
	Segments        []*Segment // complete ones, in order, without holes
	Open            Segment    // the one that is being made; it may have no parts yet
	NextPart        uint64     // the number of the part to come
	Ended           bool

	others  []*Window // the playlists that it reports on
	changed chan struct{}

	whole, delta rendering
}

// rendering is text that is made by the first who needs it.
type rendering struct {
	text     sync.Once
	template []byte // with a mark where a query goes
	plain    []byte // without
	zip      sync.Once
	gzip     []byte // of plain
}

// Changed is closed when there is a newer snapshot.
func (s *Snapshot) Changed() <-chan struct{} { return s.changed }

// First returns the media sequence number of the first segment.
func (s *Snapshot) First() uint64 {
	if len(s.Segments) > 0 {
		return s.Segments[0].Sequence
	}
	return s.Open.Sequence
}

// Duration returns how long the complete segments are.
func (s *Snapshot) Duration() (d time.Duration) {
	for _, g := range s.Segments {
		d += g.Duration
	}
	return d
}

// position is where the playlist ends, for decisions about requests.
func (s *Snapshot) position() position {
	p := position{open: s.Open.Sequence, parts: len(s.Open.Parts), ended: s.Ended}
	if n := len(s.Segments); n > 0 {
		p.lastParts = len(s.Segments[n-1].Parts)
	}
	return p
}

// last returns the last part that was told, and its segment, for RENDITION-REPORT
// (section 4.4.5.4); false if there is none.
func (s *Snapshot) last() (sequence uint64, part int, ok bool) {
	if n := len(s.Open.Parts); n > 0 {
		return s.Open.Sequence, n - 1, true
	}
	for _, g := range slices.Backward(s.Segments) {
		if n := len(g.Parts); n > 0 { // a gap has none
			return g.Sequence, n - 1, true
		}
	}
	return 0, 0, false
}

// Window is one media playlist. One goroutine changes it; any number read it.
type Window struct {
	snapshot atomic.Pointer[Snapshot]

	// last adds the last part of the open segment, which is told with the segment's
	// end: one that is shorter than others and announces a next one is none that
	// players should see. Owned by whoever changes the window.
	last func(*Snapshot)
}

// newWindow returns a window whose first segment will be number first.
func newWindow(f Facts, first, discontinuities uint64) *Window {
	w := &Window{}
	w.snapshot.Store(&Snapshot{Facts: &f, Discontinuities: discontinuities, Open: Segment{Sequence: first}, changed: make(chan struct{})})
	return w
}

// Snapshot returns the playlist as it is.
func (w *Window) Snapshot() *Snapshot { return w.snapshot.Load() }

// change puts a snapshot in the place of the one there is.
func (w *Window) change(f func(*Snapshot)) {
	old := w.snapshot.Load()
	s := &Snapshot{Facts: old.Facts, Version: old.Version + 1, Discontinuities: old.Discontinuities, Segments: old.Segments,
		Open: old.Open, NextPart: old.NextPart, Ended: old.Ended, others: old.others, changed: make(chan struct{})}
	f(s)
	w.snapshot.Store(s)
	close(old.changed)
}

// begin says what the segment to come begins with.
func (w *Window) begin(init string, discontinuity bool) {
	w.change(func(s *Snapshot) {
		s.Open.Init = init
		s.Open.Discontinuity = s.Open.Discontinuity || discontinuity
	})
}

// addPart appends a part to the open segment, which began at date. If it is the last
// one, endSegment follows.
func (w *Window) addPart(p Part, size int64, date time.Time, last bool) {
	add := func(s *Snapshot) {
		if len(s.Open.Parts) == 0 {
			s.Open.Date, s.Open.Independent = date, p.Independent
		}
		// Snapshots share the array: each sees only as much as its slice is long.
		s.Open.Parts = append(s.Open.Parts, p)
		s.Open.Size += size
		s.NextPart++
	}
	if last {
		w.last = add
		return
	}
	w.change(add)
}

// endSegment completes the open segment, and returns it with those that are no
// longer listed. There is pressure to list fewer; see trim.
func (w *Window) endSegment(name string, d time.Duration, date time.Time, gap bool, pressure int) (done *Segment, removed []*Segment) {
	w.change(func(s *Snapshot) {
		if w.last != nil {
			w.last(s)
			w.last = nil
		}
		g := s.Open
		g.Name, g.Duration, g.Gap = name, d, gap
		if len(g.Parts) == 0 {
			g.Date = date
		}
		g.text = segmentText(&g)
		done = &g
		s.Segments = append(s.Segments, done)
		s.Open = Segment{Sequence: g.Sequence + 1, Init: g.Init}
		removed = s.trim(pressure)
	})
	return done, removed
}

// trim takes out the segments without which the window is still long enough; under
// pressure also others, one or two for each that is added, but never so many that less
// than three target durations are left (section 6.2.2). The array is shared with other
// snapshots, and never changed.
func (s *Snapshot) trim(pressure int) (removed []*Segment) {
	n, d := 0, s.Duration()
	for n < len(s.Segments) {
		left := d - s.Segments[n].Duration
		if left < s.Window && (n >= pressure || left < 3*s.Target) {
			break
		}
		d = left
		if s.Segments[n].Discontinuity {
			s.Discontinuities++
		}
		n++
	}
	removed, s.Segments = s.Segments[:n:n], s.Segments[n:]
	return removed
}

// end says that nothing follows.
func (w *Window) end() {
	if !w.Snapshot().Ended {
		w.change(func(s *Snapshot) { s.Ended = true })
	}
}
