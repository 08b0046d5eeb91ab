package segments_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"synctv/internal/peertest"
	"synctv/mediad/segments"
	"synctv/mediad/segments/segmentstest"
)

func bucketConfig(b peertest.S3Bucket) segments.S3Config {
	return segments.S3Config{Endpoint: b.Endpoint, Bucket: b.Bucket, Access: b.Access, Secret: b.Secret, Prefix: "synctv-test-" + rand.Text()}
}

// TestS3Server runs the suite against a server that others wrote.
func TestS3Server(t *testing.T) {
	b := peertest.S3(t)
	segmentstest.Run(t, func(t *testing.T) segments.Store { return openS3(t, bucketConfig(b)) })
}

// TestS3Refuses: what is wrong and stays wrong is told from what may pass.
func TestS3Refuses(t *testing.T) {
	b := peertest.S3(t)
	for _, c := range []struct {
		name    string
		change  func(*segments.S3Config)
		refused bool
	}{
		{"as it should be", func(*segments.S3Config) {}, false},
		{"a key that is not there", func(c *segments.S3Config) { c.Access = "nobody" }, true},
		{"a wrong secret", func(c *segments.S3Config) { c.Secret = "wrong" }, true},
		{"no key", func(c *segments.S3Config) { c.Access, c.Secret = "", "" }, true},
		{"another bucket", func(c *segments.S3Config) { c.Bucket = "other" }, true},
		{"nobody there", func(c *segments.S3Config) { c.Endpoint = "http://127.0.0.1:1" }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := bucketConfig(b)
			c.change(&config)
			config.Transport = &http.Transport{DisableKeepAlives: true}
			s, err := segments.NewS3(config)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			err = s.Check(ctx)
			if errors.Is(err, segments.ErrRefused) != c.refused || c.name == "as it should be" && err != nil || c.name == "nobody there" && err == nil {
				t.Errorf("check: %v", err)
			}
			if err != nil && config.Secret != "" && strings.Contains(err.Error(), config.Secret) {
				t.Errorf("the secret is in %q", err)
			}
			if c.refused {
				if err := s.Put(ctx, segments.Key{Stream: "s", Name: "n"}, segments.Blob{[]byte("x")}); err == nil {
					t.Error("it takes a segment all the same")
				}
			}
		})
	}
}

// TestS3ServerEnds in the middle: what was put is there when it comes back, and nothing that was not.
func TestS3ServerEnds(t *testing.T) {
	server := peertest.NewS3Server(t)
	s := openS3(t, bucketConfig(server.Bucket()))
	key := func(name string) segments.Key { return segments.Key{Stream: "s", Generation: 1, Name: name} }
	if err := s.Put(t.Context(), key("before"), segments.Blob{[]byte("x")}); err != nil {
		t.Fatal(err)
	}
	server.Pause(t)
	short := func() context.Context {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		t.Cleanup(cancel)
		return ctx
	}
	if err := s.Put(short(), key("frozen"), segments.Blob{[]byte("x")}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("put to a frozen server: %v", err)
	}
	if _, err := s.Get(short(), key("before")); err == nil || errors.Is(err, segments.ErrNotFound) {
		t.Errorf("get from a frozen server: %v", err)
	}
	big := segments.Blob{make([]byte, 32<<20)}
	server.Resume(t)
	failed := make(chan error, 1)
	go func() { failed <- s.Put(t.Context(), key("half"), big) }()
	time.Sleep(20 * time.Millisecond)
	server.Stop(t)
	put := <-failed
	if err := s.Put(short(), key("away"), segments.Blob{[]byte("x")}); err == nil {
		t.Error("put to a server that is not there")
	}
	server.Start(t)
	l, err := s.List(t.Context(), "s", 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range l {
		whole := info.Name == "before" && info.Size == 1 || info.Name == "frozen" && info.Size == 1 || info.Name == "half" && info.Size == big.Size()
		if !whole {
			t.Errorf("%+v is there", info)
		}
	}
	if put == nil {
		t.Log("32 MiB were put before the server was killed")
	}
	o, err := s.Get(t.Context(), key("before"))
	if err != nil {
		t.Fatal(err)
	}
	o.Body.Close()
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}
