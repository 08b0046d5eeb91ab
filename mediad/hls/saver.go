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
	saverAttempts = 3
	saverPause    = 250 * time.Millisecond // before the second attempt; twice as much before the third
	saverTimeout  = 10 * time.Second       // of each attempt
)

// job is one thing to be done in the store.
type job struct {
	key  segments.Key
	blob segments.Blob // nil: delete
	drop bool          // the whole generation
	done func()        // after success; nil: nothing
}

// saver does the muxer's work with the store, so that the muxer does not wait for it.
type saver struct {
	store  segments.Store
	log    *slog.Logger
	jobs   chan job
	failed atomic.Uint64 // jobs that were given up, or not taken
}

func newSaver(store segments.Store, log *slog.Logger) *saver {
	return &saver{store: store, log: log, jobs: make(chan job, saverQueue)}
}

// submit hands over a job; one too many is not done, and counted.
func (s *saver) submit(j job) {
	select {
	case s.jobs <- j:
	default:
		s.failed.Add(1)
	}
}

// run works until jobs is closed, or ctx ends.
func (s *saver) run(ctx context.Context) {
	failing := false
	for j := range s.jobs {
		err := s.attempt(ctx, j)
		if err == nil {
			failing = false
			if j.done != nil {
				j.done()
			}
		} else {
			s.failed.Add(1)
			if ctx.Err() == nil && !failing { // said once, until it works again
				failing = true
				s.log.Warn("a segment could not be stored or removed", "stream", j.key.Stream, "name", j.key.Name, "err", err)
			}
		}
	}
}

func (s *saver) attempt(ctx context.Context, j job) (err error) {
	for n := range saverAttempts {
		if n > 0 {
			select {
			case <-time.After(saverPause << (n - 1)):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if err = s.do(ctx, j); err == nil || errors.Is(err, segments.ErrTooLarge) || errors.Is(err, segments.ErrName) {
			return err
		}
	}
	return err
}

func (s *saver) do(ctx context.Context, j job) error {
	ctx, cancel := context.WithTimeout(ctx, saverTimeout)
	defer cancel()
	switch {
	case j.drop:
		return s.store.Drop(ctx, j.key.Stream, j.key.Generation)
	case j.blob == nil:
		return s.store.Delete(ctx, j.key)
	}
	return s.store.Put(ctx, j.key, j.blob)
}
