package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"synctv/app"
)

func (w *world) recording(s app.Stream, started app.Time, state app.RecordingState) app.Recording {
	w.Helper()
	r := app.Recording{ID: app.RecordingID(w.id("rec_")), StreamID: s.ID, State: state, Title: "Show", File: string(s.ID) + "/a.mp4",
		Started: started, Seen: started, DurationMs: 61_000.5, Size: 1000,
		Media: app.RecordingMedia{VideoCodec: "H.264", AudioCodec: "AAC", Codecs: []string{"avc1.64001f", "mp4a.40.2"}, Width: 1280, Height: 720}}
	w.ok(w.s.CreateRecording(w.ctx, r))
	return r
}

func testRecordings(w *world) {
	s, _ := w.stream(w.user("ada"), "")
	r := w.recording(s, now, app.RecordingRunning)
	got, err := w.s.Recording(w.ctx, r.ID)
	w.ok(err)
	w.same(got, r)
	silent := r
	silent.ID, silent.Media = app.RecordingID(w.id("rec_")), app.RecordingMedia{}
	w.ok(w.s.CreateRecording(w.ctx, silent))
	got, err = w.s.Recording(w.ctx, silent.ID)
	w.ok(err)
	w.same(got, silent)
	_, err = w.s.Recording(w.ctx, "rec_none")
	w.fails(err, app.CodeNotFound)
	w.failsOn(w.s.CreateRecording(w.ctx, r), app.CodeConflict, "id")
	w.fails(w.s.CreateRecording(w.ctx, app.Recording{ID: "rec_x", StreamID: "str_none"}), app.CodeNotFound)

	// A recording outlives its stream, so that its file is not forgotten.
	w.ok(w.s.DeleteStream(w.ctx, s.ID))
	got, err = w.s.Recording(w.ctx, r.ID)
	w.ok(err)
	r.StreamID = ""
	w.same(got, r)
	for range 2 {
		w.ok(w.s.DeleteRecording(w.ctx, r.ID))
	}
	_, err = w.s.Recording(w.ctx, r.ID)
	w.fails(err, app.CodeNotFound)
	// And its room, and its owner.
	u := w.user("bob")
	room := w.room()
	inRoom, _ := w.stream(u, room.ID)
	own, _ := w.stream(u, "")
	first, second := w.recording(inRoom, now, app.RecordingComplete), w.recording(own, now, app.RecordingComplete)
	w.update(room.ID, func(tx app.RoomTx) { w.ok(tx.DeleteRoom()) })
	w.ok(w.s.DeleteUser(w.ctx, u.ID))
	for _, id := range []app.RecordingID{first.ID, second.ID} {
		got, err := w.s.Recording(w.ctx, id)
		w.ok(err)
		w.same(got.StreamID, app.StreamID(""))
	}
}

func testUpdateRecording(w *world) {
	s, _ := w.stream(w.user("ada"), "")
	r := w.recording(s, now, app.RecordingRunning)
	want := r
	want.State, want.Seen, want.DurationMs, want.Size = app.RecordingComplete, now+9, 70_000, 1<<40
	got, err := w.s.UpdateRecording(w.ctx, r.ID, func(v *app.Recording) error {
		w.same(*v, r)
		*v = want
		v.ID, v.StreamID, v.Title, v.File, v.Started, v.Media = "rec_other", "", "other", "other", 1, app.RecordingMedia{} // not for us to change
		return nil
	})
	w.ok(err)
	w.same(got, want)
	refusal := errors.New("no")
	if _, err = w.s.UpdateRecording(w.ctx, r.ID, func(v *app.Recording) error { v.Size = 1; return refusal }); err != refusal {
		w.Fatalf("the error of change became %v", err)
	}
	got, err = w.s.Recording(w.ctx, r.ID)
	w.ok(err)
	w.same(got, want)
	_, err = w.s.UpdateRecording(w.ctx, "rec_none", func(*app.Recording) error { w.Error("called"); return nil })
	w.fails(err, app.CodeNotFound)
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if _, err := w.s.UpdateRecording(w.ctx, r.ID, func(v *app.Recording) error { v.Size++; return nil }); err != nil {
				w.Error(err)
			}
		})
	}
	wg.Wait()
	got, err = w.s.Recording(w.ctx, r.ID)
	w.ok(err)
	w.same(got.Size, want.Size+10)
}

func testListRecordings(w *world) {
	ada := w.user("ada")
	first, _ := w.stream(ada, "")
	second, _ := w.stream(ada, "")
	foreign, _ := w.stream(w.user("bob"), "")
	gone, _ := w.stream(ada, "")
	var every, adas, firsts []app.Recording
	for i := range 24 {
		s := []app.Stream{first, second, foreign}[i%3]
		r := w.recording(s, now+app.Time(i/4), app.RecordingComplete)
		every = append(every, r)
		if s.OwnerID == ada.ID {
			adas = append(adas, r)
		}
		if s.ID == first.ID {
			firsts = append(firsts, r)
		}
	}
	w.recording(first, now, app.RecordingRemoved)
	w.recording(gone, now, app.RecordingComplete)
	w.ok(w.s.DeleteStream(w.ctx, gone.ID))
	for _, list := range [][]app.Recording{every, adas, firsts} {
		slices.Reverse(list)
	}
	for _, c := range []struct {
		name   string
		filter app.RecordingFilter
		want   []app.Recording
	}{
		{"all", app.RecordingFilter{}, every}, {"of an account", app.RecordingFilter{Owner: ada.ID}, adas},
		{"of a stream", app.RecordingFilter{Stream: first.ID}, firsts}, {"none", app.RecordingFilter{Stream: foreign.ID, Owner: ada.ID}, nil},
	} {
		for _, n := range []int{1, 5, 100} {
			got := pages(w, n, func(p app.Page) ([]app.Recording, string, error) { return w.s.ListRecordings(w.ctx, c.filter, p) })
			if len(got)+len(c.want) > 0 {
				w.same(got, c.want)
			}
		}
	}
	_, next, err := w.s.ListRecordings(w.ctx, app.RecordingFilter{}, app.Page{Limit: 3})
	w.ok(err)
	_, _, err = w.s.ListRecordings(w.ctx, app.RecordingFilter{Stream: first.ID}, app.Page{Limit: 3, After: next})
	w.fails(err, app.CodeInvalid)
}

// ids names recordings, in order.
func ids(list []app.Recording) string {
	var names []app.RecordingID
	for _, r := range list {
		names = append(names, r.ID)
	}
	return fmt.Sprint(names)
}

func testDeadRecordings(w *world) {
	s, _ := w.stream(w.user("ada"), "")
	young, old := w.recording(s, now, app.RecordingRunning), w.recording(s, now-9, app.RecordingRunning)
	older := w.recording(s, now-10, app.RecordingRunning)
	w.recording(s, now-20, app.RecordingComplete)
	for _, c := range []struct {
		before app.Time
		limit  int
		want   []app.Recording
	}{
		{now, 9, []app.Recording{older, old}}, {now, 1, []app.Recording{older}}, {now + 1, 9, []app.Recording{older, old, young}}, {0, 9, nil},
	} {
		got, err := w.s.DeadRecordings(w.ctx, c.before, c.limit)
		w.ok(err)
		w.same(ids(got), ids(c.want))
	}
}

func testSpentRecordings(w *world) {
	ada := w.user("ada")
	s, _ := w.stream(ada, "")
	gone, _ := w.stream(ada, "")
	running := w.recording(s, now-50, app.RecordingRunning)
	ancient := w.recording(s, now-40, app.RecordingComplete)
	lost := w.recording(s, now-30, app.RecordingLost)
	orphan := w.recording(gone, now-20, app.RecordingComplete)
	removed := w.recording(s, now-10, app.RecordingRemoved)
	newest := w.recording(s, now, app.RecordingComplete)
	w.ok(w.s.DeleteStream(w.ctx, gone.ID))
	_ = running // what is being made stays, whatever its age
	for _, c := range []struct {
		name  string
		keep  app.RecordingLimits
		limit int
		want  []app.Recording
	}{
		{"for ever", app.RecordingLimits{}, 9, []app.Recording{orphan, removed}},
		{"by age", app.RecordingLimits{SeenBefore: now - 30}, 9, []app.Recording{ancient, orphan, removed}},
		{"by number of bytes", app.RecordingLimits{Bytes: 4000}, 9, []app.Recording{ancient, orphan, removed}},
		{"by fewer bytes", app.RecordingLimits{Bytes: 1000}, 9, []app.Recording{ancient, lost, orphan, removed}},
		{"by none", app.RecordingLimits{Bytes: 999}, 9, []app.Recording{ancient, lost, orphan, removed, newest}},
		{"some at once", app.RecordingLimits{Bytes: 999}, 2, []app.Recording{ancient, lost}},
	} {
		got, err := w.s.SpentRecordings(w.ctx, c.keep, c.limit)
		w.ok(err)
		if ids(got) != ids(c.want) {
			w.Errorf("%s: got %s, want %s", c.name, ids(got), ids(c.want))
		}
	}
}
