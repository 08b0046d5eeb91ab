package peertest

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// sharedRedis is the one server of this test binary.
var sharedRedis = sync.OnceValues(startRedis)

// Redis returns the URL of a running Redis, shared by all tests of the binary: keep to the keys of [Prefix], and do not
// flush or stop it. A test that needs to do harm takes [NewRedisServer].
func Redis(tb testing.TB) string {
	tb.Helper()
	if url := os.Getenv("SYNCTV_TEST_REDIS_URL"); url != "" {
		return url
	}
	s, err := sharedRedis()
	if err != nil {
		giveUp(tb, err)
	}
	return s.URL()
}

// RedisServer is a Redis of one test, to be stopped, started and paused. It keeps nothing over a restart. Its methods are
// for one goroutine.
type RedisServer struct {
	program string
	port    int
	proc    *keeper // nil while stopped
}

// NewRedisServer starts a Redis for this test alone; it ends with the test.
func NewRedisServer(tb testing.TB) *RedisServer {
	tb.Helper()
	s, err := startRedis()
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

func startRedis() (*RedisServer, error) {
	program, err := find("redis-server", "redis-server", "/usr/bin", "/usr/local/bin")
	if err != nil {
		return nil, err
	}
	for range 5 { // the port may be taken between the question and the use
		s := &RedisServer{program: program}
		if s.port, err = freePort(); err != nil {
			return nil, err
		}
		if err = s.start(); err == nil {
			return s, nil
		}
	}
	return nil, err
}

// URL is redis://127.0.0.1:port/0; it stays the same over Stop and Start.
func (s *RedisServer) URL() string { return "redis://" + s.Addr() + "/0" }

// Addr is host:port.
func (s *RedisServer) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// Stop kills the server as a crash would: connections break, data is lost.
func (s *RedisServer) Stop(tb testing.TB) {
	tb.Helper()
	if s.proc == nil {
		tb.Fatal("peertest: Redis is stopped already")
	}
	s.proc.kill()
	s.proc = nil
}

// Start starts a stopped server, empty, on the same port, and returns when it answers.
func (s *RedisServer) Start(tb testing.TB) {
	tb.Helper()
	if s.proc != nil {
		tb.Fatal("peertest: Redis runs already")
	}
	if err := s.start(); err != nil {
		tb.Fatal(err)
	}
}

// Pause freezes the server: connections stay open and nobody answers. Resume lets it go on.
func (s *RedisServer) Pause(tb testing.TB) { tb.Helper(); s.signal(tb, syscall.SIGSTOP) }

// Resume ends a Pause.
func (s *RedisServer) Resume(tb testing.TB) { tb.Helper(); s.signal(tb, syscall.SIGCONT) }

func (s *RedisServer) signal(tb testing.TB, sig syscall.Signal) {
	tb.Helper()
	if s.proc == nil {
		tb.Fatal("peertest: Redis is stopped")
	}
	if err := s.proc.signal(sig); err != nil {
		tb.Fatal(err)
	}
}

func (s *RedisServer) start() error {
	dir, err := os.MkdirTemp("", "synctv-redis-")
	if err != nil {
		return err
	}
	s.proc, err = keep(dir, "TERM", nil, s.program, "--port", strconv.Itoa(s.port), "--bind", "127.0.0.1",
		"--save", "", "--appendonly", "no", "--dir", dir, "--daemonize", "no")
	if err != nil {
		return err
	}
	if err := until(readyWithin, s.ask); err != nil {
		text := s.proc.log()
		s.proc.kill()
		s.proc = nil
		return fmt.Errorf("redis-server is not ready: %w\n%s", err, text)
	}
	return nil
}

// ask sends INFO by Redis's inline protocol and checks that it is our process that answers, not one that took the port first.
func (s *RedisServer) ask() error {
	c, err := net.DialTimeout("tcp", s.Addr(), time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Second))
	if _, err := c.Write([]byte("INFO server\r\n")); err != nil {
		return err
	}
	for lines := bufio.NewScanner(c); lines.Scan(); {
		if id, found := strings.CutPrefix(lines.Text(), "process_id:"); found {
			if id != strconv.Itoa(s.proc.pid) {
				return fmt.Errorf("process %s listens on port %d, ours is %d", id, s.port, s.proc.pid)
			}
			return nil
		}
	}
	return errors.New("no answer to INFO")
}
