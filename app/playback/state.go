// Package playback decides what a room plays and when.
//
// It holds no goroutine, no lock, no clock and no I/O: every decision is a function from values to values. The state of a
// room is durable and is changed by compare-and-swap on [State.Revision] by whichever node received the intent, so two
// nodes that decide from the same values must decide the same, and the loser of a race reads again and decides again.
//
// Time is always a parameter: microseconds of cluster time, the clock that all nodes of a cluster agree on and that
// clients learn with pings. Positions are milliseconds of the media, as a float64.
package playback

import "math"

// Limits of what a room can be told. They keep every sum in this package finite and every state small.
const (
	MinRate       = 0.25    // slowest room rate
	MaxRate       = 4.0     // fastest room rate
	MaxPositionMs = 1e10    // about 115 days of media
	MaxIDBytes    = 128     // media, member, session, epoch and client ids
	MaxTimeUs     = 1 << 52 // about the year 2112; sums of two such times still fit
	MaxWaiting    = 64      // sessions that one hold waits for; the rest of a larger room catches up by itself
	MaxBlames     = 64      // entries of State.Blames
)

// Loop says what follows the end of an item.
type Loop string

// The loop modes. The zero value means [LoopNone].
const (
	LoopNone Loop = "none" // the next item of the queue, then stop
	LoopOne  Loop = "one"  // the same item again
	LoopAll  Loop = "all"  // the next item, and after the last one the first
)

// Reason says why the room is held.
type Reason string

// The reasons for a hold.
const (
	HoldMedia Reason = "media" // a new item: people are loading it
	HoldSeek  Reason = "seek"  // a jump: people are buffering at the new position
	HoldStall Reason = "stall" // somebody ran dry while playing
)

// Hold is a wait for named sessions. A hold always has a deadline, and the position stands still while it lasts.
type Hold struct {
	Reason   Reason   `json:"reason"`
	Waiting  []string `json:"waiting"`   // session ids still waited for, sorted; never modified in place
	UntilUs  int64    `json:"until_us"`  // the room starts at the latest when this time has come
	SinceUs  int64    `json:"since_us"`  // when the hold began
	ListedUs int64    `json:"listed_us"` // when Waiting was last published; paces its updates
	Revision uint32   `json:"revision"`  // a session is ready when it reports this revision or a later one
}

// Blame remembers that a person made the room wait, so that nobody can do it for ever.
type Blame struct {
	Member string `json:"member"`
	AtUs   int64  `json:"at_us"`
}

// State is the playback state of one room. It is a value: the functions of this package return changed copies and never
// write to the slices or the hold of their argument.
type State struct {
	Revision   uint32  `json:"revision"`    // rises by exactly one with every accepted change
	Epoch      string  `json:"epoch"`       // names one line of revisions; a recreated room has another
	MediaID    string  `json:"media_id"`    // empty: nothing is chosen
	PositionMs float64 `json:"position_ms"` // the position at AtUs
	AtUs       int64   `json:"at_us"`       // may lie in the future: a scheduled start
	Rate       float64 `json:"rate"`        // MinRate..MaxRate
	Playing    bool    `json:"playing"`     // what the room wants; with a hold it is about to
	LeadRate   float64 `json:"lead_rate"`   // speed of the position before AtUs: 0 for a start, the old rate for a change of rate
	Hold       *Hold   `json:"hold,omitempty"`
	// Awaited are the sessions that a scheduled start expects to be ready in time, sorted; never modified in place. They belong
	// to this very revision.
	Awaited    []string `json:"awaited,omitempty"`
	DurationMs float64  `json:"duration_ms"` // 0: not known
	Live       bool     `json:"live"`        // a live stream has no common position: no seek, no rate, no waiting, no end
	Loop       Loop     `json:"loop"`

	SetBy    string `json:"set_by"`    // member whose intent was accepted last; empty: the room itself
	SetAtUs  int64  `json:"set_at_us"` // when that was
	LastOp   Op     `json:"last_op"`   // and what it was
	ClientID string `json:"client_id"` // cid of the intent that made this very revision; empty for the room's own changes

	MediaRevision uint32  `json:"media_revision"` // revision at which MediaID was last chosen
	Blames        []Blame `json:"blames,omitempty"`
}

// New returns the state of a room in which nothing has been played yet: revision 0, nothing chosen, paused, rate 1.
func New(epoch string) State {
	return State{Epoch: epoch, Rate: 1, Loop: LoopNone}
}

// Position is the media position in milliseconds at cluster time now: it stands while paused, held or before a scheduled
// start, otherwise it runs at Rate, and never leaves [0, DurationMs] when the duration is known.
func (s State) Position(now int64) float64 {
	p := s.PositionMs
	if s.Playing && s.Hold == nil {
		elapsedMs := float64(now-s.AtUs) / 1000
		if elapsedMs >= 0 {
			p += elapsedMs * s.Rate
		} else {
			p += elapsedMs * s.LeadRate
		}
	}
	return s.clamp(p)
}

// Moving reports whether the position advances at time now.
func (s State) Moving(now int64) bool {
	return s.Playing && s.Hold == nil && (now >= s.AtUs || s.LeadRate > 0)
}

// EndUs is the cluster time at which the current item reaches its end; ok is false when it does not: paused, held, live or
// of unknown length.
func (s State) EndUs() (at int64, ok bool) {
	if !s.Playing || s.Hold != nil || s.Live || s.DurationMs <= 0 || s.MediaID == "" {
		return 0, false
	}
	leftMs := math.Max(0, s.DurationMs-s.PositionMs)
	return s.AtUs + int64(math.Ceil(leftMs/s.Rate*1000)), true
}

// Validate reports the first thing that makes a stored state unusable. Every state that this package returns is valid if
// the state it was made from was.
func (s State) Validate() error {
	switch {
	case len(s.Epoch) > MaxIDBytes || len(s.MediaID) > MaxIDBytes || len(s.SetBy) > MaxIDBytes || len(s.ClientID) > MaxIDBytes:
		return invalid("state", "an id is longer than 128 bytes")
	case !within(s.PositionMs, 0, MaxPositionMs):
		return invalid("position_ms", "must be a number from 0 to 1e10")
	case !within(s.DurationMs, 0, MaxPositionMs):
		return invalid("duration_ms", "must be a number from 0 to 1e10")
	case !within(s.Rate, MinRate, MaxRate):
		return invalid("rate", "must be a number from 0.25 to 4")
	case s.LeadRate != 0 && !within(s.LeadRate, MinRate, MaxRate):
		return invalid("lead_rate", "must be 0 or a number from 0.25 to 4")
	case s.AtUs < 0 || s.AtUs > MaxTimeUs || s.SetAtUs < 0 || s.SetAtUs > MaxTimeUs:
		return invalid("at_us", "is not a time")
	case s.Playing && s.MediaID == "":
		return invalid("playing", "nothing is chosen")
	case !validLoop(s.Loop):
		return invalid("loop", "must be none, one or all")
	case len(s.Awaited) > MaxWaiting || len(s.Awaited) > 0 && (!s.Playing || s.Hold != nil):
		return invalid("awaited", "only a scheduled start expects sessions, at most 64")
	case len(s.Blames) > MaxBlames:
		return invalid("blames", "too many entries")
	}
	return s.validateHold()
}

func (s State) validateHold() error {
	h := s.Hold
	switch {
	case h == nil:
		return nil
	case !s.Playing:
		return invalid("hold", "a paused room has nothing to wait for")
	case h.UntilUs <= 0 || h.UntilUs > MaxTimeUs || h.UntilUs < h.SinceUs:
		return invalid("hold", "a hold needs a deadline")
	case len(h.Waiting) == 0 || len(h.Waiting) > MaxWaiting:
		return invalid("hold", "a hold waits for 1 to 64 sessions")
	case h.Revision > s.Revision:
		return invalid("hold", "waits for a revision of the future")
	}
	return nil
}

func (s State) clamp(p float64) float64 {
	hi := float64(MaxPositionMs)
	if s.DurationMs > 0 && !s.Live {
		hi = s.DurationMs
	}
	return math.Min(math.Max(p, 0), hi)
}

// atEnd reports whether the position stands at, or within a frame of, the end of the item.
func (s State) atEnd() bool {
	return s.DurationMs > 0 && !s.Live && s.PositionMs >= s.DurationMs-40
}

// within is false for NaN, so one test refuses everything that is not a usable number.
func within(v, lo, hi float64) bool { return v >= lo && v <= hi }

func validLoop(l Loop) bool {
	return l == "" || l == LoopNone || l == LoopOne || l == LoopAll
}
