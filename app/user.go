package app

import "context"

// Me returns the caller's account; for a guest, a stand-in with the guest's name.
func (a *App) Me(ctx context.Context, by Actor) (User, error) {
	switch by.kind {
	case KindUser:
		return a.Store.User(ctx, by.user.ID)
	case KindGuest:
		return User{ID: UserID(by.person), DisplayName: by.name}, nil
	}
	return User{}, Errorf(CodeUnauthenticated, "Nobody is signed in.")
}

// UpdateMe changes the caller's own profile.
func (a *App) UpdateMe(ctx context.Context, by Actor, displayName *string) (User, error) {
	if err := by.needUser(); err != nil {
		return User{}, err
	}
	if err := a.limitManaging(ctx, by); err != nil {
		return User{}, err
	}
	return a.changeUser(ctx, by.user.ID, UserPatch{DisplayName: displayName})
}

// ListUsers pages through accounts, newest first.
func (a *App) ListUsers(ctx context.Context, by Actor, query string, p Page) ([]User, string, error) {
	if err := by.needAdmin(); err != nil {
		return nil, "", err
	}
	return a.Store.ListUsers(ctx, clip(query, 64), p)
}

// CreateUser makes an account; only root makes administrators.
func (a *App) CreateUser(ctx context.Context, by Actor, username, password, displayName string, role UserRole) (User, error) {
	if err := by.needAdmin(); err != nil {
		return User{}, err
	}
	if role == "" {
		role = UserPlain
	}
	if err := by.mayGive(role); err != nil {
		return User{}, err
	}
	return a.createUser(ctx, username, password, displayName, role)
}

// mayGive checks that the actor may hand out a server role.
func (a Actor) mayGive(role UserRole) error {
	switch {
	case role == UserRoot:
		return Errorf(CodeForbidden, "There is one root account.")
	case role == UserAdmin && a.user.Role != UserRoot:
		return Errorf(CodeForbidden, "Only root makes administrators.")
	}
	return nil
}

// UserPatch changes what is not nil.
type UserPatch struct {
	Role        *UserRole
	Disabled    *bool
	DisplayName *string
	Password    *string
}

// UpdateUser changes somebody's account. Root cannot be weakened, administrators are root's matter.
func (a *App) UpdateUser(ctx context.Context, by Actor, id UserID, p UserPatch) (User, error) {
	if err := a.mayManage(ctx, by, id); err != nil {
		return User{}, err
	}
	if p.Role != nil {
		if err := by.mayGive(*p.Role); err != nil {
			return User{}, err
		}
	}
	return a.changeUser(ctx, id, p)
}

func (a *App) mayManage(ctx context.Context, by Actor, id UserID) error {
	if err := by.needAdmin(); err != nil {
		return err
	}
	u, err := a.Store.User(ctx, id)
	if err != nil {
		return err
	}
	if u.Role == UserRoot || u.Role == UserAdmin && by.user.Role != UserRoot {
		return Errorf(CodeForbidden, "You cannot change this account.")
	}
	return nil
}

func (a *App) changeUser(ctx context.Context, id UserID, p UserPatch) (User, error) {
	if p.DisplayName != nil {
		name, err := checkDisplayName(*p.DisplayName)
		if err != nil {
			return User{}, err
		}
		p.DisplayName = &name
	}
	if p.Password != nil {
		if err := checkPassword("password", *p.Password); err != nil {
			return User{}, err
		}
		if _, err := a.setPassword(ctx, id, *p.Password); err != nil {
			return User{}, err
		}
	}
	u, err := a.Store.UpdateUser(ctx, id, func(u *User) error {
		if p.Role != nil {
			u.Role = *p.Role
		}
		if p.Disabled != nil {
			u.Disabled = *p.Disabled
		}
		if p.DisplayName != nil {
			u.DisplayName = *p.DisplayName
		}
		return nil
	})
	if err != nil {
		return User{}, err
	}
	// A lower role or a locked account must hold at once on every node.
	if p.Role != nil || p.Disabled != nil && *p.Disabled {
		ids, err := a.Store.RevokeSessions(ctx, id, "", a.Now())
		if err != nil {
			return User{}, err
		}
		a.endSessions(ctx, ids)
		a.streams.tell(ctx, streamNews{Kind: newsPerson, Person: PersonID(id)})
	}
	return u, nil
}

// DeleteUser removes an account with its logins. Rooms it owns must go first.
func (a *App) DeleteUser(ctx context.Context, by Actor, id UserID) error {
	if err := a.mayManage(ctx, by, id); err != nil {
		return err
	}
	rooms, _, err := a.Store.ListRooms(ctx, RoomFilter{Owner: id}, Page{Limit: 1})
	if err != nil {
		return err
	}
	if len(rooms) > 0 {
		return Errorf(CodeConflict, "This account still owns the room %q. Delete it or hand it over first.", rooms[0].Name)
	}
	ids, err := a.Store.RevokeSessions(ctx, id, "", a.Now())
	if err != nil {
		return err
	}
	a.endSessions(ctx, ids)
	if err := a.Store.DeleteUser(ctx, id); err != nil {
		return err
	}
	a.streams.tell(ctx, streamNews{Kind: newsPerson, Person: PersonID(id)})
	return nil
}
