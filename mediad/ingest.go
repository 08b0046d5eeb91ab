package mediad

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"time"

	"synctv/app"
	"synctv/mediad/av"
	"synctv/mediad/flv"
	"synctv/mediad/rtmp"
)

const (
	talkBytes    = 4 << 10 // read at once, until it publishes: most connections are players
	readBytes    = 64 << 10
	sendTimeout  = 5 * time.Second
	admitTimeout = 10 * time.Second
)

// errHandedOver: the connection belongs to the reactor now.
var errHandedOver = errors.New("mediad: handed over")

// errTLS: TLS was begun and came to nothing.
var errTLS = errors.New("mediad: TLS")

// interrupted is a deadline that has passed.
var interrupted = time.Unix(1, 0)

// ingest is a connection to the RTMP port while a goroutine reads it: until it plays, or to its end.
type ingest struct {
	s       *Server
	nc      net.Conn
	session *rtmp.Session
	from    app.Origin

	decoder flv.Decoder
	packets []av.Packet
	pub     *publication // nil while it does not publish
	alive   time.Time    // when the deadline was set last
}

// serve reads a connection to its end.
func (s *Server) serve(ctx context.Context, nc net.Conn, addr netip.Addr) {
	nc.SetReadDeadline(time.Now().Add(s.config.Handshake))
	stop := context.AfterFunc(ctx, func() { nc.SetReadDeadline(interrupted) })
	defer stop()
	talk, first, err := s.secure(ctx, nc)
	if err != nil {
		if errors.Is(err, errTLS) {
			s.count.refused.Add(1)
			s.deps.Log.Info("an RTMP connection was refused", "client", addr, "err", err)
		}
		nc.Close()
		return
	}
	c := &ingest{s: s, nc: talk, session: rtmp.NewSession(rtmp.SessionConfig{}), from: app.Origin{Address: addr, Protocol: "rtmp", Secure: talk != nc}}
	err = c.read(ctx, first)
	if errors.Is(err, errHandedOver) {
		return
	}
	if c.pub != nil {
		c.farewell(ctx)
	}
	c.flush()
	var fault *rtmp.Error
	if errors.As(err, &fault) && !errors.Is(err, rtmp.ErrClosed) {
		s.deps.Log.Info("an RTMP connection was refused", "client", addr, "err", err)
	}
	if !errors.Is(err, io.EOF) {
		c.linger()
	}
	talk.Close()
}

// interrupt wakes the reader, which then looks at why.
func (c *ingest) interrupt() { c.nc.SetReadDeadline(interrupted) }

// read follows the connection to its end. first is what was read of it already.
func (c *ingest) read(ctx context.Context, first []byte) error {
	if err := c.feed(ctx, first); err != nil {
		return err
	}
	talk := c.s.talks.Get().(*[talkBytes]byte)
	defer c.s.talks.Put(talk)
	buf := talk[:]
	for {
		if c.pub != nil && len(buf) < readBytes {
			buf = make([]byte, readBytes)
		}
		n, err := c.nc.Read(buf)
		if err := c.feed(ctx, buf[:n]); err != nil {
			return err
		}
		if werr := c.flush(); err == nil {
			err = werr
		}
		if err == nil {
			err = c.over(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// feed follows what was read, event by event.
func (c *ingest) feed(ctx context.Context, p []byte) error {
	for {
		ev, rest, err := c.session.Feed(p)
		if err == nil {
			err = c.handle(ctx, ev, rest)
		}
		if err != nil || ev.Kind == rtmp.EventNone {
			return err
		}
		p = rest
	}
}

// over tells whether the connection has to end for a reason of ours.
func (c *ingest) over(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if c.pub != nil {
		return c.pub.writer.Err()
	}
	return nil
}

// handle does what an event asks for. rest is what was read behind it.
func (c *ingest) handle(ctx context.Context, ev rtmp.Event, rest []byte) error {
	switch ev.Kind {
	case rtmp.EventConnect:
		return c.introduce(ctx)
	case rtmp.EventPublish:
		return c.publish(ctx, *ev.Target)
	case rtmp.EventPlay:
		return c.play(ctx, *ev.Target, rest)
	case rtmp.EventMedia:
		return c.media(ctx, ev.Message)
	case rtmp.EventUnpublish:
		c.pub.end(ctx, app.StreamStopped)
		c.pub = nil
		return c.extend(ctx, c.s.config.Handshake)
	}
	return nil
}

// extend sets how long the reader may wait. Whoever interrupts it does so after the reason is there to be seen.
func (c *ingest) extend(ctx context.Context, d time.Duration) error {
	c.nc.SetReadDeadline(time.Now().Add(d))
	return c.over(ctx)
}

// introduce asks whether the client may come at all.
func (c *ingest) introduce(ctx context.Context) error {
	c.from.Host = hostOf(c.session.Connected().TCURL)
	ctx, cancel := context.WithTimeout(ctx, admitTimeout)
	defer cancel()
	client, err := c.s.deps.Control.AdmitConnection(ctx, c.from)
	if err != nil {
		c.s.count.refused.Add(1)
		c.session.Close(rtmp.CodeConnectRejected, c.s.excuse(err))
		return rtmp.ErrClosed
	}
	c.from.Client = client
	return nil
}

// publish asks whether the client may publish, and if so begins.
func (c *ingest) publish(ctx context.Context, t rtmp.Target) error {
	c.flush()
	asking, cancel := context.WithTimeout(ctx, admitTimeout)
	defer cancel()
	pub, err := c.s.publish(asking, c.from, publishName(t), c.interrupt)
	if err != nil {
		c.s.count.refused.Add(1)
		c.session.Reject(rtmp.CodePublishBadName, c.s.excuse(err))
		return rtmp.ErrClosed
	}
	c.pub, c.decoder = pub, flv.Decoder{}
	c.from.Client = "" // the next one on this connection is another session
	c.session.Accept()
	c.alive = time.Now()
	return c.extend(ctx, c.s.config.Idle)
}

// media passes a message on to the stream.
func (c *ingest) media(ctx context.Context, m rtmp.Message) error {
	if now := time.Now(); now.Sub(c.alive) > time.Second {
		c.alive = now
		if err := c.extend(ctx, c.s.config.Idle); err != nil {
			return err
		}
	}
	var err error
	c.packets, err = c.decoder.Decode(c.packets[:0], flv.Tag{Type: flv.Type(m.Type), Timestamp: m.Timestamp, Data: m.Payload})
	if err != nil {
		c.s.count.badTags.Add(1) // of this tag alone
	}
	c.pub.bytes.Add(int64(len(m.Payload)))
	c.s.count.bytesIn.Add(int64(len(m.Payload)))
	for i, p := range c.packets {
		c.packets[i] = av.Packet{}
		if err := c.pub.writer.Write(p); err != nil {
			return err
		}
	}
	return nil
}

// farewell ends what was published, and tells the encoder why when it was not the encoder that left.
func (c *ingest) farewell(ctx context.Context) {
	reason, code, words := c.pub.why(), rtmp.CodePublishBadName, ""
	switch {
	case reason == app.StreamKicked:
		words = "You were removed from this stream."
	case reason == app.StreamReplaced:
		words = "Somebody else publishes this stream now."
	case ctx.Err() != nil:
		code, words = rtmp.CodeConnectClosed, "The server is going away. Connect again."
		if c.session.RequestReconnect("", words) {
			words = ""
		}
	}
	c.pub.end(ctx, reason)
	if words != "" {
		c.session.Close(code, words)
	}
}

// flush writes what the session has to say.
func (c *ingest) flush() error {
	out := c.session.TakeOutput()
	if len(out) == 0 {
		return nil
	}
	c.nc.SetWriteDeadline(time.Now().Add(sendTimeout))
	_, err := c.nc.Write(out)
	return err
}

// linger lets the client read why it has to go: a connection that is closed with bytes unread is reset, and what was
// sent last is lost.
func (c *ingest) linger() {
	c.nc.SetReadDeadline(time.Now().Add(c.s.config.Linger))
	io.CopyN(io.Discard, c.nc, 16<<20)
}

// excuse is what a client is told of an error. Trouble of ours is logged.
func (s *Server) excuse(err error) string {
	e := app.AsError(err)
	if e.Code == app.CodeInternal {
		s.deps.Log.Error("live", "err", err)
	}
	return e.Message
}
