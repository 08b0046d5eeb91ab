package segments

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
	"syscall"
	"time"
)

// FileArchive keeps objects as files, stream/name, below one directory, which nothing
// it does can leave. One that is not sealed has a name that ends in ".part".
type FileArchive struct {
	root *os.Root // immutable

	// mu keeps a folder that Append makes from being removed before its first file is in it.
	mu sync.Mutex
}

const growing = ".part"

// OpenFileArchive opens the archive in a directory, which is made if it is not
// there. Close it.
func OpenFileArchive(dir string) (*FileArchive, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("segments: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("segments: %w", err)
	}
	return &FileArchive{root: root}, nil
}

// Close closes the directory.
func (f *FileArchive) Close() error { return f.root.Close() }

// fileError wraps what the file system says.
func fileError(err error) error {
	switch {
	case err == nil, errors.Is(err, ErrHole):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return ErrNotFound
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return fmt.Errorf("segments: %w", err)
}

// Append implements Archive. It returns when the bytes are on the disk.
func (f *FileArchive) Append(ctx context.Context, t Title, at int64, b Blob) error {
	if err := cmp.Or(ctx.Err(), t.check()); err != nil {
		return err
	}
	return fileError(f.append(t.path()+growing, at, b))
}

func (f *FileArchive) append(name string, at int64, b Blob) (err error) {
	var file *os.File
	if at == 0 {
		file, err = f.create(name)
	} else {
		file, err = f.root.OpenFile(name, os.O_WRONLY, 0)
		if errors.Is(err, fs.ErrNotExist) {
			err = ErrHole
		}
	}
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, file.Close()) }()
	info, err := file.Stat()
	switch {
	case err != nil:
		return err
	case info.Size() < at:
		return ErrHole
	case info.Size() > at: // torn
		if err := file.Truncate(at); err != nil {
			return err
		}
	}
	if _, err := file.Seek(at, io.SeekStart); err != nil {
		return err
	}
	if _, err := b.WriteTo(file); err != nil {
		return err
	}
	if err := file.Sync(); err != nil || at > 0 {
		return err
	}
	return f.syncDir(path.Dir(name))
}

// create makes an empty file and the folder above it.
func (f *FileArchive) create(name string) (*os.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.root.MkdirAll(path.Dir(name), 0o750); err != nil {
		return nil, err
	}
	return f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o640)
}

// syncDir makes names last.
func (f *FileArchive) syncDir(dir string) error {
	d, err := f.root.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// Seal implements Archive.
func (f *FileArchive) Seal(ctx context.Context, t Title) error {
	if err := cmp.Or(ctx.Err(), t.check()); err != nil {
		return err
	}
	err := f.root.Rename(t.path()+growing, t.path())
	if errors.Is(err, fs.ErrNotExist) {
		_, err = f.root.Stat(t.path()) // told before
	}
	if err == nil {
		err = f.syncDir(path.Dir(t.path()))
	}
	return fileError(err)
}

// Open implements Archive.
func (f *FileArchive) Open(ctx context.Context, t Title) (Long, error) {
	if err := cmp.Or(ctx.Err(), t.check()); err != nil {
		return nil, err
	}
	file, err := f.root.Open(t.path())
	if errors.Is(err, fs.ErrNotExist) {
		file, err = f.root.Open(t.path() + growing)
	}
	if err != nil {
		return nil, fileError(err)
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = ErrNotFound
	}
	if err != nil {
		file.Close()
		return nil, fileError(err)
	}
	return longFile{file, info.Size()}, nil
}

type longFile struct {
	*os.File
	size int64
}

// Size implements Long.
func (l longFile) Size() int64 { return l.size }

// Read implements Long.
func (l longFile) Read(ctx context.Context, from, n int64) (io.ReadCloser, error) {
	return io.NopCloser(io.NewSectionReader(l.File, from, min(n, max(l.size-from, 0)))), ctx.Err()
}

// Remove implements Archive.
func (f *FileArchive) Remove(ctx context.Context, t Title) error {
	if err := cmp.Or(ctx.Err(), t.check()); err != nil {
		return err
	}
	for _, name := range []string{t.path(), t.path() + growing} {
		if err := f.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fileError(err)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.root.Remove(path.Dir(t.path())) // if it was the last one
	return nil
}

// Titles implements Archive.
func (f *FileArchive) Titles(ctx context.Context, each func(Title, time.Time) error) error {
	streams, err := fs.ReadDir(f.root.FS(), ".")
	if err != nil {
		return fileError(err)
	}
	for _, s := range streams {
		stream, ours := unfold(s.Name())
		if !ours || !s.IsDir() {
			continue
		}
		entries, _ := fs.ReadDir(f.root.FS(), s.Name())
		for _, e := range entries {
			info, err := e.Info()
			if err != nil || !info.Mode().IsRegular() {
				continue // it has just gone
			}
			t := Title{Stream: stream, Name: strings.TrimSuffix(e.Name(), growing)}
			if t.check() != nil {
				continue
			}
			if err := cmp.Or(ctx.Err(), each(t, info.ModTime())); err != nil {
				return err
			}
		}
	}
	return nil
}
