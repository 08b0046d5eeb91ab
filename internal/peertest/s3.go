package peertest

import (
	"cmp"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// sharedS3 is the one object store of this test binary.
var sharedS3 = sync.OnceValues(func() (*S3Server, error) { return startS3("") })

// S3Bucket is a bucket in a running object store, and who may use it.
type S3Bucket struct {
	Endpoint       string // http://127.0.0.1:port
	Bucket         string // it is there
	Access, Secret string
}

// S3 returns a bucket in a running object store, shared by all tests of the binary: keep to keys below [Prefix]. A test
// that needs to do harm takes [NewS3Server].
func S3(tb testing.TB) S3Bucket {
	tb.Helper()
	s, err := sharedS3()
	if err != nil {
		giveUp(tb, err)
	}
	return s.Bucket()
}

// S3Server is an object store of one test (versitygw on a folder), to be stopped, started and paused. What is in it
// survives a restart. Its methods are for one goroutine.
type S3Server struct {
	program string
	port    int
	data    string  // the folder of objects; "" when they go with the process
	proc    *keeper // nil while stopped
}

const (
	s3Bucket = "live"
	s3Access = "synctv-test"
	s3Secret = "a-secret-of-the-tests-alone"
)

// NewS3Server starts an object store for this test alone; it ends with the test.
func NewS3Server(tb testing.TB) *S3Server {
	tb.Helper()
	data := tb.TempDir()
	s, err := startS3(data)
	if err != nil {
		giveUp(tb, err)
	}
	tb.Cleanup(func() {
		if s.proc != nil {
			s.proc.end()
		}
	})
	return s
}

func startS3(data string) (*S3Server, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	program, err := find("versitygw", "", filepath.Join(cache, "synctv-test", "bin"))
	if err != nil {
		return nil, errMissing{program: "versitygw", how: "run scripts/prerequisites, which builds it"}
	}
	for range 5 { // the port may be taken between the question and the use
		s := &S3Server{program: program, data: data}
		if s.port, err = freePort(); err != nil {
			return nil, err
		}
		if err = s.start(); err == nil {
			return s, nil
		}
	}
	return nil, err
}

// Bucket is how the server is reached; it stays the same over Stop and Start.
func (s *S3Server) Bucket() S3Bucket {
	return S3Bucket{Endpoint: "http://127.0.0.1:" + strconv.Itoa(s.port), Bucket: s3Bucket, Access: s3Access, Secret: s3Secret}
}

// Stop kills the server as a crash would. Its objects stay.
func (s *S3Server) Stop(tb testing.TB) {
	tb.Helper()
	if s.proc == nil {
		tb.Fatal("peertest: the object store is stopped already")
	}
	s.proc.kill()
	s.proc = nil
}

// Start starts a stopped server on the same port and returns when it answers.
func (s *S3Server) Start(tb testing.TB) {
	tb.Helper()
	if s.proc != nil {
		tb.Fatal("peertest: the object store runs already")
	}
	if err := s.start(); err != nil {
		tb.Fatal(err)
	}
}

// Pause freezes the server: connections stay open and nobody answers. Resume lets it go on.
func (s *S3Server) Pause(tb testing.TB) { tb.Helper(); s.signal(tb, syscall.SIGSTOP) }

// Resume ends a Pause.
func (s *S3Server) Resume(tb testing.TB) { tb.Helper(); s.signal(tb, syscall.SIGCONT) }

func (s *S3Server) signal(tb testing.TB, sig syscall.Signal) {
	tb.Helper()
	if s.proc == nil {
		tb.Fatal("peertest: the object store is stopped")
	}
	if err := s.proc.signal(sig); err != nil {
		tb.Fatal(err)
	}
}

func (s *S3Server) start() error {
	dir, err := os.MkdirTemp("", "synctv-s3-")
	if err != nil {
		return err
	}
	data := cmp.Or(s.data, dir)
	if err := os.MkdirAll(filepath.Join(data, s3Bucket), 0o755); err != nil {
		return err
	}
	s.proc, err = keep(dir, "TERM", nil, "env", "ROOT_ACCESS_KEY="+s3Access, "ROOT_SECRET_KEY="+s3Secret,
		s.program, "--port", "127.0.0.1:"+strconv.Itoa(s.port), "--quiet", "posix", data)
	if err != nil {
		return err
	}
	client := http.Client{Timeout: time.Second}
	defer client.CloseIdleConnections()
	err = until(readyWithin, func() error {
		if s.proc.signal(0) != nil {
			return fmt.Errorf("it has ended")
		}
		r, err := client.Get(s.Bucket().Endpoint)
		if err != nil {
			return err
		}
		return r.Body.Close()
	})
	if err != nil {
		text := s.proc.log()
		s.proc.kill()
		s.proc = nil
		return fmt.Errorf("versitygw is not ready: %w\n%s", err, text)
	}
	return nil
}
