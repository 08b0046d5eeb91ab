package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"synctv/internal/peertest"
)

// query asks PostgreSQL by its own client and returns the lines of the answer.
func query(t *testing.T, db, sql string) []string {
	t.Helper()
	out, err := exec.Command("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", db, "-c", sql).CombinedOutput()
	if err != nil {
		t.Fatalf("psql: %v: %s", err, out)
	}
	return strings.Fields(string(out))
}

// TestEightStartAtOnce starts eight processes on an empty database: each becomes ready, each migration was applied
// once, and there is one root account. I11 of the fault plan.
func TestEightStartAtOnce(t *testing.T) {
	t.Parallel()
	db := peertest.Postgres(t)
	servers := make([]*server, 8)
	var wg sync.WaitGroup
	began := time.Now()
	for i := range servers {
		servers[i] = &server{t: t, dir: t.TempDir(), env: []string{clusterSecret, "SYNCTV_DATABASE_URL=" + db}, logs: &logBuffer{}}
		wg.Go(servers[i].start)
	}
	wg.Wait()
	t.Cleanup(func() {
		for _, s := range servers {
			if s.cmd != nil && s.done != nil {
				s.kill()
			}
			if t.Failed() || strings.Contains(s.logs.String(), "DATA RACE") {
				t.Errorf("server log:\n%s", s.logs)
			}
		}
	})
	if t.Failed() {
		return
	}
	for i, s := range servers {
		if got := runCommand(t, []string{"SYNCTV_SERVER_HOST=127.0.0.1", "SYNCTV_SERVER_PORT=" + s.port()}, "health"); got.code != 0 {
			t.Errorf("server %d is not ready: %+v", i, got)
		}
	}
	t.Logf("8 processes are ready %v after they were started", time.Since(began).Round(10*time.Millisecond))
	versions := query(t, db, "SELECT version_id||':'||count(*) FROM schema_versions WHERE is_applied GROUP BY version_id ORDER BY version_id")
	for _, v := range versions {
		if !strings.HasSuffix(v, ":1") {
			t.Errorf("migration %s times", v)
		}
	}
	files, _ := filepath.Glob("../migrations/*.sql")
	if len(versions) != len(files)+1 { // and goose's own, number 0
		t.Errorf("versions %v, %d files", versions, len(files))
	}
	roots := query(t, db, "SELECT count(*) FROM users WHERE role = 'root'")
	if roots[0] != "1" {
		t.Errorf("%s root accounts", roots[0])
	}
	t.Logf("migrations %v, %s root account", versions, roots[0])
}

// TestRefusesToStart is what an operator gets for each mistake: one exit code, every mistake at once, and what to do.
func TestRefusesToStart(t *testing.T) {
	t.Parallel()
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { busy.Close() })
	_, port, _ := net.SplitHostPort(busy.Addr().String())
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("damaged/secret", "short\n")
	write("garbage/synctv.db", strings.Repeat("this is no database ", 500))
	file := write("file", "")
	for _, c := range []struct {
		name string
		env  []string
		code int
		want []string // all in the output
	}{
		{"many mistakes at once", []string{"SYNCTV_SERVER_PORT=http", "SYNCTV_LOG_LEVEL=loud", "SYNCTV_MASTER_SECRET=short", "SYNCTV_AUTH_ACCESS_TTL=forever", "SYNCTV_PORT=1"},
			2, []string{"SYNCTV_SERVER_PORT", "SYNCTV_LOG_LEVEL", "SYNCTV_MASTER_SECRET", "SYNCTV_AUTH_ACCESS_TTL", "SYNCTV_PORT"}},
		{"unknown name", []string{"SYNCTV_SERVER_PROT=8080"}, 2, []string{"SYNCTV_SERVER_PROT", "SYNCTV_SERVER_PORT"}},
		{"cluster on SQLite", []string{"SYNCTV_CLUSTER_ENABLED=true", clusterSecret, "SYNCTV_REDIS_URL=redis://127.0.0.1:1"}, 2,
			[]string{"SYNCTV_DATABASE_URL", "PostgreSQL", "SYNCTV_CLUSTER_ENABLED=false"}},
		{"cluster of nothing", []string{"SYNCTV_CLUSTER_ENABLED=true"}, 2, []string{"SYNCTV_DATABASE_URL", "SYNCTV_REDIS_URL", "SYNCTV_MASTER_SECRET"}},
		{"port in use", []string{"SYNCTV_SERVER_PORT=" + port}, 1, []string{port, "in use", "SYNCTV_SERVER_PORT"}},
		{"data folder is a file", []string{"SYNCTV_DATA_DIR=" + file}, 1, []string{file, "data folder"}},
		{"data folder cannot be made", []string{"SYNCTV_DATA_DIR=/proc/synctv"}, 1, []string{"/proc/synctv", "data folder"}},
		{"data folder cannot be written", []string{"SYNCTV_DATA_DIR=/sys/kernel"}, 1, []string{"/sys/kernel", "data folder"}},
		{"damaged secret", []string{"SYNCTV_DATA_DIR=" + filepath.Join(dir, "damaged")}, 1, []string{"secret is damaged", "backup"}},
		{"damaged database", []string{"SYNCTV_DATA_DIR=" + filepath.Join(dir, "garbage")}, 1, []string{"not a SQLite database"}},
		{"no Redis there", []string{"SYNCTV_REDIS_URL=redis://:hunter2@127.0.0.1:1"}, 1, []string{"cannot reach Redis"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := runCommand(t, append([]string{"SYNCTV_SERVER_HOST=127.0.0.1", "SYNCTV_SERVER_PORT=0", "SYNCTV_DATA_DIR=" + t.TempDir()}, c.env...))
			if got.code != c.code {
				t.Errorf("exit code %d, want %d", got.code, c.code)
			}
			for _, want := range c.want {
				if !strings.Contains(got.stderr, want) {
					t.Errorf("does not say %q", want)
				}
			}
			for _, never := range []string{"hunter2", "goroutine ", "panic"} {
				if strings.Contains(got.stderr+got.stdout, never) {
					t.Errorf("says %q", never)
				}
			}
			t.Logf("after %v, exit code %d:\n%s", got.took.Round(time.Millisecond), got.code, got.stderr)
		})
	}
}

func TestConfigHidesSecrets(t *testing.T) {
	t.Parallel()
	got := runCommand(t, []string{"SYNCTV_MASTER_SECRET=abcdefghijklmnopqrstuvwxyz0123456789", "SYNCTV_DATABASE_URL=postgres://synctv:hunter2@db:5432/synctv",
		"SYNCTV_REDIS_URL=redis://:hunter3@cache:6379/0", "SYNCTV_METRICS_TOKEN=hunter4hunter4hunter4", "SYNCTV_SERVER_PORT=8123"}, "config")
	if got.code != 0 || !strings.Contains(got.stdout, "8123") {
		t.Errorf("exit code %d:\n%s%s", got.code, got.stdout, got.stderr)
	}
	for _, secret := range []string{"abcdefgh", "hunter2", "hunter3", "hunter4"} {
		if strings.Contains(got.stdout+got.stderr, secret) {
			t.Errorf("shows %q", secret)
		}
	}
}

// TestFirstStart follows the link from its printing to the day nobody needs it any more.
func TestFirstStart(t *testing.T) {
	t.Parallel()
	s := startServer(t, fixedPort(t))
	if s.Link == "" {
		t.Fatal("no link was printed")
	}
	health := func() int {
		return runCommand(t, []string{"SYNCTV_SERVER_HOST=127.0.0.1", "SYNCTV_SERVER_PORT=" + s.port()}, "health").code
	}
	if health() != 0 {
		t.Error("synctv health says no")
	}
	if strings.Contains(s.logs.String(), s.Link) {
		t.Error("the link is in the log")
	}
	first := s.Link
	s.restart()
	if err := s.stranger().call("POST", "/api/v1/auth/setup", map[string]any{"token": first}, nil); refusal(err) != "unauthenticated" {
		t.Errorf("the link of the start before: %v", err)
	}
	root := s.owner()
	if err := s.stranger().call("POST", "/api/v1/auth/setup", map[string]any{"token": s.Link}, nil); refusal(err) != "unauthenticated" {
		t.Errorf("the link works twice: %v", err)
	}
	s.restart()
	if s.Link == "" {
		t.Fatal("no link after a restart, and there is no password yet")
	}
	root.must("POST", "/api/v1/auth/password", map[string]any{"newPassword": "correct horse"}, nil)
	s.restart()
	if s.Link != "" {
		t.Error("a link is printed although the owner has a password")
	}
	s.stranger().must("POST", "/api/v1/auth/login", map[string]any{"username": "root", "password": "correct horse"}, nil)
	s.kill()
	if health() == 0 {
		t.Error("synctv health says yes of a dead server")
	}
}

// restart ends the server politely and starts it again.
func (s *server) restart() {
	s.t.Helper()
	s.term()
	if code := s.exitCode(); code != 0 {
		s.t.Errorf("exit code %d", code)
	}
	s.start()
}

// TestSecondSignalEndsAtOnce has somebody on the line who would hold a drain up.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(fmt.Sprint(sig), func(t *testing.T) {
			s := startServer(t)
			c, err := net.Dial("tcp", "127.0.0.1:"+s.port())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			fmt.Fprintf(c, "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
			time.Sleep(100 * time.Millisecond) // the request is to be on its way
			s.cmd.Process.Signal(sig)
			select {
			case <-s.done:
				t.Skip("the drain had nothing to wait for")
			case <-time.After(500 * time.Millisecond):
			}
			began := time.Now()
			s.cmd.Process.Signal(sig)
			select {
			case <-s.done:
				t.Logf("ended %v after the second signal", time.Since(began).Round(time.Millisecond))
			case <-time.After(time.Second):
				t.Error("a second signal does not end the server within a second")
			}
		})
	}
}

// TestWaitsForTheDatabase starts before PostgreSQL does: the server says so, without the password, and can be stopped.
func TestWaitsForTheDatabase(t *testing.T) {
	t.Parallel()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	logs := &logBuffer{}
	cmd := exec.CommandContext(t.Context(), path)
	cmd.Env = append(cleanEnv(), "SYNCTV_DATA_DIR="+t.TempDir(), "SYNCTV_SERVER_PORT=0", "SYNCTV_DATABASE_URL=postgres://synctv:hunter2@127.0.0.1:1/synctv")
	cmd.Stderr = logs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { cmd.Wait(); close(done) }()
	eventually(t, 10*time.Second, func() error {
		if !strings.Contains(logs.String(), "does not answer yet") {
			return fmt.Errorf("says %q", logs)
		}
		return nil
	})
	cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		cmd.Process.Kill()
		t.Error("does not end when told to")
	}
	if strings.Contains(logs.String(), "hunter2") {
		t.Error("says the password")
	}
}
