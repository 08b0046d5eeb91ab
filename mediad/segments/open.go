package segments

import "fmt"

// Config chooses a store, as an operator does.
type Config struct {
	Backend  string   // "memory" (or ""), "file", "s3"; "oss" is s3 by another name
	MaxBytes int64    // of memory; 0: DefaultMemory
	Dir      string   // of file
	S3       S3Config // of s3 and oss
}

// Open opens the store that c chooses. Call close when nobody uses it any more.
func Open(c Config) (s Store, close func() error, err error) {
	return open(c, backends[Store]{
		memory: func() Store { return NewMemory(c.MaxBytes, nil) },
		file: func() (Store, func() error, error) {
			f, err := OpenFile(c.Dir)
			if err != nil {
				return nil, nil, err
			}
			return f, f.Close, nil
		},
		objects: func(o *S3) Store { return o },
	})
}

// OpenArchive opens the archive that c chooses. Call close when nobody uses it any
// more.
func OpenArchive(c Config) (a Archive, close func() error, err error) {
	return open(c, backends[Archive]{
		memory: func() Archive { return NewMemoryArchive(c.MaxBytes, nil) },
		file: func() (Archive, func() error, error) {
			f, err := OpenFileArchive(c.Dir)
			if err != nil {
				return nil, nil, err
			}
			return f, f.Close, nil
		},
		objects: func(o *S3) Archive { return &S3Archive{o} },
	})
}

// backends are the ways in which one kind of store is made.
type backends[T any] struct {
	memory  func() T
	file    func() (T, func() error, error)
	objects func(*S3) T
}

func open[T any](c Config, b backends[T]) (t T, close func() error, err error) {
	nothing := func() error { return nil }
	switch c.Backend {
	case "", "memory":
		return b.memory(), nothing, nil
	case "file":
		return b.file()
	case "s3", "oss":
		o, err := NewS3(c.S3)
		if err != nil {
			return t, nil, err
		}
		return b.objects(o), nothing, nil
	}
	return t, nil, fmt.Errorf("segments: there is no backend %q: choose memory, file, s3 or oss", c.Backend)
}
