package app

import (
	"slices"

	"synctv/app/playback"
)

// PlayerState is what somebody's player is doing.
type PlayerState string

// Player states.
const (
	PlayerPlaying PlayerState = "playing"
	PlayerPaused  PlayerState = "paused"
	PlayerLoading PlayerState = "loading"
	PlayerStalled PlayerState = "stalled"
	PlayerAway    PlayerState = "away"
	PlayerError   PlayerState = "error"
)

// Report is what a player says of itself, about once a second.
type Report struct {
	State                                                     PlayerState
	PositionMs, ErrorMs, RTTMs, JitterMs, BufferedMs, ClockMs float64
	ReadyRevision                                             uint32
	Free                                                      bool // does not follow the room
	DurationMs                                                float64
	MediaID                                                   MediaID
}

// Presence is one open seat as everyone in the room sees it.
type Presence struct {
	Seat       SeatID      `json:"seat"`
	Person     PersonID    `json:"person"`
	Name       string      `json:"name"`
	Role       RoomRole    `json:"role"`
	Joined     Time        `json:"joined"`
	State      PlayerState `json:"state,omitempty"`
	PositionMs float64     `json:"pos,omitempty"`
	ErrorMs    float64     `json:"err,omitempty"`
	RTTMs      float64     `json:"rtt,omitempty"`
	JitterMs   float64     `json:"jit,omitempty"`
	BufferedMs float64     `json:"buf,omitempty"`
	Ready      uint32      `json:"ready,omitempty"`
	Free       bool        `json:"free,omitempty"`
	Stalled    Time        `json:"stalled,omitempty"` // since when
	Reported   Time        `json:"reported,omitempty"`
}

// PresenceDelta tells what changed, or everything when Full.
type PresenceDelta struct {
	Full   bool       `json:"full,omitempty"`
	People []Presence `json:"people,omitempty"`
	Gone   []SeatID   `json:"gone,omitempty"`
}

// presenceMessage is a PresenceDelta of one node on the bus.
type presenceMessage struct {
	Node string `json:"node"`
	PresenceDelta
}

// take merges a report into what is known of the seat.
func (p *Presence) take(r Report, now Time) {
	if r.State == PlayerStalled && p.State != PlayerStalled {
		p.Stalled = now
	} else if r.State != PlayerStalled {
		p.Stalled = 0
	}
	p.State, p.PositionMs, p.ErrorMs, p.RTTMs, p.JitterMs = r.State, r.PositionMs, r.ErrorMs, r.RTTMs, r.JitterMs
	p.BufferedMs, p.Ready, p.Free, p.Reported = r.BufferedMs, r.ReadyRevision, r.Free, now
}

// report is the presence as the waiting rules see it.
func (p *Presence) report(epoch string) playback.Report {
	activity := playback.ActivityPaused
	switch p.State {
	case PlayerPlaying:
		activity = playback.ActivityPlaying
	case PlayerLoading:
		activity = playback.ActivityLoading
	case PlayerStalled:
		activity = playback.ActivityStalled
	}
	return playback.Report{Session: string(p.Seat), Member: string(p.Person), Epoch: epoch, ReadyRevision: p.Ready, Activity: activity,
		StalledSinceUs: int64(p.Stalled), BufferedMs: p.BufferedMs, ErrorMs: p.ErrorMs, OneWayMs: p.RTTMs / 2, JitterMs: p.JitterMs,
		JoinedUs: int64(p.Joined), SeenUs: int64(p.Reported)}
}

// people is who is present, by the node that holds their seats.
type people map[string]*nodePeople

type nodePeople struct {
	seats map[SeatID]Presence
	heard Time
}

func (p people) count() int {
	n := 0
	for _, node := range p {
		n += len(node.seats)
	}
	return n
}

// list returns everybody, longest there first.
func (p people) list() []Presence {
	all := make([]Presence, 0, p.count())
	for _, node := range p {
		for _, s := range node.seats {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b Presence) int {
		if a.Joined != b.Joined {
			return int(a.Joined - b.Joined)
		}
		if a.Seat < b.Seat {
			return -1
		}
		return 1
	})
	return all
}

// merge takes what a node says and returns what is new to listeners.
func (p people) merge(m presenceMessage, now Time) PresenceDelta {
	node := p[m.Node]
	if node == nil {
		node = &nodePeople{seats: make(map[SeatID]Presence)}
		p[m.Node] = node
	}
	node.heard = now
	delta := PresenceDelta{}
	if m.Full {
		said := make(map[SeatID]bool, len(m.People))
		for _, s := range m.People {
			said[s.Seat] = true
		}
		for id := range node.seats {
			if !said[id] {
				delta.Gone = append(delta.Gone, id)
				delete(node.seats, id)
			}
		}
	}
	for _, s := range m.People {
		if node.seats[s.Seat] != s {
			node.seats[s.Seat] = s
			delta.People = append(delta.People, s)
		}
	}
	for _, id := range m.Gone {
		if _, ok := node.seats[id]; ok {
			delete(node.seats, id)
			delta.Gone = append(delta.Gone, id)
		}
	}
	if len(node.seats) == 0 {
		delete(p, m.Node)
	}
	return delta
}

// expire forgets nodes that have gone silent. oldest is when the most silent of the others was heard, 0 for none.
func (p people) expire(before Time) (delta PresenceDelta, oldest Time) {
	for id, node := range p {
		if node.heard >= before {
			if oldest == 0 || node.heard < oldest {
				oldest = node.heard
			}
			continue
		}
		for seat := range node.seats {
			delta.Gone = append(delta.Gone, seat)
		}
		delete(p, id)
	}
	return delta, oldest
}

func (d PresenceDelta) empty() bool { return len(d.People) == 0 && len(d.Gone) == 0 }
