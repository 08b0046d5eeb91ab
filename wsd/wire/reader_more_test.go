package wire

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestReaderErrorStays(t *testing.T) {
	r := NewReader(Limits{})
	_, first := feedAll(r, last("x"))
	events, again := feedAll(r, txt("hello"))
	if first == nil || again != first || len(events) != 0 {
		t.Fatalf("first %v, again %v, events %q", first, again, events)
	}
	if r.buf != nil || r.control != nil {
		t.Fatal("a failed reader keeps memory")
	}
}

func TestErrorCodes(t *testing.T) {
	for err, code := range map[*Error]Code{
		ErrUnmasked: 1002, ErrReserved: 1002, ErrOpcode: 1002, ErrNotMinimal: 1002, ErrLengthSign: 1002,
		ErrControlSize: 1002, ErrControlFragment: 1002, ErrExpectedContinuation: 1002, ErrUnexpectedContinuation: 1002,
		ErrCloseLength: 1002, ErrCloseCode: 1002, ErrCloseReason: 1007, ErrUTF8: 1007, ErrTooBig: 1009, ErrTooFragmented: 1009,
	} {
		if err.Code != code || !err.Code.Sendable() || !strings.HasPrefix(err.Error(), "websocket: ") {
			t.Errorf("%v has code %d, want %d", err, err.Code, code)
		}
	}
}

// TestReaderMemory: an announcement allocates nothing, and what has arrived is
// held once, within the limit (ABUSE 97, 103).
func TestReaderMemory(t *testing.T) {
	r := NewReader(Limits{Message: 1 << 20})
	if _, err := feedAll(r, announce(fin|2, 127, u64(1<<20)...)); err != nil {
		t.Fatal(err)
	}
	if cap(r.buf) != 0 {
		t.Fatalf("%d bytes allocated for an announcement", cap(r.buf))
	}
	for range 1<<20/1000 - 1 {
		if _, err := feedAll(r, make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
		if cap(r.buf) > 1<<20 || cap(r.buf) > max(512, 2*len(r.buf)) {
			t.Fatalf("%d bytes held for %d", cap(r.buf), len(r.buf))
		}
	}
	r = NewReader(Limits{})
	if _, err := feedAll(r, firstTxt("abc"), last("def")); err != nil {
		t.Fatal(err)
	}
	if r.buf != nil {
		t.Fatal("an idle reader keeps a buffer")
	}
}

// TestReaderAliases: a whole message is unmasked where it lies.
func TestReaderAliases(t *testing.T) {
	p := cat(txt("hello"), ping("x"))
	r := NewReader(Limits{})
	m, rest, err := r.Feed(p)
	if err != nil || &m.Payload[0] != &p[6] || len(rest) != 7 {
		t.Fatalf("message %q, %d left, %v", m.Payload, len(rest), err)
	}
	_ = append(m.Payload, "overrun"...) // must not run into the next frame
	if m, _, err = r.Feed(rest); err != nil || describe(m) != "ping x" {
		t.Fatalf("%s, %v", describe(m), err)
	}
}

func TestReaderAllocs(t *testing.T) {
	for name, frame := range map[string][]byte{
		"text": txt(strings.Repeat("é", 100)), "binary": bin(strings.Repeat("x", 5000)),
		"ping": ping("clock"), "close": closing(1000, "bye"),
	} {
		var r Reader
		buf := make([]byte, len(frame))
		if n := testing.AllocsPerRun(100, func() {
			r.Init(Limits{})
			copy(buf, frame)
			if m, _, err := r.Feed(buf); err != nil || m.Kind == None {
				t.Fatal(m.Kind, err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// FuzzReader: however the bytes are cut, the same comes out.
func FuzzReader(f *testing.F) {
	for _, tc := range readerCases() {
		if len(tc.in) < 300 {
			f.Add(tc.in, uint16(len(tc.in)/2))
		}
	}
	f.Fuzz(func(t *testing.T, in []byte, cut uint16) {
		limits := Limits{Message: 1 << 12, Fragments: 16}
		whole, err := feedAll(NewReader(limits), bytes.Clone(in))
		var single [][]byte
		for _, b := range in {
			single = append(single, []byte{b})
		}
		k := min(int(cut), len(in))
		for _, chunks := range [][][]byte{single, {bytes.Clone(in[:k]), bytes.Clone(in[k:])}} {
			r := NewReader(limits)
			events, err2 := feedAll(r, chunks...)
			if strings.Join(events, "|") != strings.Join(whole, "|") || !errors.Is(err2, err) && err != err2 {
				t.Fatalf("whole: %q, %v; in %d pieces: %q, %v", whole, err, len(chunks), events, err2)
			}
			if cap(r.buf) > limits.Message || len(r.control) > MaxControl {
				t.Fatalf("holds %d and %d bytes", cap(r.buf), len(r.control))
			}
		}
	})
}

func BenchmarkReader(b *testing.B) {
	for _, bc := range []struct {
		name  string
		frame []byte
	}{
		{"ping-8", ping("12345678")}, {"text-150", txt(strings.Repeat("a", 150))},
		{"binary-150", bin(strings.Repeat("a", 150))}, {"binary-16k", bin(strings.Repeat("a", 16<<10))},
	} {
		b.Run(bc.name, func(b *testing.B) {
			r := NewReader(Limits{})
			buf := make([]byte, len(bc.frame))
			b.SetBytes(int64(len(buf)))
			b.ReportAllocs()
			for b.Loop() {
				copy(buf, bc.frame)
				if _, _, err := r.Feed(buf); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
