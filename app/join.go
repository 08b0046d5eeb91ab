package app

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"time"
	"unicode/utf8"
)

// InvitePreview is what an invite leads to, before joining.
type InvitePreview struct {
	RoomID        RoomID
	Name          string
	OwnerName     string
	NeedsPassword bool
	GuestsAllowed bool
	Full          bool
	Online        int
	NowPlaying    string
}

// LookupInvite says what an invite code, or the id of a room that is not private, leads to.
func (a *App) LookupInvite(ctx context.Context, from Origin, code string) (InvitePreview, error) {
	if err := a.limit(ctx, "invite:"+network(from.Address), 60, time.Second, "Too many attempts. Wait a little and try again."); err != nil {
		return InvitePreview{}, err
	}
	r, err := a.roomByCode(ctx, code)
	if err != nil {
		return InvitePreview{}, err
	}
	p := InvitePreview{RoomID: r.ID, Name: r.Name, OwnerName: a.userName(ctx, r.OwnerID), NeedsPassword: r.PasswordHash != "",
		GuestsAllowed: r.Settings.GuestsAllowed && a.cfg.GuestsAllowed, Online: a.online(ctx, r.ID)}
	p.Full = r.Settings.Capacity > 0 && p.Online >= r.Settings.Capacity
	if !p.NeedsPassword {
		p.NowPlaying = a.nowPlaying(ctx, r.ID)
	}
	return p, nil
}

func (a *App) roomByCode(ctx context.Context, code string) (Room, error) {
	noInvite := Errorf(CodeNotFound, "This invite does not lead anywhere. Ask for a new link.")
	if validID("room_", code) {
		r, err := a.Store.Room(ctx, RoomID(code))
		if err == nil && r.Settings.Visibility == Private {
			return Room{}, noInvite
		}
		if CodeOf(err) == CodeNotFound {
			return Room{}, noInvite
		}
		return r, err
	}
	if len(code) < 6 || len(code) > 64 {
		return Room{}, noInvite
	}
	r, err := a.Store.RoomByInvite(ctx, code)
	if CodeOf(err) == CodeNotFound {
		return Room{}, noInvite
	}
	return r, err
}

// admit checks what everyone must show who comes into a room for the first time.
func (a *App) admit(ctx context.Context, from Origin, r Room, who PersonID, password, invite string) error {
	invited := invite != "" && subtle.ConstantTimeCompare([]byte(invite), []byte(r.InviteCode)) == 1
	if r.Settings.Visibility == Private && !invited {
		return errNoRoom()
	}
	addressKey := ""
	if who == "" || who.IsGuest() {
		addressKey = a.addressKey(from)
	}
	if _, err := a.Store.Ban(ctx, r.ID, who, addressKey); err == nil {
		return errBanned()
	} else if CodeOf(err) != CodeNotFound {
		return err
	}
	if r.PasswordHash == "" {
		return nil
	}
	if password == "" {
		return Errorf(CodeWrongPassword, "This room asks for a password.")
	}
	if err := a.limit(ctx, "roompw:"+string(r.ID)+":"+network(from.Address), 8, 15*time.Second, "Too many attempts. Wait a little and try again."); err != nil {
		return err
	}
	if len(password) > 128 {
		return Errorf(CodeWrongPassword, "That is not the password of this room.")
	}
	ok, err := a.Passwords.Verify(ctx, r.PasswordHash, password)
	if err != nil {
		return err
	}
	if !ok {
		return Errorf(CodeWrongPassword, "That is not the password of this room.")
	}
	return nil
}

// addressKey is a keyed hash of the network somebody comes from: enough to keep a ban, useless to anyone else.
func (a *App) addressKey(from Origin) string {
	if !from.Address.IsValid() {
		return ""
	}
	mac := hmac.New(sha256.New, a.cfg.AddressKey)
	mac.Write([]byte(network(from.Address)))
	return idEncoding.EncodeToString(mac.Sum(nil)[:15])
}

// JoinRoom makes the caller a member; members just get the room.
func (a *App) JoinRoom(ctx context.Context, by Actor, from Origin, id RoomID, password, invite string) (RoomInfo, error) {
	if by.kind == KindGuest {
		return a.GetRoom(ctx, by, id)
	}
	if err := by.needUser(); err != nil {
		return RoomInfo{}, err
	}
	if !validID("room_", string(id)) {
		return RoomInfo{}, errNoRoom()
	}
	r, err := a.Store.Room(ctx, id)
	if err != nil {
		return RoomInfo{}, err
	}
	if _, err := a.Store.Member(ctx, id, by.person); err == nil {
		return a.GetRoom(ctx, by, id)
	} else if CodeOf(err) != CodeNotFound {
		return RoomInfo{}, err
	}
	if err := a.limit(ctx, "join:"+string(by.person), 20, 3*time.Second, "Too many rooms at once. Wait a moment."); err != nil {
		return RoomInfo{}, err
	}
	if !by.serverAdmin() {
		if err := a.admit(ctx, from, r, by.person, password, invite); err != nil {
			return RoomInfo{}, err
		}
	}
	m := Member{RoomID: id, ID: by.person, Name: by.name, Role: RoleMember, Joined: a.Now()}
	if err := a.addMember(ctx, m, func(tx RoomTx) error {
		if by.serverAdmin() {
			return nil
		}
		return stillAdmitted(tx, r, m)
	}); err != nil {
		return RoomInfo{}, err
	}
	return a.GetRoom(ctx, by, id)
}

// addMember writes a membership unless there is one, and tells the room. may has the last word, while the room's row is held.
func (a *App) addMember(ctx context.Context, m Member, may func(RoomTx) error) error {
	_, err := a.update(ctx, m.RoomID, m.Name, m.ID, func(tx RoomTx, emit func(EventBody) error) error {
		if _, err := tx.Member(m.ID); err == nil {
			return nil
		} else if CodeOf(err) != CodeNotFound {
			return err
		}
		if err := may(tx); err != nil {
			return err
		}
		if err := tx.SaveMember(m); err != nil {
			return err
		}
		m.AddressKey = ""
		return emit(MemberJoined{m})
	})
	return err
}

// JoinAsGuest makes a guest: a name and a token bound to the room.
func (a *App) JoinAsGuest(ctx context.Context, from Origin, id RoomID, name, password, invite string) (Tokens, error) {
	if err := a.limit(ctx, "guest:"+network(from.Address), 40, 3*time.Second, "Too many guests from here. Wait a little."); err != nil {
		return Tokens{}, err
	}
	if !validID("room_", string(id)) {
		return Tokens{}, errNoRoom()
	}
	name = cleanLine(name)
	if !visible(name) || utf8.RuneCountInString(name) > 32 {
		return Tokens{}, Invalid("name", "A name has 1 to 32 characters.")
	}
	r, err := a.Store.Room(ctx, id)
	if err != nil {
		return Tokens{}, err
	}
	if err := a.admit(ctx, from, r, "", password, invite); err != nil {
		return Tokens{}, err
	}
	if !r.Settings.GuestsAllowed || !a.cfg.GuestsAllowed {
		return Tokens{}, errNoGuests()
	}
	now := a.Now()
	m := Member{RoomID: id, ID: PersonID(newID("gst_", now)), Name: name, Role: RoleGuest, Joined: now, AddressKey: a.addressKey(from)}
	if err := a.addMember(ctx, m, func(tx RoomTx) error { return stillAdmitted(tx, r, m) }); err != nil {
		return Tokens{}, err
	}
	access, err := a.Tokens.Sign(Claims{Subject: string(m.ID), Room: id, Name: name, Issued: now, Expires: now.Add(a.cfg.GuestTTL)})
	if err != nil {
		return Tokens{}, Internal(err)
	}
	return Tokens{Access: access, ExpiresIn: a.cfg.GuestTTL, Guest: &Guest{m.ID, name, id}}, nil
}

// LeaveRoom ends the caller's membership. The owner hands over or deletes instead.
func (a *App) LeaveRoom(ctx context.Context, by Actor, id RoomID) error {
	g, err := a.Authorize(ctx, by, id, RoomView)
	if err != nil {
		return err
	}
	if g.member.Role == RoleOwner {
		return Errorf(CodeConflict, "You own this room. Hand it over or delete it.")
	}
	return a.removeMember(ctx, g, by.person, "left", "", nil)
}

// removeMember deletes a membership, tells the room, and so closes the person's sockets on every node.
func (a *App) removeMember(ctx context.Context, g Grant, who PersonID, how, reason string, also func(RoomTx, Member) error) error {
	err := a.inRoom(ctx, g, func(tx RoomTx, emit func(EventBody) error) error {
		m, err := tx.Member(who)
		if err != nil {
			return err
		}
		if how != "left" {
			if err := g.outranks(m); err != nil {
				return err
			}
		}
		if also != nil {
			if err := also(tx, m); err != nil {
				return err
			}
		}
		if err := tx.DeleteMember(who); err != nil {
			return err
		}
		return emit(MemberRemoved{ID: who, Name: m.Name, How: how, Reason: reason})
	})
	if err == nil {
		a.streams.tell(ctx, streamNews{Kind: newsPerson, Person: who}) // what the room shows is not theirs to watch any more
	}
	return err
}
