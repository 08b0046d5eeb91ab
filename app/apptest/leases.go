package apptest

import (
	"context"
	"sync"
	"time"
)

// Leases is app.LeaseStore in memory.
type Leases struct {
	mu    sync.Mutex
	held  map[string]lease // guarded by mu
	fence int64            // guarded by mu
}

type lease struct {
	holder string
	fence  int64
	ends   time.Time
}

// NewLeases returns a store in which nobody has anything.
func NewLeases() *Leases { return &Leases{held: make(map[string]lease)} }

// Acquire implements app.LeaseStore.
func (l *Leases) Acquire(_ context.Context, name, holder string, ttl time.Duration) (int64, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	h, ok := l.held[name]
	switch {
	case ok && now.Before(h.ends) && h.holder != holder:
		return 0, false, nil
	case !ok || !now.Before(h.ends):
		l.fence++
		h = lease{holder: holder, fence: l.fence}
	}
	h.ends = now.Add(ttl)
	l.held[name] = h
	return h.fence, true, nil
}

// Release implements app.LeaseStore.
func (l *Leases) Release(_ context.Context, name, holder string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held[name].holder == holder {
		delete(l.held, name)
	}
	return nil
}
