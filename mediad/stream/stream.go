package stream

import (
	"sync"
	"time"

	"synctv/mediad/av"
)

// State is what a stream is doing.
type State uint8

// States.
const (
	Idle    State = iota // nobody publishes, nobody is waited for
	Live                 // somebody publishes
	Waiting              // the publisher has gone, and may come back
)

// String implements fmt.Stringer.
func (s State) String() string { return [...]string{"idle", "live", "waiting"}[s] }

// Stream is one publisher's packets on their way to many readers. It is safe for
// concurrent use.
type Stream struct {
	name   string
	config Config // immutable

	mu sync.Mutex
	// All that follows is guarded by mu.
	ring          ring
	timeline      av.Timeline
	lineup        av.Lineup
	tracksVersion uint32
	altered       bool // the next frame is decoded differently

	state      State
	publisher  *Publisher // nil unless Live
	generation uint64     // the highest there ever was
	until      time.Time  // of Waiting
	touched    time.Time  // when somebody last had to do with it
	closed     bool

	readers     map[*Reader]struct{}
	viewers     int // readers that are not internal
	viewersEver uint64
	takeovers   uint64
	drops       Drops
	meter       meter

	wake   chan struct{} // closed at the next item, if waited
	waited bool
	armed  []*Reader // their Wake is called at the next item
	spare  []*Reader // the same, emptied: two slices take turns
	bells  []*bell   // replaced, never changed: it is read without mu
	news   bool      // something was written since they rang
	urgent bool      // and not sound alone

	waking sync.Mutex // held while Wake functions are called; never under mu
}

func newStream(name string, c Config) *Stream {
	s := &Stream{name: name, config: c, readers: make(map[*Reader]struct{}), wake: make(chan struct{})}
	s.ring.maxBytes, s.ring.maxTime = c.MaxBytes, c.MaxTime
	s.touched = c.Now()
	return s
}

// Name returns the name that the stream has in its registry.
func (s *Stream) Name() string { return s.name }

// State returns what the stream is doing, and the tracks it has.
func (s *Stream) State() (State, []av.Track) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state, s.lineup.Tracks()
}

// append adds an item for everybody. Holds mu; rouse has to follow without it.
func (s *Stream) append(it *Item) {
	it.Tracks, it.TracksVersion, it.Generation = s.lineup.Tracks(), s.tracksVersion, s.generation
	s.ring.push(it)
	s.news, s.urgent = true, s.urgent || !it.canWait()
	if s.waited {
		s.waited = false
		close(s.wake)
		s.wake = make(chan struct{})
	}
}

// rouse rings, and calls the Wake of those that wait for it. It is called without mu.
func (s *Stream) rouse() {
	s.waking.Lock()
	defer s.waking.Unlock()
	s.mu.Lock()
	bells, urgent := s.bells, s.urgent
	if !s.news {
		bells = nil
	}
	s.news, s.urgent = false, false
	if len(s.armed) == 0 {
		s.mu.Unlock()
		ringAll(bells, urgent)
		return
	}
	woken := s.armed
	s.armed, s.spare = s.spare[:0], nil
	for _, r := range woken {
		r.armed = false
	}
	s.mu.Unlock()
	ringAll(bells, urgent)
	for i, r := range woken {
		r.options.Wake()
		woken[i] = nil
	}
	s.mu.Lock()
	s.spare = woken[:0]
	s.mu.Unlock()
}

// Kick ends the publisher there is, with why as its error. nil: ErrKicked. It
// reports whether there was one.
func (s *Stream) Kick(why error) bool {
	s.mu.Lock()
	p := s.publisher
	s.mu.Unlock()
	if p == nil {
		return false
	}
	if why == nil {
		why = ErrKicked
	}
	p.end(why, s.config.Grace)
	return true
}

// tick lets time pass: a silent publisher is cut, and readers that waited long
// enough are released.
func (s *Stream) tick(now time.Time) {
	s.mu.Lock()
	switch {
	case s.state == Live && now.Sub(s.publisher.last) >= s.config.Stall:
		s.drops.Stalled++
		s.leave(s.publisher, ErrStalled, now, s.config.Grace)
	case s.state == Waiting && !now.Before(s.until):
		s.over(now)
	}
	s.mu.Unlock()
	s.rouse()
}

// over ends what was published: readers see io.EOF after what they have not read
// yet. Holds mu.
func (s *Stream) over(now time.Time) {
	s.state, s.touched = Idle, now
	s.append(&Item{What: end, Packet: av.Packet{DTS: s.timeline.Now()}, At: now})
}

// retire closes the stream if nobody has had to do with it for so long, and
// reports whether it did.
func (s *Stream) retire(now time.Time, long time.Duration) bool {
	s.mu.Lock()
	unused := s.state == Idle && s.viewers == 0 && now.Sub(s.touched) >= long
	if unused {
		s.shut(now)
	}
	s.mu.Unlock()
	s.rouse()
	return unused
}

// touch keeps the stream for another while; false when it is closed.
func (s *Stream) touch() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.touched = s.config.Now()
	return !s.closed
}

// close ends the stream and everybody in it.
func (s *Stream) close() {
	s.mu.Lock()
	s.shut(s.config.Now())
	s.mu.Unlock()
	s.rouse()
}

// shut is close. Holds mu.
func (s *Stream) shut(now time.Time) {
	if s.closed {
		return
	}
	if s.publisher != nil {
		s.leave(s.publisher, ErrClosed, now, 0)
	}
	s.closed = true
	s.over(now)
}
