package app

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"strings"
)

// Identifiers are a prefix that tells the kind, then 26 lower-case characters that sort
// by time of birth: 48 bits of milliseconds and 80 random bits.
type (
	// UserID names an account: "usr_…".
	UserID string
	// PersonID names whoever can be in a room: an account ("usr_…") or a guest ("gst_…").
	PersonID string
	// SessionID names a login: "ses_…".
	SessionID string
	// RoomID names a room: "room_…".
	RoomID string
	// MediaID names an item or folder of a room's tree: "med_…".
	MediaID string
	// MessageID names a chat message: "msg_…".
	MessageID string
	// SeatID names one open connection in a room: "seat_…".
	SeatID string
	// StreamID names a live stream: "str_…".
	StreamID string
	// RecordingID names a recording of a stream: "rec_…".
	RecordingID string
	// PublishKeyID names a key to publish a stream: "key_…".
	PublishKeyID string
)

// idEncoding is base32 with an alphabet in ASCII order, so that text order is time order.
var idEncoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

const idLength = 26

func newID(prefix string, now Time) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(now.UnixMilli())<<16)
	rand.Read(b[6:])
	return prefix + idEncoding.EncodeToString(b[:])
}

// validID tells whether s could have been made by newID with this prefix.
func validID(prefix, s string) bool {
	rest, ok := strings.CutPrefix(s, prefix)
	if !ok || len(rest) != idLength {
		return false
	}
	for i := range len(rest) {
		c := rest[i]
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z') {
			return false
		}
	}
	return true
}

// IsGuest tells whether the person has no account.
func (p PersonID) IsGuest() bool { return strings.HasPrefix(string(p), "gst_") }

// newSecret returns n random bytes as text for links and tokens.
func newSecret(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return idEncoding.EncodeToString(b)
}
