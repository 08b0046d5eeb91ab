// Package coordtest states the contracts of the shared-state cellar as interfaces, and holds the one suite of tests that every
// implementation of them must pass.
package coordtest

import (
	"context"
	"time"
)

// Bus carries messages between nodes, and to the own node by the same road.
//
// Delivery: a message is delivered to every node that has joined its topic, the publishing node included, at most once. A message
// may be lost; if so, resync is called for the topic on every node that may have missed it, as soon as that is possible:
// after the connection was lost, after a receiver was too slow, and after a Publish whose outcome is unknown. Between a loss and
// its resync nothing of that topic is delivered: a receiver never sees what comes after a hole before it knows of the hole. A resync
// without a loss is possible.
//
// Order: receive is called for one topic at one time, in the order in which one node's calls of Publish returned. Messages of different
// nodes have no order promised. For different topics receive is called concurrently.
//
// Integrity: what is delivered was published by a holder of the cluster's key, on this topic, and is not a repetition.
type Bus interface {
	// Publish returns when the message is on its way; it does not wait for receivers. On an error other than invalid, too large or
	// closed the message may or may not be delivered. payload must not be changed afterwards, nor by a receiver: all receivers of a process may
	// share it. At most 1 MiB. Before Run it waits for Run.
	Publish(ctx context.Context, topic string, payload []byte) error

	// Join returns when the subscription is in force: what is published after it is delivered. On an error the topic is not joined.
	// Joining what is joined is allowed and changes nothing; counting is up to the caller. Join and Leave of one topic are not called
	// concurrently. Before Run it waits for Run.
	Join(ctx context.Context, topic string) error

	// Leave returns at once. No delivery begins after it; one that another goroutine has begun may still be finishing. What was published
	// before a later Join is not delivered to it. Both callbacks may call it.
	Leave(topic string)

	// Run delivers until ctx ends, then returns nil. It is called once. receive and resync must be fast and must not call Join or Publish
	// with a context that does not end soon: the topics of the same worker wait.
	Run(ctx context.Context, receive func(topic string, payload []byte), resync func(topics []string)) error
}

// Presence says who is where: for each room, what each node has last said about it. The last Put of a node wins. What has reached its
// time to live is never returned, so a node that died disappears by itself; a node repeats its Put in about a third of the time to
// live.
type Presence interface {
	Put(ctx context.Context, room, node string, entries []byte, ttl time.Duration) error
	Remove(ctx context.Context, room, node string) error
	All(ctx context.Context, room string) (map[string][]byte, error) // node -> entries; empty, not nil, if there is none
}

// Keys are values that end by themselves. Each call is atomic. An ended value is absent. Values are copied, at most 1 MiB.
type Keys interface {
	Set(ctx context.Context, key string, value []byte, ttl time.Duration) error
	SetIfAbsent(ctx context.Context, key string, value []byte, ttl time.Duration) (stored bool, err error)
	Get(ctx context.Context, key string) (value []byte, found bool, err error)

	// Take gets and removes in one step: one value is given to one taker, for tickets that are good once. After an error the value may
	// be gone: a ticket is then lost, never good twice.
	Take(ctx context.Context, key string) (value []byte, found bool, err error)
	Delete(ctx context.Context, key string) error
}

// Limiter limits rates by a token bucket (GCRA): a bucket holds burst tokens, begins full and gains one each per. Allow takes cost
// tokens, all or none. If they are not there, retryAfter says when they will be. cost 0 asks whether one token is there and takes
// none. A cost above the burst is invalid: it could never be paid. Buckets that are full again are forgotten.
type Limiter interface {
	Allow(ctx context.Context, key string, burst int, per time.Duration, cost int) (ok bool, retryAfter time.Duration, err error)
}

// Leases say who does a job. At any time one holder has the lease, as far as the time to live is counted where the lease is kept; a
// holder that was suspended may believe in it for longer. So a lease keeps work from being done twice, it does not
// make it safe to do twice.
//
// The fence grows with each change of holder, also over a restart of whoever keeps the leases, as long as its clock does not go back.
// It is advisory: it must not decide about a write. Durable fencing numbers lie in the database, in the transaction of the write they
// guard.
//
// holder is unique to a process and its life. To acquire what one holds extends it and returns the same fence, so an Acquire whose answer was lost
// may be repeated.
type Leases interface {
	Acquire(ctx context.Context, name, holder string, ttl time.Duration) (fence int64, ok bool, err error)
	Renew(ctx context.Context, name, holder string, ttl time.Duration) (held bool, err error)
	Release(ctx context.Context, name, holder string) error // of what one does not hold: does nothing
}

// Clock is one time for all nodes, in microseconds since 1970 but for the errors of whoever keeps it: it is for order and for
// playing in step, not for the calendar. It never goes back, and from Ready on nodes agree within the jitter of their connections.
type Clock interface {
	Now() int64
}

// Node is one node's view of the cellar.
type Node struct {
	ID       string
	Bus      Bus
	Presence Presence
	Keys     Keys
	Limiter  Limiter
	Leases   Leases
	Clock    Clock
}
