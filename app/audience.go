package app

// Audience is one front door's listeners, or a part of them. Deliver is called in order per
// room, must not block and must not change what it is given.
type Audience interface {
	Deliver(room RoomID, d Delivered)
}

// Delivered is what an audience gets: Event, PresenceDelta, Beacon, Expel or Reset.
type Delivered interface{ delivered() }

// Beacon comes every five seconds, so that a listener notices what it missed.
type Beacon struct {
	Seq      uint32
	Revision uint32
	Hash     uint32
	Now      Time
}

// Expel tells the door to close seats of this audience: they are nobody's from now on.
type Expel struct {
	Seats   []SeatID
	Code    Code
	Message string
}

// Reset tells that events were lost for good on this node; listeners start over with a snapshot.
type Reset struct{}

func (Event) delivered()         {}
func (PresenceDelta) delivered() {}
func (Beacon) delivered()        {}
func (Expel) delivered()         {}
func (Reset) delivered()         {}

// Needs is the permission somebody needs to get what is delivered; 0 for none.
func Needs(d Delivered) Action {
	switch d := d.(type) {
	case PresenceDelta:
		return MembersView
	case Event:
		switch d.Body.(type) {
		case MemberJoined, MemberChanged, MemberRemoved:
			return MembersView
		}
	}
	return 0
}
