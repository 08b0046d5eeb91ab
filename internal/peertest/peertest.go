package peertest

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// readyWithin bounds the start of a server on a busy machine.
const readyWithin = 20 * time.Second

// errMissing says that a server's program is not installed; the text says how it comes.
type errMissing struct{ program, how string }

func (e errMissing) Error() string { return e.program + " is not installed: " + e.how }

// giveUp ends the test: a missing program skips, unless SYNCTV_TEST_REQUIRE=1 and it is not the one that
// SYNCTV_TEST_WITHOUT names; everything else fails.
func giveUp(tb testing.TB, err error) {
	tb.Helper()
	var missing errMissing
	if errors.As(err, &missing) && (os.Getenv("SYNCTV_TEST_REQUIRE") != "1" || os.Getenv("SYNCTV_TEST_WITHOUT") == missing.program) {
		tb.Skip(err)
	}
	tb.Fatal(err)
}

// find looks a program up in the PATH and then in the directories given (glob patterns, the last match wins).
func find(program, pkg string, patterns ...string) (string, error) {
	if p, err := exec.LookPath(program); err == nil {
		return p, nil
	}
	for _, pattern := range patterns {
		if found, _ := filepath.Glob(filepath.Join(pattern, program)); len(found) > 0 {
			return found[len(found)-1], nil
		}
	}
	return "", errMissing{program, "apt-get install --no-install-recommends " + pkg}
}

// freePort asks the kernel for a port nobody listens on. Another process may take it before we do; callers try again.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// until repeats try until it succeeds or the time is over, and returns the last error.
func until(within time.Duration, try func() error) error {
	end := time.Now().Add(within)
	for {
		err := try()
		if err == nil || time.Now().After(end) {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func randomName() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// Prefix returns a key prefix nobody else uses ("t<16 hex digits>:"), so that tests can share one Redis.
func Prefix(tb testing.TB) string {
	tb.Helper()
	return "t" + randomName() + ":"
}
