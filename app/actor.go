package app

import "net/netip"

// ActorKind tells accounts, guests and strangers apart.
type ActorKind int

// Kinds of actors. The zero value is a stranger.
const (
	KindAnonymous ActorKind = iota
	KindUser
	KindGuest
)

// Actor is who is asking. Only this package makes one that is somebody.
type Actor struct {
	kind    ActorKind
	user    User
	person  PersonID
	name    string
	session SessionID
	room    RoomID
	expires Time
}

// Origin is where a call comes from, for limits and bans, and how it came, for the addresses we hand out.
type Origin struct {
	Address netip.Addr
	// Host is the name, with a port or not, under which the caller reached us; "" when that is not known.
	Host string
	// Secure tells that the caller came by TLS.
	Secure bool
	// Protocol is "rtmp", "flv" or "hls" for those who publish or watch a live stream.
	Protocol string
	// Client names the connection of somebody who publishes or watches, see AdmitConnection; "" for a new one.
	Client string
	// Page is the web page that a viewer says to come from.
	Page string
}

// Kind tells what sort of actor this is.
func (a Actor) Kind() ActorKind { return a.kind }

// Anonymous tells whether nobody is signed in.
func (a Actor) Anonymous() bool { return a.kind == KindAnonymous }

// User returns the account; the zero User for others.
func (a Actor) User() User { return a.user }

// Person returns the id the actor has in rooms.
func (a Actor) Person() PersonID { return a.person }

// Name returns the name others see.
func (a Actor) Name() string { return a.name }

// Session returns the login, "" for guests.
func (a Actor) Session() SessionID { return a.session }

// GuestRoom returns the room a guest is bound to, "" for accounts.
func (a Actor) GuestRoom() RoomID { return a.room }

// serverAdmin tells whether the actor administers the whole server.
func (a Actor) serverAdmin() bool {
	return a.kind == KindUser && (a.user.Role == UserRoot || a.user.Role == UserAdmin)
}

func userActor(u User, s SessionID, expires Time) Actor {
	return Actor{kind: KindUser, user: u, person: PersonID(u.ID), name: u.DisplayName, session: s, expires: expires}
}

// needUser refuses everyone without an account.
func (a Actor) needUser() error {
	switch a.kind {
	case KindUser:
		return nil
	case KindGuest:
		return Errorf(CodeForbidden, "Guests cannot do this. Sign in with an account.")
	}
	return Errorf(CodeUnauthenticated, "Sign in first.")
}

// needAdmin refuses everyone but administrators of the server.
func (a Actor) needAdmin() error {
	if err := a.needUser(); err != nil {
		return err
	}
	if !a.serverAdmin() {
		return Errorf(CodeForbidden, "Only administrators of this server can do this.")
	}
	return nil
}
