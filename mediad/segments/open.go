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
	nothing := func() error { return nil }
	switch c.Backend {
	case "", "memory":
		return NewMemory(c.MaxBytes, nil), nothing, nil
	case "file":
		f, err := OpenFile(c.Dir)
		if err != nil {
			return nil, nil, err
		}
		return f, f.Close, nil
	case "s3", "oss":
		o, err := NewS3(c.S3)
		if err != nil {
			return nil, nil, err
		}
		return o, nothing, nil
	}
	return nil, nil, fmt.Errorf("segments: there is no backend %q: choose memory, file, s3 or oss", c.Backend)
}
