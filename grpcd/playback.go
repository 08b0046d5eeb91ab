package grpcd

import (
	"context"

	"synctv/app"
	"synctv/app/playback"
	synctvv1 "synctv/proto/synctv/v1"
	"synctv/proto/translate"
)

// playbackService reads and steers the playback of a room.
type playbackService struct {
	synctvv1.UnimplementedPlaybackServiceServer
	app *app.App
}

// GetPlayback implements synctv.v1.PlaybackService.
func (s *playbackService) GetPlayback(ctx context.Context, r *synctvv1.GetPlaybackRequest) (*synctvv1.Playback, error) {
	g, err := authorize(ctx, s.app, r.GetRoomId(), app.RoomView)
	if err != nil {
		return nil, err
	}
	state, err := s.app.Playback(ctx, g)
	if err != nil {
		return nil, err
	}
	return translate.Playback(state, ""), nil
}

// ControlPlayback implements synctv.v1.PlaybackService. Who may not control at all is told so before the
// intent is read.
func (s *playbackService) ControlPlayback(ctx context.Context, r *synctvv1.ControlPlaybackRequest) (*synctvv1.Playback, error) {
	if _, err := authorize(ctx, s.app, r.GetRoomId(), app.RoomView); err != nil {
		return nil, err
	}
	intent, err := translate.Intent(r.GetIntent())
	if err != nil {
		return nil, err
	}
	g, err := authorize(ctx, s.app, r.GetRoomId(), app.ActionFor(intent.Op))
	if err != nil {
		return nil, err
	}
	state, err := s.app.Control(ctx, g, intent)
	if err != nil {
		return nil, err
	}
	return translate.Playback(state, setter(state, g)), nil
}

// setter is the name of who set the state, when it was the caller.
func setter(s playback.State, g app.Grant) string {
	if s.SetBy == string(g.Actor().Person()) {
		return g.Actor().Name()
	}
	return ""
}
