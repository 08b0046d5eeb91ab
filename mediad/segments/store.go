package segments

import (
	"context"
	"errors"
	"io"
	"time"
)

// Faults of a Store. Others come from the outside world, wrapped.
var (
	// ErrNotFound: there is no such segment, or there is no longer.
	ErrNotFound = errors.New("segments: not found")
	// ErrName: a name is empty, too long, or has other characters than
	// letters, digits, dot, minus and underscore, or begins with a dot.
	ErrName = errors.New("segments: not a name")
	// ErrTooLarge: the segment is larger than the store.
	ErrTooLarge = errors.New("segments: larger than the store")
	// ErrRefused: the store has understood, and does not allow it: a wrong key, no such
	// bucket, no permission.
	ErrRefused = errors.New("segments: refused")
)

// Key names a segment.
type Key struct {
	Stream     string // any text up to 256 bytes
	Generation uint64 // of the stream
	Name       string // see ErrName
}

// Info is what a store knows of a segment.
type Info struct {
	Name     string
	Size     int64 // bytes
	Modified time.Time
}

// Object is a segment that is being read. Close Body.
type Object struct {
	Size int64 // bytes
	Body io.ReadCloser
}

// Store keeps segments. It is safe for concurrent use.
//
// Put is atomic: a segment is there as a whole or not at all, and a failed or
// interrupted Put leaves nothing that List, Get or Generations would show. A
// segment that is put again is replaced. After Put has returned, Get finds the
// segment, until it is deleted or, in Memory, has to make room.
//
// Deleting what is not there succeeds. An Object that was opened before a delete
// can be read to its end, or fails; it is never cut short without an error.
type Store interface {
	// Put stores b. The store may keep its slices.
	Put(ctx context.Context, k Key, b Blob) error
	// Get opens a segment; ErrNotFound if there is none.
	Get(ctx context.Context, k Key) (Object, error)
	// Delete removes a segment.
	Delete(ctx context.Context, k Key) error
	// List returns the segments of one generation of a stream, by name.
	List(ctx context.Context, stream string, generation uint64) ([]Info, error)
	// Generations returns those of a stream that have segments, in order.
	Generations(ctx context.Context, stream string) ([]uint64, error)
	// Drop removes all segments of one generation.
	Drop(ctx context.Context, stream string, generation uint64) error
	// Sweep removes all segments, of any stream, that were put before a time: what
	// a server that ended badly has left. It returns how many.
	Sweep(ctx context.Context, before time.Time) (int, error)
}

// Limits of names.
const (
	maxName   = 128
	maxStream = 256
)

// check refuses keys that are not one.
func (k Key) check() error {
	if err := checkStream(k.Stream); err != nil {
		return err
	}
	if k.Name == "" || len(k.Name) > maxName || k.Name[0] == '.' {
		return ErrName
	}
	for i := range len(k.Name) {
		if c := k.Name[i]; !plain(c) && c != '.' {
			return ErrName
		}
	}
	return nil
}

func checkStream(name string) error {
	if name == "" || len(name) > maxStream {
		return ErrName
	}
	return nil
}

func plain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}
