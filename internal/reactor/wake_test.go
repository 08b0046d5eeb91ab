package reactor

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// fetcher is a member that looks at a number whenever it is woken.
type fetcher struct {
	*spy
	group *Group
	from  *atomic.Int64
	calls atomic.Int64
	seen  atomic.Int64
	crash atomic.Bool
}

func (f *fetcher) Open(c *Conn) error {
	f.group.Join(c)
	return nil
}

func (f *fetcher) Wake(c *Conn) {
	if f.crash.Load() {
		panic("woken")
	}
	f.calls.Add(1)
	f.seen.Store(f.from.Load())
	c.Push(text("x"))
}

// TestWake: whatever was done before a wake is seen by every member, one that has just joined too, and wakes that meet
// are one.
func TestWake(t *testing.T) {
	for _, w := range wires() {
		t.Run(w.name, func(t *testing.T) {
			r := start(t, Config{Driver: w.driver, Shards: 2})
			group := r.NewGroup()
			var number atomic.Int64
			var members []*fetcher
			for range 8 {
				f := &fetcher{spy: newSpy(), group: group, from: &number}
				server, client := w.pair(t)
				defer client.Close()
				go func() {
					for buf := make([]byte, 4096); ; {
						if _, err := client.Read(buf); err != nil {
							return
						}
					}
				}()
				if _, err := r.Adopt(server, f, Options{}); err != nil {
					t.Fatal(err)
				}
				members = append(members, f)
				number.Add(1)
				group.Wake() // while it joins
			}
			const writers, each = 4, 2000
			var all sync.WaitGroup
			for range writers {
				all.Go(func() {
					for range each {
						number.Add(1)
						group.Wake()
					}
				})
			}
			all.Wait()
			for i, f := range members {
				for end := time.Now().Add(patience); f.seen.Load() != number.Load(); time.Sleep(time.Millisecond) {
					if time.Now().After(end) {
						t.Fatalf("member %d saw %d of %d", i, f.seen.Load(), number.Load())
					}
				}
				if n := f.calls.Load(); n > writers*each+int64(len(members)) {
					t.Errorf("member %d was woken %d times", i, n)
				}
			}
		})
	}
}

// TestWakeCrash: a member that panics ends alone.
func TestWakeCrash(t *testing.T) {
	r := start(t, Config{Shards: 1})
	group := r.NewGroup()
	var number atomic.Int64
	var members []*fetcher
	for i := range 5 {
		f := &fetcher{spy: newSpy(), group: group, from: &number}
		server, client := tcpPair(t)
		defer client.Close()
		if _, err := r.Adopt(server, f, Options{}); err != nil {
			t.Fatal(err)
		}
		for f.calls.Load() == 0 {
			time.Sleep(time.Millisecond)
		}
		f.crash.Store(i%2 == 0)
		members = append(members, f)
	}
	number.Store(7)
	group.Wake()
	for i, f := range members {
		if i%2 == 0 {
			var panicked *PanicError
			if err := recv(t, "end", f.closed); !errors.As(err, &panicked) {
				t.Errorf("member %d ended with %v", i, err)
			}
			continue
		}
		for end := time.Now().Add(patience); f.seen.Load() != 7; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("member %d was not woken", i)
			}
		}
	}
	if n := group.Size(); n != 2 {
		t.Errorf("%d members are left", n)
	}
}
