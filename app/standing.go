package app

import (
	"context"
	"errors"
)

// errMoved ends a change whose grant is not true any more.
var errMoved = errors.New("the standing has changed")

// inRoom runs a change of the grant's room and sends its events on their way. The grant was given before the room's row was
// held: who was sent out, made less, or handed the room over in between is refused.
func (a *App) inRoom(ctx context.Context, g Grant, change func(tx RoomTx, emit func(EventBody) error) error) error {
	_, err := a.update(ctx, g.room.ID, g.member.Name, g.actor.person, func(tx RoomTx, emit func(EventBody) error) error {
		if err := g.holds(tx); err != nil {
			return err
		}
		return change(tx, emit)
	})
	if !errors.Is(err, errMoved) {
		return err
	}
	if _, err := a.Authorize(ctx, g.actor, g.room.ID, g.asked); err != nil {
		return err
	}
	return Errorf(CodeConflict, "What you may do in this room has just changed. Try again.")
}

// holds tells whether the person still is what the grant says, and may still do all of it.
func (g Grant) holds(tx RoomTx) error {
	m, err := tx.Member(g.actor.person)
	if CodeOf(err) == CodeNotFound {
		if !g.actor.serverAdmin() {
			return errMoved
		}
		m, err = Member{Role: RoleAdmin}, nil // see App.standing
	}
	if err != nil {
		return err
	}
	may := Permissions(tx.Room().Settings, m.Role, m.Own)
	if g.actor.serverAdmin() {
		may |= adminBase | RoomOwn
	}
	if m.Role != g.member.Role || !may.Has(g.actions) {
		return errMoved
	}
	return nil
}

// stillAdmitted refuses who was let in by a room that has closed that door since: seen is the room as admit saw it.
func stillAdmitted(tx RoomTx, seen Room, m Member) error {
	if _, err := tx.Ban(m.ID, m.AddressKey); err == nil {
		return errBanned()
	} else if CodeOf(err) != CodeNotFound {
		return err
	}
	now := tx.Room()
	switch {
	case now.Settings.Visibility == Private && (seen.Settings.Visibility != Private || now.InviteCode != seen.InviteCode):
		return errNoRoom()
	case now.PasswordHash != "" && now.PasswordHash != seen.PasswordHash:
		return Errorf(CodeWrongPassword, "The password of this room has just changed.")
	case m.Role == RoleGuest && !now.Settings.GuestsAllowed:
		return errNoGuests()
	}
	return nil
}

func errNoGuests() *Error {
	return Errorf(CodeGuestsNotAllowed, "This room is for people with an account. Sign in first.")
}
