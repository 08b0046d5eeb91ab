package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"synctv/app"
	"synctv/migrations"
	"synctv/store/internal/db"
)

// The test binary is also the child processes of its tests: childEnv says what they do, and urlEnv where.
const (
	childEnv = "STORE_TEST_CHILD"
	urlEnv   = "STORE_TEST_URL"
	tagEnv   = "STORE_TEST_TAG"
)

func TestMain(m *testing.M) {
	var err error
	switch os.Getenv(childEnv) {
	case "":
		os.Exit(m.Run())
	case "migrate":
		err = childMigrates(os.Getenv(urlEnv))
	case "write":
		err = childWrites(os.Getenv(urlEnv), os.Getenv(tagEnv))
	}
	if err != nil {
		fmt.Println("FAILED", err)
		os.Exit(1)
	}
}

// child starts this test binary as a child.
func child(t *testing.T, what, url, tag string) (cmd *exec.Cmd, in io.WriteCloser, out *bufio.Scanner) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd = exec.Command(self)
	cmd.Env = append(os.Environ(), childEnv+"="+what, urlEnv+"="+url, tagEnv+"="+tag)
	cmd.Stderr = os.Stderr
	if in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, in, bufio.NewScanner(pipe)
}

// childMigrates waits for the start signal, migrates, uses the database and says how many files it applied.
func childMigrates(url string) error {
	fmt.Println("ready")
	_, _ = io.ReadAll(os.Stdin)
	ctx := context.Background()
	applied, err := db.Migrate(ctx, db.Config{URL: url}, migrations.FS)
	if err != nil {
		return err
	}
	s, err := Open(ctx, Config{URL: url})
	if err != nil {
		return err
	}
	defer s.Close()
	name := fmt.Sprint("process", os.Getpid())
	if err := s.CreateUser(ctx, app.User{ID: app.UserID("usr_" + name), Username: name}); err != nil {
		return err
	}
	fmt.Println("applied", applied)
	return nil
}

// Eight processes begin at once on an empty database: each file runs exactly once, and all of them can work.
func TestMigrateOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, url string) {
		const processes = 8
		type started struct {
			*exec.Cmd
			in  io.WriteCloser
			out *bufio.Scanner
		}
		var all []started
		for range processes {
			cmd, in, out := child(t, "migrate", url, "")
			all = append(all, started{cmd, in, out})
			if !out.Scan() || out.Text() != "ready" {
				t.Fatal(out.Text())
			}
		}
		for _, c := range all {
			_ = c.in.Close() // go
		}
		total := 0
		for _, c := range all {
			n := -1
			if c.out.Scan() {
				_, _ = fmt.Sscanf(c.out.Text(), "applied %d", &n)
			}
			if err := c.Wait(); err != nil || n < 0 {
				t.Errorf("%q, %v", c.out.Text(), err)
			}
			total += n
		}
		files, _ := migrations.FS.ReadDir(".")
		if total != len(files) {
			t.Errorf("%d files were applied, there are %d", total, len(files))
		}
		s := mustOpen(t, url)
		rows, doubles := 0, 0
		err := s.db.Row(t.Context(), func(r db.Row) error { return r.Scan(&rows, &doubles) },
			"SELECT count(*), count(*) - count(DISTINCT version_id) FROM schema_versions WHERE version_id > 0")
		if err != nil || rows != len(files) || doubles != 0 {
			t.Errorf("%d rows, %d doubles, %v", rows, doubles, err)
		}
		users, _, err := s.ListUsers(t.Context(), "process", app.Page{Limit: 100})
		if err != nil || len(users) != processes {
			t.Errorf("%d users, %v", len(users), err)
		}
	})
}

const killRoom app.RoomID = "room_kill"

// childWrites sends messages for ever, some at a time, and prints the name of each that was acknowledged.
func childWrites(url, tag string) error {
	s, err := Open(context.Background(), Config{URL: url})
	if err != nil {
		return err
	}
	errs := make(chan error)
	var out sync.Mutex
	for g := range 4 {
		go func() {
			for n := 0; ; n++ {
				name := fmt.Sprintf("%s.%d.%d", tag, g, n)
				if err := say(context.Background(), s, killRoom, name); err != nil {
					errs <- err
					return
				}
				out.Lock()
				_, err := os.Stdout.WriteString(name + "\n")
				out.Unlock()
				if err != nil {
					errs <- err
					return
				}
			}
		}()
	}
	return <-errs
}

// A process that is killed at any moment loses nothing that it acknowledged, and does nothing twice.
func TestKill(t *testing.T) {
	rounds := 20
	if testing.Short() {
		rounds = 3
	}
	eachEngine(t, func(t *testing.T, url string) {
		s, err := Open(t.Context(), Config{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		testRoom(t, s, strings.TrimPrefix(string(killRoom), "room_"))
		s.Close()
		var acked []string
		for round := range rounds {
			cmd, _, out := child(t, "write", url, fmt.Sprint("r", round))
			for want := 1 + rand.IntN(120); want > 0 && out.Scan(); want-- {
				acked = append(acked, out.Text())
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			for out.Scan() { // what it said before it died
				acked = append(acked, out.Text())
			}
			_ = cmd.Wait() // it was killed
			if err := checkKilled(t.Context(), url, acked); err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
		}
		t.Logf("%d acknowledged messages survived %d kills", len(acked), rounds)
	})
}

// checkKilled opens the database anew and compares it with what was acknowledged.
func checkKilled(ctx context.Context, url string, acked []string) error {
	s, err := Open(ctx, Config{URL: url})
	if err != nil {
		return err
	}
	defer s.Close()
	count := map[string]int{}
	newest := uint32(0)
	for p := (app.Page{Limit: 1000}); ; {
		messages, next, err := s.ListMessages(ctx, killRoom, p)
		if err != nil {
			return err
		}
		for _, m := range messages {
			count[m.ClientID]++
			newest = max(newest, m.Seq)
		}
		if p.After = next; next == "" {
			break
		}
	}
	for _, name := range acked {
		if name == "" || strings.HasPrefix(name, "FAILED") || count[name] != 1 {
			return fmt.Errorf("%q is there %d times", name, count[name])
		}
	}
	room, err := s.Room(ctx, killRoom)
	if err != nil {
		return err
	}
	if int(room.Seq) != len(count) || newest != room.Seq {
		return fmt.Errorf("seq %d, newest message %d, %d messages", room.Seq, newest, len(count))
	}
	after := room.Seq - min(room.Seq, 500)
	events, complete, err := s.EventsAfter(ctx, killRoom, after, 1000)
	if err != nil || !complete || uint32(len(events)) != room.Seq-after {
		return errors.Join(err, fmt.Errorf("%d events after %d, complete %v", len(events), after, complete))
	}
	return nil
}
