package grpcd

import (
	"context"
	"errors"
	"net/http"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"synctv/app"
	synctvv1 "synctv/proto/synctv/v1"
	"synctv/proto/translate"
)

// outcome is how a code of app looks on the two wires of this door.
type outcome struct {
	grpc codes.Code
	http int
}

// outcomeOf is the one table of errors. 5xx is for our own faults alone: what lies with a media's origin
// is 422, because proxies in front put pages of their own in the place of a 502.
func outcomeOf(c app.Code) outcome {
	switch c {
	case app.CodeInvalid:
		return outcome{codes.InvalidArgument, http.StatusBadRequest}
	case app.CodeUnauthenticated, app.CodeWrongCredentials:
		return outcome{codes.Unauthenticated, http.StatusUnauthorized}
	case app.CodeForbidden, app.CodeWrongPassword, app.CodeBanned, app.CodeKicked, app.CodeGuestsNotAllowed,
		app.CodeRegistrationClosed, app.CodeDisabled:
		return outcome{codes.PermissionDenied, http.StatusForbidden}
	case app.CodeNotFound:
		return outcome{codes.NotFound, http.StatusNotFound}
	case app.CodeConflict:
		return outcome{codes.AlreadyExists, http.StatusConflict}
	case app.CodeStale:
		return outcome{codes.Aborted, http.StatusConflict}
	case app.CodeRoomFull:
		return outcome{codes.ResourceExhausted, http.StatusConflict}
	case app.CodeRateLimited:
		return outcome{codes.ResourceExhausted, http.StatusTooManyRequests}
	case app.CodeTooLarge:
		return outcome{codes.ResourceExhausted, http.StatusRequestEntityTooLarge}
	case app.CodeBlockedAddress, app.CodeUpstream:
		return outcome{codes.FailedPrecondition, http.StatusUnprocessableEntity}
	case app.CodeUnsupported:
		return outcome{codes.Unimplemented, http.StatusUnprocessableEntity}
	case app.CodeUnavailable:
		return outcome{codes.Unavailable, http.StatusServiceUnavailable}
	}
	return outcome{codes.Internal, http.StatusInternalServerError}
}

// statusOf turns an error into a gRPC status that carries an ErrorInfo. Statuses of the library itself,
// such as a cancelled stream, keep their code.
func statusOf(ctx context.Context, err error, requestID string) error {
	info := translate.Error(err, requestID)
	code := outcomeOf(app.Code(info.GetCode())).grpc
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		code = codes.DeadlineExceeded
	case errors.Is(err, context.Canceled):
		code = codes.Canceled
	}
	st, derr := status.New(code, info.GetMessage()).WithDetails(info)
	if derr != nil {
		return status.Error(code, info.GetMessage())
	}
	return st.Err()
}

// cutShort words an error that only says that time ran out, and errors of the library.
func cutShort(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	var own *app.Error
	if errors.As(err, &own) && own.Code != app.CodeInternal {
		return err
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || ctx.Err() != nil {
		return app.Wrap(app.CodeUnavailable, err, "This took too long. Try again.")
	}
	if st, ok := status.FromError(err); ok && own == nil { // of the library: a message too large, a stream that ended
		switch st.Code() {
		case codes.ResourceExhausted:
			return app.Wrap(app.CodeTooLarge, err, "The message is too large.")
		case codes.InvalidArgument:
			return app.Wrap(app.CodeInvalid, err, "The message cannot be read.")
		case codes.Unimplemented:
			return app.Wrap(app.CodeUnsupported, err, "There is no such method.")
		case codes.Canceled, codes.DeadlineExceeded, codes.Unavailable:
			return app.Wrap(app.CodeUnavailable, err, "The connection ended.")
		}
	}
	return err
}

// infoOf takes the ErrorInfo out of a status; ok is false for errors that did not come through statusOf.
func infoOf(err error) (*synctvv1.ErrorInfo, bool) {
	st, _ := status.FromError(err)
	for _, d := range st.Details() {
		if info, ok := d.(*synctvv1.ErrorInfo); ok {
			return info, true
		}
	}
	return nil, false
}
