package segmentstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"synctv/mediad/segments"
)

// RunArchive tests the archives that open returns, each of which is empty.
func RunArchive(t *testing.T, open func(*testing.T) segments.Archive) {
	for _, c := range []struct {
		name string
		test func(*testing.T, segments.Archive)
	}{
		{"what is added can be read, at any place", appendRead},
		{"what is tried again", appendAgain},
		{"names", archiveNames},
		{"what is not there", absent},
		{"titles and removing", titles},
		{"one that grows while it is read", growing},
		{"a context that has ended", archiveEnded},
		{"all at once", archiveHammer},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

var title = segments.Title{Stream: "str_1", Name: "rec_1.mp4"}

// add appends and returns the new end.
func add(t *testing.T, a segments.Archive, title segments.Title, at int64, parts ...string) int64 {
	t.Helper()
	var b segments.Blob
	for _, p := range parts {
		b = append(b, []byte(p))
	}
	if err := a.Append(t.Context(), title, at, b); err != nil {
		t.Fatalf("append to %v at %d: %v", title, at, err)
	}
	return at + b.Size()
}

// content reads an object whole, or says what went wrong.
func content(t *testing.T, a segments.Archive, title segments.Title) string {
	t.Helper()
	l, err := a.Open(t.Context(), title)
	if errors.Is(err, segments.ErrNotFound) {
		return "not found"
	} else if err != nil {
		return err.Error()
	}
	defer l.Close()
	return part(t, l, 0, l.Size())
}

func part(t *testing.T, l segments.Long, from, n int64) string {
	t.Helper()
	body, err := l.Read(t.Context(), from, n)
	if err != nil {
		return err.Error()
	}
	defer body.Close()
	b, err := io.ReadAll(body)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func appendRead(t *testing.T, a segments.Archive) {
	var want strings.Builder
	at := int64(0)
	for i := range 30 {
		parts := []string{fmt.Sprintf("<%d", i), "", strings.Repeat("x", i*i), ">"}
		at = add(t, a, title, at, parts...)
		want.WriteString(strings.Join(parts, ""))
	}
	all := want.String()
	for range 2 { // not sealed, and sealed
		l, err := a.Open(t.Context(), title)
		if err != nil || l.Size() != int64(len(all)) {
			t.Fatalf("%v, %v", l, err)
		}
		for from := int64(0); from <= l.Size(); from += 97 {
			for _, n := range []int64{0, 1, 5, 300, 1 << 40} {
				if got, want := part(t, l, from, n), all[from:min(from+n, l.Size())]; got != want {
					t.Fatalf("%d bytes at %d: got %q, want %q", n, from, got, want)
				}
			}
		}
		b := make([]byte, 10)
		if n, err := segments.ReaderAt(t.Context(), l).ReadAt(b, 17); n != 10 || err != nil || string(b) != all[17:27] {
			t.Errorf("%d, %v: %q", n, err, b)
		}
		if n, err := segments.ReaderAt(t.Context(), l).ReadAt(b, l.Size()-3); n != 3 || !errors.Is(err, io.EOF) {
			t.Errorf("at the end: %d, %v", n, err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		for range 2 {
			if err := a.Seal(t.Context(), title); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// appendAgain: an Append that failed may have left something, and is tried again; and who comes after a crash goes on
// behind what is whole.
func appendAgain(t *testing.T, a segments.Archive) {
	add(t, a, title, 0, "head")
	add(t, a, title, 4, "first")
	add(t, a, title, 4, "first")
	add(t, a, title, 9, "torn")
	add(t, a, title, 9, "more")
	if got := content(t, a, title); got != "headfirstmore" {
		t.Errorf("got %q", got)
	}
	other := segments.Title{Stream: "str_1", Name: "hole.mp4"}
	add(t, a, other, 0, "head")
	err := a.Append(t.Context(), other, 100, segments.Blob{[]byte("x")})
	if got := content(t, a, other); got != "head" || err != nil && !errors.Is(err, segments.ErrHole) {
		t.Errorf("behind a hole: %v, got %q", err, got)
	}
}

func archiveNames(t *testing.T, a segments.Archive) {
	ctx := t.Context()
	for _, bad := range []segments.Title{{Stream: "s"}, {Stream: "s", Name: ".."}, {Stream: "s", Name: "a/b"}, {Stream: "s", Name: ".x"}, {Name: "x"},
		{Stream: "s", Name: "a\x00"}, {Stream: strings.Repeat("x", 300), Name: "x"}} {
		_, err := a.Open(ctx, bad)
		for _, err := range []error{err, a.Append(ctx, bad, 0, segments.Blob{[]byte("x")}), a.Seal(ctx, bad), a.Remove(ctx, bad)} {
			if !errors.Is(err, segments.ErrName) {
				t.Errorf("%v: %v", bad, err)
			}
		}
	}
	for i, stream := range []string{"a", "A", "a/b", "..", "ä"} {
		add(t, a, segments.Title{Stream: stream, Name: "x.mp4"}, 0, fmt.Sprint(i))
	}
	for i, stream := range []string{"a", "A", "a/b", "..", "ä"} {
		if got := content(t, a, segments.Title{Stream: stream, Name: "x.mp4"}); got != fmt.Sprint(i) {
			t.Errorf("%q has %q", stream, got)
		}
	}
}

func absent(t *testing.T, a segments.Archive) {
	if got := content(t, a, title); got != "not found" {
		t.Errorf("got %q", got)
	}
	if err := a.Remove(t.Context(), title); err != nil {
		t.Error(err)
	}
}

func titles(t *testing.T, a segments.Archive) {
	want := map[segments.Title]bool{}
	for _, title := range []segments.Title{{Stream: "str_1", Name: "a.mp4"}, {Stream: "str_1", Name: "b.mp4"}, {Stream: "Str/2", Name: "a.mp4"}} {
		add(t, a, title, add(t, a, title, 0, "x"), "y")
		want[title] = true
	}
	if err := a.Seal(t.Context(), segments.Title{Stream: "str_1", Name: "b.mp4"}); err != nil {
		t.Fatal(err)
	}
	check := func() {
		t.Helper()
		got := map[segments.Title]bool{}
		err := a.Titles(t.Context(), func(title segments.Title, at time.Time) error {
			if time.Since(at).Abs() > time.Minute || got[title] {
				t.Errorf("%v of %v", title, at)
			}
			got[title] = true
			return nil
		})
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%v, %v, want %v", got, err, want)
		}
	}
	check()
	for title := range want {
		delete(want, title)
		for range 2 {
			if err := a.Remove(t.Context(), title); err != nil {
				t.Error(err)
			}
		}
		if got := content(t, a, title); got != "not found" {
			t.Errorf("removed, and got %q", got)
		}
		check()
	}
	stop := errors.New("stop")
	add(t, a, title, 0, "again")
	if err := a.Titles(t.Context(), func(segments.Title, time.Time) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
}

func growing(t *testing.T, a segments.Archive) {
	end := add(t, a, title, 0, "0123456789")
	l, err := a.Open(t.Context(), title)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	add(t, a, title, end, "more")
	if got := part(t, l, 5, 100); got != "56789" {
		t.Errorf("got %q", got)
	}
	if err := a.Seal(t.Context(), title); err != nil {
		t.Fatal(err)
	}
	if got := part(t, l, 0, 100); got != "0123456789" {
		t.Errorf("sealed, got %q", got)
	}
	if got := content(t, a, title); got != "0123456789more" {
		t.Errorf("got %q", got)
	}
}

func archiveEnded(t *testing.T, a segments.Archive) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := a.Append(ctx, title, 0, segments.Blob{[]byte("x")}); !errors.Is(err, context.Canceled) {
		t.Errorf("append: %v", err)
	}
	if _, err := a.Open(ctx, title); !errors.Is(err, context.Canceled) {
		t.Errorf("open: %v", err)
	}
	if got := content(t, a, title); got != "not found" {
		t.Errorf("then %q", got)
	}
}

// archiveHammer writes objects while others are read and removed.
func archiveHammer(t *testing.T, a segments.Archive) {
	var all sync.WaitGroup
	for w := range 6 {
		title := segments.Title{Stream: fmt.Sprint("h", w%2), Name: fmt.Sprint("x", w)}
		all.Go(func() {
			at := int64(0)
			for range 20 {
				b := segments.Blob{bytes.Repeat([]byte{byte('a' + w)}, 500)}
				if err := a.Append(t.Context(), title, at, b); err != nil {
					t.Errorf("append: %v", err)
				}
				at += b.Size()
				if l, err := a.Open(t.Context(), title); err != nil || l.Size() != at {
					t.Errorf("open: %v", err)
				} else {
					if got := part(t, l, at-500, 500); strings.Trim(got, string(b[0][:1])) != "" {
						t.Errorf("got %.40q", got)
					}
					l.Close()
				}
			}
			if err := a.Remove(t.Context(), title); err != nil {
				t.Errorf("remove: %v", err)
			}
		})
	}
	all.Wait()
}
