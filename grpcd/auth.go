package grpcd

import (
	"context"

	"synctv/app"
	synctvv1 "synctv/proto/synctv/v1"
	"synctv/proto/translate"
)

// authService turns credentials into tokens.
type authService struct {
	synctvv1.UnimplementedAuthServiceServer
	app *app.App
}

// Register implements synctv.v1.AuthService.
func (s *authService) Register(ctx context.Context, r *synctvv1.RegisterRequest) (*synctvv1.Tokens, error) {
	return tokens(s.app.Register(ctx, callOf(ctx).origin, r.GetUsername(), r.GetPassword(), r.GetDisplayName()))
}

// Login implements synctv.v1.AuthService.
func (s *authService) Login(ctx context.Context, r *synctvv1.LoginRequest) (*synctvv1.Tokens, error) {
	return tokens(s.app.Login(ctx, callOf(ctx).origin, r.GetUsername(), r.GetPassword()))
}

// RedeemSetup implements synctv.v1.AuthService.
func (s *authService) RedeemSetup(ctx context.Context, r *synctvv1.RedeemSetupRequest) (*synctvv1.Tokens, error) {
	return tokens(s.app.RedeemSetup(ctx, callOf(ctx).origin, r.GetToken()))
}

// Refresh implements synctv.v1.AuthService.
func (s *authService) Refresh(ctx context.Context, r *synctvv1.RefreshRequest) (*synctvv1.Tokens, error) {
	return tokens(s.app.Refresh(ctx, callOf(ctx).origin, r.GetRefreshToken()))
}

// Logout implements synctv.v1.AuthService.
func (s *authService) Logout(ctx context.Context, r *synctvv1.LogoutRequest) (*synctvv1.Empty, error) {
	return empty(s.app.Logout(ctx, callOf(ctx).actor, r.GetEverywhere()))
}

// ChangePassword implements synctv.v1.AuthService.
func (s *authService) ChangePassword(ctx context.Context, r *synctvv1.ChangePasswordRequest) (*synctvv1.Tokens, error) {
	return tokens(s.app.ChangePassword(ctx, callOf(ctx).actor, r.GetCurrentPassword(), r.GetNewPassword()))
}

// CreateTicket implements synctv.v1.AuthService.
func (s *authService) CreateTicket(ctx context.Context, r *synctvv1.CreateTicketRequest) (*synctvv1.Ticket, error) {
	ticket, ttl, err := s.app.CreateTicket(ctx, callOf(ctx).actor, app.RoomID(r.GetRoomId()))
	if err != nil {
		return nil, err
	}
	return &synctvv1.Ticket{Ticket: ticket, ExpiresIn: uint32(ttl.Seconds())}, nil
}

// tokens, empty and their like in the other files turn what app returns into a reply.
func tokens(t app.Tokens, err error) (*synctvv1.Tokens, error) {
	if err != nil {
		return nil, err
	}
	return translate.Tokens(t), nil
}

func empty(err error) (*synctvv1.Empty, error) {
	if err != nil {
		return nil, err
	}
	return &synctvv1.Empty{}, nil
}
