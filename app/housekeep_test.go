package app_test

import (
	"testing"
	"testing/synctest"
	"time"

	"synctv/app"
	"synctv/app/apptest"
)

func TestIdleRoomsAreDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse()
		n := h.Open(t)
		owner := n.User(t, "ada")
		make := func(ttl int) app.RoomID {
			s := app.DefaultSettings()
			s.IdleTTL = ttl
			return n.Room(t, owner, app.NewRoom{Settings: &s}).Room.ID
		}
		kept, idle, used := make(0), make(300), make(300)
		l := n.Sit(t, owner, used)
		sleep(4 * time.Minute)
		exists := func(what string, id app.RoomID, want bool) {
			t.Helper()
			if _, err := h.Store.Room(t.Context(), id); (err == nil) != want {
				t.Errorf("%s: %v", what, err)
			}
		}
		exists("before its time", idle, true)
		sleep(3 * time.Minute)
		exists("alone for too long", idle, false)
		exists("somebody is there", used, true)
		exists("without a limit", kept, true)
		l.Seat.Leave()
		sleep(4 * time.Minute)
		exists("left four minutes ago", used, true)
		sleep(3 * time.Minute)
		exists("left seven minutes ago", used, false)
	})
}

func TestSocketsEndWithTheirLogin(t *testing.T) {
	for _, c := range []struct {
		name string
		deaf bool
		end  func(t *testing.T, n *apptest.Node, root, user app.Actor)
		in   time.Duration
	}{
		{"sign out", false, func(t *testing.T, n *apptest.Node, _, user app.Actor) { must(t, n.Logout(t.Context(), user, false)) }, 0},
		{"sign out everywhere", false, func(t *testing.T, n *apptest.Node, _, user app.Actor) { must(t, n.Logout(t.Context(), user, true)) }, 0},
		{"new password", false, func(t *testing.T, n *apptest.Node, _, user app.Actor) {
			_, err := n.ChangePassword(t.Context(), user, apptest.Password, "another horse")
			must(t, err)
		}, 0},
		{"disabled", false, func(t *testing.T, n *apptest.Node, root, user app.Actor) {
			yes := true
			_, err := n.UpdateUser(t.Context(), root, user.User().ID, app.UserPatch{Disabled: &yes})
			must(t, err)
		}, 0},
		{"another role", false, func(t *testing.T, n *apptest.Node, root, user app.Actor) {
			role := app.UserAdmin
			_, err := n.UpdateUser(t.Context(), root, user.User().ID, app.UserPatch{Role: &role})
			must(t, err)
		}, 0},
		{"though the bus lost it", true, func(t *testing.T, n *apptest.Node, _, user app.Actor) { must(t, n.Logout(t.Context(), user, false)) }, 61 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := apptest.NewHouse()
				a, b := h.Open(t), h.Open(t)
				root := a.Root(t)
				owner, other := a.User(t, "ada"), a.User(t, "bob")
				room := a.Room(t, owner, app.NewRoom{})
				_, err := a.JoinRoom(t.Context(), other, apptest.Home, room.Room.ID, "", "")
				must(t, err)
				l, stays := b.Sit(t, owner, room.Room.ID), b.Sit(t, other, room.Room.ID)
				synctest.Wait()
				if c.deaf {
					h.Wire.SetFate(lies(1, 1, 0, time.Second))
				}
				c.end(t, a, root, owner)
				sleep(c.in)
				if e, ok := l.Expelled(); !ok || e.Code != app.CodeUnauthenticated {
					t.Errorf("expelled %v %+v", ok, e)
				}
				if _, ok := stays.Expelled(); ok {
					t.Error("somebody else was sent out too")
				}
				l.Seat.Leave()
				stays.Seat.Leave()
			})
		})
	}
}

func TestGuestsEndWithTheirPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse()
		n := h.Open(t, func(c *app.Config) { c.GuestTTL = time.Hour })
		owner := n.User(t, "ada")
		room := n.Room(t, owner, app.NewRoom{})
		eve := n.Guest(t, room, "Eve")
		ticket, _, err := n.CreateTicket(t.Context(), eve, room.Room.ID)
		must(t, err)
		again, err := n.RedeemTicket(t.Context(), ticket, room.Room.ID)
		must(t, err)
		owns, byToken, byTicket := n.Sit(t, owner, room.Room.ID), n.Sit(t, eve, room.Room.ID), n.Sit(t, again, room.Room.ID)
		sleep(59 * time.Minute)
		for _, l := range []*apptest.Listener{byToken, byTicket} {
			if _, ok := l.Expelled(); ok {
				t.Error("sent out before the pass ended")
			}
		}
		sleep(2 * time.Minute)
		for _, l := range []*apptest.Listener{byToken, byTicket} {
			if e, ok := l.Expelled(); !ok || e.Code != app.CodeUnauthenticated {
				t.Errorf("expelled %v %+v", ok, e)
			}
			l.Seat.Leave()
		}
		if _, err := h.Store.Member(t.Context(), room.Room.ID, eve.Person()); app.CodeOf(err) != app.CodeNotFound {
			t.Errorf("the guest's row is still there: %v", err)
		}
		evs := owns.Events()
		if b, ok := evs[len(evs)-1].Body.(app.MemberRemoved); !ok || b.ID != eve.Person() || b.How != "left" {
			t.Errorf("the room was told %+v", evs[len(evs)-1])
		}
		if _, err := h.Store.Member(t.Context(), room.Room.ID, owner.Person()); err != nil {
			t.Error(err)
		}
		owns.Seat.Leave()
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
