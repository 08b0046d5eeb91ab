package app_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"synctv/app"
	"synctv/app/apptest"
	"synctv/app/playback"
)

// shelf is a room whose tree a test arranges.
type shelf struct {
	t     *testing.T
	h     *apptest.House
	n     *apptest.Node
	owner app.Actor
	room  app.RoomInfo
	id    app.RoomID // of room
	ids   map[string]app.MediaID
}

func newShelf(t *testing.T) *shelf {
	t.Helper()
	h := apptest.NewHouse()
	n := h.Open(t)
	owner := n.User(t, "ada")
	room := n.Room(t, owner, app.NewRoom{})
	return &shelf{t, h, n, owner, room, room.Room.ID, map[string]app.MediaID{}}
}

func (s *shelf) grant(a app.Action) app.Grant { return s.n.Grant(s.t, s.owner, s.id, a) }

// add puts items below a folder; names that begin with a capital are folders.
func (s *shelf) add(parent string, titles ...string) {
	s.t.Helper()
	var items []app.NewMedia
	for _, title := range titles {
		m := app.NewMedia{Title: title, URL: "https://example.org/" + title}
		if title[0] >= 'A' && title[0] <= 'Z' {
			m = app.NewMedia{Title: title, Kind: app.MediaFolder}
		}
		items = append(items, m)
	}
	media, err := s.n.AddMedia(s.t.Context(), s.grant(app.MediaAdd), app.AddMedia{Parent: s.ids[parent], Items: items})
	must(s.t, err)
	for i, m := range media {
		s.ids[titles[i]] = m.ID
	}
}

// tree prints the tree: names in order, what is in a folder in brackets.
func (s *shelf) tree(parent app.MediaID) string {
	list, _, err := s.h.Store.ListMedia(s.t.Context(), s.id, parent, app.Page{Limit: 100})
	must(s.t, err)
	var names []string
	for _, m := range list {
		if m.Kind == app.MediaFolder {
			names = append(names, m.Title+"["+s.tree(m.ID)+"]")
		} else {
			names = append(names, m.Title)
		}
	}
	return strings.Join(names, " ")
}

func (s *shelf) play(name string) {
	s.t.Helper()
	must(s.t, second2(s.n.Control(s.t.Context(), s.grant(app.PlaybackNavigate), playback.Intent{Op: playback.OpMedia, MediaID: string(s.ids[name])})))
}

func TestMoving(t *testing.T) {
	for _, c := range []struct {
		name    string
		playing string
		what    string
		parent  string
		before  string
		next    bool
		code    app.Code
		want    string
	}{
		{"to the end", "", "a", "", "", false, "", "b c F[x y G[z]] a"},
		{"before another", "", "c", "", "a", false, "", "c a b F[x y G[z]]"},
		{"before the one it stands before", "", "a", "", "b", false, "", "a b c F[x y G[z]]"},
		{"before itself", "", "a", "", "a", false, app.CodeInvalid, "a b c F[x y G[z]]"},
		{"into a folder", "", "a", "F", "y", false, "", "b c F[x a y G[z]]"},
		{"out of a folder", "", "z", "", "b", false, "", "a z b c F[x y G[]]"},
		{"before something elsewhere", "", "a", "", "x", false, app.CodeInvalid, "a b c F[x y G[z]]"},
		{"before nothing", "", "a", "", "nothing", false, app.CodeInvalid, "a b c F[x y G[z]]"},
		{"into an item", "", "a", "b", "", false, app.CodeInvalid, "a b c F[x y G[z]]"},
		{"into a folder that is not there", "", "a", "nothing", "", false, app.CodeNotFound, "a b c F[x y G[z]]"},
		{"a folder into itself", "", "F", "F", "", false, app.CodeInvalid, "a b c F[x y G[z]]"},
		{"a folder below itself", "", "F", "G", "", false, app.CodeInvalid, "a b c F[x y G[z]]"},
		{"a folder elsewhere", "", "G", "", "a", false, "", "G[z] a b c F[x y]"},
		{"next, while something plays", "a", "c", "", "", true, "", "a c b F[x y G[z]]"},
		{"next, into the folder of what plays", "x", "a", "", "", true, "", "b c F[x a y G[z]]"},
		{"next, after the last", "c", "a", "", "", true, "", "b c a F[x y G[z]]"},
		{"next, while nothing plays", "", "a", "", "", true, "", "b c F[x y G[z]] a"},
		{"next, of what plays", "b", "b", "", "", true, app.CodeConflict, "a b c F[x y G[z]]"},
		{"nothing", "", "nothing", "", "", false, app.CodeNotFound, "a b c F[x y G[z]]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newShelf(t)
			s.add("", "a", "b", "c", "F")
			s.add("F", "x", "y", "G")
			s.add("G", "z")
			s.ids["nothing"] = "med_nothing"
			if c.playing != "" {
				s.play(c.playing)
			}
			_, err := s.n.MoveMedia(t.Context(), s.grant(app.MediaReorder), s.ids[c.what], app.MoveMedia{Parent: s.ids[c.parent], Before: s.ids[c.before], PlayNext: c.next})
			if got := s.tree(""); app.CodeOf(err) != c.code || got != c.want {
				t.Errorf("%s, %v", got, err)
			}
		})
	}
}

func TestFoldersAreEightDeep(t *testing.T) {
	s := newShelf(t)
	parent := ""
	for i := range 8 {
		name := string(rune('A' + i))
		s.add(parent, name)
		parent = name
	}
	s.add("H", "item")
	add := func(parent string, m app.NewMedia) error {
		return second2(s.n.AddMedia(t.Context(), s.grant(app.MediaAdd), app.AddMedia{Parent: s.ids[parent], Items: []app.NewMedia{m}}))
	}
	if err := add("H", app.NewMedia{Title: "I", Kind: app.MediaFolder}); app.CodeOf(err) != app.CodeInvalid {
		t.Errorf("a ninth: %v", err)
	}
	s.add("", "P", "Q")
	s.add("P", "R")
	move := func(what, where string) error {
		return second2(s.n.MoveMedia(t.Context(), s.grant(app.MediaReorder), s.ids[what], app.MoveMedia{Parent: s.ids[where]}))
	}
	for _, c := range []struct {
		what, where string
		code        app.Code
	}{
		{"Q", "H", app.CodeInvalid}, {"Q", "G", ""}, {"P", "G", app.CodeInvalid}, {"P", "F", ""}, {"A", "Q", app.CodeInvalid},
	} {
		if err := move(c.what, c.where); app.CodeOf(err) != c.code {
			t.Errorf("%s into %s: %v", c.what, c.where, err)
		}
	}
	if err := add("item", app.NewMedia{URL: film}); app.CodeOf(err) != app.CodeInvalid {
		t.Errorf("into an item: %v", err)
	}
}

func TestAdding(t *testing.T) {
	s := newShelf(t)
	s.add("", "a", "b", "F")
	s.add("F", "x", "y")
	s.play("x")
	add := func(in app.AddMedia) ([]app.Media, error) {
		return s.n.AddMedia(t.Context(), s.grant(app.MediaAdd), in)
	}
	must(t, second2(add(app.AddMedia{Items: []app.NewMedia{{Title: "n", URL: film}, {Title: "m", URL: film}}, PlayNext: true})))
	if got := s.tree(""); got != "a b F[x n m y]" {
		t.Error(got)
	}
	media, err := add(app.AddMedia{Items: []app.NewMedia{{Title: "now", URL: film}}, PlayNow: true})
	must(t, err)
	if pb := state(t, s.h, s.id); pb.MediaID != string(media[0].ID) || s.tree("") != "a b F[x now n m y]" {
		t.Errorf("%s, %+v", s.tree(""), pb)
	}
	bad := map[string]app.NewMedia{
		"no address": {}, "a path": {URL: "film.mp4"}, "a file": {URL: "file:///etc/passwd"}, "with a password": {URL: "https://a:b@example.org/"},
		"with a blank": {URL: "https://example.org/a b"}, "with a line break": {URL: "https://example.org/a\nb"}, "endless": {URL: film + strings.Repeat("x", 4096)},
		"a long title": {URL: film, Title: strings.Repeat("x", 201)}, "a folder without a name": {Kind: app.MediaFolder, Title: "\u202e"},
		"another provider": {URL: film, Provider: "magic"}, "a forbidden header": {URL: film, Headers: map[string]string{"Host": "x"}},
		"a broken header": {URL: film, Headers: map[string]string{"X": "a\r\nHost: x"}}, "a header without a name": {URL: film, Headers: map[string]string{"": "x"}},
		"a subtitle without an address": {URL: film, Subtitles: []app.Subtitle{{}}}, "a strange subtitle": {URL: film, Subtitles: []app.Subtitle{{URL: film, Format: "doc"}}},
		"many subtitles": {URL: film, Subtitles: make([]app.Subtitle, 33)},
	}
	before := s.tree("")
	for name, m := range bad {
		if _, err := add(app.AddMedia{Items: []app.NewMedia{{URL: film}, m}}); app.CodeOf(err) != app.CodeInvalid || app.AsError(err).Field == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, items := range map[string][]app.NewMedia{"nothing": nil, "too many": make([]app.NewMedia, 101)} {
		if _, err := add(app.AddMedia{Items: items}); app.CodeOf(err) != app.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s.tree("") != before {
		t.Errorf("half of it was added: %s", s.tree(""))
	}
	small := s.h.Open(t, func(c *app.Config) { c.MaxMediaPerRoom, c.ProxyAllowed = 8, false })
	if _, err := small.AddMedia(t.Context(), small.Grant(t, s.owner, s.id, app.MediaAdd), app.AddMedia{Items: []app.NewMedia{{URL: film}}}); app.CodeOf(err) != app.CodeTooLarge {
		t.Errorf("a full room: %v", err)
	}
}

func TestTitlesFromAddresses(t *testing.T) {
	s := newShelf(t)
	for url, want := range map[string]string{
		"https://example.org/films/Big%20Buck%20Bunny.mp4?x=1": "Big Buck Bunny", "https://example.org/": "example.org",
		"https://example.org": "example.org", "https://example.org/%E2%80%AEevil.mp4": "evil", "https://example.org/a.b.mkv": "a.b",
	} {
		media, err := s.n.AddMedia(t.Context(), s.grant(app.MediaAdd), app.AddMedia{Items: []app.NewMedia{{URL: url}}})
		if err != nil || media[0].Title != want || media[0].Meta.Named {
			t.Errorf("%s: %+v, %v", url, media, err)
		}
	}
}

func TestWhoMayChangeMedia(t *testing.T) {
	h := apptest.NewHouse()
	n := h.Open(t)
	owner := n.User(t, "ada")
	room := n.Room(t, owner, app.NewRoom{})
	id := room.Room.ID
	bob, eve := n.Member(t, room, "bob"), n.Guest(t, room, "Eve")
	media, err := n.AddMedia(t.Context(), n.Grant(t, bob, id, app.MediaAdd), app.AddMedia{Items: []app.NewMedia{{URL: film}, {URL: second}}})
	must(t, err)
	title := "New"
	for _, c := range []struct {
		name string
		by   app.Actor
		code app.Code
	}{{"a guest, somebody else's", eve, app.CodeForbidden}, {"one's own", bob, ""}, {"the owner, anybody's", owner, ""}} {
		g := n.Grant(t, c.by, id, app.RoomView)
		if _, err := n.UpdateMedia(t.Context(), g, media[0].ID, app.MediaPatch{Title: &title}); app.CodeOf(err) != c.code {
			t.Errorf("%s: change: %v", c.name, err)
		}
		if got := g.MayEditMedia(media[0]); got != (c.code == "") {
			t.Errorf("%s: may edit: %v", c.name, got)
		}
	}
	if err := n.DeleteMedia(t.Context(), n.Grant(t, eve, id, app.RoomView), media[0].ID); app.CodeOf(err) != app.CodeForbidden {
		t.Errorf("a guest deletes: %v", err)
	}
	denied := app.Override{Deny: app.MediaAdd}
	must(t, second2(n.UpdateMember(t.Context(), n.Grant(t, owner, id, app.MembersManage), bob.Person(), app.MemberPatch{Own: &denied})))
	if err := n.DeleteMedia(t.Context(), n.Grant(t, bob, id, app.RoomView), media[0].ID); app.CodeOf(err) != app.CodeForbidden {
		t.Errorf("one's own, without media_add: %v", err)
	}
	must(t, n.DeleteMedia(t.Context(), n.Grant(t, owner, id, app.RoomView), media[0].ID))
	for name, err := range map[string]error{
		"delete":         n.DeleteMedia(t.Context(), app.Grant{}, media[1].ID),
		"change":         second2(n.UpdateMedia(t.Context(), app.Grant{}, media[1].ID, app.MediaPatch{Title: &title})),
		"delete message": n.DeleteMessage(t.Context(), app.Grant{}, "msg_x"),
	} {
		if err == nil {
			t.Errorf("%s with a grant that is made up", name)
		}
	}
}

func TestDeletingWhatPlays(t *testing.T) {
	s := newShelf(t)
	s.add("", "a", "F")
	s.add("F", "G", "x")
	s.add("G", "y")
	s.play("y")
	must(t, s.n.DeleteMedia(t.Context(), s.grant(app.RoomView), s.ids["a"]))
	if pb := state(t, s.h, s.id); pb.MediaID != string(s.ids["y"]) {
		t.Errorf("stopped by something else: %+v", pb)
	}
	l := s.n.Sit(t, s.owner, s.id)
	defer l.Seat.Leave()
	must(t, s.n.DeleteMedia(t.Context(), s.grant(app.RoomView), s.ids["F"]))
	if pb := state(t, s.h, s.id); pb.MediaID != "" || pb.Playing {
		t.Errorf("still playing: %+v", pb)
	}
	var removed []app.MediaID
	for _, ev := range l.Events() {
		if b, ok := ev.Body.(app.MediaRemoved); ok {
			removed = append(removed, b.IDs...)
		}
	}
	if len(removed) != 4 || s.tree("") != "" {
		t.Errorf("removed %v, left %q", removed, s.tree(""))
	}
	if err := s.n.DeleteMedia(t.Context(), s.grant(app.RoomView), s.ids["F"]); app.CodeOf(err) != app.CodeNotFound {
		t.Errorf("twice: %v", err)
	}
}

func TestProbing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse()
		n := h.Open(t)
		owner := n.User(t, "ada")
		id := n.Room(t, owner, app.NewRoom{}).Room.ID
		h.Prober.Know(film, app.Probed{Title: " The\u202e Film ", Container: "mp4", DurationMs: 60_000, DirectOK: true, Seekable: true, Codecs: []string{"avc1"}}, nil)
		h.Prober.Know(second, app.Probed{Title: "Second", DurationMs: math.Inf(1), Live: false}, nil)
		add := func(items ...app.NewMedia) []app.Media {
			media, err := n.AddMedia(t.Context(), n.Grant(t, owner, id, app.MediaAdd), app.AddMedia{Items: items})
			must(t, err)
			synctest.Wait()
			for i := range media {
				media[i], err = h.Store.Media(t.Context(), id, media[i].ID)
				must(t, err)
			}
			return media
		}
		got := add(app.NewMedia{URL: film}, app.NewMedia{URL: film, Title: "Mine"}, app.NewMedia{URL: "https://example.org/none"}, app.NewMedia{URL: second})
		if m := got[0]; m.Title != "The Film" || m.DurationMs != 60_000 || m.Meta.Probe != "ok" || !m.Meta.DirectOK || m.Version != 2 {
			t.Errorf("found: %+v", m)
		}
		if m := got[1]; m.Title != "Mine" {
			t.Errorf("the chosen title is gone: %+v", m)
		}
		if m := got[2]; m.Meta.Probe != string(app.CodeUpstream) || m.Title != "none" {
			t.Errorf("not found: %+v", m)
		}
		if m := got[3]; m.DurationMs != 0 || m.Title != "Second" {
			t.Errorf("an endless length: %+v", m)
		}

		// A new address while it plays: looked at again, its length learnt anew, headers kept only within the server.
		must(t, second2(act(t, n, owner, id, playback.Intent{Op: playback.OpMedia, MediaID: string(got[0].ID)})))
		if pb := state(t, h, id); pb.DurationMs != 60_000 {
			t.Fatalf("%+v", pb)
		}
		url := film
		must(t, second2(n.UpdateMedia(t.Context(), n.Grant(t, owner, id, app.RoomView), got[0].ID, app.MediaPatch{URL: &url})))
		if m, _ := h.Store.Media(t.Context(), id, got[0].ID); m.DurationMs != 60_000 || state(t, h, id).DurationMs != 60_000 {
			t.Errorf("the address it has already: %+v", m)
		}
		url = second
		must(t, second2(n.UpdateMedia(t.Context(), n.Grant(t, owner, id, app.RoomView), got[0].ID, app.MediaPatch{URL: &url})))
		synctest.Wait()
		m, err := h.Store.Media(t.Context(), id, got[0].ID)
		must(t, err)
		if pb := state(t, h, id); m.Title != "Second" || m.DurationMs != 0 || pb.DurationMs != 0 || !pb.Playing {
			t.Errorf("%+v, %+v", m, pb)
		}

		// An answer to an address that has changed since is not applied.
		slow := make(chan struct{})
		h.Prober.Ask("https://example.org/slow", func() (app.Probed, error) { <-slow; return app.Probed{Title: "Slow"}, nil })
		late := add(app.NewMedia{URL: "https://example.org/slow"})[0]
		url = film
		must(t, second2(n.UpdateMedia(t.Context(), n.Grant(t, owner, id, app.RoomView), late.ID, app.MediaPatch{URL: &url})))
		close(slow)
		synctest.Wait()
		if m, _ := h.Store.Media(t.Context(), id, late.ID); m.Title != "The Film" {
			t.Errorf("an answer of yesterday: %+v", m)
		}
		must(t, n.DeleteMedia(t.Context(), n.Grant(t, owner, id, app.RoomView), late.ID))
	})
}

func TestHeadersStayWithTheirServer(t *testing.T) {
	s := newShelf(t)
	media, err := s.n.AddMedia(t.Context(), s.grant(app.MediaAdd), app.AddMedia{Items: []app.NewMedia{{URL: film, Headers: map[string]string{"Cookie": "secret"}}}})
	must(t, err)
	for _, c := range []struct {
		url  string
		kept bool
	}{{"https://example.org/other.mp4", true}, {"https://EXAMPLE.org/third.mp4", true}, {"https://evil.example/film.mp4", false}} {
		m, err := s.n.UpdateMedia(t.Context(), s.grant(app.RoomView), media[0].ID, app.MediaPatch{URL: &c.url})
		if err != nil || (len(m.Meta.Headers) > 0) != c.kept {
			t.Errorf("%s: %v, %v", c.url, m.Meta.Headers, err)
		}
	}
}

// What a player is offered, for every way of delivery and every finding.
func TestSources(t *testing.T) {
	header := map[string]string{"Referer": "x"}
	for _, c := range []struct {
		name     string
		noProxy  bool
		delivery app.Delivery
		headers  map[string]string
		url      string
		found    *app.Probed
		want     string
		code     app.Code
	}{
		{"not looked at yet", false, app.DeliverAuto, nil, film, nil, "proxy direct", ""},
		{"readable", false, app.DeliverAuto, nil, film, &app.Probed{DirectOK: true}, "direct proxy", ""},
		{"not readable by pages", false, app.DeliverAuto, nil, film, &app.Probed{}, "proxy direct", ""},
		{"not reachable from here", false, app.DeliverAuto, nil, "https://example.org/none", nil, "direct proxy", ""},
		{"headers", false, app.DeliverAuto, header, film, &app.Probed{DirectOK: true}, "proxy", ""},
		{"direct", false, app.DeliverDirect, nil, film, nil, "direct", ""},
		{"direct, not readable", false, app.DeliverDirect, nil, film, &app.Probed{}, "direct", ""},
		{"direct with headers", false, app.DeliverDirect, header, film, nil, "", app.CodeUnsupported},
		{"proxy", false, app.DeliverProxy, nil, film, &app.Probed{DirectOK: true}, "proxy", ""},
		{"proxy, refused", false, app.DeliverProxy, nil, "https://refused.example/", nil, "", app.CodeBlockedAddress},
		{"auto, refused", false, app.DeliverAuto, nil, "https://refused.example/", nil, "direct", ""},
		{"headers, refused", false, app.DeliverAuto, header, "https://refused.example/", nil, "", app.CodeBlockedAddress},
		{"no proxy here", true, app.DeliverAuto, nil, film, &app.Probed{}, "direct", ""},
		{"no proxy here, headers", true, app.DeliverAuto, header, film, nil, "", app.CodeUnsupported},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := apptest.NewHouse()
				n := h.Open(t, func(cfg *app.Config) { cfg.ProxyAllowed = !c.noProxy })
				if c.found != nil {
					h.Prober.Know(c.url, *c.found, nil)
				} else if c.url == film {
					h.Prober.Ask(film, func() (app.Probed, error) { time.Sleep(time.Hour); return app.Probed{}, nil })
				}
				owner := n.User(t, "ada")
				room := n.Room(t, owner, app.NewRoom{Media: []app.NewMedia{{URL: c.url, Headers: c.headers, Delivery: c.delivery,
					Subtitles: []app.Subtitle{{URL: "https://example.org/a.srt"}, {URL: "https://refused.example/b.vtt"}}}}})
				synctest.Wait()
				list, _, err := h.Store.ListMedia(t.Context(), room.Room.ID, "", app.Page{Limit: 1})
				must(t, err)
				src, err := n.ResolveMedia(t.Context(), n.Grant(t, owner, room.Room.ID, app.RoomView), list[0].ID)
				if app.CodeOf(err) != c.code {
					t.Fatal(err)
				}
				var got []string
				for _, v := range src.Variants {
					kind := "direct"
					if v.Proxied {
						kind = "proxy"
					}
					if v.Proxied != strings.HasPrefix(v.URL, "/signed") {
						t.Errorf("%+v", v)
					}
					got = append(got, kind)
				}
				if strings.Join(got, " ") != c.want || (src.Expires != 0) != slices.Contains(got, "proxy") {
					t.Errorf("%v, expires %v", got, src.Expires)
				}
				for _, sub := range src.Subtitles {
					hidden := c.delivery == app.DeliverProxy || len(c.headers) > 0
					if hidden && !strings.HasPrefix(sub.URL, "/signed") {
						t.Errorf("an address that was to be hidden: %v", sub)
					}
				}
				time.Sleep(20 * time.Second)
			})
		})
	}
}

func TestResolvingWhatCannotBePlayed(t *testing.T) {
	s := newShelf(t)
	s.add("", "F")
	for id, code := range map[app.MediaID]app.Code{s.ids["F"]: app.CodeInvalid, "med_x": app.CodeNotFound} {
		if _, err := s.n.ResolveMedia(t.Context(), s.grant(app.RoomView), id); app.CodeOf(err) != code {
			t.Errorf("%s: %v", id, err)
		}
	}
	s.h.Prober.Know(film, app.Probed{Title: "Film"}, nil)
	if p, err := s.n.ProbeMedia(t.Context(), s.grant(app.MediaAdd), film); err != nil || p.Title != "Film" {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := s.n.ProbeMedia(t.Context(), s.grant(app.MediaAdd), "ftp://x/"); app.CodeOf(err) != app.CodeInvalid {
		t.Error(err)
	}
}

// Tidying up has an end, so that nobody floods a room with changes of the tree.
func TestTidyingIsLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse()
		n := h.Open(t)
		owner := n.User(t, "ada")
		id := n.Room(t, owner, app.NewRoom{}).Room.ID
		media, err := n.AddMedia(t.Context(), n.Grant(t, owner, id, app.MediaAdd), app.AddMedia{Items: []app.NewMedia{{URL: film}, {URL: second}}})
		must(t, err)
		h.Limits.TurnOn()
		done := 0
		for range 200 {
			if _, err := n.MoveMedia(t.Context(), n.Grant(t, owner, id, app.MediaReorder), media[0].ID, app.MoveMedia{}); err == nil {
				done++
			} else if app.CodeOf(err) != app.CodeRateLimited {
				t.Fatal(err)
			}
		}
		added := 0
		for i := range 10 {
			items := make([]app.NewMedia, 100)
			for j := range items {
				items[j].URL = fmt.Sprintf("https://example.org/%d/%d", i, j)
			}
			if _, err := n.AddMedia(t.Context(), n.Grant(t, owner, id, app.MediaAdd), app.AddMedia{Items: items}); err == nil {
				added++
			}
		}
		if done != 60 || added != 3 {
			t.Errorf("moved %d times, added %d times", done, added)
		}
		time.Sleep(time.Minute)
	})
}
