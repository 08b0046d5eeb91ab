package storetest

import (
	"encoding/base64"
	"strings"

	"synctv/app"
)

func testUnicode(w *world) {
	r := w.room()
	for _, text := range []string{
		"\U0001F468\u200d\U0001F469\u200d\U0001F467 family", "مرحبا", "日本語", "e\u0301 stays two", "line\nbreak\ttab", `'; DROP TABLE users; --`,
		`"quotes" \backslash\ %percent_`, "\ufeff\u2028\u2029\ufffd", strings.Repeat("長", 2000), "$1 ? :name @x",
	} {
		m := w.message(r, text)
		m.Name, m.ClientID = text, text
		item := w.media(r, "", text)
		item.Title, item.Meta.Headers = text, map[string]string{text: text}
		events := w.update(r.ID, func(tx app.RoomTx) {
			w.ok(tx.SaveMessage(m))
			w.ok(tx.SaveMedia(item))
			w.ok(tx.Emit(sent(m)))
		})
		got, err := w.s.Message(w.ctx, r.ID, m.ID)
		w.ok(err)
		w.same(got, m)
		gotItem, err := w.s.Media(w.ctx, r.ID, item.ID)
		w.ok(err)
		w.same(gotItem, item)
		log, _, err := w.s.EventsAfter(w.ctx, r.ID, events[0].Seq-1, 1)
		w.ok(err)
		w.same(log[0].Body.(app.MessageSent).Message.Text, text)
	}
}

// Text that not every engine can hold is refused by all, as a fault of the caller, and does no harm.
func testBadText(w *world) {
	r := w.room()
	for _, text := range []string{"nul\x00", "\xff\xfe", "cut \xe4\xb8"} {
		w.fails(w.s.CreateUser(w.ctx, app.User{ID: app.UserID(w.id("usr_")), Username: "u" + w.id(""), DisplayName: text}), app.CodeInvalid)
		_, err := w.s.UpdateRoom(w.ctx, r.ID, func(tx app.RoomTx) error { return tx.SaveMessage(w.message(r, text)) })
		w.fails(err, app.CodeInvalid)
		_, err = w.s.Room(w.ctx, app.RoomID(text))
		w.fails(err, app.CodeInvalid)
	}
	w.say(r, "we go on")
}

// Cursors that were edited, cut, or made for another list give no page.
func testCursors(w *world) {
	u := w.user("ada")
	r, other := w.roomOf(u), w.roomOf(u)
	for range 3 {
		w.say(r, "x")
		w.say(other, "x")
	}
	_, next, err := w.s.ListMessages(w.ctx, r.ID, app.Page{Limit: 1})
	w.ok(err)
	if strings.Contains(next, string(r.ID)) || strings.ContainsAny(next, "+/=&?# ") {
		w.Errorf("cursor %q is not opaque or not safe in a URL", next)
	}
	raw, err := base64.RawURLEncoding.DecodeString(next)
	w.ok(err)
	bad := []string{"x", "AAAA", next + "A", next[:len(next)-1], next + "==", " " + next, strings.Repeat("A", 100_000), "\x00", "\xff"}
	for i := range raw {
		edited := append([]byte{}, raw...)
		edited[i] ^= 1
		bad = append(bad, base64.RawURLEncoding.EncodeToString(edited))
	}
	for _, c := range bad {
		p := app.Page{Limit: 2, After: c}
		_, _, err = w.s.ListMessages(w.ctx, r.ID, p)
		w.failsOn(err, app.CodeInvalid, "cursor")
	}
	bad = append(bad, next)
	for _, c := range bad { // next belongs to none of these
		p := app.Page{Limit: 2, After: c}
		_, _, err = w.s.ListMessages(w.ctx, other.ID, p)
		w.failsOn(err, app.CodeInvalid, "cursor")
		_, _, err = w.s.ListUsers(w.ctx, "", p)
		w.failsOn(err, app.CodeInvalid, "cursor")
		_, _, err = w.s.ListRooms(w.ctx, app.RoomFilter{}, p)
		w.failsOn(err, app.CodeInvalid, "cursor")
		_, _, err = w.s.ListMembers(w.ctx, r.ID, p)
		w.failsOn(err, app.CodeInvalid, "cursor")
		_, _, err = w.s.ListBans(w.ctx, r.ID, p)
		w.failsOn(err, app.CodeInvalid, "cursor")
		_, _, err = w.s.ListMedia(w.ctx, r.ID, "", p)
		w.failsOn(err, app.CodeInvalid, "cursor")
	}
}
