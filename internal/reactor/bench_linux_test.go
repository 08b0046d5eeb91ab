package reactor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The receivers of the benchmarks live in a process of their own, as they do in
// life; it is this test binary, started with sinkEnv set.
const sinkEnv = "REACTOR_BENCH_SINK"

func TestMain(m *testing.M) {
	if spec := os.Getenv(sinkEnv); spec != "" {
		if err := runSink(spec); err != nil {
			fmt.Fprintln(os.Stderr, "sink:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// runSink connects n sockets to addr, reads from all of them with one epoll
// set, and writes a byte to stdout each time another round of bytes is in.
func runSink(spec string) error {
	var addr string
	var n int
	var round int64
	if _, err := fmt.Sscan(spec, &addr, &n, &round); err != nil {
		return err
	}
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return err
	}
	conns := make([]net.Conn, 0, n)
	defer func() { runtime.KeepAlive(conns) }() // unreachable connections would close themselves
	for range n {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			return err
		}
		conns = append(conns, c)
		raw, err := c.(*net.TCPConn).SyscallConn()
		if err != nil {
			return err
		}
		var addErr error
		err = raw.Control(func(fd uintptr) {
			ev := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET, Fd: int32(fd)}
			addErr = unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, int(fd), &ev)
		})
		if err = errors.Join(err, addErr); err != nil {
			return err
		}
	}
	go func() { // the parent is gone
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	events, buf := make([]unix.EpollEvent, 256), make([]byte, 64<<10)
	for got := int64(0); ; {
		k, _ := unix.EpollWait(ep, events, -1)
		for i := range max(k, 0) {
			if k, err := unix.Read(int(events[i].Fd), buf); k > 0 && err == nil {
				got += int64(k)
			}
		}
		for ; got >= round; got -= round {
			os.Stdout.Write([]byte{1})
		}
	}
}

// receivers starts a sink and returns the server's ends, and a function that
// waits until a round of bytes has been received.
func receivers(b testing.TB, n int, round int64) (servers []net.Conn, wait func()) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer ln.Close()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d %d", sinkEnv, ln.Addr(), n, round))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { in.Close(); cmd.Wait() })
	for range n {
		c, err := ln.Accept()
		if err != nil {
			b.Fatal(err)
		}
		servers = append(servers, c)
	}
	one := make([]byte, 1)
	return servers, func() {
		if _, err := io.ReadFull(out, one); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFanout sends a 150-byte frame to every socket of a room, one
// broadcast after the other (burst=1) or eight in a row, waits until all have
// it, and does the same with the usual design: a goroutine per connection that
// takes frames from a channel and calls net.Conn.Write. The two take turns
// within one run, so that what else the machine does falls on both, and the
// medians are reported: time and sender's CPU per delivery, and ours over
// theirs.
func BenchmarkFanout(b *testing.B) {
	for _, n := range []int{1000, 3000} {
		for _, burst := range []int{1, 8} {
			b.Run(fmt.Sprintf("conns=%d/burst=%d", n, burst), func(b *testing.B) { benchFanout(b, n, burst) })
		}
	}
}

func benchFanout(b *testing.B, n, burst int) {
	frame := make([]byte, 150)
	type side struct {
		cast      func([]byte)
		wait      func()
		wall, cpu []float64
	}
	var sides [2]side
	for i, send := range []func(*testing.B, []net.Conn) func([]byte){fanoutReactor, fanoutGoroutines} {
		servers, wait := receivers(b, n, int64(n)*int64(burst)*150)
		sides[i] = side{cast: send(b, servers), wait: wait}
	}
	for b.Loop() {
		for i := range sides {
			s := &sides[i]
			began, used := time.Now(), cpu()
			for range burst {
				s.cast(frame)
			}
			s.wait()
			per := float64(n * burst)
			s.wall = append(s.wall, float64(time.Since(began))/per)
			s.cpu = append(s.cpu, float64(cpu()-used)/per)
		}
	}
	ours, theirs := &sides[0], &sides[1]
	b.ReportMetric(median(ours.wall), "ns/delivery")
	b.ReportMetric(median(theirs.wall), "goroutines-ns/delivery")
	b.ReportMetric(median(ours.wall)/median(theirs.wall), "time-ratio")
	b.ReportMetric(median(ours.cpu)/median(theirs.cpu), "cpu-ratio")
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

// cpu is the CPU time of this process, which is the sender.
func cpu() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func fanoutReactor(b *testing.B, servers []net.Conn) func([]byte) {
	r := start(b, Config{})
	g := r.NewGroup()
	for _, nc := range servers {
		c, err := r.Adopt(nc, silent{}, Options{})
		if err != nil {
			b.Fatal(err)
		}
		g.Join(c)
	}
	return func(p []byte) { g.Broadcast(Bytes(p)) }
}

func fanoutGoroutines(b *testing.B, servers []net.Conn) func([]byte) {
	var wg sync.WaitGroup
	var queues []chan []byte
	for _, nc := range servers {
		q := make(chan []byte, 64)
		queues = append(queues, q)
		wg.Go(func() {
			defer nc.Close()
			for p := range q {
				if _, err := nc.Write(p); err != nil {
					return
				}
			}
		})
	}
	b.Cleanup(func() {
		for _, q := range queues {
			close(q)
		}
		wg.Wait()
	})
	return func(p []byte) {
		for _, q := range queues {
			q <- p
		}
	}
}

// BenchmarkPingUnderStorm measures how long a ping waits for its pong while
// broadcasts to 1,000 other connections of the same shard keep it busy.
func BenchmarkPingUnderStorm(b *testing.B) {
	for _, gap := range []time.Duration{0, 10 * time.Millisecond} {
		name := "idle"
		if gap > 0 {
			name = "storm=100/s"
		}
		b.Run(name, func(b *testing.B) {
			r := start(b, Config{Shards: 1})
			servers, _ := receivers(b, 1000, 1<<60)
			g := r.NewGroup()
			for _, nc := range servers {
				c, err := r.Adopt(nc, silent{}, Options{})
				if err != nil {
					b.Fatal(err)
				}
				g.Join(c)
			}
			h := newSpy()
			h.onData = func(c *Conn, p []byte) error { c.Reply(text("pong")); return nil }
			_, peer := adopt(b, r, wires()[0], h, Options{})
			ctx, cancel := context.WithCancel(context.Background())
			var wg sync.WaitGroup
			if gap > 0 {
				wg.Go(func() {
					for ctx.Err() == nil {
						g.Broadcast(Bytes(make([]byte, 150)))
						time.Sleep(gap)
					}
				})
			}
			var waits []time.Duration
			buf := make([]byte, 4)
			for b.Loop() {
				began := time.Now()
				if _, err := io.WriteString(peer, "ping"); err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(peer, buf); err != nil {
					b.Fatal(err)
				}
				waits = append(waits, time.Since(began))
			}
			cancel()
			wg.Wait()
			slices.Sort(waits)
			b.ReportMetric(float64(waits[len(waits)/2].Microseconds()), "p50-us")
			b.ReportMetric(float64(waits[len(waits)*99/100].Microseconds()), "p99-us")
		})
	}
}
