package mediad

import (
	"context"
	"strings"
	"time"

	"synctv/app"
	"synctv/internal/reactor"
	"synctv/mediad/av"
	"synctv/mediad/rtmp"
	"synctv/mediad/stream"
)

// play asks whether the client may watch, and if so hands its connection to the reactor.
func (c *ingest) play(ctx context.Context, t rtmp.Target, rest []byte) error {
	c.flush()
	asking, cancel := context.WithTimeout(ctx, admitTimeout)
	defer cancel()
	viewing, err := c.s.deps.Control.AdmitViewer(asking, c.from, app.StreamID(t.Stream), t.Params.Get("token"), app.Actor{})
	var v *viewer
	if err == nil {
		if err = c.s.tune(asking, viewing.Stream); err == nil {
			v, err = c.s.open(viewing, protoRTMP, &rtmpFormat{session: c.session})
		}
		if err != nil {
			c.s.deps.Control.ViewerGone(viewing)
		} else if _, err = c.s.deps.Control.KeepViewer(asking, viewing); lasting(err) {
			v.gone()
		} else {
			err = nil
		}
	}
	if err != nil {
		code := rtmp.CodePlayFailed
		if app.CodeOf(err) == app.CodeNotFound {
			code = rtmp.CodePlayNotFound
		}
		c.session.Reject(code, c.s.excuse(err))
		return rtmp.ErrClosed
	}
	c.session.Accept()
	if err := c.s.adopt(c.nc, v, rest, 0); err != nil {
		v.gone()
		return err
	}
	return errHandedOver
}

// rtmpFormat is RTMP: from the moment it plays, the session belongs to the connection's shard.
type rtmpFormat struct{ session *rtmp.Session }

func (f *rtmpFormat) head() *reactor.Frame { return f.output() }

// output is what the session has to say, nil for nothing.
func (f *rtmpFormat) output() *reactor.Frame {
	if out := f.session.TakeOutput(); len(out) > 0 {
		return reactor.Bytes(out)
	}
	return nil
}

func (f *rtmpFormat) setup(tracks []av.Track, at time.Duration, first bool) *reactor.Frame {
	return reactor.Bytes(rtmpSetup(tracks, at, first, f.session.StreamID()))
}

func (f *rtmpFormat) frame(it *stream.Item) *reactor.Frame {
	frame, chunks := rtmpFrame(it)
	if on := f.session.StreamID(); frame != nil && on != rtmp.MediaStream {
		return reactor.Bytes(chunks.On(on))
	}
	return frame
}

func (f *rtmpFormat) data(c *reactor.Conn, p []byte) error {
	for {
		ev, rest, err := f.session.Feed(p)
		if err != nil {
			return err
		}
		switch ev.Kind {
		case rtmp.EventNone:
			if out := f.output(); out != nil {
				c.Reply(out)
			}
			return nil
		case rtmp.EventStop:
			return errLeft
		case rtmp.EventPublish, rtmp.EventPlay:
			f.session.Reject(rtmp.CodePlayFailed, "Use another connection for another stream.")
		}
		p = rest
	}
}

func (f *rtmpFormat) farewell() *reactor.Frame {
	f.session.EndPlay()
	return f.output()
}

// hostOf is the host of an address, as a client has written it.
func hostOf(tcURL string) string {
	_, rest, _ := strings.Cut(tcURL, "://")
	host, _, _ := strings.Cut(rest, "/")
	return clip(host, 255)
}
