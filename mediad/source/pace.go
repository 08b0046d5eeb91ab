package source

import "time"

const (
	// burst is how far ahead of real time a connection may run: servers begin with what they hold of a group of pictures.
	burst = 10 * time.Second
	// ahead is the same for segments, which come whole.
	ahead = 500 * time.Millisecond
	// leap is how far apart two packets are that do not belong to one time.
	leap = 10 * time.Second
)

// pacer keeps a source at the pace of real time: a file that comes as fast as the network can must not run through a live
// stream. It never makes up for what came late.
type pacer struct {
	lead    time.Duration
	started bool
	zero    time.Duration // the packets' time
	anchor  time.Time     // when that was due
	last    time.Duration
}

// delay returns how long to wait before a packet goes on.
func (p *pacer) delay(now time.Time, at time.Duration) time.Duration {
	if !p.started || (at-p.last).Abs() > leap {
		p.started, p.zero, p.anchor = true, at, now
	}
	p.last = at
	due := p.anchor.Add(at - p.zero)
	if now.After(due) {
		p.anchor, p.zero = now, at
		return 0
	}
	return max(due.Sub(now)-p.lead, 0)
}
