package proxy

import "sync"

// limiter bounds how many requests are open, for each user and in all.
type limiter struct {
	perUser, total int // immutable

	mu    sync.Mutex
	users map[string]int // guarded by mu; a user with nothing open has no entry
	sum   int            // guarded by mu
}

func newLimiter(perUser, total int) *limiter {
	return &limiter{perUser: perUser, total: total, users: map[string]int{}}
}

// enter takes a place, or says that there is none.
func (l *limiter) enter(user string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sum >= l.total || l.users[user] >= l.perUser {
		return false
	}
	l.users[user]++
	l.sum++
	return true
}

// leave gives the place back.
func (l *limiter) leave(user string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sum--
	if l.users[user]--; l.users[user] <= 0 {
		delete(l.users, user)
	}
}

func (l *limiter) open() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return int64(l.sum)
}
