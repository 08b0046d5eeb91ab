package translate

import (
	"synctv/app"
	synctvv1 "synctv/proto/synctv/v1"
)

var userRoles = []pair[synctvv1.UserRole, app.UserRole]{
	{synctvv1.UserRole_USER_ROLE_USER, app.UserPlain},
	{synctvv1.UserRole_USER_ROLE_ADMIN, app.UserAdmin},
	{synctvv1.UserRole_USER_ROLE_ROOT, app.UserRoot},
}

var roomRoles = []pair[synctvv1.RoomRole, app.RoomRole]{
	{synctvv1.RoomRole_ROOM_ROLE_GUEST, app.RoleGuest},
	{synctvv1.RoomRole_ROOM_ROLE_MEMBER, app.RoleMember},
	{synctvv1.RoomRole_ROOM_ROLE_ADMIN, app.RoleAdmin},
	{synctvv1.RoomRole_ROOM_ROLE_OWNER, app.RoleOwner},
}

// UserRole reads a server role; unspecified is "".
func UserRole(field string, r synctvv1.UserRole) (app.UserRole, error) {
	return toWord(userRoles, field, r)
}

// User is an account; of its password only whether there is one.
func User(u app.User) *synctvv1.User {
	return &synctvv1.User{
		Id: string(u.ID), Username: u.Username, DisplayName: u.DisplayName, Role: toWire(userRoles, u.Role),
		Disabled: u.Disabled, CreatedMs: u.Created.Ms(), HasPassword: u.PasswordHash != "",
	}
}

// Users is a list of accounts.
func Users(list []app.User) []*synctvv1.User { return each(list, User) }

// UserPatch reads what is to change of an account.
func UserPatch(r *synctvv1.UpdateUserRequest) (app.UserPatch, error) {
	p := app.UserPatch{Disabled: r.Disabled, DisplayName: r.DisplayName, Password: r.Password}
	if r.Role != nil {
		role, err := needWord(userRoles, "role", r.GetRole())
		if err != nil {
			return app.UserPatch{}, err
		}
		p.Role = &role
	}
	return p, nil
}

// Tokens are what a login gives.
func Tokens(t app.Tokens) *synctvv1.Tokens {
	out := &synctvv1.Tokens{AccessToken: t.Access, ExpiresIn: count(int(t.ExpiresIn.Seconds())), RefreshToken: t.Refresh}
	if t.User != nil {
		out.User = User(*t.User)
	}
	if t.Guest != nil {
		out.Guest = &synctvv1.Guest{Id: string(t.Guest.ID), Name: t.Guest.Name, RoomId: string(t.Guest.Room)}
	}
	return out
}

// Member is somebody's standing, with what it adds up to.
func Member(m app.MemberInfo) *synctvv1.Member {
	out := EventMember(m.Member)
	out.Permissions = m.Permissions.Names()
	return out
}

// EventMember is somebody's standing as an event carries it: what it adds up to depends on the
// room's settings at the time of looking, so it is left out.
func EventMember(m app.Member) *synctvv1.Member {
	return &synctvv1.Member{
		PersonId: string(m.ID), Name: m.Name, Role: toWire(roomRoles, m.Role),
		Allow: m.Own.Allow.Names(), Deny: m.Own.Deny.Names(), JoinedMs: m.Joined.Ms(),
	}
}

// Members is a list of people of a room.
func Members(list []app.MemberInfo) []*synctvv1.Member { return each(list, Member) }

// MemberPatch reads what is to change of somebody's standing.
func MemberPatch(r *synctvv1.UpdateMemberRequest) (app.MemberPatch, error) {
	var p app.MemberPatch
	if r.Role != nil {
		role, err := needWord(roomRoles, "role", r.GetRole())
		if err != nil {
			return p, err
		}
		p.Role = &role
	}
	if !r.GetSetOverrides() {
		if len(r.GetAllow())+len(r.GetDeny()) > 0 {
			return p, app.Invalid("set_overrides", "Set it to true to replace the personal permissions.")
		}
		return p, nil
	}
	own, err := override("allow", "deny", r.GetAllow(), r.GetDeny())
	if err != nil {
		return p, err
	}
	p.Own = &own
	return p, nil
}

func override(allowField, denyField string, allow, deny []string) (app.Override, error) {
	a, err := app.ParseActions(allowField, allow)
	if err != nil {
		return app.Override{}, err
	}
	d, err := app.ParseActions(denyField, deny)
	return app.Override{Allow: a, Deny: d}, err
}

// Bans is the list of who is kept out; how they are recognised stays here.
func Bans(list []app.Ban) []*synctvv1.Ban {
	return each(list, func(b app.Ban) *synctvv1.Ban {
		return &synctvv1.Ban{PersonId: string(b.ID), Name: b.Name, Reason: b.Reason, By: string(b.By), CreatedMs: b.Created.Ms()}
	})
}
