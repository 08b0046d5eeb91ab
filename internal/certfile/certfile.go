// Package certfile serves the certificate for TLS from two files, and follows them when they change: who renews a
// certificate replaces the files and restarts nothing.
package certfile

import (
	"crypto/tls"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"
)

// lookEvery is how often the files are looked at, at most: when somebody connects.
const lookEvery = time.Second

// Files are a certificate with its chain, and its key, both in PEM.
type Files struct {
	// immutable
	cert, key string
	log       *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate // guarded by mu; the last that was sound
	seen    [2]fs.FileInfo   // guarded by mu; the files as they were read last, sound or not
	looked  time.Time        // guarded by mu
}

// Open reads the files for the first time. The error names the file and says what is wrong with it.
func Open(cert, key string, log *slog.Logger) (*Files, error) {
	f := &Files{cert: cert, key: key, log: log}
	seen, err := f.stat()
	if err != nil {
		return nil, err
	}
	if f.current, err = f.read(); err != nil {
		return nil, err
	}
	f.seen, f.looked = seen, time.Now()
	return f, nil
}

// Certificate returns what the files have; it is a tls.Config's GetCertificate. While they are missing or do not fit
// together it is what they had before.
func (f *Files) Certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := time.Now(); now.Sub(f.looked) >= lookEvery {
		f.looked = now
		f.follow()
	}
	return f.current, nil
}

// follow reads the files again if they have changed. Holds mu.
func (f *Files) follow() {
	seen, err := f.stat()
	if err != nil || same(seen[0], f.seen[0]) && same(seen[1], f.seen[1]) {
		return // one that is away for a moment is being replaced
	}
	f.seen = seen
	next, err := f.read()
	if err != nil {
		f.log.Warn("the certificate has changed and cannot be used; the one before is served", "err", err)
		return
	}
	f.current = next
	f.log.Info("the certificate was read again", "file", f.cert, "expires", next.Leaf.NotAfter)
}

func (f *Files) stat() (seen [2]fs.FileInfo, err error) {
	for i, name := range []string{f.cert, f.key} {
		if seen[i], err = os.Stat(name); err != nil {
			return seen, err
		}
	}
	return seen, nil
}

func same(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}

func (f *Files) read() (*tls.Certificate, error) {
	c, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return nil, fmt.Errorf("%s and %s: %w", f.cert, f.key, err)
	}
	if time.Now().After(c.Leaf.NotAfter) {
		f.log.Warn("the certificate has expired", "file", f.cert, "expired", c.Leaf.NotAfter)
	}
	return &c, nil
}
