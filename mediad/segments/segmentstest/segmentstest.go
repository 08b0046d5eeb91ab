// Package segmentstest holds implementations of segments.Store to its contract.
package segmentstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"synctv/mediad/segments"
)

// Run tests the stores that open returns, each of which is empty, or has nothing
// but what other streams put there.
func Run(t *testing.T, open func(*testing.T) segments.Store) {
	for _, c := range []struct {
		name string
		test func(*testing.T, segments.Store)
	}{
		{"what is put can be got", putGet},
		{"names", names},
		{"streams are apart", apart},
		{"delete and drop", deletes},
		{"list", lists},
		{"put again", replaces},
		{"a reader is not cut short", reading},
		{"sweep", sweeps},
		{"a context that has ended", ended},
		{"all at once", hammer},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

func key(name string) segments.Key {
	return segments.Key{Stream: "room/1", Generation: 7, Name: name}
}

func put(t *testing.T, s segments.Store, k segments.Key, parts ...string) {
	t.Helper()
	var b segments.Blob
	for _, p := range parts {
		b = append(b, []byte(p))
	}
	if err := s.Put(t.Context(), k, b); err != nil {
		t.Fatalf("put %v: %v", k, err)
	}
}

// get returns a segment's bytes, or what went wrong.
func get(t *testing.T, s segments.Store, k segments.Key) string {
	t.Helper()
	o, err := s.Get(t.Context(), k)
	if err != nil {
		if errors.Is(err, segments.ErrNotFound) {
			return "not found"
		}
		return err.Error()
	}
	defer o.Body.Close()
	b, err := io.ReadAll(o.Body)
	if err != nil || int64(len(b)) != o.Size {
		t.Errorf("get %v: %d bytes of %d, %v", k, len(b), o.Size, err)
	}
	return string(b)
}

func putGet(t *testing.T, s segments.Store) {
	big := strings.Repeat("0123456789abcdef", 1<<16)
	for _, c := range []struct {
		name  string
		parts []string
	}{
		{"one.m4s", []string{"abc"}}, {"many.m4s", []string{"a", "", "bc", "def"}}, {"empty.m4s", nil}, {"big.m4s", []string{big, big}},
	} {
		put(t, s, key(c.name), c.parts...)
		if got, want := get(t, s, key(c.name)), strings.Join(c.parts, ""); got != want {
			t.Errorf("%s: got %d bytes %.20q, want %d", c.name, len(got), got, len(want))
		}
	}
	if got := get(t, s, key("none.m4s")); got != "not found" {
		t.Errorf("what was never put: %.80q", got)
	}
}

// names are refused everywhere, before anything is touched.
func names(t *testing.T, s segments.Store) {
	ctx := t.Context()
	for _, name := range []string{"", ".", "..", "../x", "a/b", `a\b`, "/etc/passwd", "a\x00b", ".hidden", "a b", "ä", "%2e%2e", strings.Repeat("x", 129)} {
		k := key(name)
		_, err := s.Get(ctx, k)
		for _, err := range []error{s.Put(ctx, k, segments.Blob{[]byte("x")}), err, s.Delete(ctx, k)} {
			if !errors.Is(err, segments.ErrName) {
				t.Errorf("%q: %v", name, err)
			}
		}
	}
	for _, stream := range []string{"", strings.Repeat("x", 257)} {
		if _, err := s.List(ctx, stream, 1); !errors.Is(err, segments.ErrName) {
			t.Errorf("stream %q: %v", stream, err)
		}
	}
	put(t, s, key("v12.3-A_b.m4s"), "x")
}

func apart(t *testing.T, s segments.Store) {
	streams := []string{"a", "A", "a/b", "a=2fb", "../a", "..", ".", "a b", "a\x00", "ä", "%2e", "7", "a/7", strings.Repeat("x", 256), strings.Repeat("x", 255) + "y",
		strings.Repeat("/", 256), strings.Repeat("/", 255) + "."}
	for i, stream := range streams {
		for generation := range uint64(2) {
			put(t, s, segments.Key{Stream: stream, Generation: generation, Name: "s.m4s"}, fmt.Sprint(i, generation))
		}
	}
	for i, stream := range streams {
		for generation := range uint64(2) {
			if got := get(t, s, segments.Key{Stream: stream, Generation: generation, Name: "s.m4s"}); got != fmt.Sprint(i, generation) {
				t.Errorf("%.20q generation %d has %q", stream, generation, got)
			}
		}
		if g, err := s.Generations(t.Context(), stream); err != nil || !slices.Equal(g, []uint64{0, 1}) {
			t.Errorf("%.20q has generations %v, %v", stream, g, err)
		}
	}
}

func deletes(t *testing.T, s segments.Store) {
	ctx := t.Context()
	for g := range uint64(3) {
		for i := range 5 {
			put(t, s, segments.Key{Stream: "d", Generation: g, Name: fmt.Sprint("s", i)}, "x")
		}
	}
	k := segments.Key{Stream: "d", Generation: 1, Name: "s3"}
	for range 2 { // the second time it is not there
		if err := s.Delete(ctx, k); err != nil {
			t.Error(err)
		}
	}
	if got := get(t, s, k); got != "not found" {
		t.Errorf("deleted, and got %q", got)
	}
	for range 2 {
		if err := s.Drop(ctx, "d", 0); err != nil {
			t.Error(err)
		}
	}
	if g, err := s.Generations(ctx, "d"); err != nil || !slices.Equal(g, []uint64{1, 2}) {
		t.Errorf("generations %v, %v", g, err)
	}
	if l, err := s.List(ctx, "d", 0); err != nil || len(l) != 0 {
		t.Errorf("dropped, and lists %v, %v", l, err)
	}
	if l, err := s.List(ctx, "d", 1); err != nil || len(l) != 4 {
		t.Errorf("lists %v, %v", l, err)
	}
	put(t, s, segments.Key{Stream: "d", Generation: 0, Name: "again"}, "y")
}

func lists(t *testing.T, s segments.Store) {
	began := time.Now()
	want := []string{"init.mp4", "v10.m4s", "v2.m4s"}
	for _, name := range []string{"v10.m4s", "init.mp4", "v2.m4s"} {
		put(t, s, segments.Key{Stream: "l", Generation: 1 << 60, Name: name}, name)
	}
	l, err := s.List(t.Context(), "l", 1<<60)
	if err != nil || len(l) != len(want) {
		t.Fatalf("%v, %v", l, err)
	}
	for i, info := range l {
		if info.Name != want[i] || info.Size != int64(len(want[i])) || info.Modified.Sub(began).Abs() > time.Minute {
			t.Errorf("%+v, want %s", info, want[i])
		}
	}
	if l, err := s.List(t.Context(), "nobody", 1); err != nil || len(l) != 0 {
		t.Errorf("nobody's: %v, %v", l, err)
	}
}

func replaces(t *testing.T, s segments.Store) {
	put(t, s, key("again"), "first, longer")
	put(t, s, key("again"), "second")
	if got := get(t, s, key("again")); got != "second" {
		t.Errorf("got %q", got)
	}
}

func reading(t *testing.T, s segments.Store) {
	want := bytes.Repeat([]byte("0123456789"), 100_000)
	put(t, s, key("read"), string(want))
	o, err := s.Get(t.Context(), key("read"))
	if err != nil {
		t.Fatal(err)
	}
	defer o.Body.Close()
	head := make([]byte, 1000)
	if _, err := io.ReadFull(o.Body, head); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), key("read")); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(o.Body)
	if err == nil && !bytes.Equal(append(head, rest...), want) {
		t.Errorf("%d bytes of %d, and no error", len(head)+len(rest), len(want))
	}
}

func sweeps(t *testing.T, s segments.Store) {
	for i := range 4 {
		put(t, s, segments.Key{Stream: fmt.Sprint("sweep", i), Generation: 1, Name: "old"}, "x")
	}
	if n, err := s.Sweep(t.Context(), time.Now().Add(-time.Hour)); n != 0 || err != nil {
		t.Errorf("swept %d that are young, %v", n, err)
	}
	if n, err := s.Sweep(t.Context(), time.Now().Add(time.Hour)); n < 4 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	if g, err := s.Generations(t.Context(), "sweep0"); err != nil || len(g) != 0 {
		t.Errorf("then %v, %v", g, err)
	}
}

func ended(t *testing.T, s segments.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Put(ctx, key("late"), segments.Blob{[]byte("x")}); !errors.Is(err, context.Canceled) {
		t.Errorf("put: %v", err)
	}
	if _, err := s.Get(ctx, key("late")); !errors.Is(err, context.Canceled) {
		t.Errorf("get: %v", err)
	}
	if got := get(t, s, key("late")); got != "not found" {
		t.Errorf("then got %q", got)
	}
}

// hammer has writers, readers and those who delete: what is read is whole.
func hammer(t *testing.T, s segments.Store) {
	const writers, rounds = 8, 20
	ctx := t.Context()
	var all sync.WaitGroup
	for w := range writers {
		k := func(i int) segments.Key {
			return segments.Key{Stream: fmt.Sprint("h", w%2), Generation: uint64(w % 3), Name: fmt.Sprintf("s%d", i%5)}
		}
		all.Go(func() {
			for i := range rounds {
				b := segments.Blob{bytes.Repeat([]byte{byte('a' + w)}, 1000), bytes.Repeat([]byte{byte('a' + w)}, i)}
				if err := s.Put(ctx, k(i), b); err != nil {
					t.Errorf("put: %v", err)
				}
			}
		})
		all.Go(func() {
			for i := range rounds {
				o, err := s.Get(ctx, k(i))
				if errors.Is(err, segments.ErrNotFound) {
					continue
				} else if err != nil {
					t.Errorf("get: %v", err)
					continue
				}
				b, err := io.ReadAll(o.Body)
				o.Body.Close()
				if err != nil || int64(len(b)) != o.Size || len(b) < 1000 || len(bytes.Trim(b, string(b[:1]))) != 0 {
					t.Errorf("%d bytes of %d, %v", len(b), o.Size, err)
				}
			}
		})
		all.Go(func() {
			for i := range rounds {
				if err := s.Delete(ctx, k(i)); err != nil {
					t.Errorf("delete: %v", err)
				}
				if i%7 == 6 {
					if err := s.Drop(ctx, fmt.Sprint("h", w%2), uint64(w%3)); err != nil {
						t.Errorf("drop: %v", err)
					}
				}
			}
		})
	}
	all.Wait()
}
