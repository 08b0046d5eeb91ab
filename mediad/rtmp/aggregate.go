package rtmp

// splitAggregate returns the messages inside an aggregate message (section
// 7.1.6): FLV tags, each with its own time and a back pointer behind it. Their
// times are moved so that the first one has the time of the whole. What does not
// fit into the payload is left out.
func splitAggregate(m Message) []Message {
	var out []Message
	var shift uint32
	for b := m.Payload; len(b) >= 11; {
		size := int(u24(b[1:]))
		if size > len(b)-11 {
			break
		}
		at := u24(b[4:]) | uint32(b[7])<<24
		if len(out) == 0 {
			shift = m.Timestamp - at
		}
		out = append(out, Message{
			Type: Type(b[0] & 0x1f), Stream: m.Stream, Timestamp: at + shift, Payload: b[11 : 11+size : 11+size],
		})
		b = b[min(len(b), 11+size+4):]
	}
	return out
}
