package stream

import (
	"time"

	"synctv/mediad/av"
)

// Offer is a wish to publish.
type Offer struct {
	// Generation comes from whoever decides between nodes, and must be higher than
	// any before. 0: the next one.
	Generation uint64
	// By says who publishes, for those who look at Stats.
	By string
	// Polite: only if nobody publishes, and until somebody comes who is not polite,
	// whatever the Policy.
	Polite bool
}

// Publisher writes a stream. Write, Close and Finish are called by one goroutine.
type Publisher struct {
	s          *Stream
	generation uint64
	by         string
	polite     bool
	since      time.Time
	done       chan struct{} // closed when it is over

	// Guarded by s.mu.
	last time.Time // when it wrote last
	err  error     // why it is over
}

// Publish makes the caller the stream's publisher, or refuses with ErrBusy or
// ErrStale. A publisher there was before ends with ErrStale.
func (s *Stream) Publish(o Offer) (*Publisher, error) {
	defer s.rouse() // runs after the unlock
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	now := s.config.Now()
	h := holder{generation: s.generation, active: s.publisher != nil}
	if h.active {
		h.silent, h.polite = now.Sub(s.publisher.last), s.publisher.polite
	}
	generation, err := claim(s.config, h, o.Generation, o.Polite)
	if err != nil {
		s.drops.Refused++
		return nil, err
	}
	if h.active {
		s.leave(s.publisher, ErrStale, now, s.config.Grace)
		s.takeovers++
	}
	s.generation = generation
	s.lineup = av.Lineup{}
	s.timeline.Restart()
	s.altered = false
	p := &Publisher{s: s, generation: generation, by: o.By, polite: o.Polite, since: now, last: now, done: make(chan struct{})}
	s.publisher, s.state, s.touched = p, Live, now
	return p, nil
}

// leave ends a publisher; another one is waited for so long. Holds s.mu.
func (s *Stream) leave(p *Publisher, why error, now time.Time, wait time.Duration) {
	p.err = why
	close(p.done)
	s.publisher, s.state, s.until, s.touched = nil, Waiting, now.Add(wait), now
	s.append(&Item{What: Gone, Packet: av.Packet{DTS: s.timeline.Now()}, At: now})
}

// Generation returns the generation that the publisher has.
func (p *Publisher) Generation() uint64 { return p.generation }

// Done is closed when the publisher is over; Err says why.
func (p *Publisher) Done() <-chan struct{} { return p.done }

// Err returns why the publisher is over, nil while it is not.
func (p *Publisher) Err() error {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	return p.err
}

// Close ends the publisher. The stream waits for another one, for Config.Grace.
func (p *Publisher) Close() { p.end(ErrClosed, p.s.config.Grace) }

// Finish is Close for a publisher that has said that it is done: the stream is over
// after Config.Parting.
func (p *Publisher) Finish() { p.end(ErrClosed, p.s.config.Parting) }

func (p *Publisher) end(why error, wait time.Duration) {
	p.s.mu.Lock()
	if p.err == nil {
		p.s.leave(p, why, p.s.config.Now(), wait)
	}
	p.s.mu.Unlock()
	p.s.rouse()
}

// Write adds a packet, whose Data must not change any more, and whose time is the
// sender's. It fails only when the publisher is over. A packet that cannot be used
// is dropped and counted.
func (p *Publisher) Write(pkt av.Packet) error {
	s := p.s
	s.mu.Lock()
	if p.err != nil {
		s.drops.Stale++
		s.mu.Unlock()
		return p.err
	}
	now := s.config.Now()
	p.last = now
	s.meter.add(now, pkt)
	s.take(pkt, now)
	s.mu.Unlock()
	s.rouse()
	return nil
}

// take puts a packet into the ring, if it is of use. Holds s.mu.
func (s *Stream) take(pkt av.Packet, now time.Time) {
	switch {
	case len(pkt.Data) == 0:
		s.drops.Empty++
		return
	case len(pkt.Data) > s.config.MaxPacket:
		s.drops.TooLarge++
		return
	}
	change, err := s.lineup.Observe(pkt)
	if err != nil {
		s.drops.BadConfig++
		return
	}
	if change != av.Unchanged {
		s.tracksVersion++
		s.altered = s.altered || change == av.Altered
	}
	if pkt.Config {
		if change != av.Unchanged {
			s.append(&Item{What: Setup, Packet: s.timeline.Place(pkt), At: now})
		}
		return
	}
	if !s.lineup.Ready(pkt) {
		s.drops.NoConfig++
		return
	}
	pkt = s.timeline.Place(pkt)
	s.meter.place(now, pkt.DTS)
	if s.altered && pkt.Kind != av.Data {
		pkt.Discontinuity, s.altered = true, false
	}
	s.append(&Item{What: Media, Packet: pkt, At: now})
}
