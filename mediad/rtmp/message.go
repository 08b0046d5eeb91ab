package rtmp

// Type is the type of a message (sections 5.4, 7.1).
type Type uint8

// Types. 0 is no message.
const (
	TypeSetChunkSize     Type = 1
	TypeAbort            Type = 2
	TypeAcknowledgement  Type = 3
	TypeUserControl      Type = 4
	TypeWindowAckSize    Type = 5
	TypeSetPeerBandwidth Type = 6
	TypeAudio            Type = 8
	TypeVideo            Type = 9
	TypeDataAMF3         Type = 15
	TypeSharedAMF3       Type = 16
	TypeCommandAMF3      Type = 17
	TypeDataAMF0         Type = 18
	TypeSharedAMF0       Type = 19
	TypeCommandAMF0      Type = 20
	TypeAggregate        Type = 22
)

// Message is one RTMP message.
type Message struct {
	Type Type
	// Stream is the id of the message stream; 0 is the connection itself.
	Stream uint32
	// Timestamp is in milliseconds and wraps.
	Timestamp uint32
	// Payload is immutable once the message is complete: nobody else has it.
	Payload []byte
}

// Chunk stream ids we send on. Peers expect control on 2 and commands on 3; the
// others only keep kinds of media apart.
const (
	csControl = 2
	csCommand = 3
	csData    = 5
	csAudio   = 6
	csVideo   = 7
)

func chunkStreamOf(t Type) uint32 {
	switch t {
	case TypeCommandAMF0, TypeCommandAMF3:
		return csCommand
	case TypeDataAMF0, TypeDataAMF3:
		return csData
	case TypeAudio:
		return csAudio
	case TypeVideo, TypeAggregate:
		return csVideo
	}
	return csControl
}
