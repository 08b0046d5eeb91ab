package hls

import (
	"context"
	"sync"
	"time"

	"synctv/mediad/segments"
	"synctv/mediad/stream"
)

// Origin has a muxer for every stream that is added to it.
type Origin struct {
	config Config
	wake   chan struct{} // capacity 1: there are muxers to be started

	mu     sync.RWMutex
	muxers map[string]*Muxer // guarded by mu
	fresh  []*Muxer          // guarded by mu: not started yet
}

// NewOrigin returns an origin without streams.
func NewOrigin(c Config) *Origin {
	return &Origin{config: c.withDefaults(), wake: make(chan struct{}, 1), muxers: make(map[string]*Muxer)}
}

// Add makes a muxer for a stream; it is stream.RegistryConfig.Created.
func (o *Origin) Add(s *stream.Stream) {
	m := NewMuxer(o.config, s)
	o.mu.Lock()
	o.muxers[s.Name()] = m
	o.fresh = append(o.fresh, m)
	o.mu.Unlock()
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// Muxer returns the muxer of a stream.
func (o *Origin) Muxer(name string) (*Muxer, bool) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	m, ok := o.muxers[name]
	return m, ok
}

// Run runs the muxers until ctx ends. A muxer whose stream is closed is forgotten.
func (o *Origin) Run(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	running.Go(func() { o.sweep(ctx) })
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-o.wake:
		}
		o.mu.Lock()
		fresh := o.fresh
		o.fresh = nil
		o.mu.Unlock()
		for _, m := range fresh {
			running.Go(func() {
				m.Run(ctx)
				o.forget(m)
			})
		}
	}
}

// sweepEvery is how often files are looked for that nobody has removed.
const sweepEvery = 10 * time.Minute

// sweep removes what servers that ended badly have left, and what a store did not
// remove when it was asked to: what is older than anything that may be asked for.
func (o *Origin) sweep(ctx context.Context) {
	stores := []segments.Store{o.config.Store}
	if o.config.Numbers != o.config.Store {
		stores = append(stores, o.config.Numbers)
	}
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		for _, s := range stores {
			n, err := s.Sweep(ctx, o.config.Now().Add(-4*o.config.Window-time.Hour))
			switch {
			case ctx.Err() != nil:
				return
			case err != nil:
				o.config.Observer.StoreFailed(DeleteFailed)
				o.config.Log.Warn("old segments could not be removed", "err", err)
			case n > 0:
				o.config.Log.Info("segments that were left behind are removed", "count", n)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (o *Origin) forget(m *Muxer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.muxers[m.stream.Name()] == m {
		delete(o.muxers, m.stream.Name())
	}
}
