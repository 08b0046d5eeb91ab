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
	server
	program string
	port    int
}

// NewRedisServer starts a Redis for this test alone; it ends with the test.
func NewRedisServer(tb testing.TB) *RedisServer {
	tb.Helper()
	s, err := startRedis()
	if err != nil {
		giveUp(tb, err)
	}
	tb.Cleanup(s.end)
	return s
}

func startRedis() (*RedisServer, error) {
	program, err := find("redis-server", "redis-server", "/usr/bin", "/usr/local/bin")
	if err != nil {
		return nil, err
	}
	return startOn(func(port int) *RedisServer {
		s := &RedisServer{program: program, port: port}
		s.server = server{name: "Redis", launch: s.launch, ask: s.ask}
		return s
	})
}

// URL is redis://127.0.0.1:port/0; it stays the same over Stop and Start.
func (s *RedisServer) URL() string { return "redis://" + s.Addr() + "/0" }

// Addr is host:port.
func (s *RedisServer) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

func (s *RedisServer) launch() (*keeper, error) {
	dir, err := os.MkdirTemp("", "synctv-redis-")
	if err != nil {
		return nil, err
	}
	return keep(dir, "TERM", nil, s.program, "--port", strconv.Itoa(s.port), "--bind", "127.0.0.1",
		"--save", "", "--appendonly", "no", "--dir", dir, "--daemonize", "no")
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
