package rtmp

import (
	"io"

	"synctv/mediad/rtmp/amf"
)

// SessionConfig is what a Session may be told. The zero value is right for most.
type SessionConfig struct {
	Limits Limits
	// Capabilities are told to clients of Enhanced RTMP; nil means
	// DefaultCapabilities.
	Capabilities *Capabilities
	// Random is for the handshake; nil means crypto/rand.
	Random io.Reader
}

const (
	// maxStreams is how many message streams a client may have at a time.
	maxStreams = 8
	// Before a client publishes it has nothing to say that is longer than a command:
	// until then these bound what it can make us hold.
	strangerMessage = maxCommand
	strangerMemory  = 4 * maxCommand
	strangerFirst   = 4 << 10 // of a message, before its bytes are there
	// maxIdleCommands is how many commands are answered while no media moves.
	maxIdleCommands = 512
)

// Session is the server's side of one connection, as a machine: bytes go in,
// events and bytes to send come out. It decides nothing: whether somebody may
// publish or play is asked with EventPublish and EventPlay, and said with Accept
// and Reject. It is not safe for concurrent use.
type Session struct {
	peer
	caps   Capabilities
	limits Limits // of a client that publishes

	connect  *Connect
	streams  [maxStreams + 1]bool // message streams that were created
	commands int                  // since media moved last

	// The one stream that is asked for, published or played.
	state  sessionState
	target Target
	stream uint32 // its message stream
}

type sessionState uint8

const (
	idle sessionState = iota
	publishAsked
	playAsked
	publishing
	playing
)

// NewSession returns the server's side of a connection on which nothing was read
// yet.
func NewSession(c SessionConfig) *Session {
	s := &Session{limits: c.Limits.withDefaults()}
	stranger := s.limits
	stranger.Message, stranger.Memory = min(stranger.Message, strangerMessage), min(stranger.Memory, strangerMemory)
	s.peer = newPeer(NewServerHandshake(c.Random), stranger)
	s.reader.first = strangerFirst
	if s.caps = DefaultCapabilities(); c.Capabilities != nil {
		s.caps = *c.Capabilities
	}
	return s
}

// Feed takes bytes from p up to the next event and returns it with the bytes that
// follow; call it with those until the event is EventNone. Errors are final, and
// are returned again by every call.
func (s *Session) Feed(p []byte) (ev Event, rest []byte, err error) {
	if s.err != nil {
		return Event{}, nil, s.err
	}
	if s.state == publishAsked || s.state == playAsked {
		return Event{}, p, ErrUndecided // the one error that can be mended
	}
	for {
		var m Message
		if m, p, err = s.next(p); err == nil {
			if m.Type == 0 {
				return Event{}, nil, nil
			}
			ev, err = s.Handle(m)
		}
		if err != nil {
			s.err = err
			return Event{}, nil, err
		}
		if ev.Kind != EventNone {
			return ev, p, nil
		}
	}
}

// Handle takes one message: Feed without the bytes. Messages of no meaning here
// are ignored, whatever they are: their frame was sound.
func (s *Session) Handle(m Message) (Event, error) {
	if s.control(m) {
		if m.Type == TypeAcknowledgement && s.state == playing {
			s.commands = 0 // a player shows that it takes what it asked for
		}
		return Event{}, nil
	}
	switch m.Type {
	case TypeCommandAMF0, TypeCommandAMF3:
		return s.command(m)
	}
	ev := mediaEvent(m)
	if ev.Kind == EventNone || s.state != publishing {
		return Event{}, nil // also what was under way when publishing ended
	}
	s.commands = 0
	return ev, nil
}

// Connected returns what the client said of itself, or nil before it did.
func (s *Session) Connected() *Connect { return s.connect }

// StreamID returns the message stream that is published or played.
func (s *Session) StreamID() uint32 { return s.stream }

// Received returns how many bytes have come in, with the handshake.
func (s *Session) Received() uint64 { return s.acks.received }

// Accept says yes to EventPublish or EventPlay.
func (s *Session) Accept() {
	switch s.state {
	case publishAsked:
		s.state, s.reader.limits, s.reader.first = publishing, s.limits, firstAlloc
		s.Send(userControl(userStreamBegin, s.stream))
		s.sendCommand(s.stream, onStatus(Status{"status", CodePublishStart, "Publishing."}))
	case playAsked:
		s.state = playing
		s.Send(userControl(userStreamBegin, s.stream))
		s.sendCommand(s.stream, onStatus(Status{"status", CodePlayReset, "Playing from the start."}))
		s.sendCommand(s.stream, onStatus(Status{"status", CodePlayStart, "Playing."}))
		s.Send(Message{Type: TypeDataAMF0, Stream: s.stream,
			Payload: amf.Append(nil, amf.String("|RtmpSampleAccess"), amf.Bool(true), amf.Bool(true))})
	}
}

// Reject says no to EventPublish or EventPlay, with a code such as
// CodePublishBadName: encoders stop for a refusal that comes before the start,
// and try again for ever when the connection is just cut. Write the output, and
// give the client a second to close before closing.
func (s *Session) Reject(code, description string) {
	if s.state == publishAsked || s.state == playAsked {
		s.state = idle
		s.refuse(s.stream, code, description)
	}
}

func (s *Session) refuse(stream uint32, code, description string) {
	s.sendCommand(stream, onStatus(Status{"error", code, description}))
}

// EndPlay tells a player that the stream is over.
func (s *Session) EndPlay() {
	if s.state == playing {
		s.state = idle
		s.Send(userControl(userStreamEOF, s.stream))
		s.sendCommand(s.stream, onStatus(Status{"status", CodePlayUnpublished, "The stream is over."}))
		s.sendCommand(s.stream, onStatus(Status{"status", CodePlayStop, "Stopped."}))
	}
}

// Close ends the session from this side, with a reason for the client. Write the
// output and close the connection.
func (s *Session) Close(code, description string) {
	if s.err != nil {
		return
	}
	if s.connect != nil {
		s.refuse(s.stream, code, description)
	}
	s.state, s.err = idle, ErrClosed
}

// RequestReconnect asks the client to come again, at tcURL or, if that is empty,
// where it came from; the session goes on until the client leaves. It reports
// whether the client understands (Enhanced RTMP v2, "Reconnect Request").
func (s *Session) RequestReconnect(tcURL, description string) bool {
	if s.err != nil || s.connect == nil || s.connect.Capabilities.CapsEx&CapReconnect == 0 {
		return false
	}
	var more []amf.Property
	if tcURL != "" {
		more = append(more, amf.P("tcUrl", amf.String(tcURL)))
	}
	s.sendCommand(0, onStatus(Status{"status", CodeReconnectRequest, description}, more...))
	return true
}
