package storetest

import (
	"fmt"
	"slices"
	"sync"

	"synctv/app"
)

func testMessages(w *world) {
	r := w.room()
	m := w.message(r, "hello")
	m.Seq, m.ClientID = 5, "c1"
	m.Danmaku = &app.Danmaku{Lane: "scroll", Color: 0xffee00, MediaID: "med_1", PositionMs: 1234.5}
	w.update(r.ID, func(tx app.RoomTx) { w.ok(tx.SaveMessage(m)) })
	got, err := w.s.Message(w.ctx, r.ID, m.ID)
	w.ok(err)
	w.same(got, m)
	m.Text, m.Deleted, m.Edited, m.Danmaku = "", true, now+9, nil
	w.update(r.ID, func(tx app.RoomTx) { w.ok(tx.SaveMessage(m)) })
	got, err = w.s.Message(w.ctx, r.ID, m.ID)
	w.ok(err)
	w.same(got, m)
	_, err = w.s.Message(w.ctx, w.room().ID, m.ID)
	w.fails(err, app.CodeNotFound)
}

// A sender's own name for a message holds once per sender and room.
func testMessageClientID(w *world) {
	r, other := w.room(), w.room()
	send := func(room app.Room, person app.PersonID, client string) error {
		_, err := w.s.UpdateRoom(w.ctx, room.ID, func(tx app.RoomTx) error {
			m := w.message(room, "x")
			m.PersonID, m.ClientID = person, client
			return tx.SaveMessage(m)
		})
		return err
	}
	w.ok(send(r, "gst_1", "a"))
	w.failsOn(send(r, "gst_1", "a"), app.CodeConflict, "client_id")
	w.ok(send(r, "gst_1", "b"))
	w.ok(send(r, "gst_2", "a"))
	w.ok(send(other, "gst_1", "a"))
	w.ok(send(r, "gst_1", ""))
	w.ok(send(r, "gst_1", "")) // no name is no conflict
	w.update(r.ID, func(tx app.RoomTx) {
		_, err := tx.MessageByClient("gst_1", "")
		w.fails(err, app.CodeNotFound)
		_, err = tx.MessageByClient("gst_2", "b")
		w.fails(err, app.CodeNotFound)
	})

	// Retries at once, as a room handles them: one message, and everybody is told which.
	ids := make([]app.MessageID, 20)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			_, err := w.s.UpdateRoom(w.ctx, r.ID, func(tx app.RoomTx) error {
				m, err := tx.MessageByClient("gst_1", "again")
				if app.CodeOf(err) == app.CodeNotFound {
					m = w.message(r, "x")
					m.PersonID, m.ClientID, m.Seq = "gst_1", "again", tx.NextSeq()
					if err = tx.SaveMessage(m); err == nil {
						err = tx.Emit(sent(m))
					}
				}
				ids[i] = m.ID
				return err
			})
			if err != nil {
				w.Error(err)
			}
		})
	}
	wg.Wait()
	if slices.Sort(ids); ids[0] != ids[len(ids)-1] {
		w.Fatal("more than one message", ids)
	}
	room, err := w.s.Room(w.ctx, r.ID)
	w.ok(err)
	w.same(room.Seq, uint32(1))
}

func testListMessages(w *world) {
	r := w.room()
	var want []app.Message
	for i := range 30 {
		want = append(want, w.say(r, fmt.Sprint(i)))
	}
	w.say(w.room(), "elsewhere")
	slices.Reverse(want)
	list := func(p app.Page) ([]app.Message, string, error) { return w.s.ListMessages(w.ctx, r.ID, p) }
	for _, n := range []int{1, 7, 30, 100} {
		w.same(pages(w, n, list), want)
	}
	// New messages between two pages move nothing.
	first, next, err := list(app.Page{Limit: 10})
	w.ok(err)
	w.say(r, "new")
	rest, _, err := list(app.Page{Limit: 100, After: next})
	w.ok(err)
	w.same(append(first, rest...), want)
}

func testDanmaku(w *world) {
	r := w.room()
	at := func(media app.MediaID, ms float64, deleted bool) app.Message {
		m := w.message(r, fmt.Sprint(ms))
		m.Danmaku, m.Deleted = &app.Danmaku{Lane: "top", MediaID: media, PositionMs: ms}, deleted
		w.update(r.ID, func(tx app.RoomTx) { w.ok(tx.SaveMessage(m)) })
		return m
	}
	c, a, b, same := at("med_1", 30, false), at("med_1", 10, false), at("med_1", 20.5, false), at("med_1", 20.5, false)
	at("med_1", 15, true)
	at("med_2", 15, false)
	w.say(r, "plain")
	for _, t := range []struct {
		from, to float64
		limit    int
		want     []app.Message
	}{
		{0, 100, 10, []app.Message{a, b, same, c}}, {10, 30, 10, []app.Message{a, b, same}}, {10.001, 20.5, 10, []app.Message{}},
		{0, 100, 2, []app.Message{a, b}}, {50, 20, 10, []app.Message{}},
	} {
		got, err := w.s.ListDanmaku(w.ctx, r.ID, "med_1", t.from, t.to, t.limit)
		w.ok(err)
		w.same(got, t.want)
	}
	got, err := w.s.ListDanmaku(w.ctx, w.room().ID, "med_1", 0, 100, 5)
	w.ok(err)
	w.same(len(got), 0)
}
