package rtmp

import "encoding/binary"

// OutChunkSize is the size in bytes of the chunks we send after telling so. It is
// one for all connections, so that chunks can be shared; it is below 65,536,
// which the first players held in sixteen bits, and large, because nothing of
// ours has to be let through between the chunks of a frame.
const OutChunkSize = 60000

// AppendMessage appends m to dst in chunks of chunkSize bytes. Every message
// begins with a type 0 header: the few bytes that shorter ones would save cost a
// state, and then chunks could not be shared.
func AppendMessage(dst []byte, m Message, chunkSize int) []byte {
	id, field := byte(chunkStreamOf(m.Type)), min(m.Timestamp, extended)
	n := len(m.Payload)
	dst = append(dst, id, byte(field>>16), byte(field>>8), byte(field), byte(n>>16), byte(n>>8), byte(n), byte(m.Type))
	dst = binary.LittleEndian.AppendUint32(dst, m.Stream)
	for rest := m.Payload; ; dst = append(dst, 3<<6|id) {
		if field == extended { // repeated in each chunk, as peers expect it
			dst = binary.BigEndian.AppendUint32(dst, m.Timestamp)
		}
		size := min(len(rest), chunkSize)
		if dst, rest = append(dst, rest[:size]...), rest[size:]; len(rest) == 0 {
			return dst
		}
	}
}

// wireSize returns how many bytes AppendMessage appends.
func wireSize(m Message, chunkSize int) int {
	chunks := max(1, (len(m.Payload)+chunkSize-1)/chunkSize)
	size := 12 + len(m.Payload) + chunks - 1
	if m.Timestamp >= extended {
		size += 4 * chunks
	}
	return size
}

// MediaStream is the message stream on which a Session plays and publishes,
// unless the client insists on another: the first that it creates.
const MediaStream = 1

// Prechunked is a message as it goes out on any number of connections: chunks of
// OutChunkSize, on stream MediaStream. It is immutable and safe to share; writing
// it costs no copy and no allocation.
type Prechunked []byte

// Prechunk makes m ready to be sent. m.Stream is not looked at.
func Prechunk(m Message) Prechunked {
	m.Stream = MediaStream
	return AppendMessage(make([]byte, 0, wireSize(m, OutChunkSize)), m, OutChunkSize)
}

// On returns the chunks for another message stream: p itself for MediaStream, a
// copy for others.
func (p Prechunked) On(stream uint32) Prechunked {
	if stream == MediaStream || len(p) < 12 {
		return p
	}
	out := append(Prechunked(nil), p...)
	binary.LittleEndian.PutUint32(out[8:], stream)
	return out
}
