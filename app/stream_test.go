package app_test

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"testing"

	"synctv/app"
	"synctv/app/apptest"
)

// stage is a room with people around it, and streams.
type stage struct {
	*apptest.Node
	t    *testing.T
	live *apptest.Live
	// everybody: admin is the server's; owner and publisher are members of the room, publisher has live_publish by preset.
	admin, owner, publisher, manager, member, guest, banned, stranger app.Actor
	room                                                              app.RoomInfo
}

func newStage(t *testing.T, h *apptest.House) *stage {
	t.Helper()
	s := &stage{Node: h.Open(t), t: t}
	s.live = s.Attach()
	s.admin = s.Root(t)
	s.owner, s.stranger = s.User(t, "owner"), s.User(t, "stranger")
	s.room = s.Room(t, s.owner, app.NewRoom{})
	s.publisher, s.manager, s.member, s.banned = s.Member(t, s.room, "publisher"), s.Member(t, s.room, "manager"), s.Member(t, s.room, "member"), s.Member(t, s.room, "banned")
	s.guest = s.Guest(t, s.room, "Guest")
	g := s.Grant(t, s.owner, s.room.Room.ID, app.MembersManage)
	must(t, s.Ban(t.Context(), g, s.banned.Person(), ""))
	s.standing(s.manager, app.Override{Allow: app.LiveManage})
	s.standing(s.member, app.Override{Deny: app.LivePublish})
	return s
}

func (s *stage) standing(who app.Actor, own app.Override) {
	s.t.Helper()
	g := s.Grant(s.t, s.owner, s.room.Room.ID, app.MembersManage)
	_, err := s.UpdateMember(s.t.Context(), g, who.Person(), app.MemberPatch{Own: &own})
	must(s.t, err)
}

// make is CreateStream that must work.
func (s *stage) make(by app.Actor, in app.NewStream) (app.Stream, app.MadeKey) {
	s.t.Helper()
	info, key, err := s.CreateStream(s.t.Context(), apptest.Home, by, in)
	must(s.t, err)
	return info.Stream, key
}

func (s *stage) here() app.RoomID { return s.room.Room.ID }

// people are all kinds of people, by name.
func (s *stage) people() map[string]app.Actor {
	return map[string]app.Actor{"nobody": {}, "admin": s.admin, "owner": s.owner, "publisher": s.publisher, "manager": s.manager, "member": s.member,
		"guest": s.guest, "banned": s.banned, "stranger": s.stranger}
}

func TestCreateStream(t *testing.T) {
	s := newStage(t, apptest.NewHouse())
	for _, c := range []struct {
		name string
		by   app.Actor
		in   app.NewStream
		code app.Code
		want app.Stream // title and visibility
	}{
		{"one's own", s.stranger, app.NewStream{Title: " My  show "}, "", app.Stream{Title: "My show", Visibility: app.Unlisted}},
		{"without a title", s.stranger, app.NewStream{Visibility: app.Public}, "", app.Stream{Title: "stranger’s stream", Visibility: app.Public}},
		{"of a room", s.publisher, app.NewStream{Title: "T", Room: s.here()}, "", app.Stream{Title: "T", Visibility: app.Private}},
		{"public, of a room", s.publisher, app.NewStream{Title: "T", Room: s.here(), Visibility: app.Public}, "", app.Stream{Title: "T", Visibility: app.Public}},
		{"of a room, by the server's administrator", s.admin, app.NewStream{Title: "T", Room: s.here()}, "", app.Stream{Title: "T", Visibility: app.Private}},
		{"nobody", app.Actor{}, app.NewStream{}, app.CodeUnauthenticated, app.Stream{}},
		{"a guest", s.guest, app.NewStream{Room: s.here()}, app.CodeForbidden, app.Stream{}},
		{"without live_publish", s.member, app.NewStream{Room: s.here()}, app.CodeForbidden, app.Stream{}},
		{"banned", s.banned, app.NewStream{Room: s.here()}, app.CodeBanned, app.Stream{}},
		{"not in the room", s.stranger, app.NewStream{Room: s.here()}, app.CodeForbidden, app.Stream{}},
		{"no such room", s.owner, app.NewStream{Room: "room_x"}, app.CodeNotFound, app.Stream{}},
		{"long title", s.owner, app.NewStream{Title: strings.Repeat("я", 81)}, app.CodeInvalid, app.Stream{}},
		{"no such visibility", s.owner, app.NewStream{Visibility: "secret"}, app.CodeInvalid, app.Stream{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			info, key, err := s.CreateStream(t.Context(), apptest.Home, c.by, c.in)
			if app.CodeOf(err) != c.code {
				t.Fatal(err)
			}
			if err != nil {
				return
			}
			got := info.Stream
			if got.Title != c.want.Title || got.Visibility != c.want.Visibility || got.RoomID != c.in.Room || got.OwnerID != c.by.User().ID || got.Version != 1 {
				t.Errorf("%+v", got)
			}
			if !info.Manages || info.State != app.StreamIdle || !strings.HasPrefix(key.Secret, string(key.ID)+".") || len(key.Secret) != 30+1+32 {
				t.Errorf("%+v %+v", info, key)
			}
			if strings.Contains(string(key.Hash), key.Secret[31:]) {
				t.Error("the secret is kept")
			}
		})
	}
}

func TestNotTooManyStreams(t *testing.T) {
	h := apptest.NewHouse()
	n := h.Open(t, func(c *app.Config) { c.MaxStreamsPerUser = 2 })
	by := n.User(t, "ada")
	for i, code := range []app.Code{"", "", app.CodeTooLarge} {
		if _, _, err := n.CreateStream(t.Context(), apptest.Home, by, app.NewStream{}); app.CodeOf(err) != code {
			t.Errorf("stream %d: %v", i+1, err)
		}
	}
}

// TestWhoMayDoWhatWithAStream is the table of rights: watch, then manage.
func TestWhoMayDoWhatWithAStream(t *testing.T) {
	s := newStage(t, apptest.NewHouse())
	const all = "nobody admin owner publisher manager member guest banned stranger"
	for _, c := range []struct {
		name           string
		by             app.Actor
		in             app.NewStream
		watch, managed string
	}{
		{"public", s.publisher, app.NewStream{Visibility: app.Public}, all, "admin publisher"},
		{"unlisted", s.publisher, app.NewStream{Visibility: app.Unlisted}, all, "admin publisher"},
		{"private", s.publisher, app.NewStream{Visibility: app.Private}, "admin publisher", "admin publisher"},
		{"private, of the room", s.publisher, app.NewStream{Visibility: app.Private, Room: s.here()}, "admin owner publisher manager member guest", "admin owner publisher manager"},
		{"public, of the room", s.publisher, app.NewStream{Visibility: app.Public, Room: s.here()}, all, "admin owner publisher manager"},
	} {
		t.Run(c.name, func(t *testing.T) {
			stream, _ := s.make(c.by, c.in)
			for name, who := range s.people() {
				watches, manages := strings.Contains(" "+c.watch+" ", " "+name+" "), strings.Contains(" "+c.managed+" ", " "+name+" ")
				info, err := s.GetStream(t.Context(), app.Origin{Host: "here"}, who, stream.ID, "")
				if (err == nil) != watches || err != nil && app.CodeOf(err) != app.CodeNotFound {
					t.Errorf("%s looks: %v", name, err)
				}
				if secret := err == nil && strings.Contains(info.Playback.HLS, "?token="); secret != (watches && c.in.Visibility == app.Private) {
					t.Errorf("%s: %+v", name, info.Playback)
				}
				if err == nil && (info.Manages != manages || (info.Ingest.RTMP != "") != manages) {
					t.Errorf("%s: %+v", name, info)
				}
				want := app.Code("")
				switch {
				case name == "nobody":
					want = app.CodeUnauthenticated
				case !manages && watches:
					want = app.CodeForbidden
				case !manages:
					want = app.CodeNotFound
				}
				for what, f := range s.managing(stream.ID, who) {
					if err := f(t.Context()); app.CodeOf(err) != want {
						t.Errorf("%s, %s: %v, want %q", name, what, err, want)
					}
				}
			}
		})
	}
}

// managing is everything only managers do, but for deletion.
func (s *stage) managing(id app.StreamID, by app.Actor) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"update": func(ctx context.Context) error {
			_, err := s.UpdateStream(ctx, apptest.Home, by, id, app.StreamPatch{})
			return err
		},
		"key": func(ctx context.Context) error {
			_, err := s.CreatePublishKey(ctx, by, id, app.NewPublishKey{Rotate: true})
			return err
		},
		"keys":   func(ctx context.Context) error { _, err := s.ListPublishKeys(ctx, by, id); return err },
		"token":  func(ctx context.Context) error { _, err := s.CreatePlayToken(ctx, by, id, 0); return err },
		"revoke": func(ctx context.Context) error { return s.RevokePlayTokens(ctx, by, id) },
		"who":    func(ctx context.Context) error { _, err := s.ListStreamSessions(ctx, by, id); return err },
	}
}

func TestUpdateStream(t *testing.T) {
	s := newStage(t, apptest.NewHouse())
	stream, _ := s.make(s.owner, app.NewStream{Title: "Old", Visibility: app.Public})
	title, long, private, odd := " New ", strings.Repeat("x", 81), app.Private, app.Visibility("odd")
	for _, c := range []struct {
		name  string
		patch app.StreamPatch
		code  app.Code
		title string
		vis   app.Visibility
		ends  bool // the tokens
	}{
		{"nothing", app.StreamPatch{}, "", "Old", app.Public, false},
		{"title", app.StreamPatch{Title: &title}, "", "New", app.Public, false},
		{"long title", app.StreamPatch{Title: &long}, app.CodeInvalid, "New", app.Public, false},
		{"odd visibility", app.StreamPatch{Visibility: &odd}, app.CodeInvalid, "New", app.Public, false},
		{"private", app.StreamPatch{Visibility: &private}, "", "New", app.Private, true},
		{"private again", app.StreamPatch{Visibility: &private}, "", "New", app.Private, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, err := s.GetStream(t.Context(), apptest.Home, s.owner, stream.ID, "")
			must(t, err)
			_, err = s.UpdateStream(t.Context(), apptest.Home, s.owner, stream.ID, c.patch)
			if app.CodeOf(err) != c.code {
				t.Fatal(err)
			}
			after, err := s.GetStream(t.Context(), apptest.Home, s.owner, stream.ID, "")
			must(t, err)
			if got := after.Stream; got.Title != c.title || got.Visibility != c.vis || (got.TokensAfter != before.Stream.TokensAfter) != c.ends {
				t.Errorf("%+v", got)
			}
			if after.Stream.Version != before.Stream.Version+1 && c.code == "" {
				t.Error("the version stays")
			}
		})
	}
}

func TestListStreams(t *testing.T) {
	s := newStage(t, apptest.NewHouse())
	mine, _ := s.make(s.publisher, app.NewStream{})
	public, _ := s.make(s.owner, app.NewStream{Visibility: app.Public})
	rooms, _ := s.make(s.publisher, app.NewStream{Room: s.here()})
	for _, c := range []struct {
		name  string
		by    app.Actor
		scope app.StreamScope
		room  app.RoomID
		code  app.Code
		want  []app.StreamID
	}{
		{"public, for nobody", app.Actor{}, "", "", "", []app.StreamID{public.ID}},
		{"mine", s.publisher, app.StreamsMine, "", "", []app.StreamID{rooms.ID, mine.ID}},
		{"of the room, for a guest", s.guest, app.StreamsOfRoom, s.here(), "", []app.StreamID{rooms.ID}},
		{"of the room, for a stranger", s.stranger, app.StreamsOfRoom, s.here(), app.CodeForbidden, nil},
		{"of the room, for the banned", s.banned, app.StreamsOfRoom, s.here(), app.CodeBanned, nil},
		{"nobody's own", app.Actor{}, app.StreamsMine, "", app.CodeUnauthenticated, nil},
		{"a guest's own", s.guest, app.StreamsMine, "", app.CodeForbidden, nil},
		{"no such list", s.owner, "all", "", app.CodeInvalid, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			list, _, err := s.ListStreams(t.Context(), apptest.Home, c.by, c.scope, c.room, app.Page{Limit: 9})
			var ids []app.StreamID
			for _, i := range list {
				ids = append(ids, i.Stream.ID)
			}
			if app.CodeOf(err) != c.code || fmt.Sprint(ids) != fmt.Sprint(c.want) {
				t.Errorf("%v %v", ids, err)
			}
		})
	}
}

func TestDeleteStream(t *testing.T) {
	s := newStage(t, apptest.NewHouse())
	stream, key := s.make(s.publisher, app.NewStream{Room: s.here()})
	p, err := s.AdmitPublisher(t.Context(), apptest.Home, key.Secret)
	must(t, err)
	s.live.Publish(stream.ID, p.Session)
	must(t, s.StreamOnline(t.Context(), stream.ID, app.StreamMedia{}, p.Session))
	if err := s.App.DeleteStream(t.Context(), s.member, stream.ID); app.CodeOf(err) != app.CodeForbidden {
		t.Fatal(err)
	}
	must(t, s.App.DeleteStream(t.Context(), s.manager, stream.ID))
	if got := s.live.Ended(); len(got) != 1 || got[0] != "deleted "+p.Session.ID {
		t.Error(got)
	}
	if _, err := s.GetStream(t.Context(), apptest.Home, s.publisher, stream.ID, ""); app.CodeOf(err) != app.CodeNotFound {
		t.Error(err)
	}
	if _, err := s.AdmitPublisher(t.Context(), apptest.Home, key.Secret); app.CodeOf(err) != app.CodeUnauthenticated {
		t.Error(err)
	}
}

func TestAddressesOfStreams(t *testing.T) {
	for _, c := range []struct {
		name       string
		from       app.Origin
		rtmp, http string // configured
		port       uint16
		tls        bool
		hls        string
		ingest     app.Ingest
	}{
		{"the host of the page", app.Origin{Host: "watch.example:8080"}, "", "", 1935, false, "http://watch.example:8080/live/$id/index.m3u8", app.Ingest{RTMP: "rtmp://watch.example:1935/live"}},
		{"by TLS", app.Origin{Host: "watch.example", Secure: true}, "", "", 1936, false, "https://watch.example/live/$id/index.m3u8", app.Ingest{RTMP: "rtmp://watch.example:1936/live"}},
		{"IPv6", app.Origin{Host: "[2001:db8::1]:80"}, "", "", 1935, false, "http://[2001:db8::1]:80/live/$id/index.m3u8", app.Ingest{RTMP: "rtmp://[2001:db8::1]:1935/live"}},
		{"not known", app.Origin{}, "", "", 1935, false, "/live/$id/index.m3u8", app.Ingest{}},
		{"nonsense", app.Origin{Host: "a/b\"><script>"}, "", "", 1935, false, "/live/$id/index.m3u8", app.Ingest{}},
		{"configured", app.Origin{Host: "x"}, "rtmp://in.example/", "https://cdn.example/", 1935, false, "https://cdn.example/live/$id/index.m3u8", app.Ingest{RTMP: "rtmp://in.example/live"}},
		{"with the path", app.Origin{Host: "x"}, "rtmp://in.example:99/live", "", 0, false, "http://x/live/$id/index.m3u8", app.Ingest{RTMP: "rtmp://in.example:99/live"}},
		{"ingest by TLS", app.Origin{Host: "x"}, "rtmps://in.example", "", 0, false, "http://x/live/$id/index.m3u8", app.Ingest{RTMPS: "rtmps://in.example/live"}},
		{"no encoders here", app.Origin{Host: "watch.example:8080"}, "", "", 0, true, "http://watch.example:8080/live/$id/index.m3u8", app.Ingest{}},
		{"a port that takes TLS too", app.Origin{Host: "watch.example"}, "", "", 1936, true, "http://watch.example/live/$id/index.m3u8",
			app.Ingest{RTMP: "rtmp://watch.example:1936/live", RTMPS: "rtmps://watch.example:1936/live"}},
		{"the same over IPv6", app.Origin{Host: "[::1]:80"}, "", "", 1936, true, "http://[::1]:80/live/$id/index.m3u8",
			app.Ingest{RTMP: "rtmp://[::1]:1936/live", RTMPS: "rtmps://[::1]:1936/live"}},
		{"configured without a port, and TLS", app.Origin{Host: "x"}, "rtmp://in.example", "", 1936, true, "http://x/live/$id/index.m3u8",
			app.Ingest{RTMP: "rtmp://in.example/live", RTMPS: "rtmps://in.example:1935/live"}},
		{"configured by TLS, and TLS", app.Origin{Host: "x"}, "rtmps://in.example:443", "", 1936, true, "http://x/live/$id/index.m3u8", app.Ingest{RTMPS: "rtmps://in.example:443/live"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := apptest.NewHouse().Open(t, func(cfg *app.Config) {
				cfg.LiveRTMPURL, cfg.LiveHTTPURL, cfg.RTMPPort, cfg.RTMPS = c.rtmp, c.http, c.port, c.tls
			})
			info, _, err := n.CreateStream(t.Context(), c.from, n.User(t, "ada"), app.NewStream{})
			must(t, err)
			id := string(info.Stream.ID)
			if want := strings.ReplaceAll(c.hls, "$id", id); info.Playback.HLS != want || info.Playback.FLV != strings.TrimSuffix(want, "/index.m3u8")+".flv" {
				t.Errorf("%+v, want %s", info.Playback, want)
			}
			play := ""
			if base := cmp.Or(c.ingest.RTMP, c.ingest.RTMPS); base != "" {
				play = base + "/" + id
			}
			if info.Ingest != c.ingest || info.Playback.RTMP != play {
				t.Errorf("%+v %+v", info.Ingest, info.Playback)
			}
		})
	}
}
