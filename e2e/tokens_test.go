package e2e

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestTokensDieEverywhereAtOnce holds what a sign-out, a new password and a lost role promise.
func TestTokensDieEverywhereAtOnce(t *testing.T) {
	s, admin := startWalk(t)
	for name, kill := range map[string]func(w *world, id, token string){
		"logout": func(w *world, _, token string) { w.must(token, "POST", "/api/v1/auth/logout", map[string]any{}, nil) },
		"logout of all": func(w *world, _, token string) {
			w.must(token, "POST", "/api/v1/auth/logout", map[string]any{"everywhere": true}, nil)
		},
		"new password": func(w *world, _, token string) {
			w.must(token, "POST", "/api/v1/auth/password", map[string]any{"currentPassword": "correct horse", "newPassword": "correct battery"}, nil)
		},
		"disabled": func(w *world, id, _ string) {
			w.must(admin, "PATCH", "/api/v1/users/"+id, map[string]any{"disabled": true}, nil)
		},
		"password reset": func(w *world, id, _ string) {
			w.must(admin, "PATCH", "/api/v1/users/"+id, map[string]any{"password": "correct battery"}, nil)
		},
		"deleted": func(w *world, id, _ string) { w.must(admin, "DELETE", "/api/v1/users/"+id, nil, nil) },
	} {
		w := newWorld(s, admin)
		tok := w.register("mortal")
		w.must(tok.AccessToken, "GET", "/api/v1/me", nil, nil)
		kill(w, tok.User.ID, tok.AccessToken)
		c := &client{t: t, base: s.URL, token: tok.AccessToken, address: w.address}
		var f *failure
		if err := c.call("GET", "/api/v1/me", nil, nil); !errors.As(err, &f) || f.Status != http.StatusUnauthorized && f.Code != "account_disabled" {
			t.Errorf("%s: the access token lives: %v", name, err)
		}
		if err := c.call("POST", "/api/v1/auth/refresh", map[string]any{"refreshToken": tok.RefreshToken}, nil); !errors.As(err, &f) || f.Code != "unauthenticated" {
			t.Errorf("%s: the refresh token lives: %v", name, err)
		}
	}
}

// TestUnknownAccountsLookLikeKnownOnes compares what a stranger learns from signing in with a wrong password.
func TestUnknownAccountsLookLikeKnownOnes(t *testing.T) {
	s, _ := startWalk(t)
	try := func(username string) (string, time.Duration) {
		req, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+"/api/v1/auth/login", strings.NewReader(`{"username":"`+username+`","password":"wrong horse"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Forwarded-For", elsewhere())
		req.Header.Set("X-Request-Id", "same")
		began := time.Now()
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		took := time.Since(began)
		if err != nil || !json.Valid(body) {
			t.Fatal(err)
		}
		return resp.Status + string(body), took
	}
	var known, unknown []time.Duration
	for range 15 {
		a, took := try("root")
		known = append(known, took)
		b, took := try("nobody-here")
		unknown = append(unknown, took)
		if a != b {
			t.Fatalf("known: %s\nunknown: %s", a, b)
		}
	}
	slices.Sort(known)
	slices.Sort(unknown)
	k, u := known[len(known)/2], unknown[len(unknown)/2]
	if ratio := float64(k) / float64(u); ratio > 2 || ratio < 0.5 {
		t.Errorf("a known account takes %v, an unknown one %v", k, u)
	}
}
