package stream

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// RegistryConfig holds the limits of a registry. The zero value is the recommended
// one.
type RegistryConfig struct {
	Stream Config // of every stream
	// MaxStreams there may be. 0: 4096.
	MaxStreams int
	// Forget is how long a stream that nobody uses is kept. 0: 30 s.
	Forget time.Duration
	// Step is how often time passes. 0: 500 ms.
	Step time.Duration
	// Created is called with each new stream, by whoever made it come into being,
	// before anybody else sees it. It must not call the registry. nil: nothing.
	Created func(*Stream)
}

// maxName is the longest name of a stream, in bytes.
const maxName = 256

// Registry holds streams by name. It is safe for concurrent use.
type Registry struct {
	config RegistryConfig // immutable

	mu      sync.RWMutex
	streams map[string]*Stream // guarded by mu
	closed  bool               // guarded by mu
	past    Drops              // guarded by mu: of streams that were forgotten
}

// NewRegistry returns an empty registry, in which time passes while Run runs.
func NewRegistry(c RegistryConfig) *Registry {
	c.Stream = c.Stream.withDefaults()
	def(&c.MaxStreams, 4096)
	def(&c.Forget, 30*time.Second)
	def(&c.Step, 500*time.Millisecond)
	return &Registry{config: c, streams: make(map[string]*Stream)}
}

// Get returns the stream of that name, if there is one.
func (g *Registry) Get(name string) (*Stream, bool) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	s, ok := g.streams[name]
	return s, ok
}

// Open returns the stream of that name, made now if need be. It refuses names that
// are not one with ErrName, and what is too much with ErrFull.
func (g *Registry) Open(name string) (*Stream, error) {
	if s, ok := g.Get(name); ok && s.touch() {
		return s, nil
	}
	if err := checkName(name); err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if s, ok := g.streams[name]; ok && s.touch() {
		return s, nil
	}
	switch {
	case g.closed:
		return nil, ErrClosed
	case len(g.streams) >= g.config.MaxStreams:
		return nil, ErrFull
	}
	s := newStream(name, g.config.Stream)
	if g.config.Created != nil {
		g.config.Created(s)
	}
	g.streams[name] = s
	return s, nil
}

// checkName refuses names that would not survive a path or a log line.
func checkName(name string) error {
	bad := func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f || r == '\uFFFD' }
	if name == "" || len(name) > maxName || strings.ContainsFunc(name, bad) {
		return fmt.Errorf("%w: %q", ErrName, name[:min(len(name), 64)])
	}
	return nil
}

// Stats returns all streams as they are, by name.
func (g *Registry) Stats() []Stats {
	list := g.list()
	all := make([]Stats, len(list))
	for i, s := range list {
		all[i] = s.Stats()
	}
	slices.SortFunc(all, func(a, b Stats) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Dropped returns what was not done in all streams there ever were.
func (g *Registry) Dropped() Drops {
	g.mu.RLock()
	sum := g.past
	g.mu.RUnlock()
	for _, s := range g.list() {
		sum.add(s.Stats().Drops)
	}
	return sum
}

func (g *Registry) list() []*Stream {
	g.mu.RLock()
	defer g.mu.RUnlock()
	list := make([]*Stream, 0, len(g.streams))
	for _, s := range g.streams {
		list = append(list, s)
	}
	return list
}

// Run lets time pass until ctx ends, and then closes all streams.
func (g *Registry) Run(ctx context.Context) error {
	ticker := time.NewTicker(g.config.Step)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			g.mu.Lock()
			g.closed = true
			g.mu.Unlock()
			for _, s := range g.list() {
				g.remove(s)
				s.close()
			}
			return nil
		case <-ticker.C:
			g.tick(g.config.Stream.Now())
		}
	}
}

// tick lets time pass for every stream, and forgets those that nobody uses.
func (g *Registry) tick(now time.Time) {
	for _, s := range g.list() {
		s.tick(now)
		if s.retire(now, g.config.Forget) {
			g.remove(s)
		}
	}
}

// remove forgets s, unless its name has gone to another one already.
func (g *Registry) remove(s *Stream) {
	drops := s.Stats().Drops
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.streams[s.name] == s {
		delete(g.streams, s.name)
		g.past.add(drops)
	}
}
