package e2e

import (
	"testing"
)

// TestNobodyRises is ABUSE-170: through every call that changes somebody, people try to become more than they are.
func TestNobodyRises(t *testing.T) {
	t.Parallel()
	s := startServer(t, "SYNCTV_SERVER_TRUSTED_PROXIES=127.0.0.0/8")
	root := s.owner()
	var rootUser struct{ ID string }
	root.must("GET", "/api/v1/me", nil, &rootUser)
	owner := s.as(signUp(t, s, "203.0.113.1", "owner"))
	room, other := owner.createRoom(nil), root.createRoom(nil)
	in := "/api/v1/rooms/" + room.ID
	make1 := func(name string) *client {
		c := s.as(signUp(t, s, "203.0.113.2", name))
		c.must("POST", in+"/join", map[string]any{}, nil)
		return c
	}
	member, admin, settings, manager := make1("member"), make1("roomadmin"), make1("settings"), make1("manager")
	serverAdmin := func() *client {
		root.must("POST", "/api/v1/users", map[string]any{"username": "serveradmin", "password": "correct horse", "role": "USER_ROLE_ADMIN"}, nil)
		tok, err := s.from("203.0.113.3").login("serveradmin", "correct horse")
		if err != nil {
			t.Fatal(err)
		}
		return s.as(tok)
	}()
	owner.must("PATCH", in+"/members/"+admin.id, map[string]any{"role": "ROOM_ROLE_ADMIN"}, nil)
	owner.must("PATCH", in+"/members/"+settings.id, map[string]any{"setOverrides": true, "allow": []string{"room_settings"}}, nil)
	owner.must("PATCH", in+"/members/"+manager.id, map[string]any{"setOverrides": true, "allow": []string{"members_manage"}, "deny": []string{"chat_send"}}, nil)
	guest := s.guest(room.ID, "Guest", "")
	owner.must("PATCH", in+"/members/"+guest.id, map[string]any{"setOverrides": true, "deny": []string{"chat_send"}}, nil)

	overrides := func(role string, allow ...string) map[string]any {
		return map[string]any{"settings": map[string]any{"guestsAllowed": true, "overrides": []any{map[string]any{"role": role, "allow": allow}}}}
	}
	type j = map[string]any
	for _, c := range []struct {
		name   string
		who    *client
		method string
		path   string
		body   j
		want   string
	}{
		{"member makes themself admin", member, "PATCH", in + "/members/" + member.id, j{"role": "ROOM_ROLE_ADMIN"}, "permission_denied"},
		{"member gives themself a permission", member, "PATCH", in + "/members/" + member.id, j{"setOverrides": true, "allow": []string{"members_manage"}}, "permission_denied"},
		{"member changes the room", member, "PATCH", in, j{"name": "Mine"}, "permission_denied"},
		{"member takes the room", member, "POST", in + "/owner", j{"userId": member.id}, "permission_denied"},
		{"member deletes the room", member, "DELETE", in, nil, "permission_denied"},
		{"member kicks the owner", member, "POST", in + "/members/" + owner.id + "/kick", j{}, "permission_denied"},
		{"admin makes themself owner", admin, "PATCH", in + "/members/" + admin.id, j{"role": "ROOM_ROLE_OWNER"}, "conflict"},
		{"admin makes a member owner", admin, "PATCH", in + "/members/" + member.id, j{"role": "ROOM_ROLE_OWNER"}, "invalid_argument"},
		{"admin makes a member admin", admin, "PATCH", in + "/members/" + member.id, j{"role": "ROOM_ROLE_ADMIN"}, "permission_denied"},
		{"admin weakens the owner", admin, "PATCH", in + "/members/" + owner.id, j{"role": "ROOM_ROLE_MEMBER"}, "permission_denied"},
		{"admin bans the owner", admin, "POST", in + "/bans", j{"personId": owner.id}, "permission_denied"},
		{"admin takes the room", admin, "POST", in + "/owner", j{"userId": admin.id}, "permission_denied"},
		{"admin raises a guest", admin, "PATCH", in + "/members/" + guest.id, j{"role": "ROOM_ROLE_MEMBER"}, "invalid_argument"},
		{"who may only change settings gives members more", settings, "PATCH", in, overrides("ROOM_ROLE_MEMBER", "members_manage", "chat_moderate"), "permission_denied"},
		{"who may only change settings gives guests more", settings, "PATCH", in, overrides("ROOM_ROLE_GUEST", "media_reorder", "live_publish", "media_edit_any"), ""}, // what members have; the ceiling holds
		{"who may only change settings gives the owner less", settings, "PATCH", in, overrides("ROOM_ROLE_OWNER"), "invalid_argument"},
		{"who may only change settings renames", settings, "PATCH", in, j{"name": "Renamed"}, ""},
		{"manager gives back what they lack", manager, "PATCH", in + "/members/" + guest.id, j{"setOverrides": true}, "permission_denied"},
		{"manager gives what they lack", manager, "PATCH", in + "/members/" + guest.id, j{"setOverrides": true, "allow": []string{"room_settings"}, "deny": []string{"chat_send"}}, "permission_denied"},
		{"manager shapes an equal", manager, "PATCH", in + "/members/" + member.id, j{"setOverrides": true, "deny": []string{"chat_send"}}, "permission_denied"},
		{"manager frees themself", manager, "PATCH", in + "/members/" + manager.id, j{"setOverrides": true}, "conflict"},
		{"guest makes a room", guest, "POST", "/api/v1/rooms", j{}, "permission_denied"},
		{"guest reads another room", guest, "GET", "/api/v1/rooms/" + other.ID, nil, "not_found"},
		{"guest writes in another room", guest, "POST", "/api/v1/rooms/" + other.ID + "/messages", j{"text": "a"}, "not_found"},
		{"guest joins another room", guest, "POST", "/api/v1/rooms/" + other.ID + "/join", j{}, "not_found"},
		{"guest asks for a ticket of another room", guest, "POST", "/api/v1/tickets", j{"roomId": other.ID}, "not_found"},
		{"guest sets a password", guest, "POST", "/api/v1/auth/password", j{"newPassword": "correct horse"}, "permission_denied"},
		{"user makes themself root", member, "PATCH", "/api/v1/users/" + member.id, j{"role": "USER_ROLE_ROOT"}, "permission_denied"},
		{"user makes an account", member, "POST", "/api/v1/users", j{"username": "extra", "password": "correct horse"}, "permission_denied"},
		{"role in one's own profile", member, "PATCH", "/api/v1/me", j{"displayName": "M", "role": "USER_ROLE_ROOT"}, "invalid_argument"},
		{"role when registering", s.from("203.0.113.9"), "POST", "/api/v1/auth/register", j{"username": "sneak", "password": "correct horse", "role": "USER_ROLE_ROOT"}, "invalid_argument"},
		{"the name root when registering", s.from("203.0.113.9"), "POST", "/api/v1/auth/register", j{"username": "ROOT", "password": "correct horse"}, "conflict"},
		{"administrator makes themself root", serverAdmin, "PATCH", "/api/v1/users/" + serverAdmin.id, j{"role": "USER_ROLE_ROOT"}, "permission_denied"},
		{"administrator makes an administrator", serverAdmin, "PATCH", "/api/v1/users/" + member.id, j{"role": "USER_ROLE_ADMIN"}, "permission_denied"},
		{"administrator makes an account of an administrator", serverAdmin, "POST", "/api/v1/users", j{"username": "extra", "password": "correct horse", "role": "USER_ROLE_ADMIN"}, "permission_denied"},
		{"administrator makes a second root", serverAdmin, "POST", "/api/v1/users", j{"username": "extra", "password": "correct horse", "role": "USER_ROLE_ROOT"}, "permission_denied"},
		{"administrator sets root's password", serverAdmin, "PATCH", "/api/v1/users/" + rootUser.ID, j{"password": "correct horse"}, "permission_denied"},
		{"administrator disables root", serverAdmin, "PATCH", "/api/v1/users/" + rootUser.ID, j{"disabled": true}, "permission_denied"},
		{"administrator deletes root", serverAdmin, "DELETE", "/api/v1/users/" + rootUser.ID, nil, "permission_denied"},
		{"root makes a second root", root, "POST", "/api/v1/users", j{"username": "extra", "password": "correct horse", "role": "USER_ROLE_ROOT"}, "permission_denied"},
		{"root weakens root", root, "PATCH", "/api/v1/users/" + rootUser.ID, j{"role": "USER_ROLE_USER"}, "permission_denied"},
		{"room of another in the path and the body", member, "POST", in + "/messages", j{"text": "a", "roomId": other.ID}, ""}, // the path wins
	} {
		t.Run(c.name, func(t *testing.T) {
			var body any
			if c.body != nil {
				body = c.body
			}
			if err := c.who.call(c.method, c.path, body, nil); refusal(err) != c.want {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
	if n := len(history(t, root, other.ID)); n != 0 {
		t.Errorf("the other room has %d messages", n)
	}
	sock := guest.dial(room.ID, dialOptions{})
	for _, p := range sock.Welcome.Me.Permissions {
		if p == "media_edit_any" || p == "room_settings" || p == "members_manage" {
			t.Errorf("a guest may %s", p)
		}
	}
}
