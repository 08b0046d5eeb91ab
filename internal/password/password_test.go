package password

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"
)

// cheap makes tests fast; what they prove does not depend on the cost.
var cheap = Config{MemoryKiB: 64, Passes: 1, Lanes: 1}

func newHasher(t *testing.T, cfg Config) *Hasher {
	t.Helper()
	h, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestHashAndVerify(t *testing.T) {
	h := newHasher(t, cheap)
	for _, pw := range []string{"", "hunter2hunter2", "密码🔑", "nul\x00inside", strings.Repeat("x", MaxBytes)} {
		hash, err := h.Hash(t.Context(), pw)
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := h.Verify(t.Context(), hash, pw); !ok || err != nil {
			t.Errorf("%q does not fit its own hash: %v", pw, err)
		}
		if ok, _ := h.Verify(t.Context(), hash, pw+"x"); ok {
			t.Errorf("%q fits the hash of %q", pw+"x", pw)
		}
	}
	if ok, _ := h.Verify(t.Context(), mustHash(t, h, "nul\x00inside"), "nul"); ok {
		t.Error("a NUL ends the password")
	}
}

func mustHash(t *testing.T, h *Hasher, pw string) string {
	t.Helper()
	hash, err := h.Hash(t.Context(), pw)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

func TestDefaultsAreTheDocumentedOnes(t *testing.T) {
	h := newHasher(t, Config{})
	if !strings.HasPrefix(h.decoy, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatal(h.decoy)
	}
}

func TestTooLongIsRefusedBeforeHashing(t *testing.T) {
	h := newHasher(t, Config{})
	long := strings.Repeat("a", 1<<20)
	start := time.Now()
	if _, err := h.Hash(t.Context(), long); !errors.Is(err, ErrTooLong) {
		t.Fatal(err)
	}
	if ok, err := h.Verify(t.Context(), h.decoy, long); ok || err != nil {
		t.Fatal(ok, err)
	}
	if d := time.Since(start); d > time.Second {
		t.Fatalf("took %v", d)
	}
}

func TestEmptyHashIsWorkAndNeverFits(t *testing.T) {
	h := newHasher(t, cheap)
	allocs := testing.Benchmark(func(b *testing.B) {
		for range b.N {
			if ok, err := h.Verify(context.Background(), "", ""); ok || err != nil {
				b.Fatal(ok, err)
			}
		}
	}).AllocedBytesPerOp()
	if allocs < 64<<10 {
		t.Fatalf("only %d bytes were worked with: an unknown account is faster than a known one", allocs)
	}
}

func TestForeignHashes(t *testing.T) {
	h := newHasher(t, cheap)
	good := mustHash(t, h, "x")
	cases := map[string]string{
		"other kind":     strings.Replace(good, "argon2id", "argon2i", 1),
		"other version":  strings.Replace(good, "v=19", "v=16", 1),
		"huge memory":    strings.Replace(good, "m=64", "m=4294967295", 1),
		"no memory":      strings.Replace(good, "m=64", "m=0", 1),
		"no passes":      strings.Replace(good, "t=1", "t=0", 1),
		"many passes":    strings.Replace(good, "t=1", "t=4000000", 1),
		"no lanes":       strings.Replace(good, "p=1", "p=0", 1),
		"too many lanes": strings.Replace(good, "p=1", "p=300", 1),
		"cut":            good[:len(good)-30],
		"more":           good + "$x",
		"bcrypt":         "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
		"plain":          "x",
	}
	for name, hash := range cases {
		if ok, err := h.Verify(t.Context(), hash, "x"); ok || !errors.Is(err, ErrEncoding) {
			t.Errorf("%s: %v %v", name, ok, err)
		}
		if !h.Outdated(hash) {
			t.Errorf("%s: passes for current", name)
		}
	}
	if h.Outdated(good) {
		t.Error("a fresh hash is outdated")
	}
}

func TestBoundedPool(t *testing.T) {
	h := newHasher(t, Config{MemoryKiB: 64, Passes: 1, Lanes: 1, Slots: 1, Waiting: 2})
	h.slots <- struct{}{} // somebody works for ever
	h.line <- struct{}{}

	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	errs := make(chan error, 200)
	for range 200 {
		wg.Go(func() {
			_, err := h.Hash(ctx, "x")
			errs <- err
		})
	}
	for range 198 { // all but those who fit into the line are sent away at once
		if err := <-errs; !errors.Is(err, ErrBusy) {
			t.Fatal(err)
		}
	}
	cancel()
	wg.Wait()
	for range 2 {
		if err := <-errs; !errors.Is(err, ErrBusy) {
			t.Fatal(err)
		}
	}
	<-h.slots
	<-h.line
	if _, err := h.Hash(t.Context(), "x"); err != nil {
		t.Fatal("the pool did not recover:", err)
	}
}

func TestConfig(t *testing.T) {
	for _, cfg := range []Config{{MemoryKiB: 4}, {MemoryKiB: 1 << 21}, {Passes: 100}, {Slots: -1}, {Waiting: -1}} {
		if _, err := New(cfg); err == nil {
			t.Errorf("%+v was accepted", cfg)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$argon2id$v=19$m=1,t=1,p=1$$")
	f.Fuzz(func(t *testing.T, s string) {
		p, salt, key, err := decode(s)
		if err != nil {
			return
		}
		p2, salt2, key2, err := decode(encode(p, salt, key))
		if err != nil || p2 != p || string(salt2) != string(salt) || string(key2) != string(key) {
			t.Fatalf("%q does not survive: %v", s, err)
		}
	})
}

func BenchmarkHashDefault(b *testing.B) {
	h, err := New(Config{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := h.Hash(b.Context(), "correct horse battery staple"); err != nil {
			b.Fatal(err)
		}
	}
}
