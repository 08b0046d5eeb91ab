package mediad

import (
	"sync"
	"sync/atomic"
	"time"

	"synctv/internal/reactor"
	"synctv/mediad/stream"
)

// What viewers cost is writes, and a write costs the same with one frame as with several. A picture goes at once. Sound
// waits for the next picture where that is expected within soundWaits; where it is not, waiting would save nothing, and it
// goes with what comes within soundGathers.
const (
	soundWaits   = 20 * time.Millisecond
	soundGathers = 2 * time.Millisecond
	// crowdWaits is how long everything waits where a stream has more than crowd viewers.
	crowdWaits = 50 * time.Millisecond
	crowd      = 2000
	// toolsGather is how long everything waits for RTMP players: they are programs that buffer seconds, where a browser's
	// player shows what it gets.
	toolsGather = 100 * time.Millisecond
)

// rhythm is how often pictures come.
type rhythm struct {
	last  time.Time     // when one came
	every time.Duration // on average; 0: not known
}

// beat notes a picture.
func (r *rhythm) beat(now time.Time) {
	switch gap := now.Sub(r.last); {
	case r.last.IsZero() || gap > time.Second:
		r.every = 0
	case r.every == 0:
		r.every = gap
	default:
		r.every += (gap - r.every) / 8
	}
	r.last = now
}

// patience is how long sound that comes now waits.
func (r *rhythm) patience(now time.Time) time.Duration {
	left := r.every - now.Sub(r.last)
	if r.every > 0 && left > -soundWaits && left <= soundWaits {
		return soundWaits
	}
	return soundGathers
}

// hall is a stream and whether its viewers can wait.
type hall struct {
	live  *stream.Stream
	tools bool
}

// audience are viewers of one stream, on all shards, each of which is woken by one post.
type audience struct {
	hall    hall // immutable
	group   *reactor.Group
	timer   *time.Timer // wakes for what waits
	waiting atomic.Bool // the timer is set
	mute    func()      // ends the bell

	// Owned by ring, which is not called twice at a time.
	rhythm rhythm
	until  time.Time // when the timer wakes, if it is set

	viewers int // guarded by audiences.mu
}

// ring hears of everything that is written to the stream.
func (a *audience) ring(urgent bool) {
	now := time.Now()
	wait := a.rhythm.patience(now)
	if urgent {
		a.rhythm.beat(now)
		wait = 0
	}
	if a.group.Size() > crowd {
		wait = crowdWaits
	}
	if a.hall.tools {
		wait = toolsGather
	}
	if wait == 0 {
		if a.waiting.Swap(false) {
			a.timer.Stop()
		}
		a.group.Wake()
		return
	}
	if until := now.Add(wait); !a.waiting.Swap(true) || until.Before(a.until) {
		a.until = until
		a.timer.Reset(wait)
	}
}

// late is what the timer does.
func (a *audience) late() {
	if a.waiting.Swap(false) {
		a.group.Wake()
	}
}

// audiences are those of all streams that have viewers. Its mutex is above those of streams.
type audiences struct {
	reactor *reactor.Reactor
	mu      sync.Mutex
	of      map[hall]*audience // guarded by mu
}

func newAudiences(r *reactor.Reactor) *audiences {
	return &audiences{reactor: r, of: make(map[hall]*audience)}
}

// enter returns a hall's audience with one viewer more.
func (l *audiences) enter(h hall) *audience {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.of[h]
	if a == nil {
		a = &audience{hall: h, group: l.reactor.NewGroup()}
		a.timer = time.AfterFunc(time.Hour, a.late)
		a.timer.Stop()
		a.mute = h.live.Bell(a.ring)
		l.of[h] = a
	}
	a.viewers++
	return a
}

// leave takes a viewer out.
func (l *audiences) leave(a *audience) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if a.viewers--; a.viewers == 0 {
		a.mute()
		a.timer.Stop()
		delete(l.of, a.hall)
	}
}
