package storetest

import (
	"synctv/app"
	"synctv/app/playback"
)

func testPlayback(w *world) {
	r, other := w.room(), w.room()
	s := playback.New("e1")
	s.Revision, s.MediaID, s.PositionMs, s.AtUs, s.Playing, s.Rate = 3, "med_1", 1e9+0.125, int64(now), true, 1.25
	s.Blames = []playback.Blame{{Member: "gst_1", AtUs: 5}}
	w.update(r.ID, func(tx app.RoomTx) { w.ok(tx.SavePlayback(s)) })
	check := func(wantSeen app.Time) {
		w.Helper()
		got, seen, err := w.s.Playback(w.ctx, r.ID)
		w.ok(err)
		w.same(got, s)
		w.same(seen, wantSeen)
	}
	check(0)
	w.ok(w.s.NotePlaying(w.ctx, []app.RoomID{r.ID, "room_none"}, now))
	check(now)
	w.ok(w.s.NotePlaying(w.ctx, []app.RoomID{r.ID}, now-1)) // late news
	w.ok(w.s.NotePlaying(w.ctx, nil, now+1))
	check(now)
	s.Playing, s.Revision = false, 4
	w.update(r.ID, func(tx app.RoomTx) { w.ok(tx.SavePlayback(s)) })
	check(now)
	_, seen, err := w.s.Playback(w.ctx, other.ID)
	w.ok(err)
	w.same(seen, app.Time(0))
	_, _, err = w.s.Playback(w.ctx, "room_none")
	w.fails(err, app.CodeNotFound)
}
