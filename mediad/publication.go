package mediad

import (
	"context"
	"errors"
	"math"
	"reflect"
	"sync/atomic"
	"time"

	"synctv/app"
	"synctv/mediad/av"
	"synctv/mediad/stream"
)

const (
	reportFirst = 200 * time.Millisecond
	reportEvery = time.Second
	sayTimeout  = 3 * time.Second
)

// publication is somebody who publishes a stream.
type publication struct {
	s      *Server
	right  app.Publication
	live   *stream.Stream
	writer *stream.Publisher
	kicked atomic.Bool
	bytes  atomic.Int64

	stop     chan struct{} // closed by end
	reported chan struct{} // closed when nothing is reported any more
}

// publish makes somebody the publisher of the stream their key is for. interrupt is called when they have to go.
func (s *Server) publish(ctx context.Context, from app.Origin, name string, interrupt func()) (*publication, error) {
	right, err := s.deps.Control.AdmitPublisher(ctx, from, name)
	if err != nil {
		return nil, err
	}
	p, err := s.begin(ctx, right, stream.Offer{By: right.Session.ID}, interrupt)
	if err == nil {
		s.deps.Log.Info("a stream is being published", "stream", right.Stream.ID, "session", right.Session.ID, "client", from.Address)
	}
	return p, err
}

// begin makes the one who has the right to it the publisher of a stream.
func (s *Server) begin(ctx context.Context, right app.Publication, o stream.Offer, interrupt func()) (*publication, error) {
	if s.full(right.Stream.ID) {
		return nil, app.Errorf(app.CodeUnavailable, "There are too many live streams on this server now. Try again later.")
	}
	live, err := s.streams.Open(string(right.Stream.ID))
	if err != nil {
		return nil, app.Wrap(app.CodeUnavailable, err, "There are too many live streams on this server now. Try again later.")
	}
	writer, err := live.Publish(o)
	if err != nil {
		return nil, app.Wrap(app.CodeConflict, err, "Somebody publishes this stream already.")
	}
	p := &publication{s: s, right: right, live: live, writer: writer, stop: make(chan struct{}), reported: make(chan struct{})}
	s.roster.setPublisher(p)
	s.notes.published(right.Stream.ID, right.Session)
	if err := p.online(ctx, app.StreamMedia{}); err != nil {
		s.roster.dropPublisher(p)
		writer.Close()
		return nil, err
	}
	s.count.publishers.Add(1)
	go p.report(interrupt)
	return p, nil
}

// full tells whether nobody else may publish. Who takes over is nobody else.
func (s *Server) full(id app.StreamID) bool {
	if s.count.publishers.Load() < int64(s.config.MaxPublishers) {
		return false
	}
	p, _ := s.roster.on(id)
	return p == nil
}

func (p *publication) online(ctx context.Context, m app.StreamMedia) error {
	ctx, cancel := context.WithTimeout(ctx, sayTimeout)
	defer cancel()
	return p.s.deps.Control.StreamOnline(ctx, p.right.Stream.ID, m, p.right.Session)
}

// report tells app what is published, whenever that changes, until the publisher is over or has to go.
func (p *publication) report(interrupt func()) {
	defer close(p.reported)
	var told app.StreamMedia
	timer := time.NewTimer(reportFirst)
	defer timer.Stop()
	began := time.Now()
	for {
		select {
		case <-p.stop:
			return
		case <-p.writer.Done():
			interrupt()
			return
		case <-timer.C:
		}
		if m := mediaOf(p.live.Stats()); worthTelling(told, m) {
			told = m
			if err := p.online(context.Background(), m); err != nil {
				p.kick()
			}
		}
		if time.Since(began) < 2*time.Second {
			timer.Reset(reportFirst)
		} else {
			timer.Reset(reportEvery)
		}
	}
}

// worthTelling tells whether what is published differs from what was told: rates by a quarter, the
// distance of key frames by half a second, the pace by a twentieth.
func worthTelling(old, now app.StreamMedia) bool {
	far := func(a, b float64) bool { return a > b*1.25+1 || b > a*1.25+1 }
	if far(old.BitsPerSecond, now.BitsPerSecond) || far(old.FrameRate, now.FrameRate) || math.Abs(old.KeyFrames-now.KeyFrames) >= 0.5 || math.Abs(old.Pace-now.Pace) >= 0.05 {
		return true
	}
	old.BitsPerSecond, old.FrameRate, old.KeyFrames, old.Pace = now.BitsPerSecond, now.FrameRate, now.KeyFrames, now.Pace
	return !reflect.DeepEqual(old, now)
}

func mediaOf(st stream.Stats) app.StreamMedia {
	m := app.StreamMedia{BitsPerSecond: float64(st.Bitrate), FrameRate: st.FrameRate, KeyFrames: st.KeyInterval.Seconds(), Pace: st.Pace}
	for _, t := range st.Tracks {
		switch {
		case t.Kind == av.Video && m.VideoCodec == "":
			m.VideoCodec, m.Width, m.Height = t.Codec.String(), t.Width, t.Height
		case t.Kind == av.Audio && m.AudioCodec == "":
			m.AudioCodec = t.Codec.String()
		}
	}
	return m
}

// kick ends the publisher, from any goroutine.
func (p *publication) kick() {
	p.kicked.Store(true)
	p.writer.Close()
}

// why is the reason why the publisher is over, as far as it is not the encoder's own.
func (p *publication) why() string {
	switch {
	case p.kicked.Load():
		return app.StreamKicked
	case errors.Is(p.writer.Err(), stream.ErrStale):
		return app.StreamReplaced
	}
	return app.StreamLost
}

// end is the last that the connection does with its publication.
func (p *publication) end(ctx context.Context, reason string) {
	if reason == app.StreamStopped {
		p.writer.Finish()
	} else {
		p.writer.Close()
	}
	close(p.stop)
	<-p.reported
	p.s.roster.dropPublisher(p)
	p.s.count.publishers.Add(-1)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sayTimeout)
	defer cancel()
	p.s.deps.Control.StreamOffline(ctx, p.right.Stream.ID, p.session(), reason)
	p.s.deps.Log.Info("a stream is no longer published", "stream", p.right.Stream.ID, "session", p.right.Session.ID, "reason", reason)
}

func (p *publication) session() app.StreamSession {
	session := p.right.Session
	session.Bytes = p.bytes.Load()
	return session
}
