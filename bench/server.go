package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	readyWithin = 20 * time.Second
	stopWithin  = 15 * time.Second
)

// repository finds the folder that holds go.mod, from where we are upwards.
func repository() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("run it inside the repository")
		}
		dir = filepath.Dir(dir)
	}
}

// build makes the server's binary and the browser client in it, when that was never built.
func build(ctx context.Context, root string) (string, error) {
	out := filepath.Join(root, ".cache", "bench", "synctv")
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(root, "web", "dist", "index.html")); err != nil {
		npm := exec.CommandContext(ctx, "npm", "run", "build")
		npm.Dir = filepath.Join(root, "web")
		if msg, err := npm.CombinedOutput(); err != nil {
			return "", fmt.Errorf("npm run build: %w\n%s", err, msg)
		}
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", out, ".")
	cmd.Dir = root
	if msg, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, msg)
	}
	return out, nil
}

// server is the real program in a process of its own.
type server struct {
	program string
	dataDir string
	addr    string // host:port
	url     string
	extra   []string // environment

	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
	err  error         // how it ended; read after done
	log  *lockedBuffer
}

// newServer prepares one on a free port with a fresh data folder; start runs it.
func newServer(program string, extra ...string) (*server, error) {
	dir, err := os.MkdirTemp("", "synctv-bench-")
	if err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := ln.Addr().String()
	ln.Close()
	return &server{program: program, dataDir: dir, addr: addr, url: "http://" + addr, extra: extra}, nil
}

// start runs the process and returns how long it took until it said that it is ready.
func (s *server) start(ctx context.Context) (time.Duration, error) {
	_, port, _ := net.SplitHostPort(s.addr)
	s.log = &lockedBuffer{}
	s.cmd = exec.Command(s.program)
	s.cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "SYNCTV_DATA_DIR=" + s.dataDir,
		"SYNCTV_SERVER_HOST=127.0.0.1", "SYNCTV_SERVER_PORT=" + port, "SYNCTV_LIVESTREAM_RTMP_PORT=0",
		"SYNCTV_SERVER_SHUTDOWN_DRAIN_TIMEOUT_SECONDS=5",
	}, s.extra...)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	begun := time.Now()
	if err := s.cmd.Start(); err != nil {
		return 0, err
	}
	s.done = make(chan struct{})
	go func() {
		defer close(s.done)
		s.err = s.cmd.Wait()
	}()
	for {
		if ready(ctx, s.addr) {
			return time.Since(begun), nil
		}
		select {
		case <-s.done:
			return 0, fmt.Errorf("the server ended while starting: %v\n%s", s.err, s.log)
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(500 * time.Microsecond):
		}
		if time.Since(begun) > readyWithin {
			return 0, fmt.Errorf("the server is not ready after %v:\n%s", readyWithin, s.log)
		}
	}
}

// ready asks once, over a connection of its own, so that a refused connection costs little.
func ready(ctx context.Context, addr string) bool {
	d := net.Dialer{Timeout: time.Second}
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return false
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Second))
	fmt.Fprintf(c, "GET /health/ready HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", addr)
	var head [12]byte
	_, err = io.ReadFull(c, head[:])
	return err == nil && string(head[9:12]) == "200"
}

func (s *server) pid() int { return s.cmd.Process.Pid }

// stop ends the process: politely first.
func (s *server) stop() error {
	if s.done == nil {
		return nil
	}
	s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.done:
		return s.err
	case <-time.After(stopWithin):
		s.cmd.Process.Kill()
		<-s.done
		return fmt.Errorf("the server did not stop within %v", stopWithin)
	}
}

// remove stops the process and deletes its data.
func (s *server) remove() {
	s.stop()
	os.RemoveAll(s.dataDir)
}

var linkPattern = regexp.MustCompile(`/setup#([\w-]+)`)

// owner redeems the one-time link and returns the owner's access token.
func (s *server) owner(ctx context.Context) (string, error) {
	var m []string
	for range 100 { // it is printed in the same moment as the server begins to answer
		if m = linkPattern.FindStringSubmatch(s.log.String()); m != nil {
			break
		}
		rest(ctx, 20*time.Millisecond)
	}
	if m == nil {
		return "", fmt.Errorf("the server printed no one-time link:\n%s", s.log)
	}
	var t struct{ AccessToken string }
	err := s.call(ctx, "", "POST", "/api/v1/auth/setup", map[string]any{"token": m[1]}, &t)
	return t.AccessToken, err
}

// call makes one REST call.
func (s *server) call(ctx context.Context, token, method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, s.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s: %s", method, path, res.Status, text)
	}
	return json.Unmarshal(text, out)
}

// lockedBuffer takes what a process writes.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// counts reads "100,1000" as numbers.
func counts(list string) ([]int, error) {
	var out []int
	for _, word := range strings.Split(list, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q is not a list of counts such as 100,1000", list)
		}
		out = append(out, n)
	}
	return out, nil
}
