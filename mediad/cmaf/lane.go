package cmaf

import (
	"time"

	"synctv/mediad/av"
)

// lane is a track of the period that is being cut.
type lane struct {
	format Format
	clock  clock
	limit  uint64   // ticks
	out    *[]Event // where events go

	segment  uint64 // the number of the open segment
	sequence uint32 // of the last fragment

	held    sample // the last frame: its duration is not known yet
	hasHeld bool
	heldAt  time.Duration // as its sender dates it
	last    uint32        // the duration of the frame before it

	pace pace

	part      []sample // of the open part
	partTicks uint64
	partLast  time.Duration // the DTS of its last frame

	open        bool   // the open segment has something in it
	start       uint64 // where it begins: where the one before it ends
	end         uint64 // where its last sample ends
	parts       int    // that it has
	bytes       int    // in it
	independent bool   // it begins with a key frame

	bounds []time.Duration // where the lead ended segments that this lane has not ended yet
}

// newLane returns a lane of a period that begins at the stream's time start, with
// segment number first. No segment is said to last longer than limit.
func newLane(f Format, start, limit time.Duration, first uint64, sequence uint32, out *[]Event) *lane {
	l := &lane{format: f, clock: newClock(f.Track), out: out, segment: first, sequence: sequence}
	l.start = ticks(start, l.clock.scale)
	l.end = l.start
	l.limit = ticks(limit, l.clock.scale)
	l.last = uint32(ticks(20*time.Millisecond, l.clock.scale))
	return l
}

func (l *lane) kind() av.Kind { return l.format.Track.Kind }

func (l *lane) span(n uint64) time.Duration { return span(n, l.clock.scale) }

// hold takes the next frame. With it the duration of the one before is known, and
// that goes into the open part. When frames come in step, the last one of a part does
// not wait for the next.
func (l *lane) hold(p av.Packet, target time.Duration) {
	at := l.clock.place(p.DTS)
	near := ticks(slack, l.clock.scale)
	switch {
	case l.hasHeld:
		at = max(at, l.held.time+1)
		l.settle(at-l.held.time, target)
	case l.end > 0 && at < l.end+near: // where the one before was thought to end
		at = l.end
	}
	l.pace.step(at, near)
	l.held = sample{data: p.Data, time: at, cts: offset(p, l.clock.scale), key: p.Key}
	l.hasHeld, l.heldAt = true, p.DTS
	if n, ok := l.foreseen(); ok {
		if most := l.most(target); l.partTicks+n <= most && l.partTicks+2*n > most {
			l.settle(n, target)
		}
	}
}

// foreseen returns how long the held frame will have lasted, if that is known already.
func (l *lane) foreseen() (n uint64, ok bool) {
	if l.clock.frame != 0 {
		return l.clock.frame, true
	}
	return l.pace.interval, l.pace.steady >= steadyFrames
}

// most is how long a part may be, in ticks.
func (l *lane) most(target time.Duration) uint64 {
	n := ticks(target, l.clock.scale)
	if l.span(n) > target {
		n--
	}
	return n
}

// settle puts the held frame into the open part, with a duration of n ticks, but
// no longer than a part may be. A part is complete when another frame like this
// one would not fit.
func (l *lane) settle(n uint64, target time.Duration) {
	most := l.most(target)
	n = min(n, most)
	l.held.duration = uint32(n)
	if l.partTicks > 0 && l.partTicks+n > most {
		l.endPart()
	}
	if !l.open {
		l.open, l.independent = true, l.held.key
	}
	l.part = append(l.part, l.held)
	l.partTicks += n
	l.partLast = l.heldAt
	l.bytes += len(l.held.data)
	l.end = l.held.time + n
	l.last = uint32(n)
	l.held, l.hasHeld = sample{}, false
	if l.partTicks+n > most {
		l.endPart()
	}
}

// flush settles the held frame with the duration of the one before it, or of a
// whole frame.
func (l *lane) flush(target time.Duration) {
	if !l.hasHeld {
		return
	}
	n := uint64(l.last)
	if l.clock.frame != 0 {
		n = l.clock.frame
	}
	l.settle(n, target)
}

// endPart tells of the open part, if there is one.
func (l *lane) endPart() {
	if len(l.part) == 0 {
		return
	}
	l.sequence++
	*l.out = append(*l.out, Event{
		What: Part, Kind: l.kind(), Segment: l.segment, Index: l.parts,
		Data:  fragment(l.sequence, strip{track: trackID, video: l.kind() == av.Video, samples: l.part}),
		Start: l.span(l.part[0].time), Duration: l.span(l.partTicks), Last: l.partLast, Independent: l.part[0].key,
	})
	l.parts++
	clear(l.part)
	l.part, l.partTicks = l.part[:0], 0
}

// endSegment tells of the open segment. It lasts until the time at, which is where
// the next one begins; at 0 until the end of what is in it. What is empty is a gap.
func (l *lane) endSegment(at uint64) {
	l.endPart()
	if at == 0 {
		at = l.end
	}
	at = min(at, l.start+l.limit)
	e := Event{What: End, Kind: l.kind(), Segment: l.segment, Start: l.span(l.start),
		Duration: l.span(at) - l.span(l.start), Independent: l.independent, Gap: !l.open}
	*l.out = append(*l.out, e)
	l.segment++
	l.open, l.independent, l.parts, l.bytes = false, false, 0, 0
	l.start, l.end = at, max(l.end, at)
}

// blind reports whether the open segment begins without a key frame: it had to be
// cut in the middle of a group of pictures. It ends at the next key frame, however
// short it is then, so that players find segments to begin with; with the one
// before it, it is long enough.
func (l *lane) blind() bool {
	if l.open {
		return !l.independent
	}
	return l.hasHeld && !l.held.key
}

// length is how long the open segment is with the held frame, as far as it is
// known.
func (l *lane) length() time.Duration {
	switch {
	case l.hasHeld:
		return l.span(l.held.time - min(l.start, l.held.time))
	case l.open:
		return l.span(l.end - l.start)
	}
	return 0
}
