package reactor

// Limits bound the outgoing queue of one connection.
type Limits struct {
	Bytes  int // queued and not yet accepted by the kernel
	Frames int
}

// verdict is what became of a pushed frame.
type verdict uint8

const (
	queued    verdict = iota
	replaced          // queued; an older State frame with the same key is gone
	pressured         // not queued: Droppable and the queue is half full
	overflow          // not queued: the connection is too slow to keep
)

// queue is the outgoing queue of one connection: references to shared frames,
// in sending order. It is plain data, owned by the connection's shard. The
// empty queue holds no memory.
type queue struct {
	items  []*Frame // items[head:] is the queue; nil is the hole of a removed frame
	head   int32
	off    int32 // bytes of items[head] already written
	locked int32 // frames at the head that must stay: partly written or in flight
	frames int32 // frames queued, without holes
	states int32 // State frames among them
	drops  int32 // Droppable frames among them
	bytes  int   // bytes not yet written
}

func (q *queue) empty() bool { return q.frames == 0 }

// push appends f (of n bytes in this connection's variant) if lim allows, and
// returns how many Droppable frames were thrown out to make room.
func (q *queue) push(f *Frame, n int, v uint8, lim *Limits) (verdict, int) {
	if f.kind == Droppable && (q.bytes+n > lim.Bytes/2 || int(q.frames)+1 > lim.Frames/2) {
		return pressured, 0
	}
	out := queued
	if f.kind == State && q.states > 0 && q.removeState(f.key, v) {
		out = replaced
	}
	purged := 0
	if q.over(n, lim) && q.drops > 0 {
		purged = q.purgeDroppable(v)
	}
	if q.over(n, lim) {
		return overflow, purged
	}
	q.append(f, n)
	return out, purged
}

func (q *queue) over(n int, lim *Limits) bool {
	return q.bytes+n > lim.Bytes || int(q.frames)+1 > lim.Frames
}

// append queues f without asking for limits.
func (q *queue) append(f *Frame, n int) {
	if len(q.items) == cap(q.items) {
		q.compact()
	}
	q.items = append(q.items, f)
	q.frames++
	q.bytes += n
	q.tally(f, 1)
}

// compact moves the live frames to the front, so that append reuses the space
// of written frames and holes before it asks for more.
func (q *queue) compact() {
	w := 0
	for _, f := range q.items[q.head:] {
		if f != nil {
			q.items[w] = f
			w++
		}
	}
	clear(q.items[w:])
	q.items, q.head = q.items[:w], 0
}

func (q *queue) tally(f *Frame, by int32) {
	switch f.kind {
	case State:
		q.states += by
	case Droppable:
		q.drops += by
	}
}

// unlocked calls fn for every queued frame that may still be removed, until fn
// returns false.
func (q *queue) unlocked(fn func(i int, f *Frame) bool) {
	skip := q.locked
	for i := int(q.head); i < len(q.items); i++ {
		f := q.items[i]
		if f == nil {
			continue
		}
		if skip > 0 {
			skip--
			continue
		}
		if !fn(i, f) {
			return
		}
	}
}

func (q *queue) remove(i int, f *Frame, v uint8) {
	q.items[i] = nil
	q.frames--
	q.bytes -= len(f.bytes(v))
	q.tally(f, -1)
}

func (q *queue) removeState(key uint64, v uint8) (found bool) {
	q.unlocked(func(i int, f *Frame) bool {
		if f.kind == State && f.key == key {
			q.remove(i, f, v)
			found = true
		}
		return !found
	})
	return found
}

func (q *queue) purgeDroppable(v uint8) (n int) {
	q.unlocked(func(i int, f *Frame) bool {
		if f.kind == Droppable {
			q.remove(i, f, v)
			n++
		}
		return q.drops > 0
	})
	return n
}

// cut removes every frame that may still be removed and returns their number.
func (q *queue) cut(v uint8) (n int) {
	q.unlocked(func(i int, f *Frame) bool {
		q.remove(i, f, v)
		n++
		return true
	})
	return n
}

// gather appends the unwritten bytes of the first frames to dst, at most
// maxFrames frames and about maxBytes bytes, but at least one frame.
func (q *queue) gather(dst [][]byte, v uint8, maxFrames, maxBytes int) [][]byte {
	off, total := int(q.off), 0
	for _, f := range q.items[q.head:] {
		if f == nil {
			continue
		}
		b := f.bytes(v)[off:]
		off = 0
		dst = append(dst, b)
		total += len(b)
		if len(dst) == maxFrames || total >= maxBytes {
			break
		}
	}
	return dst
}

// advance takes n written bytes off the queue and returns how many frames were
// completed. A frame written in part is locked: the peer has seen its start.
func (q *queue) advance(n int, v uint8) (done int) {
	q.bytes -= n
	q.locked = 0
	for int(q.head) < len(q.items) {
		f := q.items[q.head]
		if f == nil {
			q.head++
			continue
		}
		rest := len(f.bytes(v)) - int(q.off)
		if n < rest {
			q.off += int32(n)
			if q.off > 0 {
				q.locked = 1
			}
			return done
		}
		n -= rest
		q.items[q.head] = nil
		q.head++
		q.off = 0
		q.frames--
		q.tally(f, -1)
		done++
	}
	q.items, q.head = q.items[:0], 0
	return done
}
