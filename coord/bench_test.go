package coord_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"synctv/coord"
	"synctv/coord/coordtest"
	"synctv/internal/peertest"
)

// kinds opens one node of each implementation.
func kinds(b *testing.B, bench func(b *testing.B, n *coordtest.Node)) {
	b.Run("local", func(b *testing.B) { bench(b, localNode(openLocal(b, coord.LocalConfig{}))) })
	b.Run("redis", func(b *testing.B) {
		r := openRedis(b, coord.RedisConfig{URL: peertest.Redis(b), Prefix: peertest.Prefix(b), NodeID: "n"})
		bench(b, redisNode("n", r))
	})
}

// BenchmarkBusLatency is one message at a time, from before Publish until receive has it.
func BenchmarkBusLatency(b *testing.B) {
	kinds(b, func(b *testing.B, n *coordtest.Node) {
		got := make(chan struct{}, 1)
		runs(b, "Bus.Run", func(ctx context.Context) error {
			return n.Bus.Run(ctx, func(string, []byte) { got <- struct{}{} }, func([]string) { b.Error("resync") })
		})
		ctx, payload := context.Background(), make([]byte, 200)
		if err := n.Bus.Join(ctx, "room"); err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			if err := n.Bus.Publish(ctx, "room", payload); err != nil {
				b.Fatal(err)
			}
			<-got
		}
	})
}

// BenchmarkBusThroughput is many publishers on 64 rooms; a message counts when it has been received.
func BenchmarkBusThroughput(b *testing.B) {
	kinds(b, func(b *testing.B, n *coordtest.Node) {
		var received, resyncs atomic.Int64
		runs(b, "Bus.Run", func(ctx context.Context) error {
			return n.Bus.Run(ctx, func(string, []byte) { received.Add(1) }, func([]string) { resyncs.Add(1) })
		})
		ctx, payload := context.Background(), make([]byte, 200)
		topics := make([]string, 64)
		for i := range topics {
			topics[i] = fmt.Sprint("room ", i)
			if err := n.Bus.Join(ctx, topics[i]); err != nil {
				b.Fatal(err)
			}
		}
		var sent atomic.Int64
		b.SetParallelism(64)
		b.ReportAllocs()
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				i := sent.Add(1)
				for i-received.Load() > 4096 && resyncs.Load() == 0 { // keep within the queue: what is lost does not count
					time.Sleep(10 * time.Microsecond)
				}
				if err := n.Bus.Publish(ctx, topics[i%64], payload); err != nil {
					b.Error(err)
					return
				}
			}
		})
		for received.Load() < sent.Load() && resyncs.Load() == 0 {
			time.Sleep(10 * time.Microsecond)
		}
		b.StopTimer()
		if resyncs.Load() > 0 {
			b.Fatal("messages were lost")
		}
		b.ReportMetric(float64(received.Load())/b.Elapsed().Seconds(), "msg/s")
	})
}

func BenchmarkAllow(b *testing.B) {
	kinds(b, func(b *testing.B, n *coordtest.Node) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, _, err := n.Limiter.Allow(context.Background(), "k", 100, time.Millisecond, 1); err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
}

func BenchmarkTake(b *testing.B) {
	kinds(b, func(b *testing.B, n *coordtest.Node) {
		b.ReportAllocs()
		ctx := context.Background()
		for b.Loop() {
			if err := n.Keys.Set(ctx, "ticket", []byte("value"), time.Minute); err != nil {
				b.Fatal(err)
			}
			if _, found, err := n.Keys.Take(ctx, "ticket"); !found || err != nil {
				b.Fatal(found, err)
			}
		}
	})
}

func BenchmarkClock(b *testing.B) {
	kinds(b, func(b *testing.B, n *coordtest.Node) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				n.Clock.Now()
			}
		})
	})
}
