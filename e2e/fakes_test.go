package e2e

import (
	"context"
	"fmt"
	"sync"
	"time"

	"synctv/app"
)

// Fakes of app's small ports, for tests that run app in this process and are about something else.

type openGate struct{}

func (openGate) Allow(context.Context, string, int, time.Duration, int) (bool, time.Duration, error) {
	return true, 0, nil
}

type plainPasswords struct{}

func (plainPasswords) Hash(_ context.Context, p string) (string, error) { return p, nil }
func (plainPasswords) Outdated(string) bool                             { return false }
func (plainPasswords) Verify(_ context.Context, h, p string) (bool, error) {
	return h == p && h != "", nil
}

type plainTokens struct {
	mu     sync.Mutex
	claims map[string]app.Claims
}

func (s *plainTokens) Sign(c app.Claims) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	token := fmt.Sprint(len(s.claims))
	s.claims[token] = c
	return token, nil
}

func (s *plainTokens) Verify(token string, _ app.Time) (app.Claims, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.claims[token]
	if !ok {
		return c, app.Errorf(app.CodeUnauthenticated, "no such token")
	}
	return c, nil
}

type noProber struct{}

func (noProber) CheckURL(string) error { return nil }
func (noProber) Probe(context.Context, string, map[string]string) (app.Probed, error) {
	return app.Probed{}, app.Errorf(app.CodeUpstream, "no network here")
}

type noSigner struct{}

func (noSigner) SignMedia(app.MediaLink, app.Time) (string, app.Time, error) {
	return "", 0, app.Errorf(app.CodeUnsupported, "no proxy here")
}
