package app_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"synctv/app"
	"synctv/app/apptest"
)

const source = "rtmp://source.example/live/secret-name?token=secret"

func TestPullAddresses(t *testing.T) {
	s := newStage(t, apptest.NewHouse())
	for address, masked := range map[string]string{
		"":                                      "",
		source:                                  "rtmp://source.example/live/se…?…",
		"rtmps://source.example:8443/a/b/c":     "rtmps://source.example:8443/a/b/…",
		"rtmp://[2001:db8::1]/live/x":           "rtmp://[2001:db8::1]/live/…",
		"http://source.example/live.flv":        "http://source.example/live.flv",
		"https://source.example/a/LIVE.M3U8?k=": "https://source.example/a/LIVE.M3U8?…",
		"https://source.example/0123456789abcdef0123456789abcdef/a.m3u8": "https://source.example/01…/a.m3u8",
	} {
		info, _, err := s.CreateStream(t.Context(), apptest.Home, s.owner, app.NewStream{PullURL: address})
		if err != nil || info.PullURL != masked || info.Pulled != (address != "") {
			t.Errorf("%q: %q %v", address, info.PullURL, err)
		}
		if strings.Contains(info.PullURL, "secret") {
			t.Errorf("%q: %q", address, info.PullURL)
		}
		seen, err := s.GetStream(t.Context(), apptest.Home, s.stranger, info.Stream.ID, "")
		if err != nil || seen.PullURL != "" || seen.Pulled != info.Pulled {
			t.Errorf("%q: a stranger sees %q, %v", address, seen.PullURL, err)
		}
	}
	for _, address := range []string{
		"rtmp://", "rtmp://source.example", "rtmp://source.example/", "rtmp://source.example/live/", "rtmp:///live/x", "rtmp:live/x",
		"http://source.example/", "http://source.example/live.mp4", "https://source.example/live.flv.mp4", "ftp://source.example/a.flv", "file:///a.flv",
		"rtsp://source.example/live", "rtmp://u:p@source.example/live/x", "https://u@source.example/a.flv", "rtmp://source.example/live/a b", "rtmp://source.example/live/a\nb",
		"rtmp://source.example/live/x#y", "rtmp://source.example/live/" + strings.Repeat("x", 5000), "live",
	} {
		_, _, err := s.CreateStream(t.Context(), apptest.Home, s.owner, app.NewStream{PullURL: address})
		if app.CodeOf(err) != app.CodeInvalid {
			t.Errorf("%q: %v", address, err)
		}
	}
	off := s.House.Open(t, func(c *app.Config) { c.PullAllowed = false })
	if _, _, err := off.CreateStream(t.Context(), apptest.Home, s.owner, app.NewStream{PullURL: source}); app.CodeOf(err) != app.CodeInvalid {
		t.Errorf("where it is turned off: %v", err)
	}
}

// TestPullRights: one node at a time, nobody beside an encoder, and only while the stream has this source.
func TestPullRights(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, far, _ := cluster(t)
		stream, key := s.make(s.owner, app.NewStream{PullURL: source})
		plain, _ := s.make(s.owner, app.NewStream{})
		if _, err := s.AdmitPull(t.Context(), plain.ID); app.CodeOf(err) != app.CodeNotFound {
			t.Errorf("a stream without a source: %v", err)
		}
		p, err := s.AdmitPull(t.Context(), stream.ID)
		must(t, err)
		if p.Stream.PullURL != source || p.Session.Protocol != "pull" || p.Session.Role != app.SessionPublisher || p.Session.ID == "" {
			t.Errorf("%+v", p)
		}
		if _, err := far.AdmitPull(t.Context(), stream.ID); err != app.ErrPullElsewhere {
			t.Errorf("a second node: %v", err)
		}
		for range 20 { // longer than a lease lasts that nobody renews
			must(t, s.KeepPull(t.Context(), p))
			time.Sleep(3 * time.Second)
		}
		if _, err := far.AdmitPull(t.Context(), stream.ID); err != app.ErrPullElsewhere {
			t.Errorf("after a minute: %v", err)
		}
		time.Sleep(20 * time.Second) // the first node is gone
		q, err := far.AdmitPull(t.Context(), stream.ID)
		must(t, err)
		if err := s.KeepPull(t.Context(), p); err != app.ErrPullElsewhere {
			t.Errorf("the first node comes back: %v", err)
		}
		s.ReleasePull(t.Context(), stream.ID) // what it does not have
		must(t, far.KeepPull(t.Context(), q))
		far.ReleasePull(t.Context(), stream.ID)

		publish(t, s.Node, s.live, key.Secret)
		for _, n := range []*apptest.Node{s.Node, far} {
			if _, err := n.AdmitPull(t.Context(), stream.ID); err != app.ErrPullBusy {
				t.Errorf("beside an encoder, on %s: %v", n.ID, err)
			}
		}
		if err := far.KeepPull(t.Context(), q); err != app.ErrPullBusy {
			t.Errorf("beside an encoder that came later: %v", err)
		}
		s.live.EndStream(stream.ID, "")
		time.Sleep(10 * time.Second)
		q, err = far.AdmitPull(t.Context(), stream.ID)
		must(t, err)
		other := "rtmp://source.example/live/other"
		_, err = s.UpdateStream(t.Context(), apptest.Home, s.owner, stream.ID, app.StreamPatch{PullURL: &other})
		must(t, err)
		if err := far.KeepPull(t.Context(), q); err != app.ErrPullChanged {
			t.Errorf("another source: %v", err)
		}
		must(t, s.DeleteStream(t.Context(), s.owner, stream.ID))
		if err := far.KeepPull(t.Context(), q); app.CodeOf(err) != app.CodeNotFound {
			t.Errorf("no stream: %v", err)
		}
	})
}

// TestEveryNodeKnowsOfAPull: that it connects, and what is wrong.
func TestEveryNodeKnowsOfAPull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, far, _ := cluster(t)
		stream, _ := s.make(s.owner, app.NewStream{PullURL: source})
		expect := func(what string, state app.StreamState, problem string) {
			t.Helper()
			for _, n := range []*apptest.Node{s.Node, far} {
				if got := s.look(n, stream.ID); got.State != state || got.Problem != problem {
					t.Errorf("%s, on %s: %+v", what, n.ID, got.StreamLife)
				}
			}
		}
		expect("before", app.StreamIdle, "")
		s.NotePull(t.Context(), stream.ID, true, "")
		expect("somebody watches", app.StreamConnecting, "")
		s.NotePull(t.Context(), stream.ID, true, "It is away.")
		time.Sleep(time.Minute)
		expect("it fails", app.StreamConnecting, "It is away.")
		p, err := s.AdmitPull(t.Context(), stream.ID)
		must(t, err)
		s.live.Publish(stream.ID, p.Session)
		must(t, s.StreamOnline(t.Context(), stream.ID, app.StreamMedia{Width: 1}, p.Session))
		expect("it flows", app.StreamLive, "")
		s.NotePull(t.Context(), stream.ID, true, "")
		s.live.Leave(stream.ID, p.Session.ID)
		s.StreamOffline(t.Context(), stream.ID, p.Session, app.StreamLost)
		s.NotePull(t.Context(), stream.ID, true, "It has ended.")
		expect("it breaks", app.StreamReconnecting, "It has ended.")
		time.Sleep(16 * time.Second)
		expect("and does not come back", app.StreamConnecting, "It has ended.")
		s.NotePull(t.Context(), stream.ID, false, "")
		expect("nobody watches", app.StreamIdle, "")
		time.Sleep(time.Minute)
		all, err := s.House.Presence.All(t.Context(), "live:"+string(stream.ID))
		if err != nil || len(all) != 0 {
			t.Errorf("nodes still speak of it: %s %v", all, err)
		}
	})
}

// TestPastedSources become streams of the room, whoever pastes them, one for each source.
func TestPastedSources(t *testing.T) {
	s := newStage(t, apptest.NewHouse())
	s.House.Prober.Know("https://source.example/file.flv", app.Probed{Container: "flv", SizeBytes: 1000}, nil)
	s.House.Prober.Know("https://source.example/live.flv", app.Probed{Container: "flv"}, nil)
	add := func(by app.Actor, items ...app.NewMedia) ([]app.Media, error) {
		return s.AddMedia(t.Context(), s.Grant(t, by, s.here(), app.MediaAdd), app.AddMedia{Items: items})
	}
	list, err := add(s.guest, app.NewMedia{URL: source}, app.NewMedia{URL: source, Title: "Named"}, app.NewMedia{URL: "https://source.example/live.flv"},
		app.NewMedia{URL: "https://source.example/away.flv"}, app.NewMedia{URL: "https://source.example/file.flv"}, app.NewMedia{URL: "https://source.example/live.m3u8"},
		app.NewMedia{URL: "https://source.example/live.flv", Headers: map[string]string{"Authorization": "x"}})
	must(t, err)
	for i, want := range []string{"live", "live", "live", "live", "direct", "direct", "direct"} {
		if list[i].Provider != want || want == "live" && (list[i].AddedBy != s.guest.Person() || strings.Contains(list[i].Title+list[i].URL, "secret")) {
			t.Errorf("%d: %+v", i, list[i])
		}
	}
	if list[0].URL != list[1].URL || list[0].URL == list[2].URL || list[1].Title != "Named" || list[0].Title != "source.example" || list[2].Title != "live · source.example" {
		t.Errorf("%+v", list[:3])
	}
	id := app.StreamID(list[0].URL)
	for name, c := range map[string]struct {
		by      app.Actor
		address string
	}{"owner": {s.owner, "rtmp://source.example/live/se…?…"}, "guest": {s.guest, ""}, "member": {s.member, ""}, "manager": {s.manager, "rtmp://source.example/live/se…?…"}} {
		info, err := s.GetStream(t.Context(), apptest.Home, c.by, id, "")
		if err != nil || info.PullURL != c.address || info.Stream.OwnerID != app.UserID(s.owner.Person()) || info.Stream.RoomID != s.here() {
			t.Errorf("%s: %+v %v", name, info, err)
		}
	}
	if _, err := s.GetStream(t.Context(), apptest.Home, s.stranger, id, ""); app.CodeOf(err) != app.CodeNotFound {
		t.Errorf("a stranger: %v", err)
	}
	if _, err := s.ListPublishKeys(t.Context(), s.owner, id); err != nil {
		t.Error(err)
	}
	mine, _, err := s.ListStreams(t.Context(), apptest.Home, s.owner, app.StreamsMine, "", app.Page{Limit: 10})
	if err != nil || len(mine) != 0 {
		t.Errorf("the owner has made %d streams, %v", len(mine), err)
	}
	src, err := s.ResolveMedia(t.Context(), s.Grant(t, s.guest, s.here(), app.RoomView), list[0].ID)
	if err != nil || !src.Live || len(src.Variants) != 2 || strings.Contains(src.Variants[0].URL, "secret") {
		t.Errorf("%+v %v", src, err)
	}
	if _, err := s.AdmitPull(t.Context(), id); err != nil {
		t.Errorf("it cannot be received: %v", err)
	}
	found, err := s.ProbeMedia(t.Context(), s.Grant(t, s.guest, s.here(), app.MediaAdd), source)
	if err != nil || !found.Live || found.Title != "source.example" {
		t.Errorf("%+v %v", found, err)
	}

	for address, code := range map[string]app.Code{"rtmp://source.example": app.CodeInvalid, "rtmp://a:b@source.example/live/x": app.CodeInvalid} {
		if _, err := add(s.guest, app.NewMedia{URL: address}); app.CodeOf(err) != code {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestSourcesOfItems go with the last item, and there are not too many of them.
func TestSourcesOfItems(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, apptest.NewHouse())
		g := s.Grant(t, s.member, s.here(), app.MediaAdd)
		add := func(address string) (app.Media, error) {
			list, err := s.AddMedia(t.Context(), s.Grant(t, s.member, s.here(), app.MediaAdd), app.AddMedia{Items: []app.NewMedia{{URL: address}}})
			if err != nil {
				return app.Media{}, err
			}
			return list[0], nil
		}
		one, err := add(source)
		must(t, err)
		two, err := add(source)
		must(t, err)
		time.Sleep(2 * time.Minute)
		there := func() bool {
			_, err := s.House.Store.Stream(t.Context(), app.StreamID(one.URL))
			return err == nil
		}
		must(t, s.DeleteMedia(t.Context(), g, one.ID))
		if !there() {
			t.Error("it is gone, and another item shows it")
		}
		must(t, s.DeleteMedia(t.Context(), g, two.ID))
		if there() {
			t.Error("nothing shows it any more, and it is there")
		}
		for i := range 20 {
			_, err := add(fmt.Sprintf("rtmp://source.example/live/%d", i))
			must(t, err)
		}
		if _, err := add("rtmp://source.example/live/one-too-many"); app.CodeOf(err) != app.CodeTooLarge {
			t.Errorf("one too many: %v", err)
		}
		if _, err := add("rtmp://source.example/live/7"); err != nil {
			t.Errorf("one that is there already: %v", err)
		}

		room := s.Room(t, s.owner, app.NewRoom{Media: []app.NewMedia{{URL: source}}})
		list, _, err := s.ListMedia(t.Context(), s.Grant(t, s.owner, room.Room.ID, app.RoomView), "", app.Page{Limit: 10})
		must(t, err)
		if len(list) != 1 || list[0].Provider != "live" {
			t.Fatalf("%+v", list)
		}
		if v, err := s.House.Store.Stream(t.Context(), app.StreamID(list[0].URL)); err != nil || v.RoomID != room.Room.ID || !v.ForItems {
			t.Errorf("a room that begins with a source: %+v %v", v, err)
		}
	})
}
