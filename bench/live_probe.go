package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"time"

	"synctv/mediad/flv"
	"synctv/mediad/rtmp"
)

// probes are a few players beside the many, who look at each frame: how long after it was sent is its last byte there?
type probes struct {
	all     sync.WaitGroup
	closing chan struct{}
	mu      sync.Mutex
	conns   []net.Conn // guarded by mu
	open    bool       // guarded by mu: what comes is counted
	picture histogram  // guarded by mu
	sound   histogram  // guarded by mu
	err     error      // guarded by mu: the first
}

// probe watches an address, over FLV or RTMP, with n players.
func probe(ctx context.Context, address string, n int) (*probes, error) {
	p := &probes{closing: make(chan struct{})}
	for i := range n {
		first := 10_000 // addresses of their own
		var err error
		if isRTMP(address) {
			var peer *rtmpPeer
			if peer, err = dialRTMP(ctx, first+i, address, false); err == nil {
				p.conns = append(p.conns, peer.nc)
				p.all.Go(func() { p.note(p.rtmp(peer)) })
			}
		} else {
			var nc net.Conn
			if nc, err = dialFLV(ctx, first+i, address); err == nil {
				p.conns = append(p.conns, nc)
				p.all.Go(func() { p.note(p.flv(nc)) })
			}
		}
		if err != nil {
			p.stop()
			return nil, err
		}
	}
	return p, nil
}

func isRTMP(address string) bool { return len(address) > 7 && address[:7] == "rtmp://" }

// dialFLV asks for an address over HTTP and returns the connection, with the answer still to come.
func dialFLV(ctx context.Context, i int, address string) (net.Conn, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	d := net.Dialer{Timeout: rtmpTimeout, LocalAddr: localAddress(i)}
	nc, err := d.DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return nil, err
	}
	_, err = fmt.Fprintf(nc, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", u.RequestURI(), u.Host)
	return nc, err
}

// flv follows an answer over HTTP. It must not be chunked, which ours is not.
func (p *probes) flv(nc net.Conn) error {
	buf, r := make([]byte, 64<<10), flv.NewReader()
	rest, err := skipHead(nc, buf)
	for err == nil {
		now := time.Now()
		for len(rest) > 0 {
			var t flv.Tag
			if t, rest, err = r.Feed(rest); err != nil {
				return err
			}
			if t.Type == 0 {
				break
			}
			p.take(t.Type, t.Data, now)
		}
		var n int
		n, err = nc.Read(buf)
		rest = buf[:n]
	}
	return err
}

// rtmp follows what a server plays.
func (p *probes) rtmp(peer *rtmpPeer) error {
	for {
		ev, err := peer.next()
		if err != nil {
			return err
		}
		if ev.Kind == rtmp.EventMedia {
			p.take(flv.Type(ev.Message.Type), ev.Message.Payload, time.Now())
		}
	}
}

func (p *probes) take(kind flv.Type, body []byte, now time.Time) {
	stampsIn(body, func(sent time.Time) {
		p.mu.Lock()
		defer p.mu.Unlock()
		switch {
		case !p.open:
		case kind == flv.Video:
			p.picture.record(now.Sub(sent))
		case kind == flv.Audio:
			p.sound.record(now.Sub(sent))
		}
	})
}

// count begins to count, or ends it. What comes at the beginning was sent before.
func (p *probes) count(yes bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open = yes
}

func (p *probes) note(err error) {
	select {
	case <-p.closing:
		return
	default:
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = errors.Join(p.err, fmt.Errorf("a player was cut: %w", err))
}

// stop ends them, and returns what went wrong before.
func (p *probes) stop() error {
	close(p.closing)
	for _, nc := range p.conns {
		nc.Close()
	}
	p.all.Wait()
	return p.err
}
