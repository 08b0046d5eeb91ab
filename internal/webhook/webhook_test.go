package webhook

import (
	"context"
	"crypto/hmac"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestSend(t *testing.T) {
	const body = `{"action":"on_publish"}`
	for _, c := range []struct {
		name, secret, signature string
	}{
		{"signed", "key", ""},
		{"without a secret", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				got, _ := io.ReadAll(r.Body)
				if r.Method != http.MethodPost || string(got) != body || r.Header.Get("Content-Type") != "application/json" || r.UserAgent() != "SyncTV/1" {
					t.Errorf("%s %q %v", r.Method, got, r.Header)
				}
				want := c.signature
				if c.secret != "" {
					want = Sign(c.secret, got)
				}
				if got := r.Header.Get(SignatureHeader); !hmac.Equal([]byte(got), []byte(want)) {
					t.Errorf("signature %q, want %q", got, want)
				}
				w.WriteHeader(http.StatusCreated)
				io.WriteString(w, "0")
			}))
			defer srv.Close()
			s, err := New(Config{URL: srv.URL, Secret: c.secret, UserAgent: "SyncTV/1"}, srv.Client())
			if err != nil {
				t.Fatal(err)
			}
			status, answer, err := s.Send(t.Context(), []byte(body))
			if status != 201 || string(answer) != "0" || err != nil {
				t.Fatal(status, string(answer), err)
			}
		})
	}
}

// TestSignature is the known answer of HMAC-SHA256 (RFC 4231, test case 2).
func TestSignature(t *testing.T) {
	if got := Sign("Jefe", []byte("what do ya want for nothing?")); got != "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" {
		t.Fatal(got)
	}
}

func TestSendFails(t *testing.T) {
	hang := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/hang":
			<-hang
		case "/long":
			io.WriteString(w, strings.Repeat("x", 1<<20))
		}
	}))
	defer srv.Close()
	defer close(hang)
	for _, c := range []struct {
		name, url string
		want      string // part of the error
	}{
		{"nobody there", "http://127.0.0.1:1/?key=hush", "webhook:"},
		{"no address", "http://a b/?key=hush", "webhook:"},
		{"no answer", srv.URL + "/hang?key=hush", "deadline"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			s, err := New(Config{URL: c.url}, srv.Client())
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = s.Send(ctx, []byte("{}"))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatal(err)
			}
			if strings.Contains(err.Error(), "hush") { // ABUSE-176: it ends up in a log
				t.Errorf("the error tells the address: %v", err)
			}
		})
	}
	s, err := New(Config{URL: srv.URL + "/long"}, srv.Client())
	if err != nil {
		t.Fatal(err)
	}
	if _, answer, err := s.Send(t.Context(), nil); err != nil || len(answer) != maxAnswer {
		t.Fatal(len(answer), err)
	}
	if _, err := New(Config{}, srv.Client()); err == nil {
		t.Error("an address is needed")
	}
}
