package app_test

import (
	"testing"

	"synctv/app"
	"synctv/app/apptest"
)

func TestAuthorizeForEveryKindOfActor(t *testing.T) {
	h := apptest.NewHouse()
	n := h.Open(t)
	root := n.Root(t)
	admin := n.Admin(t, root, "boss")
	owner, stranger := n.User(t, "ada"), n.User(t, "eve")
	settings := app.DefaultSettings()
	unlisted := n.Room(t, owner, app.NewRoom{})
	settings.Visibility = app.Private
	private := n.Room(t, owner, app.NewRoom{Settings: &settings})
	elsewhere := n.Room(t, owner, app.NewRoom{})
	member, guest := n.Member(t, unlisted, "bob"), n.Guest(t, unlisted, "Guest")
	bannedGuest, bannedMember, kicked := n.Guest(t, unlisted, "B"), n.Member(t, unlisted, "ban"), n.Guest(t, unlisted, "K")
	g := n.Grant(t, owner, unlisted.Room.ID, app.MembersManage)
	must(t, n.Ban(t.Context(), g, bannedGuest.Person(), ""))
	must(t, n.Ban(t.Context(), g, bannedMember.Person(), ""))
	must(t, n.Kick(t.Context(), g, kicked.Person(), ""))
	for _, c := range []struct {
		name string
		by   app.Actor
		room app.RoomID
		act  app.Action
		code app.Code
	}{
		{"a stranger to the server", app.Actor{}, unlisted.Room.ID, app.RoomView, app.CodeUnauthenticated},
		{"the owner owns", owner, unlisted.Room.ID, app.RoomOwn, ""},
		{"a member controls", member, unlisted.Room.ID, app.PlaybackControl, ""},
		{"a member does not manage", member, unlisted.Room.ID, app.MembersManage, app.CodeForbidden},
		{"a member does not own", member, unlisted.Room.ID, app.RoomOwn, app.CodeForbidden},
		{"a guest talks", guest, unlisted.Room.ID, app.ChatSend, ""},
		{"a guest elsewhere", guest, elsewhere.Room.ID, app.RoomView, app.CodeNotFound},
		{"a guest in a private room", guest, private.Room.ID, app.RoomView, app.CodeNotFound},
		{"not joined", stranger, unlisted.Room.ID, app.RoomView, app.CodeForbidden},
		{"not invited", stranger, private.Room.ID, app.RoomView, app.CodeNotFound},
		{"a member of another room", member, private.Room.ID, app.RoomView, app.CodeNotFound},
		{"a banned guest", bannedGuest, unlisted.Room.ID, app.RoomView, app.CodeBanned},
		{"a banned member", bannedMember, unlisted.Room.ID, app.RoomView, app.CodeBanned},
		{"a kicked guest", kicked, unlisted.Room.ID, app.RoomView, app.CodeKicked},
		{"an administrator of the server", admin, private.Room.ID, app.RoomOwn, ""},
		{"root", root, private.Room.ID, app.MembersManage, ""},
		{"no such room", owner, "room_00000000000000000000000000", app.RoomView, app.CodeNotFound},
		{"not even a name", owner, "../etc", app.RoomView, app.CodeNotFound},
		{"no name", root, "", app.RoomView, app.CodeNotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := n.Authorize(t.Context(), c.by, c.room, c.act)
			if app.CodeOf(err) != c.code {
				t.Fatalf("got %v, want %q", err, c.code)
			}
			if err == nil && (got.Room() != c.room || got.Actor().Person() != c.by.Person() || !got.Allows(c.act)) {
				t.Errorf("grant %+v", got)
			}
		})
	}
}

// A grant is good for what it was given for, and a made-up one for nothing.
func TestGrantsCoverWhatWasAsked(t *testing.T) {
	h := apptest.NewHouse()
	n := h.Open(t)
	owner := n.User(t, "ada")
	id := n.Room(t, owner, app.NewRoom{}).Room.ID
	for name, g := range map[string]app.Grant{"made up": {}, "for looking": n.Grant(t, owner, id, app.RoomView)} {
		for what, err := range map[string]error{
			"say":       second2(n.SendMessage(t.Context(), g, app.NewMessage{Text: "x"})),
			"edit":      second2(n.EditMessage(t.Context(), g, "msg_x", "x")),
			"kick":      n.Kick(t.Context(), g, "usr_x", ""),
			"ban":       n.Ban(t.Context(), g, "usr_x", ""),
			"unban":     n.Unban(t.Context(), g, "usr_x"),
			"settings":  second2(n.UpdateRoom(t.Context(), g, app.RoomPatch{})),
			"rotate":    second2(n.RotateInvite(t.Context(), g)),
			"delete":    n.DeleteRoom(t.Context(), g),
			"add":       second2(n.AddMedia(t.Context(), g, app.AddMedia{Items: []app.NewMedia{{URL: film}}})),
			"move":      second2(n.MoveMedia(t.Context(), g, "med_x", app.MoveMedia{})),
			"probe":     second2(n.ProbeMedia(t.Context(), g, film)),
			"member":    second2(n.UpdateMember(t.Context(), g, "usr_x", app.MemberPatch{})),
			"hand over": second2(n.TransferOwnership(t.Context(), g, "usr_x")),
		} {
			if app.CodeOf(err) != app.CodeForbidden {
				t.Errorf("%s with a grant that is %s: %v", what, name, err)
			}
		}
	}
}

// second2 is the error of two results.
func second2[T any](_ T, err error) error { return err }

// Who sits remembers their grant until something changes it, and asks the store no more than that.
func TestSeatRemembersItsGrant(t *testing.T) {
	h := apptest.NewHouse()
	n := h.Open(t)
	owner := n.User(t, "ada")
	room := n.Room(t, owner, app.NewRoom{})
	bob, eve := n.Member(t, room, "bob"), n.Member(t, room, "eve")
	l := n.Sit(t, bob, room.Room.ID)
	defer l.Seat.Leave()
	asked := func(what string, want bool) {
		t.Helper()
		if l.Seat.PermissionsChanged() != want {
			t.Errorf("%s: permissions changed: %v", what, !want)
		}
		h.Store.Calls()
		if _, err := l.Seat.Authorize(t.Context(), app.ChatSend); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if got := h.Store.Calls()["Member"] > 0; got != want {
			t.Errorf("%s: asked the store: %v, want %v", what, got, want)
		}
	}
	asked("at first", false)
	g := n.Grant(t, owner, room.Room.ID, app.MembersManage)
	own := app.Override{Deny: app.PlaybackControl}
	must(t, second2(n.UpdateMember(t.Context(), g, eve.Person(), app.MemberPatch{Own: &own})))
	n.Guest(t, room, "Joe")
	asked("others come and change", false)
	must(t, second2(n.UpdateMember(t.Context(), g, bob.Person(), app.MemberPatch{Own: &own})))
	if l.Seat.Sees(app.ChatSend) != true || !l.Seat.PermissionsChanged() {
		t.Error("the seat does not notice")
	}
	if _, err := l.Seat.Authorize(t.Context(), app.PlaybackControl); app.CodeOf(err) != app.CodeForbidden {
		t.Errorf("control: %v", err)
	}
	asked("after that", false)
	name := "Another"
	must(t, second2(n.UpdateRoom(t.Context(), n.Grant(t, owner, room.Room.ID, app.RoomSettingsEdit), app.RoomPatch{Name: &name})))
	asked("the room changed", true)
}

// A person who is banned while sitting down does not stay, whenever it happens.
func TestBanCannotBeOutrun(t *testing.T) {
	for nth := range 25 {
		h := apptest.NewHouse()
		n := h.Open(t)
		owner := n.User(t, "ada")
		room := n.Room(t, owner, app.NewRoom{})
		bob := n.Member(t, room, "bob")
		keeps := n.Sit(t, owner, room.Room.ID)
		g := n.Grant(t, owner, room.Room.ID, app.MembersManage)
		calls, banned := 0, false
		h.Store.SetFail(func(string) error {
			if calls++; calls == nth+1 && !banned {
				banned = true
				h.Store.SetFail(nil)
				must(t, n.Ban(t.Context(), g, bob.Person(), ""))
			}
			return nil
		})
		l, err := n.TrySit(t, bob, room.Room.ID, app.SitOptions{})
		h.Store.SetFail(nil)
		if !banned {
			must(t, n.Ban(t.Context(), g, bob.Person(), ""))
		}
		if err == nil {
			if e, ok := l.Expelled(); !ok || e.Code != app.CodeBanned {
				t.Errorf("banned at call %d and still there", nth)
			}
			l.Seat.Leave()
		} else if app.CodeOf(err) != app.CodeBanned {
			t.Errorf("banned at call %d: %v", nth, err)
		}
		keeps.Seat.Leave()
	}
}
