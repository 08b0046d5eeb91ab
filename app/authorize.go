package app

import "context"

// Grant proves that Authorize said yes. Its fields are unexported, so it cannot be made
// elsewhere, and the methods that act take one: a check cannot be forgotten.
type Grant struct {
	actor   Actor
	room    Room
	member  Member
	actions Action // everything the person may do, not only what was asked
	asked   Action
}

// Room returns the room the grant is for.
func (g Grant) Room() RoomID { return g.room.ID }

// Actor returns whose grant it is.
func (g Grant) Actor() Actor { return g.actor }

// Allows tells whether the person could also be granted another action.
func (g Grant) Allows(action Action) bool { return g.actions.Has(action) }

// check refuses a grant that was given for something else: a mistake of the calling door.
func (g Grant) check(action Action) error {
	if !g.asked.Has(action) {
		return Errorf(CodeForbidden, "This permission does not cover the request.")
	}
	return nil
}

// Authorize decides whether the actor may do something in a room.
func (a *App) Authorize(ctx context.Context, by Actor, room RoomID, action Action) (Grant, error) {
	if by.Anonymous() {
		return Grant{}, Errorf(CodeUnauthenticated, "Sign in or join the room first.")
	}
	if by.kind == KindGuest && by.room != room || !validID("room_", string(room)) {
		return Grant{}, errNoRoom()
	}
	r, err := a.Store.Room(ctx, room)
	if err != nil {
		return Grant{}, err
	}
	m, err := a.standing(ctx, by, r)
	if err != nil {
		return Grant{}, err
	}
	g := Grant{actor: by, room: r, member: m, asked: action, actions: Permissions(r.Settings, m.Role, m.Own)}
	if by.serverAdmin() {
		g.actions |= adminBase | RoomOwn
	}
	if !g.actions.Has(action) {
		return Grant{}, errMayNot()
	}
	return g, nil
}

func errNoRoom() *Error {
	return Errorf(CodeNotFound, "There is no such room, or you have not been invited.")
}

func errMayNot() *Error {
	return Errorf(CodeForbidden, "You may not do this in this room. Ask its owner.")
}

// standing returns what the actor is in the room. Administrators of the server stand as admins
// where they are not members.
func (a *App) standing(ctx context.Context, by Actor, r Room) (Member, error) {
	m, err := a.Store.Member(ctx, r.ID, by.person)
	if err == nil || CodeOf(err) != CodeNotFound {
		return m, err
	}
	if _, err := a.Store.Ban(ctx, r.ID, by.person, ""); err == nil {
		return Member{}, errBanned()
	} else if CodeOf(err) != CodeNotFound {
		return Member{}, err
	}
	if by.serverAdmin() {
		return Member{RoomID: r.ID, ID: by.person, Name: by.name, Role: RoleAdmin}, nil
	}
	if by.kind == KindGuest {
		return Member{}, Errorf(CodeKicked, "You are no longer in this room. Open the invite link to come back.")
	}
	if r.Settings.Visibility == Private {
		return Member{}, errNoRoom()
	}
	return Member{}, Errorf(CodeForbidden, "Join the room first.")
}

func errBanned() *Error {
	return Errorf(CodeBanned, "You have been banned from this room.")
}

// Standing returns what the person is in the room.
func (g Grant) Standing() MemberInfo {
	m := g.member
	m.AddressKey = ""
	return MemberInfo{m, g.actions}
}
