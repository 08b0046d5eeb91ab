package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/coder/websocket"
)

// atOnce runs every function at the same moment and waits for all.
func atOnce(fs ...func()) {
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	for _, f := range fs {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-start
			f()
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
}

// TestAtTheSameTime is ABUSE-160 and 171 for what is good for one, when many come at once, on both databases.
func TestAtTheSameTime(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *server) {
		host := s.owner()
		bob := s.as(signUp(t, s, "203.0.113.1", "bob"))
		eve := s.as(signUp(t, s, "203.0.113.2", "eve"))
		t.Run("a room always has its owner", func(t *testing.T) { ownersStay(t, host, bob, eve) })
		t.Run("a message that is said again and again", func(t *testing.T) { saidOnce(t, host) })
		t.Run("a ticket", func(t *testing.T) { oneTicket(t, host) })
		t.Run("the last place", func(t *testing.T) { lastPlace(t, s, host, bob, eve) })
	}, "SYNCTV_SERVER_TRUSTED_PROXIES=127.0.0.0/8")
}

// ownersStay has a room handed over to two people at once, who leave at the same time.
func ownersStay(t *testing.T, host, bob, eve *client) {
	for round := range 12 {
		room := host.createRoom(map[string]any{"name": fmt.Sprint("round ", round)}).ID
		for _, c := range []*client{bob, eve} {
			c.must("POST", "/api/v1/rooms/"+room+"/join", map[string]any{}, nil)
		}
		handOver := func(to *client) func() {
			return func() { _ = host.call("POST", "/api/v1/rooms/"+room+"/owner", map[string]any{"userId": to.id}, nil) }
		}
		leave := func(c *client) func() {
			return func() { _ = c.call("POST", "/api/v1/rooms/"+room+"/leave", map[string]any{}, nil) }
		}
		atOnce(handOver(bob), handOver(eve), leave(bob), leave(eve))
		var members struct {
			Members []struct{ ID, Role string }
		}
		host.must("GET", "/api/v1/rooms/"+room+"/members", nil, &members)
		owners := 0
		for _, m := range members.Members {
			if m.Role == "ROOM_ROLE_OWNER" {
				owners++
			}
		}
		if owners != 1 {
			t.Fatalf("round %d: %d owners among %+v", round, owners, members.Members)
		}
	}
}

func saidOnce(t *testing.T, host *client) {
	room := host.createRoom(nil).ID
	ids := make([]string, 8)
	var fs []func()
	for i := range ids {
		fs = append(fs, func() {
			var m messageJSON
			if err := host.call("POST", "/api/v1/rooms/"+room+"/messages", map[string]any{"text": "once", "clientId": "c1"}, &m); err != nil {
				t.Error(err)
			}
			ids[i] = m.ID
		})
	}
	atOnce(fs...)
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("the answers are about different messages: %v", ids)
		}
	}
	var history struct{ Messages []messageJSON }
	if host.must("GET", "/api/v1/rooms/"+room+"/messages", nil, &history); len(history.Messages) != 1 {
		t.Errorf("%d messages", len(history.Messages))
	}
}

func oneTicket(t *testing.T, host *client) {
	room := host.createRoom(nil).ID
	var ticket struct{ Ticket string }
	host.must("POST", "/api/v1/tickets", map[string]any{"roomId": room}, &ticket)
	var in atomic.Int32
	var fs []func()
	for range 8 {
		fs = append(fs, func() {
			ws, _, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(host.base, "http")+"/ws/rooms/"+room+"?ticket="+ticket.Ticket, nil)
			if err == nil {
				in.Add(1)
				ws.CloseNow()
			}
		})
	}
	if atOnce(fs...); in.Load() != 1 {
		t.Errorf("%d came in with one ticket", in.Load())
	}
}

func lastPlace(t *testing.T, s *server, host, bob, eve *client) {
	room := host.createRoom(map[string]any{"settings": map[string]any{"capacity": 1, "guestsAllowed": true}})
	people := []*client{bob, eve}
	for i := range 6 {
		var tok tokensJSON
		s.from(fmt.Sprint("203.0.113.", 10+i)).must(http.MethodPost, "/api/v1/rooms/"+room.ID+"/guests", map[string]any{"name": "Kim"}, &tok)
		people = append(people, s.as(tok))
	}
	for _, c := range people[:2] {
		c.must("POST", "/api/v1/rooms/"+room.ID+"/join", map[string]any{}, nil)
	}
	var in atomic.Int32
	var fs []func()
	for _, c := range people {
		fs = append(fs, func() {
			if _, err := c.tryDial(room.ID, dialOptions{}); err == nil {
				in.Add(1)
			}
		})
	}
	if atOnce(fs...); in.Load() != 1 {
		t.Errorf("%d came in for one place", in.Load())
	}
}
