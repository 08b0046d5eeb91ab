package av

// Error is a fault in media that was received. It concerns one configuration or
// one packet, which is of no use; the stream goes on.
type Error struct{ text string }

// Error implements error.
func (e *Error) Error() string { return e.text }

// Faults the parsers report. They are constants in all but syntax.
var (
	// The codec is not one of ours.
	ErrCodec = &Error{"codec is not supported"}
	// Data ends before the structure does.
	ErrShort = &Error{"data ends too early"}
	// A field has a value that its specification does not allow.
	ErrValue = &Error{"a field has a value that is not allowed"}
	// The picture is empty, or larger than MaxSide.
	ErrSize = &Error{"picture size is not credible"}
	// Sample rate or channel count is not one that exists.
	ErrAudioFormat = &Error{"sample rate or channel count is not credible"}
	// Neither lengths nor start codes divide the data into NAL units.
	ErrNAL = &Error{"data does not divide into NAL units"}
	// There are more units in a packet than any picture has.
	ErrTooManyUnits = &Error{"too many units in one packet"}
	// OBUs (AV1 section 5.3) do not divide the data.
	ErrOBU = &Error{"data does not divide into OBUs"}
)
