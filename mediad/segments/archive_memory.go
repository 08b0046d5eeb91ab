package segments

import (
	"cmp"
	"context"
	"io"
	"slices"
	"sync"
	"time"
)

// MemoryArchive keeps objects in memory, up to a number of bytes. What does not fit
// is refused with ErrFull.
type MemoryArchive struct {
	maxBytes int64
	now      func() time.Time

	mu      sync.Mutex
	bytes   int64                 // guarded by mu
	objects map[Title]*longObject // guarded by mu
}

type longObject struct {
	blob     Blob // guarded by the archive's mu; what is in it is never changed
	size     int64
	modified time.Time
}

// NewMemoryArchive returns an empty archive of maxBytes; 0 means DefaultMemory. now is
// the clock, nil for the real one.
func NewMemoryArchive(maxBytes int64, now func() time.Time) *MemoryArchive {
	if maxBytes <= 0 {
		maxBytes = DefaultMemory
	}
	if now == nil {
		now = time.Now
	}
	return &MemoryArchive{maxBytes: maxBytes, now: now, objects: make(map[Title]*longObject)}
}

// Append implements Archive. It copies b: packets share large buffers, which would stay.
func (m *MemoryArchive) Append(ctx context.Context, t Title, at int64, b Blob) error {
	if err := cmp.Or(ctx.Err(), t.check()); err != nil {
		return err
	}
	copied := make([]byte, 0, b.Size())
	for _, s := range b {
		copied = append(copied, s...)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	o := m.objects[t]
	if o == nil {
		o = &longObject{}
	}
	if o.size < at {
		return ErrHole
	}
	if m.bytes-o.size+at+int64(len(copied)) > m.maxBytes {
		return ErrFull
	}
	m.bytes -= o.size
	kept := o.blob.upTo(at)
	o.blob, o.size, o.modified = append(kept, copied), at+int64(len(copied)), m.now()
	m.bytes += o.size
	m.objects[t] = o
	return nil
}

// upTo returns the first n bytes, in a slice of its own if it is shorter.
func (b Blob) upTo(n int64) Blob {
	for i, s := range b {
		if n < int64(len(s)) {
			return append(slices.Clone(b[:i]), s[:n:n])
		}
		n -= int64(len(s))
	}
	return b
}

// Seal implements Archive.
func (m *MemoryArchive) Seal(ctx context.Context, t Title) error {
	l, err := m.Open(ctx, t)
	if err == nil {
		l.Close()
	}
	return err
}

// Open implements Archive.
func (m *MemoryArchive) Open(ctx context.Context, t Title) (Long, error) {
	if err := cmp.Or(ctx.Err(), t.check()); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	o := m.objects[t]
	if o == nil {
		return nil, ErrNotFound
	}
	return longBlob{o.blob[:len(o.blob):len(o.blob)], o.size}, nil
}

type longBlob struct {
	blob Blob
	size int64
}

// Close implements Long.
func (longBlob) Close() error { return nil }

// Size implements Long.
func (l longBlob) Size() int64 { return l.size }

// Read implements Long.
func (l longBlob) Read(ctx context.Context, from, n int64) (io.ReadCloser, error) {
	r := &BlobReader{blob: l.blob, size: l.size}
	if _, err := r.Seek(from, io.SeekStart); err != nil {
		return nil, err
	}
	return io.NopCloser(io.LimitReader(r, n)), ctx.Err()
}

// Remove implements Archive.
func (m *MemoryArchive) Remove(ctx context.Context, t Title) error {
	if err := cmp.Or(ctx.Err(), t.check()); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if o := m.objects[t]; o != nil {
		m.bytes -= o.size
		delete(m.objects, t)
	}
	return nil
}

// Titles implements Archive.
func (m *MemoryArchive) Titles(ctx context.Context, each func(Title, time.Time) error) error {
	m.mu.Lock()
	all := make(map[Title]time.Time, len(m.objects))
	for t, o := range m.objects {
		all[t] = o.modified
	}
	m.mu.Unlock()
	for t, at := range all {
		if err := cmp.Or(ctx.Err(), each(t, at)); err != nil {
			return err
		}
	}
	return nil
}
