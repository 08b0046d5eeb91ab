package flv_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"

	"synctv/mediad/av"
)

func capture(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile("../rtmp/testdata/" + name + ".rtmp")
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestDamagedCaptures plays real sessions that are cut, altered, or shuffled:
// nothing panics, memory stays small, and time still grows.
func TestDamagedCaptures(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var before, after runtime.MemStats
	for _, src := range sources {
		raw := capture(t, src.name)
		for range 150 {
			b := bytes.Clone(raw)
			for range 1 + r.IntN(8) {
				at := 3073 + r.IntN(len(b)-3073)
				switch r.IntN(3) {
				case 0:
					b[at] ^= 1 << r.IntN(8)
				case 1:
					b = append(b[:at], b[min(len(b), at+r.IntN(50)):]...)
				default:
					from := 3073 + r.IntN(len(raw)-3073)
					b = append(b[:at:at], append(bytes.Clone(raw[from:min(len(raw), from+r.IntN(200))]), b[at:]...)...)
				}
				if len(b) < 3100 {
					break
				}
			}
			runtime.ReadMemStats(&before)
			in := take(bytes.NewReader(b), io.Discard)
			runtime.ReadMemStats(&after)
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 8<<20 {
				t.Fatalf("%s: %d bytes for %d", src.name, grown, len(b))
			}
			var tl av.Timeline
			last := tl.Now()
			for _, p := range in.packets {
				if tl.Place(p); tl.Now() < last || tl.Now()-last > av.MaxGap+2e6 {
					t.Fatalf("%s: from %v to %v", src.name, last, tl.Now())
				}
				last = tl.Now()
			}
		}
	}
}

// BenchmarkIngest is all that a publisher costs us on the wire: chunks, session,
// tags, packets.
func BenchmarkIngest(b *testing.B) {
	raw := capture(b, "h264-aac")
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if in := take(bytes.NewReader(raw), io.Discard); in.err != nil {
			b.Fatal(in.err)
		}
	}
}
