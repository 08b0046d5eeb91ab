package rtmp

import "encoding/binary"

// Events of user control messages (section 7.1.7).
const (
	userStreamBegin  = 0
	userStreamEOF    = 1
	userPingRequest  = 6
	userPingResponse = 7
)

// Limit types of Set Peer Bandwidth (section 5.4.5).
const limitDynamic = 2

// ownWindow is the window, in bytes, that we announce and ask for.
const ownWindow = 2_500_000

func setChunkSize(n uint32) Message { return control32(TypeSetChunkSize, n) }

func acknowledgement(n uint32) Message { return control32(TypeAcknowledgement, n) }

func windowAckSize(n uint32) Message { return control32(TypeWindowAckSize, n) }

func control32(t Type, v uint32) Message {
	return Message{Type: t, Payload: binary.BigEndian.AppendUint32(nil, v)}
}

func setPeerBandwidth(n uint32) Message {
	return Message{Type: TypeSetPeerBandwidth, Payload: append(binary.BigEndian.AppendUint32(nil, n), limitDynamic)}
}

func userControl(event uint16, v uint32) Message {
	b := binary.BigEndian.AppendUint16(nil, event)
	return Message{Type: TypeUserControl, Payload: binary.BigEndian.AppendUint32(b, v)}
}

// parseUserControl returns the event and its first argument.
func parseUserControl(b []byte) (event uint16, v uint32, ok bool) {
	if len(b) < 6 {
		return 0, 0, false
	}
	return binary.BigEndian.Uint16(b), binary.BigEndian.Uint32(b[2:]), true
}

// ackCounter accounts for the bytes a peer has sent (section 5.4.3).
type ackCounter struct {
	received uint64
	acked    uint64
	window   uint64
}

// minWindow is the smallest window that is followed: an acknowledgement for less
// would cost more than what it acknowledges.
const minWindow = 1024

func newAckCounter() ackCounter { return ackCounter{window: ownWindow} }

// setWindow takes the peer's window; 0 is none and changes nothing.
func (a *ackCounter) setWindow(n uint32) {
	if n != 0 {
		a.window = min(max(uint64(n), minWindow), ownWindow)
	}
}

// due returns the sequence number to acknowledge, when it is time: after half a
// window, because there are peers that stop at a whole one. It is asked for when
// the peer has announced no window as well, for others stop then.
func (a *ackCounter) due() (uint32, bool) {
	if a.received-a.acked < a.window/2 {
		return 0, false
	}
	a.acked = a.received
	return uint32(a.received), true
}
