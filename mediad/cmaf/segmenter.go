package cmaf

import (
	"slices"
	"time"

	"synctv/mediad/av"
)

// Segmenter cuts the packets of one stream. It is not safe for concurrent use.
type Segmenter struct {
	config Config

	tracks  []av.Track // that the stream has, as far as they can be segmented
	pending bool       // they differ from those of the period
	gather  gather     // while no period is open
	lanes   []*lane    // the first one leads; empty while no period is open
	target  time.Duration
	began   bool                      // there was a period
	next    uint64                    // the number of the next segment, while no period is open
	seq     uint32                    // of the last fragment, likewise
	ends    map[av.Kind]time.Duration // where the tracks ended, likewise
	newest  time.Duration             // DTS of the last packet
	dropped uint64

	events []Event
}

// New returns a segmenter.
func New(c Config) *Segmenter {
	c = c.withDefaults()
	return &Segmenter{config: c, next: c.First, ends: make(map[av.Kind]time.Duration)}
}

// PartTarget returns the longest that a part may be. It is known from the first
// Begin on, and does not change.
func (s *Segmenter) PartTarget() time.Duration { return s.target }

// Dropped returns how many packets were of no use: of tracks that are not
// segmented, or from before the first key frame.
func (s *Segmenter) Dropped() uint64 { return s.dropped }

// SetTracks tells which tracks the packets from here on belong to. The first of
// each kind that can be segmented is.
func (s *Segmenter) SetTracks(tracks []av.Track) {
	var chosen []av.Track
	for _, kind := range []av.Kind{av.Video, av.Audio} {
		i := slices.IndexFunc(tracks, func(t av.Track) bool { return t.Kind == kind && Supported(t.Codec) })
		if i >= 0 {
			chosen = append(chosen, tracks[i])
		}
	}
	s.tracks = chosen
	s.pending = slices.ContainsFunc(s.lanes, func(l *lane) bool { return !slices.ContainsFunc(chosen, l.format.Track.Same) })
}

// Push takes the next packet of the stream and returns what there is to tell. The
// events are valid until the next call.
func (s *Segmenter) Push(p av.Packet) []Event {
	clear(s.events)
	s.events = s.events[:0]
	if p.Config || s.find(p) < 0 {
		if !p.Config && p.Kind != av.Data {
			s.dropped++
		}
		return s.events
	}
	if len(s.lanes) > 0 {
		s.pending = s.pending || s.lane(p.Kind) == nil // a track that comes late
		if s.breaks(p) {
			s.finish()
		}
	}
	s.newest = p.DTS
	if len(s.lanes) == 0 {
		s.collect(p)
		return s.events
	}
	s.cut(p)
	return s.events
}

// Flush ends what is open: the publisher has gone, or packets are missing. What
// comes next is a new period.
func (s *Segmenter) Flush() []Event {
	clear(s.events)
	s.events = s.events[:0]
	s.finish()
	s.dropped += uint64(len(s.gather.packets))
	s.gather = gather{}
	return s.events
}

// find returns the index of the track to which a packet belongs, or -1.
func (s *Segmenter) find(p av.Packet) int {
	return slices.IndexFunc(s.tracks, func(t av.Track) bool {
		return t.Kind == p.Kind && t.ID == p.Track && t.Codec == p.Codec
	})
}

// breaks reports whether the period ends before p: because the stream says so,
// because other tracks have to be set up and this is where they can begin, or
// because the picture had paused.
func (s *Segmenter) breaks(p av.Packet) bool {
	lead := s.lanes[0]
	switch {
	case p.Discontinuity:
		return true
	case s.pending:
		return p.Kind == av.Video && p.Key || s.tracks[0].Kind != av.Video
	case p.DTS-s.newest > s.standstill():
		return true
	case p.Kind != lead.kind():
		return false
	}
	end := lead.span(lead.end)
	if lead.hasHeld {
		end = lead.heldAt
	}
	return (lead.hasHeld || lead.end > 0) && p.DTS-end > s.standstill()
}

// standstill is how far apart frames are of which the later one begins another period.
// Frames that are as far apart as a part is long need not be so to the millisecond.
func (s *Segmenter) standstill() time.Duration { return max(pause, s.target+s.target/10) }

// finish ends the period.
func (s *Segmenter) finish() {
	if len(s.lanes) == 0 {
		return
	}
	open, end := false, time.Duration(0)
	for _, l := range s.lanes {
		l.flush(s.target)
		for len(l.bounds) > 0 {
			s.follow(l)
		}
		open = open || l.open
		end = max(end, l.span(l.end))
	}
	for _, l := range s.lanes { // all have the same segment open now
		switch {
		case l.open:
			l.endSegment(0)
		case open:
			l.endSegment(max(ticks(end, l.clock.scale), l.start))
		}
		s.next, s.seq = l.segment, max(s.seq, l.sequence)
		s.ends[l.kind()] = l.span(l.end)
	}
	s.lanes = nil
}

// lane returns the lane for a kind of track, or nil.
func (s *Segmenter) lane(k av.Kind) *lane {
	for _, l := range s.lanes {
		if l.kind() == k {
			return l
		}
	}
	return nil
}

// collect takes p while no period is open, and opens one when enough is known.
func (s *Segmenter) collect(p av.Packet) {
	s.dropped += s.gather.add(p, s.config)
	if !s.gather.ready(s.tracks, s.config) {
		return
	}
	packets, dropped := s.gather.take()
	s.dropped += dropped
	if len(packets) == 0 {
		return
	}
	s.begin(packets)
	for _, q := range packets {
		if len(s.lanes) > 0 {
			s.cut(q)
		}
	}
}

// begin opens a period with what the packets are of.
func (s *Segmenter) begin(packets []av.Packet) {
	var formats []Format
	for _, t := range s.tracks {
		var dts []time.Duration
		for _, p := range packets {
			if p.Kind == t.Kind && p.Track == t.ID {
				dts = append(dts, p.DTS)
			}
		}
		if len(dts) == 0 && len(s.tracks) > 1 {
			continue // announced and never sent
		}
		init, err := Init(t)
		if err != nil {
			continue
		}
		f := Format{Track: t, Init: init}
		if t.Kind == av.Video {
			f.FrameRate = frameRate(dts)
		}
		formats = append(formats, f)
	}
	if len(formats) == 0 {
		s.dropped += uint64(len(packets))
		return
	}
	if !s.began {
		s.began, s.target = true, partTarget(s.config.Part, s.tracks, formats[0].FrameRate)
	}
	for _, f := range formats {
		l := newLane(f, packets[0].DTS, s.config.Longest+rounding, s.next, s.seq, &s.events)
		l.end = max(l.end, ticks(s.ends[l.kind()], l.clock.scale)) // a frame may reach into this period
		s.lanes = append(s.lanes, l)
	}
	s.pending = false
	s.events = append(s.events, Event{What: Begin, Segment: s.next, Formats: formats, Start: packets[0].DTS})
}

// cut puts p into its lane, and ends segments where it is time to.
func (s *Segmenter) cut(p av.Packet) {
	l := s.lane(p.Kind)
	if l == nil || s.pending && !s.current(p) {
		s.dropped++
		return
	}
	for len(l.bounds) > 0 && p.DTS >= l.bounds[0] {
		l.hold0(p, s.target)
		s.follow(l)
	}
	if l == s.lanes[0] && s.cutsAt(l, p) {
		l.hold0(p, s.target)
		s.endLead(l, p.DTS)
	}
	l.hold(p, s.target)
	s.force(p.DTS)
}

// current reports whether p is of a track as it was when the period began.
func (s *Segmenter) current(p av.Packet) bool {
	return slices.ContainsFunc(s.tracks, func(t av.Track) bool {
		return t.Kind == p.Kind && slices.ContainsFunc(s.lanes, func(l *lane) bool { return l.format.Track.Same(t) })
	})
}

// hold0 settles the held frame, which p follows, without taking p.
func (l *lane) hold0(p av.Packet, target time.Duration) {
	if l.hasHeld {
		next := l.clock // a copy: p is placed again
		l.settle(max(next.place(p.DTS), l.held.time+1)-l.held.time, target)
	}
}

// cutsAt reports whether a segment of the lead ends before p.
func (s *Segmenter) cutsAt(l *lane, p av.Packet) bool {
	if !l.open && !l.hasHeld {
		return false
	}
	at := l.clock
	length := l.span(at.place(p.DTS)) - l.span(l.start)
	frame := l.span(uint64(l.last))
	switch {
	case l.kind() == av.Video && p.Key && (length >= s.config.Segment-frame/2 || l.blind()):
		return true
	case l.kind() == av.Audio && length >= s.config.Segment-frame/2:
		return true
	}
	return length+frame > s.config.Longest+tolerance || l.bytes+len(p.Data) > s.config.MaxBytes
}

// endLead ends the lead's segment at the time at, and tells the others.
func (s *Segmenter) endLead(l *lane, at time.Duration) {
	next := l.clock
	l.endSegment(max(next.place(at), l.end))
	for _, f := range s.lanes[1:] {
		f.bounds = append(f.bounds, at)
	}
}

// follow ends the segment of a lane where the lead has ended it.
func (s *Segmenter) follow(l *lane) {
	at := ticks(l.bounds[0], l.clock.scale)
	l.bounds = l.bounds[1:]
	if l.open {
		at = max(at, l.end)
		if at-l.end < ticks(pause, l.clock.scale) {
			at = l.end // whole frames do not end where the picture does
		}
	}
	l.endSegment(max(at, l.start))
}

// force ends segments that have been open for too long because a track does not
// go on: now is the time of the newest packet.
func (s *Segmenter) force(now time.Duration) {
	lead := s.lanes[0]
	for _, l := range s.lanes[1:] {
		for len(l.bounds) > 0 && now-l.bounds[0] > followWait {
			l.flush(s.target)
			s.follow(l)
		}
		if len(l.bounds) > 0 || l.length() < s.config.Longest+tolerance {
			continue
		}
		l.flush(s.target) // the lead does not end its segment
		lead.flush(s.target)
		at := max(ticks(l.span(l.end), lead.clock.scale), lead.end)
		if lead.open && lead.span(at-lead.end) < pause {
			at = 0 // it is only late
		}
		lead.endSegment(at)
		l.endSegment(0)
	}
}
