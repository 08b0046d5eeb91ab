package playback

import "math"

const (
	pauseBeatsPlayUs = 150_000    // people who talk over each other want the pause
	seekSpacingUs    = 120_000    // a person who scrubs gets at most one seek per this time
	maxActorDelayMs  = 500        // a pause never reaches further back than this
	maxAheadUs       = 60_000_000 // no start and no deadline lies further ahead than this
)

// Apply decides one intent. When the outcome is [Accepted] the returned state is the successor, one revision later, to be
// stored if the stored revision is still s.Revision; after a lost race, read again and call Apply again with the same
// intent. In every other case, also beside an error, the returned state is s unchanged.
//
// Races between people are settled in order of arrival, with these rules: a play or pause of a room that already does so
// is acknowledged and changes nothing; a seek or a choice of item is absolute, so the last one wins; anything else that
// was aimed at an earlier item is refused with CodeStaleMedia; a pause wins over another person's play for 150 ms; seeks of
// one person are at least 120 ms apart, the last of them is never lost.
func Apply(s State, in Intent, env Env, now int64) (State, Ack, error) {
	if err := in.check(); err != nil {
		return s, Ack{}, err
	}
	if now < 0 || now > MaxTimeUs-maxAheadUs {
		return s, Ack{}, invalid("now", "is not a time")
	}
	// Nodes agree on time only to some milliseconds: never let a successor be older than its parent.
	now = max(now, s.SetAtUs)
	if err := s.admit(in); err != nil {
		return s, Ack{}, err
	}
	next, outcome, err := s.decide(in, env, now)
	if err != nil {
		return s, Ack{}, err
	}
	ack := Ack{Outcome: outcome, CID: in.CID, Revision: s.Revision}
	switch outcome {
	case Accepted:
		next.SetBy, next.SetAtUs, next.LastOp, next.ClientID = in.Actor.ID, now, in.Op, in.CID
		ack.Revision = next.Revision
		return next, ack, nil
	case Deferred:
		ack.DueUs = s.SetAtUs + seekSpacingUs
	}
	return s, ack, nil
}

// admit refuses intents that were aimed at something else than the current item of this room.
func (s State) admit(in Intent) error {
	if in.Epoch != "" && in.Epoch != s.Epoch {
		return &Error{Code: CodeStaleEpoch, Message: "the room's playback was started anew"}
	}
	if in.BaseRevision > s.Revision {
		return &Error{Code: CodeAhead, Message: "the intent is based on a revision that is not known here yet"}
	}
	absolute := in.Op == OpMedia || in.Op == OpLoop
	older := in.BaseRevision != 0 && in.BaseRevision < s.MediaRevision
	if other := in.BaseMediaID != "" && in.BaseMediaID != s.MediaID; (older || other) && !absolute {
		return &Error{Code: CodeStaleMedia, Message: "another item was chosen meanwhile"}
	}
	if s.MediaID == "" && !absolute && in.Op != OpNext && in.Op != OpPrevious && in.Op != OpRate {
		return &Error{Code: CodeNoMedia, Message: "nothing is chosen to play"}
	}
	if s.Live && (in.Op == OpSeek || in.Op == OpRate) {
		return &Error{Code: CodeLive, Message: "a live stream cannot be seeked or sped up"}
	}
	return nil
}

func (s State) decide(in Intent, env Env, now int64) (State, Outcome, error) {
	switch in.Op {
	case OpPlay:
		next, outcome := s.play(in, env, now)
		return next, outcome, nil
	case OpPause:
		next, outcome := s.pause(in, now)
		return next, outcome, nil
	case OpSeek:
		if s.LastOp == OpSeek && s.SetBy == in.Actor.ID && now-s.SetAtUs < seekSpacingUs {
			return s, Deferred, nil
		}
		return s.seek(*in.PositionMs, env, now), Accepted, nil
	case OpRate:
		next, outcome := s.setRate(in.Rate, env, now)
		return next, outcome, nil
	case OpLoop:
		if in.Loop == s.Loop {
			return s, NoOp, nil
		}
		next := s.successor()
		next.Loop = in.Loop
		return next, Accepted, nil
	case OpStartAnyway:
		if s.Hold == nil {
			return s, NoOp, nil
		}
		return s.blame(s.Hold.Waiting, env.Reports, now).release(env.Reports, now), Accepted, nil
	}
	return s.change(in, env, now)
}

// change handles the three operations that choose an item.
func (s State) change(in Intent, env Env, now int64) (State, Outcome, error) {
	var item Item
	switch {
	case in.Op == OpMedia && in.MediaID == "":
		if s.MediaID == "" {
			return s, NoOp, nil
		}
		return s.clear(now), Accepted, nil
	case in.Op == OpMedia:
		item = env.Target
		if item.ID != in.MediaID {
			return s, "", &Error{Code: CodeNoItem, Field: "media_id", Message: "no such item"}
		}
		// Two people who choose the same item at once mean it once.
		if s.MediaID == item.ID && in.PositionMs == nil && in.BaseRevision != 0 && in.BaseRevision < s.MediaRevision {
			return s, NoOp, nil
		}
	case in.Op == OpNext:
		item = s.following(env.Queue)
	default:
		item = env.Queue.Previous
		if item.ID == "" && s.Loop == LoopAll {
			item = env.Queue.Last
		}
	}
	if item.ID == "" {
		return s, "", &Error{Code: CodeNoItem, Message: "the queue has no item there"}
	}
	if len(item.ID) > MaxIDBytes || !within(item.DurationMs, 0, MaxPositionMs) {
		return s, "", invalid("media", "the item's id or duration is out of range")
	}
	var pos float64
	if in.PositionMs != nil {
		pos = *in.PositionMs
	}
	return s.load(item, pos, env, now), Accepted, nil
}

func (s State) play(in Intent, env Env, now int64) (State, Outcome) {
	stale := in.BaseRevision != 0 && in.BaseRevision < s.Revision
	if s.Playing && (in.PositionMs == nil || stale || s.Live) {
		return s, NoOp
	}
	if s.LastOp == OpPause && !s.Playing && s.SetBy != "" && s.SetBy != in.Actor.ID && now-s.SetAtUs < pauseBeatsPlayUs {
		return s, Superseded
	}
	next := s
	next.Playing = true
	if in.PositionMs != nil && !s.Live {
		return next.seek(*in.PositionMs, env, now), Accepted
	}
	if s.atEnd() {
		return next.seek(0, env, now), Accepted
	}
	return next.release(env.Reports, now), Accepted
}

func (s State) pause(in Intent, now int64) (State, Outcome) {
	stale := in.BaseRevision != 0 && in.BaseRevision < s.Revision
	if !s.Playing && (in.PositionMs == nil || stale || s.Live) {
		return s, NoOp
	}
	next := s.successor()
	next.Playing, next.Hold, next.LeadRate = false, nil, 0
	seen := s.Position(now - int64(clampMs(in.Actor.OneWayMs, maxActorDelayMs)*1000))
	if in.PositionMs != nil {
		seen = *in.PositionMs
	}
	// Whole milliseconds: players count in microseconds, so everybody can stand on exactly this.
	next.PositionMs = s.clamp(math.Round(seen))
	next.AtUs = now
	return next, Accepted
}

// seek returns the successor that stands at pos and, if the room plays, starts there: held when the policy waits,
// otherwise after the lead.
func (s State) seek(pos float64, env Env, now int64) State {
	next := s.successor()
	next.PositionMs = next.clamp(pos)
	next.AtUs, next.LeadRate, next.Hold = now, 0, nil
	if next.Playing {
		next.startOrHold(HoldSeek, false, env, now, s.buffered(next.PositionMs))
	}
	return next
}

func (s State) setRate(rate float64, env Env, now int64) (State, Outcome) {
	if rate == s.Rate {
		return s, NoOp
	}
	next := s.successor()
	next.Rate = rate
	if !s.Moving(now) {
		return next, Accepted // a scheduled start keeps its time: nobody moves yet
	}
	// Everybody keeps the old rate until the news has arrived everywhere, so nobody has to make up for its delay.
	at := now + Lead(env.Reports, now)
	next.PositionMs, next.AtUs, next.LeadRate = s.Position(at), at, s.Rate
	if at < s.AtUs { // the previous change has not even begun: replace it where it stands
		next.PositionMs, next.AtUs, next.LeadRate = s.PositionMs, s.AtUs, s.LeadRate
	}
	return next, Accepted
}

// load returns the successor that plays item from pos.
func (s State) load(item Item, pos float64, env Env, now int64) State {
	next := s.successor()
	next.MediaID, next.DurationMs, next.Live = item.ID, item.DurationMs, item.Live
	next.MediaRevision = next.Revision
	if item.Live {
		pos, next.Rate = 0, 1
	}
	next.PositionMs = next.clamp(pos)
	next.AtUs, next.LeadRate, next.Hold, next.Playing = now, 0, nil, true
	next.startOrHold(HoldMedia, s.MediaID == "", env, now, nil)
	return next
}

func (s State) clear(now int64) State {
	next := s.successor()
	next.MediaID, next.DurationMs, next.Live = "", 0, false
	next.MediaRevision = next.Revision
	next.PositionMs, next.AtUs, next.LeadRate, next.Hold, next.Playing = 0, now, 0, nil, false
	return next
}

// following is the item after the current one, around the corner if the queue loops.
func (s State) following(q Queue) Item {
	if q.Next.ID == "" && s.Loop == LoopAll {
		return q.First
	}
	return q.Next
}

// successor is a copy one revision later that belongs to nobody's intent yet.
func (s State) successor() State {
	s.Revision++
	s.ClientID, s.Awaited = "", nil
	return s
}
