package rtmp

import (
	"bytes"
	"fmt"
	"testing"
)

// BenchmarkChunkReader reads frames as an encoder sends them. Bytes per second
// are those on the wire; one allocation for each message is the payload.
func BenchmarkChunkReader(b *testing.B) {
	for _, c := range []struct{ chunk, frame int }{{128, 4000}, {4096, 4000}, {4096, 60_000}, {60_000, 60_000}, {4096, 400}} {
		b.Run(fmt.Sprintf("chunk=%d/frame=%d", c.chunk, c.frame), func(b *testing.B) {
			in := AppendMessage(nil, Message{TypeVideo, 1, 5, fill(c.frame)}, c.chunk)
			r := NewChunkReader(Limits{})
			r.chunkSize = c.chunk
			b.SetBytes(int64(len(in)))
			b.ReportAllocs()
			for b.Loop() {
				for p := in; len(p) > 0; {
					n := min(64<<10, len(p))
					if _, _, err := r.Feed(p[:n]); err != nil {
						b.Fatal(err)
					}
					p = p[n:]
				}
			}
		})
	}
}

// BenchmarkFanOut is what one frame costs for 1,000 players, before the writes:
// made into chunks once, or for each of them.
func BenchmarkFanOut(b *testing.B) {
	const players = 1000
	m := Message{TypeVideo, MediaStream, 5, fill(4000)}
	b.Run("prechunked", func(b *testing.B) {
		b.ReportAllocs()
		bufs := make([][]byte, players)
		for b.Loop() {
			p := Prechunk(m)
			for i := range bufs {
				bufs[i] = p.On(MediaStream)
			}
		}
	})
	b.Run("each", func(b *testing.B) {
		b.ReportAllocs()
		bufs := make([][]byte, players)
		for b.Loop() {
			for i := range bufs {
				bufs[i] = AppendMessage(bufs[i][:0], m, OutChunkSize)
			}
		}
	})
}

func TestAllocations(t *testing.T) {
	in := AppendMessage(nil, Message{TypeVideo, 1, 5, fill(4000)}, 128)
	r := NewChunkReader(Limits{})
	if n := testing.AllocsPerRun(100, func() { r.Feed(in) }); n > 1 {
		t.Errorf("%v allocations for a message, want that of the payload", n)
	}
	if n := testing.AllocsPerRun(100, func() { Prechunk(Message{Type: TypeVideo, Payload: in}) }); n > 1 {
		t.Errorf("%v allocations to make chunks", n)
	}
	p := Prechunk(Message{Type: TypeVideo, Payload: in})
	if !bytes.Equal(p.On(5)[12:], p[12:]) {
		t.Error("another stream has another payload")
	}
}
