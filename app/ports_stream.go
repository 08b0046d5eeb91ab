package app

import (
	"context"
	"time"
)

// StreamFilter narrows a list of live streams.
type StreamFilter struct {
	Visibility Visibility // "" for any
	Owner      UserID     // only streams this account owns; "" for any
	Room       RoomID     // only streams of this room; "" for any
	// NotForItems leaves out those that were made for items of a room, Pulled those without a source elsewhere.
	NotForItems, Pulled bool
}

// StreamStore keeps live streams and the keys to publish them.
type StreamStore interface {
	// CreateStream writes a stream with its first key, with none if that has no ID. CodeNotFound when its owner or its room does not exist.
	CreateStream(ctx context.Context, s Stream, first PublishKey) error
	Stream(ctx context.Context, id StreamID) (Stream, error)
	// ListStreams returns the newest first.
	ListStreams(ctx context.Context, f StreamFilter, p Page) (streams []Stream, next string, err error)
	// UpdateStream reads, changes and writes title, visibility, TokensAfter, what is recorded and version in one transaction.
	UpdateStream(ctx context.Context, id StreamID, change func(*Stream) error) (Stream, error)
	// UnshownStreams lists the streams of a room that were made for its items before the given time and are shown by none.
	UnshownStreams(ctx context.Context, room RoomID, before Time) ([]StreamID, error)
	// DeleteStream removes a stream with its keys. Streams go with their owner and with their room too.
	DeleteStream(ctx context.Context, id StreamID) error

	// AddPublishKey writes a key; with rotate every other key of the stream is revoked in the same step, and told.
	AddPublishKey(ctx context.Context, k PublishKey, rotate bool) (revoked []PublishKeyID, err error)
	PublishKey(ctx context.Context, id PublishKeyID) (PublishKey, error)
	// ListPublishKeys returns the keys of a stream that are not revoked, newest first, at most limit.
	ListPublishKeys(ctx context.Context, stream StreamID, limit int) ([]PublishKey, error)
	// UpdatePublishKey reads, changes and writes Used and Revoked in one transaction. Two at once are serialised: the
	// second sees what the first wrote.
	UpdatePublishKey(ctx context.Context, id PublishKeyID, change func(*PublishKey) error) (PublishKey, error)
	// DeleteEndedPublishKeys removes keys that were revoked, or whose time was over, before the given time.
	DeleteEndedPublishKeys(ctx context.Context, before Time) (int, error)
}

// LeaseStore says which node does a job. A lease keeps work from being done twice; it does not make it safe to do twice.
type LeaseStore interface {
	// Acquire takes the lease for holder, unless somebody else has it; who has it has it for longer.
	Acquire(ctx context.Context, name, holder string, ttl time.Duration) (fence int64, ok bool, err error)
	// Release gives up what the holder has.
	Release(ctx context.Context, name, holder string) error
}

// HookSender carries one hook to where the operator wants it and brings the answer back.
type HookSender interface {
	Send(ctx context.Context, body []byte) (status int, answer []byte, err error)
}
