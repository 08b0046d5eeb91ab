package translate

import (
	"math"
	"time"

	"synctv/app"
	synctvv1 "synctv/proto/synctv/v1"
)

// Error is what anyone may know of an error; its cause stays here. A nil error is nil.
func Error(err error, requestID string) *synctvv1.ErrorInfo {
	e := app.AsError(err)
	if e == nil {
		return nil
	}
	return &synctvv1.ErrorInfo{
		Code: string(e.Code), Message: e.Message, Field: e.Field,
		RetryAfterMs: milliseconds(e.RetryAfter), RequestId: requestID,
	}
}

// milliseconds rounds up, so that nobody is told to come back a moment too early.
func milliseconds(d time.Duration) uint32 {
	if d <= 0 {
		return 0
	}
	return uint32(min(int64((d+time.Millisecond-1)/time.Millisecond), math.MaxUint32))
}
