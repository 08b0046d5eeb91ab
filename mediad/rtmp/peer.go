package rtmp

import "slices"

// peer is what both ends of a connection do alike: handshake, chunks,
// acknowledgements, control messages and output.
type peer struct {
	handshake *Handshake
	reader    *ChunkReader
	acks      ackCounter
	aggregate []Message // messages of an aggregate that are still to be given out

	out      []byte
	outChunk int
	window   uint32 // announced last because of Set Peer Bandwidth
	err      error  // it stays
}

func newPeer(h *Handshake, l Limits) peer {
	return peer{handshake: h, reader: NewChunkReader(l), acks: newAckCounter(), outChunk: defaultChunkSize}
}

// TakeOutput returns what is to be written to the connection, and forgets it.
// Call it after each Feed that used up its bytes, and after an error.
func (p *peer) TakeOutput() []byte {
	out := p.out
	p.out = nil
	return out
}

// Send puts a message into the output. Messages to many are better made with
// Prechunk and written behind TakeOutput.
func (p *peer) Send(m Message) { p.out = AppendMessage(p.out, m, p.outChunk) }

// Ping asks the other side for a sign of life, with a number that comes back; it
// counts in Session.Received when it does (section 7.1.7).
func (p *peer) Ping(n uint32) { p.Send(userControl(userPingRequest, n)) }

func (p *peer) sendCommand(stream uint32, c Command) { p.Send(c.message(stream)) }

// announceChunkSize goes over to large chunks.
func (p *peer) announceChunkSize() {
	p.Send(setChunkSize(OutChunkSize))
	p.outChunk = OutChunkSize
}

// next returns the next message in b, or one of an aggregate before it.
func (p *peer) next(b []byte) (Message, []byte, error) {
	for {
		if len(p.aggregate) > 0 {
			m := p.aggregate[0]
			p.aggregate = p.aggregate[1:]
			return m, b, nil
		}
		if len(b) == 0 {
			return Message{}, nil, nil
		}
		before := len(b)
		if !p.handshake.Done() {
			out, rest, err := p.handshake.Feed(b)
			if len(p.out) == 0 {
				p.out = out
			} else {
				p.out = append(p.out, out...)
			}
			b = rest
			p.acks.received += uint64(before - len(b))
			if err != nil {
				return Message{}, nil, err
			}
			continue
		}
		m, rest, err := p.reader.Feed(b)
		p.acks.received += uint64(before - len(rest))
		if err != nil {
			return Message{}, nil, err
		}
		b = rest
		if n, due := p.acks.due(); due {
			p.Send(acknowledgement(n))
		}
		if m.Type == TypeAggregate {
			p.aggregate = slices.DeleteFunc(splitAggregate(m), func(m Message) bool { return mediaEvent(m).Kind == EventNone })
			continue
		}
		return m, b, nil
	}
}

// control follows a protocol control message and reports whether m was one.
func (p *peer) control(m Message) bool {
	switch m.Type {
	case TypeSetChunkSize, TypeAbort, TypeAcknowledgement:
	case TypeWindowAckSize:
		if len(m.Payload) >= 4 {
			p.acks.setWindow(be32(m.Payload))
		}
	case TypeSetPeerBandwidth:
		// Section 5.4.5: answer with Window Acknowledgement Size, if it changes.
		if len(m.Payload) >= 4 && be32(m.Payload) != p.window {
			p.window = be32(m.Payload)
			p.Send(windowAckSize(p.window))
		}
	case TypeUserControl:
		if event, v, ok := parseUserControl(m.Payload); ok && event == userPingRequest {
			p.Send(userControl(userPingResponse, v))
		}
	default:
		return false
	}
	return true
}

func be32(b []byte) uint32 {
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}
