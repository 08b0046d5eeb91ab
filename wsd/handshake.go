package wsd

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"synctv/app"
	"synctv/internal/reactor"
	"synctv/wsd/wire"
)

const (
	pathPrefix       = "/ws/rooms/"
	handshakeTimeout = 5 * time.Second
	seatTimeout      = 10 * time.Second
)

// sniffed is a connection whose first bytes were looked at by the one who accepted it.
type sniffed interface {
	Unwrap() (*net.TCPConn, []byte)
}

// welcome takes a connection from its first byte to its seat. It runs on a goroutine of its own.
func (s *Server) welcome(ctx context.Context, nc net.Conn) {
	served := false
	defer func() {
		if !served {
			s.open.Add(-1)
		}
	}()
	nc.SetDeadline(time.Now().Add(handshakeTimeout))
	waiting := nc
	stop := context.AfterFunc(ctx, func() { waiting.SetReadDeadline(time.Now()) }) // who has not asked yet is not waited for
	defer stop()
	var prefix []byte
	if u, ok := nc.(sniffed); ok {
		if tcp, peeked := u.Unwrap(); tcp != nil {
			nc, prefix = tcp, peeked
		}
	}
	req, actor, addr, err := s.handshake(ctx, nc, prefix)
	if err != nil {
		nc.Close()
		return
	}
	stop()
	nc.SetDeadline(time.Time{})
	served = true
	s.serve(ctx, nc, req, actor, addr)
}

// handshake does the upgrade and finds out who it is; on an error the refusal is already written.
func (s *Server) handshake(ctx context.Context, nc net.Conn, prefix []byte) (*wire.Request, app.Actor, netip.Addr, error) {
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	var actor app.Actor
	var addr netip.Addr
	admitted := false
	up := s.upgrader
	up.Check = func(req *wire.Request) error {
		addr = s.clientAddr(req)
		if !s.admitAddress(addr) {
			return &wire.Rejection{Status: http.StatusTooManyRequests, Reason: "Too many connections from your address."}
		}
		admitted = true
		var err error
		actor, err = s.authenticate(ctx, req)
		return err
	}
	req, err := up.Upgrade(nc, prefix)
	if err != nil && admitted {
		s.leaveAddress(addr)
	}
	return req, actor, addr, err
}

// authenticate accepts a bearer token, or a one-time ticket in the query because browsers cannot set headers.
func (s *Server) authenticate(ctx context.Context, req *wire.Request) (app.Actor, error) {
	var actor app.Actor
	var err error
	if ticket := req.URL.Query().Get("ticket"); ticket != "" {
		actor, err = s.app.RedeemTicket(ctx, ticket, roomOf(req.URL))
	} else {
		token, _ := strings.CutPrefix(req.Authorization, "Bearer ")
		actor, err = s.app.Authenticate(ctx, token)
	}
	if err == nil && actor.Anonymous() {
		err = app.Errorf(app.CodeUnauthenticated, "Send a bearer token, or a ticket from POST /api/v1/tickets.")
	}
	if err != nil {
		e := app.AsError(err)
		status := http.StatusUnauthorized
		switch e.Code {
		case app.CodeUnavailable, app.CodeInternal:
			s.log.WarnContext(ctx, "websocket handshake", "err", err)
			status = http.StatusServiceUnavailable
		case app.CodeDisabled:
			status = http.StatusForbidden
		}
		return app.Actor{}, &wire.Rejection{Status: status, Reason: e.Message}
	}
	return actor, nil
}

// serve hands the connection to the reactor and seats the person.
func (s *Server) serve(ctx context.Context, nc net.Conn, req *wire.Request, actor app.Actor, addr netip.Addr) {
	c := newConn(s, actor, addr, variantOf(req.Protocol))
	rc, err := s.reactor.Adopt(nc, c, reactor.Options{Initial: req.Rest, Variant: c.variant})
	if err != nil {
		nc.Close()
		s.open.Add(-1)
		s.leaveAddress(addr)
		return
	}
	room := roomOf(req.URL)
	after, _ := strconv.ParseUint(req.URL.Query().Get("after"), 10, 32)
	aud := s.audience(room)
	ctx, cancel := context.WithTimeout(ctx, seatTimeout)
	defer cancel()
	seat, err := s.app.Sit(ctx, actor, room, app.SitOptions{After: uint32(after), Epoch: req.URL.Query().Get("epoch"), Audience: aud,
		Seated: func(seat *app.Seat, w app.Welcome, missed []app.Event) { aud.admit(c, rc, seat, w, missed) }})
	if err != nil {
		s.leaveAudience(aud)
		c.sayGoodbye(rc, err)
		return
	}
	if c.standUp() { // the connection ended while we were looking for a seat
		s.leaveSeat(seat, aud)
	}
}

// variantOf maps the subprotocol to the encoding; a client that names none reads and writes JSON.
func variantOf(protocol string) uint8 {
	if protocol == ProtocolProto {
		return variantProto
	}
	return variantJSON
}

func checkPath(u *url.URL) error {
	if roomOf(u) == "" {
		return &wire.Rejection{Status: http.StatusNotFound, Reason: "WebSockets are at " + pathPrefix + "{room}."}
	}
	return nil
}

func roomOf(u *url.URL) app.RoomID {
	room, ok := strings.CutPrefix(u.Path, pathPrefix)
	if !ok || room == "" || strings.Contains(room, "/") || len(room) > 64 {
		return ""
	}
	return app.RoomID(room)
}

// checkOrigin lets browsers connect only from this server's own pages and from those named in
// the configuration. Programs send no Origin.
func (s *Server) checkOrigin(host, origin string) error {
	if origin == "" || slices.Contains(s.cfg.Origins, origin) {
		return nil
	}
	u, err := url.Parse(origin)
	if err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") && strings.EqualFold(u.Host, host) {
		return nil
	}
	return &wire.Rejection{Status: http.StatusForbidden, Reason: "This page may not connect here."}
}

// clientAddr is the address limits are counted for: the peer's, or what a trusted proxy says.
func (s *Server) clientAddr(req *wire.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(req.Remote.String())
	if err != nil {
		return netip.Addr{}
	}
	addr := ap.Addr().Unmap()
	for i := len(req.ForwardedFor) - 1; i >= 0 && s.trusted(addr); i-- {
		hops := strings.Split(req.ForwardedFor[i], ",")
		for j := len(hops) - 1; j >= 0 && s.trusted(addr); j-- {
			next, err := netip.ParseAddr(strings.TrimSpace(hops[j]))
			if err != nil {
				return prefixOf(addr)
			}
			addr = next.Unmap()
		}
	}
	return prefixOf(addr)
}

func (s *Server) trusted(addr netip.Addr) bool {
	return slices.ContainsFunc(s.cfg.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// prefixOf makes one of all addresses of an IPv6 network, which one household shares.
func prefixOf(addr netip.Addr) netip.Addr {
	if addr.Is6() {
		if p, err := addr.WithZone("").Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return addr
}

var errRefused = errors.New("refused a seat")
