package translate

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"synctv/app"
	"synctv/app/playback"
	synctvv1 "synctv/proto/synctv/v1"
)

// checkEnum walks every value the contract has for an enum: each must have exactly one word.
func checkEnum[P interface {
	~int32
	protoreflect.Enum
}, A ~string](t *testing.T, table []pair[P, A]) {
	t.Helper()
	var zero P
	values := zero.Descriptor().Values()
	name := string(zero.Descriptor().FullName())
	words := map[A]bool{}
	for i := range values.Len() {
		n := P(values.Get(i).Number())
		if n == 0 {
			if word, err := toWord(table, "f", n); word != "" || err != nil {
				t.Errorf("%s: unspecified is %q, %v", name, word, err)
			}
			if _, err := needWord(table, "f", n); app.CodeOf(err) != app.CodeInvalid {
				t.Errorf("%s: unspecified passes where a value is needed", name)
			}
			continue
		}
		word, err := needWord(table, "f", n)
		if err != nil || word == "" || words[word] {
			t.Errorf("%s: value %d is %q, %v", name, n, word, err)
		}
		words[word] = true
		if toWire(table, word) != n {
			t.Errorf("%s: %q does not come back", name, word)
		}
	}
	for _, n := range []P{99, -1} {
		if _, err := toWord(table, "f", n); app.CodeOf(err) != app.CodeInvalid || app.AsError(err).Field != "f" {
			t.Errorf("%s: unknown value %d passes: %v", name, n, err)
		}
	}
	if toWire(table, A("nonsense")) != 0 {
		t.Errorf("%s: nonsense has a value", name)
	}
}

func TestEveryEnumValueHasAWord(t *testing.T) {
	checkEnum(t, userRoles)
	checkEnum(t, roomRoles)
	checkEnum(t, visibilities)
	checkEnum(t, presets)
	checkEnum(t, waitPolicies)
	checkEnum(t, scopes)
	checkEnum(t, mediaKinds)
	checkEnum(t, deliveries)
	checkEnum(t, loops)
	checkEnum(t, ops)
	checkEnum(t, lanes)
	checkEnum(t, playerStates)
	checkEnum(t, streamStates)
	checkEnum(t, streamScopes)
	checkEnum(t, recordingStates)

	enums := 0
	protoregistry.GlobalTypes.RangeEnums(func(e protoreflect.EnumType) bool {
		if strings.HasPrefix(string(e.Descriptor().FullName()), "synctv.v1.") {
			enums++
		}
		return true
	})
	if enums != 15 {
		t.Errorf("the contract has %d enums; check the new ones here too", enums)
	}
}

func TestSettingsRoundTrip(t *testing.T) {
	cases := map[string]app.RoomSettings{
		"default": app.DefaultSettings(),
		"all": {Visibility: app.Private, Preset: app.PresetHost, GuestsAllowed: true, Capacity: 7, IdleTTL: 600, Wait: app.WaitStrict, SlowModeMs: 1500,
			Overrides: map[app.RoomRole]app.Override{app.RoleGuest: {Deny: app.ChatSend}, app.RoleMember: {Allow: app.MembersManage, Deny: app.VoiceUse}}},
	}
	for name, want := range cases {
		got, err := NewRoomSettings(RoomSettings(want))
		if err != nil || cmp.Diff(want, *got) != "" {
			t.Errorf("%s: %v %s", name, err, cmp.Diff(want, *got))
		}
	}
	if s, err := NewRoomSettings(nil); s != nil || err != nil {
		t.Error("nothing became something")
	}
}

func TestPlaybackHashSurvives(t *testing.T) {
	s := playback.State{Revision: 7, Epoch: "e", MediaID: "med_1", PositionMs: 61234.567, AtUs: 1_795_000_123_456_789, Rate: 1.25, Playing: true,
		LeadRate: 1, DurationMs: 7_200_000.5, Loop: playback.LoopAll, SetBy: "usr_1", ClientID: "c",
		Hold: &playback.Hold{Reason: playback.HoldSeek, Waiting: []string{"seat_a", "seat_b"}, UntilUs: 1_795_000_125_000_001}}
	p := Playback(s, "Ana")
	back := playback.State{Revision: p.Revision, Epoch: p.Epoch, MediaID: p.MediaId, PositionMs: p.PositionMs, AtUs: int64(p.AtMs*1000 + 0.5), Rate: p.Rate,
		Playing: p.Playing, LeadRate: p.LeadRate, DurationMs: p.DurationMs,
		Hold: &playback.Hold{Reason: playback.Reason(p.Hold.Reason), Waiting: p.Hold.Waiting, UntilUs: int64(p.Hold.UntilMs*1000 + 0.5)}}
	if back.Hash() != s.Hash() {
		t.Fatalf("the hash changes on the wire: %+v", p)
	}
	if p.SetByName != "Ana" || p.SetBy != "usr_1" || p.ClientId != "c" || p.Loop != synctvv1.LoopMode_LOOP_MODE_ALL {
		t.Fatalf("%+v", p)
	}
	if p := Playback(playback.New("e"), ""); p.Hold != nil || p.Loop != synctvv1.LoopMode_LOOP_MODE_OFF || p.Rate != 1 {
		t.Fatalf("%+v", p)
	}
}

func TestIntent(t *testing.T) {
	in := &synctvv1.Intent{Op: synctvv1.PlaybackOp_PLAYBACK_OP_SEEK, PositionMs: proto.Float64(5), Rate: proto.Float64(2), MediaId: "m",
		Loop: synctvv1.LoopMode_LOOP_MODE_ONE, BaseRevision: 3, BaseMediaId: "b", ClientId: "c"}
	got, err := Intent(in)
	five := 5.0
	want := playback.Intent{Op: playback.OpSeek, PositionMs: &five, Rate: 2, MediaID: "m", Loop: playback.LoopOne, BaseRevision: 3, BaseMediaID: "b", CID: "c"}
	if err != nil || cmp.Diff(want, got) != "" {
		t.Fatal(err, cmp.Diff(want, got))
	}
	for name, bad := range map[string]*synctvv1.Intent{"nil": nil, "no op": {}, "unknown op": {Op: 99}, "unknown loop": {Op: 1, Loop: 99}} {
		if _, err := Intent(bad); app.CodeOf(err) != app.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPage(t *testing.T) {
	for name, c := range map[string]struct {
		in   *synctvv1.PageRequest
		want int // 0 is an error
	}{
		"none": {nil, 50}, "zero": {&synctvv1.PageRequest{}, 50}, "one": {&synctvv1.PageRequest{Limit: 1}, 1}, "most": {&synctvv1.PageRequest{Limit: 200}, 200},
		"too many": {&synctvv1.PageRequest{Limit: 201}, 0}, "most of all": {&synctvv1.PageRequest{Limit: 1<<32 - 1}, 0},
		"long cursor": {&synctvv1.PageRequest{Cursor: strings.Repeat("x", 513)}, 0},
	} {
		got, err := Page(c.in)
		if got.Limit != c.want || (err != nil) != (c.want == 0) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestError(t *testing.T) {
	e := app.Invalid("name", "Too long.")
	e.RetryAfter = 1500*time.Millisecond + 1
	want := &synctvv1.ErrorInfo{Code: "invalid_argument", Message: "Too long.", Field: "name", RetryAfterMs: 1501, RequestId: "r"}
	if got := Error(fmt.Errorf("wrapped: %w", e), "r"); !proto.Equal(got, want) {
		t.Errorf("%v", got)
	}
	got := Error(errors.New("pq: password of user postgres is hush"), "r")
	if got.Code != "internal" || strings.Contains(got.String(), "hush") {
		t.Errorf("%v", got)
	}
	if Error(nil, "r") != nil {
		t.Error("nothing is an error")
	}
	if milliseconds(1e6*time.Hour) != 1<<32-1 {
		t.Error("a long wait overflows")
	}
}

func TestPatches(t *testing.T) {
	name := "x"
	invalid := map[string]func() error{
		"role 0": func() error {
			_, err := UserPatch(&synctvv1.UpdateUserRequest{Role: synctvv1.UserRole(0).Enum()})
			return err
		},
		"role 9": func() error {
			_, err := UserPatch(&synctvv1.UpdateUserRequest{Role: synctvv1.UserRole(9).Enum()})
			return err
		},
		"room role 9": func() error {
			_, err := MemberPatch(&synctvv1.UpdateMemberRequest{Role: synctvv1.RoomRole(9).Enum()})
			return err
		},
		"unset overrides": func() error {
			_, err := MemberPatch(&synctvv1.UpdateMemberRequest{Allow: []string{"chat_send"}})
			return err
		},
		"unknown permission": func() error {
			_, err := MemberPatch(&synctvv1.UpdateMemberRequest{SetOverrides: true, Deny: []string{"fly"}})
			return err
		},
		"unset subtitles": func() error {
			_, err := MediaPatch(&synctvv1.UpdateMediaRequest{Subtitles: []*synctvv1.Subtitle{{}}})
			return err
		},
		"delivery 0": func() error {
			_, err := MediaPatch(&synctvv1.UpdateMediaRequest{Delivery: synctvv1.Delivery(0).Enum()})
			return err
		},
		"kind 9":         func() error { _, err := NewMediaList([]*synctvv1.NewMedia{{Kind: 9}}); return err },
		"lane 9":         func() error { _, err := NewMessage("x", "", &synctvv1.Danmaku{Lane: 9}); return err },
		"player state 0": func() error { _, err := Report(&synctvv1.Report{}); return err },
		"one role twice": func() error {
			_, err := NewRoomSettings(&synctvv1.RoomSettings{Overrides: []*synctvv1.PermissionOverride{{Role: 1}, {Role: 1}}})
			return err
		},
		"many overrides": func() error {
			_, err := NewRoomSettings(&synctvv1.RoomSettings{Overrides: make([]*synctvv1.PermissionOverride, 5)})
			return err
		},
	}
	for what, f := range invalid {
		if e := app.AsError(f()); e == nil || e.Code != app.CodeInvalid || e.Field == "" {
			t.Errorf("%s: %v", what, e)
		}
	}
	p, err := UserPatch(&synctvv1.UpdateUserRequest{DisplayName: &name, Role: synctvv1.UserRole_USER_ROLE_ADMIN.Enum()})
	if err != nil || *p.DisplayName != "x" || *p.Role != app.UserAdmin || p.Password != nil || p.Disabled != nil {
		t.Error(p, err)
	}
	m, err := MediaPatch(&synctvv1.UpdateMediaRequest{SetSubtitles: true})
	if err != nil || m.Subtitles == nil || len(*m.Subtitles) != 0 {
		t.Error("subtitles cannot be cleared", m, err)
	}
	own, err := MemberPatch(&synctvv1.UpdateMemberRequest{SetOverrides: true, Allow: []string{"chat_send"}, Deny: []string{"voice_use"}})
	if err != nil || own.Own.Allow != app.ChatSend || own.Own.Deny != app.VoiceUse {
		t.Error(own, err)
	}
}

const secret = "HUSH"

func loadedMedia() app.Media {
	return app.Media{ID: "med_1", RoomID: "room_1", Kind: app.MediaItem, Title: "Film", URL: "https://origin/" + secret, AddedBy: "usr_9",
		Meta: app.MediaMeta{Headers: map[string]string{secret: secret, "Cookie": secret}, Subtitles: []app.Subtitle{{URL: "https://origin/" + secret, Label: "English"}}}}
}

func loadedRoom() app.Room {
	return app.Room{ID: "room_1", Name: "Room", PasswordHash: secret, InviteCode: secret, Settings: app.DefaultSettings()}
}

// TestNothingLeaks serialises everything that goes to people without special rights and looks for secrets in it.
func TestNothingLeaks(t *testing.T) {
	media, room := loadedMedia(), loadedRoom()
	member := app.Member{ID: "gst_1", Name: "Ana", AddressKey: secret}
	user := app.User{ID: "usr_1", Username: "ana", PasswordHash: secret}
	events := []app.EventBody{app.MediaAdded{Media: []app.Media{media}}, app.MediaChanged{Media: []app.Media{media}}, app.MemberJoined{Member: member},
		app.MemberChanged{Member: member}, app.RoomChanged{Room: room},
		app.MessageChanged{Message: app.Message{ID: "msg_1", Text: secret, Deleted: true, Danmaku: &app.Danmaku{}}}}
	messages := map[string]proto.Message{
		"media":         Media(media, NoEditor),
		"room":          Room(app.RoomInfo{Room: room}),
		"room of event": EventRoom(room),
		"member":        Member(app.MemberInfo{Member: member}),
		"user":          User(user),
		"tokens":        Tokens(app.Tokens{User: &user}),
		"ban":           &synctvv1.ListBansResponse{Bans: Bans([]app.Ban{{ID: "gst_1", AddressKey: secret}})},
		"snapshot": Welcome(app.Welcome{Me: app.MemberInfo{Member: member}, Snapshot: &app.Snapshot{Room: app.RoomInfo{Room: room},
			Media: []app.Media{media}, Current: &media, Messages: []app.Message{{Text: secret, Deleted: true}}}}, "1"),
		"stream":   Stream(app.StreamInfo{Stream: app.Stream{ID: "str_1", Title: "Show"}, Ingest: app.Ingest{RTMP: secret, RTMPS: secret}}),
		"keys":     &synctvv1.ListPublishKeysResponse{Keys: PublishKeys([]app.PublishKey{{ID: "key_1", Hash: []byte(secret)}})},
		"made":     MadeKey(app.MadeKey{PublishKey: app.PublishKey{ID: "key_1", Hash: []byte(secret)}, Secret: "key_1.shown once"}),
		"sessions": &synctvv1.ListStreamSessionsResponse{Sessions: StreamSessions([]app.StreamSession{{ID: "x", Key: secret}})},
		"error":    Error(app.Wrap(app.CodeUnavailable, errors.New(secret), "Try again."), ""),
	}
	for _, b := range events {
		messages[fmt.Sprintf("%T", b)] = Event(app.Event{Body: b}, NoEditor)
	}
	for name, m := range messages {
		binary, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		text, err := protojson.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(binary)+string(text), secret) {
			t.Errorf("%s tells a secret: %s", name, text)
		}
	}
	if r := Room(app.RoomInfo{Room: room}); !r.HasPassword {
		t.Error("nobody learns that there is a password")
	}
}

// TestEditorsSeeAddresses and nothing more than that.
func TestEditorsSeeAddresses(t *testing.T) {
	m := Media(loadedMedia(), func(app.Media) bool { return true })
	if m.Url != "https://origin/"+secret || m.Subtitles[0].Url != "https://origin/"+secret {
		t.Errorf("%v", m)
	}
	m.Url, m.Subtitles[0].Url = "", ""
	text, err := protojson.Marshal(m)
	if err != nil || strings.Contains(string(text), secret) {
		t.Errorf("headers are shown: %s %v", text, err)
	}
	if r := Room(app.RoomInfo{Room: loadedRoom(), ShowInvite: true}); r.InviteCode != secret {
		t.Error("nobody can invite")
	}
}

// TestContractHasNoPlaceForSecrets looks at what the answers of the contract could carry at all.
func TestContractHasNoPlaceForSecrets(t *testing.T) {
	allowed := map[string]bool{ // requests, and what the holder must get
		"synctv.v1.NewMedia.headers": true, "synctv.v1.User.has_password": true, "synctv.v1.Room.has_password": true, "synctv.v1.InvitePreview.needs_password": true,
		"synctv.v1.PublishKey.secret": true, "synctv.v1.StreamSession.address": true,
	}
	protoregistry.GlobalTypes.RangeMessages(func(m protoreflect.MessageType) bool {
		d := m.Descriptor()
		if !strings.HasPrefix(string(d.FullName()), "synctv.v1.") || strings.HasSuffix(string(d.Name()), "Request") {
			return true
		}
		for i := range d.Fields().Len() {
			f := d.Fields().Get(i)
			for _, word := range []string{"password", "hash", "header", "address", "secret"} {
				beacon := f.FullName() == "synctv.v1.Beacon.hash"
				if strings.Contains(string(f.Name()), word) && !allowed[string(f.FullName())] && !beacon {
					t.Errorf("%s: should an answer have this?", f.FullName())
				}
			}
		}
		return true
	})
}

// TestEveryEventHasABody makes sure that a new kind of event cannot be forgotten here.
func TestEveryEventHasABody(t *testing.T) {
	bodies := []app.EventBody{app.PlaybackChanged{State: playback.New("e")}, app.MessageSent{}, app.MessageChanged{}, app.MediaAdded{}, app.MediaChanged{}, app.MediaRemoved{},
		app.MemberJoined{}, app.MemberChanged{}, app.MemberRemoved{}, app.RoomChanged{}, app.RoomClosed{}}
	seen := map[string]bool{}
	for _, b := range bodies {
		m := Event(app.Event{Seq: 5, At: 1500, By: "usr_1", ByName: "Ana", Body: b}, NoEditor).GetEvent()
		if m.Body == nil {
			t.Errorf("%T has no body", b)
		}
		seen[fmt.Sprintf("%T", m.Body)] = true
		if m.Seq != 5 || m.AtMs != 1.5 || m.By != "usr_1" || m.ByName != "Ana" {
			t.Errorf("%T: %v", b, m)
		}
	}
	want := (&synctvv1.RoomEvent{}).ProtoReflect().Descriptor().Oneofs().ByName("body").Fields().Len()
	if len(seen) != want {
		t.Errorf("%d kinds of bodies are made, the contract has %d", len(seen), want)
	}
	ev := Event(app.Event{By: "usr_1", ByName: "Ana", Body: app.PlaybackChanged{State: playback.State{SetBy: "usr_1"}}}, NoEditor)
	if ev.GetEvent().GetPlayback().GetSetByName() != "Ana" {
		t.Error("nobody knows who set the playback")
	}
	ev = Event(app.Event{Body: app.PlaybackChanged{State: playback.State{SetBy: "usr_1"}}}, NoEditor)
	if ev.GetEvent().GetPlayback().GetSetByName() != "" {
		t.Error("a name out of nowhere")
	}
}

func TestServerMessages(t *testing.T) {
	p := Presence(app.PresenceDelta{Full: true, Gone: []app.SeatID{"seat_1"}, People: []app.Presence{{Seat: "seat_2", Person: "usr_1", Name: "Ana",
		Role: app.RoleOwner, State: app.PlayerStalled, PositionMs: 1, ErrorMs: -2, RTTMs: 3, BufferedMs: 4, Free: true, Joined: 5000}}}).GetPresence()
	want := &synctvv1.PresenceUpdate{Full: true, Gone: []string{"seat_1"}, People: []*synctvv1.Person{{SessionId: "seat_2", PersonId: "usr_1", Name: "Ana",
		Role: synctvv1.RoomRole_ROOM_ROLE_OWNER, State: synctvv1.PlayerState_PLAYER_STATE_STALLED, PositionMs: 1, ErrorMs: -2, RttMs: 3, BufferedMs: 4, Free: true, JoinedMs: 5}}}
	if !proto.Equal(p, want) {
		t.Errorf("%v", p)
	}
	b := Beacon(app.Beacon{Seq: 1, Revision: 2, Hash: 3, Now: 4500}).GetBeacon()
	if !proto.Equal(b, &synctvv1.Beacon{Seq: 1, Revision: 2, Hash: 3, ServerMs: 4.5}) {
		t.Errorf("%v", b)
	}
	g := Goodbye(app.CodeKicked, "Bye.", time.Second, true).GetGoodbye()
	if !proto.Equal(g, &synctvv1.Goodbye{Code: "kicked", Message: "Bye.", RetryAfterMs: 1000, MayReturn: true}) {
		t.Errorf("%v", g)
	}
	w := Welcome(app.Welcome{Seat: "seat_1", Seq: 9, Epoch: "e", Resumed: true, Now: 2000, Me: app.MemberInfo{Permissions: app.ChatSend}}, "1.2").GetWelcome()
	if w.Snapshot != nil || w.SessionId != "seat_1" || w.Seq != 9 || !w.Resumed || w.ServerMs != 2 || w.ServerVersion != "1.2" || w.Me.Permissions[0] != "chat_send" {
		t.Errorf("%v", w)
	}
}

func TestReport(t *testing.T) {
	got, err := Report(&synctvv1.Report{State: synctvv1.PlayerState_PLAYER_STATE_PLAYING, PositionMs: 1, ErrorMs: 2, RttMs: 3, JitterMs: 4, BufferedMs: 5,
		ReadyRevision: 6, ClockErrorMs: 7, Free: true, DurationMs: 8, MediaId: "m"})
	want := app.Report{State: app.PlayerPlaying, PositionMs: 1, ErrorMs: 2, RTTMs: 3, JitterMs: 4, BufferedMs: 5, ReadyRevision: 6, ClockMs: 7, Free: true, DurationMs: 8, MediaID: "m"}
	if err != nil || got != want {
		t.Fatal(got, err)
	}
}

func TestListsAreNeverNull(t *testing.T) {
	text, err := protojson.MarshalOptions{EmitDefaultValues: true}.Marshal(Source(app.Source{}))
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	if list, ok := m["variants"].([]any); !ok || len(list) != 0 {
		t.Fatalf("%s", text)
	}
}
