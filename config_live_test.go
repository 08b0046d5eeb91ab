package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"synctv/internal/webhook"
)

// TestHooksReachWhatTheOperatorNamed although media may not come from there, and go no further.
func TestHooksReachWhatTheOperatorNamed(t *testing.T) {
	elsewhere := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	defer other.Close()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Header.Get("X-SyncTV-Signature") != webhook.Sign(strings.Repeat("s", 16), body) || !strings.HasPrefix(r.UserAgent(), "SyncTV/") {
			t.Errorf("%v", r.Header)
		}
		if r.URL.Path == "/away" {
			http.Redirect(w, r, other.URL, http.StatusFound)
			return
		}
		io.WriteString(w, "0")
	}))
	defer srv.Close()
	for _, c := range []struct {
		name, path string
		status     int
	}{{"there", "/hooks", 200}, {"somewhere else", "/away", 302}} {
		t.Run(c.name, func(t *testing.T) {
			cfg, _, err := LoadConfig([]string{"SYNCTV_LIVESTREAM_HOOKS_URL=" + srv.URL + c.path, "SYNCTV_LIVESTREAM_HOOKS_SECRET=" + strings.Repeat("s", 16)})
			if err != nil {
				t.Fatal(err)
			}
			hooks, err := newHooks(cfg)
			if err != nil {
				t.Fatal(err)
			}
			if status, _, err := hooks.Send(t.Context(), []byte("{}")); status != c.status || err != nil {
				t.Error(status, err)
			}
		})
	}
	if elsewhere != 0 {
		t.Error("a redirect was followed")
	}
	if hooks, err := newHooks(Config{}); hooks != nil || err != nil {
		t.Error("hooks that nobody asked for", hooks, err)
	}
}

func TestHooksHost(t *testing.T) {
	for url, want := range map[string]string{"http://Hooks.lan/x": "hooks.lan:80", "https://hooks.lan": "hooks.lan:443", "http://127.0.0.1:9000/": "127.0.0.1:9000", "http://[::1]:9/": "[::1]:9"} {
		if got := (&LivestreamConfig{HooksURL: url}).hooksHost(); got != want {
			t.Errorf("%s: %s, want %s", url, got, want)
		}
	}
}

func TestLivestreamWarnings(t *testing.T) {
	for name, c := range map[string]struct {
		environ []string
		want    int
	}{
		"both":           {[]string{"SYNCTV_LIVESTREAM_HOOKS_URL=http://h", "SYNCTV_LIVESTREAM_HOOKS_SECRET=0123456789abcdef"}, 0},
		"url":            {[]string{"SYNCTV_LIVESTREAM_HOOKS_URL=http://h"}, 1},
		"TLS for nobody": {[]string{"SYNCTV_LIVESTREAM_TLS_CERT=/c", "SYNCTV_LIVESTREAM_TLS_KEY=/k", "SYNCTV_LIVESTREAM_RTMP_PORT=0"}, 1},
		"secret":         {[]string{"SYNCTV_LIVESTREAM_HOOKS_SECRET=0123456789abcdef"}, 1},
	} {
		if _, w, err := LoadConfig(c.environ); len(w) != c.want || err != nil {
			t.Errorf("%s: %v %v", name, w, err)
		}
	}
}
