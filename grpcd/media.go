package grpcd

import (
	"context"

	"synctv/app"
	synctvv1 "synctv/proto/synctv/v1"
	"synctv/proto/translate"
)

// mediaService changes what a room can play.
type mediaService struct {
	synctvv1.UnimplementedMediaServiceServer
	app *app.App
}

// ListMedia implements synctv.v1.MediaService.
func (s *mediaService) ListMedia(ctx context.Context, r *synctvv1.ListMediaRequest) (*synctvv1.ListMediaResponse, error) {
	g, err := authorize(ctx, s.app, r.GetRoomId(), app.RoomView)
	if err != nil {
		return nil, err
	}
	page, err := translate.Page(r.GetPage())
	if err != nil {
		return nil, err
	}
	list, next, err := s.app.ListMedia(ctx, g, app.MediaID(r.GetParentId()), page)
	if err != nil {
		return nil, err
	}
	return &synctvv1.ListMediaResponse{Media: translate.MediaList(list, g.MayEditMedia), Page: translate.PageInfo(next)}, nil
}

// AddMedia implements synctv.v1.MediaService.
func (s *mediaService) AddMedia(ctx context.Context, r *synctvv1.AddMediaRequest) (*synctvv1.AddMediaResponse, error) {
	g, err := authorize(ctx, s.app, r.GetRoomId(), app.MediaAdd)
	if err != nil {
		return nil, err
	}
	in, err := translate.AddMedia(r)
	if err != nil {
		return nil, err
	}
	list, err := s.app.AddMedia(ctx, g, in)
	if err != nil {
		return nil, err
	}
	return &synctvv1.AddMediaResponse{Media: translate.MediaList(list, g.MayEditMedia)}, nil
}

// UpdateMedia implements synctv.v1.MediaService.
func (s *mediaService) UpdateMedia(ctx context.Context, r *synctvv1.UpdateMediaRequest) (*synctvv1.Media, error) {
	g, err := authorize(ctx, s.app, r.GetRoomId(), app.RoomView)
	if err != nil {
		return nil, err
	}
	patch, err := translate.MediaPatch(r)
	if err != nil {
		return nil, err
	}
	return media(g)(s.app.UpdateMedia(ctx, g, app.MediaID(r.GetMediaId()), patch))
}

// MoveMedia implements synctv.v1.MediaService.
func (s *mediaService) MoveMedia(ctx context.Context, r *synctvv1.MoveMediaRequest) (*synctvv1.Media, error) {
	g, err := authorize(ctx, s.app, r.GetRoomId(), app.MediaReorder)
	if err != nil {
		return nil, err
	}
	return media(g)(s.app.MoveMedia(ctx, g, app.MediaID(r.GetMediaId()), translate.MoveMedia(r)))
}

// DeleteMedia implements synctv.v1.MediaService.
func (s *mediaService) DeleteMedia(ctx context.Context, r *synctvv1.DeleteMediaRequest) (*synctvv1.Empty, error) {
	g, err := authorize(ctx, s.app, r.GetRoomId(), app.RoomView)
	if err != nil {
		return nil, err
	}
	return empty(s.app.DeleteMedia(ctx, g, app.MediaID(r.GetMediaId())))
}

// ProbeMedia implements synctv.v1.MediaService.
func (s *mediaService) ProbeMedia(ctx context.Context, r *synctvv1.ProbeMediaRequest) (*synctvv1.ProbeMediaResponse, error) {
	g, err := authorize(ctx, s.app, r.GetRoomId(), app.MediaAdd)
	if err != nil {
		return nil, err
	}
	found, err := s.app.ProbeMedia(ctx, g, r.GetUrl())
	if err != nil {
		return nil, err
	}
	return translate.Probed(found), nil
}

// ResolveMedia implements synctv.v1.MediaService.
func (s *mediaService) ResolveMedia(ctx context.Context, r *synctvv1.ResolveMediaRequest) (*synctvv1.Source, error) {
	g, err := authorize(ctx, s.app, r.GetRoomId(), app.RoomView)
	if err != nil {
		return nil, err
	}
	source, err := s.app.ResolveMedia(ctx, g, app.MediaID(r.GetMediaId()))
	if err != nil {
		return nil, err
	}
	return translate.Source(source), nil
}

func media(g app.Grant) func(app.Media, error) (*synctvv1.Media, error) {
	return func(m app.Media, err error) (*synctvv1.Media, error) {
		if err != nil {
			return nil, err
		}
		return translate.Media(m, g.MayEditMedia), nil
	}
}
