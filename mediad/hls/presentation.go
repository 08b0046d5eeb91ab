package hls

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"synctv/mediad/av"
	"synctv/mediad/cmaf"
	"synctv/mediad/segments"
)

// presentation is a stream from its first publisher to the end, with the playlists of
// it. The muxer's goroutine changes it; requests read windows, index and shelf.
type presentation struct {
	config     Config
	stream     string
	generation uint64 // in the store
	shelf      *shelf
	windows    atomic.Pointer[map[av.Kind]*Window] // the map is not changed
	index      atomic.Pointer[[]byte]              // the multivariant playlist, a template
	saver      *saver

	// Owned by the muxer.
	formats         []cmaf.Format
	inits           map[av.Kind]string
	starts          map[av.Kind]time.Duration // where the open segments begin
	building        map[av.Kind]segments.Blob // the open segments' bytes
	discontinuities uint64
	dates           dates
	rates           map[av.Kind]*tally
	partTarget      time.Duration
	first           uint64 // of all sequence numbers
	next            uint64 // a sequence number that has not been used
	leaving         []leaving
	partsFrom       map[av.Kind]uint64 // the parts of segments before this one are leaving, or gone
	began           bool
}

// leaving is a file that is no longer listed, and when it goes.
type leaving struct {
	name   string
	at     time.Time
	stored bool // the store has it
}

// tally counts what a rendition has.
type tally struct {
	bits, peak float64
	duration   time.Duration
}

func (t *tally) add(size int64, d time.Duration) {
	if d < 200*time.Millisecond {
		return // says nothing about a rate
	}
	bits := float64(8 * size)
	t.bits += bits
	t.duration += d
	t.peak = max(t.peak, bits/d.Seconds())
}

func newPresentation(c Config, stream string, first, discontinuities uint64, saver *saver) *presentation {
	p := &presentation{config: c, stream: stream, generation: first, shelf: newShelf(), saver: saver, inits: map[av.Kind]string{},
		starts: map[av.Kind]time.Duration{}, partsFrom: map[av.Kind]uint64{},
		building: map[av.Kind]segments.Blob{}, rates: map[av.Kind]*tally{}, discontinuities: discontinuities, first: first, next: first}
	p.windows.Store(&map[av.Kind]*Window{})
	return p
}

func (p *presentation) window(k av.Kind) *Window { return (*p.windows.Load())[k] }

// inMemory is for how many target durations a segment is served from memory: while
// its parts are, whose bytes it shares.
const inMemory = 9

// letter begins the names of a rendition's files.
func letter(k av.Kind) string { return map[av.Kind]string{av.Video: "v", av.Audio: "a"}[k] }

func playlistOf(k av.Kind) string { return letter(k) + ".m3u8" }

// take acts on an event of the segmenter; last tells that the next one ends the
// segment of this part. origin is when what the stream has at time
// 0 was received, as far as the packet tells that brought the event about.
func (p *presentation) take(e cmaf.Event, last bool, origin time.Time) {
	switch e.What {
	case cmaf.Begin:
		p.dates.begin(e.Formats[0].Track.Kind, e.Segment, e.Start, origin)
		p.begin(e)
	case cmaf.Part:
		p.addPart(e, last)
	case cmaf.End:
		p.endSegment(e)
	}
}

// begin opens a period: new initialisations, and a discontinuity in every playlist
// there was before.
func (p *presentation) begin(e cmaf.Event) {
	if p.began {
		p.discontinuities++
	}
	p.formats = e.Formats
	clear(p.starts)
	windows := maps.Clone(*p.windows.Load())
	for _, f := range e.Formats {
		k := f.Track.Kind
		p.starts[k] = e.Start
		name := initName(k, f.Init)
		p.shelf.addInit(name, f.Init, p.config.Now())
		p.inits[k] = name
		if windows[k] == nil {
			windows[k] = newWindow(p.facts(k), e.Segment, p.discontinuities)
			windows[k].begin(name, false)
		} else {
			windows[k].begin(name, true)
		}
	}
	for k, w := range windows {
		if !p.has(k) {
			w.begin(p.inits[k], true)
		}
		others := make([]*Window, 0, 1)
		for o, other := range windows {
			if o != k {
				others = append(others, other)
			}
		}
		w.change(func(s *Snapshot) { s.others = others })
	}
	p.windows.Store(&windows)
	p.began = true
	p.renderIndex()
}

func (p *presentation) facts(k av.Kind) Facts {
	return Facts{Target: p.config.Cut.Longest, PartTarget: p.partTarget, Window: p.config.Window, URI: playlistOf(k),
		Prefix: letter(k) + strconv.FormatUint(p.generation, 36) + "-"}
}

// has reports whether the period has a track of that kind.
func (p *presentation) has(k av.Kind) bool {
	for _, f := range p.formats {
		if f.Track.Kind == k {
			return true
		}
	}
	return false
}

// initName names an initialisation by what it is.
func initName(k av.Kind, b []byte) string {
	sum := sha256.Sum256(b)
	return "i" + letter(k) + hex.EncodeToString(sum[:8]) + ".mp4"
}

// date returns when what a segment has at a time was received.
func (p *presentation) date(segment uint64, at time.Duration) time.Time {
	return p.dates.date(segment, at, p.config.Cut.Segment)
}

func (p *presentation) addPart(e cmaf.Event, last bool) {
	w := p.window(e.Kind)
	if w == nil {
		return
	}
	data := segments.Blob(e.Data)
	s := w.Snapshot()
	part := Part{Name: s.partName(s.NextPart), Duration: e.Duration, Independent: e.Independent}
	p.shelf.add(part.Name, data, p.config.Now(), time.Time{}, false)
	p.building[e.Kind] = append(p.building[e.Kind], data...)
	w.addPart(part, data.Size(), p.date(e.Segment, p.starts[e.Kind]), last)
}

func (p *presentation) endSegment(e cmaf.Event) {
	p.next = max(p.next, e.Segment+1)
	p.starts[e.Kind] = e.Start + e.Duration
	if w := p.window(e.Kind); w != nil {
		p.complete(w, e, p.building[e.Kind])
		delete(p.building, e.Kind)
	}
	if e.Kind != p.formats[0].Track.Kind {
		return
	}
	for k, w := range *p.windows.Load() { // a rendition that the period does not have
		if !p.has(k) {
			gap := e
			gap.Kind, gap.Gap = k, true
			p.complete(w, gap, nil)
		}
	}
	p.renderIndex()
}

// complete ends the open segment of a window, has its bytes stored, and sees to those
// that are no longer listed.
func (p *presentation) complete(w *Window, e cmaf.Event, data segments.Blob) {
	now := p.config.Now()
	name := segmentName(e.Kind, e.Segment)
	if !e.Gap {
		p.shelf.add(name, data, now, now.Add(inMemory*p.config.Cut.Longest), true)
		p.save(e, name)
		t := p.rates[e.Kind]
		if t == nil {
			t = &tally{}
			p.rates[e.Kind] = t
		}
		t.add(data.Size(), e.Duration)
	}
	length := w.Snapshot().Duration()
	pressure := p.pressure()
	_, removed := w.endSegment(name, e.Duration, p.date(e.Segment, e.Start), e.Gap, pressure)
	length = max(length, w.Snapshot().Duration())
	if pressure > 0 {
		length = 4 * p.config.Cut.Longest
	}
	for _, g := range removed { // to be had for as long as the playlists are that listed it (section 6.2.2)
		if !g.Gap {
			p.leaving = append(p.leaving, leaving{g.Name, now.Add(2*g.Duration + length), true})
		}
	}
	p.leaveParts(e.Kind, w.Snapshot(), removed, now)
}

// save has a segment stored. Until then, and after, if that fails, it is on the shelf.
func (p *presentation) save(e cmaf.Event, name string) {
	p.saver.submit(job{key: p.key(name), blob: func() (segments.Blob, bool) { return p.shelf.get(name) }, done: func() {
		p.shelf.saved(name)
		p.config.Observer.SegmentStored(Stored{Key: p.key(name), Sequence: e.Segment, Duration: e.Duration, Playlist: playlistOf(e.Kind)})
	}})
}

// pressure tells whether there is hardly room for more: then less is listed, so that
// everything listed is there, and kept for less long afterwards.
func (p *presentation) pressure() int {
	n := p.shelf.pressure()
	if limited, ok := p.config.Store.(interface{ Pressure() int }); ok {
		n = max(n, limited.Pressure())
	}
	return n
}

// leaveParts sees to the parts that are no longer listed: they are to be had for more than three
// target durations more (section 6.2.2).
func (p *presentation) leaveParts(k av.Kind, s *Snapshot, removed []*Segment, now time.Time) {
	whole := s.Segments[:s.firstWithParts()] // those without parts
	if from := p.partsFrom[k]; from > s.First() {
		whole = whole[min(int(from-s.First()), len(whole)):]
	}
	for _, g := range slices.Concat(removed, whole) {
		if g.Sequence < p.partsFrom[k] {
			continue
		}
		for _, part := range g.Parts {
			p.leaving = append(p.leaving, leaving{part.Name, now.Add(4 * s.Target), false})
		}
		p.partsFrom[k] = g.Sequence + 1
	}
}

func segmentName(k av.Kind, sequence uint64) string {
	return letter(k) + strconv.FormatUint(sequence, 10) + ".m4s"
}

func (p *presentation) key(name string) segments.Key {
	return segments.Key{Stream: p.stream, Generation: p.generation, Name: name}
}

// expire lets go what nobody may ask for any more.
func (p *presentation) expire(now time.Time) {
	n := 0
	for _, l := range p.leaving {
		if now.Before(l.at) {
			p.leaving[n] = l
			n++
			continue
		}
		p.shelf.remove(l.name)
		if !l.stored {
			continue
		}
		p.saver.submit(job{key: p.key(l.name)})
	}
	clear(p.leaving[n:])
	p.leaving = p.leaving[:n]
	p.shelf.expire(now)
}

// end says in every playlist that nothing follows.
func (p *presentation) end() {
	for _, w := range *p.windows.Load() {
		w.end()
	}
}

// renderIndex writes the multivariant playlist.
func (p *presentation) renderIndex() {
	rates := map[av.Kind]Rate{}
	for _, f := range p.formats {
		k := f.Track.Kind
		rates[k] = guess(k)
		if t := p.rates[k]; t != nil && t.duration > 0 {
			rates[k] = Rate{Peak: int(t.peak), Average: int(t.bits / t.duration.Seconds())}
		}
	}
	b := multivariant(p.formats, rates)
	p.index.Store(&b)
}

// String names the presentation in logs.
func (p *presentation) String() string { return fmt.Sprintf("%s/%d", p.stream, p.generation) }
