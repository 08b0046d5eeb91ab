package coord

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
)

// tableShards divides each table so that goroutines on different keys seldom meet and a sweep holds one lock briefly.
const tableShards = 32

// table is a bounded map whose entries end by themselves. Times are readings of the process's monotonic clock in
// microseconds. An entry whose time has come is treated as absent even before the sweep removes it.
type table[V any] struct {
	// immutable after newTable
	seed       maphash.Seed
	op         string // for errors: "keys"
	maxEntries int64
	maxBytes   int64
	size       func(key string, v V) int64
	now        func() int64

	entries, bytes atomic.Int64
	shards         [tableShards]tableShard[V]
}

type tableShard[V any] struct {
	mu sync.Mutex
	m  map[string]tableEntry[V] // guarded by mu
	_  [40]byte                 // its own cache line
}

type tableEntry[V any] struct {
	v    V
	ends int64
	size int64
}

func newTable[V any](op string, maxEntries, maxBytes int64, now func() int64, size func(string, V) int64) *table[V] {
	t := &table[V]{seed: maphash.MakeSeed(), op: op, maxEntries: maxEntries, maxBytes: maxBytes, size: size, now: now}
	for i := range t.shards {
		t.shards[i].m = make(map[string]tableEntry[V])
	}
	return t
}

// verdict is what an update wants done with the entry it was shown.
type verdict int

const (
	leave verdict = iota // as it is
	put                  // store the returned value
	drop                 // remove the entry
)

// update shows decide the live value under key, if any, and carries out its verdict, all under the shard's lock. decide gets
// the time the lock was taken at and returns the time the new value ends at. It must not call the table.
func (t *table[V]) update(key string, decide func(old V, live bool, now int64) (v V, ends int64, do verdict)) error {
	s := &t.shards[maphash.String(t.seed, key)%tableShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	now := t.now()
	e, found := s.m[key]
	live := found && e.ends > now
	if !live {
		e.v = *new(V)
	}
	v, ends, do := decide(e.v, live, now)
	switch do {
	case drop:
		t.remove(s, key, e, found)
	case put:
		size := t.size(key, v)
		if !t.room(s, e, found, size, now) {
			return &Error{Kind: KindFull, Op: t.op}
		}
		// The sweep inside room may have taken the ended entry we were about to replace.
		e, found = s.m[key]
		if !found {
			t.entries.Add(1)
		}
		t.bytes.Add(size - e.size)
		s.m[key] = tableEntry[V]{v: v, ends: ends, size: size}
	}
	return nil
}

// room reports whether an entry of this size fits in place of e, sweeping this shard once if it does not at first. The two
// limits are checked, not reserved: writers on other shards can overshoot by one entry each.
func (t *table[V]) room(s *tableShard[V], e tableEntry[V], found bool, size, now int64) bool {
	fits := func() bool {
		return (found || t.entries.Load() < t.maxEntries) && t.bytes.Load()-e.size+size <= t.maxBytes
	}
	if fits() {
		return true
	}
	t.sweepShard(s, now)
	if found && e.ends <= now {
		found, e = false, tableEntry[V]{}
	}
	return fits()
}

func (t *table[V]) remove(s *tableShard[V], key string, e tableEntry[V], found bool) {
	if found {
		delete(s.m, key)
		t.entries.Add(-1)
		t.bytes.Add(-e.size)
	}
}

func (t *table[V]) sweepShard(s *tableShard[V], now int64) {
	for key, e := range s.m {
		if e.ends <= now {
			t.remove(s, key, e, true)
		}
	}
}

// sweep removes what has ended, one shard at a time.
func (t *table[V]) sweep() {
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		t.sweepShard(s, t.now())
		if len(s.m) == 0 {
			s.m = make(map[string]tableEntry[V]) // a Go map does not shrink: let a past peak go
		}
		s.mu.Unlock()
	}
}

func (t *table[V]) held() (entries, bytes int64) { return t.entries.Load(), t.bytes.Load() }
