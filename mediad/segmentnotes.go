package mediad

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"synctv/app"
	"synctv/mediad/hls"
)

// segmentQueue is how many stored segments may wait until app has heard of them.
const segmentQueue = 256

// segmentNotes hears from those who make playlists. It counts, and passes on to app which segments were stored; whoever
// makes playlists never waits for that: what is too much is dropped.
type segmentNotes struct {
	control Control
	queue   chan hls.Stored
	dropped atomic.Int64
	latency histogram
	faults  [hls.StoreFaults]atomic.Int64

	mu       sync.Mutex
	sessions map[app.StreamID]app.StreamSession // guarded by mu: who published each stream last
}

func newSegmentNotes(c Control) *segmentNotes {
	return &segmentNotes{control: c, queue: make(chan hls.Stored, segmentQueue), latency: newHistogram(partBounds), sessions: make(map[app.StreamID]app.StreamSession)}
}

// PartListed implements hls.Observer.
func (n *segmentNotes) PartListed(took time.Duration) { n.latency.add(took) }

// StoreFailed implements hls.Observer.
func (n *segmentNotes) StoreFailed(f hls.StoreFault) { n.faults[f].Add(1) }

// SegmentStored implements hls.Observer.
func (n *segmentNotes) SegmentStored(s hls.Stored) {
	select {
	case n.queue <- s:
	default:
		n.dropped.Add(1)
	}
}

// published says who publishes a stream from now on.
func (n *segmentNotes) published(id app.StreamID, s app.StreamSession) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.sessions[id] = s
}

// forget forgets the publishers of streams that are no more.
func (n *segmentNotes) forget(exists func(name string) bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for id := range n.sessions {
		if !exists(string(id)) {
			delete(n.sessions, id)
		}
	}
}

// run passes on what is told until ctx ends.
func (n *segmentNotes) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-n.queue:
			id := app.StreamID(s.Key.Stream)
			n.mu.Lock()
			session := n.sessions[id]
			n.mu.Unlock()
			at := Prefix + s.Key.Stream + "/"
			n.control.NoteSegment(id, session, app.HLSSegment{Seconds: s.Duration.Seconds(), File: s.Key.Path(), URL: at + s.Key.Name, M3U8URL: at + s.Playlist, Number: s.Sequence})
		}
	}
}
