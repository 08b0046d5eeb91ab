package segments_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"go.uber.org/goleak"

	"synctv/mediad/segments"
	"synctv/mediad/segments/segmentstest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"))
}

func TestMemory(t *testing.T) {
	segmentstest.Run(t, func(*testing.T) segments.Store { return segments.NewMemory(0, nil) })
}

func TestFile(t *testing.T) {
	segmentstest.Run(t, func(t *testing.T) segments.Store { return openFile(t, t.TempDir()) })
}

func openFile(t *testing.T, dir string) *segments.File {
	t.Helper()
	f, err := segments.OpenFile(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestS3(t *testing.T) {
	fake := &fakeS3{bucket: "live", objects: map[string]fakeObject{}}
	server := httptest.NewServer(fake)
	defer server.Close()
	segmentstest.Run(t, func(t *testing.T) segments.Store {
		return openS3(t, segments.S3Config{Endpoint: server.URL, Bucket: "live", Access: "access", Secret: "secret", Prefix: "hls/" + rand.Text()})
	})
	t.Run("a busy store is asked again", func(t *testing.T) {
		s := openS3(t, segments.S3Config{Endpoint: server.URL, Bucket: "live", Access: "access", Secret: "secret"})
		fake.mu.Lock()
		fake.fail = 1
		fake.mu.Unlock()
		if err := s.Put(t.Context(), segments.Key{Stream: "s", Name: "n"}, segments.Blob{[]byte("x")}); err != nil {
			t.Error(err)
		}
	})
	t.Run("what others keep in the bucket stays", func(t *testing.T) {
		s := openS3(t, segments.S3Config{Endpoint: server.URL, Bucket: "live", Access: "access", Secret: "secret"})
		fake.mu.Lock()
		fake.objects["backup/2026/monday.tar/x"] = fakeObject{}
		fake.objects["readme.txt"] = fakeObject{}
		fake.mu.Unlock()
		if _, err := s.Sweep(t.Context(), time.Now().Add(time.Hour)); err != nil {
			t.Error(err)
		}
		fake.mu.Lock()
		defer fake.mu.Unlock()
		if len(fake.objects) < 2 {
			t.Errorf("%d objects are left", len(fake.objects))
		}
	})
	t.Run("wrong bucket", func(t *testing.T) {
		s, err := segments.NewS3(segments.S3Config{Endpoint: server.URL, Bucket: "other", Access: "access", Secret: "secret"})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Check(t.Context()); !errors.Is(err, segments.ErrRefused) {
			t.Errorf("a bucket that is not there: %v", err)
		}
	})
}

func openS3(t *testing.T, c segments.S3Config) *segments.S3 {
	t.Helper()
	c.Transport = &http.Transport{DisableKeepAlives: true}
	s, err := segments.NewS3(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestS3Config(t *testing.T) {
	for _, endpoint := range []string{"", "s3.example.com", "ftp://x", "https://x/path", "https://", "http://[::1"} {
		if _, err := segments.NewS3(segments.S3Config{Endpoint: endpoint, Bucket: "b"}); err == nil {
			t.Errorf("%q is taken for an endpoint", endpoint)
		}
	}
}

func TestMemoryMakesRoom(t *testing.T) {
	m := segments.NewMemory(10_000, nil)
	for i := range 100 {
		if err := m.Put(t.Context(), segments.Key{Stream: "s", Name: fmt.Sprint(i)}, segments.Blob{make([]byte, 500)}); err != nil {
			t.Fatal(err)
		}
	}
	st := m.Stats()
	if st.Bytes > 10_000 || st.Objects < 8 || st.Evicted != uint64(100-st.Objects) {
		t.Errorf("%+v", st)
	}
	if _, err := m.Get(t.Context(), segments.Key{Stream: "s", Name: "0"}); !errors.Is(err, segments.ErrNotFound) {
		t.Errorf("the oldest: %v", err)
	}
	if _, err := m.Get(t.Context(), segments.Key{Stream: "s", Name: "99"}); err != nil {
		t.Errorf("the newest: %v", err)
	}
	if err := m.Put(t.Context(), segments.Key{Stream: "s", Name: "x"}, segments.Blob{make([]byte, 20_000)}); !errors.Is(err, segments.ErrTooLarge) {
		t.Errorf("larger than all: %v", err)
	}
}

// TestFileLeftovers: what was being written when the power went is not a segment, and
// goes at the next start; links out of the directory are not followed.
func TestFileLeftovers(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	f := openFile(t, dir)
	k := segments.Key{Stream: "s", Generation: 3, Name: "whole"}
	if err := f.Put(t.Context(), k, segments.Blob{[]byte("x")}); err != nil {
		t.Fatal(err)
	}
	half := filepath.Join(dir, "s", "3", ".tmp-ABC")
	if err := os.WriteFile(half, []byte("hal"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(outside, "secret"), []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(outside, "secret"), filepath.Join(dir, "s", "3", "out")); err != nil {
		t.Fatal(err)
	}
	if l, _ := f.List(t.Context(), "s", 3); len(l) != 1 {
		t.Errorf("lists %v", l)
	}
	if o, err := f.Get(t.Context(), segments.Key{Stream: "s", Generation: 3, Name: "out"}); err == nil {
		o.Body.Close()
		t.Error("follows a link out of the directory")
	}
	g := openFile(t, dir)
	if _, err := os.Stat(half); !os.IsNotExist(err) {
		t.Errorf("half a segment is still there: %v", err)
	}
	if l, _ := g.List(t.Context(), "s", 3); len(l) != 1 {
		t.Errorf("then lists %v", l)
	}
	if _, err := os.Stat(filepath.Join(outside, "secret")); err != nil {
		t.Error(err)
	}
}

func TestBlobReader(t *testing.T) {
	b := segments.Blob{[]byte("ab"), nil, []byte("c"), []byte("defg"), {}}
	if err := iotest.TestReader(b.Reader(), []byte("abcdefg")); err != nil {
		t.Error(err)
	}
	r := b.Reader()
	if _, err := r.Seek(-3, io.SeekEnd); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if n, err := io.Copy(&out, r); n != 3 || err != nil || out.String() != "efg" {
		t.Errorf("%d, %v, %q", n, err, out.String())
	}
}

func TestOpen(t *testing.T) {
	s3 := segments.S3Config{Endpoint: "https://s3.example.com", Bucket: "live"}
	for _, c := range []struct {
		config segments.Config
		want   string // part of the error; "" for none
	}{
		{segments.Config{}, ""}, {segments.Config{Backend: "memory", MaxBytes: 1 << 20}, ""}, {segments.Config{Backend: "file", Dir: t.TempDir()}, ""},
		{segments.Config{Backend: "s3", S3: s3}, ""}, {segments.Config{Backend: "oss", S3: s3}, ""},
		{segments.Config{Backend: "s3"}, "endpoint"}, {segments.Config{Backend: "tape"}, "choose memory, file, s3 or oss"}, {segments.Config{Backend: "file"}, "segments"},
	} {
		_, done, err := segments.Open(c.config)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%q: %v, want %q", c.config.Backend, err, c.want)
		}
		if err == nil {
			if err := done(); err != nil {
				t.Error(err)
			}
		}
	}
}
