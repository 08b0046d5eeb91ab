package e2e

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	pb "synctv/proto/synctv/v1"
)

// watch opens a stream as somebody and returns it with its welcome.
func (c *client) watch(room string, after uint32, epoch string, opts ...grpc.DialOption) (pb.RealtimeService_WatchClient, *pb.Welcome) {
	c.t.Helper()
	conn, err := grpc.NewClient(strings.TrimPrefix(c.base, "http://"), append(opts, grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { conn.Close() })
	ctx, cancel := context.WithTimeout(c.t.Context(), 2*time.Minute)
	c.t.Cleanup(cancel)
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+c.token)
	stream, err := pb.NewRealtimeServiceClient(conn).Watch(ctx, &pb.WatchRequest{RoomId: room, After: after, Epoch: epoch})
	if err != nil {
		c.t.Fatal(err)
	}
	first, err := stream.Recv()
	if err != nil || first.GetWelcome() == nil {
		c.t.Fatalf("no welcome: %v, %v", first, err)
	}
	return stream, first.GetWelcome()
}

// until reads a stream until a message fits.
func until(t *testing.T, stream pb.RealtimeService_WatchClient, what string, fits func(*pb.ServerMessage) bool) *pb.ServerMessage {
	t.Helper()
	for began := time.Now(); time.Since(began) < 15*time.Second; {
		m, err := stream.Recv()
		if err != nil {
			t.Fatalf("waiting for %s: %v", what, err)
		}
		if fits(m) {
			return m
		}
	}
	t.Fatalf("%s did not come", what)
	return nil
}

func TestWatchTellsWhatTheSocketTells(t *testing.T) {
	s := startServer(t)
	host := s.owner()
	room := host.createRoom(map[string]any{"media": []any{map[string]any{"url": "https://example.org/secret-path.mp4", "title": "Film"}}})
	guest := s.guest(room.ID, "Ana", "")
	stream, welcome := guest.watch(room.ID, 0, "")
	if welcome.Snapshot.GetMedia()[0].GetUrl() != "" {
		t.Error("a guest sees where somebody else's item comes from")
	}
	if _, own := host.watch(room.ID, 0, ""); own.Snapshot.GetMedia()[0].GetUrl() == "" {
		t.Error("the owner does not see the address")
	}
	host.must("POST", "/api/v1/rooms/"+room.ID+"/messages", map[string]any{"text": "hello"}, nil)
	var m *pb.ServerMessage
	here := false // who is here and what is said come in no promised order
	until(t, stream, "the message and who is here", func(got *pb.ServerMessage) bool {
		if event(got).GetMessage() != nil {
			m = got
		}
		here = here || len(got.GetPresence().GetPeople()) > 0
		return m != nil && here
	})

	again, resumed := guest.watch(room.ID, m.GetEvent().Seq-1, welcome.Epoch)
	if !resumed.Resumed || resumed.Snapshot != nil {
		t.Fatalf("not resumed: %v", resumed)
	}
	if missed := until(t, again, "what was missed", func(m *pb.ServerMessage) bool { return m.GetEvent() != nil }); missed.GetEvent().Seq != m.GetEvent().Seq {
		t.Errorf("missed %v", missed)
	}

	host.must("POST", "/api/v1/rooms/"+room.ID+"/members/"+guest.id+"/kick", map[string]any{"reason": "Late."}, nil)
	bye := until(t, stream, "the goodbye", func(m *pb.ServerMessage) bool { return m.GetGoodbye() != nil }).GetGoodbye()
	if bye.Code != "kicked" || bye.MayReturn {
		t.Errorf("goodbye: %v", bye)
	}
	if _, err := stream.Recv(); status.Code(err) != codes.PermissionDenied || codeOf(err) != "kicked" {
		t.Errorf("after the goodbye: %v", err)
	}
}

// TestNumbersHaveNoHolesForThoseWhoSeeLess takes members_view away from guests.
func TestNumbersHaveNoHolesForThoseWhoSeeLess(t *testing.T) {
	s := startServer(t)
	host := s.owner()
	room := host.createRoom(map[string]any{"settings": map[string]any{"guestsAllowed": true, "overrides": []any{map[string]any{"role": "ROOM_ROLE_GUEST", "deny": []string{"members_view"}}}}})
	stream, welcome := s.guest(room.ID, "Ana", "").watch(room.ID, 0, "")
	if len(welcome.Snapshot.GetPeople()) != 0 {
		t.Errorf("sees %v", welcome.Snapshot.GetPeople())
	}
	s.guest(room.ID, "Bo", "")
	host.must("POST", "/api/v1/rooms/"+room.ID+"/messages", map[string]any{"text": "hello"}, nil)
	next := welcome.Seq + 1
	until(t, stream, "the message", func(m *pb.ServerMessage) bool {
		if m.GetPresence() != nil {
			t.Errorf("presence for somebody without members_view: %v", m)
		}
		ev := m.GetEvent()
		if ev == nil {
			return false
		}
		if ev.Seq != next {
			t.Fatalf("number %d came where %d was due", ev.Seq, next)
		}
		next++
		if ev.GetMemberJoined() != nil || ev.GetByName() == "Bo" {
			t.Errorf("sees who joined: %v", ev)
		}
		return ev.GetMessage() != nil
	})
}

func TestAReaderWhoStopsIsSentAway(t *testing.T) {
	s := startServer(t, "SYNCTV_SERVER_TRUSTED_PROXIES=127.0.0.1", "SYNCTV_LOG_LEVEL=warn")
	host := s.owner()
	room := host.createRoom(nil)
	stream, _ := s.guest(room.ID, "Ana", "").watch(room.ID, 0, "", grpc.WithInitialWindowSize(65535), grpc.WithInitialConnWindowSize(65535))
	// It never reads. What 150 people say fills the window of 64 KiB, and then the queue.
	text, done := strings.Repeat("x", 2000), make(chan error)
	const people, each = 150, 10 // so many one may say at once
	for i := range people {
		g := &client{t: t, base: s.URL, address: elsewhere()}
		var tok tokensJSON
		g.must("POST", "/api/v1/rooms/"+room.ID+"/guests", map[string]any{"name": fmt.Sprint("G", i)}, &tok)
		g.token = tok.AccessToken
		go func() {
			var err error
			for range each {
				err = errors.Join(err, g.call("POST", "/api/v1/rooms/"+room.ID+"/messages", map[string]any{"text": text}, nil))
			}
			done <- err
		}()
	}
	for range people {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	n := 0
	for {
		_, err := stream.Recv()
		if err == nil {
			n++
			continue
		}
		if codeOf(err) != "unavailable" || n > people*each-100 {
			t.Errorf("after %d messages: %v", n, err)
		}
		return
	}
}

func TestWatchersAreToldWhenTheServerStops(t *testing.T) {
	s := startServer(t)
	host := s.owner()
	room := host.createRoom(nil)
	stream, _ := host.watch(room.ID, 0, "")
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for {
		_, err := stream.Recv()
		if err == nil {
			continue
		}
		if status.Code(err) != codes.Unavailable {
			t.Error(err)
		}
		break
	}
	select {
	case <-s.done:
	case <-time.After(20 * time.Second):
		t.Fatal("the server does not stop while somebody watches")
	}
}

// TestUpgradeOnAUsedConnection is what a reverse proxy does that keeps connections open.
func TestUpgradeOnAUsedConnection(t *testing.T) {
	s := startServer(t)
	host := s.owner()
	room := host.createRoom(nil)
	c, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(15 * time.Second))
	r := bufio.NewReader(c)
	for _, step := range []struct {
		request string
		status  int
	}{
		{"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n", 200},
		{"GET /ws/rooms/" + room.ID + " HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " +
			base64.StdEncoding.EncodeToString(make([]byte, 16)) + "\r\nSec-WebSocket-Protocol: synctv.v1.json\r\nAuthorization: Bearer " + host.token + "\r\n\r\n", 101},
	} {
		if _, err := io.WriteString(c, step.request); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(r, nil)
		if err != nil || resp.StatusCode != step.status {
			t.Fatalf("%v %v, want %d", resp, err, step.status)
		}
		if step.status != 101 {
			io.Copy(io.Discard, resp.Body)
		}
	}
	frame := make([]byte, 64)
	if n, err := io.ReadAtLeast(r, frame, 20); err != nil || !strings.Contains(string(frame[:n]), "welcome") {
		t.Fatalf("%q %v", frame[:n], err)
	}
}

// TestOnePortForAll talks to all three doors at once.
func TestOnePortForAll(t *testing.T) {
	s := startServer(t)
	conn, err := grpc.NewClient(strings.TrimPrefix(s.URL, "http://"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	native, err := pb.NewServerServiceClient(conn).GetServer(ctx, &pb.GetServerRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var rest struct{ Name, Version string }
	s.stranger().must("GET", "/api/v1/server", nil, &rest)
	if native.GetName() != rest.Name || native.GetVersion() != rest.Version || rest.Name == "" {
		t.Errorf("%v and %v", native, rest)
	}
	for _, path := range []string{"/", "/api/docs", "/api/openapi.json", "/health/ready"} {
		resp, err := http.Get(s.URL + path)
		if err != nil || resp.StatusCode != 200 {
			t.Fatal(path, resp, err)
		}
		resp.Body.Close()
	}
}
