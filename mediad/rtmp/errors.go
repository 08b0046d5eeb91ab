package rtmp

// Error is a reason to end a connection: the peer broke the protocol, asked for
// more than a limit, or does not speak it at all.
type Error struct{ text string }

// Error implements error.
func (e *Error) Error() string { return "rtmp: " + e.text }

// Reasons, each by the rule that was broken. Sections are those of the RTMP 1.0
// specification. They are constants in all but syntax.
var (
	// 5.2.2: version 3 is the only one that is spoken in the clear.
	ErrVersion = &Error{"unknown protocol version"}
	// First bytes of other protocols that are often sent to this port.
	ErrHTTP      = &Error{"this is HTTP (or RTMPT), but the port speaks RTMP: use an rtmp:// address"}
	ErrTLS       = &Error{"this is TLS (RTMPS), but the port speaks plain RTMP: use rtmp://, or a TLS proxy in front"}
	ErrEncrypted = &Error{"RTMPE is not supported: use rtmp://, or rtmps:// through a TLS proxy"}

	// 5.4.1: the chunk size is at least 1, and its top bit is zero.
	ErrChunkSize = &Error{"chunk size of zero or with its top bit set"}
	// 5.3.1.2: types 2 and 3 repeat what an earlier chunk of the stream said.
	ErrChunkOrphan = &Error{"chunk refers to an earlier one of its stream, but there was none"}
	// A message is longer than Limits.Message.
	ErrMessageSize = &Error{"message is too long"}
	// More chunk streams than Limits.ChunkStreams.
	ErrChunkStreams = &Error{"too many chunk streams"}
	// Unfinished messages together hold more than Limits.Memory.
	ErrMemory = &Error{"unfinished messages hold too much memory"}

	// 7.1.1: a command has a name and a transaction id.
	ErrCommand = &Error{"command cannot be read"}
	// 7.2.1: connect comes first, and once.
	ErrNotConnected   = &Error{"command before connect"}
	ErrConnectedTwice = &Error{"second connect on one connection"}
	// More commands than a client has a use for.
	ErrTooManyCommands = &Error{"too many commands"}
	// The caller has neither accepted nor rejected what was asked for.
	ErrUndecided = &Error{"Feed before Accept or Reject"}
	// The connection is over: it was rejected or closed.
	ErrClosed = &Error{"session is closed"}
	// The server's answer makes no sense to the client.
	ErrAnswer = &Error{"unexpected answer from the server"}
)

// Reasons not to use a name that a client gave.
var (
	ErrNameMissing = &Error{"no stream name"}
	ErrNameLong    = &Error{"stream name is too long"}
	ErrNameInvalid = &Error{"stream name has characters that are not allowed"}
)
