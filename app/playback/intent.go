package playback

// Op is what a person asks the room to do.
type Op string

// The operations of an [Intent].
const (
	OpPlay        Op = "play"         // resume, at PositionMs when given
	OpPause       Op = "pause"        // pause where the actor saw it, or at PositionMs when given
	OpSeek        Op = "seek"         // go to PositionMs
	OpRate        Op = "rate"         // room rate becomes Rate
	OpMedia       Op = "media"        // play MediaID from PositionMs (default 0); an empty MediaID clears the room
	OpNext        Op = "next"         // the next item of the queue
	OpPrevious    Op = "previous"     // the item before
	OpLoop        Op = "loop"         // what follows the end: Loop
	OpStartAnyway Op = "start_anyway" // end the current hold without those who are still loading
)

// Actor is who sends an intent.
type Actor struct {
	ID       string  // member id
	OneWayMs float64 // measured delay from the actor to this node; a value that is not a number counts as 0
}

// Intent is one request of one person. Numbers that are not finite, negative positions and rates outside 0.25..4 are refused.
type Intent struct {
	Op           Op
	PositionMs   *float64 // absolute; required by seek, optional for play, pause, media, next and previous
	Rate         float64  // for OpRate
	MediaID      string   // for OpMedia
	Loop         Loop     // for OpLoop
	BaseRevision uint32   // the revision the actor was looking at; 0: not stated
	BaseMediaID  string   // the item the actor was looking at; empty: not stated
	Epoch        string   // the epoch of BaseRevision; empty: not stated
	CID          string   // client's own id of this intent; the echo carries it back as State.ClientID
	Actor        Actor
}

// check refuses what no state could accept.
func (in Intent) check() error {
	if len(in.CID) > MaxIDBytes || len(in.MediaID) > MaxIDBytes || len(in.Actor.ID) > MaxIDBytes || len(in.Epoch) > MaxIDBytes || len(in.BaseMediaID) > MaxIDBytes {
		return invalid("intent", "an id is longer than 128 bytes")
	}
	if in.PositionMs != nil && !within(*in.PositionMs, 0, MaxPositionMs) {
		return invalid("position_ms", "must be a number from 0 to 1e10")
	}
	switch in.Op {
	case OpPlay, OpPause, OpMedia, OpNext, OpPrevious, OpStartAnyway:
		return nil
	case OpSeek:
		if in.PositionMs == nil {
			return invalid("position_ms", "a seek needs a position")
		}
		return nil
	case OpRate:
		if !within(in.Rate, MinRate, MaxRate) {
			return invalid("rate", "must be a number from 0.25 to 4")
		}
		return nil
	case OpLoop:
		if in.Loop == "" || !validLoop(in.Loop) {
			return invalid("loop", "must be none, one or all")
		}
		return nil
	}
	return invalid("op", "unknown operation")
}

// Item is an entry of the queue as far as playing it is concerned.
type Item struct {
	ID         string
	DurationMs float64 // 0: not known
	Live       bool
}

// Queue is the neighbourhood of the current item. An empty ID means that there is none.
type Queue struct {
	Next, Previous, First, Last Item
}

// Env is everything besides the state that a decision may depend on.
type Env struct {
	Policy  Policy
	Reports []Report // of all sessions in the room, on all nodes: a session that is missing has left
	Queue   Queue
	Target  Item // the item an OpMedia names, looked up by the caller; an empty ID: there is no such item
}

// Outcome is what became of an intent that was not refused.
type Outcome string

// The outcomes of [Apply].
const (
	Accepted   Outcome = "accepted"   // the returned state is the successor: store it
	NoOp       Outcome = "noop"       // the room is already as asked
	Superseded Outcome = "superseded" // somebody else's pause of this very moment wins over this play
	Deferred   Outcome = "deferred"   // too soon after the last seek: keep it in [Deferrals] and apply it at DueUs
)

// Ack is the answer to an intent that was not refused.
type Ack struct {
	Outcome  Outcome
	Revision uint32 // of the state that is returned with it
	CID      string
	DueUs    int64 // only when Deferred
}
