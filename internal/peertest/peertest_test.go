package peertest

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestRedisIsSharedAndAnswers(t *testing.T) {
	first, second := Redis(t), Redis(t)
	if first != second {
		t.Fatalf("two servers: %s, %s", first, second)
	}
	if one, two := Prefix(t), Prefix(t); one == two {
		t.Fatal("the same prefix twice")
	}
}

func TestRedisServerFaults(t *testing.T) {
	s := NewRedisServer(t)
	url := s.URL()
	s.Stop(t)
	if s.proc != nil {
		t.Fatal("still has a process")
	}
	s.Start(t)
	if s.URL() != url {
		t.Fatalf("moved from %s to %s", url, s.URL())
	}
	s.Pause(t)
	if err := s.ask(); err == nil {
		t.Fatal("a paused server answered")
	}
	s.Resume(t)
	if err := until(5*time.Second, s.ask); err != nil {
		t.Fatal(err)
	}
}

func TestPostgresDatabasesAreFresh(t *testing.T) {
	first := Postgres(t)
	var second string
	t.Run("one", func(t *testing.T) {
		second = Postgres(t)
		exec1(t, second, "CREATE TABLE a (b int)")
	})
	if first == second {
		t.Fatal("the same database twice")
	}
	exec1(t, first, "CREATE TABLE a (b int)")
	if _, err := pgx.Connect(t.Context(), second); err == nil {
		t.Fatal("the database of an ended test is still there")
	}
}

func exec1(t *testing.T, url, statement string) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	if _, err := c.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

// TestServersDieWithTheBinary runs this test binary again as a child that starts both servers and is then killed.
func TestServersDieWithTheBinary(t *testing.T) {
	if os.Getenv("PEERTEST_CHILD") == "1" {
		t.Skip("in the child")
	}
	Redis(t) // skips where the programs are missing
	Postgres(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(self, "-test.run=^TestChildStartsServersAndHangs$", "-test.v")
	child.Env = append(os.Environ(), "PEERTEST_CHILD=1")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var redisPID, postgresPort int
	var dir string
	for lines := bufio.NewScanner(out); dir == "" && lines.Scan(); {
		_, _ = fmt.Sscanf(lines.Text(), "READY %d %d %s", &redisPID, &postgresPort, &dir)
	}
	if dir == "" {
		t.Fatal("the child ended early")
	}
	_ = child.Process.Kill()
	_ = child.Wait()
	err = until(15*time.Second, func() error {
		if syscall.Kill(redisPID, 0) == nil {
			return fmt.Errorf("Redis %d lives on", redisPID)
		}
		if psql("postgres://postgres@127.0.0.1:"+strconv.Itoa(postgresPort)+"/postgres", "SELECT 1") == nil {
			return fmt.Errorf("PostgreSQL on port %d lives on", postgresPort)
		}
		if _, err := os.Stat(dir); err == nil {
			return fmt.Errorf("%s is left behind", dir)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestChildStartsServersAndHangs(t *testing.T) {
	if os.Getenv("PEERTEST_CHILD") != "1" {
		t.Skip("only as a child of TestServersDieWithTheBinary")
	}
	redis, err := sharedRedis()
	if err != nil {
		t.Fatal(err)
	}
	db, err := sharedPostgres()
	if err != nil {
		t.Fatal(err)
	}
	port := strings.SplitN(strings.SplitN(db, "127.0.0.1:", 2)[1], "/", 2)[0]
	fmt.Printf("\nREADY %d %s %s\n", redis.proc.pid, port, redis.proc.dir)
	select {}
}

func TestGiveUp(t *testing.T) {
	missing := errMissing{"redis-server", "redis-server"}
	for _, c := range []struct {
		name, require string
		err           error
		want          string
	}{
		{"missing program skips", "", missing, "skip"},
		{"missing program fails when required", "1", missing, "fatal"},
		{"another error fails", "", fmt.Errorf("port: %w", syscall.EADDRINUSE), "fatal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("SYNCTV_TEST_REQUIRE", c.require)
			fake := &recorder{TB: t}
			giveUp(fake, c.err)
			if fake.said != c.want {
				t.Fatalf("said %q, want %q", fake.said, c.want)
			}
		})
	}
}

// recorder notes the first verdict instead of ending the test.
type recorder struct {
	testing.TB
	said string
}

func (r *recorder) Skip(...any)  { r.note("skip") }
func (r *recorder) Fatal(...any) { r.note("fatal") }
func (r *recorder) note(s string) {
	if r.said == "" {
		r.said = s
	}
}
