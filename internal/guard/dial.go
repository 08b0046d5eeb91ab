package guard

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// DialContext connects to "host:port" over TCP if the policy allows it. If any address of a name is forbidden the whole name is
// refused, so that an answer of one good and one bad address wins nothing; the addresses that were judged are the ones dialed,
// in order, and each is judged again on the socket. A refusal is (or wraps) a *DeniedError; other errors are network errors.
func (g *Guard) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if network != "tcp" && network != "tcp4" && network != "tcp6" {
		return nil, denied(ReasonScheme)
	}
	hostText, portText, err := net.SplitHostPort(address)
	if err != nil {
		return nil, denied(ReasonSyntax)
	}
	host, err := normalizeHost(hostText)
	if err != nil {
		return nil, denied(ReasonSyntax)
	}
	port, err := parsePort(portText)
	if err != nil {
		return nil, denied(ReasonPort)
	}
	if err := g.checkHost(host, port); err != nil {
		return nil, err
	}
	opened := g.allowedHost(host, port)
	targets, err := g.resolve(ctx, network, host, port, opened)
	if err != nil {
		return nil, err
	}
	return g.connect(ctx, network, targets, opened)
}

// resolve returns the judged addresses of host, at most maxTries.
func (g *Guard) resolve(ctx context.Context, network, host string, port uint16, opened bool) ([]netip.AddrPort, error) {
	addrs := []netip.Addr{}
	if literal, err := netip.ParseAddr(host); err == nil {
		addrs = append(addrs, literal)
	} else if addrs, err = g.lookup(ctx, host, opened); err != nil {
		return nil, err
	}
	if len(addrs) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	if len(addrs) > maxAddrs {
		return nil, denied(ReasonAnswer)
	}
	targets := make([]netip.AddrPort, 0, maxTries)
	for _, a := range addrs {
		ap := netip.AddrPortFrom(a.Unmap(), port)
		if err := g.decide(ap, opened); err != nil {
			return nil, err
		}
		wrongFamily := network == "tcp4" && !ap.Addr().Is4() || network == "tcp6" && ap.Addr().Is4()
		if len(targets) < maxTries && !wrongFamily {
			targets = append(targets, ap)
		}
	}
	if len(targets) == 0 {
		return nil, &net.DNSError{Err: "no address of the wanted family", Name: host, IsNotFound: true}
	}
	return targets, nil
}

func (g *Guard) lookup(ctx context.Context, host string, opened bool) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(ctx, g.dnsTimeout)
	defer cancel()
	name := host
	if !opened {
		name += "." // absolute: a search list must not complete somebody else's name into one of ours
	}
	type answer struct {
		addrs []netip.Addr
		err   error
	}
	// The resolver is asked on the side so that one which ignores its context cannot hold the caller.
	done := make(chan answer, 1)
	go func() {
		addrs, err := g.resolver.LookupNetIP(ctx, "ip", name)
		done <- answer{addrs, err}
	}()
	select {
	case a := <-done:
		return a.addrs, a.err
	case <-ctx.Done():
		return nil, fmt.Errorf("resolve: %w", ctx.Err())
	}
}

// connect tries the judged addresses in order; each gets a fair part of the time that is left.
func (g *Guard) connect(ctx context.Context, network string, targets []netip.AddrPort, opened bool) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, g.connectTimeout)
	defer cancel()
	dialer := &net.Dialer{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 30 * time.Second, Interval: 15 * time.Second, Count: 4},
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			ap, err := netip.ParseAddrPort(address)
			if err != nil {
				return denied(ReasonSyntax)
			}
			return g.decide(ap, opened)
		},
	}
	var errs []error
	for i, target := range targets {
		deadline, _ := ctx.Deadline()
		share := time.Until(deadline) / time.Duration(len(targets)-i)
		tryCtx, stop := context.WithTimeout(ctx, share)
		conn, err := dialer.DialContext(tryCtx, network, target.String())
		stop()
		if err == nil {
			return conn, nil
		}
		var refusal *DeniedError
		if errors.As(err, &refusal) || ctx.Err() != nil {
			return nil, err
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}
