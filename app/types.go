package app

// UserRole is the standing of an account on the whole server.
type UserRole string

// Server roles. Root is the owner of the server and cannot be weakened.
const (
	UserPlain UserRole = "user"
	UserAdmin UserRole = "admin"
	UserRoot  UserRole = "root"
)

// User is an account.
type User struct {
	ID          UserID
	Username    string // as written; unique without regard to case
	DisplayName string
	Role        UserRole
	Disabled    bool
	// PasswordHash is a PHC string, or "" while no password was set.
	PasswordHash string
	Created      Time
}

// Session is a login. Its refresh token is "rt_<id>.<secret>"; only hashes are kept.
type Session struct {
	ID     SessionID
	UserID UserID
	// RefreshHash is SHA-256 of the current secret; PreviousHash of the one before it,
	// which is still good for a short grace after Rotated.
	RefreshHash  []byte
	PreviousHash []byte
	Created      Time
	Rotated      Time
	Expires      Time
	// Revoked is when the session ended early, 0 while it lives.
	Revoked Time
}

// RoomRole is a person's standing in one room.
type RoomRole string

// Room roles, weakest first.
const (
	RoleGuest  RoomRole = "guest"
	RoleMember RoomRole = "member"
	RoleAdmin  RoomRole = "admin"
	RoleOwner  RoomRole = "owner"
)

// rank orders roles; a person manages only those below.
func (r RoomRole) rank() int {
	switch r {
	case RoleOwner:
		return 4
	case RoleAdmin:
		return 3
	case RoleMember:
		return 2
	case RoleGuest:
		return 1
	}
	return 0
}

// Visibility says who finds a room and who may come.
type Visibility string

// Visibilities.
const (
	Public   Visibility = "public"   // listed
	Unlisted Visibility = "unlisted" // anyone with the link or id
	Private  Visibility = "private"  // members, and whoever has the current invite code
)

// Preset fixes what roles start from.
type Preset string

// Presets.
const (
	PresetOpen Preset = "open"
	PresetHost Preset = "host"
)

// WaitPolicy says when a room waits for someone who is loading.
type WaitPolicy string

// Wait policies.
const (
	WaitOff    WaitPolicy = "off"
	WaitSoft   WaitPolicy = "soft"
	WaitStrict WaitPolicy = "strict"
)

// RoomSettings are what room_settings may change.
type RoomSettings struct {
	Visibility    Visibility            `json:"visibility"`
	Preset        Preset                `json:"preset"`
	GuestsAllowed bool                  `json:"guests_allowed"`
	Capacity      int                   `json:"capacity,omitempty"`         // people present at once; 0 is no limit
	IdleTTL       int                   `json:"idle_ttl_seconds,omitempty"` // delete after so many seconds alone; 0 keeps
	Wait          WaitPolicy            `json:"wait"`
	Overrides     map[RoomRole]Override `json:"overrides,omitempty"`
	SlowModeMs    int                   `json:"slow_mode_ms,omitempty"`
}

// Room is a room as it is stored. Seq is the number of its newest event.
type Room struct {
	ID           RoomID
	Name         string
	OwnerID      UserID
	Settings     RoomSettings
	PasswordHash string // PHC string, "" for none
	InviteCode   string
	Created      Time
	// Active is when somebody was last present; drives idle deletion.
	Active Time
	Seq    uint32
	// Epoch changes when event numbers start anew.
	Epoch string
}

// Member is one person's standing in one room. Guests have rows too.
type Member struct {
	RoomID RoomID
	ID     PersonID
	Name   string
	Role   RoomRole
	Own    Override
	Joined Time
	// AddressKey is a keyed hash of the network a guest came from, so that a ban holds; "" for accounts.
	AddressKey string
}

// Ban keeps a person out.
type Ban struct {
	RoomID     RoomID
	ID         PersonID
	Name       string
	Reason     string
	By         PersonID
	Created    Time
	AddressKey string
}

// MediaKind is item or folder.
type MediaKind string

// Media kinds.
const (
	MediaItem   MediaKind = "item"
	MediaFolder MediaKind = "folder"
)

// Delivery says how bytes reach the browser.
type Delivery string

// Deliveries.
const (
	DeliverAuto   Delivery = "auto"
	DeliverDirect Delivery = "direct"
	DeliverProxy  Delivery = "proxy"
)

// Subtitle is a text track by address.
type Subtitle struct {
	URL      string `json:"url"`
	Label    string `json:"label,omitempty"`
	Language string `json:"language,omitempty"`
	Format   string `json:"format,omitempty"`
}

// MediaMeta is what the provider says of an item; stored as one JSON document.
type MediaMeta struct {
	Headers   map[string]string `json:"headers,omitempty"`
	Subtitles []Subtitle        `json:"subtitles,omitempty"`
	Container string            `json:"container,omitempty"`
	Codecs    []string          `json:"codecs,omitempty"`
	Live      bool              `json:"live,omitempty"`
	DirectOK  bool              `json:"direct_ok,omitempty"` // the origin lets a browser read it
	Seekable  bool              `json:"seekable,omitempty"`
	// Probe is "pending", "ok", or the code of what went wrong.
	Probe string `json:"probe,omitempty"`
	// Named is true when a person chose the title, so that probing leaves it alone.
	Named bool `json:"named,omitempty"`
}

// Media is a node of a room's tree.
type Media struct {
	ID       MediaID
	RoomID   RoomID
	ParentID MediaID // "" is the root: the queue
	Kind     MediaKind
	// OrderKey sorts siblings; see order.go.
	OrderKey    string
	Title       string
	Provider    string
	URL         string
	Delivery    Delivery
	DurationMs  float64 // 0 when unknown or live
	Meta        MediaMeta
	AddedBy     PersonID
	AddedByName string
	Created     Time
	Version     uint32
}

// Danmaku places a message on the picture.
type Danmaku struct {
	Lane       string  `json:"lane"`  // "scroll", "top" or "bottom"
	Color      uint32  `json:"color"` // 0xRRGGBB
	MediaID    MediaID `json:"media_id"`
	PositionMs float64 `json:"position_ms"`
}

// Message is a chat message. Text is data and never markup.
type Message struct {
	ID       MessageID `json:"id"`
	RoomID   RoomID    `json:"-"`
	Seq      uint32    `json:"seq"` // event that created it
	PersonID PersonID  `json:"person_id"`
	Name     string    `json:"name"`
	Text     string    `json:"text,omitempty"`
	Created  Time      `json:"created"`
	Edited   Time      `json:"edited,omitempty"`
	Deleted  bool      `json:"deleted,omitempty"`
	Danmaku  *Danmaku  `json:"danmaku,omitempty"`
	ClientID string    `json:"client_id,omitempty"`
}
