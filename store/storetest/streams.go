package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"synctv/app"
)

func (w *world) stream(u app.User, room app.RoomID) (app.Stream, app.PublishKey) {
	w.Helper()
	s := app.Stream{ID: app.StreamID(w.id("str_")), OwnerID: u.ID, RoomID: room, Title: "Show", Visibility: app.Private, Created: now, Version: 1}
	k := w.key(s)
	w.ok(w.s.CreateStream(w.ctx, s, k))
	return s, k
}

// testPulls: streams that come from elsewhere, and those that go with the items they were made for.
func testPulls(w *world) {
	u := w.user("ada")
	room, other := w.room(), w.room()
	own := app.Stream{ID: app.StreamID(w.id("str_")), OwnerID: u.ID, Title: "Relay", Visibility: app.Public, Created: now, Version: 1,
		PullURL: "rtmps://example.org/live/a?token=b%20c"}
	w.ok(w.s.CreateStream(w.ctx, own, w.key(own)))
	made := func(r app.RoomID, at app.Time) app.Stream {
		s := app.Stream{ID: app.StreamID(w.id("str_")), OwnerID: u.ID, RoomID: r, Title: "Item", Visibility: app.Private, Created: at, Version: 1,
			PullURL: "https://example.org/x.flv", ForItems: true}
		w.ok(w.s.CreateStream(w.ctx, s, app.PublishKey{}))
		keys, err := w.s.ListPublishKeys(w.ctx, s.ID, 10)
		w.ok(err)
		w.same(len(keys), 0)
		return s
	}
	shown, gone, young, elsewhere := made(room.ID, now), made(room.ID, now), made(room.ID, now+10), made(other.ID, now)
	plain, _ := w.stream(u, room.ID)
	for _, want := range []app.Stream{own, shown, young} {
		got, err := w.s.Stream(w.ctx, want.ID)
		w.ok(err)
		w.same(got, want)
	}
	got, err := w.s.UpdateStream(w.ctx, own.ID, func(s *app.Stream) error {
		s.PullURL, s.ForItems = "rtmp://example.org/live/other", true // for whom it was made stays
		return nil
	})
	w.ok(err)
	own.PullURL = "rtmp://example.org/live/other"
	w.same(got, own)
	ids := func(f app.StreamFilter) map[app.StreamID]bool {
		list, _, err := w.s.ListStreams(w.ctx, f, app.Page{Limit: 100})
		w.ok(err)
		set := map[app.StreamID]bool{}
		for _, s := range list {
			set[s.ID] = true
		}
		return set
	}
	w.same(ids(app.StreamFilter{Owner: u.ID, NotForItems: true}), map[app.StreamID]bool{own.ID: true, plain.ID: true})
	w.same(ids(app.StreamFilter{Room: room.ID, Pulled: true}), map[app.StreamID]bool{shown.ID: true, gone.ID: true, young.ID: true})

	w.update(room.ID, func(tx app.RoomTx) {
		w.ok(tx.SaveMedia(app.Media{ID: "med_1", RoomID: room.ID, Kind: app.MediaItem, OrderKey: "a", Provider: "live", URL: string(shown.ID)}))
		w.ok(tx.SaveMedia(app.Media{ID: "med_2", RoomID: room.ID, Kind: app.MediaItem, OrderKey: "b", Provider: "direct", URL: string(gone.ID)}))
	})
	list, err := w.s.UnshownStreams(w.ctx, room.ID, now+5)
	w.ok(err)
	w.same(list, []app.StreamID{gone.ID})
	list, err = w.s.UnshownStreams(w.ctx, other.ID, now+5)
	w.ok(err)
	w.same(list, []app.StreamID{elsewhere.ID})
}

func (w *world) key(s app.Stream) app.PublishKey {
	return app.PublishKey{ID: app.PublishKeyID(w.id("key_")), StreamID: s.ID, Hash: []byte{1, 0, 2}, Label: "OBS", Created: now}
}

func testStreams(w *world) {
	u := w.user("ada")
	room := w.room()
	own, key := w.stream(u, "")
	inRoom, _ := w.stream(u, room.ID)
	for _, want := range []app.Stream{own, inRoom} {
		got, err := w.s.Stream(w.ctx, want.ID)
		w.ok(err)
		w.same(got, want)
	}
	_, err := w.s.Stream(w.ctx, "str_none")
	w.fails(err, app.CodeNotFound)
	again := own
	w.failsOn(w.s.CreateStream(w.ctx, again, w.key(own)), app.CodeConflict, "id")
	for name, s := range map[string]app.Stream{
		"no such owner": {ID: "str_x", OwnerID: "usr_nobody"}, "no such room": {ID: "str_x", OwnerID: u.ID, RoomID: "room_none"},
	} {
		if err := w.s.CreateStream(w.ctx, s, app.PublishKey{ID: app.PublishKeyID(w.id("key_")), StreamID: s.ID}); app.CodeOf(err) != app.CodeNotFound {
			w.Errorf("%s: %v", name, err)
		}
		_, err := w.s.Stream(w.ctx, "str_x")
		w.fails(err, app.CodeNotFound)
	}

	w.ok(w.s.DeleteStream(w.ctx, own.ID))
	w.fails(w.s.DeleteStream(w.ctx, own.ID), app.CodeNotFound)
	_, err = w.s.PublishKey(w.ctx, key.ID)
	w.fails(err, app.CodeNotFound)
	// A stream goes with its room, and with its owner.
	w.update(room.ID, func(tx app.RoomTx) { w.ok(tx.DeleteRoom()) })
	_, err = w.s.Stream(w.ctx, inRoom.ID)
	w.fails(err, app.CodeNotFound)
	last, key := w.stream(u, "")
	w.ok(w.s.DeleteUser(w.ctx, u.ID))
	_, err = w.s.Stream(w.ctx, last.ID)
	w.fails(err, app.CodeNotFound)
	_, err = w.s.PublishKey(w.ctx, key.ID)
	w.fails(err, app.CodeNotFound)
}

func testUpdateStream(w *world) {
	s, _ := w.stream(w.user("ada"), "")
	want := s
	want.Title, want.Visibility, want.TokensAfter, want.Version = "Другое", app.Public, now+7, 9
	want.Record, want.Ask = true, app.RecordAsk{What: app.RecordOff, At: now + 5}
	got, err := w.s.UpdateStream(w.ctx, s.ID, func(v *app.Stream) error {
		w.same(*v, s)
		*v = want
		v.ID, v.OwnerID, v.RoomID, v.Created = "str_other", "usr_other", "room_other", 1 // not for us to change
		return nil
	})
	w.ok(err)
	w.same(got, want)
	refusal := errors.New("no")
	_, err = w.s.UpdateStream(w.ctx, s.ID, func(v *app.Stream) error { v.Title = "lost"; return refusal })
	if err != refusal {
		w.Fatalf("the error of change became %v", err)
	}
	got, err = w.s.Stream(w.ctx, s.ID)
	w.ok(err)
	w.same(got, want)
	_, err = w.s.UpdateStream(w.ctx, "str_none", func(*app.Stream) error { w.Error("called"); return nil })
	w.fails(err, app.CodeNotFound)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := w.s.UpdateStream(w.ctx, s.ID, func(v *app.Stream) error { v.Version++; return nil }); err != nil {
				w.Error(err)
			}
		})
	}
	wg.Wait()
	got, err = w.s.Stream(w.ctx, s.ID)
	w.ok(err)
	w.same(got.Version, want.Version+20)
}

func testListStreams(w *world) {
	ada, bob := w.user("ada"), w.user("bob")
	room := w.room()
	var every, public, adas, rooms []app.Stream
	for i := range 24 {
		s := app.Stream{ID: app.StreamID(w.id("str_")), OwnerID: ada.ID, Title: fmt.Sprint(i), Visibility: app.Unlisted, Created: now + app.Time(i/3)}
		if i%2 == 0 {
			s.OwnerID = bob.ID
		}
		if i%3 == 0 {
			s.Visibility = app.Public
		}
		if i%4 == 0 {
			s.RoomID = room.ID
		}
		w.ok(w.s.CreateStream(w.ctx, s, w.key(s)))
		every = append(every, s)
	}
	slices.Reverse(every)
	for _, s := range every {
		if s.Visibility == app.Public {
			public = append(public, s)
		}
		if s.OwnerID == ada.ID {
			adas = append(adas, s)
		}
		if s.RoomID == room.ID {
			rooms = append(rooms, s)
		}
	}
	for _, c := range []struct {
		name   string
		filter app.StreamFilter
		want   []app.Stream
	}{
		{"all", app.StreamFilter{}, every}, {"public", app.StreamFilter{Visibility: app.Public}, public},
		{"of an account", app.StreamFilter{Owner: ada.ID}, adas}, {"of a room", app.StreamFilter{Room: room.ID}, rooms},
		{"none", app.StreamFilter{Owner: ada.ID, Room: room.ID}, nil},
	} {
		for _, n := range []int{1, 5, 100} {
			got := pages(w, n, func(p app.Page) ([]app.Stream, string, error) { return w.s.ListStreams(w.ctx, c.filter, p) })
			if len(got)+len(c.want) > 0 {
				w.same(got, c.want)
			}
		}
	}
	_, next, err := w.s.ListStreams(w.ctx, app.StreamFilter{}, app.Page{Limit: 3})
	w.ok(err)
	_, _, err = w.s.ListStreams(w.ctx, app.StreamFilter{Room: room.ID}, app.Page{Limit: 3, After: next})
	w.fails(err, app.CodeInvalid)
}

func testPublishKeys(w *world) {
	s, first := w.stream(w.user("ada"), "")
	other, foreign := w.stream(w.user("bob"), "")
	second := w.key(s)
	second.Created, second.Expires, second.SingleUse, second.Label = now+1, now+9, true, ""
	revoked, err := w.s.AddPublishKey(w.ctx, second, false)
	w.ok(err)
	w.same(len(revoked), 0)
	got, err := w.s.PublishKey(w.ctx, second.ID)
	w.ok(err)
	w.same(got, second)
	_, err = w.s.PublishKey(w.ctx, "key_none")
	w.fails(err, app.CodeNotFound)
	_, err = w.s.AddPublishKey(w.ctx, second, true)
	w.failsOn(err, app.CodeConflict, "id")
	_, err = w.s.AddPublishKey(w.ctx, app.PublishKey{ID: "key_x", StreamID: "str_none"}, true)
	w.fails(err, app.CodeNotFound)
	list := func(stream app.StreamID, limit int, want ...app.PublishKey) {
		w.Helper()
		got, err := w.s.ListPublishKeys(w.ctx, stream, limit)
		w.ok(err)
		w.same(got, append([]app.PublishKey{}, want...))
	}
	list(s.ID, 9, second, first)
	list(s.ID, 1, second)

	third := w.key(s)
	third.Created = now + 2
	revoked, err = w.s.AddPublishKey(w.ctx, third, true)
	w.ok(err)
	slices.Sort(revoked)
	w.same(revoked, []app.PublishKeyID{first.ID, second.ID})
	list(s.ID, 9, third)
	list(other.ID, 9, foreign)
	got, err = w.s.PublishKey(w.ctx, first.ID)
	w.ok(err)
	w.same(got.Revoked, third.Created)
}

// Of many who come with the same key at once, one uses it.
func testUsePublishKey(w *world) {
	_, k := w.stream(w.user("ada"), "")
	used := errors.New("used already")
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = w.s.UpdatePublishKey(w.ctx, k.ID, func(v *app.PublishKey) error {
				if v.Used != 0 {
					return used
				}
				v.Used = now + app.Time(i)
				v.Label, v.Hash = "changed", nil // not for us to change
				return nil
			})
		})
	}
	wg.Wait()
	won := slices.Index(errs, nil)
	for i, err := range errs {
		if i != won && err != used {
			w.Errorf("%d: %v", i, err)
		}
	}
	k.Used = now + app.Time(won)
	got, err := w.s.PublishKey(w.ctx, k.ID)
	w.ok(err)
	w.same(got, k)
	k.Revoked = now + 50
	got, err = w.s.UpdatePublishKey(w.ctx, k.ID, func(v *app.PublishKey) error { v.Revoked = now + 50; return nil })
	w.ok(err)
	w.same(got, k)
	_, err = w.s.UpdatePublishKey(w.ctx, "key_none", func(*app.PublishKey) error { w.Error("called"); return nil })
	w.fails(err, app.CodeNotFound)
}

func testDeleteEndedPublishKeys(w *world) {
	s, forever := w.stream(w.user("ada"), "")
	at := func(expires, revoked app.Time) app.PublishKeyID {
		k := w.key(s)
		k.Expires, k.Revoked = expires, revoked
		_, err := w.s.AddPublishKey(w.ctx, k, false)
		w.ok(err)
		return k.ID
	}
	gone := []app.PublishKeyID{at(now-1, 0), at(0, now-1), at(now+9, now-1)}
	kept := []app.PublishKeyID{forever.ID, at(now, 0), at(0, now), at(now+9, now+9)}
	n, err := w.s.DeleteEndedPublishKeys(w.ctx, now)
	w.ok(err)
	w.same(n, len(gone))
	for _, id := range kept {
		_, err := w.s.PublishKey(w.ctx, id)
		w.ok(err)
	}
	for _, id := range gone {
		_, err := w.s.PublishKey(w.ctx, id)
		w.fails(err, app.CodeNotFound)
	}
}
