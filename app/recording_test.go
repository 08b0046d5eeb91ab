package app_test

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"synctv/app"
	"synctv/app/apptest"
)

// recordHouse is a private stream of a room that is live, and everybody around it.
type recordHouse struct {
	*apptest.Node
	t       *testing.T
	live    *apptest.Live
	room    app.RoomInfo
	stream  app.Stream
	session app.StreamSession
	owner   app.Actor // of room and stream
	member  app.Actor
	guest   app.Actor
	foreign app.Actor
}

func newRecordHouse(t *testing.T, visibility app.Visibility, inRoom bool) *recordHouse {
	t.Helper()
	n := apptest.NewHouse().Open(t)
	h := &recordHouse{Node: n, t: t, live: n.Attach(), owner: n.User(t, "owner"), foreign: n.User(t, "foreign")}
	h.room = n.Room(t, h.owner, app.NewRoom{})
	h.member = n.Member(t, h.room, "member")
	h.guest = n.Guest(t, h.room, "Guest")
	in := app.NewStream{Title: "Show", Visibility: visibility}
	if inRoom {
		in.Room = h.room.Room.ID
	}
	info, key, err := n.CreateStream(t.Context(), apptest.Home, h.owner, in)
	if err != nil {
		t.Fatal(err)
	}
	h.stream = info.Stream
	p, err := n.AdmitPublisher(t.Context(), apptest.Home, key.Secret)
	if err != nil {
		t.Fatal(err)
	}
	h.session = p.Session
	return h
}

func (h *recordHouse) publish() {
	h.t.Helper()
	h.live.Publish(h.stream.ID, h.session)
	if err := h.StreamOnline(h.t.Context(), h.stream.ID, app.StreamMedia{}, h.session); err != nil {
		h.t.Fatal(err)
	}
}

// film makes a recording that is complete.
func (h *recordHouse) film() app.Recording {
	h.t.Helper()
	r, err := h.BeginRecording(h.t.Context(), h.stream.ID, app.RecordingMedia{VideoCodec: "H.264", Codecs: []string{"avc1.64001f"}, Width: 1280, Height: 720})
	if err == nil {
		err = h.KeepRecording(h.t.Context(), r.ID, 1000, 10)
	}
	if err == nil {
		err = h.EndRecording(h.t.Context(), r.ID, 61_000, 1000)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return r
}

func (h *recordHouse) wants(what string, want bool) {
	h.t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for {
		on, _ := h.live.Recorded(h.stream.ID)
		if on == want {
			return
		}
		if time.Now().After(deadline) {
			h.t.Fatalf("%s: recorded is %v", what, on)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// TestRecordingIsDirected: the media part is told what is wanted of a stream, from whichever side it changes.
func TestRecordingIsDirected(t *testing.T) {
	h := newRecordHouse(t, app.Private, true)
	ctx := t.Context()
	if _, err := h.StartRecording(ctx, apptest.Home, h.owner, h.stream.ID); app.CodeOf(err) != app.CodeConflict {
		t.Errorf("nobody publishes: %v", err)
	}
	h.publish()
	h.wants("published", false)
	info, err := h.StartRecording(ctx, apptest.Home, h.owner, h.stream.ID)
	if err != nil || !info.Recording {
		t.Fatalf("%+v, %v", info, err)
	}
	h.wants("started", true)
	if info, err = h.StopRecording(ctx, apptest.Home, h.owner, h.stream.ID); err != nil || info.Recording {
		t.Fatalf("%+v, %v", info, err)
	}
	h.wants("stopped", false)
	on, off := true, false
	if info, err = h.UpdateStream(ctx, apptest.Home, h.owner, h.stream.ID, app.StreamPatch{Record: &on}); err != nil || !info.Stream.Record || !info.Recording {
		t.Fatalf("%+v, %v", info, err)
	}
	h.wants("every broadcast", true)
	if _, err := h.StopRecording(ctx, apptest.Home, h.owner, h.stream.ID); err != nil {
		t.Fatal(err)
	}
	h.wants("but not this one", false)
	h.session.ID, h.session.Since = h.session.ID+"2", h.Now()+app.Time(time.Hour.Microseconds())
	h.StreamOffline(ctx, h.stream.ID, app.StreamSession{ID: strings.TrimSuffix(h.session.ID, "2")}, app.StreamStopped)
	h.publish()
	h.wants("the next one", true)
	if info, err = h.UpdateStream(ctx, apptest.Home, h.owner, h.stream.ID, app.StreamPatch{Record: &off}); err != nil || info.Recording {
		t.Fatalf("%+v, %v", info, err)
	}
	h.wants("none", false)
}

// TestRecordingResumes: what was asked for goes on when the server crashed in the middle of it, and not the next day.
func TestRecordingResumes(t *testing.T) {
	for _, c := range []struct {
		name string
		seen time.Duration // since the newest recording was
		want bool
	}{{"at once", 10 * time.Second, true}, {"much later", 2 * time.Minute, false}} {
		t.Run(c.name, func(t *testing.T) {
			h := newRecordHouse(t, app.Private, true)
			h.publish()
			if _, err := h.StartRecording(t.Context(), apptest.Home, h.owner, h.stream.ID); err != nil {
				t.Fatal(err)
			}
			r := h.film()
			if _, err := h.House.Store.UpdateRecording(t.Context(), r.ID, func(r *app.Recording) error { r.Seen = h.Now().Add(-c.seen); return nil }); err != nil {
				t.Fatal(err)
			}
			other := h.House.Open(t) // a node that knows nothing of the broadcast
			live := other.Attach()
			s := h.session
			s.ID, s.Since = s.ID+"2", h.Now().Add(time.Second)
			if err := other.StreamOnline(t.Context(), h.stream.ID, app.StreamMedia{}, s); err != nil {
				t.Fatal(err)
			}
			if on, _ := live.Recorded(h.stream.ID); on != c.want {
				t.Errorf("recorded is %v", on)
			}
		})
	}
}

// TestWhoMayHaveRecordings walks every call with everybody. Who manages the stream may; who may only watch it is told so, and
// who may not hears of nothing.
func TestWhoMayHaveRecordings(t *testing.T) {
	const denied, none, unauth = app.CodeForbidden, app.CodeNotFound, app.CodeUnauthenticated
	for _, c := range []struct {
		name       string
		visibility app.Visibility
		inRoom     bool
		want       map[string]app.Code
	}{
		{"private, of a room", app.Private, true, map[string]app.Code{"nobody": unauth, "foreign": none, "guest": denied, "member": denied, "owner": "", "root": ""}},
		{"private, of its own", app.Private, false, map[string]app.Code{"nobody": unauth, "foreign": none, "guest": none, "member": none, "owner": "", "root": ""}},
		{"public", app.Public, false, map[string]app.Code{"nobody": unauth, "foreign": denied, "guest": denied, "member": denied, "owner": "", "root": ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newRecordHouse(t, c.visibility, c.inRoom)
			h.publish()
			film := h.film()
			ctx := t.Context()
			for who, by := range map[string]app.Actor{"nobody": {}, "foreign": h.foreign, "guest": h.guest, "member": h.member, "owner": h.owner, "root": h.Root(t)} {
				_, start := h.StartRecording(ctx, apptest.Home, by, h.stream.ID)
				_, stop := h.StopRecording(ctx, apptest.Home, by, h.stream.ID)
				list, _, listed := h.ListRecordings(ctx, apptest.Home, by, h.stream.ID, app.Page{Limit: 5})
				info, got := h.GetRecording(ctx, apptest.Home, by, film.ID)
				for what, err := range map[string]error{"start": start, "stop": stop, "list": listed, "get": got} {
					if err != nil && app.CodeOf(err) != c.want[who] || err == nil && c.want[who] != "" {
						t.Errorf("%s, %s: %v, want %q", who, what, err, c.want[who])
					}
				}
				if c.want[who] != "" && (len(list) > 0 || info.PlayURL != "") {
					t.Errorf("%s gets %v %v", who, list, info)
				}
				if c.want[who] != "" {
					if err := h.DeleteRecording(ctx, by, film.ID); app.CodeOf(err) != c.want[who] {
						t.Errorf("%s, delete: %v", who, err)
					}
				}
			}
			mine, _, err := h.ListRecordings(ctx, apptest.Home, h.owner, "", app.Page{Limit: 5})
			if err != nil || len(mine) != 1 {
				t.Errorf("of all streams: %v, %v", mine, err)
			}
			if others, _, err := h.ListRecordings(ctx, apptest.Home, h.foreign, "", app.Page{Limit: 5}); err != nil || len(others) != 0 {
				t.Errorf("foreign ones: %v, %v", others, err)
			}
			if err := h.DeleteRecording(ctx, h.owner, film.ID); err != nil {
				t.Error(err)
			}
			if _, tidied := h.live.Recorded(h.stream.ID); tidied != 1 {
				t.Errorf("files were removed %d times", tidied)
			}
			if _, err := h.GetRecording(ctx, apptest.Home, h.owner, film.ID); app.CodeOf(err) != none {
				t.Errorf("deleted: %v", err)
			}
		})
	}
}

// TestRecordingTokens: an address is good for whom it was made, as long as they may, for this recording, and not for ever.
func TestRecordingTokens(t *testing.T) {
	h := newRecordHouse(t, app.Private, false)
	h.publish()
	film, other := h.film(), h.film()
	ctx := t.Context()
	admit := func(id app.RecordingID, token string) error {
		_, err := h.AdmitRecording(ctx, app.Origin{Address: netip.MustParseAddr("192.0.2.9")}, id, token)
		return err
	}
	info, err := h.GetRecording(ctx, apptest.Home, h.owner, film.ID)
	if err != nil {
		t.Fatal(err)
	}
	own := tokenIn(info.PlayURL)
	play, err := h.CreatePlayToken(ctx, h.owner, h.stream.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		id    app.RecordingID
		token string
		want  app.Code
	}{
		"its own": {film.ID, own, ""}, "of another recording": {other.ID, own, app.CodeUnauthenticated}, "none": {film.ID, "", app.CodeUnauthenticated},
		"changed": {film.ID, own[:len(own)-2] + "AA", app.CodeUnauthenticated}, "of the stream": {film.ID, play.Token, app.CodeUnauthenticated},
		"much": {film.ID, "rp_" + strings.Repeat("x", 5000), app.CodeUnauthenticated}, "no recording": {"rec_x", own, app.CodeUnauthenticated},
	} {
		if err := admit(c.id, c.token); app.CodeOf(err) != c.want && err != nil || err == nil && c.want != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	// As an item of the room, for who is there.
	g := h.Grant(t, h.owner, h.room.Room.ID, app.MediaAdd)
	media, err := h.AddMedia(ctx, g, app.AddMedia{Items: []app.NewMedia{{Provider: "recording", URL: string(film.ID)}}})
	if err != nil {
		t.Fatal(err)
	}
	if m := media[0]; m.DurationMs != 61_000 || !strings.HasPrefix(m.Title, "Show · 20") || m.Meta.Container != "mp4" || m.Meta.Live {
		t.Errorf("%+v", m)
	}
	shown := func(by app.Actor) string {
		t.Helper()
		s, err := h.ResolveMedia(ctx, h.Grant(t, by, h.room.Room.ID, app.RoomView), media[0].ID)
		if err != nil || len(s.Variants) != 1 || s.DurationMs != 61_000 || s.Live || s.Expires == 0 {
			t.Fatalf("%+v, %v", s, err)
		}
		return tokenIn(s.Variants[0].URL)
	}
	forMember, forGuest := shown(h.member), shown(h.guest)
	for name, token := range map[string]string{"member": forMember, "guest": forGuest} {
		if err := admit(film.ID, token); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := admit(other.ID, token); app.CodeOf(err) != app.CodeUnauthenticated {
			t.Errorf("%s, another recording: %v", name, err)
		}
	}
	if _, err := h.AddMedia(ctx, h.Grant(t, h.member, h.room.Room.ID, app.MediaAdd), app.AddMedia{Items: []app.NewMedia{{Provider: "recording", URL: string(film.ID)}}}); app.CodeOf(err) != app.CodeInvalid {
		t.Errorf("a member shows a foreign recording: %v", err)
	}
	// Who is sent away cannot go on with the address they have.
	if err := h.Kick(ctx, h.Grant(t, h.owner, h.room.Room.ID, app.MembersManage), h.guest.Person(), ""); err != nil {
		t.Fatal(err)
	}
	if err := admit(film.ID, forGuest); app.CodeOf(err) != app.CodeUnauthenticated {
		t.Errorf("who was sent away: %v", err)
	}
	// Nor anybody when the tokens of the stream are revoked, or the recording goes.
	if err := h.RevokePlayTokens(ctx, h.owner, h.stream.ID); err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{"owner": own, "member": forMember} {
		if err := admit(film.ID, token); app.CodeOf(err) != app.CodeUnauthenticated {
			t.Errorf("%s after tokens were revoked: %v", name, err)
		}
	}
	again := shown(h.member)
	if err := admit(film.ID, again); err != nil {
		t.Errorf("a new address: %v", err)
	}
	if err := h.DeleteRecording(ctx, h.owner, film.ID); err != nil {
		t.Fatal(err)
	}
	if err := admit(film.ID, again); app.CodeOf(err) != app.CodeNotFound {
		t.Errorf("a deleted one: %v", err)
	}
	if _, err := h.ResolveMedia(ctx, h.Grant(t, h.member, h.room.Room.ID, app.RoomView), media[0].ID); app.CodeOf(err) != app.CodeNotFound {
		t.Errorf("its item: %v", err)
	}
}

// TestRecordingBooks: what is written of a recording follows what becomes of it.
func TestRecordingBooks(t *testing.T) {
	h := newRecordHouse(t, app.Private, false)
	ctx := context.Background()
	r, err := h.BeginRecording(ctx, h.stream.ID, app.RecordingMedia{})
	if err != nil || r.File != string(h.stream.ID)+"/"+string(r.ID)+".mp4" {
		t.Fatalf("%+v, %v", r, err)
	}
	if dead, err := h.DeadRecordings(ctx); err != nil || len(dead) != 0 {
		t.Errorf("%v, %v", dead, err)
	}
	if err := h.DeleteRecording(ctx, h.owner, r.ID); app.CodeOf(err) != app.CodeConflict {
		t.Errorf("deleted while it is made: %v", err)
	}
	done := h.film()
	for what, err := range map[string]error{"ended twice": h.EndRecording(ctx, done.ID, 1, 1), "goes on": h.KeepRecording(ctx, done.ID, 1, 1)} {
		if app.CodeOf(err) != app.CodeNotFound {
			t.Errorf("%s: %v", what, err)
		}
	}
	if spent, err := h.SpentRecordings(ctx, time.Hour, 1<<40); err != nil || len(spent) != 0 {
		t.Errorf("%v, %v", spent, err)
	}
	if spent, err := h.SpentRecordings(ctx, 0, 999); err != nil || len(spent) != 1 || spent[0].ID != done.ID {
		t.Errorf("%v, %v", spent, err)
	}
	if err := h.DeleteStream(ctx, h.owner, h.stream.ID); err != nil {
		t.Fatal(err)
	}
	if err := h.KeepRecording(ctx, r.ID, 1, 1); app.CodeOf(err) != app.CodeNotFound {
		t.Errorf("its stream is gone: %v", err)
	}
	if _, err := h.BeginRecording(ctx, h.stream.ID, app.RecordingMedia{}); app.CodeOf(err) != app.CodeNotFound {
		t.Errorf("of a stream that is gone: %v", err)
	}
	if spent, err := h.SpentRecordings(ctx, 0, 0); err != nil || len(spent) != 1 {
		t.Errorf("%v, %v", spent, err)
	}
	if ok, err := h.HasRecording(ctx, "rec_none"); ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
}
