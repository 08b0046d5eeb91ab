package stream

import "errors"

// Ends of publishers and readers, and refusals.
var (
	// ErrBusy: the stream has a publisher, and the policy is to keep it.
	ErrBusy = errors.New("stream: somebody else is publishing")
	// ErrStale: a later generation has the stream, or had it.
	ErrStale = errors.New("stream: another publisher has taken over")
	// ErrStalled: the publisher sent nothing for Config.Stall.
	ErrStalled = errors.New("stream: the publisher sends nothing")
	// ErrKicked: Stream.Kick was called without a reason of its own.
	ErrKicked = errors.New("stream: the publisher was removed")
	// ErrSlow: the reader could not follow.
	ErrSlow = errors.New("stream: the reader is too slow")
	// ErrClosed: the stream, reader or publisher was closed.
	ErrClosed = errors.New("stream: closed")
	// ErrFull: there are as many streams or readers as are allowed.
	ErrFull = errors.New("stream: no place left")
	// ErrName: a name is empty, too long, or has characters that names do not have.
	ErrName = errors.New("stream: not a name")
)
