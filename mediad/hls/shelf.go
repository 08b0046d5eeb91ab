package hls

import (
	"slices"
	"sync"
	"time"

	"synctv/mediad/segments"
)

// Limits of a shelf.
const (
	maxInits   = 64
	maxUnsaved = 128 << 20 // bytes of segments that the store has not taken
)

// shelf has the bytes of a presentation that are served from memory: what is young,
// and what the store has not taken yet. It is safe for concurrent use.
type shelf struct {
	mu    sync.Mutex
	files map[string]*shelved // guarded by mu
	inits []string            // guarded by mu: names, oldest first
}

type shelved struct {
	blob    segments.Blob
	added   time.Time
	until   time.Time // when memory need not have it any more; zero: never
	unsaved bool      // nobody else has it
}

func newShelf() *shelf { return &shelf{files: make(map[string]*shelved)} }

// get returns a file's bytes.
func (s *shelf) get(name string) (segments.Blob, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, ok := s.files[name]
	if !ok {
		return nil, false
	}
	return f.blob, true
}

// add puts a file on the shelf. unsaved: it stays until saved is called, too.
func (s *shelf) add(name string, b segments.Blob, now, until time.Time, unsaved bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[name] = &shelved{b, now, until, unsaved}
	if unsaved {
		s.bound()
	}
}

// addInit puts an initialisation on the shelf, where it stays.
func (s *shelf) addInit(name string, b []byte, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.inits, name); i >= 0 {
		s.inits = slices.Delete(s.inits, i, i+1)
	}
	s.inits = append(s.inits, name)
	s.files[name] = &shelved{blob: segments.Blob{b}, added: now}
	if len(s.inits) > maxInits {
		delete(s.files, s.inits[0])
		s.inits = s.inits[1:]
	}
}

// bound lets the oldest go that the store has not taken, when there is too much of
// it: by then they are not listed any more, see Snapshot.trim. Holds mu.
func (s *shelf) bound() {
	for {
		total, oldest := s.unsaved()
		if total <= maxUnsaved {
			return
		}
		delete(s.files, oldest)
	}
}

// unsaved returns how many bytes the store has not taken, and the oldest file of them.
// Holds mu.
func (s *shelf) unsaved() (total int64, oldest string) {
	for name, f := range s.files {
		if !f.unsaved {
			continue
		}
		total += f.blob.Size()
		if oldest == "" || f.added.Before(s.files[oldest].added) {
			oldest = name
		}
	}
	return total, oldest
}

// pressure tells how near the shelf is to letting segments go that the store has not
// taken; see segments.Memory.Pressure.
func (s *shelf) pressure() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch total, _ := s.unsaved(); {
	case total > maxUnsaved/4*3:
		return 2
	case total > maxUnsaved/2:
		return 1
	}
	return 0
}

// saved says that the store has a file.
func (s *shelf) saved(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f, ok := s.files[name]; ok {
		f.unsaved = false
	}
}

// remove takes a file off.
func (s *shelf) remove(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.files, name)
}

// expire takes off what is old.
func (s *shelf) expire(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, f := range s.files {
		if !f.unsaved && !f.until.IsZero() && !now.Before(f.until) {
			delete(s.files, name)
		}
	}
}

// bytes returns how much there is; parts are counted again in their segments, whose
// memory they share.
func (s *shelf) bytes() (n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.files {
		n += f.blob.Size()
	}
	return n
}
