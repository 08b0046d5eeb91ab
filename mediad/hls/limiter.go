package hls

import (
	"sync"
	"time"
)

// maxClients is how many clients a limiter remembers.
const maxClients = 1 << 16

// limiter lets each client have so many requests a second.
type limiter struct {
	rate, burst float64
	now         func() time.Time

	mu      sync.Mutex
	clients map[string]*bucket // guarded by mu
}

type bucket struct {
	left float64
	at   time.Time
}

func newLimiter(perSecond int, now func() time.Time) *limiter {
	return &limiter{rate: float64(perSecond), burst: 2 * float64(perSecond), now: now, clients: make(map[string]*bucket)}
}

// allow reports whether the client may have another one.
func (l *limiter) allow(client string) bool {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	b, ok := l.clients[client]
	if !ok {
		if len(l.clients) >= maxClients {
			l.forget(now)
		}
		b = &bucket{left: l.burst, at: now}
		l.clients[client] = b
	}
	b.left = min(l.burst, b.left+l.rate*now.Sub(b.at).Seconds())
	b.at = now
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}

// forget drops the clients whose buckets would be full again, and if there are none,
// all. Holds mu.
func (l *limiter) forget(now time.Time) {
	for k, b := range l.clients {
		if b.left+l.rate*now.Sub(b.at).Seconds() >= l.burst {
			delete(l.clients, k)
		}
	}
	if len(l.clients) >= maxClients {
		clear(l.clients)
	}
}
