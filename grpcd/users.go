package grpcd

import (
	"context"

	"synctv/app"
	synctvv1 "synctv/proto/synctv/v1"
	"synctv/proto/translate"
)

// userService reads and administers accounts.
type userService struct {
	synctvv1.UnimplementedUserServiceServer
	app *app.App
}

// GetMe implements synctv.v1.UserService.
func (s *userService) GetMe(ctx context.Context, _ *synctvv1.GetMeRequest) (*synctvv1.User, error) {
	return user(s.app.Me(ctx, callOf(ctx).actor))
}

// UpdateMe implements synctv.v1.UserService.
func (s *userService) UpdateMe(ctx context.Context, r *synctvv1.UpdateMeRequest) (*synctvv1.User, error) {
	return user(s.app.UpdateMe(ctx, callOf(ctx).actor, r.DisplayName))
}

// ListUsers implements synctv.v1.UserService.
func (s *userService) ListUsers(ctx context.Context, r *synctvv1.ListUsersRequest) (*synctvv1.ListUsersResponse, error) {
	page, err := translate.Page(r.GetPage())
	if err != nil {
		return nil, err
	}
	list, next, err := s.app.ListUsers(ctx, callOf(ctx).actor, r.GetQuery(), page)
	if err != nil {
		return nil, err
	}
	return &synctvv1.ListUsersResponse{Users: translate.Users(list), Page: translate.PageInfo(next)}, nil
}

// CreateUser implements synctv.v1.UserService.
func (s *userService) CreateUser(ctx context.Context, r *synctvv1.CreateUserRequest) (*synctvv1.User, error) {
	role, err := translate.UserRole("role", r.GetRole())
	if err != nil {
		return nil, err
	}
	return user(s.app.CreateUser(ctx, callOf(ctx).actor, r.GetUsername(), r.GetPassword(), r.GetDisplayName(), role))
}

// UpdateUser implements synctv.v1.UserService.
func (s *userService) UpdateUser(ctx context.Context, r *synctvv1.UpdateUserRequest) (*synctvv1.User, error) {
	patch, err := translate.UserPatch(r)
	if err != nil {
		return nil, err
	}
	return user(s.app.UpdateUser(ctx, callOf(ctx).actor, app.UserID(r.GetUserId()), patch))
}

// DeleteUser implements synctv.v1.UserService.
func (s *userService) DeleteUser(ctx context.Context, r *synctvv1.DeleteUserRequest) (*synctvv1.Empty, error) {
	return empty(s.app.DeleteUser(ctx, callOf(ctx).actor, app.UserID(r.GetUserId())))
}

func user(u app.User, err error) (*synctvv1.User, error) {
	if err != nil {
		return nil, err
	}
	return translate.User(u), nil
}

// serverService says what this server is.
type serverService struct {
	synctvv1.UnimplementedServerServiceServer
	app *app.App
}

// GetServer implements synctv.v1.ServerService.
func (s *serverService) GetServer(ctx context.Context, _ *synctvv1.GetServerRequest) (*synctvv1.ServerInfo, error) {
	return translate.ServerInfo(s.app.ServerInfo(callOf(ctx).origin)), nil
}
