package peertest

import (
	"fmt"
	"syscall"
	"testing"
)

// server is a program that a test stops, starts and pauses. Its methods are for one goroutine.
type server struct {
	name   string                  // as people call it
	launch func() (*keeper, error) // starts the program
	ask    func() error            // nil when it answers
	proc   *keeper                 // nil while stopped
}

// startOn starts the server that made returns for a port.
func startOn[S interface{ start() error }](made func(port int) S) (S, error) {
	var s S
	var err error
	for range 5 { // the port may be taken between the question and the use
		var port int
		if port, err = freePort(); err != nil {
			break
		}
		s = made(port)
		if err = s.start(); err == nil {
			return s, nil
		}
	}
	return s, err
}

// start returns when the server answers.
func (s *server) start() (err error) {
	if s.proc, err = s.launch(); err != nil {
		return err
	}
	err = until(readyWithin, func() error {
		if s.proc.signal(0) != nil {
			return fmt.Errorf("it has ended")
		}
		return s.ask()
	})
	if err != nil {
		text := s.proc.log()
		s.proc.kill()
		s.proc = nil
		return fmt.Errorf("%s is not ready: %w\n%s", s.name, err, text)
	}
	return nil
}

// end ends the server with its test.
func (s *server) end() {
	if s.proc != nil {
		s.proc.end()
	}
}

// Stop kills the server as a crash would: connections break, and what it has in memory is lost.
func (s *server) Stop(tb testing.TB) {
	tb.Helper()
	if s.proc == nil {
		tb.Fatalf("peertest: %s is stopped already", s.name)
	}
	s.proc.kill()
	s.proc = nil
}

// Start starts a stopped server on the same port and returns when it answers.
func (s *server) Start(tb testing.TB) {
	tb.Helper()
	if s.proc != nil {
		tb.Fatalf("peertest: %s runs already", s.name)
	}
	if err := s.start(); err != nil {
		tb.Fatal(err)
	}
}

// Pause freezes the server: connections stay open and nobody answers. Resume lets it go on.
func (s *server) Pause(tb testing.TB) {
	tb.Helper()
	s.send(tb, syscall.SIGSTOP)
	if err := until(readyWithin, s.proc.stands); err != nil {
		tb.Fatalf("peertest: %s does not stop: %v", s.name, err)
	}
}

// Resume ends a Pause.
func (s *server) Resume(tb testing.TB) { tb.Helper(); s.send(tb, syscall.SIGCONT) }

func (s *server) send(tb testing.TB, sig syscall.Signal) {
	tb.Helper()
	if s.proc == nil {
		tb.Fatalf("peertest: %s is stopped", s.name)
	}
	if err := s.proc.signal(sig); err != nil {
		tb.Fatal(err)
	}
}
