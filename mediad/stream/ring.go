package stream

import (
	"time"

	"synctv/mediad/av"
)

// audioEntry is how far apart the places are at which a viewer of a stream
// without pictures begins.
const audioEntry = time.Second

// ring holds the newest items, oldest first, within limits of bytes and time, and
// knows where a new reader begins. It is not safe for concurrent use.
type ring struct {
	maxBytes int
	maxTime  time.Duration

	items []*Item // a circle; length is a power of two
	first uint64  // Seq of the oldest
	next  uint64  // Seq of the one to come
	bytes int

	entry   uint64        // where new readers begin, if hasEntry
	entryAt time.Duration // its DTS
	keyGap  time.Duration // how far apart the two newest key frames of a publisher are; 0 before there are two
	hasKey  bool          // the entry is a key frame
	entered bool          // there is an entry
}

// at returns the item with Seq seq, which is held.
func (r *ring) at(seq uint64) *Item { return r.items[seq&uint64(len(r.items)-1)] }

// push adds it, which becomes the newest, and drops the oldest until the limits
// hold. The newest is never dropped.
func (r *ring) push(it *Item) {
	if r.next-r.first == uint64(len(r.items)) {
		r.grow()
	}
	it.Seq = r.next
	r.items[it.Seq&uint64(len(r.items)-1)] = it
	r.next++
	r.bytes += it.cost()
	for r.next-r.first > 1 && (r.bytes > r.maxBytes || it.Packet.DTS-r.at(r.first).Packet.DTS > r.maxTime) {
		r.drop()
	}
	r.noteEntry(it)
}

// noteEntry moves the place where readers begin.
func (r *ring) noteEntry(it *Item) {
	switch {
	case it.What == end || it.What == Gone:
		r.entered, r.keyGap = false, 0 // what comes next is of another publisher
		return
	case it.starts():
		if r.entered && r.hasKey {
			r.keyGap = it.Packet.DTS - r.entryAt
		}
		r.hasKey = true
	case it.What == Media && it.Packet.Kind == av.Audio && !hasVideo(it.Tracks) &&
		(!r.isEntry() || r.hasKey || it.Packet.DTS-r.entryAt >= audioEntry):
		r.hasKey = false
	default:
		return
	}
	r.entered, r.entry, r.entryAt = true, it.Seq, it.Packet.DTS
}

// keyInterval returns how far apart key frames are: as far as the newest two were, or as far as the newest packet is from
// the newest of them, if that is more.
func (r *ring) keyInterval() time.Duration {
	if !r.entered || !r.hasKey || r.next == r.first {
		return 0
	}
	return max(r.keyGap, r.at(r.next-1).Packet.DTS-r.entryAt)
}

// isEntry reports whether there is a place to begin that is still held.
func (r *ring) isEntry() bool { return r.entered && r.entry >= r.first }

func (r *ring) drop() {
	slot := &r.items[r.first&uint64(len(r.items)-1)]
	r.bytes -= (*slot).cost()
	*slot = nil
	r.first++
}

func (r *ring) grow() {
	items := make([]*Item, max(64, 2*len(r.items)))
	for seq := r.first; seq < r.next; seq++ {
		items[seq&uint64(len(items)-1)] = r.at(seq)
	}
	r.items = items
}
