package app_test

import (
	"testing"
	"testing/synctest"
	"time"

	"synctv/app"
	"synctv/app/apptest"
)

// TestALinkEndsWithTheRightToIt is ABUSE-171 for what comes through this server: a link to media is good for hours, and a person
// who was sent out, or an item that was removed, does not stay for so long.
func TestALinkEndsWithTheRightToIt(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(t *testing.T, n *apptest.Node, g app.Grant, bob, guest app.Actor, m app.MediaID) error
		// who may still have it afterwards
		owner, member, guest bool
	}{
		{"nothing happens", func(*testing.T, *apptest.Node, app.Grant, app.Actor, app.Actor, app.MediaID) error { return nil }, true, true, true},
		{"a ban", func(t *testing.T, n *apptest.Node, g app.Grant, bob, _ app.Actor, _ app.MediaID) error {
			return n.Ban(t.Context(), g, bob.Person(), "")
		}, true, false, true},
		{"a guest is sent out", func(t *testing.T, n *apptest.Node, g app.Grant, _, guest app.Actor, _ app.MediaID) error {
			return n.Kick(t.Context(), g, guest.Person(), "")
		}, true, true, false},
		{"somebody leaves", func(t *testing.T, n *apptest.Node, g app.Grant, bob, _ app.Actor, _ app.MediaID) error {
			return n.LeaveRoom(t.Context(), bob, g.Room())
		}, true, false, true},
		{"the item is removed", func(t *testing.T, n *apptest.Node, g app.Grant, _, _ app.Actor, m app.MediaID) error {
			return n.DeleteMedia(t.Context(), g, m)
		}, false, false, false},
		{"the room is deleted", func(t *testing.T, n *apptest.Node, g app.Grant, _, _ app.Actor, _ app.MediaID) error {
			return n.DeleteRoom(t.Context(), g)
		}, false, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShelf(t)
				s.add("", "film")
				bob, guest := s.n.Member(t, s.room, "bob"), s.n.Guest(t, s.room, "gus")
				may := func(who app.Actor) bool {
					yes, err := s.n.MayFetch(t.Context(), s.id, who.Person(), s.ids["film"])
					must(t, err)
					return yes
				}
				if !may(s.owner) || !may(bob) || !may(guest) {
					t.Fatal("refused from the start")
				}
				must(t, c.end(t, s.n, s.grant(app.MembersManage|app.RoomOwn), bob, guest, s.ids["film"]))
				time.Sleep(3 * time.Second) // of virtual time: longer than a yes is trusted
				if may(s.owner) != c.owner || may(bob) != c.member || may(guest) != c.guest {
					t.Errorf("owner %t, member %t, guest %t", may(s.owner), may(bob), may(guest))
				}
			})
		})
	}
}

// Films go on while the store is away, for a while; who has not been let in before has to wait.
func TestLinksWhileTheStoreIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(t)
		s.add("", "film")
		bob := s.n.Member(t, s.room, "bob")
		ask := func(who app.Actor) (bool, error) {
			return s.n.MayFetch(t.Context(), s.id, who.Person(), s.ids["film"])
		}
		if yes, err := ask(s.owner); !yes || err != nil {
			t.Fatal(yes, err)
		}
		s.h.Store.SetFail(func(string) error { return app.Errorf(app.CodeUnavailable, "The database is away.") })
		for _, c := range []struct {
			after time.Duration
			who   app.Actor
			yes   bool
			code  app.Code
		}{
			{time.Second, s.owner, true, ""}, {30 * time.Second, s.owner, true, ""}, {0, bob, false, app.CodeUnavailable},
			{40 * time.Second, s.owner, false, app.CodeUnavailable},
		} {
			time.Sleep(c.after)
			if yes, err := ask(c.who); yes != c.yes || app.CodeOf(err) != c.code {
				t.Errorf("%s: %t, %v", c.who.Name(), yes, err)
			}
		}
		s.h.Store.SetFail(nil)
		if yes, err := ask(bob); !yes || err != nil {
			t.Error(yes, err)
		}
	})
}
