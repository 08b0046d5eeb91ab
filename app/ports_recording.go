package app

import "context"

// RecordingFilter narrows a list of recordings.
type RecordingFilter struct {
	Stream StreamID // "" for any
	Owner  UserID   // only of streams this account owns; "" for any
}

// RecordingLimits are how long and how much is kept.
type RecordingLimits struct {
	SeenBefore Time  // what was finished before that goes; 0 for nothing
	Bytes      int64 // the newest recordings stay until they are so many bytes together; 0 for any number
}

// RecordingStore keeps what is known of recordings.
type RecordingStore interface {
	// CreateRecording writes a recording. CodeNotFound when its stream does not exist.
	CreateRecording(ctx context.Context, r Recording) error
	Recording(ctx context.Context, id RecordingID) (Recording, error)
	// ListRecordings returns the newest first, without those that are removed or whose stream is gone.
	ListRecordings(ctx context.Context, f RecordingFilter, p Page) (list []Recording, next string, err error)
	// UpdateRecording reads, changes and writes State, Seen, DurationMs and Size in one transaction.
	UpdateRecording(ctx context.Context, id RecordingID, change func(*Recording) error) (Recording, error)
	// DeleteRecording forgets a recording; it need not be there.
	DeleteRecording(ctx context.Context, id RecordingID) error
	// DeadRecordings returns those that are said to be made and were not seen since the given time.
	DeadRecordings(ctx context.Context, seenBefore Time, limit int) ([]Recording, error)
	// SpentRecordings returns those that are not being made and are to go: removed ones, those whose stream is gone, and what
	// the limits do not let stay.
	SpentRecordings(ctx context.Context, keep RecordingLimits, limit int) ([]Recording, error)
}
