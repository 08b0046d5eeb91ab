package peertest

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// postgresDirs is where Debian puts the programs that are not in the PATH.
const postgresDirs = "/usr/lib/postgresql/*/bin"

// sharedPostgres is the one server of this test binary; its value is the URL of the maintenance database.
var sharedPostgres = sync.OnceValues(startPostgres)

// Postgres returns the URL of a database made for this call alone; it is dropped when the test ends. The server is
// tuned to forget (no fsync): nothing about durability can be concluded from it.
func Postgres(tb testing.TB) string {
	tb.Helper()
	admin := os.Getenv("SYNCTV_TEST_POSTGRES_URL")
	if admin == "" {
		var err error
		if admin, err = sharedPostgres(); err != nil {
			giveUp(tb, err)
		}
	}
	u, err := url.Parse(admin)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		tb.Fatal("peertest: SYNCTV_TEST_POSTGRES_URL is not a postgres:// URL") // not shown: it may hold a password
	}
	name := "t" + randomName()
	if err := psql(admin, `CREATE DATABASE "`+name+`"`); err != nil {
		giveUp(tb, err)
	}
	tb.Cleanup(func() {
		if err := psql(admin, `DROP DATABASE IF EXISTS "`+name+`" WITH (FORCE)`); err != nil {
			tb.Error(err)
		}
	})
	u.Path = "/" + name
	return u.String()
}

// psql runs one statement by PostgreSQL's own client: the Go driver belongs to the store alone.
func psql(db, statement string) error {
	program, err := find("psql", "postgresql-client", postgresDirs)
	if err != nil {
		return err
	}
	cmd := exec.Command(program, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", db, "-c", statement)
	cmd.Env = append(os.Environ(), "PGCONNECT_TIMEOUT=5", "PGOPTIONS=-c client_min_messages=warning")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("psql: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

func startPostgres() (string, error) {
	initdb, err := find("initdb", "postgresql", postgresDirs)
	if err != nil {
		return "", err
	}
	server, err := find("postgres", "postgresql", postgresDirs)
	if err != nil {
		return "", err
	}
	cred, err := postgresUser()
	if err != nil {
		return "", err
	}
	for range 5 { // the port may be taken between the question and the use
		var db string
		if db, err = tryPostgres(initdb, server, cred); err == nil {
			return db, nil
		}
	}
	return "", err
}

// postgresUser says as whom the server runs: PostgreSQL refuses to be root.
func postgresUser() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root and there is no other user for it: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

func tryPostgres(initdb, server string, cred *syscall.Credential) (db string, err error) {
	dir, err := os.MkdirTemp("", "synctv-postgres-")
	if err != nil {
		return "", err
	}
	kept := false
	defer func() {
		if !kept {
			_ = os.RemoveAll(dir)
		}
	}()
	if cred != nil {
		if err := os.Chown(dir, int(cred.Uid), int(cred.Gid)); err != nil {
			return "", err
		}
	}
	data := filepath.Join(dir, "data")
	create := exec.Command(initdb, "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "--locale=C.UTF-8", "-E", "UTF8")
	create.Dir = dir
	create.SysProcAttr = &syscall.SysProcAttr{Credential: cred}
	if out, err := create.CombinedOutput(); err != nil {
		return "", fmt.Errorf("initdb: %w\n%s", err, out)
	}
	port, err := freePort()
	if err != nil {
		return "", err
	}
	// QUIT is the immediate stop: it frees the shared memory and does not wait for clients.
	proc, err := keep(dir, "QUIT", cred, server, "-D", data, "-p", strconv.Itoa(port), "-k", dir,
		"-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off",
		"-c", "max_connections=200", "-c", "autovacuum=off", "-c", "timezone=UTC")
	if err != nil {
		return "", err
	}
	kept = true
	db = fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port)
	if err := until(readyWithin, func() error { return psql(db, "SELECT 1") }); err != nil {
		text := proc.log()
		proc.kill()
		return "", fmt.Errorf("postgres is not ready: %w\n%s", err, text)
	}
	return db, nil
}
