package grpcd

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/protobuf/proto"

	"synctv/app"
	"synctv/internal/realip"
)

const (
	requestIDKey    = "x-request-id"
	maxMetadataKeys = 64
	maxTokenBytes   = 4096
)

// call is what is known of one call besides its request.
type call struct {
	id     string // in logs and errors
	method string
	origin app.Origin
	actor  app.Actor
}

type callKey struct{}

// callOf returns the call that ctx belongs to. Only handlers ask, and only the path below calls handlers.
func callOf(ctx context.Context) call {
	c, _ := ctx.Value(callKey{}).(call)
	return c
}

// originKey carries the app.Origin of a REST call through the in-process connection.
type originKey struct{}

// unary is the path of every call but streams.
func (s *Server) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (reply any, err error) {
	begin := time.Now()
	c := call{id: requestID(ctx), method: info.FullMethod}
	defer func() {
		if cause := recover(); cause != nil {
			reply, err = nil, s.panicked(ctx, c, cause)
		}
		err = s.finish(ctx, c, begin, err)
	}()
	if err := grpc.SetHeader(ctx, metadata.Pairs(requestIDKey, c.id)); err != nil {
		return nil, app.Internal(err)
	}
	limited, cancel := context.WithTimeout(ctx, s.cfg.CallTimeout)
	defer cancel()
	reply, err = s.handle(limited, c, req, handler)
	return reply, cutShort(limited, err)
}

// handle admits a call, checks its request and lets the service answer.
func (s *Server) handle(ctx context.Context, c call, req any, handler grpc.UnaryHandler) (any, error) {
	c, err := s.admit(ctx, c)
	if err != nil {
		return nil, err
	}
	if m, ok := req.(proto.Message); ok {
		if err := checkMessage(m); err != nil {
			return nil, err
		}
	}
	return handler(context.WithValue(ctx, callKey{}, c), req)
}

// stream is the path of streams. The request of a server stream comes after, see checkedStream.
func (s *Server) stream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) (err error) {
	begin := time.Now()
	ctx := ss.Context()
	c := call{id: requestID(ctx), method: info.FullMethod}
	defer func() {
		if cause := recover(); cause != nil {
			err = s.panicked(ctx, c, cause)
		}
		err = s.finish(ctx, c, begin, err)
	}()
	if err := ss.SetHeader(metadata.Pairs(requestIDKey, c.id)); err != nil {
		return app.Internal(err)
	}
	admitted, err := s.admit(ctx, c)
	if err != nil {
		return err
	}
	return cutShort(ctx, handler(srv, &checkedStream{ServerStream: ss, ctx: context.WithValue(ctx, callKey{}, admitted)}))
}

// checkedStream checks what comes in and knows the call.
type checkedStream struct {
	grpc.ServerStream
	ctx context.Context
}

// Context implements grpc.ServerStream.
func (s *checkedStream) Context() context.Context { return s.ctx }

// RecvMsg implements grpc.ServerStream.
func (s *checkedStream) RecvMsg(m any) error {
	if err := s.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	if pm, ok := m.(proto.Message); ok {
		return checkMessage(pm)
	}
	return nil
}

// admit finds out who calls and whether they may call this method at all.
func (s *Server) admit(ctx context.Context, c call) (call, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	if md.Len() > maxMetadataKeys {
		return c, app.Errorf(app.CodeTooLarge, "The call has too many header fields.")
	}
	c.origin = s.origin(ctx, md)
	level := accessOf(c.method)
	if level == denied {
		return c, app.Errorf(app.CodeForbidden, "This method is not open to anyone.")
	}
	if level == open {
		return c, nil
	}
	token, err := bearer(md)
	if err != nil {
		return c, err
	}
	if token == "" && level == required {
		return c, app.Errorf(app.CodeUnauthenticated, "Sign in first.")
	}
	c.actor, err = s.app.Authenticate(ctx, token)
	return c, err
}

// bearer takes the token out of the one authorization field; "" when there is none (RFC 6750 section 2.1).
func bearer(md metadata.MD) (string, error) {
	fields := md.Get("authorization")
	if len(fields) == 0 {
		return "", nil
	}
	scheme, token, ok := strings.Cut(fields[0], " ")
	token = strings.TrimSpace(token)
	if len(fields) > 1 || !ok || !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > maxTokenBytes {
		return "", app.Errorf(app.CodeUnauthenticated, "The authorization field must be one bearer token.")
	}
	return token, nil
}

// origin is where the call comes from: given by the REST handler, or of the connection.
func (s *Server) origin(ctx context.Context, md metadata.MD) app.Origin {
	if o, ok := ctx.Value(originKey{}).(app.Origin); ok {
		return o
	}
	p, ok := peer.FromContext(ctx)
	if !ok || p.Addr == nil {
		return app.Origin{}
	}
	host := ""
	if names := md.Get(":authority"); len(names) == 1 {
		host = names[0]
	}
	return originOf(p.Addr.String(), host, md.Get("x-forwarded-for"), md.Get("x-forwarded-proto"), s.cfg.TrustedProxies)
}

// originOf reads where a call comes from out of its connection and header fields. Only trusted proxies are
// believed when they say whom they speak for, and that TLS ends at them.
func originOf(peer, host string, forwarded, proto []string, trusted []netip.Prefix) app.Origin {
	direct := realip.Peer(peer)
	o := app.Origin{Address: realip.Client(direct, forwarded, trusted), Host: host}
	o.Secure = len(proto) == 1 && strings.EqualFold(proto[0], "https") && realip.Trusted(direct, trusted)
	return o
}

// requestID is the caller's own if it is harmless, a new one otherwise.
func requestID(ctx context.Context) string {
	md, _ := metadata.FromIncomingContext(ctx)
	if ids := md.Get(requestIDKey); len(ids) == 1 && harmlessID(ids[0]) {
		return ids[0]
	}
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

func harmlessID(s string) bool {
	return s != "" && len(s) <= 64 && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.')
	})
}

func (s *Server) panicked(ctx context.Context, c call, cause any) error {
	s.log.ErrorContext(ctx, "a call panicked", "method", c.method, "request", c.id, "panic", cause, "stack", string(debug.Stack()))
	return app.Errorf(app.CodeInternal, "Something went wrong on the server. Try again.")
}

// finish logs how the call went, its cause if it was our fault, and turns the error into a status.
func (s *Server) finish(ctx context.Context, c call, begin time.Time, err error) error {
	if err == nil {
		s.log.DebugContext(ctx, "call", "method", c.method, "request", c.id, "took", time.Since(begin))
		return nil
	}
	e := app.AsError(err)
	level := slog.LevelDebug
	switch e.Code {
	case app.CodeInternal:
		level = slog.LevelError
	case app.CodeUnavailable:
		level = slog.LevelWarn
	}
	if ctx.Err() != nil { // the caller left; whatever failed did so because of that
		level = slog.LevelDebug
	}
	s.log.Log(ctx, level, "call failed", "method", c.method, "request", c.id, "took", time.Since(begin), "code", string(e.Code), "err", err)
	return statusOf(ctx, err, c.id)
}
