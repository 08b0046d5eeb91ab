package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"synctv/internal/peertest"
	pb "synctv/proto/synctv/v1"
)

// cluster is two processes that are one server, and a room on it.
type cluster struct {
	*testing.T
	a, b *server
	host *client // on a
	db   string
	room roomJSON
	n    *atomic.Int32 // guests so far
}

const clusterSecret = "SYNCTV_MASTER_SECRET=0123456789abcdef0123456789abcdef"

// clusterEnv makes a process a node. Guests say where they come from, so that a test may have many.
func clusterEnv(db, redis string) []string {
	return []string{"SYNCTV_CLUSTER_ENABLED=true", clusterSecret, "SYNCTV_DATABASE_URL=" + db, "SYNCTV_REDIS_URL=" + redis,
		"SYNCTV_SERVER_TRUSTED_PROXIES=127.0.0.0/8"}
}

func newCluster(t *testing.T, redis string) *cluster {
	db := peertest.Postgres(t)
	env := append(clusterEnv(db, redis), "SYNCTV_REDIS_KEY_PREFIX="+peertest.Prefix(t))
	c := &cluster{T: t, db: db, n: new(atomic.Int32), a: startServer(t, slices.Concat(env, []string{fixedPort(t)})...), b: startServer(t, slices.Concat(env, []string{fixedPort(t)})...)}
	c.host = c.a.owner()
	c.room = c.host.createRoom(map[string]any{"media": []any{map[string]any{"url": "https://example.org/film.mp4", "title": "Film"}}, "play": true})
	return c
}

// within is the same cluster for a part of the test.
func (c *cluster) within(t *testing.T) *cluster {
	part := *c
	part.T = t
	return &part
}

// guest makes a guest on one of the nodes, from an address of its own.
func (c *cluster) guest(s *server) *client {
	c.Helper()
	n := c.n.Add(1)
	var tok tokensJSON
	s.from(fmt.Sprintf("203.0.113.%d", n)).must("POST", "/api/v1/rooms/"+c.room.ID+"/guests", map[string]any{"name": fmt.Sprint("Guest ", n)}, &tok)
	return s.as(tok)
}

// crowd is n talkers who are in the room until the test ends, on both nodes in turn.
func (c *cluster) crowd(n int) []*talker { return c.crowdOf(n, func(*talker) {}) }

func (c *cluster) crowdOf(n int, shape func(*talker)) []*talker {
	c.Helper()
	ctx, cancel := context.WithCancel(c.Context())
	var wg sync.WaitGroup
	c.Cleanup(wg.Wait)
	c.Cleanup(cancel)
	var crowd []*talker
	for i := range n {
		k := newTalker(c.guest([]*server{c.a, c.b}[i%2]), c.room.ID)
		shape(k)
		crowd = append(crowd, k)
		wg.Go(func() { k.stay(ctx) })
	}
	return crowd
}

// say has everybody say a few things at once over the node they are at, and waits for all acknowledgements.
func (c *cluster) say(crowd []*talker, what string, each int) {
	c.Helper()
	var wg sync.WaitGroup
	for i, k := range crowd {
		wg.Go(func() {
			s, err := k.who.tryDial(c.room.ID, dialOptions{})
			if err != nil {
				c.Errorf("talker %d: %v", i, err)
				return
			}
			defer s.ws.CloseNow()
			for j := range each {
				id := fmt.Sprintf("%s-%d-%d", what, i, j)
				ack, refused := s.ask(chatMessage(0, id))
				if refused != nil {
					c.Errorf("%s was refused: %v", id, refused.Error)
					return
				}
				k.mu.Lock()
				k.acknowledge(ack.Message)
				k.mu.Unlock()
			}
		})
	}
	wg.Wait()
}

// converge waits until every talker has seen every event of the room.
func (c *cluster) converge(crowd []*talker, within time.Duration) {
	c.Helper()
	probe := c.host.dial(c.room.ID, dialOptions{})
	eventually(c.T, within, func() error {
		for i, k := range crowd {
			k.mu.Lock()
			last := k.last
			k.mu.Unlock()
			if last < probe.Welcome.Seq {
				return fmt.Errorf("talker %d stands at event %d of %d", i, last, probe.Welcome.Seq)
			}
		}
		return nil
	})
}

func TestClusterIsOneRoom(t *testing.T) {
	t.Parallel()
	c := newCluster(t, peertest.Redis(t))
	t.Run("same events in the same order", c.testOrder)
	t.Run("same people", c.testPresence)
	t.Run("a ticket of one node opens one socket on any", c.testTickets)
	t.Run("what ends on one node ends on the other", c.testEndings)
	t.Run("limits are shared", c.testLimits)
}

func (c *cluster) testOrder(t *testing.T) {
	within := c.within(t)
	crowd := within.crowd(40)
	eventually(t, 10*time.Second, func() error {
		for i, k := range crowd {
			k.mu.Lock()
			in := k.welcomes
			k.mu.Unlock()
			if in == 0 {
				return fmt.Errorf("talker %d is not in", i)
			}
		}
		return nil
	})
	var before playbackJSON
	c.host.must("GET", "/api/v1/rooms/"+c.room.ID+"/playback", nil, &before)
	var wg sync.WaitGroup
	var intents atomic.Int32
	for node, who := range []*client{c.host, c.guest(c.b)} {
		wg.Go(func() {
			for i := range 15 {
				op := map[string]any{"op": []string{"PLAYBACK_OP_PLAY", "PLAYBACK_OP_PAUSE"}[i%2], "positionMs": 1000*i + node, "clientId": fmt.Sprintf("i-%d-%d", node, i)}
				var p playbackJSON
				if err := who.call("POST", "/api/v1/rooms/"+c.room.ID+"/playback", map[string]any{"intent": op}, &p); err != nil {
					t.Error(err)
				} else if p.ClientID == op["clientId"] {
					intents.Add(1)
				}
			}
		})
	}
	within.say(crowd, "order", 8)
	wg.Wait()
	within.converge(crowd, 10*time.Second)
	all := checkHistory(t, c.host, c.room.ID, crowd)
	if len(all) < 40*8 {
		t.Errorf("history has %d messages", len(all))
	}
	revisions, named := revisionsSeen(t, crowd, before.Revision)
	if named != int(intents.Load()) {
		t.Errorf("%d intents were accepted, %d came as events", intents.Load(), named)
	}
	t.Logf("%d messages and %d changes of playback (%d intents) seen by 40 people on two nodes in one order, each revision one higher",
		len(all), revisions, named)
}

// revisionsSeen checks that playback events of everybody rise by one, and counts those of intents.
func revisionsSeen(t *testing.T, crowd []*talker, from uint32) (changes, named int) {
	t.Helper()
	for i, k := range crowd {
		k.mu.Lock()
		var seqs []uint32
		for seq, name := range k.events {
			if strings.HasPrefix(name, "playback ") {
				seqs = append(seqs, seq)
			}
		}
		slices.Sort(seqs)
		next := from + 1
		changes, named = len(seqs), 0
		for _, seq := range seqs {
			var rev uint32
			var client string
			fmt.Sscanf(k.events[seq], "playback %d by %q", &rev, &client)
			if rev <= from { // before we began to count
				changes--
				continue
			}
			if rev != next {
				t.Errorf("talker %d: revision %d came where %d was due", i, rev, next)
			}
			next = rev + 1
			if client != "" {
				named++
			}
		}
		k.mu.Unlock()
	}
	return changes, named
}

// people are the names somebody new on this node is told of.
func (c *cluster) people(s *server) []string {
	sock := c.host.on(s).dial(c.room.ID, dialOptions{})
	defer sock.ws.CloseNow()
	var names []string
	for _, p := range sock.Welcome.Snapshot.GetPeople() {
		if p.SessionId != sock.Welcome.SessionId && strings.HasPrefix(p.Name, "Guest") {
			names = append(names, p.Name)
		}
	}
	slices.Sort(names)
	return names
}

func (c *cluster) testPresence(t *testing.T) {
	var socks []*socket
	for i := range 8 {
		socks = append(socks, c.guest([]*server{c.a, c.b}[i%2]).dial(c.room.ID, dialOptions{}))
	}
	same := func(want int) {
		t.Helper()
		eventually(t, 8*time.Second, func() error {
			a, b := c.people(c.a), c.people(c.b)
			if len(a) != want || !slices.Equal(a, b) {
				return fmt.Errorf("on one node %v, on the other %v; want %d", a, b, want)
			}
			return nil
		})
	}
	same(8)
	socks[0].ws.CloseNow()
	socks[1].ws.CloseNow()
	same(6)
	for _, s := range socks {
		s.ws.CloseNow()
	}
	same(0)
}

func (c *cluster) testTickets(t *testing.T) {
	for n := range 5 {
		var ticket struct{ Ticket string }
		c.guest(c.a).must("POST", "/api/v1/tickets", map[string]any{"roomId": c.room.ID}, &ticket)
		var opened atomic.Int32
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				ws, status := dialTicket(t, []*server{c.b, c.a}[i%2], c.room.ID, ticket.Ticket)
				if ws != nil {
					opened.Add(1)
				} else if status != 401 {
					t.Errorf("refused with %d", status)
				}
			})
		}
		wg.Wait()
		if opened.Load() != 1 {
			t.Errorf("round %d: the ticket opened %d sockets", n, opened.Load())
		}
	}
}

func (c *cluster) testEndings(t *testing.T) {
	var user tokensJSON
	c.b.from("203.0.113.250").must("POST", "/api/v1/auth/register", map[string]any{"username": "ana", "password": "correct horse"}, &user)
	c.b.as(user).must("POST", "/api/v1/rooms/"+c.room.ID+"/join", map[string]any{}, nil)
	kicked, banned := c.guest(c.b), c.guest(c.b)
	for _, e := range []struct {
		name string
		who  *client
		end  func(*client)
		code int
	}{
		{"kick", kicked, func(g *client) {
			c.host.must("POST", "/api/v1/rooms/"+c.room.ID+"/members/"+g.id+"/kick", map[string]any{}, nil)
		}, 4410},
		{"ban", banned, func(g *client) {
			c.host.must("POST", "/api/v1/rooms/"+c.room.ID+"/bans", map[string]any{"personId": g.id}, nil)
		}, 4411},
		{"logout", c.b.as(user), func(u *client) { u.on(c.a).must("POST", "/api/v1/auth/logout", map[string]any{}, nil) }, 4401},
	} {
		t.Run(e.name, func(t *testing.T) {
			sock := e.who.dial(c.room.ID, dialOptions{})
			began := time.Now()
			e.end(e.who)
			if code, _ := sock.closed(2 * time.Second); int(code) != e.code {
				t.Errorf("closed with %d, want %d", code, e.code)
			}
			t.Logf("closed on the other node after %v", time.Since(began).Round(time.Millisecond))
			eventually(t, 2*time.Second, func() error {
				if e.who.call("GET", "/api/v1/rooms/"+c.room.ID, nil, nil) == nil {
					return fmt.Errorf("the token still opens the room")
				}
				return nil
			})
		})
	}
}

func (c *cluster) testLimits(t *testing.T) {
	g := c.guest(c.a)
	a, b := g.dial(c.room.ID, dialOptions{}), g.on(c.b).dial(c.room.ID, dialOptions{})
	said, began := 0, time.Now()
	for i := range 40 {
		s := []*socket{a, b}[i%2]
		_, refused := s.ask(chatMessage(0, fmt.Sprint("limit-", i)))
		if refused == nil {
			said++
		} else if refused.Error.Code != "rate_limited" || refused.Error.RetryAfterMs == 0 {
			t.Errorf("refused with %v", refused.Error)
		}
	}
	if most := 11 + int(time.Since(began)/(500*time.Millisecond)); said > most {
		t.Errorf("%d messages passed in %v over two nodes, at most %d may", said, time.Since(began), most)
	}
}

// TestClusterNodeDies kills a node: its people leave the other's list, and the room goes on.
func TestClusterNodeDies(t *testing.T) {
	t.Parallel()
	c := newCluster(t, peertest.Redis(t))
	stays := c.guest(c.a).dial(c.room.ID, dialOptions{})
	for range 3 {
		c.guest(c.b).dial(c.room.ID, dialOptions{})
	}
	eventually(t, 8*time.Second, func() error {
		if got := c.people(c.a); len(got) != 4 {
			return fmt.Errorf("%v are there", got)
		}
		return nil
	})
	c.b.kill()
	began := time.Now()
	gone := 0
	for gone < 3 {
		m, err := stays.tryNext(40*time.Second-time.Since(began), func(m *pb.ServerMessage) bool { return len(m.GetPresence().GetGone()) > 0 })
		if err != nil {
			t.Fatalf("after %v %d of 3 people of the dead node have gone: %v", time.Since(began), gone, err)
		}
		gone += len(m.GetPresence().GetGone()) // also those who come to look, but nobody does here
	}
	t.Logf("people of the dead node gone after %v", time.Since(began).Round(100*time.Millisecond))
	if got := c.people(c.a); len(got) != 1 {
		t.Errorf("%v are said to be there", got)
	}
	stays.say("still here", "1")
}

// TestRollingRestart restarts both nodes, one after the other, while people talk. They move to the other node and back,
// and miss nothing: what one node told them the other goes on from.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	c := newCluster(t, peertest.Redis(t))
	crowd := c.crowdOf(12, func(k *talker) { k.homes = []*server{c.a, c.b} })
	said := 0
	talk := func(what string) {
		for i, k := range crowd {
			for j := range 3 {
				k.compose(fmt.Sprintf("%s-%d-%d", what, i, j))
				said++
			}
			k.interrupt()
		}
	}
	heard := func(what string) {
		t.Helper()
		eventually(t, 30*time.Second, func() error {
			for i, k := range crowd {
				if n := len(k.pending()); n > 0 {
					return fmt.Errorf("%s: talker %d waits for %d acknowledgements", what, i, n)
				}
			}
			return nil
		})
	}
	talk("before")
	heard("before")
	for i, s := range []*server{c.a, c.b} {
		talk(fmt.Sprint("during", i))
		if took := s.term(); s.exitCode() != 0 {
			t.Errorf("exit code %d after %v", s.exitCode(), took)
		}
		heard(fmt.Sprint("while node ", i, " is away"))
		s.start()
	}
	talk("after")
	heard("after")
	c.converge(crowd, 10*time.Second)
	if all := checkHistory(t, c.host, c.room.ID, crowd); len(all) != said {
		t.Errorf("history has %d messages, %d were said", len(all), said)
	}
	moves := 0
	for _, k := range crowd {
		moves += k.moves
	}
	t.Logf("%d messages, each once, %d connections moved to the other node without hole or double", said, moves)
}
