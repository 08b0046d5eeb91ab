package segments_test

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"synctv/internal/peertest"
	"synctv/mediad/segments"
	"synctv/mediad/segments/segmentstest"
)

func TestMemoryArchive(t *testing.T) {
	segmentstest.RunArchive(t, func(*testing.T) segments.Archive { return segments.NewMemoryArchive(0, nil) })
}

func TestFileArchive(t *testing.T) {
	segmentstest.RunArchive(t, func(t *testing.T) segments.Archive {
		return openArchive(t, segments.Config{Backend: "file", Dir: t.TempDir()})
	})
}

func TestS3Archive(t *testing.T) {
	server := httptest.NewServer(&fakeS3{bucket: "live", objects: map[string]fakeObject{}})
	defer server.Close()
	segmentstest.RunArchive(t, func(t *testing.T) segments.Archive {
		return openArchive(t, segments.Config{Backend: "s3", S3: segments.S3Config{Endpoint: server.URL, Bucket: "live", Access: "access", Secret: "secret",
			Prefix: rand.Text(), Transport: &http.Transport{DisableKeepAlives: true}}})
	})
}

// TestS3ServerArchive runs the suite against an object store that others wrote.
func TestS3ServerArchive(t *testing.T) {
	b := peertest.S3(t)
	segmentstest.RunArchive(t, func(t *testing.T) segments.Archive {
		return openArchive(t, segments.Config{Backend: "s3", S3: segments.S3Config{Endpoint: b.Endpoint, Bucket: b.Bucket, Access: b.Access, Secret: b.Secret,
			Prefix: peertest.Prefix(t) + rand.Text(), Transport: &http.Transport{DisableKeepAlives: true}}})
	})
}

func openArchive(t *testing.T, c segments.Config) segments.Archive {
	t.Helper()
	a, closeArchive, err := segments.OpenArchive(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeArchive() })
	return a
}

func TestMemoryArchiveIsFull(t *testing.T) {
	a := segments.NewMemoryArchive(1000, nil)
	first, second := segments.Title{Stream: "s", Name: "a"}, segments.Title{Stream: "s", Name: "b"}
	for _, c := range []struct {
		title segments.Title
		at    int64
		n     int
		want  error
	}{{first, 0, 600, nil}, {second, 0, 401, segments.ErrFull}, {second, 0, 400, nil}, {first, 600, 1, segments.ErrFull}, {first, 500, 100, nil}, {first, 0, 10, nil}, {second, 400, 590, nil}} {
		if err := a.Append(t.Context(), c.title, c.at, segments.Blob{make([]byte, c.n)}); !errors.Is(err, c.want) {
			t.Errorf("%d bytes at %d of %s: %v", c.n, c.at, c.title.Name, err)
		}
	}
}

// TestFileArchiveNames: who looks into the folder can tell what is complete, and nothing leads out of it.
func TestFileArchiveNames(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	a := openArchive(t, segments.Config{Backend: "file", Dir: dir})
	title := segments.Title{Stream: "str_1", Name: "rec_1.mp4"}
	if err := a.Append(t.Context(), title, 0, segments.Blob{[]byte("x")}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"rec_1.mp4.part", "rec_1.mp4"} {
		if _, err := os.Stat(filepath.Join(dir, "str_1", name)); err != nil {
			t.Error(err)
		}
		if err := a.Seal(t.Context(), title); err != nil {
			t.Error(err)
		}
	}
	if err := os.WriteFile(filepath.Join(outside, "secret"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "str_2")); err != nil {
		t.Fatal(err)
	}
	if l, err := a.Open(t.Context(), segments.Title{Stream: "str_2", Name: "secret"}); err == nil {
		l.Close()
		t.Error("a link out of the folder was followed")
	}
	if err := a.Remove(t.Context(), title); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "str_1")); !os.IsNotExist(err) {
		t.Errorf("an empty folder stays: %v", err)
	}
}

func TestFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("there is no /dev/full")
	}
	dir := t.TempDir()
	a := openArchive(t, segments.Config{Backend: "file", Dir: dir})
	if err := os.Mkdir(filepath.Join(dir, "s"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/full", filepath.Join(dir, "s", "x.part")); err != nil {
		t.Fatal(err)
	}
	if err := a.Append(t.Context(), segments.Title{Stream: "s", Name: "x"}, 0, segments.Blob{[]byte("x")}); err == nil {
		t.Error("a full disk took something")
	}
}
