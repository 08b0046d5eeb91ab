package reactor

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

func stateFrame(key uint64, s string) *Frame {
	return NewFrame(Spec{Kind: State, Key: key, Bytes: [Variants][]byte{[]byte(s)}})
}

func dropFrame(s string) *Frame {
	return NewFrame(Spec{Kind: Droppable, Bytes: [Variants][]byte{[]byte(s)}})
}

// content is what would be written.
func content(q *queue) string {
	return string(bytes.Join(q.gather(nil, 0, 1<<20, 1<<30), nil))
}

func TestQueuePolicy(t *testing.T) {
	type step struct {
		f       *Frame
		want    verdict
		purged  int
		written int // bytes taken off before the push
	}
	must := func(s string) *Frame { return text(s) }
	for _, tc := range []struct {
		name  string
		lim   Limits
		steps []step
		left  string
	}{
		{"first in, first out", Limits{100, 10}, []step{{f: must("a")}, {f: stateFrame(1, "s")}, {f: dropFrame("d")}}, "asd"},
		{"a state moves to the end, so order is kept", Limits{100, 10},
			[]step{{f: stateFrame(1, "old")}, {f: must("-")}, {f: stateFrame(1, "new"), want: replaced}}, "-new"},
		{"keys are apart", Limits{100, 10}, []step{{f: stateFrame(1, "a")}, {f: stateFrame(2, "b")}, {f: stateFrame(1, "c"), want: replaced}}, "bc"},
		{"a state written in part stays", Limits{100, 10}, []step{{f: stateFrame(1, "old")}, {f: stateFrame(1, "new"), written: 1}}, "ldnew"},
		{"half full refuses droppable", Limits{10, 10}, []step{{f: must("12345")}, {f: dropFrame("d"), want: pressured}, {f: must("6")}}, "123456"},
		{"half the frames refuse droppable", Limits{100, 4}, []step{{f: must("1")}, {f: must("2")}, {f: dropFrame("d"), want: pressured}}, "12"},
		{"droppable goes first", Limits{10, 10}, []step{{f: dropFrame("dd")}, {f: must("1")}, {f: dropFrame("d")}, {f: must("12345678"), purged: 2}}, "112345678"},
		{"droppable goes first, by frames", Limits{100, 3}, []step{{f: dropFrame("d")}, {f: must("1")}, {f: must("2")}, {f: must("3"), purged: 1}}, "123"},
		{"a droppable written in part stays", Limits{10, 10}, []step{{f: dropFrame("abc")}, {f: must("12345678"), written: 1}, {f: must("x"), want: overflow}}, "bc12345678"},
		{"bytes overflow", Limits{10, 10}, []step{{f: must("1234567890")}, {f: must("x"), want: overflow}}, "1234567890"},
		{"frames overflow", Limits{100, 2}, []step{{f: must("a")}, {f: must("b")}, {f: must("c"), want: overflow}}, "ab"},
		{"a replaced state makes its own room", Limits{4, 10}, []step{{f: stateFrame(1, "1234")}, {f: stateFrame(1, "5678"), want: replaced}}, "5678"},
		{"writing makes room", Limits{10, 10}, []step{{f: must("1234567890")}, {f: must("abcde"), written: 5}}, "67890abcde"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var q queue
			for i, s := range tc.steps {
				if s.written > 0 {
					q.advance(s.written, 0)
				}
				if v, purged := q.push(s.f, len(s.f.bytes(0)), 0, &tc.lim); v != s.want || purged != s.purged {
					t.Fatalf("step %d: verdict %d, purged %d; want %d, %d", i, v, purged, s.want, s.purged)
				}
			}
			if got := content(&q); got != tc.left || q.bytes != len(tc.left) {
				t.Fatalf("left %q (%d bytes), want %q", got, q.bytes, tc.left)
			}
		})
	}
}

// TestQueueSubsequence: whatever happens, a peer sees a subsequence of what was
// sent, every Must frame of it, the latest of every State, and whole frames.
func TestQueueSubsequence(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 1))
		lim := Limits{Bytes: 50 + rng.IntN(2000), Frames: 5 + rng.IntN(100)}
		var q queue
		var sent []*Frame
		accepted := map[*Frame]bool{}
		latest := map[uint64]*Frame{}
		var out bytes.Buffer
		for i := range 600 {
			if rng.IntN(3) == 0 && !q.empty() {
				bufs := bytes.Join(q.gather(nil, 0, 1+rng.IntN(8), 1+rng.IntN(500)), nil)
				n := rng.IntN(len(bufs) + 1)
				out.Write(bufs[:n])
				q.advance(n, 0)
				continue
			}
			kind := Kind(rng.IntN(3))
			b := fmt.Appendf(nil, "<%d:%0*d>", i, 1+rng.IntN(30), 0)
			f := NewFrame(Spec{Kind: kind, Key: rng.Uint64N(3), Bytes: [Variants][]byte{b}})
			v, _ := q.push(f, len(b), 0, &lim)
			if q.bytes > lim.Bytes || int(q.frames) > lim.Frames {
				t.Fatalf("seed %d: %d bytes, %d frames over %+v", seed, q.bytes, q.frames, lim)
			}
			if v == overflow { // the connection would end here, its old state gone
				delete(latest, f.key)
				break
			}
			sent = append(sent, f)
			if v != pressured {
				accepted[f] = true
			}
			if kind == State {
				latest[f.key] = f
			}
		}
		rest := bytes.Join(q.gather(nil, 0, 1<<20, 1<<30), nil)
		out.Write(rest)
		q.advance(len(rest), 0)
		if !q.empty() || q.bytes != 0 || q.states != 0 || q.drops != 0 || q.locked != 0 || q.off != 0 {
			t.Fatalf("seed %d: not empty after all was written: %+v", seed, q)
		}
		got := out.Bytes()
		for _, f := range sent {
			if bytes.HasPrefix(got, f.bytes(0)) {
				got = got[len(f.bytes(0)):]
				continue
			}
			if accepted[f] && (f.kind == Must || f.kind == State && latest[f.key] == f) {
				t.Fatalf("seed %d: %q is missing", seed, f.bytes(0))
			}
		}
		if len(got) > 0 {
			t.Fatalf("seed %d: %q is out of order or cut", seed, tail(string(got)))
		}
	}
}
