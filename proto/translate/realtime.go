package translate

import (
	"time"

	"synctv/app"
	synctvv1 "synctv/proto/synctv/v1"
)

var playerStates = []pair[synctvv1.PlayerState, app.PlayerState]{
	{synctvv1.PlayerState_PLAYER_STATE_PLAYING, app.PlayerPlaying},
	{synctvv1.PlayerState_PLAYER_STATE_PAUSED, app.PlayerPaused},
	{synctvv1.PlayerState_PLAYER_STATE_LOADING, app.PlayerLoading},
	{synctvv1.PlayerState_PLAYER_STATE_STALLED, app.PlayerStalled},
	{synctvv1.PlayerState_PLAYER_STATE_AWAY, app.PlayerAway},
	{synctvv1.PlayerState_PLAYER_STATE_ERROR, app.PlayerError},
}

// Report reads what a player says of itself.
func Report(r *synctvv1.Report) (app.Report, error) {
	state, err := needWord(playerStates, "report.state", r.GetState())
	return app.Report{State: state, PositionMs: r.GetPositionMs(), ErrorMs: r.GetErrorMs(), RTTMs: r.GetRttMs(), JitterMs: r.GetJitterMs(),
		BufferedMs: r.GetBufferedMs(), LoadMs: r.GetLoadMs(), ClockMs: r.GetClockErrorMs(), ReadyRevision: r.GetReadyRevision(), Free: r.GetFree(),
		DurationMs: r.GetDurationMs(), MediaID: app.MediaID(r.GetMediaId())}, err
}

// Welcome is the first message of a stream. version is of this server.
func Welcome(w app.Welcome, version string) *synctvv1.ServerMessage {
	out := &synctvv1.Welcome{
		SessionId: string(w.Seat), Seq: w.Seq, Epoch: w.Epoch, Resumed: w.Resumed, ServerMs: w.Now.Ms(), Me: Member(w.Me), ServerVersion: version,
	}
	if w.Snapshot != nil {
		out.Snapshot = Snapshot(*w.Snapshot)
	}
	return &synctvv1.ServerMessage{Body: &synctvv1.ServerMessage_Welcome{Welcome: out}}
}

// Snapshot is a room as a whole, as far as the one may see it for whom it was made.
func Snapshot(s app.Snapshot) *synctvv1.Snapshot {
	editor := s.Grant.MayEditMedia
	out := &synctvv1.Snapshot{
		Room: Room(s.Room), Playback: Playback(s.Playback, ""), Media: MediaList(s.Media, editor),
		Messages: Messages(s.Messages), People: each(s.People, Person),
	}
	if s.Current != nil {
		out.Current = Media(*s.Current, editor)
	}
	return out
}

// Person is one open seat.
func Person(p app.Presence) *synctvv1.Person {
	return &synctvv1.Person{
		SessionId: string(p.Seat), PersonId: string(p.Person), Name: p.Name, Role: toWire(roomRoles, p.Role), State: toWire(playerStates, p.State),
		PositionMs: p.PositionMs, ErrorMs: p.ErrorMs, RttMs: p.RTTMs, BufferedMs: p.BufferedMs, Free: p.Free, JoinedMs: p.Joined.Ms(),
	}
}

// Presence is who came, went or changed.
func Presence(d app.PresenceDelta) *synctvv1.ServerMessage {
	return &synctvv1.ServerMessage{Body: &synctvv1.ServerMessage_Presence{Presence: &synctvv1.PresenceUpdate{
		Full: d.Full, People: each(d.People, Person), Gone: each(d.Gone, func(s app.SeatID) string { return string(s) }),
	}}}
}

// Beacon lets a listener notice what it missed.
func Beacon(b app.Beacon) *synctvv1.ServerMessage {
	return &synctvv1.ServerMessage{Body: &synctvv1.ServerMessage_Beacon{Beacon: &synctvv1.Beacon{
		Seq: b.Seq, Revision: b.Revision, Hash: b.Hash, ServerMs: b.Now.Ms(),
	}}}
}

// Goodbye announces that the server closes, and whether to come back and when.
func Goodbye(code app.Code, message string, retryAfter time.Duration, mayReturn bool) *synctvv1.ServerMessage {
	return &synctvv1.ServerMessage{Body: &synctvv1.ServerMessage_Goodbye{Goodbye: &synctvv1.Goodbye{
		Code: string(code), Message: message, RetryAfterMs: milliseconds(retryAfter), MayReturn: mayReturn,
	}}}
}

// Event is one durable event. editor decides about addresses of media; NoEditor makes a message that
// can be sent to everybody.
func Event(ev app.Event, editor Editor) *synctvv1.ServerMessage {
	out := &synctvv1.RoomEvent{Seq: ev.Seq, AtMs: ev.At.Ms(), By: string(ev.By), ByName: ev.ByName}
	switch b := ev.Body.(type) {
	case app.PlaybackChanged:
		name := ""
		if b.State.SetBy == string(ev.By) {
			name = ev.ByName
		}
		out.Body = &synctvv1.RoomEvent_Playback{Playback: Playback(b.State, name)}
	case app.MessageSent:
		out.Body = &synctvv1.RoomEvent_Message{Message: Message(b.Message)}
	case app.MessageChanged:
		out.Body = &synctvv1.RoomEvent_MessageChanged{MessageChanged: Message(b.Message)}
	case app.MediaAdded:
		out.Body = &synctvv1.RoomEvent_MediaAdded{MediaAdded: &synctvv1.MediaChange{Media: MediaList(b.Media, editor)}}
	case app.MediaChanged:
		out.Body = &synctvv1.RoomEvent_MediaChanged{MediaChanged: &synctvv1.MediaChange{Media: MediaList(b.Media, editor)}}
	case app.MediaRemoved:
		out.Body = &synctvv1.RoomEvent_MediaRemoved{MediaRemoved: &synctvv1.MediaRemoved{Ids: each(b.IDs, func(id app.MediaID) string { return string(id) })}}
	case app.MemberJoined:
		out.Body = &synctvv1.RoomEvent_MemberJoined{MemberJoined: EventMember(b.Member)}
	case app.MemberChanged:
		out.Body = &synctvv1.RoomEvent_MemberChanged{MemberChanged: EventMember(b.Member)}
	case app.MemberRemoved:
		out.Body = &synctvv1.RoomEvent_MemberRemoved{MemberRemoved: &synctvv1.MemberRemoved{PersonId: string(b.ID), Name: b.Name, How: b.How, Reason: b.Reason}}
	case app.RoomChanged:
		out.Body = &synctvv1.RoomEvent_RoomChanged{RoomChanged: EventRoom(b.Room)}
	case app.RoomClosed:
		out.Body = &synctvv1.RoomEvent_RoomClosed{RoomClosed: &synctvv1.RoomClosed{Reason: b.Reason}}
	}
	return &synctvv1.ServerMessage{Body: &synctvv1.ServerMessage_Event{Event: out}}
}
