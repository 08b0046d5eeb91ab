package translate

import (
	"time"

	"synctv/app"
	synctvv1 "synctv/proto/synctv/v1"
)

var streamStates = []pair[synctvv1.StreamState, app.StreamState]{
	{synctvv1.StreamState_STREAM_STATE_IDLE, app.StreamIdle},
	{synctvv1.StreamState_STREAM_STATE_LIVE, app.StreamLive},
	{synctvv1.StreamState_STREAM_STATE_RECONNECTING, app.StreamReconnecting},
	{synctvv1.StreamState_STREAM_STATE_CONNECTING, app.StreamConnecting},
}

var streamScopes = []pair[synctvv1.ListStreamsRequest_Scope, app.StreamScope]{
	{synctvv1.ListStreamsRequest_SCOPE_PUBLIC, app.StreamsPublic},
	{synctvv1.ListStreamsRequest_SCOPE_MINE, app.StreamsMine},
	{synctvv1.ListStreamsRequest_SCOPE_ROOM, app.StreamsOfRoom},
}

// StreamScope reads which streams are wanted; unspecified is "".
func StreamScope(s synctvv1.ListStreamsRequest_Scope) (app.StreamScope, error) {
	return toWord(streamScopes, "scope", s)
}

// Stream is a live stream as one person may see it; where to publish only for those who manage it.
func Stream(i app.StreamInfo) *synctvv1.Stream {
	s := i.Stream
	out := &synctvv1.Stream{
		Id: string(s.ID), OwnerId: string(s.OwnerID), RoomId: string(s.RoomID), Title: s.Title, Visibility: toWire(visibilities, s.Visibility),
		State: toWire(streamStates, i.State), Viewers: count(i.Viewers), CreatedMs: s.Created.Ms(), Mine: i.Manages,
		OwnerName: i.OwnerName, NowMs: i.Now.Ms(), Pulled: i.Pulled, PullUrl: i.PullURL, Problem: i.Problem,
		Playback: &synctvv1.StreamPlayback{HlsUrl: i.Playback.HLS, FlvUrl: i.Playback.FLV, RtmpUrl: i.Playback.RTMP},
	}
	if i.State == app.StreamLive {
		out.LiveSinceMs = i.Since.Ms()
	}
	if i.Manages {
		out.Record, out.Recording = s.Record, i.Recording
		out.Ingest = &synctvv1.Ingest{RtmpServer: i.Ingest.RTMP, RtmpsServer: i.Ingest.RTMPS}
	}
	if r := i.Refused; r != nil {
		out.Refused = &synctvv1.StreamRefusal{Reason: string(r.Reason), AtMs: r.At.Ms()}
	}
	if m := i.Media; m != nil {
		out.Media = &synctvv1.StreamMedia{VideoCodec: m.VideoCodec, AudioCodec: m.AudioCodec, Width: count(m.Width), Height: count(m.Height),
			FrameRate: m.FrameRate, BitsPerSecond: m.BitsPerSecond, KeyFrameSeconds: m.KeyFrames, Pace: m.Pace}
	}
	return out
}

// Streams is a list of live streams.
func Streams(list []app.StreamInfo) []*synctvv1.Stream { return each(list, Stream) }

// NewStream reads what a stream is to be.
func NewStream(r *synctvv1.CreateStreamRequest) (app.NewStream, error) {
	v, err := toWord(visibilities, "visibility", r.GetVisibility())
	return app.NewStream{Title: r.GetTitle(), Visibility: v, Room: app.RoomID(r.GetRoomId()), Record: r.GetRecord(),
		PullURL: r.GetPullUrl()}, err
}

// StreamPatch reads what is to change of a stream.
func StreamPatch(r *synctvv1.UpdateStreamRequest) (app.StreamPatch, error) {
	p := app.StreamPatch{Title: r.Title, Record: r.Record, PullURL: r.PullUrl}
	if r.Visibility != nil {
		v, err := needWord(visibilities, "visibility", r.GetVisibility())
		if err != nil {
			return p, err
		}
		p.Visibility = &v
	}
	return p, nil
}

// PublishKey is a key without its secret.
func PublishKey(k app.PublishKey) *synctvv1.PublishKey {
	return &synctvv1.PublishKey{Id: string(k.ID), Label: k.Label, CreatedMs: k.Created.Ms(), ExpiresMs: k.Expires.Ms(),
		SingleUse: k.SingleUse, UsedMs: k.Used.Ms()}
}

// PublishKeys is a list of keys without their secrets.
func PublishKeys(list []app.PublishKey) []*synctvv1.PublishKey { return each(list, PublishKey) }

// MadeKey is a key that was just made, with its secret.
func MadeKey(k app.MadeKey) *synctvv1.PublishKey {
	out := PublishKey(k.PublishKey)
	out.Secret = k.Secret
	return out
}

// NewPublishKey reads what a key is to be.
func NewPublishKey(r *synctvv1.CreatePublishKeyRequest) app.NewPublishKey {
	return app.NewPublishKey{Label: r.GetLabel(), TTL: seconds(r.GetTtlSeconds()), SingleUse: r.GetSingleUse(), Rotate: r.GetRotate()}
}

// PlayTokenTTL reads how long a play token is to last.
func PlayTokenTTL(r *synctvv1.CreatePlayTokenRequest) time.Duration {
	return seconds(r.GetTtlSeconds())
}

func seconds(n uint32) time.Duration { return time.Duration(n) * time.Second }

// PlayToken is a token for players.
func PlayToken(t app.PlayToken) *synctvv1.PlayToken {
	return &synctvv1.PlayToken{Token: t.Token, ExpiresMs: t.Expires.Ms()}
}

// StreamSessions are those who publish and watch.
func StreamSessions(list []app.StreamSession) []*synctvv1.StreamSession {
	return each(list, func(s app.StreamSession) *synctvv1.StreamSession {
		out := &synctvv1.StreamSession{Id: s.ID, Role: string(s.Role), Protocol: s.Protocol, SinceMs: s.Since.Ms(), Bytes: float64(s.Bytes),
			PersonId: string(s.Person)}
		if s.Address.IsValid() {
			out.Address = s.Address.String()
		}
		return out
	})
}
