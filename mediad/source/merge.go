package source

import (
	"io"
	"time"

	"synctv/mediad/av"
)

// merger brings the lanes of a presentation into one order, each packet when it is due.
type merger struct {
	*flow
	lanes  []*lane
	epochs *epochs
	now    []chunk // what each lane has under way
	over   []bool  // it has ended
	begun  bool
}

func (m *merger) run() error {
	m.now, m.over = make([]chunk, len(m.lanes)), make([]bool, len(m.lanes))
	for {
		if err := m.fill(); err != nil {
			return err
		}
		m.begin()
		i := m.first()
		if i < 0 {
			continue
		}
		p := m.now[i].packets[0]
		m.now[i].packets[0] = av.Packet{} // the ring decides how long it is held
		m.now[i].packets = m.now[i].packets[1:]
		if err := m.put(p); err != nil {
			return err
		}
	}
}

// fill sees to it that each lane has something, or has been waited for.
func (m *merger) fill() error {
	for i, l := range m.lanes {
		if len(m.now[i].packets) > 0 || m.over[i] {
			continue
		}
		var enough <-chan time.Time
		if m.first() >= 0 {
			t := time.NewTimer(laneWait)
			defer t.Stop()
			enough = t.C
		}
		select {
		case c, ok := <-l.chunks:
			if !ok {
				if l.err != io.EOF {
					return l.err
				}
				m.over[i] = true
				continue
			}
			m.epochs.place(c)
			m.idle = max(m.idle, 3*c.target+5*time.Second)
			m.now[i] = c
		case <-enough:
		case <-m.ctx.Done():
			return m.ctx.Err()
		}
	}
	for _, over := range m.over {
		if !over {
			return nil
		}
	}
	if m.first() >= 0 {
		return nil
	}
	return problem(wordsEnded, nil)
}

// begin leaves out what one lane has from before the other begins.
func (m *merger) begin() {
	if m.begun || m.first() < 0 {
		return
	}
	m.begun = true
	var from time.Duration
	for _, c := range m.now {
		if len(c.packets) > 0 {
			from = max(from, c.packets[0].DTS)
		}
	}
	for i, c := range m.now {
		if len(c.packets) > 0 && c.packets[0].Kind == av.Audio && from-c.packets[0].DTS <= leap {
			m.now[i].packets = since(c.packets, from)
		}
	}
}

// since leaves out what is from before a time, but for the configuration that holds then.
func since(list []av.Packet, from time.Duration) []av.Packet {
	at, config := 0, -1
	for ; at < len(list) && list[at].DTS < from; at++ {
		if list[at].Config {
			config = at
		}
	}
	if config < 0 {
		return list[at:]
	}
	list[at-1] = list[config]
	list[at-1].DTS, list[at-1].PTS = from, from
	return list[at-1:]
}

// first is the lane with the packet that is due first, -1 for none.
func (m *merger) first() int {
	found := -1
	for i, c := range m.now {
		if len(c.packets) > 0 && (found < 0 || c.packets[0].DTS < m.now[found].packets[0].DTS) {
			found = i
		}
	}
	return found
}

// epochs lay the times of a presentation end to end where it is not continuous. All its lanes move alike.
type epochs struct {
	offsets map[uint64]time.Duration // by discontinuity
	newest  uint64
	end     time.Duration // of what was placed, in any lane
	started bool
}

func newEpochs() *epochs { return &epochs{offsets: make(map[uint64]time.Duration)} }

// keptEpochs is how many are remembered: lanes are never far apart.
const keptEpochs = 16

// place moves a chunk to where it belongs.
func (e *epochs) place(c chunk) {
	if len(c.packets) == 0 {
		return
	}
	offset, known := e.offsets[c.discontinuity]
	if !known {
		offset = e.open(c)
	}
	for i := range c.packets {
		p := &c.packets[i]
		p.DTS += offset
		p.PTS += offset
		e.end = max(e.end, p.DTS)
	}
}

// open decides how far what follows a discontinuity is moved: not at all, when it goes on as if there was none.
func (e *epochs) open(c chunk) time.Duration {
	at := c.packets[0].DTS
	offset := e.offsets[e.newest]
	switch {
	case !e.started:
		e.started = true
	case (at + offset - e.end).Abs() > leap/2:
		offset = e.end + 40*time.Millisecond - at
	}
	e.newest = c.discontinuity
	e.offsets[c.discontinuity] = offset
	for d := range e.offsets {
		if d+keptEpochs < c.discontinuity {
			delete(e.offsets, d)
		}
	}
	return offset
}
