package reactor

import (
	"math/bits"
	"time"
)

// wheelSlots is the number of steps of the wheel; a deadline further away than
// one turn stays in its slot and is looked at once per turn.
const wheelSlots = 512

// wheel is a coarse timer wheel over connections, owned by one shard. Setting
// and removing are O(1) and allocate nothing: the list runs through the
// connections themselves. Times are since the reactor's epoch.
type wheel struct {
	step  time.Duration
	last  int64 // the step up to which everything has fired
	slots [wheelSlots]*Conn
	used  [wheelSlots / 64]uint64 // bit set: slot not empty
	count int
}

// timerNode is the wheel's part of a connection.
type timerNode struct {
	at         int64 // step at which it fires; 0: not in the wheel
	prev, next *Conn
}

// stepOf returns the first step at or after t, at least one ahead of last.
func (w *wheel) stepOf(t time.Duration) int64 {
	return max(int64((t+w.step-1)/w.step), w.last+1)
}

// set puts c at t, wherever it was before. Zero takes it out.
func (w *wheel) set(c *Conn, t time.Duration) {
	if t == 0 {
		w.remove(c)
		return
	}
	at := w.stepOf(t)
	if c.timer.at == at {
		return
	}
	w.remove(c)
	i := at % wheelSlots
	c.timer = timerNode{at: at, next: w.slots[i]}
	if c.timer.next != nil {
		c.timer.next.timer.prev = c
	}
	w.slots[i] = c
	w.used[i/64] |= 1 << (i % 64)
	w.count++
}

func (w *wheel) remove(c *Conn) {
	n := c.timer
	if n.at == 0 {
		return
	}
	if n.next != nil {
		n.next.timer.prev = n.prev
	}
	i := n.at % wheelSlots
	if n.prev != nil {
		n.prev.timer.next = n.next
	} else if w.slots[i] = n.next; n.next == nil {
		w.used[i/64] &^= 1 << (i % 64)
	}
	c.timer = timerNode{}
	w.count--
}

// advance moves the wheel to now and appends the connections that are due to
// out, which it returns. They are no longer in the wheel.
func (w *wheel) advance(now time.Duration, out []*Conn) []*Conn {
	to := int64(now / w.step)
	if to <= w.last {
		return out
	}
	from := max(w.last+1, to-wheelSlots+1) // one turn visits every slot
	w.last = to
	if w.count == 0 {
		return out
	}
	for s := from; s <= to; s++ {
		for c := w.slots[s%wheelSlots]; c != nil; {
			next := c.timer.next
			if c.timer.at <= to {
				w.remove(c)
				out = append(out, c)
			}
			c = next
		}
	}
	return out
}

// wait returns how long the shard may sleep from now until a slot that is not
// empty comes up; ok is false when nothing is set.
func (w *wheel) wait(now time.Duration) (d time.Duration, ok bool) {
	if w.count == 0 {
		return 0, false
	}
	start := (w.last + 1) % wheelSlots
	for i := int64(0); i <= wheelSlots; {
		p := (start + i) % wheelSlots
		if word := w.used[p/64] >> (p % 64); word != 0 {
			at := w.last + 1 + i + int64(bits.TrailingZeros64(word))
			return max(0, time.Duration(at)*w.step-now), true
		}
		i += 64 - p%64
	}
	return w.step, true
}
