package grpcd

import (
	"context"

	"synctv/app"
	synctvv1 "synctv/proto/synctv/v1"
	"synctv/proto/translate"
)

// streamService is the control plane of live streaming.
type streamService struct {
	synctvv1.UnimplementedStreamServiceServer
	app *app.App
}

// CreateStream implements synctv.v1.StreamService.
func (s *streamService) CreateStream(ctx context.Context, r *synctvv1.CreateStreamRequest) (*synctvv1.CreateStreamResponse, error) {
	in, err := translate.NewStream(r)
	if err != nil {
		return nil, err
	}
	c := callOf(ctx)
	info, key, err := s.app.CreateStream(ctx, c.origin, c.actor, in)
	if err != nil {
		return nil, err
	}
	return &synctvv1.CreateStreamResponse{Stream: translate.Stream(info), Key: translate.MadeKey(key)}, nil
}

// GetStream implements synctv.v1.StreamService.
func (s *streamService) GetStream(ctx context.Context, r *synctvv1.GetStreamRequest) (*synctvv1.Stream, error) {
	c := callOf(ctx)
	return stream(s.app.GetStream(ctx, c.origin, c.actor, app.StreamID(r.GetStreamId()), r.GetToken()))
}

// ListStreams implements synctv.v1.StreamService.
func (s *streamService) ListStreams(ctx context.Context, r *synctvv1.ListStreamsRequest) (*synctvv1.ListStreamsResponse, error) {
	scope, err := translate.StreamScope(r.GetScope())
	if err != nil {
		return nil, err
	}
	page, err := translate.Page(r.GetPage())
	if err != nil {
		return nil, err
	}
	c := callOf(ctx)
	list, next, err := s.app.ListStreams(ctx, c.origin, c.actor, scope, app.RoomID(r.GetRoomId()), page)
	if err != nil {
		return nil, err
	}
	return &synctvv1.ListStreamsResponse{Streams: translate.Streams(list), Page: translate.PageInfo(next)}, nil
}

// UpdateStream implements synctv.v1.StreamService.
func (s *streamService) UpdateStream(ctx context.Context, r *synctvv1.UpdateStreamRequest) (*synctvv1.Stream, error) {
	patch, err := translate.StreamPatch(r)
	if err != nil {
		return nil, err
	}
	c := callOf(ctx)
	return stream(s.app.UpdateStream(ctx, c.origin, c.actor, app.StreamID(r.GetStreamId()), patch))
}

// DeleteStream implements synctv.v1.StreamService.
func (s *streamService) DeleteStream(ctx context.Context, r *synctvv1.DeleteStreamRequest) (*synctvv1.Empty, error) {
	return empty(s.app.DeleteStream(ctx, callOf(ctx).actor, app.StreamID(r.GetStreamId())))
}

// CreatePublishKey implements synctv.v1.StreamService.
func (s *streamService) CreatePublishKey(ctx context.Context, r *synctvv1.CreatePublishKeyRequest) (*synctvv1.PublishKey, error) {
	key, err := s.app.CreatePublishKey(ctx, callOf(ctx).actor, app.StreamID(r.GetStreamId()), translate.NewPublishKey(r))
	if err != nil {
		return nil, err
	}
	return translate.MadeKey(key), nil
}

// ListPublishKeys implements synctv.v1.StreamService.
func (s *streamService) ListPublishKeys(ctx context.Context, r *synctvv1.ListPublishKeysRequest) (*synctvv1.ListPublishKeysResponse, error) {
	keys, err := s.app.ListPublishKeys(ctx, callOf(ctx).actor, app.StreamID(r.GetStreamId()))
	if err != nil {
		return nil, err
	}
	return &synctvv1.ListPublishKeysResponse{Keys: translate.PublishKeys(keys)}, nil
}

// RevokePublishKey implements synctv.v1.StreamService.
func (s *streamService) RevokePublishKey(ctx context.Context, r *synctvv1.RevokePublishKeyRequest) (*synctvv1.Empty, error) {
	return empty(s.app.RevokePublishKey(ctx, callOf(ctx).actor, app.StreamID(r.GetStreamId()), app.PublishKeyID(r.GetKeyId())))
}

// CreatePlayToken implements synctv.v1.StreamService.
func (s *streamService) CreatePlayToken(ctx context.Context, r *synctvv1.CreatePlayTokenRequest) (*synctvv1.PlayToken, error) {
	token, err := s.app.CreatePlayToken(ctx, callOf(ctx).actor, app.StreamID(r.GetStreamId()), translate.PlayTokenTTL(r))
	if err != nil {
		return nil, err
	}
	return translate.PlayToken(token), nil
}

// RevokePlayTokens implements synctv.v1.StreamService.
func (s *streamService) RevokePlayTokens(ctx context.Context, r *synctvv1.RevokePlayTokensRequest) (*synctvv1.Empty, error) {
	return empty(s.app.RevokePlayTokens(ctx, callOf(ctx).actor, app.StreamID(r.GetStreamId())))
}

// ListStreamSessions implements synctv.v1.StreamService.
func (s *streamService) ListStreamSessions(ctx context.Context, r *synctvv1.ListStreamSessionsRequest) (*synctvv1.ListStreamSessionsResponse, error) {
	list, err := s.app.ListStreamSessions(ctx, callOf(ctx).actor, app.StreamID(r.GetStreamId()))
	if err != nil {
		return nil, err
	}
	return &synctvv1.ListStreamSessionsResponse{Sessions: translate.StreamSessions(list)}, nil
}

// KickStreamSession implements synctv.v1.StreamService.
func (s *streamService) KickStreamSession(ctx context.Context, r *synctvv1.KickStreamSessionRequest) (*synctvv1.Empty, error) {
	return empty(s.app.KickStreamSession(ctx, callOf(ctx).actor, app.StreamID(r.GetStreamId()), r.GetSessionId()))
}

func stream(info app.StreamInfo, err error) (*synctvv1.Stream, error) {
	if err != nil {
		return nil, err
	}
	return translate.Stream(info), nil
}
