package mediad

import (
	"context"
	"time"
)

const (
	keepEvery   = time.Second
	keepTimeout = 5 * time.Second
)

// keep asks again for those whose right to watch has to be renewed, and ends those who may not go on, until ctx ends.
func (s *Server) keep(ctx context.Context) {
	ticker := time.NewTicker(keepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			for _, t := range s.roster.all() {
				s.review(ctx, t, now)
			}
			s.clients.expire(now)
			s.notes.forget(func(name string) bool { _, ok := s.streams.Get(name); return ok })
		}
	}
}

// review looks at one who watches. HLS players are looked at with each request instead.
func (s *Server) review(ctx context.Context, t *seat, now time.Time) {
	if now.Sub(t.since) >= s.config.MaxViewing {
		t.end(errTooLong)
		return
	}
	v := t.viewing.Load()
	if s.deps.Control.Now() < v.Until {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, keepTimeout)
	defer cancel()
	next, err := s.deps.Control.KeepViewer(ctx, *v)
	switch {
	case err == nil:
		t.viewing.CompareAndSwap(v, &next) // unless there is news of them, see Review
	case lasting(err):
		t.end(errRevoked)
	}
}
