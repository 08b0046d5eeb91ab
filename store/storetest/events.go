package storetest

import (
	"fmt"
	"sync"

	"synctv/app"
	"synctv/app/playback"
)

func testEvents(w *world) {
	r := w.room()
	check := func(seq uint32, limit int, want []app.Event, wantComplete bool) {
		w.Helper()
		got, complete, err := w.s.EventsAfter(w.ctx, r.ID, seq, limit)
		w.ok(err)
		if len(got)+len(want) > 0 {
			w.same(got, want)
		}
		w.same(complete, wantComplete)
	}
	check(0, 10, nil, true)
	check(3, 10, nil, false) // a number the room never gave out
	var all []app.Event
	for i := range 5 {
		events := w.update(r.ID, func(tx app.RoomTx) {
			for j := range i {
				m := w.message(r, fmt.Sprint(i, j))
				m.Seq = tx.NextSeq()
				w.ok(tx.Emit(sent(m)))
			}
		})
		w.same(len(events), i)
		all = append(all, events...)
	}
	for i, ev := range all {
		w.same(ev.Seq, uint32(i+1))
	}
	n := uint32(len(all))
	check(0, 100, all, true)
	check(4, 3, all[4:7], true)
	check(n-1, 10, all[n-1:], true)
	check(n, 10, nil, true)
	check(n+1, 10, nil, false)
	room, err := w.s.Room(w.ctx, r.ID)
	w.ok(err)
	w.same(room.Seq, n)
	_, _, err = w.s.EventsAfter(w.ctx, "room_none", 0, 10)
	w.fails(err, app.CodeNotFound)
}

// Every kind of event comes back as it was.
func testEventKinds(w *world) {
	r := w.room()
	state := playback.New("e1")
	state.Hold = &playback.Hold{Reason: playback.HoldSeek, Waiting: []string{"seat_1"}, UntilUs: 9}
	m := w.message(r, "\u0000 \U0001F37F <b>")
	m.RoomID = "" // not in the document of an event
	m.Danmaku = &app.Danmaku{Lane: "top", Color: 0xffffff, MediaID: "med_1", PositionMs: 1.25}
	member := app.Member{RoomID: r.ID, ID: "gst_1", Name: "Gast", Role: app.RoleGuest, Own: app.Override{Deny: app.ChatSend}}
	bodies := []app.EventBody{
		app.PlaybackChanged{State: state}, app.MessageSent{Message: m}, app.MessageChanged{Message: m},
		app.MediaAdded{Media: []app.Media{w.media(r, "", "a")}}, app.MediaChanged{Media: []app.Media{w.media(r, "x", "b")}},
		app.MediaRemoved{IDs: []app.MediaID{"med_1", "med_2"}}, app.MemberJoined{Member: member}, app.MemberChanged{Member: member},
		app.MemberRemoved{ID: "gst_1", Name: "Gast", How: "kicked", Reason: "why not"}, app.RoomChanged{Room: r}, app.RoomClosed{Reason: "x"},
	}
	want := w.update(r.ID, func(tx app.RoomTx) {
		for _, b := range bodies {
			w.ok(tx.Emit(app.Event{At: now, By: "gst_1", ByName: "Gast", Body: b}))
		}
	})
	got, complete, err := w.s.EventsAfter(w.ctx, r.ID, 0, 100)
	w.ok(err)
	w.same(complete, true)
	w.same(got, want)
}

// A hundred at once: numbers have neither gaps nor doubles, and what a change reads is what the one before wrote.
func testManyUpdates(w *world) {
	r := w.room()
	const people, each = 100, 4
	var wg sync.WaitGroup
	got := make([][]app.Event, people)
	for i := range people {
		wg.Go(func() {
			for range each {
				events, err := w.s.UpdateRoom(w.ctx, r.ID, func(tx app.RoomTx) error {
					s, err := tx.Playback()
					if err != nil {
						return err
					}
					s.Revision++
					if s.Revision != tx.NextSeq() {
						return fmt.Errorf("revision %d, next event %d", s.Revision, tx.NextSeq())
					}
					if err := tx.SavePlayback(s); err != nil {
						return err
					}
					return tx.Emit(app.Event{At: now, Body: app.PlaybackChanged{State: s}})
				})
				if err != nil {
					w.Error(err)
					return
				}
				got[i] = append(got[i], events...)
			}
		})
	}
	wg.Wait()
	if w.Failed() {
		return
	}
	seen := map[uint32]bool{}
	for _, mine := range got {
		last := uint32(0)
		for _, ev := range mine {
			if ev.Seq <= last || seen[ev.Seq] {
				w.Fatalf("number %d after %d, or twice", ev.Seq, last)
			}
			last, seen[ev.Seq] = ev.Seq, true
			w.same(ev.Body.(app.PlaybackChanged).State.Revision, ev.Seq)
		}
	}
	w.same(len(seen), people*each)
	log, complete, err := w.s.EventsAfter(w.ctx, r.ID, 0, 1000)
	w.ok(err)
	w.same(complete, true)
	w.same(len(log), people*each)
	for i, ev := range log {
		w.same(ev.Seq, uint32(i+1))
	}
}

// Changes of many rooms at once, some of which fail, do not touch each other; readers see whole changes.
func testManyRooms(w *world) {
	rooms := make([]app.Room, 12)
	for i := range rooms {
		rooms[i] = w.room()
	}
	var wg sync.WaitGroup
	for i, r := range rooms {
		wg.Go(func() {
			for n := range 30 {
				m := w.message(r, fmt.Sprint(n))
				_, err := w.s.UpdateRoom(w.ctx, r.ID, func(tx app.RoomTx) error {
					m.Seq = tx.NextSeq()
					if err := tx.SaveMessage(m); err != nil {
						return err
					}
					if err := tx.Emit(sent(m)); err != nil {
						return err
					}
					if (n+i)%3 == 0 {
						return app.Errorf(app.CodeStale, "no")
					}
					return nil
				})
				if ((n+i)%3 == 0) != (app.CodeOf(err) == app.CodeStale) || (err != nil && app.CodeOf(err) != app.CodeStale) {
					w.Errorf("room %d, message %d: %v", i, n, err)
				}
			}
		})
		wg.Go(func() {
			for range 30 {
				events, complete, err := w.s.EventsAfter(w.ctx, r.ID, 0, 1000)
				if err != nil || !complete {
					w.Error(complete, err)
				}
				messages, _, err := w.s.ListMessages(w.ctx, r.ID, app.Page{Limit: 1000})
				if err != nil || len(messages) < len(events) {
					w.Error(len(messages), len(events), err)
				}
			}
		})
	}
	wg.Wait()
	for _, r := range rooms {
		room, err := w.s.Room(w.ctx, r.ID)
		w.ok(err)
		w.same(room.Seq, uint32(20))
		messages, _, err := w.s.ListMessages(w.ctx, r.ID, app.Page{Limit: 100})
		w.ok(err)
		w.same(len(messages), 20)
	}
}
