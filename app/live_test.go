package app_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"synctv/app"
	"synctv/app/apptest"
	"synctv/app/playback"
)

// say sends a message that must be accepted.
func say(t *testing.T, n *apptest.Node, by app.Actor, room app.RoomID, text string) app.Message {
	t.Helper()
	m, err := n.SendMessage(t.Context(), n.Grant(t, by, room, app.ChatSend), app.NewMessage{Text: text})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// seqs lists the numbers of events.
func seqs(events []app.Event) []uint32 {
	var list []uint32
	for _, ev := range events {
		list = append(list, ev.Seq)
	}
	return list
}

func consecutive(list []uint32) bool {
	for i := 1; i < len(list); i++ {
		if list[i] != list[i-1]+1 {
			return false
		}
	}
	return true
}

// lies is a bus that loses, doubles and delays.
func lies(seed uint64, lost, doubled float64, late time.Duration) apptest.Fate {
	var mu sync.Mutex
	r := rand.New(rand.NewPCG(seed, 1))
	return func(*apptest.Bus, string, []byte) []time.Duration {
		mu.Lock()
		defer mu.Unlock()
		delay := func() time.Duration { return time.Duration(r.Int64N(int64(late))) }
		switch x := r.Float64(); {
		case x < lost:
			return nil
		case x < lost+doubled:
			return []time.Duration{delay(), delay()}
		}
		return []time.Duration{delay()}
	}
}

func TestEveryListenerGetsEveryEventOnceAndInOrder(t *testing.T) {
	for _, c := range []struct {
		name string
		fate apptest.Fate
	}{
		{"a good bus", nil},
		{"late and out of order", lies(1, 0, 0, 200*time.Millisecond)},
		{"twice", lies(2, 0, 1, 50*time.Millisecond)},
		{"a third is lost", lies(3, 0.34, 0, 5*time.Millisecond)},
		{"everything at once", lies(4, 0.2, 0.2, time.Second)},
		{"nothing arrives", lies(5, 1, 0, time.Second)},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := apptest.NewHouse()
				a, b := h.Open(t), h.Open(t)
				owner := a.User(t, "ada")
				room := a.Room(t, owner, app.NewRoom{})
				bob := b.Member(t, room, "bob")
				id := room.Room.ID
				h.Wire.SetFate(c.fate)
				listeners := []*apptest.Listener{a.Sit(t, owner, id), b.Sit(t, bob, id)}
				want := map[app.MessageID]bool{}
				var mu sync.Mutex
				var all sync.WaitGroup
				for i := range 6 {
					n, by := a, owner
					if i%2 == 1 {
						n, by = b, bob
					}
					all.Go(func() {
						for j := range 40 {
							m := say(t, n, by, id, fmt.Sprint(i, " ", j))
							mu.Lock()
							want[m.ID] = true
							mu.Unlock()
							time.Sleep(time.Duration(j) * time.Millisecond)
						}
					})
				}
				time.Sleep(300 * time.Millisecond)
				listeners = append(listeners, b.Sit(t, bob, id)) // in the middle of it
				all.Wait()
				sleep(12 * time.Second) // two beacons: what the bus lost without a word is found
				newest, _ := h.Store.Room(t.Context(), id)
				for i, l := range listeners {
					list := seqs(l.Events())
					if !consecutive(list) || list[len(list)-1] != newest.Seq || list[0] != l.Welcome.Seq+1 {
						t.Errorf("listener %d, seated at %d of %d, got %v", i, l.Welcome.Seq, newest.Seq, list)
					}
				}
				if len(want) != 240 {
					t.Errorf("%d messages", len(want))
				}
				for _, l := range listeners {
					l.Seat.Leave()
				}
			})
		})
	}
}

// A node that was away longer than the log reaches back says so instead of leaving a hole.
func TestLogThatNoLongerReachesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse()
		a, b := h.Open(t), h.Open(t)
		owner := a.User(t, "ada")
		id := a.Room(t, owner, app.NewRoom{}).Room.ID
		l := b.Sit(t, owner, id)
		h.Wire.SetFate(lies(1, 1, 0, time.Second))
		for i := range 10 {
			say(t, a, owner, id, fmt.Sprint(i))
		}
		h.Store.Forget(id, 3)
		h.Wire.SetFate(nil)
		sleep(6 * time.Second)
		if !slices.Contains(l.Got(), app.Delivered(app.Reset{})) {
			t.Errorf("no reset: %v", l.Got())
		}
		m := say(t, a, owner, id, "after")
		synctest.Wait()
		if list := seqs(l.Events()); len(list) != 1 || list[0] != m.Seq {
			t.Errorf("after the reset: %v", list)
		}
		l.Seat.Leave()
	})
}

// An event that a newer node wrote does not stop an older one.
func TestUnknownEventsAreNumbered(t *testing.T) {
	ev, err := app.DecodeEvent([]byte(`{"seq":7,"at":1,"kind":"of_the_future","body":{"a":1}}`))
	if _, hidden := ev.Body.(app.Hidden); err != nil || ev.Seq != 7 || !hidden {
		t.Errorf("got %+v, %v", ev, err)
	}
}

func TestPublishFailureStillReachesThisNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse()
		n := h.Open(t)
		owner := n.User(t, "ada")
		id := n.Room(t, owner, app.NewRoom{}).Room.ID
		l := n.Sit(t, owner, id)
		sleep(time.Second)
		n.Bus.SetDown(fmt.Errorf("no redis"))
		say(t, n, owner, id, "hello")
		synctest.Wait()
		if len(l.Events()) != 1 {
			t.Errorf("got %v", l.Events())
		}
		sleep(time.Minute)
		if got := l.People(); len(got) != 1 {
			t.Errorf("people on a node without a bus: %v", got)
		}
		l.Seat.Leave()
	})
}

func TestBeacon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse()
		n := h.Open(t)
		owner := n.User(t, "ada")
		id := n.Room(t, owner, app.NewRoom{}).Room.ID
		l := n.Sit(t, owner, id)
		m := say(t, n, owner, id, "x")
		sleep(21 * time.Second)
		var beacons []app.Beacon
		for _, d := range l.Got() {
			if b, ok := d.(app.Beacon); ok {
				beacons = append(beacons, b)
			}
		}
		if len(beacons) != 4 {
			t.Fatalf("%d beacons in 21 s", len(beacons))
		}
		state, _, _ := h.Store.Playback(t.Context(), id)
		if b := beacons[3]; b.Seq != m.Seq || b.Revision != state.Revision || b.Hash != state.Hash() || b.Now == 0 {
			t.Errorf("beacon %+v", b)
		}
		l.Seat.Leave()
	})
}

func TestRoomThatIsDeletedSendsEverybodyOut(t *testing.T) {
	for _, c := range []struct {
		name string
		fate apptest.Fate
	}{{"by the bus", nil}, {"though the bus says nothing", lies(1, 1, 0, time.Second)}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := apptest.NewHouse()
				a, b := h.Open(t), h.Open(t)
				owner := a.User(t, "ada")
				id := a.Room(t, owner, app.NewRoom{}).Room.ID
				l := b.Sit(t, owner, id)
				h.Wire.SetFate(c.fate)
				if err := a.DeleteRoom(t.Context(), a.Grant(t, owner, id, app.RoomOwn)); err != nil {
					t.Fatal(err)
				}
				sleep(6 * time.Second)
				if e, ok := l.Expelled(); !ok || e.Code != app.CodeNotFound {
					t.Errorf("expelled: %+v %v", e, ok)
				}
				closed := 0
				for _, ev := range l.Events() {
					if _, ok := ev.Body.(app.RoomClosed); ok {
						closed++
					}
				}
				if closed != 1 {
					t.Errorf("closed %d times", closed)
				}
				if _, err := b.TrySit(t, owner, id, app.SitOptions{}); app.CodeOf(err) != app.CodeNotFound {
					t.Errorf("sat down in a room that is gone: %v", err)
				}
				l.Seat.Leave()
				sleep(time.Second)
				if b.Load().Rooms != 0 {
					t.Error("the room is still in memory")
				}
			})
		})
	}
}

// The state everybody hears is the one that is stored, whatever the bus does.
func TestPlaybackStaysTheSameOnEveryNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse()
		a, b := h.Open(t), h.Open(t)
		owner := a.User(t, "ada")
		room := a.Room(t, owner, app.NewRoom{Media: []app.NewMedia{{URL: "https://example.org/a.mp4"}}, Play: true})
		id := room.Room.ID
		bob := b.Member(t, room, "bob")
		la, lb := a.Sit(t, owner, id), b.Sit(t, bob, id)
		h.Wire.SetFate(lies(9, 0.3, 0.2, 300*time.Millisecond))
		pos := 0.0
		for i := range 30 {
			n, by := a, owner
			if i%2 == 1 {
				n, by = b, bob
			}
			pos += 1000
			op := []playback.Op{playback.OpPause, playback.OpPlay, playback.OpSeek}[i%3]
			in := playback.Intent{Op: op}
			if op == playback.OpSeek {
				in.PositionMs = &pos
			}
			if _, err := n.Control(t.Context(), n.Grant(t, by, id, app.PlaybackControl), in); err != nil {
				t.Fatal(err)
			}
			time.Sleep(150 * time.Millisecond)
		}
		sleep(12 * time.Second)
		want, _, _ := h.Store.Playback(t.Context(), id)
		for i, l := range []*apptest.Listener{la, lb} {
			var last playback.State
			for _, ev := range l.Events() {
				if p, ok := ev.Body.(app.PlaybackChanged); ok {
					if p.State.Revision != last.Revision+1 && last.Revision != 0 {
						t.Errorf("listener %d: revision %d after %d", i, p.State.Revision, last.Revision)
					}
					last = p.State
				}
			}
			if last.Hash() != want.Hash() {
				t.Errorf("listener %d has %+v, stored is %+v", i, last, want)
			}
			l.Seat.Leave()
		}
	})
}
