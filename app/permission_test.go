package app_test

import (
	"slices"
	"testing"

	"synctv/app"
)

const (
	everyone = app.ChatSend | app.DanmakuSend | app.VoiceUse | app.MembersView | app.HistoryView | app.RoomView
	control  = app.PlaybackControl | app.PlaybackNavigate | app.MediaAdd
	all      = app.RoomView - 1
	ceiling  = everyone | control | app.MediaReorder | app.LivePublish
)

func TestPermissionTable(t *testing.T) {
	for _, c := range []struct {
		preset app.Preset
		role   app.RoomRole
		want   app.Action
	}{
		{app.PresetOpen, app.RoleGuest, everyone | control},
		{app.PresetOpen, app.RoleMember, everyone | control | app.MediaReorder | app.LivePublish},
		{app.PresetOpen, app.RoleAdmin, all | app.RoomView},
		{app.PresetOpen, app.RoleOwner, all | app.RoomView | app.RoomOwn},
		{app.PresetHost, app.RoleGuest, everyone},
		{app.PresetHost, app.RoleMember, everyone | app.MediaAdd},
		{app.PresetHost, app.RoleAdmin, all | app.RoomView},
		{app.PresetHost, app.RoleOwner, all | app.RoomView | app.RoomOwn},
		{app.PresetOpen, "stranger", 0},
		{"vote", app.RoleOwner, 0},
	} {
		if got := app.Permissions(app.RoomSettings{Preset: c.preset}, c.role, app.Override{}); got != c.want {
			t.Errorf("%s %s: %v, want %v", c.preset, c.role, got.Names(), c.want.Names())
		}
	}
}

// Every role under every preset with every action allowed or denied by the room, by the member's own
// override, by both or against each other.
func TestOverrides(t *testing.T) {
	sources := []struct {
		name      string
		room, own func(a app.Action) app.Override
		denied    bool
		allowed   bool
	}{
		{"nothing", none, none, false, false},
		{"the room allows", allow, none, false, true},
		{"the room denies", deny, none, true, false},
		{"their own allows", none, allow, false, true},
		{"their own denies", none, deny, true, false},
		{"the room denies, their own allows", deny, allow, true, false},
		{"the room allows, their own denies", allow, deny, true, false},
		{"both in one place", func(a app.Action) app.Override { return app.Override{Allow: a, Deny: a} }, none, true, false},
	}
	for _, preset := range []app.Preset{app.PresetOpen, app.PresetHost} {
		for _, role := range []app.RoomRole{app.RoleGuest, app.RoleMember, app.RoleAdmin, app.RoleOwner} {
			base := app.Permissions(app.RoomSettings{Preset: preset}, role, app.Override{})
			for bit := app.ChatSend; bit <= app.RoomOwn; bit <<= 1 {
				for _, src := range sources {
					s := app.RoomSettings{Preset: preset, Overrides: map[app.RoomRole]app.Override{role: src.room(bit)}}
					got := app.Permissions(s, role, src.own(bit)).Has(bit)
					want := base.Has(bit)
					switch {
					case role == app.RoleOwner, bit == app.RoomView:
					case src.denied:
						want = false
					case src.allowed:
						want = want || role != app.RoleGuest || ceiling.Has(bit)
					}
					if bit == app.RoomOwn && role != app.RoleOwner {
						continue // kept out of overrides where they are set, see TestSettingsThatMakeNoSense
					}
					if got != want {
						t.Errorf("%s %s, %s of %v: %v, want %v", preset, role, src.name, bit.Names(), got, want)
					}
				}
			}
		}
	}
}

func none(app.Action) app.Override    { return app.Override{} }
func allow(a app.Action) app.Override { return app.Override{Allow: a} }
func deny(a app.Action) app.Override  { return app.Override{Deny: a} }

func TestActionNames(t *testing.T) {
	names := app.Actions()
	if len(names) != 15 || !slices.Contains(names, "members_view") {
		t.Errorf("%v", names)
	}
	set, err := app.ParseActions("allow", names)
	if err != nil || set != all {
		t.Errorf("parsed %v, %v", set, err)
	}
	for _, bad := range []string{"", "room_view", "room_own", "Chat_Send", "chat_send "} {
		if _, err := app.ParseActions("allow", []string{bad}); app.CodeOf(err) != app.CodeInvalid || app.AsError(err).Field != "allow" {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
