package wsd

import (
	"errors"
	"time"

	"synctv/app"
	"synctv/internal/reactor"
	pb "synctv/proto/synctv/v1"
	"synctv/wsd/wire"
)

// closing is one way a connection ends: the code of the close frame, what the goodbye before it
// says, and whether coming back makes sense.
type closing struct {
	code      wire.Code
	name      string
	message   string
	mayReturn bool
	after     time.Duration
}

// Close codes of our own (RFC 6455 section 7.4.2, private use). docs/protocol.md lists them.
const (
	closeInvalid      wire.Code = 4400
	closeUnauthorized wire.Code = 4401
	closeForbidden    wire.Code = 4403
	closeNotFound     wire.Code = 4404
	closeKicked       wire.Code = 4410
	closeBanned       wire.Code = 4411
	closeFull         wire.Code = 4412
	closeResync       wire.Code = 4413
	closeSlow         wire.Code = 4414
	closeFlood        wire.Code = 4429
)

// byCode is THE table from an error of the house to a close.
func byCode(code app.Code) (wire.Code, bool) {
	switch code {
	case app.CodeUnauthenticated, app.CodeDisabled:
		return closeUnauthorized, false
	case app.CodeForbidden:
		return closeForbidden, false
	case app.CodeNotFound:
		return closeNotFound, false
	case app.CodeKicked:
		return closeKicked, false
	case app.CodeBanned:
		return closeBanned, false
	case app.CodeRoomFull:
		return closeFull, true
	case app.CodeRateLimited:
		return closeFlood, true
	case app.CodeUnavailable:
		return wire.CodeTryLater, true
	case app.CodeInvalid:
		return closeInvalid, false
	}
	return wire.CodeInternal, true
}

// closeOf is the close for an error of the house.
func closeOf(e *app.Error) closing {
	code, back := byCode(e.Code)
	c := closing{code: code, name: string(e.Code), message: e.Message, mayReturn: back}
	if back {
		c.after = max(e.RetryAfter, 2*time.Second)
	}
	return c
}

// closeFor is the close for what the reactor or a handler ended a connection with; spread is a
// random number below 1 that keeps clients from coming back all at once.
func closeFor(err error, spread float64) closing {
	jitter := time.Duration(spread * float64(3*time.Second))
	var broken *wire.Error
	switch {
	case errors.As(err, &broken):
		return closing{broken.Code, "protocol_error", broken.Error(), false, 0}
	case errors.Is(err, errFlood):
		return closing{closeFlood, "rate_limited", "Too many messages. Wait a moment.", true, 5 * time.Second}
	case errors.Is(err, errSilent):
		return closing{closeSlow, "too_slow", "Nothing was heard from you for a minute. Come back to continue.", true, time.Second + jitter}
	case errors.Is(err, reactor.ErrOverflow), errors.Is(err, reactor.ErrStalled):
		return closing{closeSlow, "too_slow", "The connection could not keep up. Come back to continue.", true, time.Second + jitter}
	case errors.Is(err, reactor.ErrDrained), errors.Is(err, reactor.ErrShutdown):
		return closing{wire.CodeRestart, "restarting", "The server is restarting. You will be back in a moment.", true, 500*time.Millisecond + jitter}
	}
	return closing{wire.CodeInternal, "internal", "Something went wrong on the server. Come back to continue.", true, time.Second + jitter}
}

// closeReset is for people of a node that lost track of the room.
func closeReset() closing {
	return closing{closeResync, "resync", "The room has moved on. Come back for its current state.", true, 0}
}

// goodbyeFrame says goodbye in words and then in a close frame, in one write.
func goodbyeFrame(variant uint8, c closing) *reactor.Frame {
	m := &pb.ServerMessage{Body: &pb.ServerMessage_Goodbye{Goodbye: &pb.Goodbye{
		Code: c.name, Message: c.message, RetryAfterMs: uint32(c.after.Milliseconds()), MayReturn: c.mayReturn}}}
	return reactor.Bytes(append(encode(m, variant), wire.CloseFrame(c.code, c.name)...))
}
