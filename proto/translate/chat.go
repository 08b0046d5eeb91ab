package translate

import (
	"synctv/app"
	synctvv1 "synctv/proto/synctv/v1"
)

var lanes = []pair[synctvv1.DanmakuLane, string]{
	{synctvv1.DanmakuLane_DANMAKU_LANE_SCROLL, "scroll"},
	{synctvv1.DanmakuLane_DANMAKU_LANE_TOP, "top"},
	{synctvv1.DanmakuLane_DANMAKU_LANE_BOTTOM, "bottom"},
}

// Message is a chat message. A deleted one has neither text nor place on the picture.
func Message(m app.Message) *synctvv1.Message {
	out := &synctvv1.Message{
		Id: string(m.ID), Seq: m.Seq, PersonId: string(m.PersonID), Name: m.Name, Text: m.Text, CreatedMs: m.Created.Ms(),
		EditedMs: m.Edited.Ms(), Deleted: m.Deleted, ClientId: m.ClientID, Kind: "text",
	}
	if m.Deleted {
		out.Text = ""
		return out
	}
	if d := m.Danmaku; d != nil {
		out.Danmaku = &synctvv1.Danmaku{Lane: toWire(lanes, d.Lane), Color: d.Color, MediaId: string(d.MediaID), PositionMs: d.PositionMs}
	}
	return out
}

// Messages is a list of messages.
func Messages(list []app.Message) []*synctvv1.Message { return each(list, Message) }

// NewMessage reads what somebody says. danmaku may be nil.
func NewMessage(text, clientID string, danmaku *synctvv1.Danmaku) (app.NewMessage, error) {
	out := app.NewMessage{Text: text, ClientID: clientID}
	if danmaku == nil {
		return out, nil
	}
	lane, err := toWord(lanes, "danmaku.lane", danmaku.GetLane())
	out.Danmaku = &app.Danmaku{Lane: lane, Color: danmaku.GetColor(), MediaID: app.MediaID(danmaku.GetMediaId()), PositionMs: danmaku.GetPositionMs()}
	return out, err
}
