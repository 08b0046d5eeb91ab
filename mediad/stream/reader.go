package stream

import (
	"context"
	"io"
	"time"
)

// ReaderOptions say how a stream is read.
type ReaderOptions struct {
	// Live begins with what is written next instead of the newest key frame.
	Live bool
	// Internal readers (a segmenter, a recorder) are not counted as viewers, do not
	// count against MaxReaders, and do not keep an idle stream.
	Internal bool
	// Wake is called after something was written, if Poll had returned nothing
	// before. It is called by the publisher and must not block, nor call the
	// stream: it posts to a queue. nil for readers that use Next.
	Wake func()
}

// Reader is a cursor into a stream. It is used by one goroutine, but for Close.
type Reader struct {
	s       *Stream
	options ReaderOptions

	// Guarded by s.mu.
	seq     uint64    // what it reads next
	needKey bool      // pictures are of no use before a key frame
	armed   bool      // it is in s.armed
	jumps   int       // lately
	jumped  time.Time // last time
	skips   uint64    // in all
	err     error     // why it ended
}

// Reader opens a reader. It may be opened before anybody publishes.
func (s *Stream) Reader(o ReaderOptions) (*Reader, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	if !o.Internal && s.viewers >= s.config.MaxReaders {
		s.drops.Full++
		return nil, ErrFull
	}
	r := &Reader{s: s, options: o}
	s.begin(r, o.Live)
	s.readers[r] = struct{}{}
	if !o.Internal {
		s.viewers++
		s.viewersEver++
	}
	return r, nil
}

// begin puts r where a viewer begins. Holds s.mu.
func (s *Stream) begin(r *Reader, live bool) {
	if s.ring.isEntry() && !live {
		r.seq, r.needKey = s.ring.entry, false
		return
	}
	r.seq, r.needKey = s.ring.next, true
}

// Poll copies what there is to read into dst and returns how many items that is;
// 0 when there is nothing yet. io.EOF says that the stream is over, ErrSlow that
// the reader was cut.
func (r *Reader) Poll(dst []*Item) (int, error) {
	n, _, err := r.poll(dst)
	return n, err
}

// Next waits for one item.
func (r *Reader) Next(ctx context.Context) (*Item, error) {
	var one [1]*Item
	_, err := r.NextBatch(ctx, one[:])
	return one[0], err
}

// NextBatch is Poll that waits until there is something.
func (r *Reader) NextBatch(ctx context.Context, dst []*Item) (int, error) {
	for {
		n, wake, err := r.poll(dst)
		if n > 0 || err != nil {
			return n, err
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// poll returns what there is, or what to wait for.
func (r *Reader) poll(dst []*Item) (n int, wake <-chan struct{}, err error) {
	s := r.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.err != nil {
		return 0, nil, r.err
	}
	if r.seq != s.ring.next {
		if err := s.keepUp(r); err != nil {
			return 0, nil, err
		}
	}
	for n < len(dst) && r.seq < s.ring.next {
		it := s.ring.at(r.seq)
		if it.What == end {
			if n == 0 {
				s.finish(r, io.EOF)
				return 0, nil, io.EOF
			}
			return n, nil, nil
		}
		r.seq++
		switch {
		case it.starts() || it.What == Gone:
			r.needKey = it.What == Gone
		case r.needKey && it.needsKey():
			continue
		}
		dst[n] = it
		n++
	}
	if n > 0 || len(dst) == 0 {
		return n, nil, nil
	}
	if r.options.Wake != nil {
		if !r.armed {
			r.armed = true
			s.armed = append(s.armed, r)
		}
		return 0, nil, nil
	}
	s.waited = true
	return 0, s.wake, nil
}

// keepUp moves or cuts a reader that is too far behind. Holds s.mu.
func (s *Stream) keepUp(r *Reader) error {
	l := lag{evicted: r.seq < s.ring.first, newer: s.ring.isEntry() && s.ring.entry > r.seq, jumps: r.jumps}
	if !l.evicted {
		l.behind = s.ring.at(s.ring.next-1).Packet.DTS - s.ring.at(r.seq).Packet.DTS
		if l.behind <= s.config.MaxLag {
			return nil // nearly always, and without asking what time it is
		}
	}
	now := s.config.Now()
	l.since = now.Sub(r.jumped)
	v, jumps := judge(s.config, l)
	r.jumps = jumps
	switch v {
	case jump:
		from := r.seq
		r.jumped = now
		r.skips++
		s.drops.Jumps++
		s.begin(r, false)
		s.drops.Skipped += r.seq - from
	case cut:
		s.drops.Slow++
		s.finish(r, ErrSlow)
		return ErrSlow
	}
	return nil
}

// Skips returns how often the reader was moved ahead.
func (r *Reader) Skips() uint64 {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	return r.skips
}

// Close ends the reader: its next Poll returns ErrClosed, and a waiting Next
// returns it at the next item. It may be called from anywhere, and twice.
func (r *Reader) Close() {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.s.finish(r, ErrClosed)
}

// finish ends r. Holds s.mu.
func (s *Stream) finish(r *Reader, err error) {
	if r.err == nil {
		r.err = err
	}
	if _, ok := s.readers[r]; !ok {
		return
	}
	delete(s.readers, r)
	if !r.options.Internal {
		s.viewers--
		s.touched = s.config.Now()
	}
}
