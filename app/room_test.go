package app_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"synctv/app"
	"synctv/app/apptest"
)

func TestNewRoom(t *testing.T) {
	h := apptest.NewHouse()
	n := h.Open(t, func(c *app.Config) { c.MaxRoomsPerUser = 3 })
	owner := n.User(t, "ada")
	room := n.Room(t, owner, app.NewRoom{})
	if r := room.Room; r.Name != "ada’s room" || fmt.Sprint(r.Settings) != fmt.Sprint(app.DefaultSettings()) || r.InviteCode == "" || room.MyRole != app.RoleOwner || r.PasswordHash != "" {
		t.Errorf("%+v", room)
	}
	guest := n.Guest(t, room, "Eve")
	secret := n.Room(t, owner, app.NewRoom{Name: " Film  night\u202e ", Password: "open sesame"})
	if r := secret.Room; r.Name != "Film night" || r.PasswordHash != "set" {
		t.Errorf("%+v", r)
	}
	for name, c := range map[string]struct {
		by   app.Actor
		in   app.NewRoom
		code app.Code
	}{
		"nobody":          {app.Actor{}, app.NewRoom{}, app.CodeUnauthenticated},
		"a guest":         {guest, app.NewRoom{}, app.CodeForbidden},
		"a long name":     {owner, app.NewRoom{Name: strings.Repeat("x", 81)}, app.CodeInvalid},
		"a name of joins": {owner, app.NewRoom{Name: "\u200d"}, app.CodeInvalid},
		"a long password": {owner, app.NewRoom{Password: strings.Repeat("x", 129)}, app.CodeInvalid},
		"no address":      {owner, app.NewRoom{Media: []app.NewMedia{{URL: "film.mp4"}}}, app.CodeInvalid},
		"too much media":  {owner, app.NewRoom{Media: make([]app.NewMedia, 101)}, app.CodeInvalid},
	} {
		if _, err := n.CreateRoom(t.Context(), c.by, c.in); app.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	n.Room(t, owner, app.NewRoom{})
	if _, err := n.CreateRoom(t.Context(), owner, app.NewRoom{}); app.CodeOf(err) != app.CodeTooLarge {
		t.Errorf("a fourth room: %v", err)
	}
}

func TestSettingsThatMakeNoSense(t *testing.T) {
	h := apptest.NewHouse()
	n := h.Open(t)
	owner := n.User(t, "ada")
	id := n.Room(t, owner, app.NewRoom{}).Room.ID
	for _, c := range []struct {
		field  string
		change func(*app.RoomSettings)
	}{
		{"settings.visibility", func(s *app.RoomSettings) { s.Visibility = "secret" }},
		{"settings.preset", func(s *app.RoomSettings) { s.Preset = "vote" }},
		{"settings.wait_policy", func(s *app.RoomSettings) { s.Wait = "always" }},
		{"settings.capacity", func(s *app.RoomSettings) { s.Capacity = -1 }},
		{"settings.capacity", func(s *app.RoomSettings) { s.Capacity = 100_001 }},
		{"settings.idle_ttl_seconds", func(s *app.RoomSettings) { s.IdleTTL = 59 }},
		{"settings.idle_ttl_seconds", func(s *app.RoomSettings) { s.IdleTTL = -1 }},
		{"settings.slow_mode_ms", func(s *app.RoomSettings) { s.SlowModeMs = 3600_001 }},
		{"settings.overrides", func(s *app.RoomSettings) { s.Overrides = map[app.RoomRole]app.Override{app.RoleOwner: {}} }},
		{"settings.overrides", func(s *app.RoomSettings) { s.Overrides = map[app.RoomRole]app.Override{"king": {}} }},
		{"settings.overrides", func(s *app.RoomSettings) {
			s.Overrides = map[app.RoomRole]app.Override{app.RoleGuest: {Allow: app.RoomOwn}}
		}},
		{"settings.overrides", func(s *app.RoomSettings) {
			s.Overrides = map[app.RoomRole]app.Override{app.RoleGuest: {Deny: app.RoomView}}
		}},
	} {
		s := app.DefaultSettings()
		c.change(&s)
		_, err := n.UpdateRoom(t.Context(), n.Grant(t, owner, id, app.RoomSettingsEdit), app.RoomPatch{Settings: &s})
		if e := app.AsError(err); err == nil || e.Code != app.CodeInvalid || e.Field != c.field {
			t.Errorf("%+v: %v", s, err)
		}
		if _, err := n.CreateRoom(t.Context(), owner, app.NewRoom{Settings: &s}); app.CodeOf(err) != app.CodeInvalid {
			t.Errorf("made with %+v: %v", s, err)
		}
	}
	empty := app.RoomSettings{}
	if info, err := n.UpdateRoom(t.Context(), n.Grant(t, owner, id, app.RoomSettingsEdit), app.RoomPatch{Settings: &empty}); err != nil || info.Room.Settings.Preset != app.PresetOpen {
		t.Errorf("%+v, %v", info.Room.Settings, err)
	}
}

// Private rooms are known to their members alone, whichever way somebody asks.
func TestPrivateRoomsDoNotLeak(t *testing.T) {
	h := apptest.NewHouse()
	n := h.Open(t)
	root := n.Root(t)
	owner, stranger := n.User(t, "ada"), n.User(t, "eve")
	make := func(v app.Visibility) app.RoomInfo {
		s := app.DefaultSettings()
		s.Visibility = v
		return n.Room(t, owner, app.NewRoom{Name: string(v), Settings: &s, Password: map[bool]string{true: "pw"}[v == app.Unlisted], Media: []app.NewMedia{{URL: film}}, Play: true})
	}
	public, unlisted, private := make(app.Public), make(app.Unlisted), make(app.Private)
	gone := n.Member(t, private, "gone")
	must(t, n.SetFavourite(t.Context(), gone, private.Room.ID, true))
	must(t, n.LeaveRoom(t.Context(), gone, private.Room.ID))
	list := func(by app.Actor, scope app.RoomScope) (names []string) {
		t.Helper()
		infos, _, err := n.ListRooms(t.Context(), apptest.Home, by, scope, "", app.Page{Limit: 50})
		if err != nil {
			return []string{string(app.CodeOf(err))}
		}
		for _, i := range infos {
			names = append(names, i.Room.Name)
		}
		slices.Sort(names)
		return names
	}
	for _, c := range []struct {
		name  string
		by    app.Actor
		scope app.RoomScope
		want  []string
	}{
		{"nobody, public", app.Actor{}, app.ScopePublic, []string{"public"}},
		{"a stranger, public", stranger, app.ScopePublic, []string{"public"}},
		{"a stranger, default", stranger, "", []string{"public"}},
		{"a stranger's own", stranger, app.ScopeMine, nil},
		{"a favourite that was left", gone, app.ScopeFavourites, nil},
		{"the owner's own", owner, app.ScopeMine, []string{"private", "public", "unlisted"}},
		{"all, by a stranger", stranger, app.ScopeAll, []string{"permission_denied"}},
		{"all, by root", root, app.ScopeAll, []string{"private", "public", "unlisted"}},
		{"mine, by nobody", app.Actor{}, app.ScopeMine, []string{"unauthenticated"}},
		{"favourites, by nobody", app.Actor{}, app.ScopeFavourites, []string{"unauthenticated"}},
		{"nonsense", stranger, "best", []string{"invalid_argument"}},
	} {
		if got := list(c.by, c.scope); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	for name, err := range map[string]error{
		"get":        second2(n.GetRoom(t.Context(), stranger, private.Room.ID)),
		"join":       second2(n.JoinRoom(t.Context(), stranger, apptest.Home, private.Room.ID, "", "wrong code")),
		"join blank": second2(n.JoinRoom(t.Context(), stranger, apptest.Home, private.Room.ID, "", "")),
		"guest":      second2(n.JoinAsGuest(t.Context(), apptest.Home, private.Room.ID, "Joe", "", "")),
		"favourite":  n.SetFavourite(t.Context(), stranger, private.Room.ID, true),
		"preview":    second2(n.LookupInvite(t.Context(), apptest.Home, string(private.Room.ID))),
		"sit":        second2(n.TrySit(t, stranger, private.Room.ID, app.SitOptions{})),
	} {
		if app.CodeOf(err) != app.CodeNotFound {
			t.Errorf("%s of a private room: %v", name, err)
		}
	}
	seen, err := n.GetRoom(t.Context(), stranger, public.Room.ID)
	if err != nil || seen.Room.InviteCode != "" || seen.ShowInvite || seen.Playback != nil || seen.NowPlaying != "film" || seen.MyRole != "" {
		t.Errorf("from outside: %+v, %v", seen, err)
	}
	if seen, err := n.GetRoom(t.Context(), stranger, unlisted.Room.ID); err != nil || seen.NowPlaying != "" || seen.Room.PasswordHash != "set" {
		t.Errorf("with a password, from outside: %+v, %v", seen, err)
	}
	if p, err := n.LookupInvite(t.Context(), apptest.Home, private.Room.InviteCode); err != nil || p.RoomID != private.Room.ID || p.NowPlaying != "film" || p.OwnerName != "ada" {
		t.Errorf("by invite: %+v, %v", p, err)
	}
	for _, code := range []string{"", "abc", strings.Repeat("x", 65), private.Room.InviteCode[1:] + "0"} {
		if _, err := n.LookupInvite(t.Context(), apptest.Home, code); app.CodeOf(err) != app.CodeNotFound {
			t.Errorf("code %q: %v", code, err)
		}
	}
}

// Nothing that goes to everybody carries what only some may have.
func TestEventsCarryNoSecrets(t *testing.T) {
	h := apptest.NewHouse()
	n := h.Open(t)
	owner := n.User(t, "ada")
	room := n.Room(t, owner, app.NewRoom{Password: "open sesame"})
	id := room.Room.ID
	l := n.Sit(t, owner, id)
	g := n.Grant(t, owner, id, app.RoomSettingsEdit)
	name, password := "New", "another"
	must(t, second2(n.UpdateRoom(t.Context(), g, app.RoomPatch{Name: &name, Password: &password})))
	rotated, err := n.RotateInvite(t.Context(), g)
	must(t, err)
	if rotated.Room.InviteCode == room.Room.InviteCode || !rotated.ShowInvite {
		t.Error("the code was not rotated")
	}
	must(t, second2(n.JoinAsGuest(t.Context(), apptest.Home, id, "Eve", "another", "")))
	text := fmt.Sprintf("%+v", l.Events())
	for _, secret := range []string{"open sesame", "another", rotated.Room.InviteCode, room.Room.InviteCode, "plain:"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in the events: %s", secret, text)
		}
	}
	for _, ev := range l.Events() {
		if b, ok := ev.Body.(app.MemberJoined); ok && b.Member.AddressKey != "" {
			t.Error("the network of a guest is in the events")
		}
	}
	l.Seat.Leave()
}

func TestJoining(t *testing.T) {
	h := apptest.NewHouse()
	n := h.Open(t)
	root := n.Root(t)
	owner := n.User(t, "ada")
	private, noGuests := app.DefaultSettings(), app.DefaultSettings()
	private.Visibility, noGuests.GuestsAllowed = app.Private, false
	open := n.Room(t, owner, app.NewRoom{})
	secret := n.Room(t, owner, app.NewRoom{Password: "open sesame"})
	invited := n.Room(t, owner, app.NewRoom{Settings: &private})
	members := n.Room(t, owner, app.NewRoom{Settings: &noGuests})
	banned := n.Member(t, open, "banned")
	must(t, n.Ban(t.Context(), n.Grant(t, owner, open.Room.ID, app.MembersManage), banned.Person(), "enough"))
	for i, c := range []struct {
		name             string
		room             app.RoomInfo
		password, invite string
		guest            app.Code // for a guest
		user             app.Code // for an account
	}{
		{"by link", open, "", "", "", ""},
		{"without the password", secret, "", "", app.CodeWrongPassword, app.CodeWrongPassword},
		{"with a wrong one", secret, "sesame", "", app.CodeWrongPassword, app.CodeWrongPassword},
		{"with an endless one", secret, strings.Repeat("x", 999), "", app.CodeWrongPassword, app.CodeWrongPassword},
		{"with the password", secret, "open sesame", "", "", ""},
		{"the invite does not replace it", secret, "", secret.Room.InviteCode, app.CodeWrongPassword, app.CodeWrongPassword},
		{"with the invite", invited, "", invited.Room.InviteCode, "", ""},
		{"with another room's invite", invited, "", open.Room.InviteCode, app.CodeNotFound, app.CodeNotFound},
		{"members only", members, "", "", app.CodeGuestsNotAllowed, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			tokens, err := n.JoinAsGuest(t.Context(), apptest.Home, c.room.Room.ID, "Eve", c.password, c.invite)
			if app.CodeOf(err) != c.guest {
				t.Errorf("a guest: %v", err)
			}
			if err == nil && (n.Actor(t, tokens).Name() != "Eve" || tokens.Refresh != "") {
				t.Errorf("%+v", tokens)
			}
			by := n.User(t, fmt.Sprint("user-", i))
			for range 2 { // joining again changes nothing
				info, err := n.JoinRoom(t.Context(), by, apptest.Home, c.room.Room.ID, c.password, c.invite)
				if app.CodeOf(err) != c.user || err == nil && info.MyRole != app.RoleMember {
					t.Errorf("an account: %+v, %v", info, err)
				}
			}
		})
	}
	if _, err := n.JoinRoom(t.Context(), banned, apptest.Home, open.Room.ID, "", ""); app.CodeOf(err) != app.CodeBanned {
		t.Errorf("a banned account: %v", err)
	}
	if info, err := n.JoinRoom(t.Context(), root, apptest.Home, invited.Room.ID, "", ""); err != nil || info.MyRole != app.RoleMember {
		t.Errorf("root: %v", err)
	}
	for _, name := range []string{"", "   ", strings.Repeat("x", 33), "\u200b", "\u202e"} {
		if _, err := n.JoinAsGuest(t.Context(), apptest.Home, open.Room.ID, name, "", ""); app.CodeOf(err) != app.CodeInvalid {
			t.Errorf("a guest called %q: %v", name, err)
		}
	}
	shut := h.Open(t, func(c *app.Config) { c.GuestsAllowed = false })
	if _, err := shut.JoinAsGuest(t.Context(), apptest.Home, open.Room.ID, "Eve", "", ""); app.CodeOf(err) != app.CodeGuestsNotAllowed {
		t.Errorf("on a server without guests: %v", err)
	}
}

func TestRoomPasswordCannotBeGuessed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse()
		n := h.Open(t)
		h.Limits.TurnOn()
		room := n.Room(t, n.User(t, "ada"), app.NewRoom{Password: "open sesame"}).Room.ID
		tries := 0
		for range 30 {
			_, err := n.JoinAsGuest(t.Context(), apptest.Home, room, "Eve", "guess", "")
			if app.CodeOf(err) == app.CodeWrongPassword {
				tries++
			}
		}
		if tries != 8 {
			t.Errorf("%d guesses at once", tries)
		}
		sleep(time.Minute)
	})
}

func TestWhoManagesWhom(t *testing.T) {
	h := apptest.NewHouse()
	n := h.Open(t)
	root := n.Root(t)
	boss := n.Admin(t, root, "boss")
	owner := n.User(t, "ada")
	room := n.Room(t, owner, app.NewRoom{})
	id := room.Room.ID
	people := map[string]app.Actor{"owner": owner, "boss": boss}
	for _, name := range []string{"admin", "admin2", "member", "member2", "warden"} {
		people[name] = n.Member(t, room, name)
	}
	people["guest"] = n.Guest(t, room, "guest")
	admin := app.RoleAdmin
	og := n.Grant(t, owner, id, app.MembersManage)
	for _, a := range []string{"admin", "admin2"} {
		must(t, second2(n.UpdateMember(t.Context(), og, people[a].Person(), app.MemberPatch{Role: &admin})))
	}
	manage := app.Override{Allow: app.MembersManage}
	must(t, second2(n.UpdateMember(t.Context(), og, people["warden"].Person(), app.MemberPatch{Own: &manage})))
	role := func(r app.RoomRole) app.MemberPatch { return app.MemberPatch{Role: &r} }
	own := func(o app.Override) app.MemberPatch { return app.MemberPatch{Own: &o} }
	for _, c := range []struct {
		name    string
		by, who string
		p       app.MemberPatch
		code    app.Code
	}{
		{"an admin changes a member", "admin", "member", own(app.Override{Deny: app.ChatSend}), ""},
		{"an admin changes a guest", "admin", "guest", own(app.Override{Allow: app.MediaReorder}), ""},
		{"not an equal", "admin", "admin2", own(app.Override{}), app.CodeForbidden},
		{"not the owner", "admin", "owner", own(app.Override{Deny: app.ChatSend}), app.CodeForbidden},
		{"not oneself", "admin", "admin", own(app.Override{}), app.CodeConflict},
		{"an admin makes no admins", "admin", "member2", role(app.RoleAdmin), app.CodeForbidden},
		{"a member who manages reaches guests", "warden", "guest", own(app.Override{}), ""},
		{"and no members", "warden", "member2", own(app.Override{}), app.CodeForbidden},
		{"and gives only what they have", "warden", "guest", own(app.Override{Allow: app.RoomSettingsEdit}), app.CodeForbidden},
		{"a guest stays one", "owner", "guest", role(app.RoleMember), app.CodeInvalid},
		{"an account is no guest", "owner", "member2", role(app.RoleGuest), app.CodeInvalid},
		{"ownership is handed over", "owner", "member2", role(app.RoleOwner), app.CodeInvalid},
		{"no such role", "owner", "member2", role("king"), app.CodeInvalid},
		{"what cannot be given", "owner", "member2", own(app.Override{Allow: app.RoomOwn}), app.CodeInvalid},
		{"what cannot be taken", "owner", "member2", own(app.Override{Deny: app.RoomView}), app.CodeInvalid},
		{"the owner is not weakened by the server", "boss", "owner", own(app.Override{Deny: app.ChatSend}), app.CodeForbidden},
		{"an administrator of the server makes admins", "boss", "member2", role(app.RoleAdmin), ""},
		{"the owner unmakes them", "owner", "member2", role(app.RoleMember), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := n.Grant(t, people[c.by], id, app.MembersManage)
			if _, err := n.UpdateMember(t.Context(), g, people[c.who].Person(), c.p); app.CodeOf(err) != c.code {
				t.Errorf("got %v", err)
			}
		})
	}
	for _, c := range []struct {
		by, who string
		code    app.Code
	}{
		{"admin", "admin2", app.CodeForbidden}, {"admin", "owner", app.CodeForbidden}, {"warden", "member2", app.CodeForbidden},
		{"owner", "owner", app.CodeConflict}, {"owner", "admin2", ""}, {"warden", "guest", ""},
	} {
		g := n.Grant(t, people[c.by], id, app.MembersManage)
		if err := n.Kick(t.Context(), g, people[c.who].Person(), ""); app.CodeOf(err) != c.code {
			t.Errorf("%s kicks %s: %v", c.by, c.who, err)
		}
	}
	if err := n.Kick(t.Context(), og, people["admin2"].Person(), ""); app.CodeOf(err) != app.CodeNotFound {
		t.Errorf("kicked twice: %v", err)
	}
	if err := n.Kick(t.Context(), og, people["member"].Person(), strings.Repeat("x", 201)); app.CodeOf(err) != app.CodeInvalid {
		t.Errorf("a long reason: %v", err)
	}
	list, _, err := n.ListMembers(t.Context(), n.Grant(t, people["member"], id, app.MembersView), app.Page{Limit: 50})
	if err != nil || len(list) != 6-1 || list[0].Member.Role != app.RoleOwner {
		t.Errorf("%d members, %v", len(list), err)
	}
}

func TestBans(t *testing.T) {
	h := apptest.NewHouse()
	n := h.Open(t)
	owner := n.User(t, "ada")
	room := n.Room(t, owner, app.NewRoom{})
	id := room.Room.ID
	guest, neighbour, member := n.Guest(t, room, "Eve"), n.Guest(t, room, "Kim"), n.Member(t, room, "bob")
	g := n.Grant(t, owner, id, app.MembersManage)
	must(t, n.Ban(t.Context(), g, guest.Person(), "loud"))
	if _, err := n.JoinAsGuest(t.Context(), apptest.Home, id, "Eve again", "", ""); app.CodeOf(err) != app.CodeBanned {
		t.Errorf("the network of a banned guest: %v", err)
	}
	if _, err := n.Authorize(t.Context(), neighbour, id, app.RoomView); err != nil {
		t.Errorf("somebody else who is in already: %v", err)
	}
	if _, err := n.JoinRoom(t.Context(), n.User(t, "joe"), apptest.Home, id, "", ""); err != nil {
		t.Errorf("an account of the same network: %v", err)
	}
	must(t, n.Ban(t.Context(), g, member.Person(), ""))
	bans, _, err := n.ListBans(t.Context(), g, app.Page{Limit: 10})
	if err != nil || len(bans) != 2 {
		t.Fatalf("%v, %v", bans, err)
	}
	for _, who := range []app.PersonID{guest.Person(), member.Person(), member.Person()} {
		must(t, n.Unban(t.Context(), g, who))
	}
	if _, err := n.JoinAsGuest(t.Context(), apptest.Home, id, "Eve again", "", ""); err != nil {
		t.Errorf("after the ban was lifted: %v", err)
	}
	if _, err := n.JoinRoom(t.Context(), member, apptest.Home, id, "", ""); err != nil {
		t.Errorf("after the ban was lifted: %v", err)
	}
}

func TestHandingOver(t *testing.T) {
	h := apptest.NewHouse()
	n := h.Open(t)
	owner := n.User(t, "ada")
	room := n.Room(t, owner, app.NewRoom{})
	id := room.Room.ID
	bob, guest := n.Member(t, room, "bob"), n.Guest(t, room, "Eve")
	denied := app.Override{Deny: app.ChatSend}
	must(t, second2(n.UpdateMember(t.Context(), n.Grant(t, owner, id, app.MembersManage), bob.Person(), app.MemberPatch{Own: &denied})))
	g := n.Grant(t, owner, id, app.RoomOwn)
	for name, c := range map[string]struct {
		to   app.UserID
		code app.Code
	}{"to oneself": {owner.User().ID, app.CodeConflict}, "to nobody": {"usr_x", app.CodeInvalid}, "to a guest": {app.UserID(guest.Person()), app.CodeInvalid}} {
		if _, err := n.TransferOwnership(t.Context(), g, c.to); app.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := n.LeaveRoom(t.Context(), owner, id); app.CodeOf(err) != app.CodeConflict {
		t.Errorf("the owner left: %v", err)
	}
	info, err := n.TransferOwnership(t.Context(), g, bob.User().ID)
	if err != nil || info.Room.OwnerID != bob.User().ID || info.MyRole != app.RoleAdmin {
		t.Fatalf("%+v, %v", info, err)
	}
	if now := n.Grant(t, bob, id, app.RoomOwn); !now.Allows(app.ChatSend) {
		t.Error("an owner who may not speak")
	}
	if _, err := n.Authorize(t.Context(), owner, id, app.RoomOwn); app.CodeOf(err) != app.CodeForbidden {
		t.Errorf("the one before still owns it: %v", err)
	}
	must(t, n.LeaveRoom(t.Context(), owner, id))
	must(t, n.SetFavourite(t.Context(), bob, id, true))
	if info, err := n.GetRoom(t.Context(), bob, id); err != nil || !info.Favourite || info.Members != 1 {
		t.Errorf("%+v, %v", info, err)
	}
	must(t, n.SetFavourite(t.Context(), bob, id, false))
}
