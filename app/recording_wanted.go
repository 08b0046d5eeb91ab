package app

// RecordAsk is what somebody wanted of one broadcast: to be recorded, or not to be. It counts for the
// broadcast that was on then.
type RecordAsk struct {
	What RecordWish
	At   Time // 0 for never
}

// RecordWish is yes or no.
type RecordWish string

// The wishes; "" is none.
const (
	RecordOn  RecordWish = "on"
	RecordOff RecordWish = "off"
)

// setRecord changes whether every broadcast is recorded, this one included; nil leaves it as it is.
func (s *Stream) setRecord(on *bool) {
	if on != nil && *on != s.Record {
		s.Record, s.Ask = *on, RecordAsk{}
	}
}

// wantsRecording tells whether the broadcast that began at the given time is to be recorded.
func (s Stream) wantsRecording(since Time) bool {
	if s.Ask.What != "" && s.Ask.At >= since {
		return s.Ask.What == RecordOn
	}
	return s.Record
}
