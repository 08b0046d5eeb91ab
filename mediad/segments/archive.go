package segments

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// Faults of an Archive, besides ErrNotFound and ErrName.
var (
	// ErrHole: bytes were to be added behind the end of what there is.
	ErrHole = errors.New("segments: there is less than what this follows")
	// ErrFull: there is no room left.
	ErrFull = errors.New("segments: no room left")
)

// Archive keeps what is long and grows: recordings. It is safe for concurrent use;
// one object is written by one at a time.
//
// What Append has added is there after a crash, whole; what it was adding is there
// or not, or torn. A failed Append may be tried again with the same offset, and then
// replaces what it had left. Sealing says that an object is complete: nobody appends
// any more. What it is good for is the backend's: a file gets its final name.
type Archive interface {
	// Append adds b behind the first at bytes of an object, which is made with at 0.
	// What was behind them goes. ErrHole if there are fewer.
	Append(ctx context.Context, t Title, at int64, b Blob) error
	// Seal says that an object is complete. It may be told twice.
	Seal(ctx context.Context, t Title) error
	// Open opens an object, sealed or not, as long as it is now; ErrNotFound.
	Open(ctx context.Context, t Title) (Long, error)
	// Remove removes an object; it need not be there.
	Remove(ctx context.Context, t Title) error
	// Titles calls f with every object, until f fails.
	Titles(ctx context.Context, f func(Title, time.Time) error) error
}

// Title names an object of an Archive: the stream it is of, and a name as ErrName
// has it.
type Title struct{ Stream, Name string }

// Long is an object that is open. Close it.
type Long interface {
	io.Closer
	// Size returns how long it was when it was opened, in bytes.
	Size() int64
	// Read opens a part of it, from an offset on, at most so many bytes. Close what
	// it returns. It may be called from several goroutines.
	Read(ctx context.Context, from, n int64) (io.ReadCloser, error)
}

func (t Title) check() error { return Key{Stream: t.Stream, Name: t.Name}.check() }

func (t Title) path() string { return folder(t.Stream) + "/" + t.Name }

// unfold is the reverse of folder; false for what folder has not made, or cannot be
// read back.
func unfold(dir string) (string, bool) {
	b := make([]byte, 0, len(dir))
	for i := 0; i < len(dir); i++ {
		c := dir[i]
		if c == '=' {
			var v byte
			if _, err := fmt.Sscanf(dir[i+1:min(i+3, len(dir))], "%02x", &v); err != nil || i+3 > len(dir) {
				return "", false
			}
			c, i = v, i+2
		}
		b = append(b, c)
	}
	return string(b), folder(string(b)) == dir
}

// ReaderAt reads an object at any place; each call opens it.
func ReaderAt(ctx context.Context, l Long) io.ReaderAt { return readerAt{ctx, l} }

type readerAt struct {
	ctx  context.Context
	long Long
}

// ReadAt implements io.ReaderAt.
func (r readerAt) ReadAt(p []byte, at int64) (int, error) {
	body, err := r.long.Read(r.ctx, at, int64(len(p)))
	if err != nil {
		return 0, err
	}
	defer body.Close()
	n, err := io.ReadFull(body, p)
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	return n, err
}
