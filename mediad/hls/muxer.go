package hls

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"synctv/mediad/av"
	"synctv/mediad/cmaf"
	"synctv/mediad/segments"
	"synctv/mediad/stream"
)

// Muxer makes the playlists of one stream. Run makes them; requests may come at any
// time, from any goroutine.
type Muxer struct {
	config  Config
	stream  *stream.Stream
	saver   *saver
	view    atomic.Pointer[view]
	viewers viewers

	// Owned by Run.
	segmenter *cmaf.Segmenter
	cut       cmaf.Config // of the segmenter
	tracks    uint32      // version of those that the segmenter has
	skips     uint64      // of the reader, seen
	past      []past
	expired   time.Time // when old files were looked for
	arrivals  arrivals
	opening   opening
	held      bool      // what is pushed was held, so that how long it took says nothing
	before    numbers   // those of whoever had the stream before this muxer
	knows     bool      // has looked for them
	noted     time.Time // when numbers were kept last
}

// view is what requests see. It is immutable.
type view struct {
	now     *presentation // nil before the first
	before  *presentation // the one before it, whose files may still be asked for
	changed chan struct{} // closed when there is another view
}

// past is a presentation that has ended, and when its files go.
type past struct {
	p  *presentation
	at time.Time
}

// NewMuxer returns a muxer for a stream.
func NewMuxer(c Config, s *stream.Stream) *Muxer {
	c = c.withDefaults()
	m := &Muxer{config: c, stream: s, saver: newSaver(c)}
	m.view.Store(&view{changed: make(chan struct{})})
	return m
}

// Stream returns the stream it is of.
func (m *Muxer) Stream() *stream.Stream { return m.stream }

// Stats is who watches, what a muxer has in memory, and what went wrong with its store.
type Stats struct {
	Viewers      int // clients that asked for a playlist in the last three target durations
	Bytes        int64
	StoreFailure uint64
}

// Stats returns the muxer as it is.
func (m *Muxer) Stats() Stats {
	since := m.config.Now().Add(-3 * m.config.Cut.Longest)
	st := Stats{Viewers: m.viewers.count(since), StoreFailure: m.saver.failed.Load()}
	if p := m.view.Load().now; p != nil {
		st.Bytes = p.shelf.bytes()
	}
	return st
}

// tick is how often old files are looked for.
const tick = time.Second

// Run reads the stream until it is closed, or ctx ends. What it put into the store
// is removed then.
func (m *Muxer) Run(ctx context.Context) error {
	var saving sync.WaitGroup
	// The last jobs are done after ctx has ended, for a while.
	saveCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	saving.Go(func() { m.saver.run(saveCtx) })
	for ctx.Err() == nil {
		if err := m.session(ctx); err != nil {
			break
		}
	}
	if v := m.view.Load(); v.now != nil {
		v.now.end()
		m.past = append(m.past, past{p: v.now})
	}
	for _, p := range m.past {
		m.saver.submit(job{key: p.p.key(""), drop: true})
	}
	close(m.saver.jobs)
	giveUp := time.AfterFunc(saverTimeout, cancel)
	defer giveUp.Stop()
	saving.Wait()
	return nil
}

// remember finds out where the numbers of the stream have been before.
func (m *Muxer) remember(ctx context.Context) {
	if m.knows {
		return
	}
	m.knows = true
	n, err := readNumbers(ctx, m.config.Numbers, m.stream.Name())
	if err != nil && !errors.Is(err, segments.ErrNotFound) && ctx.Err() == nil {
		m.config.Log.Warn("the numbers of a stream that was here before are not known: they may fall", "stream", m.stream.Name(), "err", err)
	}
	m.before = n
}

// note has the numbers kept that the stream has reached.
func (m *Muxer) note(n numbers) {
	m.noted = n.at
	m.saver.submit(job{store: m.config.Numbers, key: segments.Key{Stream: m.stream.Name(), Name: numbersName},
		blob: func() (segments.Blob, bool) { return n.blob(), true }})
}

// session is from one end of the stream to the next. An error says that there will be
// no other.
func (m *Muxer) session(ctx context.Context) error {
	wake := make(chan struct{}, 1)
	r, err := m.stream.Reader(stream.ReaderOptions{Internal: true, Wake: func() {
		select {
		case wake <- struct{}{}:
		default:
		}
	}})
	if err != nil {
		return err
	}
	defer r.Close()
	m.remember(ctx) // what the stream has meanwhile waits in its ring
	m.segmenter, m.tracks, m.skips = nil, 0, 0
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	items := make([]*stream.Item, 64)
	for {
		n, err := r.Poll(items)
		for _, it := range items[:n] {
			m.item(it, r)
		}
		if err != nil {
			m.release(r)
		}
		switch {
		case errors.Is(err, io.EOF):
			m.over()
			return nil
		case err != nil: // too slow, which would be a fault of ours: begin anew
			m.config.Log.Error("the segmenter lost its stream", "stream", m.stream.Name(), "err", err)
			m.over()
			return nil
		case n > 0:
			continue
		}
		select {
		case <-wake:
		case <-ticker.C:
			if m.opening.silent(m.config.Now()) {
				m.release(r)
			}
			m.expire()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// item takes one item of the stream.
func (m *Muxer) item(it *stream.Item, r *stream.Reader) {
	gone := it.What == stream.Gone
	if gone || it.Packet.Discontinuity {
		m.release(r)
	}
	if gone {
		m.apply(m.flush(), it)
		m.opening.begin(m.wantedPace())
		return
	}
	if it.Packet.Discontinuity || m.segmenter == nil && !m.opening.open {
		m.opening.begin(m.wantedPace())
	}
	if !m.opening.open {
		m.push(it, r)
	} else if m.opening.hold(it) {
		m.release(r)
	}
}

// wantedPace is how far apart key frames may be that decide how a presentation that
// is to begin is cut; 0 if none is to, or nothing depends on it.
func (m *Muxer) wantedPace() time.Duration {
	if m.segmenter != nil || !m.config.byKeys || m.config.frequent() >= rareKeys {
		return 0
	}
	return m.config.frequent() + keyTolerance
}

// release goes on with what was held of the beginning of a publisher.
func (m *Muxer) release(r *stream.Reader) {
	if m.segmenter == nil && len(m.opening.items) > 0 {
		m.start(m.opening.pace.length())
	}
	m.held = true
	for _, it := range m.opening.release() {
		m.push(it, r)
	}
	m.held = false
}

// push hands an item to the segmenter.
func (m *Muxer) push(it *stream.Item, r *stream.Reader) {
	if skips := r.Skips(); skips != m.skips {
		m.skips = skips
		m.apply(m.flush(), it)
	}
	if it.TracksVersion != m.tracks {
		m.tracks = it.TracksVersion
		m.segmenter.SetTracks(it.Tracks)
	}
	if it.What == stream.Media && it.Packet.Kind != av.Data {
		m.arrivals.note(it.Packet.Kind, it.Packet.DTS, it.At)
		if p := m.view.Load().now; p != nil {
			p.dates.note(it.Packet.Kind, it.Packet.DTS, it.At)
		}
		m.apply(m.segmenter.Push(it.Packet), it)
	}
}

// start makes a segmenter, whose numbers are above all there were, for key frames that
// are gop apart.
func (m *Muxer) start(gop time.Duration) {
	m.cut = m.config.cutFor(gop)
	c := m.cut
	c.First, _ = m.before.first(m.config.Now())
	if p := m.view.Load().now; p != nil {
		c.First = max(c.First, p.next)
	}
	m.segmenter = cmaf.New(c)
}

func (m *Muxer) flush() []cmaf.Event {
	if m.segmenter == nil {
		return nil
	}
	return m.segmenter.Flush()
}

// apply hands events on to the presentation. The first period of a segmenter begins
// one. it is the item that brought the events about; nil for those of a flush, among
// which no period begins.
func (m *Muxer) apply(events []cmaf.Event, it *stream.Item) {
	origin := m.opening.origin
	if origin.IsZero() && it != nil {
		origin = it.At.Add(-it.Packet.DTS)
	}
	v := m.view.Load()
	p := v.now
	for i, e := range events {
		fresh := e.What == cmaf.Begin && (p == nil || m.ended(p))
		if fresh {
			_, discontinuities := m.before.first(m.config.Now())
			if p != nil {
				discontinuities = max(discontinuities, p.discontinuities+1)
			}
			config := m.config
			config.Cut = m.cut
			p = newPresentation(config, m.stream.Name(), e.Segment, discontinuities, m.saver)
			p.partTarget = m.segmenter.PartTarget()
		}
		p.take(e, i+1 < len(events) && events[i+1].What == cmaf.End && events[i+1].Kind == e.Kind, origin)
		if e.What == cmaf.Begin {
			m.opening.origin = time.Time{} // of no more than one beginning
		}
		if e.What == cmaf.Begin {
			m.note(numbers{e.Segment, p.discontinuities, m.config.Now()})
		}
		if fresh {
			if v.now != nil {
				m.past = append(m.past, past{v.now, m.config.Now().Add(2*m.config.Window + m.config.Cut.Longest)})
			}
			m.view.Store(&view{now: p, before: v.now, changed: make(chan struct{})})
			close(v.changed)
			v = m.view.Load()
		}
		if e.What == cmaf.Part {
			if received, known := m.arrivals.take(e.Kind, e.Last); known && !m.held {
				m.config.Observer.PartListed(m.config.Now().Sub(received))
			}
		}
	}
	if len(events) > 0 {
		m.expire()
	}
}

// ended reports whether a presentation is over.
func (m *Muxer) ended(p *presentation) bool {
	for _, w := range *p.windows.Load() {
		return w.Snapshot().Ended
	}
	return false
}

// over ends the presentation: the stream has, and nobody came back.
func (m *Muxer) over() {
	m.apply(m.flush(), nil)
	if p := m.view.Load().now; p != nil {
		p.end()
	}
}

// expire lets go what nobody may ask for any more.
func (m *Muxer) expire() {
	now := m.config.Now()
	if now.Sub(m.expired) < tick {
		return
	}
	m.expired = now
	m.viewers.count(now.Add(-3 * m.config.Cut.Longest))
	if p := m.view.Load().now; p != nil {
		p.expire(now)
		if now.Sub(m.noted) > numbersEvery && !m.ended(p) {
			m.note(numbers{p.next, p.discontinuities, now})
		}
	}
	for len(m.past) > 0 && !now.Before(m.past[0].at) {
		m.saver.submit(job{key: m.past[0].p.key(""), drop: true})
		if v := m.view.Load(); v.before == m.past[0].p {
			m.view.Store(&view{now: v.now, changed: v.changed})
		}
		m.past = m.past[1:]
	}
}
