package app_test

import (
	"testing"

	"synctv/app"
	"synctv/app/apptest"
)

// A grant is given before the room's row is held, and what it says may be over by then (ABUSE-171). Every case gets its grants
// while everybody still stands as they did, changes that, and then acts.
func TestGrantsThatAreOver(t *testing.T) {
	type scene struct {
		*apptest.Node
		owner, bob, eve, guest app.Actor
		id                     app.RoomID
	}
	update := func(t *testing.T, s *scene, who app.Actor, p app.MemberPatch) {
		t.Helper()
		must(t, second2(s.UpdateMember(t.Context(), s.Grant(t, s.owner, s.id, app.MembersManage), who.Person(), p)))
	}
	handOver := func(t *testing.T, s *scene) {
		t.Helper()
		must(t, second2(s.TransferOwnership(t.Context(), s.Grant(t, s.owner, s.id, app.RoomOwn), s.bob.User().ID)))
	}
	admin, member := app.RoleAdmin, app.RoleMember
	for _, c := range []struct {
		name   string
		who    func(s *scene) app.Actor
		wants  app.Action
		change func(t *testing.T, s *scene)
		act    func(t *testing.T, s *scene, g app.Grant) error
		code   app.Code
	}{
		{"hand over what was handed over", func(s *scene) app.Actor { return s.owner }, app.RoomOwn, handOver,
			func(t *testing.T, s *scene, g app.Grant) error {
				return second2(s.TransferOwnership(t.Context(), g, s.eve.User().ID))
			}, app.CodeForbidden},
		{"delete what was handed over", func(s *scene) app.Actor { return s.owner }, app.RoomOwn, handOver,
			func(t *testing.T, s *scene, g app.Grant) error { return s.DeleteRoom(t.Context(), g) }, app.CodeForbidden},
		{"throw somebody out as an admin of yesterday", func(s *scene) app.Actor { return s.bob }, app.MembersManage,
			func(t *testing.T, s *scene) { update(t, s, s.bob, app.MemberPatch{Role: &member}) },
			func(t *testing.T, s *scene, g app.Grant) error {
				return s.Ban(t.Context(), g, s.guest.Person(), "")
			}, app.CodeForbidden},
		{"speak after a ban", func(s *scene) app.Actor { return s.eve }, app.ChatSend,
			func(t *testing.T, s *scene) {
				must(t, s.Ban(t.Context(), s.Grant(t, s.owner, s.id, app.MembersManage), s.eve.Person(), ""))
			},
			func(t *testing.T, s *scene, g app.Grant) error {
				return second2(s.SendMessage(t.Context(), g, app.NewMessage{Text: "still here"}))
			}, app.CodeBanned},
		{"speak after a kick", func(s *scene) app.Actor { return s.guest }, app.ChatSend,
			func(t *testing.T, s *scene) {
				must(t, s.Kick(t.Context(), s.Grant(t, s.owner, s.id, app.MembersManage), s.guest.Person(), ""))
			},
			func(t *testing.T, s *scene, g app.Grant) error {
				return second2(s.SendMessage(t.Context(), g, app.NewMessage{Text: "still here"}))
			}, app.CodeKicked},
		{"add after the right to is gone", func(s *scene) app.Actor { return s.eve }, app.MediaAdd,
			func(t *testing.T, s *scene) {
				update(t, s, s.eve, app.MemberPatch{Own: &app.Override{Deny: app.MediaAdd}})
			},
			func(t *testing.T, s *scene, g app.Grant) error {
				return second2(s.AddMedia(t.Context(), g, app.AddMedia{Items: []app.NewMedia{{URL: film}}}))
			}, app.CodeForbidden},
		{"act while one's role changes", func(s *scene) app.Actor { return s.eve }, app.ChatSend,
			func(t *testing.T, s *scene) { update(t, s, s.eve, app.MemberPatch{Role: &admin}) },
			func(t *testing.T, s *scene, g app.Grant) error {
				return second2(s.SendMessage(t.Context(), g, app.NewMessage{Text: "hello"}))
			}, app.CodeConflict},
		{"speak after nothing that matters", func(s *scene) app.Actor { return s.eve }, app.ChatSend,
			func(t *testing.T, s *scene) { update(t, s, s.bob, app.MemberPatch{Role: &member}) },
			func(t *testing.T, s *scene, g app.Grant) error {
				return second2(s.SendMessage(t.Context(), g, app.NewMessage{Text: "hello"}))
			}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &scene{Node: apptest.NewHouse().Open(t)}
			s.owner = s.User(t, "ada")
			room := s.Room(t, s.owner, app.NewRoom{})
			s.id = room.Room.ID
			s.bob, s.eve, s.guest = s.Member(t, room, "bob"), s.Member(t, room, "eve"), s.Guest(t, room, "gus")
			update(t, s, s.bob, app.MemberPatch{Role: &admin})
			g := s.Grant(t, c.who(s), s.id, c.wants)
			c.change(t, s)
			if err := c.act(t, s, g); app.CodeOf(err) != c.code {
				t.Errorf("%v, want %q", err, c.code)
			}
		})
	}
}

// What a room asks for is looked at before its row is held; somebody may close that door just then.
func TestDoorsThatCloseWhileSomebodyComesIn(t *testing.T) {
	secret, private := "open sesame", app.RoomSettings{Visibility: app.Private, GuestsAllowed: true}
	noGuests := app.RoomSettings{Visibility: app.Unlisted}
	for _, c := range []struct {
		name   string
		change func(t *testing.T, n *apptest.Node, owner, eve app.Actor, room app.RoomInfo)
		member app.Code // what an account gets
		guest  app.Code
	}{
		{"nothing", func(*testing.T, *apptest.Node, app.Actor, app.Actor, app.RoomInfo) {}, "", ""},
		{"a ban", func(t *testing.T, n *apptest.Node, owner, eve app.Actor, room app.RoomInfo) {
			g := n.Grant(t, owner, room.Room.ID, app.MembersManage)
			must(t, n.Ban(t.Context(), g, n.Guest(t, room, "gus").Person(), "")) // of the network
			if _, err := n.JoinRoom(t.Context(), eve, apptest.Home, room.Room.ID, "", ""); err != nil {
				t.Error(err)
			}
			must(t, n.Ban(t.Context(), g, eve.Person(), ""))
		}, app.CodeBanned, app.CodeBanned},
		{"a password", func(t *testing.T, n *apptest.Node, owner, _ app.Actor, room app.RoomInfo) {
			must(t, second2(n.UpdateRoom(t.Context(), n.Grant(t, owner, room.Room.ID, app.RoomSettingsEdit), app.RoomPatch{Password: &secret})))
		}, app.CodeWrongPassword, app.CodeWrongPassword},
		{"private", func(t *testing.T, n *apptest.Node, owner, _ app.Actor, room app.RoomInfo) {
			must(t, second2(n.UpdateRoom(t.Context(), n.Grant(t, owner, room.Room.ID, app.RoomSettingsEdit), app.RoomPatch{Settings: &private})))
		}, app.CodeNotFound, app.CodeNotFound},
		{"no guests", func(t *testing.T, n *apptest.Node, owner, _ app.Actor, room app.RoomInfo) {
			must(t, second2(n.UpdateRoom(t.Context(), n.Grant(t, owner, room.Room.ID, app.RoomSettingsEdit), app.RoomPatch{Settings: &noGuests})))
		}, "", app.CodeGuestsNotAllowed},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, who := range []string{"account", "guest"} {
				h := apptest.NewHouse()
				n := h.Open(t)
				owner, eve := n.User(t, "ada"), n.User(t, "eve")
				room := n.Room(t, owner, app.NewRoom{})
				h.Store.SetFail(func(call string) error {
					if call == "UpdateRoom" { // the row is about to be held
						h.Store.SetFail(nil)
						c.change(t, n, owner, eve, room)
					}
					return nil
				})
				want, err := c.member, error(nil)
				if who == "guest" {
					want = c.guest
					_, err = n.JoinAsGuest(t.Context(), apptest.Home, room.Room.ID, "Kim", "", "")
				} else {
					_, err = n.JoinRoom(t.Context(), eve, apptest.Home, room.Room.ID, "", "")
				}
				if app.CodeOf(err) != want {
					t.Errorf("%s: %v, want %q", who, err, want)
				}
			}
		})
	}
}

// The owner of a room cannot leave it, also when they have just become it.
func TestWhoIsHandedTheRoomWhileLeavingStays(t *testing.T) {
	h := apptest.NewHouse()
	n := h.Open(t)
	owner := n.User(t, "ada")
	room := n.Room(t, owner, app.NewRoom{})
	bob := n.Member(t, room, "bob")
	g := n.Grant(t, owner, room.Room.ID, app.RoomOwn)
	h.Store.SetFail(func(call string) error {
		if call == "UpdateRoom" {
			h.Store.SetFail(nil)
			must(t, second2(n.TransferOwnership(t.Context(), g, bob.User().ID)))
		}
		return nil
	})
	if err := n.LeaveRoom(t.Context(), bob, room.Room.ID); app.CodeOf(err) != app.CodeConflict {
		t.Errorf("the owner left: %v", err)
	}
	n.Grant(t, bob, room.Room.ID, app.RoomOwn)
}
