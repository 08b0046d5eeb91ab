package peertest

import (
	"cmp"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
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
	server
	program string
	port    int
	data    string // the folder of objects; "" when they go with the process
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
	tb.Cleanup(s.end)
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
	return startOn(func(port int) *S3Server {
		s := &S3Server{program: program, port: port, data: data}
		s.server = server{name: "the object store", launch: s.launch, ask: s.ask}
		return s
	})
}

// Bucket is how the server is reached; it stays the same over Stop and Start.
func (s *S3Server) Bucket() S3Bucket {
	return S3Bucket{Endpoint: "http://127.0.0.1:" + strconv.Itoa(s.port), Bucket: s3Bucket, Access: s3Access, Secret: s3Secret}
}

func (s *S3Server) launch() (*keeper, error) {
	dir, err := os.MkdirTemp("", "synctv-s3-")
	if err != nil {
		return nil, err
	}
	data := cmp.Or(s.data, dir)
	if err := os.MkdirAll(filepath.Join(data, s3Bucket), 0o755); err != nil {
		return nil, err
	}
	return keep(dir, "TERM", nil, "env", "ROOT_ACCESS_KEY="+s3Access, "ROOT_SECRET_KEY="+s3Secret,
		s.program, "--port", "127.0.0.1:"+strconv.Itoa(s.port), "--quiet", "posix", data)
}

// ask tells whether anything answers.
func (s *S3Server) ask() error {
	client := http.Client{Timeout: time.Second}
	defer client.CloseIdleConnections()
	r, err := client.Get(s.Bucket().Endpoint)
	if err != nil {
		return err
	}
	return r.Body.Close()
}
