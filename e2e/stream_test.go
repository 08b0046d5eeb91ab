package e2e

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	pb "synctv/proto/synctv/v1"
)

type streamJSON struct {
	ID, Title, Visibility, State string
	RoomID                       string `json:"roomId"`
	Mine                         bool
	Ingest                       *ingestJSON
	Playback                     struct {
		HLSURL  string `json:"hlsUrl"`
		FLVURL  string `json:"flvUrl"`
		RTMPURL string `json:"rtmpUrl"`
	}
}

type ingestJSON struct {
	RTMP  string `json:"rtmpServer"`
	RTMPS string `json:"rtmpsServer"`
}

type keyJSON struct {
	ID, Secret, Label string
	SingleUse         bool
	ExpiresMs         float64 `json:"expiresMs"`
}

type madeStream struct {
	Stream streamJSON
	Key    keyJSON
}

// TestAStreamFromBirthToDeath over REST: keys, tokens, rights.
func TestAStreamFromBirthToDeath(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	owner, member := s.owner(), s.register("member")
	room := owner.createRoom(nil)
	member.must("POST", "/api/v1/rooms/"+room.ID+"/join", map[string]any{}, nil)
	guest, stranger := s.guest(room.ID, "Guest", ""), s.register("stranger")
	var made madeStream
	member.must("POST", "/api/v1/streams", map[string]any{"title": "Concert", "roomId": room.ID}, &made)
	st, at := made.Stream, "/api/v1/streams/"+made.Stream.ID
	if st.Title != "Concert" || st.Visibility != "VISIBILITY_PRIVATE" || st.State != "STREAM_STATE_IDLE" || st.RoomID != room.ID || !st.Mine ||
		st.Ingest == nil || *st.Ingest != (ingestJSON{}) || !strings.HasPrefix(st.Playback.HLSURL, s.URL+"/live/"+st.ID+"/index.m3u8?token=pt_") {
		t.Fatalf("%+v", st)
	}
	if !strings.HasPrefix(made.Key.Secret, made.Key.ID+".") {
		t.Fatalf("%+v", made.Key)
	}

	// Keys: one more, the list without secrets, a new one in place of all.
	var once keyJSON
	member.must("POST", at+"/keys", map[string]any{"label": "Phone", "singleUse": true, "ttlSeconds": 3600}, &once)
	if once.Label != "Phone" || !once.SingleUse || once.ExpiresMs == 0 || once.Secret == "" {
		t.Errorf("%+v", once)
	}
	keys := func() (list struct{ Keys []keyJSON }) {
		member.must("GET", at+"/keys", nil, &list)
		for _, k := range list.Keys {
			if k.Secret != "" {
				t.Errorf("the secret is told twice: %+v", k)
			}
		}
		return list
	}
	if got := keys().Keys; len(got) != 2 || got[0].ID != once.ID {
		t.Errorf("%+v", got)
	}
	member.must("DELETE", at+"/keys/"+once.ID, nil, nil)
	var rotated keyJSON
	member.must("POST", at+"/keys", map[string]any{"rotate": true}, &rotated)
	if got := keys().Keys; len(got) != 1 || got[0].ID != rotated.ID {
		t.Errorf("after rotating: %+v", got)
	}

	// Tokens: for somebody without any right, until they are revoked.
	var token struct{ Token string }
	member.must("POST", at+"/tokens", map[string]any{"ttlSeconds": 600}, &token)
	nobody := s.stranger()
	var seen streamJSON
	nobody.must("GET", at+"?token="+token.Token, nil, &seen)
	if seen.Mine || seen.Ingest != nil || !strings.HasSuffix(seen.Playback.FLVURL, ".flv?token="+token.Token) {
		t.Errorf("%+v", seen)
	}
	member.must("DELETE", at+"/tokens", nil, nil)
	for who, c := range map[string]*client{"nobody": nobody, "stranger": stranger} {
		for _, path := range []string{at, at + "?token=" + token.Token} {
			if got := restCode(c.call("GET", path, nil, nil)); got != "not_found" {
				t.Errorf("%s at %s: %s", who, path, got)
			}
		}
	}
	guest.must("GET", at, nil, &seen)
	if got := restCode(guest.call("POST", at+"/tokens", map[string]any{}, nil)); got != "permission_denied" {
		t.Error("a guest makes tokens:", got)
	}

	// As an item of the room; then it goes.
	var added struct{ Media []struct{ ID, Title string } }
	member.must("POST", "/api/v1/rooms/"+room.ID+"/media", map[string]any{"media": []any{map[string]any{"provider": "live", "url": st.ID}}}, &added)
	var source struct {
		Live     bool
		Variants []struct{ URL, Container string }
	}
	guest.must("GET", "/api/v1/rooms/"+room.ID+"/media/"+added.Media[0].ID+"/source", nil, &source)
	if added.Media[0].Title != "Concert" || !source.Live || len(source.Variants) != 2 || source.Variants[0].Container != "hls" ||
		!strings.HasPrefix(source.Variants[0].URL, "/live/"+st.ID+"/index.m3u8?token=pt_") || !strings.HasPrefix(source.Variants[1].URL, "/live/"+st.ID+".flv?token=pt_") {
		t.Errorf("%+v %+v", added, source)
	}
	owner.must("DELETE", at, nil, nil)
	if got := restCode(member.call("GET", at, nil, nil)); got != "not_found" {
		t.Error(got)
	}
}

func restCode(err error) string {
	if f, ok := err.(*failure); ok {
		return f.Code
	}
	if err == nil {
		return "ok"
	}
	return err.Error()
}

// TestStreamsAreTheSameOnEverySurface makes by gRPC what REST reads and a room's socket hears of.
func TestStreamsAreTheSameOnEverySurface(t *testing.T) {
	t.Parallel()
	s := startServer(t, "SYNCTV_LIVESTREAM_PUBLIC_RTMP_URL=rtmps://in.example", "SYNCTV_LIVESTREAM_PUBLIC_HTTP_URL=https://cdn.example")
	owner, other := s.owner(), s.register("other")
	room := owner.createRoom(nil)
	conn, err := grpc.NewClient(strings.TrimPrefix(s.URL, "http://"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	streams := pb.NewStreamServiceClient(conn)
	as := func(c *client) context.Context {
		return metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+c.token)
	}
	made, err := streams.CreateStream(as(owner), &pb.CreateStreamRequest{Title: "Show", Visibility: pb.Visibility_VISIBILITY_UNLISTED})
	if err != nil {
		t.Fatal(err)
	}
	id := made.Stream.Id
	var seen streamJSON
	s.stranger().must("GET", "/api/v1/streams/"+id, nil, &seen)
	if seen.Title != "Show" || seen.Playback.HLSURL != "https://cdn.example/live/"+id+"/index.m3u8" || made.Stream.Ingest.RtmpsServer != "rtmps://in.example/live" {
		t.Errorf("%+v %+v", seen, made)
	}
	if _, err := streams.UpdateStream(as(other), &pb.UpdateStreamRequest{StreamId: id}); codeOf(err) != "permission_denied" {
		t.Error(err)
	}
	watch, _ := owner.watch(room.ID, 0, "")
	socket := owner.dial(room.ID, dialOptions{})
	owner.must("POST", "/api/v1/rooms/"+room.ID+"/media", map[string]any{"media": []any{map[string]any{"provider": "live", "url": id}}}, nil)
	item := until(t, watch, "the item", func(m *pb.ServerMessage) bool { return event(m).GetMediaAdded() != nil })
	if m := event(item).GetMediaAdded().Media[0]; m.Provider != "live" || !m.Live || m.Title != "Show" || m.Url != id {
		t.Errorf("%v", m)
	}
	for {
		m, err := socket.read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if added := m.GetEvent().GetMediaAdded(); added != nil {
			if added.Media[0].Title != "Show" || !added.Media[0].Live {
				t.Errorf("%v", added)
			}
			break
		}
	}
	list, err := streams.ListStreams(as(owner), &pb.ListStreamsRequest{Scope: pb.ListStreamsRequest_SCOPE_MINE})
	if err != nil || len(list.Streams) != 1 || list.Streams[0].Id != id {
		t.Error(list, err)
	}
}
