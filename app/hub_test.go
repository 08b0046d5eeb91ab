package app_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"synctv/app"
	"synctv/app/apptest"
)

// sleep lets virtual time pass and everything that is due happen.
func sleep(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestRunEndsWhenTheBusBreaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := apptest.NewHouse().Build(t, nil)
		n.Bus.SetDown(apptest.ErrBroken)
		if err := n.Run(t.Context()); !errors.Is(err, apptest.ErrBroken) {
			t.Errorf("Run returned %v", err)
		}
		if _, err := n.TrySit(t, app.Actor{}, "room_x", app.SitOptions{}); err == nil {
			t.Error("somebody sat down on a node that has stopped")
		}
	})
}

func TestNothingRunsBeforeRun(t *testing.T) {
	h := apptest.NewHouse()
	ready := h.Open(t)
	owner := ready.User(t, "ada")
	room := ready.Room(t, owner, app.NewRoom{})
	n := h.Build(t, nil)
	if _, err := n.TrySit(t, owner, room.Room.ID, app.SitOptions{}); app.CodeOf(err) != app.CodeUnavailable {
		t.Errorf("Sit before Run: %v", err)
	}
}

func TestRoomEndsAMinuteAfterTheLastPersonAndOpensAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse()
		n := h.Open(t)
		owner := n.User(t, "ada")
		room := n.Room(t, owner, app.NewRoom{}).Room.ID
		for range 3 {
			l := n.Sit(t, owner, room)
			l.Seat.Leave()
			l.Seat.Leave() // twice is no harm
			sleep(59 * time.Second)
			if got := n.Load(); got.Rooms != 1 || got.Seats != 0 {
				t.Fatalf("after 59 s: %+v", got)
			}
			sleep(5 * time.Second)
			if got := n.Load(); got.Rooms != 0 {
				t.Fatalf("after 64 s: %+v", got)
			}
			if topics := n.Bus.Joined(); len(topics) != 0 {
				t.Fatalf("still listening to %v", topics)
			}
		}
	})
}

// A room that goes and one that comes at the same moment share a topic of the bus: the new one must hear it.
func TestRoomThatOpensWhileAnotherEndsHearsTheBus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse()
		n := h.Open(t)
		owner := n.User(t, "ada")
		room := n.Room(t, owner, app.NewRoom{}).Room.ID
		n.Sit(t, owner, room).Seat.Leave()
		sleep(59 * time.Second)
		deaf := 0
		for range 4000 { // somewhere in here the old one ends
			time.Sleep(time.Millisecond)
			if n.Load().Rooms > 0 {
				continue
			}
			l := n.Sit(t, owner, room)
			synctest.Wait()
			if len(n.Bus.Joined()) == 0 {
				deaf++
			}
			l.Seat.Leave()
			break
		}
		if deaf > 0 {
			t.Error("the new room does not hear the bus")
		}
	})
}

func TestOrderlyStopTellsOtherNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse()
		a, b := h.Open(t), h.Open(t)
		owner := a.User(t, "ada")
		room := a.Room(t, owner, app.NewRoom{})
		bob := b.Member(t, room, "bob")
		a.Sit(t, owner, room.Room.ID)
		l := b.Sit(t, bob, room.Room.ID)
		sleep(time.Second)
		if got := l.People(); len(got) != 2 {
			t.Fatalf("present: %v", got)
		}
		a.Stop()
		sleep(time.Second)
		if got := l.People(); len(got) != 1 {
			t.Errorf("after an orderly stop still present: %v", got)
		}
		l.Seat.Leave()
	})
}

func TestOpeningFailsWithoutLeavingAnythingBehind(t *testing.T) {
	away := app.Errorf(app.CodeUnavailable, "The database is away.")
	for _, c := range []struct {
		name  string
		spoil func(h *apptest.House, n *apptest.Node)
	}{
		{"the bus is away", func(_ *apptest.House, n *apptest.Node) { n.Bus.SetDown(errors.New("no")) }},
		{"playback cannot be read", func(h *apptest.House, _ *apptest.Node) {
			h.Store.SetFail(func(m string) error {
				if m == "Playback" {
					return away
				}
				return nil
			})
		}},
		{"the room went in between", func(h *apptest.House, _ *apptest.Node) {
			asked := 0
			h.Store.SetFail(func(m string) error {
				if m == "Room" {
					if asked++; asked > 1 {
						return app.Errorf(app.CodeNotFound, "This room does not exist.")
					}
				}
				return nil
			})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := apptest.NewHouse()
				n := h.Open(t)
				owner := n.User(t, "ada")
				room := n.Room(t, owner, app.NewRoom{}).Room.ID
				synctest.Wait()
				c.spoil(h, n)
				if _, err := n.TrySit(t, owner, room, app.SitOptions{}); err == nil {
					t.Fatal("seated")
				}
				synctest.Wait()
				if got := n.Load(); got != (app.Load{}) || len(n.Bus.Joined()) != 0 {
					t.Errorf("left behind: %+v, topics %v", got, n.Bus.Joined())
				}
				n.Bus.SetDown(nil)
				h.Store.SetFail(nil)
				n.Sit(t, owner, room).Seat.Leave()
			})
		})
	}
}

// A caller that gives up while the room opens leaves neither a seat nor a claim.
func TestSitGivesUpWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse()
		n := h.Open(t)
		owner := n.User(t, "ada")
		room := n.Room(t, owner, app.NewRoom{}).Room.ID
		ctx, cancel := context.WithCancel(t.Context())
		h.Store.SetFail(func(m string) error {
			if m == "Playback" {
				cancel()
			}
			return nil
		})
		_, err := n.App.Sit(ctx, owner, room, app.SitOptions{Audience: new(apptest.Listener),
			Seated: func(*app.Seat, app.Welcome, []app.Event) { t.Error("seated") }})
		if app.CodeOf(err) != app.CodeUnavailable {
			t.Errorf("got %v", err)
		}
		h.Store.SetFail(nil)
		sleep(2 * time.Minute)
		if got := n.Load(); got != (app.Load{}) {
			t.Errorf("left behind: %+v", got)
		}
	})
}
