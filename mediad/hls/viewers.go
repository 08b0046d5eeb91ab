package hls

import (
	"sync"
	"time"
)

// maxViewers is how many viewers of one stream are told apart.
const maxViewers = 100_000

// viewers counts those who ask for playlists: HLS has no connections to count.
type viewers struct {
	mu   sync.Mutex
	seen map[string]time.Time // guarded by mu: when a client asked last
}

// note takes note of a client.
func (v *viewers) note(client string, now time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.seen == nil {
		v.seen = make(map[string]time.Time)
	}
	if _, known := v.seen[client]; known || len(v.seen) < maxViewers {
		v.seen[client] = now
	}
}

// count forgets those who asked last before a time, and returns how many are left.
func (v *viewers) count(since time.Time) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	for client, at := range v.seen {
		if at.Before(since) {
			delete(v.seen, client)
		}
	}
	return len(v.seen)
}
