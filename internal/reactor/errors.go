package reactor

import (
	"errors"
	"fmt"
)

// Reasons the reactor itself ends a connection for. Handler.Closed receives
// them (compare with errors.Is); an end of stream from the peer is io.EOF, and
// what the handler or the owner gave as a reason comes back as given.
var (
	// ErrOverflow: the peer reads too slowly and its queue is full.
	ErrOverflow = errors.New("reactor: outgoing queue overflow")
	// ErrStalled: the peer accepted no byte for Config.StallTimeout.
	ErrStalled = errors.New("reactor: no write progress")
	// ErrDrained: Reactor.Drain asked the connection to leave.
	ErrDrained = errors.New("reactor: drained")
	// ErrShutdown: the reactor stopped while the connection was open.
	ErrShutdown = errors.New("reactor: shut down")
	// ErrClosed is returned by Adopt once the reactor drains or has stopped.
	ErrClosed = errors.New("reactor: closed")
)

// PanicError is the reason of a connection whose handler panicked. The shard
// survives: a handler touches the shard only through its inbox.
type PanicError struct {
	Value any    // what was passed to panic
	Stack []byte // of the panicking call
}

// Error implements error.
func (e *PanicError) Error() string { return fmt.Sprintf("reactor: handler panic: %v", e.Value) }
