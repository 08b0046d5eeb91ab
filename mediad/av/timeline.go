package av

import "time"

// Limits of what a clock may do before it counts as another clock.
const (
	// MaxGap is how far a stream may run ahead in one step.
	MaxGap = 10 * time.Second
	// MaxStepBack is how far it may step back: beyond it the sender has begun
	// anew, within it frames are pressed together until time has caught up.
	MaxStepBack = 500 * time.Millisecond
	// MaxSkew is how far tracks of one stream may lie apart. Beyond it they have
	// different zeros.
	MaxSkew = MaxGap
	// maxOffset is the largest composition offset that is believed.
	maxOffset = 10 * time.Second
	// step is the time given to a frame when the clock gives none.
	step = time.Millisecond
	// rtmpWrap, signWrap and shortWrap are where clocks of milliseconds return to
	// zero: at 32 bits; at 31 with senders that keep the sign out, as ffmpeg's FLV
	// does, also when it begins below zero; and at 24 bits with senders that know no
	// extended timestamp.
	rtmpWrap  = 1 << 32 * time.Millisecond
	signWrap  = 1 << 31 * time.Millisecond
	shortWrap = 1 << 24 * time.Millisecond
)

// Timeline turns the clocks of a sender, as wrong as they are in the field, into
// one time for the stream that starts at Origin and, in each track, only grows.
// It is a pure function of the packets it has seen; the zero Timeline is ready
// for RTMP and FLV.
//
//   - Clocks that wrap go on (Wrap, the 31 bits of ffmpeg, and the 24 of old encoders).
//   - Tracks that start together keep the distance their sender gave them.
//     Tracks that lie more than MaxSkew apart have different zeros, and the
//     later one is laid beside the other.
//   - A small step back is pressed together, a large one and a jump ahead of
//     more than MaxGap are taken out, and marked once as a discontinuity.
//     A gap that the other track also lived through is silence, not a jump.
//   - Configuration and script packets are put at the present and change nothing.
type Timeline struct {
	// Wrap is where the sender's clock returns to zero; 0 means 2^32 ms, as RTMP
	// and FLV have it.
	Wrap time.Duration
	// Origin is the time of the first packet.
	Origin time.Duration

	clocks  []clock
	newest  int           // the clock that opened the newest epoch
	now     time.Duration // latest DTS given out, in any track
	started bool
	broken  bool // Restart was called: the next packet opens an epoch
}

// clock is what is known of one track.
type clock struct {
	kind   Kind
	track  uint8
	placed bool          // it has given out a DTS
	astray bool          // the next packet need not continue the last
	raw    time.Duration // the sender's clock at the last packet, as sent
	linear time.Duration // the same, without wraps
	offset time.Duration // linear + offset is the stream's time
	dts    time.Duration // last one given out
}

// Now returns the latest DTS given out.
func (t *Timeline) Now() time.Duration { return t.now }

// Restart says that what follows comes from another sender, or from the same one
// anew: the next packet continues the time, and is marked as a discontinuity.
func (t *Timeline) Restart() {
	t.broken = t.started
	for i := range t.clocks {
		t.clocks[i].astray = true
	}
}

// Place returns p with DTS and PTS in the stream's time, and Discontinuity set if
// an epoch begins with it. DTS and PTS of p are the sender's clock, DTS from 0
// up to Wrap.
func (t *Timeline) Place(p Packet) Packet {
	if p.Config || p.Kind == Data {
		p.DTS = max(t.now, t.Origin)
		p.PTS = p.DTS
		return p
	}
	i := t.clock(p.Kind, p.Track)
	c := &t.clocks[i]
	switch {
	case !t.started:
		t.started, t.now = true, t.Origin
		t.open(i, p.DTS, t.Origin)
	case t.broken:
		t.broken = false
		t.open(i, p.DTS, t.now+step)
		p.Discontinuity = true
	case !c.placed || c.astray:
		if !t.follow(i, p.DTS) { // it has a zero of its own
			c.linear, c.offset = p.DTS, t.now-p.DTS
		}
	case !t.advance(i, p.DTS) && !t.follow(i, p.DTS):
		t.open(i, p.DTS, t.now+step)
		p.Discontinuity = true
	}
	c.raw = p.DTS
	return t.emit(c, p)
}

// emit gives p the time of its clock, made to grow.
func (t *Timeline) emit(c *clock, p Packet) Packet {
	at, cts := c.linear+c.offset, p.CTS()
	if cts > maxOffset || cts < -maxOffset {
		cts = 0
	}
	p.DTS = max(at, t.Origin)
	if c.placed {
		p.DTS = max(at, c.dts+step)
	}
	p.PTS = at + cts
	if cts >= 0 {
		p.PTS = max(p.PTS, p.DTS)
	}
	c.dts, c.placed, c.astray = p.DTS, true, false
	t.now = max(t.now, p.DTS)
	return p
}

// clock returns the index of a track's clock.
func (t *Timeline) clock(k Kind, track uint8) int {
	for i := range t.clocks {
		if t.clocks[i].kind == k && t.clocks[i].track == track {
			return i
		}
	}
	t.clocks = append(t.clocks, clock{kind: k, track: track})
	return len(t.clocks) - 1
}

// open begins an epoch with clock i, in which raw is the time at.
func (t *Timeline) open(i int, raw, at time.Duration) {
	c := &t.clocks[i]
	c.linear, c.offset = raw, at-raw
	t.newest = i
}

// advance moves clock i on to raw, if that continues it.
func (t *Timeline) advance(i int, raw time.Duration) bool {
	c := &t.clocks[i]
	d := t.between(c.raw, raw)
	if d < -MaxStepBack || (c.linear+d+c.offset-t.now).Abs() > MaxSkew {
		return false
	}
	c.linear += d
	return true
}

// follow puts clock i into the newest epoch, if raw lies near its present.
func (t *Timeline) follow(i int, raw time.Duration) bool {
	ref := t.clocks[t.newest]
	if t.newest == i || ref.astray {
		return false
	}
	linear := ref.linear + t.between(ref.raw, raw)
	if (linear + ref.offset - t.now).Abs() > MaxSkew {
		return false
	}
	t.clocks[i].linear, t.clocks[i].offset = linear, ref.offset
	return true
}

// between returns the way from one reading of a clock to another, the short way
// round where the clock wraps.
func (t *Timeline) between(from, to time.Duration) time.Duration {
	wrap := t.Wrap
	if wrap == 0 {
		wrap = rtmpWrap
	}
	d := to - from
	switch {
	case d > wrap/2:
		d -= wrap
	case d < -wrap/2:
		d += wrap
	}
	if t.Wrap != 0 {
		return d
	}
	for _, w := range [...]time.Duration{shortWrap, -shortWrap, signWrap, -signWrap} {
		if (d + w).Abs() <= MaxGap {
			return d + w
		}
	}
	return d
}
