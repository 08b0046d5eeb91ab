package grpcd

import (
	"context"

	"synctv/app"
	synctvv1 "synctv/proto/synctv/v1"
	"synctv/proto/translate"
)

// authorize asks app for the permission to do something in a room.
func authorize(ctx context.Context, a *app.App, room string, action app.Action) (app.Grant, error) {
	return a.Authorize(ctx, callOf(ctx).actor, app.RoomID(room), action)
}

// roomService makes, finds, enters and changes rooms.
type roomService struct {
	synctvv1.UnimplementedRoomServiceServer
	app *app.App
}

// CreateRoom implements synctv.v1.RoomService.
func (s *roomService) CreateRoom(ctx context.Context, r *synctvv1.CreateRoomRequest) (*synctvv1.Room, error) {
	in, err := translate.NewRoom(r)
	if err != nil {
		return nil, err
	}
	return room(s.app.CreateRoom(ctx, callOf(ctx).actor, in))
}

// GetRoom implements synctv.v1.RoomService.
func (s *roomService) GetRoom(ctx context.Context, r *synctvv1.GetRoomRequest) (*synctvv1.Room, error) {
	return room(s.app.GetRoom(ctx, callOf(ctx).actor, app.RoomID(r.GetRoomId())))
}

// UpdateRoom implements synctv.v1.RoomService.
func (s *roomService) UpdateRoom(ctx context.Context, r *synctvv1.UpdateRoomRequest) (*synctvv1.Room, error) {
	g, err := authorize(ctx, s.app, r.GetRoomId(), app.RoomSettingsEdit)
	if err != nil {
		return nil, err
	}
	patch, err := translate.RoomPatch(r)
	if err != nil {
		return nil, err
	}
	return room(s.app.UpdateRoom(ctx, g, patch))
}

// DeleteRoom implements synctv.v1.RoomService.
func (s *roomService) DeleteRoom(ctx context.Context, r *synctvv1.DeleteRoomRequest) (*synctvv1.Empty, error) {
	g, err := authorize(ctx, s.app, r.GetRoomId(), app.RoomOwn)
	if err != nil {
		return nil, err
	}
	return empty(s.app.DeleteRoom(ctx, g))
}

// ListRooms implements synctv.v1.RoomService.
func (s *roomService) ListRooms(ctx context.Context, r *synctvv1.ListRoomsRequest) (*synctvv1.ListRoomsResponse, error) {
	scope, err := translate.RoomScope(r.GetScope())
	if err != nil {
		return nil, err
	}
	page, err := translate.Page(r.GetPage())
	if err != nil {
		return nil, err
	}
	c := callOf(ctx)
	list, next, err := s.app.ListRooms(ctx, c.origin, c.actor, scope, r.GetQuery(), page)
	if err != nil {
		return nil, err
	}
	return &synctvv1.ListRoomsResponse{Rooms: translate.Rooms(list), Page: translate.PageInfo(next)}, nil
}

// LookupInvite implements synctv.v1.RoomService.
func (s *roomService) LookupInvite(ctx context.Context, r *synctvv1.LookupInviteRequest) (*synctvv1.InvitePreview, error) {
	p, err := s.app.LookupInvite(ctx, callOf(ctx).origin, r.GetCode())
	if err != nil {
		return nil, err
	}
	return translate.InvitePreview(p), nil
}

// RotateInvite implements synctv.v1.RoomService.
func (s *roomService) RotateInvite(ctx context.Context, r *synctvv1.RotateInviteRequest) (*synctvv1.Room, error) {
	g, err := authorize(ctx, s.app, r.GetRoomId(), app.RoomSettingsEdit)
	if err != nil {
		return nil, err
	}
	return room(s.app.RotateInvite(ctx, g))
}

// JoinRoom implements synctv.v1.RoomService.
func (s *roomService) JoinRoom(ctx context.Context, r *synctvv1.JoinRoomRequest) (*synctvv1.Room, error) {
	c := callOf(ctx)
	return room(s.app.JoinRoom(ctx, c.actor, c.origin, app.RoomID(r.GetRoomId()), r.GetPassword(), r.GetInviteCode()))
}

// JoinAsGuest implements synctv.v1.RoomService.
func (s *roomService) JoinAsGuest(ctx context.Context, r *synctvv1.JoinAsGuestRequest) (*synctvv1.Tokens, error) {
	return tokens(s.app.JoinAsGuest(ctx, callOf(ctx).origin, app.RoomID(r.GetRoomId()), r.GetName(), r.GetPassword(), r.GetInviteCode()))
}

// LeaveRoom implements synctv.v1.RoomService.
func (s *roomService) LeaveRoom(ctx context.Context, r *synctvv1.LeaveRoomRequest) (*synctvv1.Empty, error) {
	return empty(s.app.LeaveRoom(ctx, callOf(ctx).actor, app.RoomID(r.GetRoomId())))
}

// TransferOwnership implements synctv.v1.RoomService.
func (s *roomService) TransferOwnership(ctx context.Context, r *synctvv1.TransferOwnershipRequest) (*synctvv1.Room, error) {
	g, err := authorize(ctx, s.app, r.GetRoomId(), app.RoomOwn)
	if err != nil {
		return nil, err
	}
	return room(s.app.TransferOwnership(ctx, g, app.UserID(r.GetUserId())))
}

// SetFavourite implements synctv.v1.RoomService.
func (s *roomService) SetFavourite(ctx context.Context, r *synctvv1.SetFavouriteRequest) (*synctvv1.Empty, error) {
	return empty(s.app.SetFavourite(ctx, callOf(ctx).actor, app.RoomID(r.GetRoomId()), r.GetFavourite()))
}

func room(info app.RoomInfo, err error) (*synctvv1.Room, error) {
	if err != nil {
		return nil, err
	}
	return translate.Room(info), nil
}
