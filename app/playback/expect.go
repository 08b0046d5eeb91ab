package playback

import "slices"

const (
	defaultLoadMs  = 250.0     // what a jump beyond the buffer takes a player that has not said
	expectSafety   = 40_000    // on top of what the slowest is expected to need
	maxExpectUs    = 1_000_000 // whoever needs longer is waited for with a hold, which people see
	overdueGraceUs = 100_000   // after the start, on top of the way of the news that somebody is ready
)

// expectedStart is when all of these sessions will have the news and the bytes to start together, by what they have said of
// their line and of their loading: a start that is scheduled at once saves the way there and back that a wait for their answers
// costs. ok is false when that is so far away that the room shall rather wait and say for whom.
func expectedStart(waiting []string, reports []Report, now int64) (at int64, ok bool) {
	var need float64
	for i := range reports {
		r := &reports[i]
		if _, listed := slices.BinarySearch(waiting, r.Session); listed {
			load := clampMs(r.LoadMs, maxDelayMs)
			if load == 0 {
				load = defaultLoadMs
			}
			need = max(need, r.delayMs()+load)
		}
	}
	at = now + max(int64(need*1000)+expectSafety, Lead(reports, now)+seekCostUs)
	return at, at <= now+maxExpectUs
}

// overdue returns those with whom the room was expected to start, who should have said by now that they are ready, and have not.
func (s State) overdue(reports []Report, now int64) []string {
	var late []*Report
	for i := range reports {
		if r := &reports[i]; s.awaits(r, now) && now >= s.overdueUs(r) {
			late = append(late, r)
		}
	}
	return firstSessions(late)
}

// awaits reports whether the room was expected to start with this session and does not know yet that it could.
func (s State) awaits(r *Report, now int64) bool {
	_, listed := slices.BinarySearch(s.Awaited, r.Session)
	return listed && !r.Free && r.present(now) && !s.Exempt(r.Member, now) && (r.Epoch != s.Epoch || r.ReadyRevision < s.Revision)
}

// overdueUs is when the news that a session is ready in time has arrived at the latest.
func (s State) overdueUs(r *Report) int64 {
	return s.AtUs + min(int64(r.delayMs()*1000), maxLeadUs) + overdueGraceUs
}

// delayMs is how long news takes on a session's line, most of the time.
func (r *Report) delayMs() float64 {
	return clampMs(r.OneWayMs, maxDelayMs) + clampMs(r.JitterMs, maxDelayMs)
}
