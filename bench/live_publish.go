package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"synctv/mediad/flv"
	"synctv/mediad/rtmp"
)

const rtmpTimeout = 10 * time.Second

// perAddress is how many connections come from one address: a server lets so many in at once, and this machine has
// plenty of addresses.
const perAddress = 20

// localAddress is whom the i-th connection comes from.
func localAddress(i int) *net.TCPAddr {
	n := i/perAddress + 2
	return &net.TCPAddr{IP: net.IPv4(127, 0, byte(n>>8), byte(n))}
}

// rtmpPeer is a connection of ours to an RTMP server.
type rtmpPeer struct {
	nc     net.Conn
	client *rtmp.Client
	rest   []byte // was read behind the event last returned
	buf    []byte
}

// dialRTMP publishes to, or plays, rtmp://host/app/name, as the i-th client; it returns when the server has said yes.
func dialRTMP(ctx context.Context, i int, address string, publish bool) (*rtmpPeer, error) {
	a, err := rtmp.ParseAddress(address)
	if err != nil {
		return nil, err
	}
	client, err := rtmp.NewClient(rtmp.ClientConfig{Address: a, Publish: publish})
	if err != nil {
		return nil, err
	}
	d := net.Dialer{Timeout: rtmpTimeout, LocalAddr: localAddress(i)}
	nc, err := d.DialContext(ctx, "tcp", a.Host)
	if err != nil {
		return nil, err
	}
	p := &rtmpPeer{nc: nc, client: client, buf: make([]byte, 16<<10)}
	nc.SetDeadline(time.Now().Add(rtmpTimeout))
	for {
		ev, err := p.next()
		if err != nil {
			nc.Close()
			return nil, fmt.Errorf("%s: %w", a.Host, err)
		}
		if ev.Kind == rtmp.EventPublish || ev.Kind == rtmp.EventPlay {
			nc.SetDeadline(time.Time{})
			return p, nil
		}
	}
}

// next waits for something that the server says.
func (p *rtmpPeer) next() (rtmp.Event, error) {
	for {
		ev, rest, err := p.client.Feed(p.rest)
		if out := p.client.TakeOutput(); len(out) > 0 {
			if _, err := p.nc.Write(out); err != nil {
				return rtmp.Event{}, err
			}
		}
		if p.rest = rest; err != nil || ev.Kind != rtmp.EventNone {
			return ev, err
		}
		n, err := p.nc.Read(p.buf)
		if err != nil {
			return rtmp.Event{}, err
		}
		p.rest = p.buf[:n]
	}
}

// publishers send the feed in real time, each on a connection and from a goroutine of its own.
type publishers struct {
	cancel context.CancelFunc
	all    sync.WaitGroup
	mu     sync.Mutex
	peers  []*rtmpPeer // guarded by mu
	err    error       // guarded by mu: the first
	late   histogram   // guarded by mu: how late frames were sent
}

// publish begins to send the feed to addresses.
func publish(ctx context.Context, f *feed, addresses ...string) (*publishers, error) {
	ctx, cancel := context.WithCancel(ctx)
	p := &publishers{cancel: cancel}
	for i, a := range addresses {
		peer, err := dialRTMP(ctx, i, a, true)
		if err != nil {
			p.stop()
			return nil, fmt.Errorf("publisher %d: %w", i+1, err)
		}
		p.peers = append(p.peers, peer)
		p.all.Go(func() { drain(peer.nc) })
		p.all.Go(func() { p.note(p.send(ctx, peer, f)) })
	}
	return p, nil
}

// drain reads what nobody needs.
func drain(nc net.Conn) {
	for buf := make([]byte, 4096); ; {
		if _, err := nc.Read(buf); err != nil {
			return
		}
	}
}

func (p *publishers) send(ctx context.Context, peer *rtmpPeer, f *feed) error {
	for _, t := range f.setup {
		if err := write(peer, t, 0, t.Data); err != nil {
			return err
		}
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	begun := time.Now()
	for round := time.Duration(0); ; round += feedLength {
		for _, t := range f.media {
			at := round + time.Duration(t.Timestamp)*time.Millisecond
			timer.Reset(time.Until(begun.Add(at)))
			select {
			case <-ctx.Done():
				return nil
			case <-timer.C:
			}
			now := time.Now()
			if err := write(peer, t, at, stamp(t, now)); err != nil {
				return err
			}
			p.mu.Lock()
			p.late.record(now.Sub(begun.Add(at)))
			p.mu.Unlock()
		}
	}
}

func write(peer *rtmpPeer, t flv.Tag, at time.Duration, body []byte) error {
	m := rtmp.Message{Type: rtmp.Type(t.Type), Timestamp: uint32(at.Milliseconds()), Payload: body}
	peer.nc.SetWriteDeadline(time.Now().Add(rtmpTimeout))
	_, err := peer.nc.Write(rtmp.Prechunk(m).On(peer.client.StreamID()))
	return err
}

func (p *publishers) note(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil && err != nil && !errors.Is(err, net.ErrClosed) {
		p.err = fmt.Errorf("a publisher was cut: %w", err)
	}
}

// stop ends all of them, and returns what went wrong before.
func (p *publishers) stop() error {
	p.mu.Lock()
	err := p.err
	p.mu.Unlock()
	p.cancel()
	for _, peer := range p.peers {
		peer.nc.Close()
	}
	p.all.Wait()
	return err
}
