package stream

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestHammer has one publisher after the other and 500 readers: half of them wait,
// a quarter is woken, a quarter hardly reads.
func TestHammer(t *testing.T) {
	g := NewRegistry(RegistryConfig{Stream: Config{MaxTime: 2 * time.Second, Grace: 50 * ms, Stall: time.Minute}, Step: 10 * ms})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	running := make(chan error, 1)
	go func() { running <- g.Run(ctx) }()
	s, err := g.Open("hammer")
	if err != nil {
		t.Fatal(err)
	}
	var readers sync.WaitGroup
	var read, slow, ended atomic.Int64
	for i := range 500 {
		readers.Go(func() {
			wake := make(chan struct{}, 1)
			o := ReaderOptions{}
			if i%4 == 1 {
				o.Wake = func() {
					select {
					case wake <- struct{}{}:
					default:
					}
				}
			}
			r, err := s.Reader(o)
			if err != nil {
				t.Error(err)
				return
			}
			defer r.Close()
			dst := make([]*Item, 16)
			var seq uint64
			for {
				var n int
				if o.Wake != nil {
					if n, err = r.Poll(dst); n == 0 && err == nil {
						<-wake
					}
				} else {
					n, err = r.NextBatch(ctx, dst)
				}
				switch {
				case errors.Is(err, ErrSlow):
					slow.Add(1)
					return
				case errors.Is(err, io.EOF):
					ended.Add(1)
					return
				case err != nil:
					t.Error(err)
					return
				}
				for _, it := range dst[:n] {
					if seq != 0 && it.Seq <= seq {
						t.Errorf("item %d after %d", it.Seq, seq)
					}
					seq = it.Seq
					it.Wire(FLV, func(it *Item) any { return it.Packet.Data })
					read.Add(1)
				}
				if i%4 == 3 {
					time.Sleep(5 * ms)
				}
			}
		})
	}
	for range 3 {
		p := publish(t, s)
		for at := time.Duration(0); at < 20*time.Second; at += 40 * ms {
			write(t, p, video(at, at%time.Second == 0), audio(at))
			if at%time.Second == 0 {
				time.Sleep(ms)
			}
		}
	}
	s.Kick(nil)
	readers.Wait()
	if got := slow.Load() + ended.Load(); got != 500 || read.Load() == 0 {
		t.Errorf("%d slow, %d ended, %d items", slow.Load(), ended.Load(), read.Load())
	}
	t.Logf("%d items read, %d readers cut", read.Load(), slow.Load())
	cancel()
	if err := <-running; err != nil {
		t.Error(err)
	}
}

// BenchmarkFanOut is what one packet costs for one reader that follows.
func BenchmarkFanOut(b *testing.B) {
	for _, n := range []struct {
		name    string
		readers int
		batch   int
	}{{"1000 readers, each packet", 1000, 1}, {"1000 readers, every 8 packets", 1000, 8}} {
		b.Run(n.name, func(b *testing.B) {
			s := newTest(Config{})
			p := publish(b, s)
			readers := make([]*Reader, n.readers)
			for i := range readers {
				readers[i] = reader(b, s, ReaderOptions{Internal: true, Wake: func() {}})
			}
			dst := make([]*Item, 32)
			pkt := video(0, false)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				pkt.DTS += 40 * ms
				pkt.PTS = pkt.DTS
				pkt.Key = i%50 == 0
				write(b, p, pkt)
				if i++; i%n.batch != 0 {
					continue
				}
				for _, r := range readers {
					r.Poll(dst)
					r.Poll(dst) // finds nothing, and asks to be woken
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n.readers), "ns/packet/reader")
		})
	}
}

// BenchmarkWrite is what a packet costs the publisher when nobody reads.
func BenchmarkWrite(b *testing.B) {
	s := newTest(Config{})
	p := publish(b, s)
	pkt := video(0, false)
	b.ReportAllocs()
	for b.Loop() {
		pkt.DTS += 40 * ms
		pkt.PTS = pkt.DTS
		write(b, p, pkt)
	}
}
