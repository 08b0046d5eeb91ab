package grpcd

import (
	"context"

	"synctv/app"
	synctvv1 "synctv/proto/synctv/v1"
	"synctv/proto/translate"
)

// chatService reads and writes the messages of a room.
type chatService struct {
	synctvv1.UnimplementedChatServiceServer
	app *app.App
}

// ListMessages implements synctv.v1.ChatService.
func (s *chatService) ListMessages(ctx context.Context, r *synctvv1.ListMessagesRequest) (*synctvv1.ListMessagesResponse, error) {
	g, err := authorize(ctx, s.app, r.GetRoomId(), app.HistoryView)
	if err != nil {
		return nil, err
	}
	page, err := translate.Page(r.GetPage())
	if err != nil {
		return nil, err
	}
	list, next, err := s.app.ListMessages(ctx, g, page)
	if err != nil {
		return nil, err
	}
	return &synctvv1.ListMessagesResponse{Messages: translate.Messages(list), Page: translate.PageInfo(next)}, nil
}

// SendMessage implements synctv.v1.ChatService.
func (s *chatService) SendMessage(ctx context.Context, r *synctvv1.SendMessageRequest) (*synctvv1.Message, error) {
	g, err := authorize(ctx, s.app, r.GetRoomId(), app.ChatSend)
	if err != nil {
		return nil, err
	}
	in, err := translate.NewMessage(r.GetText(), r.GetClientId(), r.GetDanmaku())
	if err != nil {
		return nil, err
	}
	return sentMessage(s.app.SendMessage(ctx, g, in))
}

// EditMessage implements synctv.v1.ChatService.
func (s *chatService) EditMessage(ctx context.Context, r *synctvv1.EditMessageRequest) (*synctvv1.Message, error) {
	g, err := authorize(ctx, s.app, r.GetRoomId(), app.ChatSend)
	if err != nil {
		return nil, err
	}
	return sentMessage(s.app.EditMessage(ctx, g, app.MessageID(r.GetMessageId()), r.GetText()))
}

// DeleteMessage implements synctv.v1.ChatService.
func (s *chatService) DeleteMessage(ctx context.Context, r *synctvv1.DeleteMessageRequest) (*synctvv1.Empty, error) {
	g, err := authorize(ctx, s.app, r.GetRoomId(), app.RoomView)
	if err != nil {
		return nil, err
	}
	return empty(s.app.DeleteMessage(ctx, g, app.MessageID(r.GetMessageId())))
}

// ListDanmaku implements synctv.v1.ChatService.
func (s *chatService) ListDanmaku(ctx context.Context, r *synctvv1.ListDanmakuRequest) (*synctvv1.ListDanmakuResponse, error) {
	g, err := authorize(ctx, s.app, r.GetRoomId(), app.HistoryView)
	if err != nil {
		return nil, err
	}
	list, truncated, err := s.app.ListDanmaku(ctx, g, app.MediaID(r.GetMediaId()), r.GetFromMs(), r.GetToMs())
	if err != nil {
		return nil, err
	}
	return &synctvv1.ListDanmakuResponse{Messages: translate.Messages(list), Truncated: truncated}, nil
}

func sentMessage(m app.Message, err error) (*synctvv1.Message, error) {
	if err != nil {
		return nil, err
	}
	return translate.Message(m), nil
}
