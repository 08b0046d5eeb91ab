package playback

import "slices"

// maxDeferrals bounds one room's deferred seeks: one for each person who is scrubbing right now.
const maxDeferrals = 256

// Deferral is a seek that came too soon after the last one of the same person.
type Deferral struct {
	Intent Intent
	DueUs  int64
}

// Deferrals keeps the last deferred seek of each person, on the node that received it. The zero value is empty. It is a
// plain value without a lock. Its owner decides the intents of one person strictly one after the other, hands every
// answer to Note, and takes what has fallen due only when it is about to decide it.
type Deferrals struct {
	list []Deferral // ordered by DueUs
}

// Note is told of every answer of Apply. It keeps a deferred intent instead of an earlier one of the same person, and
// forgets a kept one when a later intent of that person has moved the room. It reports false, and keeps nothing, when too
// many people are scrubbing at once. An intent that did not say what it is based on is tied to the revision it was decided
// against, so that it can never hit another item.
func (d *Deferrals) Note(in Intent, ack Ack) bool {
	moves := in.PositionMs != nil || in.Op == OpMedia || in.Op == OpNext || in.Op == OpPrevious
	if ack.Outcome == Deferred || (ack.Outcome == Accepted && moves) {
		d.list = slices.DeleteFunc(d.list, func(e Deferral) bool { return e.Intent.Actor.ID == in.Actor.ID })
	}
	if ack.Outcome != Deferred {
		return true
	}
	if len(d.list) >= maxDeferrals {
		return false
	}
	if in.BaseRevision == 0 {
		in.BaseRevision = ack.Revision
	}
	i := len(d.list)
	for i > 0 && d.list[i-1].DueUs > ack.DueUs {
		i--
	}
	d.list = slices.Insert(d.list, i, Deferral{Intent: in, DueUs: ack.DueUs})
	return true
}

// Due removes and returns the first intent whose time has come.
func (d *Deferrals) Due(now int64) (Intent, bool) {
	if len(d.list) == 0 || d.list[0].DueUs > now {
		return Intent{}, false
	}
	in := d.list[0].Intent
	d.list = slices.Delete(d.list, 0, 1)
	return in, true
}

// NextUs is when the next intent falls due, 0 when there is none.
func (d *Deferrals) NextUs() int64 {
	if len(d.list) == 0 {
		return 0
	}
	return d.list[0].DueUs
}
