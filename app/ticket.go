package app

import (
	"context"
	"encoding/json"
	"time"
)

const ticketTTL = 30 * time.Second

// ticketValue is what a ticket stands for. It names the caller, not a token, so that a login
// that ended in the meantime is noticed.
type ticketValue struct {
	Room    RoomID    `json:"room"`
	Person  PersonID  `json:"person"`
	Name    string    `json:"name,omitempty"`
	Session SessionID `json:"session,omitempty"`
	Expires Time      `json:"expires,omitempty"` // of a guest's pass
}

// CreateTicket makes a one-time ticket for one WebSocket of one room.
func (a *App) CreateTicket(ctx context.Context, by Actor, room RoomID) (string, time.Duration, error) {
	if _, err := a.Authorize(ctx, by, room, RoomView); err != nil {
		return "", 0, err
	}
	if err := a.limit(ctx, "ticket:"+string(by.person), 30, time.Second, "Too many connections. Wait a moment."); err != nil {
		return "", 0, err
	}
	value, err := json.Marshal(ticketValue{room, by.person, by.name, by.session, by.expires})
	if err != nil {
		return "", 0, Internal(err)
	}
	ticket := newSecret(32)
	if err := a.Keys.Set(ctx, ticketKey(ticket), value, ticketTTL); err != nil {
		return "", 0, Wrap(CodeUnavailable, err, "The server cannot open connections now. Try again.")
	}
	return ticket, ticketTTL, nil
}

func ticketKey(ticket string) string {
	return "ticket:" + idEncoding.EncodeToString(hashSecret(ticket))
}

// RedeemTicket turns a ticket into its actor, once, for the room it was made for.
func (a *App) RedeemTicket(ctx context.Context, ticket string, room RoomID) (Actor, error) {
	refused := Errorf(CodeUnauthenticated, "The ticket is used, too old, or for another room. Ask for a new one.")
	if len(ticket) > 64 {
		return Actor{}, refused
	}
	data, ok, err := a.Keys.Take(ctx, ticketKey(ticket))
	if err != nil {
		return Actor{}, Wrap(CodeUnavailable, err, "The server cannot check tickets now. Try again.")
	}
	var v ticketValue
	if !ok || json.Unmarshal(data, &v) != nil || v.Room != room {
		return Actor{}, refused
	}
	if v.Session == "" {
		return Actor{kind: KindGuest, person: v.Person, name: v.Name, room: v.Room, expires: v.Expires}, nil
	}
	u, err := a.sessionUser(ctx, v.Session)
	if err != nil {
		return Actor{}, err
	}
	return userActor(u, v.Session, 0), nil
}
