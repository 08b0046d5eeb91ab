package store

import (
	"context"
	"hash/maphash"

	"synctv/app"
)

// queue lets the changes of one room wait here rather than in the database, where each that waits for the room's row
// would hold a connection: one busy room would take them all. Rooms share lanes by chance, which costs them a little
// speed and nothing else.
type queue struct {
	seed  maphash.Seed
	lanes [256]chan struct{} // full while somebody is in
}

func newQueue() *queue {
	q := &queue{seed: maphash.MakeSeed()}
	for i := range q.lanes {
		q.lanes[i] = make(chan struct{}, 1)
	}
	return q
}

// lane is where the changes of a room wait.
func (q *queue) lane(room app.RoomID) chan struct{} {
	return q.lanes[maphash.String(q.seed, string(room))%uint64(len(q.lanes))]
}

// enter waits for the lane of the room. leave must be called once. A nil queue has nothing to wait for.
func (q *queue) enter(ctx context.Context, room app.RoomID) (leave func(), err error) {
	if q == nil {
		return func() {}, nil
	}
	lane := q.lane(room)
	select {
	case lane <- struct{}{}:
		return func() { <-lane }, nil
	case <-ctx.Done():
		return nil, app.Wrap(app.CodeUnavailable, ctx.Err(), "This took too long. Try again.")
	}
}
