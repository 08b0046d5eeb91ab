package playback

import (
	"cmp"
	"slices"
)

// Policy says how far a room goes in waiting for its people.
type Policy string

// The waiting policies. The zero value and unknown values mean [PolicySoft].
const (
	PolicyOff    Policy = "off"    // never wait; whoever is late catches up
	PolicySoft   Policy = "soft"   // short waits at a new item or a seek; mid-play only when half of the room has run dry
	PolicyStrict Policy = "strict" // wait for everybody, still bounded
)

// Activity is what a session's player is doing.
type Activity string

// The activities of a session.
const (
	ActivityPlaying Activity = "playing"
	ActivityPaused  Activity = "paused"  // as the room asked, or nothing to play
	ActivityLoading Activity = "loading" // has not started at the current position yet
	ActivityStalled Activity = "stalled" // was playing and ran dry
)

const (
	vanishedUs  = 5_000_000 // reports come every second; after five missing ones the session does not count
	joinGraceUs = 10_000_000
	stallUs     = 1_500_000 // shorter stalls heal by themselves
	relistUs    = 250_000   // how often a shrinking list of names is worth a revision

	exemptHolds    = 3
	exemptWindowUs = 300_000_000

	minLeadUs  = 120_000
	maxLeadUs  = 600_000
	leadSafety = 60.0 // ms for a client to act on what has arrived

	seekCostUs     = 100_000 // what a jump inside the buffer costs a player, on top of the lead
	bufferMarginMs = 1000    // of media behind the target that counts as enough to go on
	maxDelayMs     = 5_000
)

// Report is the last thing known of one session in the room. All times are cluster time of the node that received it.
type Report struct {
	Session        string // one open page or player; holds wait for sessions
	Member         string // the person behind it; blame goes to persons
	Epoch          string // of ReadyRevision
	ReadyRevision  uint32 // newest revision whose position is loaded and could play at once; 0: none yet
	Activity       Activity
	StalledSinceUs int64 // when Activity is stalled
	BufferedMs     float64
	ErrorMs        float64 // signed offset from the room's position
	OneWayMs       float64 // half of the best round trip
	JitterMs       float64
	LoadMs         float64 // what a jump beyond the buffer takes this player as a rule; 0: it has not said
	JoinedUs       int64
	SeenUs         int64 // when this report arrived
	Free           bool  // does not follow the room right now: local pause, free mode
	Important      bool  // the room waits for this person even when most others are fine
}

// Lead is how far ahead of now a start is scheduled, in microseconds: the 95th percentile of delay plus jitter over all
// present sessions plus a margin, within 120..600 ms. Slower sessions join late instead of slowing everybody.
func Lead(reports []Report, now int64) int64 {
	delays := make([]float64, 0, len(reports))
	for i := range reports {
		if r := &reports[i]; r.present(now) {
			delays = append(delays, r.delayMs())
		}
	}
	if len(delays) == 0 {
		return minLeadUs
	}
	slices.Sort(delays)
	p95 := delays[(len(delays)*95+99)/100-1]
	return min(max(int64((p95+leadSafety)*1000), minLeadUs), maxLeadUs)
}

// Exempt reports whether the room no longer waits for this person, who has caused three holds within five minutes.
func (s State) Exempt(member string, now int64) bool {
	n := 0
	for _, b := range s.Blames {
		if b.Member == member && now-b.AtUs < exemptWindowUs {
			n++
		}
	}
	return n >= exemptHolds
}

func (r *Report) present(now int64) bool { return now-r.SeenUs < vanishedUs }

func (r *Report) stalledFor(now, us int64) bool {
	return r.Activity == ActivityStalled && r.StalledSinceUs > 0 && now-r.StalledSinceUs >= us
}

// readyOnce separates people who are in from people who are still arriving.
func (s State) readyOnce(r *Report) bool {
	return r.Epoch == s.Epoch && r.ReadyRevision > 0
}

// healthy returns the sessions a new hold waits for, at most MaxWaiting: important ones first, then by time of joining.
// Before a room's first item (idle) there was nothing to load, so everybody present is in. Whoever has what comes is ready
// already.
func (s State) healthy(reports []Report, idle bool, now int64, has func(*Report) bool) []string {
	fit := make([]*Report, 0, len(reports))
	for i := range reports {
		r := &reports[i]
		ok := r.Activity == ActivityPlaying || r.Activity == ActivityPaused
		if ok && !r.Free && r.present(now) && (idle || s.readyOnce(r)) && !s.Exempt(r.Member, now) && (has == nil || !has(r)) {
			fit = append(fit, r)
		}
	}
	return firstSessions(fit)
}

func firstSessions(fit []*Report) []string {
	if len(fit) > MaxWaiting {
		slices.SortFunc(fit, func(a, b *Report) int {
			if a.Important != b.Important {
				if a.Important {
					return -1
				}
				return 1
			}
			return cmp.Or(cmp.Compare(a.JoinedUs, b.JoinedUs), cmp.Compare(a.Session, b.Session))
		})
		fit = fit[:MaxWaiting]
	}
	ids := make([]string, len(fit))
	for i, r := range fit {
		ids[i] = r.Session
	}
	slices.Sort(ids)
	return ids
}

// blame notes that the people behind these sessions made the room wait. One person is blamed once per hold.
func (s State) blame(sessions []string, reports []Report, now int64) State {
	blames := make([]Blame, 0, len(s.Blames)+len(sessions))
	for _, b := range s.Blames {
		if now-b.AtUs < exemptWindowUs {
			blames = append(blames, b)
		}
	}
	old := len(blames)
	for i := range reports {
		r := &reports[i]
		if !slices.Contains(sessions, r.Session) || len(r.Member) > MaxIDBytes {
			continue
		}
		if !slices.ContainsFunc(blames[old:], func(b Blame) bool { return b.Member == r.Member }) {
			blames = append(blames, Blame{Member: r.Member, AtUs: now})
		}
	}
	if len(blames) > MaxBlames {
		blames = blames[len(blames)-MaxBlames:]
	}
	s.Blames = blames
	if len(blames) == 0 {
		s.Blames = nil
	}
	return s
}

// clampMs makes a measured delay usable: 0 for what is not a number or negative.
func clampMs(v, hi float64) float64 {
	if !(v > 0) {
		return 0
	}
	return min(v, hi)
}
