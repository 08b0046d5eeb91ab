package hls

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"synctv/mediad/segments"
)

// Limits of a saver.
const (
	saverQueue    = 256
	saverAtOnce   = 4 // jobs: an object store far away takes longer for each than there is time
	saverAttempts = 3
	saverPause    = 250 * time.Millisecond // before the second attempt; twice as much before the third
	saverTimeout  = 10 * time.Second       // of each attempt
)

// job is one thing to be done in the store: to put, to delete, or to drop a whole
// generation.
type job struct {
	store segments.Store // nil: the one of segments
	key   segments.Key
	// blob returns what is to be put when it is its turn, so that what waits has no
	// memory of its own; false when nobody needs it any more. nil: the job is to delete.
	blob func() (segments.Blob, bool)
	drop bool
	done func() // after success; nil: nothing
}

// saver does the muxer's work with the store, so that the muxer does not wait for it.
type saver struct {
	store    segments.Store
	log      *slog.Logger
	observer Observer
	jobs     chan job
	failed   atomic.Uint64 // jobs that were given up, or not taken
	failing  atomic.Bool   // it has been said
}

func newSaver(c Config) *saver {
	return &saver{store: c.Store, log: c.Log, observer: c.Observer, jobs: make(chan job, saverQueue)}
}

// submit hands over a job; one too many is not done, and counted.
func (s *saver) submit(j job) {
	select {
	case s.jobs <- j:
	default:
		s.fail(NotTried)
	}
}

func (s *saver) fail(f StoreFault) {
	s.failed.Add(1)
	s.observer.StoreFailed(f)
}

// run works until jobs is closed, or ctx ends. A generation is dropped when all that
// came before is done.
func (s *saver) run(ctx context.Context) {
	slots := make(chan struct{}, saverAtOnce)
	for j := range s.jobs {
		n := 1
		if j.drop {
			n = saverAtOnce
		}
		for range n {
			slots <- struct{}{}
		}
		go func() {
			s.handle(ctx, j)
			for range n {
				<-slots
			}
		}()
	}
	for range saverAtOnce {
		slots <- struct{}{}
	}
}

func (s *saver) handle(ctx context.Context, j job) {
	var blob segments.Blob
	if j.blob != nil {
		var wanted bool
		if blob, wanted = j.blob(); !wanted {
			s.fail(NotTried)
			return
		}
	}
	err := s.attempt(ctx, j, blob)
	if err == nil {
		s.failing.Store(false)
		if j.done != nil {
			j.done()
		}
		return
	}
	if j.blob != nil {
		s.fail(PutFailed)
	} else {
		s.fail(DeleteFailed)
	}
	if ctx.Err() == nil && !s.failing.Swap(true) { // said once, until it works again
		s.log.Warn("a segment could not be stored or removed", "stream", j.key.Stream, "name", j.key.Name, "err", err)
	}
}

func (s *saver) attempt(ctx context.Context, j job, blob segments.Blob) (err error) {
	for n := range saverAttempts {
		if n > 0 {
			select {
			case <-time.After(saverPause << (n - 1)):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if err = s.do(ctx, j, blob); err == nil || errors.Is(err, segments.ErrTooLarge) || errors.Is(err, segments.ErrName) {
			return err
		}
	}
	return err
}

func (s *saver) do(ctx context.Context, j job, blob segments.Blob) error {
	ctx, cancel := context.WithTimeout(ctx, saverTimeout)
	defer cancel()
	store := s.store
	if j.store != nil {
		store = j.store
	}
	switch {
	case j.drop:
		return store.Drop(ctx, j.key.Stream, j.key.Generation)
	case j.blob == nil:
		return store.Delete(ctx, j.key)
	}
	return store.Put(ctx, j.key, blob)
}
