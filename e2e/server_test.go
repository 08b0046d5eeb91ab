package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binary builds the server once per test run, with the race detector when the tests have it.
var binary = sync.OnceValues(func() (string, error) {
	out := filepath.Join(buildDir, "synctv")
	args := []string{"build", "-o", out}
	if raceEnabled {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, "synctv")...)
	if msg, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the server: %w\n%s", err, msg)
	}
	return out, nil
})

// buildDir holds the built server. Set by TestMain before any test runs.
var buildDir string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "synctv-e2e-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		buildDir = dir
		return m.Run()
	}())
}

// server is one running process.
type server struct {
	t    *testing.T
	URL  string
	Link string // the one-time link, "" when none was printed
	dir  string
	env  []string
	cmd  *exec.Cmd
	logs *logBuffer
	done chan struct{} // closed when the process has ended
}

// logBuffer keeps what a process wrote.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// startServer starts a server on a free port with a fresh data folder and more environment.
func startServer(t *testing.T, env ...string) *server {
	t.Helper()
	s := &server{t: t, dir: t.TempDir(), env: env}
	s.start()
	t.Cleanup(func() {
		s.kill()
		if t.Failed() {
			t.Logf("server log:\n%s", s.logs)
		}
		if strings.Contains(s.logs.String(), "DATA RACE") {
			t.Errorf("the server has a data race:\n%s", s.logs)
		}
	})
	return s
}

var printed = regexp.MustCompile(`(http://[^\s/]+)(/setup#\S+)?`)

// start starts the process on the same data folder and waits until it says where it is.
func (s *server) start() {
	s.t.Helper()
	path, err := binary()
	if err != nil {
		s.t.Fatal(err)
	}
	s.cmd = exec.Command(path)
	s.cmd.Env = append(append(cleanEnv(), "SYNCTV_SERVER_HOST=127.0.0.1", "SYNCTV_SERVER_PORT=0", "SYNCTV_DATA_DIR="+s.dir,
		"SYNCTV_AUTH_PASSWORD_MEMORY_KIB=8192", "SYNCTV_AUTH_PASSWORD_PASSES=1"), s.env...)
	if s.logs == nil {
		s.logs = &logBuffer{}
	}
	s.cmd.Stderr = s.logs
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	found := make(chan []string, 1)
	go func() {
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			if m := printed.FindStringSubmatch(lines.Text()); m != nil {
				found <- m
				break
			}
		}
		io.Copy(io.Discard, stdout)
	}()
	s.done = make(chan struct{})
	go func(cmd *exec.Cmd, done chan struct{}) {
		cmd.Wait()
		close(done)
	}(s.cmd, s.done)
	select {
	case m := <-found:
		s.URL, s.Link = m[1], strings.TrimPrefix(m[2], "/setup#")
	case <-s.done:
		s.t.Fatalf("the server ended at once:\n%s", s.logs)
	case <-time.After(60 * time.Second):
		s.t.Fatalf("the server did not start:\n%s", s.logs)
	}
}

// kill is kill -9, and waits.
func (s *server) kill() {
	s.cmd.Process.Kill()
	<-s.done
}

// term is a polite end; it returns how long that took.
func (s *server) term() time.Duration {
	began := time.Now()
	s.cmd.Process.Signal(syscall.SIGTERM)
	<-s.done
	return time.Since(began)
}

// failure is the error shape of every surface.
type failure struct {
	Status       int    `json:"-"`
	Code         string `json:"code"`
	Message      string `json:"message"`
	Field        string `json:"field"`
	RetryAfterMs uint32 `json:"retryAfterMs"`
}

func (f *failure) Error() string { return fmt.Sprintf("%d %s: %s", f.Status, f.Code, f.Message) }

// client is somebody with a token.
type client struct {
	t     *testing.T
	base  string
	token string
	id    string // usr_… or gst_…
	// address is where the client says it comes from; only servers that trust us believe it.
	address string
}

// call does one REST call; out may be nil.
func (c *client) call(method, path string, body, out any) error {
	var reader io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		reader = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, reader)
	if err != nil {
		return err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.address != "" {
		req.Header.Set("X-Forwarded-For", c.address)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		f := &failure{Status: resp.StatusCode}
		if json.Unmarshal(data, f) != nil || f.Code == "" {
			return fmt.Errorf("%s %s: status %d without an error body: %.300s", method, path, resp.StatusCode, data)
		}
		return f
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(data, out)
}

// must is call for what has to work.
func (c *client) must(method, path string, body, out any) {
	c.t.Helper()
	if err := c.call(method, path, body, out); err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
}

type tokensJSON struct {
	AccessToken  string `json:"accessToken"`
	RefreshToken string `json:"refreshToken"`
	User         *struct {
		ID string `json:"id"`
	} `json:"user"`
	Guest *struct {
		ID string `json:"id"`
	} `json:"guest"`
}

func (s *server) as(tok tokensJSON) *client {
	c := &client{t: s.t, base: s.URL, token: tok.AccessToken}
	if tok.User != nil {
		c.id = tok.User.ID
	}
	if tok.Guest != nil {
		c.id = tok.Guest.ID
	}
	return c
}

func (s *server) stranger() *client { return &client{t: s.t, base: s.URL} }

// owner signs in with the printed link.
func (s *server) owner() *client {
	s.t.Helper()
	var tok tokensJSON
	s.stranger().must("POST", "/api/v1/auth/setup", map[string]any{"token": s.Link}, &tok)
	return s.as(tok)
}

// register makes an account.
func (s *server) register(name string) *client {
	s.t.Helper()
	var tok tokensJSON
	s.stranger().must("POST", "/api/v1/auth/register", map[string]any{"username": name, "password": "correct horse"}, &tok)
	return s.as(tok)
}

// guest joins a room under a name.
func (s *server) guest(room, name, invite string) *client {
	s.t.Helper()
	var tok tokensJSON
	s.stranger().must("POST", "/api/v1/rooms/"+room+"/guests", map[string]any{"name": name, "inviteCode": invite}, &tok)
	return s.as(tok)
}

type roomJSON struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	InviteCode string `json:"inviteCode"`
	Online     int    `json:"online"`
}

func (c *client) createRoom(body map[string]any) roomJSON {
	c.t.Helper()
	var r roomJSON
	if body == nil {
		body = map[string]any{}
	}
	c.must("POST", "/api/v1/rooms", body, &r)
	return r
}

// eventually tries until f says nil or time is up.
func eventually(t *testing.T, within time.Duration, f func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	for {
		err := f()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatal(err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
