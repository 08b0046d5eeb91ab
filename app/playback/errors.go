package playback

// Code names a class of refusals; doors translate it for their wire.
type Code string

// The codes of [Error].
const (
	CodeInvalid    Code = "invalid"     // a field is malformed or out of range: the client must change it
	CodeStaleMedia Code = "stale_media" // the intent was made while another item was on: look at the current state
	CodeStaleEpoch Code = "stale_epoch" // the intent belongs to another life of the room: take a snapshot
	CodeAhead      Code = "ahead"       // the intent knows a revision that this state does not have: read again and retry
	CodeNoMedia    Code = "no_media"    // nothing is chosen
	CodeNoItem     Code = "no_item"     // the queue has no such item
	CodeLive       Code = "live"        // a live stream cannot be seeked or sped up
)

// Error is a refused intent or an invalid state. The state that Apply returns beside it is the unchanged current one, which
// is what a client needs to see after [Error.NeedsSnapshot].
type Error struct {
	Code    Code
	Field   string // the field at fault, if one is
	Message string
}

// Error says what was refused and why.
func (e *Error) Error() string {
	if e.Field == "" {
		return "playback: " + e.Message
	}
	return "playback: " + e.Field + ": " + e.Message
}

// NeedsSnapshot reports whether the refusal should carry the current state, because the sender acted on an old one.
func (e *Error) NeedsSnapshot() bool {
	return e.Code == CodeStaleMedia || e.Code == CodeStaleEpoch
}

func invalid(field, message string) *Error {
	return &Error{Code: CodeInvalid, Field: field, Message: message}
}
