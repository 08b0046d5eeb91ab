package mediad

import (
	"errors"
	"io"
	"sync/atomic"
	"time"

	"synctv/app"
	"synctv/internal/reactor"
	"synctv/mediad/av"
	"synctv/mediad/stream"
)

const (
	pace        = 20 * time.Millisecond // how often a viewer is looked at that has not taken what it was given
	batch       = 32                    // items taken at once
	ahead       = 512 << 10             // bytes that may wait for a viewer before it is given more
	queueBytes  = 24 << 20              // a bound that only the largest of frames come near
	queueFrames = 1 << 14
	trackWait   = time.Second // how long a second track is waited for
	shardful    = 512         // viewers that one shard takes before the next gets any: some 10 % of a core
)

// format is what differs between the ways of watching. Its methods are called on the connection's shard.
type format interface {
	// head begins the answer; nil for nothing.
	head() *reactor.Frame
	// setup says what the tracks are, the first time or when a viewer has missed it.
	setup(tracks []av.Track, at time.Duration, first bool) *reactor.Frame
	// frame is an item, nil if it is not for viewers.
	frame(it *stream.Item) *reactor.Frame
	// data takes what the player says; errLeft when it is done.
	data(c *reactor.Conn, p []byte) error
	// farewell is the last frame; nil for none.
	farewell() *reactor.Frame
}

// viewer is one who watches over a connection of the reactor. It is woken with all others of its shard, and reads the
// stream by itself, as fast as its connection takes it.
type viewer struct {
	seat
	s        *Server
	format   format
	live     *stream.Stream
	reader   *stream.Reader
	audience *audience
	meter    *atomic.Int64 // of its protocol
	proto    int

	conn  atomic.Pointer[reactor.Conn]
	ended atomic.Pointer[error] // set before conn was there

	// Owned by the shard.
	began   time.Time
	started bool
	version uint32 // of the tracks it was told
	items   [batch]*stream.Item
}

// Open implements reactor.Handler.
func (v *viewer) Open(c *reactor.Conn) error {
	v.conn.Store(c)
	if err := v.ended.Load(); err != nil {
		return *err
	}
	v.began = time.Now()
	if f := v.format.head(); f != nil {
		c.Reply(f)
	}
	c.SetTimer(trackWait)
	v.audience.group.Join(c) // which wakes it
	return nil
}

// Data implements reactor.Handler.
func (v *viewer) Data(c *reactor.Conn, p []byte) error {
	err := v.format.data(c, p)
	if errors.Is(err, errLeft) {
		c.CloseAfter(v.format.farewell(), errLeft)
		return nil
	}
	return err
}

// Tick implements reactor.Handler: for those who were waited for.
func (v *viewer) Tick(c *reactor.Conn, _ time.Time) { v.Wake(c) }

// Wake implements reactor.Waker: it sends what has come since the last time.
func (v *viewer) Wake(c *reactor.Conn) {
	if !v.started && !v.ready(time.Now()) {
		return
	}
	for c.Queued() < ahead {
		n, err := v.reader.Poll(v.items[:])
		for i, it := range v.items[:n] {
			v.send(c, it)
			v.items[i] = nil
		}
		switch {
		case errors.Is(err, io.EOF):
			c.CloseAfter(v.format.farewell(), errOver)
			return
		case err != nil:
			c.Close(errSlow)
			return
		}
		if n < batch {
			return
		}
	}
	c.SetTimer(pace)
}

// ready tells whether to begin: there are picture and sound, or the second of them has been waited for.
func (v *viewer) ready(now time.Time) bool {
	_, tracks := v.live.State()
	return has(tracks, av.Video) && has(tracks, av.Audio) || len(tracks) > 0 && now.Sub(v.began) >= trackWait
}

// send queues an item, and before it whatever is needed to make sense of it.
func (v *viewer) send(c *reactor.Conn, it *stream.Item) {
	if it.What == stream.Gone || len(it.Tracks) == 0 {
		return
	}
	if !v.started || it.What == stream.Media && it.TracksVersion != v.version {
		tracks := it.Tracks
		if _, now := v.live.State(); !v.started && len(now) > len(tracks) {
			tracks = now // of the second one the first frame is still to come
		}
		v.put(c, v.format.setup(tracks, it.Packet.DTS, !v.started))
		v.started = true
	}
	v.version = it.TracksVersion
	v.put(c, v.format.frame(it))
}

func (v *viewer) put(c *reactor.Conn, f *reactor.Frame) {
	if f == nil {
		return
	}
	before := c.Queued()
	c.Push(f)
	n := int64(c.Queued() - before)
	v.bytes.Add(n)
	v.meter.Add(n)
}

// Closed implements reactor.Handler.
func (v *viewer) Closed(_ *reactor.Conn, err error) {
	v.s.count.ends.add(err)
	v.gone()
}

// Farewell implements reactor.Farewell: what is said when the server stops.
func (v *viewer) Farewell(*reactor.Conn, error) *reactor.Frame { return v.format.farewell() }

// gone takes the viewer off all lists.
func (v *viewer) gone() {
	v.reader.Close()
	v.s.audiences.leave(v.audience)
	v.s.count.viewers[v.proto].Add(-1)
	if v.s.roster.stand(&v.seat) {
		v.s.deps.Control.ViewerGone(*v.viewing.Load())
	}
}

// dismiss ends the viewer; it is seat.end.
func (v *viewer) dismiss(err error) {
	v.ended.CompareAndSwap(nil, &err)
	if c := v.conn.Load(); c != nil {
		c.Close(err)
	}
}

// open makes a viewer of somebody who was let in. Whoever calls it hands the viewer to the reactor, or calls gone.
func (s *Server) open(viewing app.Viewing, proto int, f format) (*viewer, error) {
	live, ok := s.streams.Get(string(viewing.Stream.ID))
	if !ok {
		return nil, errOffAir()
	}
	if state, _ := live.State(); state == stream.Idle {
		return nil, errOffAir()
	}
	if s.count.watching() >= int64(s.config.MaxViewers) {
		return nil, errCrowded()
	}
	r, err := live.Reader(stream.ReaderOptions{})
	if err != nil {
		return nil, app.Wrap(app.CodeUnavailable, err, errCrowded().Message)
	}
	v := &viewer{s: s, format: f, live: live, reader: r, audience: s.audiences.enter(hall{live, proto == protoRTMP}), proto: proto, meter: &s.count.bytesOut[proto]}
	v.id, v.session, v.since, v.end = viewing.Stream.ID, viewing.Session.ID, time.Now(), v.dismiss
	v.viewing.Store(&viewing)
	s.count.viewers[proto].Add(1)
	s.count.watched[proto].Add(1)
	s.roster.sit(&v.seat)
	return v, nil
}

func errOffAir() *app.Error {
	return app.Errorf(app.CodeNotFound, "Nobody publishes this stream now.")
}

func errCrowded() *app.Error {
	return app.Errorf(app.CodeUnavailable, "There are as many viewers as this server takes. Try again later.")
}
