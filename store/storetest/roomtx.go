package storetest

import (
	"context"
	"errors"

	"synctv/app"
)

func testSaveRoom(w *world) {
	r := w.room()
	heir := w.user("heir")
	want := r
	want.Name, want.OwnerID, want.PasswordHash, want.InviteCode, want.Epoch = "Neu", heir.ID, "", "fresh", "e2"
	want.Settings = app.RoomSettings{Visibility: app.Unlisted, Preset: app.PresetHost, IdleTTL: 9, Wait: app.WaitStrict}
	want.Active = now + 3
	w.update(r.ID, func(tx app.RoomTx) {
		w.same(tx.Room(), r)
		v := want
		v.Created, v.Seq = 1, 99 // not for us to change
		w.ok(tx.SaveRoom(v))
		w.same(tx.Room(), want)
	})
	got, err := w.s.Room(w.ctx, r.ID)
	w.ok(err)
	w.same(got, want)
}

func testDeleteRoom(w *world) {
	r := w.room()
	guest := app.PersonID("gst_1")
	item := w.media(r, "", "a")
	m := w.message(r, "hello")
	w.update(r.ID, func(tx app.RoomTx) {
		w.ok(tx.SaveMember(app.Member{ID: guest, RoomID: r.ID, Role: app.RoleGuest, Joined: now}))
		w.ok(tx.SaveBan(app.Ban{ID: "gst_2", RoomID: r.ID}))
		w.ok(tx.SaveMedia(item))
		w.ok(tx.SaveMessage(m))
		w.ok(tx.Emit(sent(m)))
	})
	w.ok(w.s.SetFavourite(w.ctx, r.OwnerID, r.ID, true, now))
	events := w.update(r.ID, func(tx app.RoomTx) {
		w.ok(tx.Emit(app.Event{At: now, Body: app.RoomClosed{Reason: "over"}}))
		w.ok(tx.DeleteRoom())
		if tx.Emit(sent(m)) == nil || tx.SaveMessage(m) == nil {
			w.Error("a deleted room took something")
		}
	})
	w.same(events, []app.Event{{Seq: 2, At: now, Body: app.RoomClosed{Reason: "over"}}})

	_, err := w.s.Room(w.ctx, r.ID)
	w.fails(err, app.CodeNotFound)
	_, _, err = w.s.EventsAfter(w.ctx, r.ID, 0, 10)
	w.fails(err, app.CodeNotFound)
	_, err = w.s.Member(w.ctx, r.ID, guest)
	w.fails(err, app.CodeNotFound)
	_, err = w.s.Ban(w.ctx, r.ID, "gst_2", "")
	w.fails(err, app.CodeNotFound)
	_, err = w.s.Media(w.ctx, r.ID, item.ID)
	w.fails(err, app.CodeNotFound)
	_, err = w.s.Message(w.ctx, r.ID, m.ID)
	w.fails(err, app.CodeNotFound)
	_, _, err = w.s.Playback(w.ctx, r.ID)
	w.fails(err, app.CodeNotFound)
	_, err = w.s.UpdateRoom(w.ctx, r.ID, func(app.RoomTx) error { w.Error("called"); return nil })
	w.fails(err, app.CodeNotFound)
	fav, err := w.s.Favourites(w.ctx, r.OwnerID, []app.RoomID{r.ID})
	w.ok(err)
	w.same(len(fav), 0)
}

// When change fails nothing happened, and the error is the one that change gave.
func testFailedUpdate(w *world) {
	r := w.room()
	refusal := errors.New("no")
	m := w.message(r, "lost")
	events, err := w.s.UpdateRoom(w.ctx, r.ID, func(tx app.RoomTx) error {
		v := tx.Room()
		v.Name = "lost"
		w.ok(tx.SaveRoom(v))
		w.ok(tx.SaveMessage(m))
		w.ok(tx.Emit(sent(m)))
		w.ok(tx.DeleteMember(app.PersonID(r.OwnerID)))
		_, err := tx.Message(m.ID) // so that everything was sent
		w.ok(err)
		return refusal
	})
	if err != refusal || events != nil {
		w.Fatal(events, err)
	}
	got, err := w.s.Room(w.ctx, r.ID)
	w.ok(err)
	w.same(got, r)
	_, err = w.s.Message(w.ctx, r.ID, m.ID)
	w.fails(err, app.CodeNotFound)
	_, err = w.s.Member(w.ctx, r.ID, app.PersonID(r.OwnerID))
	w.ok(err)
	left, complete, err := w.s.EventsAfter(w.ctx, r.ID, 0, 10)
	w.ok(err)
	w.same(len(left), 0)
	w.same(complete, true)
}

// A panic in change undoes it too, and harms nobody else.
func testPanicInUpdate(w *world) {
	r := w.room()
	m := w.message(r, "lost")
	func() {
		defer func() {
			if recover() != "oh" {
				w.Error("the panic got lost")
			}
		}()
		_, _ = w.s.UpdateRoom(w.ctx, r.ID, func(tx app.RoomTx) error {
			w.ok(tx.SaveMessage(m))
			_, err := tx.Message(m.ID)
			w.ok(err)
			panic("oh")
		})
	}()
	_, err := w.s.Message(w.ctx, r.ID, m.ID)
	w.fails(err, app.CodeNotFound)
	w.say(r, "we go on")
}

// Reads inside see what was written inside.
func testOwnWrites(w *world) {
	r := w.room()
	other := w.room()
	theirs := w.say(other, "theirs")
	w.update(r.ID, func(tx app.RoomTx) {
		p := app.Member{RoomID: r.ID, ID: "gst_1", Name: "Gast", Role: app.RoleGuest, Joined: now, AddressKey: "k"}
		_, err := tx.Member(p.ID)
		w.fails(err, app.CodeNotFound) // and the transaction goes on
		w.ok(tx.SaveMember(p))
		got, err := tx.Member(p.ID)
		w.ok(err)
		w.same(got, p)
		w.ok(tx.DeleteMember(p.ID))
		_, err = tx.Member(p.ID)
		w.fails(err, app.CodeNotFound)

		a, b := w.media(r, "", "b"), w.media(r, "", "a")
		w.ok(tx.SaveMedia(a))
		w.ok(tx.SaveMedia(b))
		list, err := tx.Siblings("")
		w.ok(err)
		w.same(list, []app.Media{b, a})
		w.ok(tx.DeleteMedia([]app.MediaID{b.ID}))
		_, err = tx.Media(b.ID)
		w.fails(err, app.CodeNotFound)

		m := w.message(r, "x")
		m.ClientID = "c"
		w.ok(tx.SaveMessage(m))
		again, err := tx.MessageByClient(m.PersonID, "c")
		w.ok(err)
		w.same(again, m)
		_, err = tx.Message(theirs.ID) // of another room
		w.fails(err, app.CodeNotFound)

		s, err := tx.Playback()
		w.ok(err)
		s.Revision = 4
		w.ok(tx.SavePlayback(s))
		s, err = tx.Playback()
		w.ok(err)
		w.same(s.Revision, uint32(4))

		w.same(tx.NextSeq(), uint32(1))
		w.ok(tx.Emit(sent(m)))
		w.same(tx.NextSeq(), uint32(2))
		w.same(tx.Room().Seq, uint32(1))
	})
}

// A transaction is worth nothing after its function.
func testAfterTheEnd(w *world) {
	r := w.room()
	var kept app.RoomTx
	w.update(r.ID, func(tx app.RoomTx) { kept = tx })
	m := w.message(r, "late")
	_, err := kept.Message(m.ID)
	for _, err := range []error{err, kept.SaveMessage(m), kept.Emit(sent(m)), kept.SaveRoom(r), kept.DeleteRoom()} {
		w.fails(err, app.CodeInternal)
	}
	w.say(r, "we go on")
	_, err = w.s.Message(w.ctx, r.ID, m.ID)
	w.fails(err, app.CodeNotFound)
}

// What belongs to another room is not taken.
func testForeign(w *world) {
	a, b := w.room(), w.room()
	_, err := w.s.UpdateRoom(w.ctx, a.ID, func(tx app.RoomTx) error { return tx.SaveMessage(w.message(b, "x")) })
	w.fails(err, app.CodeInternal)
	_, err = w.s.UpdateRoom(w.ctx, a.ID, func(tx app.RoomTx) error { return tx.SaveMedia(w.media(b, "", "x")) })
	w.fails(err, app.CodeInternal)
	_, err = w.s.UpdateRoom(w.ctx, a.ID, func(tx app.RoomTx) error { return tx.SaveRoom(b) })
	w.fails(err, app.CodeInternal)
}

// A ctx that ends undoes the change and loses no connection.
func testCancelled(w *world) {
	r := w.room()
	for range 50 {
		ctx, cancel := context.WithCancel(w.ctx)
		m := w.message(r, "lost")
		_, err := w.s.UpdateRoom(ctx, r.ID, func(tx app.RoomTx) error {
			w.ok(tx.SaveMessage(m))
			cancel()
			_, err := tx.Member("gst_1")
			w.fails(err, app.CodeUnavailable)
			return nil // what was lost stays lost
		})
		w.fails(err, app.CodeUnavailable)
		if !errors.Is(err, context.Canceled) {
			w.Fatalf("the cause got lost: %v", err)
		}
		_, err = w.s.Message(w.ctx, r.ID, m.ID)
		w.fails(err, app.CodeNotFound)
		_, err = w.s.Room(ctx, r.ID)
		w.fails(err, app.CodeUnavailable)
	}
	ctx, cancel := context.WithCancel(w.ctx)
	cancel()
	_, err := w.s.UpdateRoom(ctx, r.ID, func(app.RoomTx) error { return nil })
	w.fails(err, app.CodeUnavailable)
	w.say(r, "we go on")
}
