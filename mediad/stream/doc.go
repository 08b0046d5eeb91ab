// Package stream is the meeting point of live media: one publisher writes packets
// into a [Stream], any number of readers take them out at their own pace.
//
// A stream is a ring of immutable [Item] values, capped in bytes and in time. A
// [Reader] is a cursor into it: it begins at the newest key frame, so that there
// is a picture at once, and copies pointers, never media. What a front door makes
// of a packet (an FLV tag, an RTMP message) it may leave with the item, so that it
// is made once for all viewers; see [Item.Wire].
//
// The publisher never waits for a reader. A reader that falls behind is moved to
// the newest key frame; one that falls behind again and again is cut with
// [ErrSlow]. Both are counted, by reason, in [Stats].
//
// # Publishers
//
// One publisher at a time. Each has a generation, which only grows; what an older
// one still writes is refused with [ErrStale], so that a connection that was half
// dead cannot come back into a stream that has gone on. What becomes of a second
// publisher is a [Policy]. When a publisher goes away the stream waits for the
// next one, and its readers with it: for Config.Grace, or for Config.Parting if it
// has said that it is done. They see one [Gone] item and then, if a publisher
// comes, packets that continue the time, the first of them marked as a
// discontinuity. If none comes they see io.EOF.
//
// # Life
//
// A [Registry] holds streams by name, makes them on demand and forgets those that
// nobody uses. Time passes for all of them in [Registry.Run], the only loop of
// this package; it starts no other goroutine and no timer.
package stream
