package app

import (
	"cmp"
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
	State                                                             PlayerState
	PositionMs, ErrorMs, RTTMs, JitterMs, BufferedMs, ClockMs, LoadMs float64
	ReadyRevision                                                     uint32
	Free                                                              bool // does not follow the room
	DurationMs                                                        float64
	MediaID                                                           MediaID
}

// check bounds what a client may claim.
func (r Report) check() error {
	for _, v := range []struct {
		field  string
		v, max float64
	}{
		{"position_ms", r.PositionMs, 1e10}, {"error_ms", r.ErrorMs, 1e10}, {"rtt_ms", r.RTTMs, 1e6}, {"jitter_ms", r.JitterMs, 1e6},
		{"buffered_ms", r.BufferedMs, 1e10}, {"clock_error_ms", r.ClockMs, 1e6}, {"duration_ms", r.DurationMs, 1e10}, {"load_ms", r.LoadMs, 1e6},
	} {
		if !(v.v >= -v.max && v.v <= v.max) || v.v < 0 && v.field != "error_ms" {
			return Invalid("report."+v.field, "The number is not possible.")
		}
	}
	switch r.State {
	case PlayerPlaying, PlayerPaused, PlayerLoading, PlayerStalled, PlayerAway, PlayerError:
		return nil
	}
	return Invalid("report.state", "There is no such state of a player.")
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
	LoadMs     float64     `json:"load,omitempty"`
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
	p.BufferedMs, p.LoadMs, p.Ready, p.Free, p.Reported = r.BufferedMs, r.LoadMs, r.ReadyRevision, r.Free, now
}

// report is the presence as the waiting rules see it.
func (p *Presence) report(epoch string) playback.Report {
	activity := playback.ActivityPaused
	switch p.State {
	case PlayerPlaying:
		activity = playback.ActivityPlaying
	case PlayerLoading, "": // not heard yet
		activity = playback.ActivityLoading
	case PlayerStalled:
		activity = playback.ActivityStalled
	}
	return playback.Report{Session: string(p.Seat), Member: string(p.Person), Epoch: epoch, ReadyRevision: p.Ready, Activity: activity,
		StalledSinceUs: int64(p.Stalled), BufferedMs: p.BufferedMs, ErrorMs: p.ErrorMs, OneWayMs: p.RTTMs / 2, JitterMs: p.JitterMs, LoadMs: p.LoadMs,
		JoinedUs: int64(p.Joined), SeenUs: int64(cmp.Or(p.Reported, p.Joined))}
}

// people is who is present, as nodes say it, and the persons among them.
type people struct {
	self  string // the node we are on: its people count when they sit, not when it says so
	nodes map[string]*nodePeople
	crowd map[PersonID]int // seats of each person here and, as far as known, elsewhere
	away  int              // seats on other nodes
}

type nodePeople struct {
	seats map[SeatID]Presence
	heard Time
}

func newPeople(self string) people {
	return people{self: self, nodes: make(map[string]*nodePeople), crowd: make(map[PersonID]int)}
}

// enter and leave count a seat of this node.
func (p *people) enter(who PersonID) { p.crowd[who]++ }

func (p *people) leave(who PersonID) {
	if p.crowd[who]--; p.crowd[who] <= 0 {
		delete(p.crowd, who)
	}
}

// list returns everybody that was announced, longest there first.
func (p *people) list() []Presence {
	var all []Presence
	for _, node := range p.nodes {
		for _, s := range node.seats {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b Presence) int {
		return cmp.Or(cmp.Compare(a.Joined, b.Joined), cmp.Compare(a.Seat, b.Seat))
	})
	return all
}

// put and drop change one seat of a node.
func (p *people) put(id string, node *nodePeople, s Presence) {
	if _, had := node.seats[s.Seat]; !had && id != p.self {
		p.enter(s.Person)
		p.away++
	}
	node.seats[s.Seat] = s
}

func (p *people) drop(id string, node *nodePeople, seat SeatID) bool {
	s, had := node.seats[seat]
	if had && id != p.self {
		p.leave(s.Person)
		p.away--
	}
	delete(node.seats, seat)
	return had
}

// merge takes what a node says and returns what is new to listeners.
func (p *people) merge(m presenceMessage, now Time) PresenceDelta {
	node := p.nodes[m.Node]
	if node == nil {
		node = &nodePeople{seats: make(map[SeatID]Presence)}
		p.nodes[m.Node] = node
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
				p.drop(m.Node, node, id)
			}
		}
	}
	for _, s := range m.People {
		if node.seats[s.Seat] != s {
			p.put(m.Node, node, s)
			delta.People = append(delta.People, s)
		}
	}
	for _, id := range m.Gone {
		if p.drop(m.Node, node, id) {
			delta.Gone = append(delta.Gone, id)
		}
	}
	if len(node.seats) == 0 {
		delete(p.nodes, m.Node)
	}
	return delta
}

// expire forgets other nodes that have gone silent. oldest is when the most silent of the rest was heard, 0 for none.
func (p *people) expire(before Time) (delta PresenceDelta, oldest Time) {
	for id, node := range p.nodes {
		if id == p.self {
			continue
		}
		if node.heard >= before {
			if oldest == 0 || node.heard < oldest {
				oldest = node.heard
			}
			continue
		}
		for seat := range node.seats {
			delta.Gone = append(delta.Gone, seat)
			p.drop(id, node, seat)
		}
		delete(p.nodes, id)
	}
	return delta, oldest
}

func (d PresenceDelta) empty() bool { return len(d.People) == 0 && len(d.Gone) == 0 }
