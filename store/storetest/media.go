package storetest

import (
	"slices"

	"synctv/app"
)

func testMedia(w *world) {
	r := w.room()
	m := w.media(r, "", "V")
	w.update(r.ID, func(tx app.RoomTx) { w.ok(tx.SaveMedia(m)) })
	got, err := w.s.Media(w.ctx, r.ID, m.ID)
	w.ok(err)
	w.same(got, m)
	m = app.Media{
		ID: m.ID, RoomID: r.ID, ParentID: "med_f", Kind: app.MediaFolder, OrderKey: "a", Title: "T", Delivery: app.DeliverProxy,
		AddedBy: "gst_1", AddedByName: "G", Created: now + 1, Version: 4,
	}
	w.update(r.ID, func(tx app.RoomTx) { w.ok(tx.SaveMedia(m)) })
	got, err = w.s.Media(w.ctx, r.ID, m.ID)
	w.ok(err)
	w.same(got, m)
	_, err = w.s.Media(w.ctx, w.room().ID, m.ID)
	w.fails(err, app.CodeNotFound)
}

// Siblings sort byte by byte, in whatever language the database thinks.
func testMediaOrder(w *world) {
	r := w.room()
	var want []app.Media
	for _, key := range []string{"", "!", "0", "0V", "0z", "9", "A", "Z", "ZZ", "_", "a", "aA", "aZ", "aa", "z", "~", "é", "中"} {
		want = append(want, w.media(r, "", key))
	}
	want = append(want, w.media(r, "", "中")) // the same key: the older one first
	w.update(r.ID, func(tx app.RoomTx) {
		for i := range want {
			w.ok(tx.SaveMedia(want[(i*7)%len(want)]))
		}
		w.ok(tx.SaveMedia(w.media(r, "med_folder", "B")))
		got, err := tx.Siblings("")
		w.ok(err)
		w.same(got, want)
	})
	list := func(p app.Page) ([]app.Media, string, error) { return w.s.ListMedia(w.ctx, r.ID, "", p) }
	for _, n := range []int{1, 4, 100} {
		w.same(pages(w, n, list), want)
	}
	// Insertions before and after the place where a page ended: nothing twice, nothing left out.
	first, next, err := list(app.Page{Limit: 6})
	w.ok(err)
	before, after := w.media(r, "", "1"), w.media(r, "", "B")
	w.update(r.ID, func(tx app.RoomTx) {
		w.ok(tx.SaveMedia(before))
		w.ok(tx.SaveMedia(after))
	})
	rest := pages(w, 3, func(p app.Page) ([]app.Media, string, error) {
		if p.After == "" {
			p.After = next
		}
		return list(p)
	})
	w.same(append(first, rest...), slices.Insert(slices.Clone(want), 7, after))
	n, err := w.s.CountMedia(w.ctx, r.ID)
	w.ok(err)
	w.same(n, len(want)+3)
}

func testDeleteMedia(w *world) {
	r, other := w.room(), w.room()
	folder := w.media(r, "", "a")
	folder.Kind = app.MediaFolder
	sub := w.media(r, folder.ID, "a")
	leaf := w.media(r, sub.ID, "a")
	beside := w.media(r, "", "b")
	theirs := w.media(other, folder.ID, "a") // the same parent by name, in another room
	loop := w.media(r, "", "c")
	loop.ParentID = loop.ID
	w.update(r.ID, func(tx app.RoomTx) {
		for _, m := range []app.Media{folder, sub, leaf, beside, loop} {
			w.ok(tx.SaveMedia(m))
		}
	})
	w.update(other.ID, func(tx app.RoomTx) { w.ok(tx.SaveMedia(theirs)) })
	w.update(r.ID, func(tx app.RoomTx) {
		w.ok(tx.DeleteMedia(nil))
		w.ok(tx.DeleteMedia([]app.MediaID{folder.ID, loop.ID, "med_none", theirs.ID}))
	})
	for _, id := range []app.MediaID{folder.ID, sub.ID, leaf.ID, loop.ID} {
		_, err := w.s.Media(w.ctx, r.ID, id)
		w.fails(err, app.CodeNotFound)
	}
	_, err := w.s.Media(w.ctx, r.ID, beside.ID)
	w.ok(err)
	_, err = w.s.Media(w.ctx, other.ID, theirs.ID)
	w.ok(err)
}
