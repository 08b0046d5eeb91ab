package storetest

import (
	"fmt"
	"math"
	"slices"

	"synctv/app"
	"synctv/app/playback"
)

func testRooms(w *world) {
	u := w.user("ada")
	r := app.Room{
		ID: app.RoomID(w.id("room_")), Name: "Film", OwnerID: u.ID, Created: now, Active: now, Epoch: "e", Seq: 7,
		Settings: app.RoomSettings{Visibility: app.Private, Preset: app.PresetHost, IdleTTL: 60, Wait: app.WaitOff},
	}
	owner := w.ownerOf(r)
	items := []app.Media{w.media(r, "", "a"), w.media(r, "", "b")}
	pb := playback.New("e")
	pb.MediaID, pb.PositionMs = string(items[0].ID), 12.5
	w.ok(w.s.CreateRoom(w.ctx, r, owner, items, pb))

	got, err := w.s.Room(w.ctx, r.ID)
	w.ok(err)
	w.same(got, r)
	m, err := w.s.Member(w.ctx, r.ID, owner.ID)
	w.ok(err)
	w.same(m, owner)
	w.same(pages(w, 5, func(p app.Page) ([]app.Media, string, error) { return w.s.ListMedia(w.ctx, r.ID, "", p) }), items)
	state, seen, err := w.s.Playback(w.ctx, r.ID)
	w.ok(err)
	w.same(state, pb)
	w.same(seen, app.Time(0))

	_, err = w.s.Room(w.ctx, "room_none")
	w.fails(err, app.CodeNotFound)
	w.failsOn(w.s.CreateRoom(w.ctx, r, owner, nil, pb), app.CodeConflict, "id")
	lost := r
	lost.ID, lost.OwnerID = "room_lost", "usr_nobody"
	owner.RoomID = lost.ID
	w.fails(w.s.CreateRoom(w.ctx, lost, owner, nil, pb), app.CodeNotFound)
	_, err = w.s.Member(w.ctx, lost.ID, owner.ID)
	w.fails(err, app.CodeNotFound)
}

func testRoomInvites(w *world) {
	r := w.room()
	got, err := w.s.RoomByInvite(w.ctx, r.InviteCode)
	w.ok(err)
	w.same(got, r)
	for _, code := range []string{"", "nope", r.InviteCode + " "} {
		_, err = w.s.RoomByInvite(w.ctx, code)
		w.fails(err, app.CodeNotFound)
	}
	other := w.room()
	_, err = w.s.UpdateRoom(w.ctx, other.ID, func(tx app.RoomTx) error {
		v := tx.Room()
		v.InviteCode = r.InviteCode
		return tx.SaveRoom(v)
	})
	w.failsOn(err, app.CodeConflict, "invite_code")
	for _, id := range []app.RoomID{r.ID, other.ID} { // many may have none
		w.update(id, func(tx app.RoomTx) {
			v := tx.Room()
			v.InviteCode = ""
			w.ok(tx.SaveRoom(v))
		})
	}
	_, err = w.s.RoomByInvite(w.ctx, "")
	w.fails(err, app.CodeNotFound)
}

func testListRooms(w *world) {
	u := w.user("ada")
	var want []app.RoomID
	for i := range 12 {
		r := w.roomOf(u)
		w.ok(w.s.TouchRooms(w.ctx, []app.RoomID{r.ID}, now+app.Time(i/2)))
		want = append(want, r.ID)
	}
	slices.Reverse(want)
	list := func(p app.Page) ([]app.Room, string, error) { return w.s.ListRooms(w.ctx, app.RoomFilter{}, p) }
	for _, n := range []int{1, 5, 12, 50} {
		w.same(roomIDs(pages(w, n, list)), want)
	}

	// Rooms that come or wake up between two pages move nothing that is still to come.
	first, next, err := list(app.Page{Limit: 4})
	w.ok(err)
	fresh := w.roomOf(u)
	w.ok(w.s.TouchRooms(w.ctx, []app.RoomID{fresh.ID, want[1]}, now+100))
	rest := pages(w, 4, func(p app.Page) ([]app.Room, string, error) {
		if p.After == "" {
			p.After = next
		}
		return list(p)
	})
	w.same(append(roomIDs(first), roomIDs(rest)...), want)
}

func testListRoomsFilters(w *world) {
	ada, bob := w.user("ada"), w.user("bob")
	make := func(owner app.User, name string, v app.Visibility) app.RoomID {
		r := w.roomOf(owner)
		w.update(r.ID, func(tx app.RoomTx) {
			r := tx.Room()
			r.Name, r.Settings.Visibility = name, v
			w.ok(tx.SaveRoom(r))
		})
		return r.ID
	}
	a := make(ada, "Ärger im Paradies 100%", app.Public)
	b := make(ada, "Кино_клуб", app.Private)
	c := make(bob, "кино", app.Public)
	w.ok(w.s.SetFavourite(w.ctx, bob.ID, a, true, now))
	w.ok(w.s.SetFavourite(w.ctx, bob.ID, c, true, now))
	for _, t := range []struct {
		f    app.RoomFilter
		want []app.RoomID
	}{
		{app.RoomFilter{}, []app.RoomID{c, b, a}},
		{app.RoomFilter{Visibility: app.Public}, []app.RoomID{c, a}},
		{app.RoomFilter{Member: app.PersonID(ada.ID)}, []app.RoomID{b, a}},
		{app.RoomFilter{Favourite: bob.ID}, []app.RoomID{c, a}},
		{app.RoomFilter{Favourite: ada.ID}, nil},
		{app.RoomFilter{Query: "КИНО"}, []app.RoomID{c, b}},
		{app.RoomFilter{Query: "ärger"}, []app.RoomID{a}},
		{app.RoomFilter{Query: "0%"}, []app.RoomID{a}},
		{app.RoomFilter{Query: "_"}, []app.RoomID{b}},
		{app.RoomFilter{Query: `\`}, nil},
		{app.RoomFilter{Query: "кино", Visibility: app.Private, Member: app.PersonID(ada.ID)}, []app.RoomID{b}},
		{app.RoomFilter{Query: "кино", Visibility: app.Public, Member: app.PersonID(bob.ID), Favourite: bob.ID}, []app.RoomID{c}},
	} {
		list := func(p app.Page) ([]app.Room, string, error) { return w.s.ListRooms(w.ctx, t.f, p) }
		w.same(roomIDs(pages(w, 1, list)), t.want)
		w.same(roomIDs(pages(w, 10, list)), t.want)
	}
}

func roomIDs(rooms []app.Room) (ids []app.RoomID) {
	for _, r := range rooms {
		ids = append(ids, r.ID)
	}
	return ids
}

func testTouchRooms(w *world) {
	a, b := w.room(), w.room()
	w.ok(w.s.TouchRooms(w.ctx, nil, now))
	w.ok(w.s.TouchRooms(w.ctx, []app.RoomID{b.ID, "room_none", a.ID, a.ID}, now+5))
	w.ok(w.s.TouchRooms(w.ctx, []app.RoomID{a.ID}, now-5)) // late news
	for _, id := range []app.RoomID{a.ID, b.ID} {
		r, err := w.s.Room(w.ctx, id)
		w.ok(err)
		w.same(r.Active, now+5)
	}
	many := []app.RoomID{a.ID}
	for i := range 500 {
		many = append(many, app.RoomID(fmt.Sprint("room_", i)))
	}
	w.ok(w.s.TouchRooms(w.ctx, many, now+6))
}

func testIdleRooms(w *world) {
	idle := func(seconds int) app.RoomID {
		r := w.room()
		w.update(r.ID, func(tx app.RoomTx) {
			v := tx.Room()
			v.Settings.IdleTTL = seconds
			w.ok(tx.SaveRoom(v))
		})
		return r.ID
	}
	ten, five, _, _, _ := idle(10), idle(5), idle(0), idle(-1), idle(math.MaxInt)
	check := func(after app.Time, limit int, want ...app.RoomID) {
		w.Helper()
		got, err := w.s.IdleRooms(w.ctx, now+after, limit)
		w.ok(err)
		if !slices.Equal(got, want) {
			w.Fatalf("after %d: %v, want %v", after, got, want)
		}
	}
	check(4_999_999, 10)
	check(5_000_000, 10, five)
	check(60_000_000, 10, five, ten)
	check(60_000_000, 1, five)
	w.ok(w.s.TouchRooms(w.ctx, []app.RoomID{five}, now+60_000_000))
	check(60_000_000, 10, ten)
}

func testFavourites(w *world) {
	u := w.user("ada")
	a, b := w.room(), w.room()
	w.ok(w.s.SetFavourite(w.ctx, u.ID, a.ID, true, now))
	w.ok(w.s.SetFavourite(w.ctx, u.ID, a.ID, true, now+1))
	w.ok(w.s.SetFavourite(w.ctx, u.ID, b.ID, false, now))
	w.fails(w.s.SetFavourite(w.ctx, u.ID, "room_none", true, now), app.CodeNotFound)
	w.fails(w.s.SetFavourite(w.ctx, "usr_nobody", a.ID, true, now), app.CodeNotFound)
	w.ok(w.s.SetFavourite(w.ctx, u.ID, "room_none", false, now))
	ask := []app.RoomID{b.ID, "room_none"}
	for i := range 300 {
		ask = append(ask, app.RoomID(fmt.Sprint("room_", i)))
	}
	got, err := w.s.Favourites(w.ctx, u.ID, append(ask, a.ID))
	w.ok(err)
	w.same(got, map[app.RoomID]bool{a.ID: true})
	got, err = w.s.Favourites(w.ctx, u.ID, nil)
	w.ok(err)
	w.same(len(got), 0)
	w.ok(w.s.SetFavourite(w.ctx, u.ID, a.ID, false, now))
	got, err = w.s.Favourites(w.ctx, u.ID, []app.RoomID{a.ID})
	w.ok(err)
	w.same(got[a.ID], false)
}
