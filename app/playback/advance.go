package playback

// Default spans of the functions in this file, in microseconds.
const (
	DefaultRestoreGraceUs = 15_000_000 // viewers keep playing on their own clock for about this long
	EmptyAfterUs          = 30_000_000 // a room without people pauses after this
)

// Advance moves a room on when its item has ended: to the same item again, the next one, the first one, or to a stop,
// paused exactly at the end. deadlineUs is when the current item ends, 0 if it does not, always later than now.
func Advance(s State, env Env, now int64) (next State, changed bool, deadlineUs int64) {
	end, ok := s.EndUs()
	if !ok {
		return s, false, 0
	}
	if now < end {
		return s, false, end
	}
	next = s.ended(env, now)
	next.SetBy, next.SetAtUs, next.LastOp = "", max(now, s.SetAtUs), OpMedia
	if end, ok = next.EndUs(); ok && end > now {
		deadlineUs = end
	}
	return next, true, deadlineUs
}

func (s State) ended(env Env, now int64) State {
	if s.Loop == LoopOne {
		return s.seek(0, env, now)
	}
	item := s.following(env.Queue)
	if item.ID != "" && len(item.ID) <= MaxIDBytes && within(item.DurationMs, 0, MaxPositionMs) {
		if item.ID == s.MediaID { // a queue of one that loops: the same media needs no new loading
			return s.seek(0, env, now)
		}
		return s.load(item, 0, env, now)
	}
	next := s.successor()
	next.Playing, next.Hold, next.LeadRate = false, nil, 0
	next.PositionMs, next.AtUs = s.DurationMs, now
	return next
}

// Restore decides how a room goes on after the service was away since lastSeenUs. After a gap of at most graceUs it goes on
// as if nothing had happened, because its viewers did; after a longer one it is paused where it was last seen, so nothing
// was missed.
func Restore(s State, lastSeenUs, now, graceUs int64) (next State, changed bool) {
	if !s.Playing || now-lastSeenUs <= graceUs {
		return s, false
	}
	return s.standAt(lastSeenUs, now), true
}

// Empty decides about a room in which nobody is present since sinceUs: after 30 s it is paused where the last one left it,
// so nothing is missed. deadlineUs is when to ask again, 0 for not at all.
func Empty(s State, sinceUs, now int64) (next State, changed bool, deadlineUs int64) {
	if !s.Playing {
		return s, false, 0
	}
	if due := sinceUs + EmptyAfterUs; now <= due {
		return s, false, due + 1
	}
	return s.standAt(sinceUs, now), true, 0
}

// standAt is the successor that is paused where it was at an earlier time.
func (s State) standAt(then, now int64) State {
	next := s.successor()
	next.PositionMs = s.Position(then)
	next.Playing, next.Hold, next.LeadRate, next.AtUs = false, nil, 0, now
	next.SetBy, next.SetAtUs, next.LastOp = "", max(now, s.SetAtUs), OpPause
	return next
}

// LearnDuration fills in the length of the current item when a player has found it out. The first answer counts: a later
// one could only be a different copy or a lie.
func LearnDuration(s State, mediaID string, durationMs float64, now int64) (next State, changed bool) {
	if mediaID == "" || mediaID != s.MediaID || s.Live || s.DurationMs != 0 || !within(durationMs, 1, MaxPositionMs) {
		return s, false
	}
	next = s.successor()
	next.DurationMs = durationMs
	if next.PositionMs > durationMs {
		next.PositionMs, next.AtUs = durationMs, now
	}
	return next, true
}
