package coord

import "sync"

// subState is where a topic stands on the current session; a topic without state is not subscribed. At most one command of
// a topic is on its way, so a confirmation always answers the latest command.
type subState struct {
	phase subPhase
	of    *membership // whom the latest SUBSCRIBE was sent for
}

type subPhase int

const (
	subAdding   subPhase = iota + 1 // SUBSCRIBE sent
	subOn                           // confirmed
	subRemoving                     // UNSUBSCRIBE sent
)

// subscriptions brings the session's subscriptions in line with the dispatcher's memberships.
type subscriptions struct {
	kick chan struct{} // capacity 1: there may be something due

	mu    sync.Mutex // taken before the dispatcher's
	state map[string]subState
	dirty map[string]struct{} // topics to look at
}

func newSubscriptions() *subscriptions {
	return &subscriptions{kick: make(chan struct{}, 1), state: make(map[string]subState), dirty: make(map[string]struct{})}
}

// touch asks for topic to be looked at.
func (s *subscriptions) touch(topic string) {
	s.mu.Lock()
	s.dirty[topic] = struct{}{}
	s.mu.Unlock()
	s.poke()
}

func (s *subscriptions) poke() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// restart begins a new session: nothing is subscribed and everything joined is due.
func (s *subscriptions) restart(d *dispatcher) {
	s.mu.Lock()
	clear(s.state)
	clear(s.dirty)
	for _, topic := range d.topics() {
		s.dirty[topic] = struct{}{}
	}
	s.mu.Unlock()
	s.poke()
}

// due returns the topics to subscribe and to unsubscribe now and takes them as sent.
func (s *subscriptions) due(d *dispatcher) (add, remove []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for topic := range s.dirty {
		m := d.member(topic)
		switch st := s.state[topic]; {
		case st.phase == subAdding || st.phase == subRemoving: // its confirmation will bring us back
		case m != nil && st.of != m:
			// Also if the topic is still subscribed for an earlier membership: the confirmation then is the mark in the stream
			// between what was published before this Join and what comes after.
			s.state[topic] = subState{subAdding, m}
			add = append(add, topic)
		case m == nil && st.phase == subOn:
			s.state[topic] = subState{phase: subRemoving}
			remove = append(remove, topic)
		}
	}
	clear(s.dirty)
	return add, remove
}

// changed takes a confirmation of Redis.
func (s *subscriptions) changed(d *dispatcher, topic string, on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, st := d.member(topic), s.state[topic]
	if on {
		s.state[topic] = subState{subOn, st.of}
	} else {
		delete(s.state, topic)
	}
	switch {
	case on != (m != nil) || on && m != st.of: // things have changed since the command was sent
		s.dirty[topic] = struct{}{}
		s.poke()
	case on && m.confirmed(): // it was in force before this session: messages in between are missing
		d.lost(topic)
	case on:
		m.confirm()
	}
}
