package app_test

import (
	"testing"
	"testing/synctest"

	"synctv/app"
	"synctv/app/apptest"
)

func liveItem(id app.StreamID) app.NewMedia {
	return app.NewMedia{Kind: app.MediaItem, Provider: "live", URL: string(id)}
}

func TestWhoMayShowAStreamWhere(t *testing.T) {
	s := newStage(t, apptest.NewHouse())
	elsewhere := s.Room(t, s.stranger, app.NewRoom{})
	_, err := s.JoinRoom(t.Context(), s.publisher, apptest.Home, elsewhere.Room.ID, "", elsewhere.Room.InviteCode)
	must(t, err)
	_, err = s.JoinRoom(t.Context(), s.member, apptest.Home, elsewhere.Room.ID, "", elsewhere.Room.InviteCode)
	must(t, err)
	public, _ := s.make(s.owner, app.NewStream{Visibility: app.Public, Title: "Show"})
	private, _ := s.make(s.publisher, app.NewStream{Visibility: app.Private})
	rooms, _ := s.make(s.publisher, app.NewStream{Room: s.here()})
	with := func(change func(*app.NewMedia)) app.NewMedia { n := liveItem(public.ID); change(&n); return n }
	for _, c := range []struct {
		name string
		by   app.Actor
		room app.RoomID
		item app.NewMedia
		code app.Code
	}{
		{"public, by a guest", s.guest, s.here(), liveItem(public.ID), ""},
		{"private, by its owner", s.publisher, elsewhere.Room.ID, liveItem(private.ID), ""},
		{"private, by somebody else", s.member, s.here(), liveItem(private.ID), app.CodeInvalid},
		{"the room's, by a guest", s.guest, s.here(), liveItem(rooms.ID), ""},
		{"the room's, elsewhere by a member", s.member, elsewhere.Room.ID, liveItem(rooms.ID), app.CodeForbidden},
		{"the room's, elsewhere by its owner", s.publisher, elsewhere.Room.ID, liveItem(rooms.ID), ""},
		{"the room's, by who is not in the room", s.stranger, elsewhere.Room.ID, liveItem(rooms.ID), app.CodeInvalid},
		{"no such stream", s.owner, s.here(), liveItem("str_00000000000000000000000000"), app.CodeInvalid},
		{"an address", s.owner, s.here(), liveItem("https://example.org/a.m3u8"), app.CodeInvalid},
		{"with headers", s.owner, s.here(), with(func(n *app.NewMedia) { n.Headers = map[string]string{"A": "b"} }), app.CodeInvalid},
		{"with subtitles", s.owner, s.here(), with(func(n *app.NewMedia) { n.Subtitles = []app.Subtitle{{URL: "https://a/b.srt"}} }), app.CodeInvalid},
		{"by the proxy", s.owner, s.here(), with(func(n *app.NewMedia) { n.Delivery = app.DeliverProxy }), app.CodeInvalid},
		{"with a title", s.owner, s.here(), with(func(n *app.NewMedia) { n.Title = "Named" }), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			list, err := s.AddMedia(t.Context(), s.Grant(t, c.by, c.room, app.MediaAdd), app.AddMedia{Items: []app.NewMedia{c.item}})
			if app.CodeOf(err) != c.code {
				t.Fatal(err)
			}
			if err != nil {
				return
			}
			m := list[0]
			if !m.Meta.Live || m.DurationMs != 0 || m.Provider != "live" || m.URL != c.item.URL || m.Meta.Probe != "ok" || m.Title == "" {
				t.Errorf("%+v", m)
			}
			if c.item.URL == string(public.ID) && c.item.Title == "" && m.Title != "Show" {
				t.Errorf("titled %q", m.Title)
			}
		})
	}
	if got := s.House.Prober.Asked(); len(got) != 0 {
		t.Error("streams were probed:", got)
	}
}

// TestAPlayerOfTheRoomGetsIn by the addresses of the item, for as long as everything holds.
func TestAPlayerOfTheRoomGetsIn(t *testing.T) {
	private := app.Private
	for _, c := range []struct {
		name string
		do   func(s *stage, stream app.Stream, item app.Media) error
		want app.Code // for the token that was handed out before
		next app.Code // for who asks again
	}{
		{"nothing happens", func(*stage, app.Stream, app.Media) error { return nil }, "", ""},
		{"the item goes", func(s *stage, _ app.Stream, m app.Media) error {
			return s.DeleteMedia(s.t.Context(), s.Grant(s.t, s.owner, s.here(), app.RoomView), m.ID)
		}, app.CodeUnauthenticated, app.CodeNotFound},
		{"the guest goes", func(s *stage, _ app.Stream, _ app.Media) error {
			return s.LeaveRoom(s.t.Context(), s.guest, s.here())
		}, app.CodeUnauthenticated, ""},
		{"the stream goes", func(s *stage, v app.Stream, _ app.Media) error {
			return s.App.DeleteStream(s.t.Context(), s.publisher, v.ID)
		}, app.CodeNotFound, app.CodeNotFound},
		{"it is made private again", func(s *stage, v app.Stream, _ app.Media) error {
			_, err := s.UpdateStream(s.t.Context(), apptest.Home, s.publisher, v.ID, app.StreamPatch{Visibility: &private})
			return err
		}, "", ""},
		{"tokens are revoked", func(s *stage, v app.Stream, _ app.Media) error {
			return s.RevokePlayTokens(s.t.Context(), s.publisher, v.ID)
		}, app.CodeUnauthenticated, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, apptest.NewHouse())
				synctest.Wait()
				stream, _ := s.make(s.publisher, app.NewStream{Visibility: app.Private})
				list, err := s.AddMedia(t.Context(), s.Grant(t, s.publisher, s.here(), app.MediaAdd), app.AddMedia{Items: []app.NewMedia{liveItem(stream.ID)}})
				must(t, err)
				g := s.Grant(t, s.guest, s.here(), app.RoomView)
				source, err := s.ResolveMedia(t.Context(), g, list[0].ID)
				must(t, err)
				v := source.Variants
				if !source.Live || source.DurationMs != 0 || source.Expires == 0 || len(v) != 2 || v[0].Container != "hls" || v[1].Container != "flv" ||
					v[0].URL != "/live/"+string(stream.ID)+"/index.m3u8?token="+tokenIn(v[0].URL) || v[1].URL != "/live/"+string(stream.ID)+".flv?token="+tokenIn(v[1].URL) {
					t.Fatalf("%+v", source)
				}
				token := tokenIn(v[0].URL)
				if got := admits(t, s.Node, stream.ID, token, app.Actor{}); got != "" {
					t.Fatal(got)
				}
				must(t, c.do(s, stream, list[0]))
				if got := admits(t, s.Node, stream.ID, token, app.Actor{}); got != c.want {
					t.Errorf("the old address: %q, want %q", got, c.want)
				}
				if _, err := s.ResolveMedia(t.Context(), g, list[0].ID); app.CodeOf(err) != c.next {
					t.Errorf("asked again: %v", err)
				}
			})
		})
	}
}

// TestWhoStoppedManagingShowsNothingPrivate in rooms of others.
func TestWhoStoppedManagingShowsNothingPrivate(t *testing.T) {
	s := newStage(t, apptest.NewHouse())
	elsewhere := s.Room(t, s.manager, app.NewRoom{})
	stream, _ := s.make(s.owner, app.NewStream{Room: s.here()})
	list, err := s.AddMedia(t.Context(), s.Grant(t, s.manager, elsewhere.Room.ID, app.MediaAdd), app.AddMedia{Items: []app.NewMedia{liveItem(stream.ID)}})
	must(t, err)
	guest := s.Guest(t, elsewhere, "Visitor")
	source, err := s.ResolveMedia(t.Context(), s.Grant(t, guest, elsewhere.Room.ID, app.RoomView), list[0].ID)
	must(t, err)
	s.standing(s.manager, app.Override{})
	if got := admits(t, s.Node, stream.ID, tokenIn(source.Variants[0].URL), app.Actor{}); got != app.CodeUnauthenticated {
		t.Errorf("%q", got)
	}
	if _, err := s.ResolveMedia(t.Context(), s.Grant(t, guest, elsewhere.Room.ID, app.RoomView), list[0].ID); app.CodeOf(err) != app.CodeNotFound {
		t.Error(err)
	}
}

func TestARoomCanBeginWithAStream(t *testing.T) {
	n := apptest.NewHouse().Open(t)
	by, eve := n.User(t, "ada"), n.User(t, "eve")
	info, _, err := n.CreateStream(t.Context(), apptest.Home, by, app.NewStream{Title: "Show", Visibility: app.Private})
	must(t, err)
	room := n.Room(t, by, app.NewRoom{Media: []app.NewMedia{liveItem(info.Stream.ID)}, Play: true})
	if room.NowPlaying != "Show" || room.Playback == nil || !room.Playback.Live {
		t.Errorf("%+v", room)
	}
	if _, err := n.CreateRoom(t.Context(), eve, app.NewRoom{Media: []app.NewMedia{liveItem(info.Stream.ID)}}); app.CodeOf(err) != app.CodeInvalid {
		t.Error(err)
	}
}

func TestOfALiveItemOnlyTheTitleChanges(t *testing.T) {
	s := newStage(t, apptest.NewHouse())
	stream, _ := s.make(s.owner, app.NewStream{Visibility: app.Public})
	g := s.Grant(t, s.owner, s.here(), app.MediaAdd)
	list, err := s.AddMedia(t.Context(), g, app.AddMedia{Items: []app.NewMedia{liveItem(stream.ID)}})
	must(t, err)
	title, none, address, proxy := " Tonight ", " ", "https://example.org/a.mp4", app.DeliverProxy
	for _, c := range []struct {
		name  string
		patch app.MediaPatch
		code  app.Code
	}{
		{"title", app.MediaPatch{Title: &title}, ""}, {"no title", app.MediaPatch{Title: &none}, app.CodeInvalid},
		{"address", app.MediaPatch{URL: &address}, app.CodeInvalid}, {"delivery", app.MediaPatch{Delivery: &proxy}, app.CodeInvalid},
		{"subtitles", app.MediaPatch{Subtitles: &[]app.Subtitle{}}, app.CodeInvalid}, {"nothing", app.MediaPatch{}, ""},
	} {
		m, err := s.UpdateMedia(t.Context(), g, list[0].ID, c.patch)
		if app.CodeOf(err) != c.code || err == nil && (m.Title != "Tonight" || m.URL != string(stream.ID) || !m.Meta.Live) {
			t.Errorf("%s: %+v %v", c.name, m, err)
		}
	}
}
