package e2e

import (
	"fmt"
	"testing"
	"time"

	pb "synctv/proto/synctv/v1"
)

func event(m *pb.ServerMessage) *pb.RoomEvent { return m.GetEvent() }

func TestWatchTogetherThroughEverySurface(t *testing.T) {
	s := startServer(t)
	host := s.owner()
	room := host.createRoom(map[string]any{"name": "Friday", "media": []any{map[string]any{"url": "https://example.org/film.mp4", "title": "Film"}}, "play": true})
	a := host.dial(room.ID, dialOptions{})
	if a.Welcome.Snapshot.GetPlayback().GetMediaId() == "" || !a.Welcome.Snapshot.GetPlayback().GetPlaying() {
		t.Fatalf("the room does not play: %v", a.Welcome.Snapshot.GetPlayback())
	}
	guest := s.guest(room.ID, "Ana", room.InviteCode)
	b := guest.dial(room.ID, dialOptions{binary: true})

	ack := a.say("hello <b>there</b>", "c1")
	got := event(b.next("the message", func(m *pb.ServerMessage) bool { return event(m).GetMessage() != nil }))
	if got.GetMessage().GetText() != "hello <b>there</b>" || got.Seq != ack.Seq {
		t.Errorf("got %v, acknowledged %v", got, ack)
	}
	if again := a.say("hello <b>there</b>", "c1"); again.Message.Id != ack.Message.Id {
		t.Errorf("a retry made a second message")
	}

	pos := 60_000.0
	if _, refusal := b.ask(&pb.ClientMessage{Body: &pb.ClientMessage_Intent{Intent: &pb.Intent{Op: pb.PlaybackOp_PLAYBACK_OP_SEEK, PositionMs: &pos, ClientId: "s1"}}}); refusal != nil {
		t.Fatalf("a guest of an open room may seek: %v", refusal)
	}
	moved := event(a.next("the seek", func(m *pb.ServerMessage) bool { return event(m).GetPlayback().GetClientId() == "s1" }))
	if moved.GetPlayback().GetPositionMs() != pos || moved.GetPlayback().GetSetByName() != "Ana" {
		t.Errorf("the room is at %v", moved.GetPlayback())
	}

	var history struct {
		Messages []struct{ Text string }
	}
	host.must("GET", "/api/v1/rooms/"+room.ID+"/messages", nil, &history)
	if len(history.Messages) != 1 {
		t.Errorf("history has %d messages, want 1", len(history.Messages))
	}
}

func TestResumeHasNoHoles(t *testing.T) {
	s := startServer(t)
	host := s.owner()
	room := host.createRoom(nil)
	a, b := host.dial(room.ID, dialOptions{}), s.guest(room.ID, "Bo", "").dial(room.ID, dialOptions{})
	a.say("one", "1")
	last := event(b.next("one", func(m *pb.ServerMessage) bool { return event(m).GetMessage() != nil })).Seq
	epoch := b.Welcome.Epoch
	b.ws.CloseNow()
	for i := range 8 {
		a.say(fmt.Sprint("missed ", i), fmt.Sprint("m", i))
	}
	again := s.guest(room.ID, "Bo", "").dial(room.ID, dialOptions{after: last, epoch: epoch})
	if !again.Welcome.Resumed || again.Welcome.Snapshot != nil {
		t.Fatalf("not resumed: %v", again.Welcome)
	}
	missed := 0
	for next := last + 1; missed < 8; next++ {
		ev := event(again.next("a missed event", func(m *pb.ServerMessage) bool { return m.GetEvent() != nil }))
		if ev.Seq != next {
			t.Fatalf("event %d came where %d was due", ev.Seq, next)
		}
		if ev.GetMessage() != nil {
			missed++
		}
	}
	for name, o := range map[string]dialOptions{"another epoch": {after: last, epoch: "else"}, "the future": {after: 1 << 30, epoch: epoch}} {
		fresh := host.dial(room.ID, o)
		if fresh.Welcome.Resumed || len(fresh.Welcome.Snapshot.GetMessages()) != 9 {
			t.Errorf("%s: want a snapshot with 9 messages, got %v", name, fresh.Welcome)
		}
	}
}

func TestKickedAndBannedSocketsCloseAtOnce(t *testing.T) {
	s := startServer(t)
	host := s.owner()
	room := host.createRoom(nil)
	for _, c := range []struct {
		name, path string
		code       int
	}{{"kick", "/members/%s/kick", 4410}, {"ban", "/bans", 4411}} {
		t.Run(c.name, func(t *testing.T) {
			guest := s.guest(room.ID, "Mika", "")
			sock := guest.dial(room.ID, dialOptions{})
			began := time.Now()
			path := c.path
			if c.name == "kick" {
				path = fmt.Sprintf(path, guest.id)
			}
			host.must("POST", "/api/v1/rooms/"+room.ID+path, map[string]any{"personId": guest.id, "reason": "too loud"}, nil)
			code, bye := sock.closed(2 * time.Second)
			if int(code) != c.code || bye.GetMayReturn() {
				t.Errorf("closed with %d %v, want %d", code, bye, c.code)
			}
			t.Logf("closed after %v", time.Since(began))
			if _, err := guest.tryDial(room.ID, dialOptions{}); err == nil {
				t.Error("came back with the old token")
			}
		})
	}
	var f *failure
	err := s.stranger().call("POST", "/api/v1/rooms/"+room.ID+"/guests", map[string]any{"name": "Mika again"}, nil)
	if f, _ = err.(*failure); f == nil || f.Code != "banned" {
		t.Errorf("a banned guest's network comes back: %v", err)
	}
}

func TestLogoutClosesSockets(t *testing.T) {
	s := startServer(t)
	user := s.register("ana")
	room := user.createRoom(nil)
	sock := user.dial(room.ID, dialOptions{})
	user.must("POST", "/api/v1/auth/logout", map[string]any{}, nil)
	if code, _ := sock.closed(2 * time.Second); code != 4401 {
		t.Errorf("closed with %d", code)
	}
	if err := user.call("GET", "/api/v1/me", nil, nil); err == nil {
		t.Error("the access token still works")
	}
}

func TestPresence(t *testing.T) {
	s := startServer(t)
	host := s.owner()
	room := host.createRoom(nil)
	a := host.dial(room.ID, dialOptions{})
	b := s.guest(room.ID, "Ana", "").dial(room.ID, dialOptions{})
	a.next("Ana to appear", func(m *pb.ServerMessage) bool {
		for _, p := range m.GetPresence().GetPeople() {
			if p.Name == "Ana" {
				return true
			}
		}
		return false
	})
	b.send(&pb.ClientMessage{Body: &pb.ClientMessage_Report{Report: &pb.Report{State: pb.PlayerState_PLAYER_STATE_LOADING, ErrorMs: 12, RttMs: 30}}})
	a.next("Ana to load", func(m *pb.ServerMessage) bool {
		for _, p := range m.GetPresence().GetPeople() {
			if p.Name == "Ana" && p.State == pb.PlayerState_PLAYER_STATE_LOADING && p.ErrorMs == 12 {
				return true
			}
		}
		return false
	})
	id := b.Welcome.SessionId
	b.ws.CloseNow()
	a.next("Ana to go", func(m *pb.ServerMessage) bool {
		for _, gone := range m.GetPresence().GetGone() {
			if gone == id {
				return true
			}
		}
		return false
	})
}
