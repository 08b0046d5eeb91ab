package rtmp

// EventKind is what happened on a connection.
type EventKind uint8

// Events. EventNone: more bytes are needed.
const (
	EventNone EventKind = iota
	// EventConnect: the client has introduced itself, and was answered.
	EventConnect
	// EventPublish and EventPlay: it asks to. Accept or Reject must follow before
	// the next Feed. On a client: it may, from now on.
	EventPublish
	EventPlay
	// EventMedia: audio, video or data, on a stream that is being published. On a
	// client: on the stream that is being played.
	EventMedia
	// EventUnpublish and EventStop: publishing or playing has ended; the client may
	// begin again on the same connection. Each comes once for each Accept, however
	// many commands say it; when a connection is cut none comes.
	EventUnpublish
	EventStop
	// EventReconnect, on a client: the server asks to come again, at URL if it is
	// not empty.
	EventReconnect
)

// Event is something that happened. Fields that its Kind does not name are zero.
type Event struct {
	Kind EventKind
	// Connect is of EventConnect.
	Connect *Connect
	// Target is of EventPublish, EventPlay, EventUnpublish and EventStop.
	Target *Target
	// Message is of EventMedia: of type TypeAudio, TypeVideo or TypeDataAMF0.
	Message Message
	// Capabilities of the server are of a client's EventPublish and EventPlay.
	Capabilities Capabilities
	// URL is of EventReconnect.
	URL string
}

// media returns the event that m makes of itself while media flows; aggregates
// are not meant for it.
func mediaEvent(m Message) Event {
	switch m.Type {
	case TypeAudio, TypeVideo:
	case TypeDataAMF0, TypeDataAMF3:
		m.Payload = amf0Body(m)
		m.Type = TypeDataAMF0
	default:
		return Event{}
	}
	return Event{Kind: EventMedia, Message: m}
}
