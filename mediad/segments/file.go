package segments

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
)

// File keeps segments as files, stream/generation/name, below one directory, which
// nothing it does can leave.
type File struct {
	root *os.Root // immutable

	// mu keeps a folder that Put makes from being pruned before its first file is in it.
	mu sync.Mutex
}

// unfinished is how the names of files begin that are being written.
const unfinished = ".tmp-"

// OpenFile opens the store in a directory, which is made if it is not there, and
// removes what a server that ended in the middle of a Put has left. Close it.
func OpenFile(dir string) (*File, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("segments: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("segments: %w", err)
	}
	f := &File{root: root}
	_, err = f.walk(context.Background(), func(p string, _ fs.FileInfo) bool {
		return strings.HasPrefix(path.Base(p), unfinished)
	})
	if err != nil {
		root.Close()
		return nil, err
	}
	return f, nil
}

// Close closes the directory.
func (f *File) Close() error { return f.root.Close() }

func (k Key) dir() string { return folder(k.Stream) + "/" + generationName(k.Generation) }

// Path is where the segment is: below the directory of a File, behind the prefix of an S3.
func (k Key) Path() string { return k.dir() + "/" + k.Name }

// Put implements Store. The file gets its name when it is complete.
func (f *File) Put(ctx context.Context, k Key, b Blob) error {
	if err := cmp.Or(ctx.Err(), k.check()); err != nil {
		return err
	}
	if err := f.put(k, b); err != nil {
		return fmt.Errorf("segments: %w", err)
	}
	return nil
}

func (f *File) put(k Key, b Blob) error {
	temporary := k.dir() + "/" + unfinished + rand.Text()
	file, err := f.create(temporary)
	if err != nil {
		return err
	}
	_, err = b.WriteTo(file)
	err = cmp.Or(err, file.Close())
	if err == nil {
		err = f.root.Rename(temporary, k.Path())
	}
	if err != nil {
		f.root.Remove(temporary)
	}
	return err
}

// create makes a file and the folders above it.
func (f *File) create(name string) (*os.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.root.MkdirAll(path.Dir(name), 0o750); err != nil {
		return nil, err
	}
	return f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
}

// Get implements Store.
func (f *File) Get(ctx context.Context, k Key) (Object, error) {
	if err := cmp.Or(ctx.Err(), k.check()); err != nil {
		return Object{}, err
	}
	file, err := f.root.Open(k.Path())
	if errors.Is(err, fs.ErrNotExist) {
		return Object{}, ErrNotFound
	} else if err != nil {
		return Object{}, fmt.Errorf("segments: %w", err)
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = ErrNotFound
	}
	if err != nil {
		file.Close()
		return Object{}, err
	}
	return Object{Size: info.Size(), Body: file}, nil
}

// Delete implements Store.
func (f *File) Delete(ctx context.Context, k Key) error {
	if err := cmp.Or(ctx.Err(), k.check()); err != nil {
		return err
	}
	if err := f.remove(k.Path()); err != nil {
		return err
	}
	f.prune(k.dir())
	return nil
}

func (f *File) remove(name string) error {
	if err := f.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("segments: %w", err)
	}
	return nil
}

// prune removes folders that are empty: a generation's, and its stream's.
func (f *File) prune(dir string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.root.Remove(dir) == nil {
		f.root.Remove(path.Dir(dir))
	}
}

// List implements Store.
func (f *File) List(ctx context.Context, stream string, generation uint64) ([]Info, error) {
	if err := cmp.Or(ctx.Err(), checkStream(stream)); err != nil {
		return nil, err
	}
	entries, err := f.entries(Key{Stream: stream, Generation: generation}.dir())
	var infos []Info
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || strings.HasPrefix(e.Name(), ".") {
			continue // it has just gone
		}
		infos = append(infos, Info{Name: e.Name(), Size: info.Size(), Modified: info.ModTime()})
	}
	slices.SortFunc(infos, func(a, b Info) int { return cmp.Compare(a.Name, b.Name) })
	return infos, err
}

// entries lists a folder; one that is not there is empty.
func (f *File) entries(dir string) ([]fs.DirEntry, error) {
	file, err := f.root.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("segments: %w", err)
	}
	defer file.Close()
	entries, err := file.ReadDir(-1)
	if err != nil {
		return nil, fmt.Errorf("segments: %w", err)
	}
	return entries, nil
}

// Generations implements Store.
func (f *File) Generations(ctx context.Context, stream string) ([]uint64, error) {
	if err := cmp.Or(ctx.Err(), checkStream(stream)); err != nil {
		return nil, err
	}
	entries, err := f.entries(folder(stream))
	if err != nil {
		return nil, err
	}
	var all []uint64
	for _, e := range entries {
		n, ok := generationOf(e.Name())
		if !ok {
			continue
		}
		if infos, _ := f.List(ctx, stream, n); len(infos) > 0 {
			all = append(all, n)
		}
	}
	slices.Sort(all)
	return all, nil
}

// Drop implements Store.
func (f *File) Drop(ctx context.Context, stream string, generation uint64) error {
	infos, err := f.List(ctx, stream, generation)
	if err != nil {
		return err
	}
	dir := Key{Stream: stream, Generation: generation}.dir()
	for _, i := range infos {
		if err := cmp.Or(ctx.Err(), f.remove(dir+"/"+i.Name)); err != nil {
			return err
		}
	}
	f.prune(dir)
	return nil
}

// Sweep implements Store.
func (f *File) Sweep(ctx context.Context, before time.Time) (int, error) {
	return f.walk(ctx, func(_ string, info fs.FileInfo) bool { return info.ModTime().Before(before) })
}

// walk visits every file and removes those for which which returns true, and the
// folders that are empty then. It returns how many files that were.
func (f *File) walk(ctx context.Context, which func(path string, info fs.FileInfo) bool) (removed int, err error) {
	streams, err := f.entries(".")
	if err != nil {
		return 0, err
	}
	for _, s := range streams {
		if !s.IsDir() {
			continue // not ours
		}
		generations, _ := f.entries(s.Name())
		for _, g := range generations {
			if _, ours := generationOf(g.Name()); !ours || !g.IsDir() {
				continue
			}
			dir := s.Name() + "/" + g.Name()
			files, _ := f.entries(dir)
			for _, e := range files {
				if err := ctx.Err(); err != nil {
					return removed, err
				}
				info, err := e.Info()
				if err != nil || !info.Mode().IsRegular() || !which(dir+"/"+e.Name(), info) {
					continue
				}
				if err := f.remove(dir + "/" + e.Name()); err != nil {
					return removed, err
				}
				removed++
			}
			f.prune(dir)
		}
	}
	return removed, nil
}
