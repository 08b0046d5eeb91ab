package grpcd

import (
	"context"

	"synctv/app"
	synctvv1 "synctv/proto/synctv/v1"
	"synctv/proto/translate"
)

// recordingService records live streams.
type recordingService struct {
	synctvv1.UnimplementedRecordingServiceServer
	app *app.App
}

// StartRecording implements synctv.v1.RecordingService.
func (s *recordingService) StartRecording(ctx context.Context, r *synctvv1.StartRecordingRequest) (*synctvv1.Stream, error) {
	c := callOf(ctx)
	return stream(s.app.StartRecording(ctx, c.origin, c.actor, app.StreamID(r.GetStreamId())))
}

// StopRecording implements synctv.v1.RecordingService.
func (s *recordingService) StopRecording(ctx context.Context, r *synctvv1.StopRecordingRequest) (*synctvv1.Stream, error) {
	c := callOf(ctx)
	return stream(s.app.StopRecording(ctx, c.origin, c.actor, app.StreamID(r.GetStreamId())))
}

// ListRecordings implements synctv.v1.RecordingService.
func (s *recordingService) ListRecordings(ctx context.Context, r *synctvv1.ListRecordingsRequest) (*synctvv1.ListRecordingsResponse, error) {
	page, err := translate.Page(r.GetPage())
	if err != nil {
		return nil, err
	}
	c := callOf(ctx)
	list, next, err := s.app.ListRecordings(ctx, c.origin, c.actor, app.StreamID(r.GetStreamId()), page)
	if err != nil {
		return nil, err
	}
	return &synctvv1.ListRecordingsResponse{Recordings: translate.Recordings(list), Page: translate.PageInfo(next)}, nil
}

// GetRecording implements synctv.v1.RecordingService.
func (s *recordingService) GetRecording(ctx context.Context, r *synctvv1.GetRecordingRequest) (*synctvv1.Recording, error) {
	c := callOf(ctx)
	info, err := s.app.GetRecording(ctx, c.origin, c.actor, app.RecordingID(r.GetRecordingId()))
	if err != nil {
		return nil, err
	}
	return translate.Recording(info), nil
}

// DeleteRecording implements synctv.v1.RecordingService.
func (s *recordingService) DeleteRecording(ctx context.Context, r *synctvv1.DeleteRecordingRequest) (*synctvv1.Empty, error) {
	return empty(s.app.DeleteRecording(ctx, callOf(ctx).actor, app.RecordingID(r.GetRecordingId())))
}
