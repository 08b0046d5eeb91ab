package stream

import (
	"sync/atomic"
	"time"

	"synctv/mediad/av"
)

// What says what an item is.
type What uint8

// Kinds of items.
const (
	// Media: Packet is a frame of sound or picture, or script data.
	Media What = iota + 1
	// Setup: Packet is a decoder configuration, and Tracks is what holds from here
	// on.
	Setup
	// Gone: the publisher has left, and may come back.
	Gone
	end // the stream is over; readers see io.EOF instead
)

// Item is one place in a stream. It is immutable and shared by all readers, but
// for what they leave with Wire.
type Item struct {
	What What
	// Seq numbers the items of a stream without holes. What a reader skipped shows
	// as a hole.
	Seq uint64
	// Packet has the stream's time: it starts near zero with the first publisher
	// and goes on with every later one.
	Packet av.Packet
	// Tracks are those that hold at this item, this item's change included.
	// TracksVersion differs between items whose Tracks differ.
	Tracks        []av.Track
	TracksVersion uint32
	// Generation is the publisher's.
	Generation uint64
	// At is when the item was written.
	At time.Time

	wires [Wires]atomic.Pointer[any]
}

// Wire is a way of coding items for viewers.
type Wire uint8

// Wires. How many there are is a matter of a few bytes of each item.
const (
	FLV Wire = iota
	RTMP
	Wires
)

// Wire returns what the item is on wire w, such as a frame that many connections
// share: what build makes, once, however many readers ask. It is immutable from
// then on. When two ask at once both build, and one result is kept.
func (i *Item) Wire(w Wire, build func(*Item) any) any {
	slot := &i.wires[w]
	if v := slot.Load(); v != nil {
		return *v
	}
	v := build(i)
	if !slot.CompareAndSwap(nil, &v) {
		return *slot.Load()
	}
	return v
}

// cost is what the item counts for in the ring.
func (i *Item) cost() int { return len(i.Packet.Data) + itemOverhead }

// itemOverhead is an Item with its share of tracks and the allocator, rounded up.
const itemOverhead = 256

// starts reports whether decoding can begin with the item, when it is the first
// that a viewer gets.
func (i *Item) starts() bool {
	return i.What == Media && i.Packet.Kind == av.Video && i.Packet.Key
}

// needsKey reports whether the item is of no use before a key frame.
func (i *Item) needsKey() bool {
	return i.What == Media && i.Packet.Kind == av.Video && !i.Packet.Key
}

// canWait reports whether the item may wait for the one behind it: sound, where a
// picture will follow.
func (i *Item) canWait() bool {
	return i.What == Media && i.Packet.Kind != av.Video && hasVideo(i.Tracks)
}

func hasVideo(tracks []av.Track) bool {
	for _, t := range tracks {
		if t.Kind == av.Video {
			return true
		}
	}
	return false
}
