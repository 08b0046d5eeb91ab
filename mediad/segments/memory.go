package segments

import (
	"cmp"
	"container/list"
	"context"
	"slices"
	"sync"
	"time"
)

// Memory keeps segments in memory, up to a number of bytes. To make room it drops
// those that were put first, of whatever stream.
type Memory struct {
	maxBytes int64
	now      func() time.Time

	mu      sync.Mutex
	bytes   int64                 // guarded by mu
	objects map[Key]*list.Element // guarded by mu; of *object
	order   *list.List            // guarded by mu: oldest first
	evicted uint64                // guarded by mu
}

type object struct {
	key      Key
	blob     Blob
	size     int64
	modified time.Time
}

// objectOverhead is what a segment costs besides its bytes, roughly.
const objectOverhead = 512

// DefaultMemory is the size of a Memory if nothing is said: 512 MiB.
const DefaultMemory = 512 << 20

// NewMemory returns an empty store of maxBytes; 0 means DefaultMemory. now is the
// clock, nil for the real one.
func NewMemory(maxBytes int64, now func() time.Time) *Memory {
	if maxBytes <= 0 {
		maxBytes = DefaultMemory
	}
	if now == nil {
		now = time.Now
	}
	return &Memory{maxBytes: maxBytes, now: now, objects: make(map[Key]*list.Element), order: list.New()}
}

// Put implements Store.
func (m *Memory) Put(ctx context.Context, k Key, b Blob) error {
	if err := cmp.Or(ctx.Err(), k.check()); err != nil {
		return err
	}
	o := &object{key: k, blob: b, size: b.Size(), modified: m.now()}
	if o.size+objectOverhead > m.maxBytes {
		return ErrTooLarge
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.remove(m.objects[k])
	m.objects[k] = m.order.PushBack(o)
	for m.bytes += o.size + objectOverhead; m.bytes > m.maxBytes; m.evicted++ {
		m.remove(m.order.Front())
	}
	return nil
}

// remove takes an object out; nil is none. Holds m.mu.
func (m *Memory) remove(e *list.Element) {
	if e == nil {
		return
	}
	o := m.order.Remove(e).(*object)
	delete(m.objects, o.key)
	m.bytes -= o.size + objectOverhead
}

// Get implements Store.
func (m *Memory) Get(ctx context.Context, k Key) (Object, error) {
	if err := cmp.Or(ctx.Err(), k.check()); err != nil {
		return Object{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.objects[k]
	if !ok {
		return Object{}, ErrNotFound
	}
	o := e.Value.(*object)
	return Object{Size: o.size, Body: o.blob.Reader()}, nil
}

// Delete implements Store.
func (m *Memory) Delete(ctx context.Context, k Key) error {
	if err := cmp.Or(ctx.Err(), k.check()); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.remove(m.objects[k])
	return nil
}

// List implements Store.
func (m *Memory) List(ctx context.Context, stream string, generation uint64) (infos []Info, err error) {
	if err := cmp.Or(ctx.Err(), checkStream(stream)); err != nil {
		return nil, err
	}
	m.each(func(o *object) bool {
		if o.key.Stream == stream && o.key.Generation == generation {
			infos = append(infos, Info{Name: o.key.Name, Size: o.size, Modified: o.modified})
		}
		return false
	})
	slices.SortFunc(infos, func(a, b Info) int { return cmp.Compare(a.Name, b.Name) })
	return infos, nil
}

// Generations implements Store.
func (m *Memory) Generations(ctx context.Context, stream string) (all []uint64, err error) {
	if err := cmp.Or(ctx.Err(), checkStream(stream)); err != nil {
		return nil, err
	}
	m.each(func(o *object) bool {
		if o.key.Stream == stream {
			all = append(all, o.key.Generation)
		}
		return false
	})
	slices.Sort(all)
	return slices.Compact(all), nil
}

// Drop implements Store.
func (m *Memory) Drop(ctx context.Context, stream string, generation uint64) error {
	if err := cmp.Or(ctx.Err(), checkStream(stream)); err != nil {
		return err
	}
	m.each(func(o *object) bool { return o.key.Stream == stream && o.key.Generation == generation })
	return nil
}

// Sweep implements Store.
func (m *Memory) Sweep(ctx context.Context, before time.Time) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	return m.each(func(o *object) bool { return o.modified.Before(before) }), nil
}

// each visits every object, removes those for which f returns true, and returns
// how many that were.
func (m *Memory) each(f func(*object) (remove bool)) (removed int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for e := m.order.Front(); e != nil; {
		next := e.Next()
		if f(e.Value.(*object)) {
			m.remove(e)
			removed++
		}
		e = next
	}
	return removed
}

// Pressure tells how near the store is to dropping segments: 0 while there is room, 1
// when there should not be more of them, 2 when there should be fewer.
func (m *Memory) Pressure() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.bytes > m.maxBytes/8*7:
		return 2
	case m.bytes > m.maxBytes/4*3:
		return 1
	}
	return 0
}

// MemoryStats is what a Memory holds.
type MemoryStats struct {
	Bytes   int64 // with an allowance for each segment
	Objects int
	Evicted uint64 // segments dropped to make room, ever
}

// Stats returns what is held now.
func (m *Memory) Stats() MemoryStats {
	m.mu.Lock()
	defer m.mu.Unlock()
	return MemoryStats{Bytes: m.bytes, Objects: len(m.objects), Evicted: m.evicted}
}
