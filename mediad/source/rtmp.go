package source

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"time"

	"synctv/mediad/av"
	"synctv/mediad/flv"
	"synctv/mediad/rtmp"
)

const (
	readBytes   = 64 << 10
	sendTimeout = 5 * time.Second
)

var errGoAway = errors.New("the server asks to come again")

// maxRedirects is how often an RTMP server may send us elsewhere.
const maxRedirects = 3

var errRedirects = errors.New("the server sends us around, or to where we do not go")

// rtmp plays a stream of an RTMP server, and follows it to where the server says that it is.
func (o *Opener) rtmp(f *flow, address string) error {
	a, err := rtmp.ParseAddress(address)
	for range 1 + maxRedirects {
		if err != nil {
			return problem(wordsAway, err)
		}
		var elsewhere *rtmp.Redirected
		if err := o.rtmpAt(f, a); !errors.As(err, &elsewhere) {
			return err
		}
		from := a
		if a, err = a.Redirect(elsewhere.URL); err == nil && from.TLS && !a.TLS {
			err = errRedirects // what was asked for in secret is not told to everybody
		}
	}
	return problem(wordsAway, errRedirects)
}

// rtmpAt plays a stream of one RTMP server.
func (o *Opener) rtmpAt(f *flow, a rtmp.Address) error {
	nc, err := o.connect(f.ctx, a)
	if err != nil {
		return problem(wordsAway, err)
	}
	defer nc.Close()
	defer context.AfterFunc(f.ctx, func() { nc.SetDeadline(time.Unix(1, 0)) })()
	client, err := rtmp.NewClient(rtmp.ClientConfig{Address: a, Capabilities: rtmp.DefaultCapabilities()})
	if err != nil {
		return err
	}
	p := &player{flow: f, nc: nc, client: client}
	err = p.play()
	client.Stop()
	p.flush()
	var fault *rtmp.Error
	var no *rtmp.Status
	switch {
	case errors.As(err, &no):
		return problem(wordsRefused, err)
	case errors.As(err, &fault):
		return problem(wordsStrange, err)
	}
	return err
}

// connect dials, and agrees on TLS where that is asked for.
func (o *Opener) connect(ctx context.Context, a rtmp.Address) (net.Conn, error) {
	nc, err := o.deps.Dial(ctx, "tcp", a.Host)
	if err != nil || !a.TLS {
		return nc, err
	}
	host, _, err := net.SplitHostPort(a.Host)
	if err != nil {
		nc.Close()
		return nil, err
	}
	c := &tls.Config{}
	if o.deps.TLS != nil {
		c = o.deps.TLS.Clone()
	}
	c.ServerName, c.MinVersion, c.InsecureSkipVerify = host, tls.VersionTLS12, false
	secure := tls.Client(nc, c)
	if err := secure.HandshakeContext(ctx); err != nil {
		nc.Close()
		return nil, err
	}
	return secure, nil
}

// player is a connection to an RTMP server.
type player struct {
	*flow
	nc      net.Conn
	client  *rtmp.Client
	decoder flv.Decoder
	packets []av.Packet
}

func (p *player) play() error {
	buf := make([]byte, readBytes)
	for {
		if err := p.flush(); err != nil {
			return err
		}
		n, err := p.nc.Read(buf)
		for b := buf[:n]; ; {
			ev, rest, err := p.client.Feed(b)
			if err == nil {
				err = p.take(ev)
			}
			if err != nil {
				return err
			}
			if b = rest; ev.Kind == rtmp.EventNone {
				break
			}
		}
		if err != nil {
			return err
		}
	}
}

func (p *player) take(ev rtmp.Event) error {
	switch ev.Kind {
	case rtmp.EventStop:
		return io.EOF
	case rtmp.EventReconnect:
		return errGoAway // where to is not asked: the address is what was agreed on
	case rtmp.EventMedia:
		return p.tag(&p.decoder, &p.packets, flv.Tag{Type: flv.Type(ev.Message.Type), Timestamp: ev.Message.Timestamp, Data: ev.Message.Payload})
	}
	return nil
}

// tag gives on what a tag holds. One that cannot be read is left out.
func (f *flow) tag(d *flv.Decoder, room *[]av.Packet, t flv.Tag) error {
	list, err := d.Decode((*room)[:0], t)
	if err != nil {
		return nil
	}
	*room = list
	for i, p := range list {
		list[i] = av.Packet{}
		if err := f.put(p); err != nil {
			return err
		}
	}
	return nil
}

func (p *player) flush() error {
	out := p.client.TakeOutput()
	if len(out) == 0 {
		return nil
	}
	p.nc.SetWriteDeadline(time.Now().Add(sendTimeout))
	if p.ctx.Err() != nil { // it has just ended: the deadline was not for us to move
		return p.ctx.Err()
	}
	_, err := p.nc.Write(out)
	return err
}
