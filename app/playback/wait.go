package playback

import "slices"

// limits of one policy, in microseconds; start is for a new item or a seek.
func (p Policy) limits() (start, stall int64) {
	switch p {
	case PolicyOff:
		return 0, 0
	case PolicyStrict:
		return 15_000_000, 15_000_000
	default:
		return 4_000_000, 8_000_000
	}
}

// Decide is the waiting rule of a room: it places a hold when people have run dry, shortens the list of those waited for
// and lets the room start when all are ready, gone or exempt, or when the deadline has come. When changed is true, next is
// one revision later and to be stored by compare-and-swap. deadlineUs is when Decide must be called again at the latest if
// no new report arrives, 0 for not at all; it is later than now, and never later than the deadline of a hold.
func Decide(s State, reports []Report, policy Policy, now int64) (next State, changed bool, deadlineUs int64) {
	if s.Hold != nil {
		next, changed = s.reviewHold(reports, policy, now)
	} else {
		next, changed = s.reviewStalls(reports, policy, now)
	}
	return next, changed, next.nextReview(reports, policy, now)
}

func (s State) reviewHold(reports []Report, policy Policy, now int64) (State, bool) {
	h := s.Hold
	if policy == PolicyOff || s.Live {
		return s.release(reports, now), true
	}
	remaining := make([]string, 0, len(h.Waiting))
	for i := range reports {
		r := &reports[i]
		if _, listed := slices.BinarySearch(h.Waiting, r.Session); listed && s.blocks(r, now) {
			remaining = append(remaining, r.Session)
		}
	}
	if len(remaining) == 0 {
		return s.release(reports, now), true
	}
	if now >= h.UntilUs {
		if h.Reason != HoldStall { // those were blamed when their stall began
			s = s.blame(remaining, reports, now)
		}
		return s.release(reports, now), true
	}
	if len(remaining) == len(h.Waiting) || now-h.ListedUs < relistUs {
		return s, false
	}
	slices.Sort(remaining)
	shorter := *h
	shorter.Waiting, shorter.ListedUs = slices.Compact(remaining), now
	next := s.successor()
	next.Hold = &shorter
	return next, true
}

// blocks reports whether a session of the wait set is still worth waiting for.
func (s State) blocks(r *Report, now int64) bool {
	if r.Free || !r.present(now) || s.Exempt(r.Member, now) {
		return false
	}
	if r.Activity == ActivityStalled || r.Activity == ActivityLoading {
		return true
	}
	return r.Epoch != s.Epoch || r.ReadyRevision < s.Hold.Revision
}

func (s State) reviewStalls(reports []Report, policy Policy, now int64) (State, bool) {
	if policy == PolicyOff || s.Live || !s.Moving(now) || now < s.AtUs {
		return s, false
	}
	if late := slices.Compact(s.overdue(reports, now)); len(late) > 0 {
		return s.wait(HoldSeek, late, policy, now), true
	}
	var taking, important int
	var dry []*Report
	for i := range reports {
		r := &reports[i]
		if !s.takesPart(r, now) {
			continue
		}
		taking++
		if s.ranDry(r, now) {
			dry = append(dry, r)
			if r.Important {
				important++
			}
		}
	}
	enough := important > 0 || 2*len(dry) >= taking || policy == PolicyStrict
	if len(dry) == 0 || !enough {
		return s, false
	}
	waiting := slices.Compact(firstSessions(dry))
	return s.blame(waiting, reports, now).wait(HoldStall, waiting, policy, now), true
}

// wait is the successor that stands where the room is, until these sessions are ready or the limit is over.
func (s State) wait(reason Reason, waiting []string, policy Policy, now int64) State {
	limit, stall := policy.limits()
	if reason == HoldStall {
		limit = stall
	}
	next := s.successor()
	next.PositionMs, next.AtUs, next.LeadRate = s.Position(now), now, 0
	next.Hold = &Hold{Reason: reason, Waiting: waiting, UntilUs: now + limit, SinceUs: now, ListedUs: now, Revision: next.Revision}
	return next
}

// takesPart reports whether a session has a say in mid-play waiting: present, settled in, not exempt, and playing along.
func (s State) takesPart(r *Report, now int64) bool {
	return !r.Free && r.present(now) && s.readyOnce(r) && now-r.JoinedUs >= joinGraceUs && !s.Exempt(r.Member, now) &&
		(r.Activity == ActivityPlaying || r.Activity == ActivityStalled)
}

// ranDry reports a stall that is long enough and belongs to the current run: one that is older than the last start has had
// its hold already, and must not get a second one.
func (s State) ranDry(r *Report, now int64) bool {
	return r.stalledFor(now, stallUs) && r.StalledSinceUs >= s.AtUs
}

// nextReview is the earliest future time at which Decide could answer differently without a new report.
func (s State) nextReview(reports []Report, policy Policy, now int64) int64 {
	if policy == PolicyOff || s.Live || !s.Playing {
		return 0
	}
	var at int64
	sooner := func(t int64) {
		if t > now && (at == 0 || t < at) {
			at = t
		}
	}
	if h := s.Hold; h != nil {
		sooner(max(h.UntilUs, now+1))
		for i := range reports {
			if _, listed := slices.BinarySearch(h.Waiting, reports[i].Session); listed {
				sooner(reports[i].SeenUs + vanishedUs)
			}
		}
		sooner(h.ListedUs + relistUs)
		return at
	}
	for i := range reports {
		r := &reports[i]
		if s.awaits(r, now) {
			sooner(s.overdueUs(r))
		}
		if r.Activity == ActivityStalled && r.StalledSinceUs >= s.AtUs && r.present(now) {
			sooner(max(r.StalledSinceUs+stallUs, r.JoinedUs+joinGraceUs))
			sooner(r.SeenUs + vanishedUs)
		}
	}
	return at
}

// startOrHold completes a change of position of a playing room: it waits for the healthy if the policy says so, otherwise
// it schedules the start. It works on a fresh successor. Nobody waits for sessions that have what comes (nil: none has).
func (s *State) startOrHold(reason Reason, idle bool, env Env, now int64, has func(*Report) bool) {
	limit, _ := env.Policy.limits()
	if limit > 0 && !s.Live {
		if waiting := slices.Compact(s.healthy(env.Reports, idle, now, has)); len(waiting) > 0 {
			if at, ok := expectedStart(waiting, env.Reports, now); ok && reason == HoldSeek && env.Policy != PolicyStrict {
				s.AtUs, s.Awaited = at, waiting
				return
			}
			s.Hold = &Hold{
				Reason: reason, Waiting: waiting, UntilUs: now + limit,
				SinceUs: now, ListedUs: now, Revision: s.Revision,
			}
			return
		}
	}
	s.AtUs = now + Lead(env.Reports, now)
	if reason == HoldSeek {
		s.AtUs = min(s.AtUs+seekCostUs, now+maxLeadUs)
	}
}

// buffered tells of a session whether it has the position in its buffer already, so that it can play from there at once.
// s is the state its report was made under.
func (s State) buffered(pos float64) func(*Report) bool {
	return func(r *Report) bool {
		from := s.Position(r.SeenUs)
		return pos >= from && pos+bufferMarginMs <= from+clampMs(r.BufferedMs, MaxPositionMs)
	}
}

// release is the successor that starts from where it stands, after the lead.
func (s State) release(reports []Report, now int64) State {
	next := s.successor()
	next.Hold, next.LeadRate = nil, 0
	next.AtUs = now + Lead(reports, now)
	return next
}
