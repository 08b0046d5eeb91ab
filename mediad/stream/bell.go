package stream

import "slices"

// bell is somebody who hears of everything that is written.
type bell struct{ ring func(urgent bool) }

// Bell has ring called after something was written, by whoever wrote it. It is for
// those that wake many readers at once. What is urgent has a picture in it, or a
// change: sound beside pictures can wait for the next of them. ring must not
// block, nor call the stream. After remove it is not called any more, but for a
// call that is under way.
func (s *Stream) Bell(ring func(urgent bool)) (remove func()) {
	b := &bell{ring}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bells = append(slices.Clip(s.bells), b)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.bells = slices.DeleteFunc(slices.Clone(s.bells), func(o *bell) bool { return o == b })
	}
}

func ringAll(bells []*bell, urgent bool) {
	for _, b := range bells {
		b.ring(urgent)
	}
}
