package app_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"synctv/app"
	"synctv/app/apptest"
	"synctv/app/playback"
)

func TestWhatMayBeSaid(t *testing.T) {
	h := apptest.NewHouse()
	n := h.Open(t)
	owner := n.User(t, "ada")
	id := n.Room(t, owner, app.NewRoom{}).Room.ID
	for _, c := range []struct{ name, text, want string }{
		{"plain", " hello ", "hello"},
		{"markup is text", `<script>alert(1)</script> & "x"`, `<script>alert(1)</script> & "x"`},
		{"lines and tabs stay", "a\n\tb", "a\n\tb"},
		{"carriage returns and escapes go", "a\r\n\x1b[31mb\x00\x7f", "a\n[31mb"},
		{"overrides of direction go", "abc\u202edef\u2066g\u2069", "abcdefg"},
		{"other scripts stay", "שלום مرحبا 日本語 नमस्ते", "שלום مرحبا 日本語 नमस्ते"},
		{"families stay one", "👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"},
		{"four marks on a letter", "a" + strings.Repeat("\u0301", 50) + "b\u0302", "a" + strings.Repeat("\u0301", 4) + "b\u0302"},
		{"broken bytes are shown as such", "a\xffb", "a\uFFFDb"},
		{"the longest", strings.Repeat("長", 2000), strings.Repeat("長", 2000)},
		{"empty", "", ""},
		{"blanks", " \n\t ", ""},
		{"nothing to see", "\u200b\u200d\u2060", ""},
		{"only marks", "\u0301\u0302", ""},
		{"too long", strings.Repeat("x", 2001), ""},
		{"far too long", strings.Repeat("x", 1<<20), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := n.SendMessage(t.Context(), n.Grant(t, owner, id, app.ChatSend), app.NewMessage{Text: c.text})
			if c.want == "" {
				if app.CodeOf(err) != app.CodeInvalid || app.AsError(err).Field != "text" {
					t.Errorf("%v", err)
				}
				return
			}
			if err != nil || m.Text != c.want || m.Name != "ada" || m.Seq == 0 {
				t.Errorf("%+v, %v", m, err)
			}
		})
	}
}

func TestSayingItAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse()
		n := h.Open(t)
		owner := n.User(t, "ada")
		room := n.Room(t, owner, app.NewRoom{})
		id := room.Room.ID
		bob := n.Member(t, room, "bob")
		send := func(by app.Actor, text, client string) (app.Message, error) {
			return n.SendMessage(t.Context(), n.Grant(t, by, id, app.ChatSend), app.NewMessage{Text: text, ClientID: client})
		}
		first, err := send(bob, "one", "c1")
		must(t, err)
		again, err := send(bob, "one, differently", "c1")
		if err != nil || again.ID != first.ID || again.Text != "one" {
			t.Errorf("%+v, %v", again, err)
		}
		other, err := send(owner, "two", "c1")
		if err != nil || other.ID == first.ID {
			t.Errorf("somebody else's id: %+v, %v", other, err)
		}
		for _, bad := range []string{strings.Repeat("x", 65), "a b ", "a\nb"} {
			if _, err := send(bob, "x", bad); app.CodeOf(err) != app.CodeInvalid {
				t.Errorf("client id %q: %v", bad, err)
			}
		}
		if list, _, _ := n.ListMessages(t.Context(), n.Grant(t, bob, id, app.HistoryView), app.Page{Limit: 10}); len(list) != 2 {
			t.Errorf("%d messages", len(list))
		}

		s := app.DefaultSettings()
		s.SlowModeMs = 10_000
		must(t, second2(n.UpdateRoom(t.Context(), n.Grant(t, owner, id, app.RoomSettingsEdit), app.RoomPatch{Settings: &s})))
		h.Limits.TurnOn()
		slow, err := send(bob, "slow", "c2")
		must(t, err)
		_, err = send(bob, "too soon", "c3")
		if e := app.AsError(err); err == nil || e.Code != app.CodeRateLimited || e.RetryAfter <= 0 || e.RetryAfter > 10*time.Second {
			t.Errorf("slow mode: %v", err)
		}
		if again, err := send(bob, "slow", "c2"); err != nil || again.ID != slow.ID {
			t.Errorf("a retry under slow mode: %+v, %v", again, err)
		}
		for i := range 5 { // who looks after the chat is not slowed down
			must(t, second2(send(owner, fmt.Sprint(i), "")))
		}
		time.Sleep(10 * time.Second)
		must(t, second2(send(bob, "patient", "c4")))
		refused := 0
		for range 30 {
			if _, err := send(owner, "x", ""); app.CodeOf(err) == app.CodeRateLimited {
				refused++
			}
		}
		if refused != 20 {
			t.Errorf("%d of 30 at once refused", refused)
		}
	})
}

func TestDanmaku(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse()
		n := h.Open(t)
		owner := n.User(t, "ada")
		room := n.Room(t, owner, app.NewRoom{Media: []app.NewMedia{{URL: film}, {URL: second}}})
		id := room.Room.ID
		list, _, err := h.Store.ListMedia(t.Context(), id, "", app.Page{Limit: 2})
		must(t, err)
		item, other := list[0].ID, list[1].ID
		send := func(by app.Actor, text string, d app.Danmaku) (app.Message, error) {
			return n.SendMessage(t.Context(), n.Grant(t, by, id, app.ChatSend), app.NewMessage{Text: text, Danmaku: &d})
		}
		if _, err := send(owner, "x", app.Danmaku{}); app.CodeOf(err) != app.CodeConflict {
			t.Errorf("while nothing plays: %v", err)
		}
		must(t, second2(act(t, n, owner, id, playback.Intent{Op: playback.OpMedia, MediaID: string(item)})))
		pos := 60_000.0
		must(t, second2(act(t, n, owner, id, playback.Intent{Op: playback.OpSeek, PositionMs: &pos})))
		sleep(10 * time.Second)
		for _, c := range []struct {
			name  string
			d     app.Danmaku
			lane  string
			at    float64
			field string
		}{
			{"where the room is", app.Danmaku{Lane: "top"}, "top", 70_000, ""},
			{"where the sender saw it", app.Danmaku{MediaID: item, PositionMs: 66_000}, "scroll", 66_000, ""},
			{"too far back", app.Danmaku{MediaID: item, PositionMs: 30_000}, "scroll", 70_000, ""},
			{"ahead", app.Danmaku{MediaID: item, PositionMs: 90_000}, "scroll", 70_000, ""},
			{"of another item", app.Danmaku{MediaID: other, PositionMs: 70_000, Lane: "bottom", Color: 0xFFFFFF}, "bottom", 70_000, ""},
			{"a strange lane", app.Danmaku{Lane: "left"}, "", 0, "danmaku.lane"},
			{"a strange colour", app.Danmaku{Color: 0x1000000}, "", 0, "danmaku.color"},
			{"a strange place", app.Danmaku{PositionMs: -1}, "", 0, "danmaku.position_ms"},
		} {
			m, err := send(owner, "x", c.d)
			if e := app.AsError(err); err != nil && (e.Code != app.CodeInvalid || e.Field != c.field) || (err == nil) != (c.field == "") {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			if err == nil && (m.Danmaku.MediaID != item || m.Danmaku.Lane != c.lane || !near(m.Danmaku.PositionMs, c.at, 300)) {
				t.Errorf("%s: %+v", c.name, m.Danmaku)
			}
		}
		if _, err := send(owner, strings.Repeat("x", 101), app.Danmaku{}); app.CodeOf(err) != app.CodeInvalid {
			t.Errorf("a long one: %v", err)
		}
		s := app.DefaultSettings()
		s.Overrides = map[app.RoomRole]app.Override{app.RoleGuest: {Deny: app.DanmakuSend}}
		must(t, second2(n.UpdateRoom(t.Context(), n.Grant(t, owner, id, app.RoomSettingsEdit), app.RoomPatch{Settings: &s})))
		if _, err := send(n.Guest(t, room, "Eve"), "x", app.Danmaku{}); app.CodeOf(err) != app.CodeForbidden {
			t.Errorf("without danmaku_send: %v", err)
		}
		g := n.Grant(t, owner, id, app.HistoryView)
		if got, more, err := n.ListDanmaku(t.Context(), g, item, 65_000, 0); err != nil || len(got) != 5 || more || got[0].Danmaku.PositionMs != 66_000 {
			t.Errorf("%d, %v, %v", len(got), more, err)
		}
		if _, _, err := n.ListDanmaku(t.Context(), g, item, -1, 0); app.CodeOf(err) != app.CodeInvalid {
			t.Error(err)
		}
	})
}

func TestEditingAndDeleting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse()
		n := h.Open(t)
		owner := n.User(t, "ada")
		room := n.Room(t, owner, app.NewRoom{})
		id := room.Room.ID
		bob, eve := n.Member(t, room, "bob"), n.Guest(t, room, "Eve")
		m := say(t, n, bob, id, "frist")
		edit := func(by app.Actor, text string) error {
			return second2(n.EditMessage(t.Context(), n.Grant(t, by, id, app.ChatSend), m.ID, text))
		}
		remove := func(by app.Actor) error { return n.DeleteMessage(t.Context(), n.Grant(t, by, id, app.RoomView), m.ID) }
		time.Sleep(time.Minute)
		for _, c := range []struct {
			name string
			do   func() error
			code app.Code
		}{
			{"somebody else edits", func() error { return edit(eve, "x") }, app.CodeForbidden},
			{"the owner does not put words into mouths", func() error { return edit(owner, "x") }, app.CodeForbidden},
			{"to nothing", func() error { return edit(bob, " ") }, app.CodeInvalid},
			{"one's own", func() error { return edit(bob, "first") }, ""},
			{"a guest deletes it", func() error { return remove(eve) }, app.CodeForbidden},
			{"a moderator deletes it", func() error { return remove(owner) }, ""},
			{"one's own, which is gone", func() error { return remove(bob) }, ""},
			{"an edit of what is gone", func() error { return edit(bob, "back") }, app.CodeNotFound},
		} {
			if err := c.do(); app.CodeOf(err) != c.code {
				t.Errorf("%s: %v", c.name, err)
			}
		}
		got, err := h.Store.Message(t.Context(), id, m.ID)
		if err != nil || !got.Deleted || got.Text != "" || got.Edited <= got.Created || got.Seq != m.Seq {
			t.Errorf("%+v, %v", got, err)
		}
		events, _, err := h.Store.EventsAfter(t.Context(), id, m.Seq, 10)
		if err != nil || len(events) != 2 {
			t.Errorf("deleting twice is told twice: %v", events)
		}
	})
}

func TestComingBack(t *testing.T) {
	h := apptest.NewHouse()
	n := h.Open(t)
	owner := n.User(t, "ada")
	s := app.DefaultSettings()
	s.Overrides = map[app.RoomRole]app.Override{app.RoleGuest: {Deny: app.HistoryView | app.MembersView}}
	room := n.Room(t, owner, app.NewRoom{Settings: &s})
	id := room.Room.ID
	guest, member := n.Guest(t, room, "Eve"), n.Member(t, room, "bob")
	first := n.Sit(t, member, id)
	epoch, from := first.Welcome.Epoch, first.Welcome.Seq
	first.Seat.Leave()
	kept, deleted := say(t, n, owner, id, "kept"), say(t, n, owner, id, "a secret")
	must(t, n.DeleteMessage(t.Context(), n.Grant(t, owner, id, app.RoomView), deleted.ID))
	n.Guest(t, room, "Joe")
	back := func(by app.Actor, after uint32, epoch string) *apptest.Listener {
		t.Helper()
		l, err := n.TrySit(t, by, id, app.SitOptions{After: after, Epoch: epoch})
		must(t, err)
		l.Seat.Leave()
		return l
	}
	l := back(member, from, epoch)
	if !l.Welcome.Resumed || l.Welcome.Snapshot != nil || len(l.Missed) != 4 || !consecutive(seqs(l.Missed)) || l.Missed[0].Seq != from+1 {
		t.Fatalf("%+v, %v", l.Welcome, l.Missed)
	}
	if b, ok := l.Missed[0].Body.(app.MessageSent); !ok || b.Message.ID != kept.ID {
		t.Errorf("%+v", l.Missed[0])
	}
	if text := fmt.Sprintf("%+v", l.Missed); strings.Contains(text, "a secret") {
		t.Error("a deleted message is told to those who come back")
	}
	if b, ok := l.Missed[3].Body.(app.MemberJoined); !ok || b.Member.Name != "Joe" {
		t.Errorf("%+v", l.Missed[3])
	}
	l = back(guest, from, epoch)
	for _, ev := range l.Missed {
		if _, ok := ev.Body.(app.Hidden); !ok || ev.By != "" || ev.ByName != "" {
			t.Errorf("without history_view and members_view: %+v", ev)
		}
	}
	if l = back(guest, 0, ""); len(l.Welcome.Snapshot.Messages) != 0 || len(l.Welcome.Snapshot.People) != 0 {
		t.Errorf("%+v", l.Welcome.Snapshot)
	}
	for name, l := range map[string]*apptest.Listener{
		"another life of the room": back(member, from, "else"), "the future": back(member, 1<<31, epoch), "the first time": back(member, 0, epoch),
	} {
		if l.Welcome.Resumed || l.Welcome.Snapshot == nil || len(l.Welcome.Snapshot.Messages) != 2 {
			t.Errorf("%s: %+v", name, l.Welcome)
		}
	}
	h.Store.Forget(id, 2)
	if l := back(member, from, epoch); l.Welcome.Resumed {
		t.Error("resumed over a hole")
	}
	for range 600 {
		say(t, n, owner, id, "x")
	}
	if l := back(member, l.Welcome.Seq, epoch); l.Welcome.Resumed {
		t.Error("resumed over 600 events")
	}
}
