package app

import (
	"context"
	"unicode/utf8"
)

// MemberInfo is a member with what their role and overrides add up to.
type MemberInfo struct {
	Member      Member
	Permissions Action
}

func infoOf(s RoomSettings, m Member) MemberInfo {
	m.AddressKey = ""
	return MemberInfo{m, Permissions(s, m.Role, m.Own)}
}

// outranks refuses acting on oneself, on the owner, and on one's equals.
func (g Grant) outranks(m Member) error {
	if m.ID == g.actor.person {
		return Errorf(CodeConflict, "You cannot do this to yourself.")
	}
	mine := g.member.Role.rank()
	if g.actor.serverAdmin() {
		mine = RoleOwner.rank()
	}
	if m.Role == RoleOwner || m.Role.rank() >= mine {
		return Errorf(CodeForbidden, "You can only do this to people below you in this room.")
	}
	return nil
}

// ListMembers pages through members and guests, longest-standing first. Needs members_view.
func (a *App) ListMembers(ctx context.Context, g Grant, p Page) ([]MemberInfo, string, error) {
	if err := g.check(MembersView); err != nil {
		return nil, "", err
	}
	members, next, err := a.Store.ListMembers(ctx, g.room.ID, p)
	if err != nil {
		return nil, "", err
	}
	infos := make([]MemberInfo, len(members))
	for i, m := range members {
		infos[i] = infoOf(g.room.Settings, m)
	}
	return infos, next, nil
}

// MemberPatch changes what is not nil.
type MemberPatch struct {
	Role *RoomRole
	Own  *Override
}

// UpdateMember changes somebody's role and personal permissions. Needs members_manage; nobody
// rises to or above the one who acts, and nobody gives away what they do not hold.
func (a *App) UpdateMember(ctx context.Context, g Grant, who PersonID, p MemberPatch) (MemberInfo, error) {
	if err := g.check(MembersManage); err != nil {
		return MemberInfo{}, err
	}
	if err := a.limitManaging(ctx, g.actor); err != nil {
		return MemberInfo{}, err
	}
	var after Member
	err := a.inRoom(ctx, g, func(tx RoomTx, emit func(EventBody) error) error {
		m, err := tx.Member(who)
		if err != nil {
			return err
		}
		if err := g.outranks(m); err != nil {
			return err
		}
		if err := g.mayShape(m, p); err != nil {
			return err
		}
		if p.Role != nil {
			m.Role = *p.Role
		}
		if p.Own != nil {
			m.Own = *p.Own
		}
		if err := tx.SaveMember(m); err != nil {
			return err
		}
		after = m
		m.AddressKey = ""
		return emit(MemberChanged{m})
	})
	if err != nil {
		return MemberInfo{}, err
	}
	return infoOf(g.room.Settings, after), nil
}

func (g Grant) mayShape(m Member, p MemberPatch) error {
	owner := g.member.Role == RoleOwner || g.actor.serverAdmin()
	if p.Role != nil {
		switch {
		case m.ID.IsGuest() && *p.Role != RoleGuest:
			return Invalid("role", "A guest stays a guest. Ask them to sign in.")
		case !m.ID.IsGuest() && *p.Role == RoleGuest:
			return Invalid("role", "A person with an account cannot be made a guest.")
		case *p.Role == RoleOwner:
			return Invalid("role", "Ownership is handed over, not given as a role.")
		case p.Role.rank() == 0:
			return Invalid("role", "There is no such role.")
		case *p.Role == RoleAdmin && !owner:
			return Errorf(CodeForbidden, "Only the owner makes admins.")
		}
	}
	if p.Own != nil {
		if (p.Own.Allow|p.Own.Deny)&^allGrantable != 0 {
			return Invalid("permissions", "There is no such permission.")
		}
		// Taking a denial away gives as much as an allowance does.
		if given := p.Own.Allow | m.Own.Deny&^p.Own.Deny; !g.actions.Has(given & allGrantable) {
			return errMayNotGive()
		}
	}
	return nil
}

func checkReason(reason string) (string, error) {
	reason = cleanLine(reason)
	if utf8.RuneCountInString(reason) > 200 {
		return "", Invalid("reason", "A reason has at most 200 characters.")
	}
	return reason, nil
}

// Kick removes a person and closes their sockets; they may come back. Needs members_manage.
func (a *App) Kick(ctx context.Context, g Grant, who PersonID, reason string) error {
	if err := g.check(MembersManage); err != nil {
		return err
	}
	if err := a.limitManaging(ctx, g.actor); err != nil {
		return err
	}
	reason, err := checkReason(reason)
	if err != nil {
		return err
	}
	return a.removeMember(ctx, g, who, "kicked", reason, nil)
}

// Ban removes a person, closes their sockets and keeps them out; a guest's network stays out too,
// as far as guests are concerned. Needs members_manage.
func (a *App) Ban(ctx context.Context, g Grant, who PersonID, reason string) error {
	if err := g.check(MembersManage); err != nil {
		return err
	}
	if err := a.limitManaging(ctx, g.actor); err != nil {
		return err
	}
	reason, err := checkReason(reason)
	if err != nil {
		return err
	}
	return a.removeMember(ctx, g, who, "banned", reason, func(tx RoomTx, m Member) error {
		return tx.SaveBan(Ban{RoomID: g.room.ID, ID: who, Name: m.Name, Reason: reason, By: g.actor.person,
			Created: a.Now(), AddressKey: m.AddressKey})
	})
}

// Unban lets a person come back. Needs members_manage.
func (a *App) Unban(ctx context.Context, g Grant, who PersonID) error {
	if err := g.check(MembersManage); err != nil {
		return err
	}
	if err := a.limitManaging(ctx, g.actor); err != nil {
		return err
	}
	return a.inRoom(ctx, g, func(tx RoomTx, _ func(EventBody) error) error { return tx.DeleteBan(who) })
}

// ListBans pages through the ban list. Needs members_manage.
func (a *App) ListBans(ctx context.Context, g Grant, p Page) ([]Ban, string, error) {
	if err := g.check(MembersManage); err != nil {
		return nil, "", err
	}
	return a.Store.ListBans(ctx, g.room.ID, p)
}

// TransferOwnership hands the room to another member with an account; the owner becomes an admin.
func (a *App) TransferOwnership(ctx context.Context, g Grant, to UserID) (RoomInfo, error) {
	if err := g.check(RoomOwn); err != nil {
		return RoomInfo{}, err
	}
	if err := a.limitManaging(ctx, g.actor); err != nil {
		return RoomInfo{}, err
	}
	err := a.inRoom(ctx, g, func(tx RoomTx, emit func(EventBody) error) error {
		r := tx.Room()
		if r.OwnerID == to {
			return Errorf(CodeConflict, "This person owns the room already.")
		}
		next, err := tx.Member(PersonID(to))
		if CodeOf(err) == CodeNotFound {
			return Invalid("user_id", "The new owner must be a member of the room.")
		}
		if err != nil {
			return err
		}
		if next.ID.IsGuest() {
			return Invalid("user_id", "A guest cannot own a room.")
		}
		previous, err := tx.Member(PersonID(r.OwnerID))
		if err != nil {
			return err
		}
		next.Role, next.Own, previous.Role, r.OwnerID = RoleOwner, Override{}, RoleAdmin, to
		for _, m := range []Member{next, previous} {
			if err := tx.SaveMember(m); err != nil {
				return err
			}
			if err := emit(MemberChanged{m}); err != nil {
				return err
			}
		}
		if err := tx.SaveRoom(r); err != nil {
			return err
		}
		return emit(RoomChanged{r.public()})
	})
	if err != nil {
		return RoomInfo{}, err
	}
	return a.GetRoom(ctx, g.actor, g.room.ID)
}
