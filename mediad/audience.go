package mediad

import (
	"sync"
	"sync/atomic"
	"time"

	"synctv/internal/reactor"
	"synctv/mediad/stream"
)

const (
	// soundWaits is how long sound may wait for a picture to ride with: a write costs the same with both, and a picture
	// comes every 40 ms, sound every 23 ms or so.
	soundWaits = 15 * time.Millisecond
	// crowdWaits is how long everything waits where a stream has more than crowd viewers.
	crowdWaits = 50 * time.Millisecond
	crowd      = 2000
)

// audience are the viewers of one stream, on all shards. A picture wakes them at once, each shard by one post; sound waits
// a little for a picture.
type audience struct {
	group   *reactor.Group
	timer   *time.Timer // wakes for what waits
	waiting atomic.Bool // the timer is set
	mute    func()      // ends the bell

	viewers int // guarded by audiences.mu
}

// ring hears of everything that is written to the stream.
func (a *audience) ring(urgent bool) {
	wait := soundWaits
	if urgent {
		if a.group.Size() <= crowd {
			if a.waiting.Swap(false) {
				a.timer.Stop()
			}
			a.group.Wake()
			return
		}
		wait = crowdWaits
	}
	if a.waiting.CompareAndSwap(false, true) {
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
	of      map[*stream.Stream]*audience // guarded by mu
}

func newAudiences(r *reactor.Reactor) *audiences {
	return &audiences{reactor: r, of: make(map[*stream.Stream]*audience)}
}

// enter returns a stream's audience with one viewer more.
func (l *audiences) enter(live *stream.Stream) *audience {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.of[live]
	if a == nil {
		a = &audience{group: l.reactor.NewGroup()}
		a.timer = time.AfterFunc(time.Hour, a.late)
		a.timer.Stop()
		a.mute = live.Bell(a.ring)
		l.of[live] = a
	}
	a.viewers++
	return a
}

// leave takes a viewer out.
func (l *audiences) leave(live *stream.Stream) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.of[live]
	if a.viewers--; a.viewers == 0 {
		a.mute()
		a.timer.Stop()
		delete(l.of, live)
	}
}
