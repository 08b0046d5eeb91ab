package record

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"synctv/mediad/segments"
	"synctv/mediad/stream"
)

// Studio records streams, as it is told, and looks after the files.
type Studio struct {
	config Config
	count  counters
	tidy   chan struct{} // capacity 1: there are files to be removed

	mu        sync.Mutex
	ctx       context.Context      // guarded by mu: of recorders; nil before Run and when it stops
	running   sync.WaitGroup       // recorders; added to under mu
	recorders map[string]*recorder // guarded by mu: by stream
	minded    map[string]bool      // guarded by mu: films that are being made here
	failing   bool                 // guarded by mu: trouble was told, and has not passed
}

// New returns a studio.
func New(c Config) (*Studio, error) {
	if c.Archive == nil || c.Ledger == nil {
		return nil, errors.New("record: Archive and Ledger are needed")
	}
	return &Studio{config: c.withDefaults(), tidy: make(chan struct{}, 1), recorders: make(map[string]*recorder), minded: make(map[string]bool)}, nil
}

// Record has a stream recorded, until it is over or Stop is called. It may be told
// again and again.
func (s *Studio) Record(live *stream.Stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.recorders[live.Name()] != nil || s.ctx == nil {
		return
	}
	ctx, stop := context.WithCancel(s.ctx)
	r := &recorder{studio: s, stream: live, stop: stop}
	s.recorders[live.Name()] = r
	s.running.Go(func() {
		defer stop()
		r.run(ctx)
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.recorders, live.Name())
	})
}

// Stop ends the recording of a stream, if there is one.
func (s *Studio) Stop(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.recorders[name]; r != nil {
		r.stop()
	}
}

// Tidy has files removed soon.
func (s *Studio) Tidy() {
	select {
	case s.tidy <- struct{}{}:
	default:
	}
}

// Run records and tidies up until ctx ends, and finishes what is being recorded.
func (s *Studio) Run(ctx context.Context) error {
	recording, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	s.mu.Lock()
	s.ctx = recording
	s.mu.Unlock()
	s.keep(ctx)
	s.mu.Lock()
	s.ctx = nil
	s.mu.Unlock()
	cancel()
	s.running.Wait()
	return nil
}

// stopping tells whether the studio ends.
func (s *Studio) stopping() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ctx == nil
}

// mind notes that a film is being made here, or not any more.
func (s *Studio) mind(f Film, on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if on {
		s.minded[f.ID] = true
	} else {
		delete(s.minded, f.ID)
	}
}

func (s *Studio) minds(f Film) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.minded[f.ID]
}

// report counts trouble, and tells of it if it is new.
func (s *Studio) report(doing string, f Film, err error) {
	why := reasonOf(err)
	s.count.fail(why)
	s.mu.Lock()
	told := s.failing
	s.failing = true
	s.mu.Unlock()
	if !told {
		s.config.Log.Warn("recordings: the store does not do what it should; it is asked again, and this is not told again until it has worked",
			"doing", doing, "reason", reasonNames[why], "stream", f.Stream, "recording", f.ID, "err", err)
	}
}

// well notes that the store works.
func (s *Studio) well() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failing = false
}

// Reasons of trouble.
const (
	reasonStore = iota
	reasonFull
	reasonRefused
	reasonTimeout
	reasonSlow
	reasonLost
	reasons
)

var reasonNames = [reasons]string{"store", "no_room", "refused", "timeout", "too_slow", "lost"}

func reasonOf(err error) int {
	switch {
	case errors.Is(err, segments.ErrFull):
		return reasonFull
	case errors.Is(err, segments.ErrRefused):
		return reasonRefused
	case errors.Is(err, context.DeadlineExceeded):
		return reasonTimeout
	case errors.Is(err, segments.ErrHole), errors.Is(err, segments.ErrNotFound):
		return reasonLost
	}
	return reasonStore
}

type counters struct {
	bytes, completed, mended, removed atomic.Int64
	readers, served                   atomic.Int64
	failures                          [reasons]atomic.Int64
}

func (c *counters) fail(why int) { c.failures[why].Add(1) }

// Count is how often something happened, by reason.
type Count struct {
	Reason string
	Count  int64
}

// Stats is the studio at one moment.
type Stats struct {
	Recording int   // streams that are being recorded
	Bytes     int64 // written, ever
	Completed int64 // files, ever
	Mended    int64 // files of makers that died, ever
	Removed   int64 // files, ever
	Readers   int64 // requests for files, now
	Served    int64 // bytes sent, ever
	Failures  []Count
}

// Stats returns the studio as it is.
func (s *Studio) Stats() Stats {
	c := &s.count
	st := Stats{Bytes: c.bytes.Load(), Completed: c.completed.Load(), Mended: c.mended.Load(), Removed: c.removed.Load(),
		Readers: c.readers.Load(), Served: c.served.Load()}
	for i, name := range reasonNames {
		st.Failures = append(st.Failures, Count{name, c.failures[i].Load()})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st.Recording = len(s.recorders)
	return st
}

const (
	lookEvery   = 10 * time.Second
	orphansWait = 5 * time.Minute // after the start
	orphansLook = time.Hour
	orphanAge   = time.Hour // files that are younger may be of a film that is about to be known
)
