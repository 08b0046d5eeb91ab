package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestNobodySlipsIn has people come in at the very moment at which they are thrown out. Whoever got a welcome must be
// out soon after: a look at the token before and a seat after it must not add up to staying.
func TestNobodySlipsIn(t *testing.T) {
	t.Parallel()
	s := startServer(t, "SYNCTV_SERVER_TRUSTED_PROXIES=127.0.0.0/8", "SYNCTV_LOG_LEVEL=warn")
	host := s.owner()
	for _, c := range []struct {
		name string
		make func(room string, i int) *client
		end  func(room string, who *client) error
	}{
		{"kick", func(room string, i int) *client {
			var tok tokensJSON
			s.from(fmt.Sprint("203.0.113.", i)).must("POST", "/api/v1/rooms/"+room+"/guests", map[string]any{"name": "Guest"}, &tok)
			return s.as(tok)
		}, func(room string, who *client) error {
			return host.call("POST", "/api/v1/rooms/"+room+"/members/"+who.id+"/kick", map[string]any{}, nil)
		}},
		{"logout", func(room string, i int) *client {
			u := s.as(signUp(t, s, fmt.Sprint("203.0.113.", i), fmt.Sprint("user", i)))
			u.must("POST", "/api/v1/rooms/"+room+"/join", map[string]any{}, nil)
			return u
		}, func(_ string, who *client) error {
			return who.call("POST", "/api/v1/auth/logout", map[string]any{}, nil)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			room := host.createRoom(nil)
			host.dial(room.ID, dialOptions{})
			var mu sync.Mutex
			var in []*socket
			var wg sync.WaitGroup
			const people, tries = 60, 4
			for i := range people {
				who := c.make(room.ID, i)
				for range tries {
					wg.Go(func() {
						time.Sleep(time.Duration(rand.IntN(3000)) * time.Microsecond) // to meet in every manner
						if sock, err := who.tryDial(room.ID, dialOptions{}); err == nil {
							mu.Lock()
							in = append(in, sock)
							mu.Unlock()
						}
					})
				}
				wg.Go(func() {
					time.Sleep(time.Duration(rand.IntN(3000)) * time.Microsecond)
					if err := c.end(room.ID, who); err != nil {
						t.Error(err)
					}
				})
				if i%10 == 9 {
					wg.Wait()
				}
			}
			wg.Wait()
			deadline, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			var stayed atomic.Int32
			for _, sock := range in {
				wg.Go(func() {
					var err error
					for err == nil {
						_, err = sock.read(deadline)
					}
					if closeStatus(err) == -1 {
						stayed.Add(1)
					}
				})
			}
			wg.Wait()
			if stayed.Load() > 0 {
				t.Errorf("%d of %d sockets stayed", stayed.Load(), len(in))
			}
			t.Logf("%d of %d attempts got a welcome, %d stayed", len(in), people*tries, stayed.Load())
		})
	}
}
