package app

import (
	"context"
	"time"

	"synctv/app/playback"
)

// The ports: what app needs of the cellars. Each is small, and written here because app is
// the one who consumes it. Methods return *Error values (possibly wrapped): CodeNotFound for
// what is absent, CodeConflict for what is taken, CodeUnavailable for a database that is away.

// Page asks for part of a list. After is the cursor of the last item seen, "" for the start.
type Page struct {
	Limit int // already bounded by the caller
	After string
}

// UserStore keeps accounts.
type UserStore interface {
	// CreateUser fails with CodeConflict on field "username" when the name is taken (case-blind).
	CreateUser(ctx context.Context, u User) error
	User(ctx context.Context, id UserID) (User, error)
	UserByName(ctx context.Context, username string) (User, error)
	// UpdateUser reads, changes and writes one account in one transaction.
	UpdateUser(ctx context.Context, id UserID, change func(*User) error) (User, error)
	DeleteUser(ctx context.Context, id UserID) error
	// ListUsers returns newest first; query matches part of username or display name, case-blind.
	// next is "" at the end.
	ListUsers(ctx context.Context, query string, p Page) (users []User, next string, err error)
	// RootUser returns the owner of the server, CodeNotFound before there is one.
	RootUser(ctx context.Context) (User, error)
}

// SessionStore keeps logins.
type SessionStore interface {
	CreateSession(ctx context.Context, s Session) error
	Session(ctx context.Context, id SessionID) (Session, error)
	// UpdateSession reads, changes and writes one login in one transaction. Two at once are
	// serialised: the second sees what the first wrote. When change fails nothing is written,
	// unless it fails with a value that wraps ErrKeep.
	UpdateSession(ctx context.Context, id SessionID, change func(*Session) error) (Session, error)
	// RevokeSessions ends every living login of an account but one ("" spares none) and returns which.
	RevokeSessions(ctx context.Context, id UserID, except SessionID, at Time) ([]SessionID, error)
	// DeleteExpiredSessions removes logins that ended before the given time.
	DeleteExpiredSessions(ctx context.Context, before Time) (int, error)
}

// RoomFilter narrows a list of rooms.
type RoomFilter struct {
	Visibility Visibility // "" for any
	Member     PersonID   // only rooms this person belongs to; "" for any
	Favourite  UserID     // only favourites of this account; "" for any
	Owner      UserID     // only rooms this account owns; "" for any
	Query      string     // part of the name, case-blind
}

// RoomStore keeps rooms and everything in them. Reads see committed state.
type RoomStore interface {
	// CreateRoom writes a room with its owner's membership, its first media, its playback and its first events.
	CreateRoom(ctx context.Context, r Room, owner Member, media []Media, pb playback.State) error
	Room(ctx context.Context, id RoomID) (Room, error)
	RoomByInvite(ctx context.Context, code string) (Room, error)
	// ListRooms returns the most recently active first.
	ListRooms(ctx context.Context, f RoomFilter, p Page) (rooms []Room, next string, err error)
	// UpdateRoom opens one transaction in which the room's row is held: changes of one room happen
	// one after the other, on every node. The events emitted inside get the next numbers and are
	// returned in order once everything is durable; when change fails nothing happened.
	UpdateRoom(ctx context.Context, id RoomID, change func(RoomTx) error) ([]Event, error)
	// TouchRooms notes that somebody is present.
	TouchRooms(ctx context.Context, ids []RoomID, at Time) error
	// IdleRooms returns rooms whose idle time-to-live has run out at the given time.
	IdleRooms(ctx context.Context, at Time, limit int) ([]RoomID, error)
	SetFavourite(ctx context.Context, user UserID, room RoomID, on bool, at Time) error
	// Favourites tells which of the rooms are favourites of the account.
	Favourites(ctx context.Context, user UserID, rooms []RoomID) (map[RoomID]bool, error)
}

// EventStore reads the event log of rooms.
type EventStore interface {
	// EventsAfter returns events with a greater number, in order, at most limit. complete is false
	// when the log no longer reaches back to seq+1.
	EventsAfter(ctx context.Context, room RoomID, seq uint32, limit int) (events []Event, complete bool, err error)
}

// MemberStore reads people of rooms.
type MemberStore interface {
	Member(ctx context.Context, room RoomID, id PersonID) (Member, error)
	// ListMembers returns the longest-standing first.
	ListMembers(ctx context.Context, room RoomID, p Page) (members []Member, next string, err error)
	// Ban returns the ban that keeps this person, or this network ("" for none), out: CodeNotFound when none does.
	Ban(ctx context.Context, room RoomID, id PersonID, addressKey string) (Ban, error)
	ListBans(ctx context.Context, room RoomID, p Page) (bans []Ban, next string, err error)
	// CountMembers counts people with an account.
	CountMembers(ctx context.Context, room RoomID) (int, error)
	// OldGuests returns guests of all rooms who joined before the given time, the longest-standing first.
	OldGuests(ctx context.Context, before Time, limit int) ([]Member, error)
}

// MediaStore reads the media tree.
type MediaStore interface {
	Media(ctx context.Context, room RoomID, id MediaID) (Media, error)
	// ListMedia returns the children of a folder ("" is the root) by order key.
	ListMedia(ctx context.Context, room RoomID, parent MediaID, p Page) (media []Media, next string, err error)
	// CountMedia counts every node of the room's tree.
	CountMedia(ctx context.Context, room RoomID) (int, error)
}

// MessageStore reads chat history.
type MessageStore interface {
	Message(ctx context.Context, room RoomID, id MessageID) (Message, error)
	// ListMessages returns the newest first.
	ListMessages(ctx context.Context, room RoomID, p Page) (messages []Message, next string, err error)
	// ListDanmaku returns undeleted danmaku of an item with from <= position < to, by position.
	ListDanmaku(ctx context.Context, room RoomID, media MediaID, fromMs, toMs float64, limit int) ([]Message, error)
}

// PlaybackStore reads playback.
type PlaybackStore interface {
	// Playback returns the state and when a node last noted that the room was alive (0 for never).
	Playback(ctx context.Context, room RoomID) (s playback.State, seen Time, err error)
	// NotePlaying records that these rooms are alive at the given time, so that a restart knows where they were.
	NotePlaying(ctx context.Context, rooms []RoomID, at Time) error
}

// Store is everything at once, as main hands it over.
type Store interface {
	UserStore
	SessionStore
	RoomStore
	EventStore
	MemberStore
	MediaStore
	MessageStore
	PlaybackStore
	StreamStore
	RecordingStore
	// Ping tells whether the database answers.
	Ping(ctx context.Context) error
}

// RoomTx is one transaction on one room. It is valid only inside the function it is given to.
// Reads see the transaction's own writes.
type RoomTx interface {
	// Room is the room as it stands, its row held.
	Room() Room
	SaveRoom(Room) error
	// DeleteRoom removes the room and everything in it; nothing can be emitted after.
	DeleteRoom() error

	Member(PersonID) (Member, error)
	SaveMember(Member) error // inserts or replaces
	DeleteMember(PersonID) error
	SaveBan(Ban) error // inserts or replaces
	DeleteBan(PersonID) error
	// Ban is that of MemberStore, as it stands.
	Ban(id PersonID, addressKey string) (Ban, error)

	Media(MediaID) (Media, error)
	// Siblings returns the children of a folder by order key.
	Siblings(parent MediaID) ([]Media, error)
	SaveMedia(Media) error // inserts or replaces
	DeleteMedia(ids []MediaID) error

	Message(MessageID) (Message, error)
	// MessageByClient finds a message by its sender and the sender's own id for it.
	MessageByClient(PersonID, string) (Message, error)
	SaveMessage(Message) error // inserts or replaces

	Playback() (playback.State, error)
	SavePlayback(playback.State) error

	// NextSeq is the number the next emitted event will get.
	NextSeq() uint32
	// Emit appends an event; the number is filled in.
	Emit(Event) error
}

// Bus carries small messages between nodes, this one included, by one road.
// Order is kept per publisher and topic. Delivery is at most once: what matters is read from the store.
type Bus interface {
	Publish(ctx context.Context, topic string, payload []byte) error
	Join(ctx context.Context, topic string) error
	Leave(topic string)
	// Run delivers until ctx ends. resync is called when messages of the topics may have been lost.
	Run(ctx context.Context, receive func(topic string, payload []byte), resync func(topics []string)) error
}

// PresenceStore keeps who is present in a room per node, forgotten when not refreshed.
type PresenceStore interface {
	Put(ctx context.Context, room, node string, entries []byte, ttl time.Duration) error
	Remove(ctx context.Context, room, node string) error
	All(ctx context.Context, room string) (map[string][]byte, error)
}

// KeyStore keeps short-lived values.
type KeyStore interface {
	Set(ctx context.Context, key string, value []byte, ttl time.Duration) error
	SetIfAbsent(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error)
	// Take returns and deletes in one step: of many takers exactly one gets it.
	Take(ctx context.Context, key string) (value []byte, ok bool, err error)
	Get(ctx context.Context, key string) (value []byte, ok bool, err error)
	Delete(ctx context.Context, key string) error
}

// Limiter counts. One token comes back each per; at most burst are held.
type Limiter interface {
	Allow(ctx context.Context, key string, burst int, per time.Duration, cost int) (ok bool, retryAfter time.Duration, err error)
}

// PasswordHasher turns passwords into PHC strings and checks them. Both wait for a place in a
// bounded pool and give up with CodeUnavailable when ctx ends first.
type PasswordHasher interface {
	Hash(ctx context.Context, password string) (string, error)
	// Verify tells whether the password fits. An empty hash takes as long as a real one and never fits.
	Verify(ctx context.Context, hash, password string) (bool, error)
	// Outdated tells whether a hash was made in another way than Hash makes them now.
	Outdated(hash string) bool
}

// Claims are what an access token says of its bearer.
type Claims struct {
	Subject string    // usr_… or gst_…
	Session SessionID // login; "" for guests
	Room    RoomID    // the guest's room; "" for accounts
	Name    string    // the guest's name
	Issued  Time
	Expires Time
}

// TokenSigner makes and reads access tokens.
type TokenSigner interface {
	Sign(Claims) (string, error)
	// Verify fails with CodeUnauthenticated for anything but a living token of ours.
	Verify(token string, now Time) (Claims, error)
}

// Probed is what looking at an address told.
type Probed struct {
	Title      string
	Container  string
	DurationMs float64
	Live       bool
	SizeBytes  int64
	DirectOK   bool
	Seekable   bool
	Codecs     []string
}

// Prober looks at media addresses, through the outbound guard.
type Prober interface {
	// CheckURL refuses what may never be fetched (CodeInvalid, CodeBlockedAddress) without fetching anything.
	CheckURL(rawURL string) error
	Probe(ctx context.Context, rawURL string, headers map[string]string) (Probed, error)
}

// URLSigner makes addresses of this server that stand for media elsewhere.
type URLSigner interface {
	// SignMedia returns a path on this server, good until expires, and only for as long as MayFetch says yes.
	SignMedia(l MediaLink, now Time) (path string, expires Time, err error)
}
