package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// outcome is how a command ended.
type outcome struct {
	code           int // -1 when a signal ended it
	stdout, stderr string
	took           time.Duration
}

// cleanEnv is the environment without settings of ours, but for the port of encoders: there is only one of it.
func cleanEnv() []string {
	env := []string{"SYNCTV_LIVESTREAM_RTMP_PORT=0"}
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "SYNCTV_") {
			env = append(env, e)
		}
	}
	return env
}

// runCommand runs the built server with nothing but these settings, until it ends by itself.
func runCommand(t *testing.T, env []string, args ...string) outcome {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(cleanEnv(), env...)
	cmd.Dir = t.TempDir()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	began := time.Now()
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if ctx.Err() != nil {
		t.Fatalf("synctv %s did not end:\n%s", strings.Join(args, " "), stderr.String())
	}
	return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String(), time.Since(began)}
}

// port is where the server listens.
func (s *server) port() string {
	u, err := url.Parse(s.URL)
	if err != nil {
		s.t.Fatal(err)
	}
	return u.Port()
}

// fixedPort is the setting of a port that a server keeps over restarts.
func fixedPort(t *testing.T) string {
	t.Helper()
	return "SYNCTV_SERVER_PORT=" + freePort(t)
}

// freePort is a port that the kernel gives to nobody who asks for any.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		port := fmt.Sprint(10000 + rand.IntN(20000))
		if l, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("no free port")
	return ""
}

// exitCode is how the process ended; -1 when a signal ended it.
func (s *server) exitCode() int {
	<-s.done
	return s.cmd.ProcessState.ExitCode()
}

// on is the same person at another server.
func (c *client) on(s *server) *client {
	moved := *c
	moved.base = s.URL
	return &moved
}

// from is a stranger who says to come from an address.
func (s *server) from(address string) *client {
	c := s.stranger()
	c.address = address
	return c
}

// refusal is the code of an error, "" for nil, or what else went wrong.
func refusal(err error) string {
	if err == nil {
		return ""
	}
	var f *failure
	if errors.As(err, &f) {
		return f.Code
	}
	return err.Error()
}
