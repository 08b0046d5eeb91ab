package flv

// Error is a fault of one tag, which is to be dropped and counted; or, from a
// Reader, of the whole stream.
type Error struct{ text string }

// Error implements error.
func (e *Error) Error() string { return "flv: " + e.text }

// Faults. They are constants in all but syntax.
var (
	ErrShort = &Error{"tag ends within its header"}
	// The codec is not one we pass on: Sorenson, VP6, Speex, G.711, a new FourCC.
	ErrCodec = &Error{"codec is not supported"}
	// A field has a value that no specification gives a meaning.
	ErrValue = &Error{"unknown packet type"}
	// Enhanced RTMP can put several tracks into one message. We do not offer it
	// (see rtmp.DefaultCapabilities) and do not take it.
	ErrMultitrack = &Error{"multitrack is not supported"}
	ErrModEx      = &Error{"too many modifiers in one tag"}

	// Of a Reader.
	ErrSignature = &Error{"not an FLV stream"}
	ErrSize      = &Error{"tag is too long"}
	ErrEncrypted = &Error{"stream is encrypted"}
)
