package mediad

import (
	"context"
	"errors"
	"fmt"
	"time"

	"synctv/app"
	"synctv/mediad/av"
	"synctv/mediad/pull"
	"synctv/mediad/stream"
)

// pullPatience is how long somebody who wants to watch waits for a source: less than they wait for us.
const pullPatience = 8 * time.Second

// newPulls makes what receives live sources from elsewhere into streams of this door.
func newPulls(s *Server) *pull.Pool {
	c := s.config.Pull
	def(&c.Patience, pullPatience)
	return pull.New(c, pull.Deps{Station: station{s}, Receive: s.deps.Receive, Words: pullWords, Log: s.deps.Log})
}

// tune sees to it that the source of a stream that comes from elsewhere is received, and waits for it when there is nothing to
// watch yet.
func (s *Server) tune(ctx context.Context, v app.Stream) error {
	if v.PullURL == "" || s.pulls == nil {
		return nil
	}
	name := string(v.ID)
	if live, ok := s.streams.Get(name); ok {
		if state, _ := live.State(); state != stream.Idle {
			s.pulls.Touch(name) // one too many is told to those who come when it is idle
			return nil
		}
	}
	err := s.pulls.Want(ctx, name)
	var f *pull.Failure
	switch {
	case errors.As(err, &f):
		e := app.Errorf(app.CodeUnavailable, "%s", f.Words)
		e.RetryAfter = f.RetryAfter
		return e
	case err != nil:
		return app.Wrap(app.CodeUnavailable, err, "The source is being connected to. Try again in a moment.")
	}
	return nil
}

// worded is an error that has words for people.
type worded interface{ People() string }

// pullWords are what people are told of an error.
func pullWords(err error) string {
	var known worded
	var of *app.Error
	switch {
	case errors.As(err, &known):
		return known.People()
	case errors.Is(err, pull.ErrInterrupted):
		return "Somebody who manages this stream has ended it. It begins anew in a moment."
	case errors.As(err, &of):
		return of.Message
	}
	return "The source cannot be received now."
}

// station is the door as a pool of pulls sees it.
type station struct{ s *Server }

// Claim implements pull.Station.
func (t station) Claim(ctx context.Context, name string) (pull.Claim, error) {
	id := app.StreamID(name)
	if p, _ := t.s.roster.on(id); p != nil {
		return nil, pull.ErrBusy
	}
	ctx, cancel := context.WithTimeout(ctx, admitTimeout)
	defer cancel()
	right, err := t.s.deps.Control.AdmitPull(ctx, id)
	if err != nil {
		return nil, pullError(err)
	}
	return &pullClaim{t.s, right}, nil
}

// pullError says an error of app in the words of pull.
func pullError(err error) error {
	switch {
	case errors.Is(err, app.ErrPullBusy):
		return pull.ErrBusy
	case errors.Is(err, app.ErrPullElsewhere):
		return fmt.Errorf("%w: %w", pull.ErrElsewhere, err)
	case errors.Is(err, app.ErrPullChanged):
		return pull.ErrChanged
	case lasting(err):
		return fmt.Errorf("%w: %w", pull.ErrGone, err)
	}
	return err
}

// Watched implements pull.Station.
func (t station) Watched(name string) bool { return t.s.roster.watched(app.StreamID(name)) }

// Tell implements pull.Station.
func (t station) Tell(ctx context.Context, name string, wanted bool, words string) {
	t.s.deps.Control.NotePull(ctx, app.StreamID(name), wanted, words)
}

// pullClaim is the right to receive one source.
type pullClaim struct {
	s     *Server
	right app.Publication
}

// Address implements pull.Claim.
func (c *pullClaim) Address() string { return c.right.Stream.PullURL }

// Keep implements pull.Claim.
func (c *pullClaim) Keep(ctx context.Context) error {
	if err := c.s.deps.Control.KeepPull(ctx, c.right); err != nil {
		return pullError(err)
	}
	return nil
}

// Release implements pull.Claim.
func (c *pullClaim) Release() {
	ctx, cancel := context.WithTimeout(context.Background(), sayTimeout)
	defer cancel()
	c.s.deps.Control.ReleasePull(ctx, c.right.Stream.ID)
}

// Begin implements pull.Claim.
func (c *pullClaim) Begin(ctx context.Context, interrupt func()) (pull.Writer, error) {
	p, err := c.s.begin(ctx, c.right, stream.Offer{By: c.right.Session.ID, Polite: true}, interrupt)
	switch {
	case errors.Is(err, stream.ErrBusy):
		return nil, pull.ErrBusy
	case err != nil:
		return nil, pullError(err)
	}
	c.s.deps.Log.Info("a source is being received", "stream", c.right.Stream.ID, "session", c.right.Session.ID)
	return &pullWriter{p}, nil
}

// pullWriter is a publication whose publisher is this server.
type pullWriter struct{ p *publication }

// Write implements pull.Writer.
func (w *pullWriter) Write(pkt av.Packet) error {
	n := int64(len(pkt.Data))
	w.p.bytes.Add(n)
	w.p.s.count.bytesIn.Add(n)
	return w.p.writer.Write(pkt)
}

// End implements pull.Writer.
func (w *pullWriter) End(ctx context.Context, why error) error {
	reason := w.p.why()
	switch {
	case reason == app.StreamReplaced:
		why = pull.ErrBusy
	case reason == app.StreamKicked:
		why = pull.ErrInterrupted
	case errors.Is(why, pull.ErrUnwanted):
		reason = app.StreamStopped
	}
	w.p.end(ctx, reason)
	return why
}
