package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"synctv/app"
)

func testSessions(w *world) {
	u := w.user("ada")
	s := w.session(u)
	got, err := w.s.Session(w.ctx, s.ID)
	w.ok(err)
	w.same(got, s)
	_, err = w.s.Session(w.ctx, "ses_none")
	w.fails(err, app.CodeNotFound)
	w.failsOn(w.s.CreateSession(w.ctx, s), app.CodeConflict, "id")
	w.fails(w.s.CreateSession(w.ctx, app.Session{ID: "ses_x", UserID: "usr_nobody"}), app.CodeNotFound)
	w.ok(w.s.CreateSession(w.ctx, app.Session{ID: "ses_nil", UserID: u.ID})) // hashes may be nil
}

func testUpdateSession(w *world) {
	s := w.session(w.user("ada"))
	want := s
	want.RefreshHash, want.PreviousHash, want.Rotated, want.Expires, want.Revoked = []byte("new"), s.RefreshHash, now+1, now+2, now+3
	got, err := w.s.UpdateSession(w.ctx, s.ID, func(v *app.Session) error {
		w.same(*v, s)
		*v = want
		return nil
	})
	w.ok(err)
	w.same(got, want)

	refusal := errors.New("no")
	_, err = w.s.UpdateSession(w.ctx, s.ID, func(v *app.Session) error { v.Revoked = 9; return refusal })
	if err != refusal {
		w.Fatalf("the error of change became %v", err)
	}
	got, err = w.s.Session(w.ctx, s.ID)
	w.ok(err)
	w.same(got, want)

	reuse := fmt.Errorf("%w: %w", app.ErrKeep, app.Errorf(app.CodeUnauthenticated, "Sign in again."))
	_, err = w.s.UpdateSession(w.ctx, s.ID, func(v *app.Session) error { v.Revoked = 10; return reuse })
	if err != reuse {
		w.Fatalf("the error of change became %v", err)
	}
	got, err = w.s.Session(w.ctx, s.ID)
	w.ok(err)
	w.same(got.Revoked, app.Time(10))
	_, err = w.s.UpdateSession(w.ctx, "ses_none", func(*app.Session) error { w.Error("called"); return nil })
	w.fails(err, app.CodeNotFound)
}

// Two at once: the second sees what the first wrote, so a refresh token is turned in once.
func testUpdateSessionTwice(w *world) {
	s := w.session(w.user("ada"))
	used := errors.New("used already")
	for round := range 10 {
		fresh := []byte(fmt.Sprint("secret ", round))
		_, err := w.s.UpdateSession(w.ctx, s.ID, func(v *app.Session) error { v.RefreshHash = fresh; return nil })
		w.ok(err)
		errs := make([]error, 6)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() {
				_, errs[i] = w.s.UpdateSession(w.ctx, s.ID, func(v *app.Session) error {
					if string(v.RefreshHash) != string(fresh) {
						return used
					}
					v.PreviousHash, v.RefreshHash = v.RefreshHash, []byte(fmt.Sprint("next ", i))
					return nil
				})
			})
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else if err != used {
				w.Error(err)
			}
		}
		if won != 1 {
			w.Fatalf("%d turned it in", won)
		}
	}
}

func testRevokeSessions(w *world) {
	u, other := w.user("ada"), w.user("bob")
	a, b, c, d := w.session(u), w.session(u), w.session(u), w.session(other)
	_, err := w.s.UpdateSession(w.ctx, c.ID, func(v *app.Session) error { v.Revoked = now; return nil })
	w.ok(err)
	revoke := func(except app.SessionID, want ...app.SessionID) {
		w.Helper()
		got, err := w.s.RevokeSessions(w.ctx, u.ID, except, now+5)
		w.ok(err)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			w.Fatalf("revoked %v, want %v", got, want)
		}
	}
	revoke(a.ID, b.ID)
	revoke("", a.ID)
	revoke("")
	for id, want := range map[app.SessionID]app.Time{a.ID: now + 5, b.ID: now + 5, c.ID: now, d.ID: 0} {
		got, err := w.s.Session(w.ctx, id)
		w.ok(err)
		w.same(got.Revoked, want)
	}
}

func testDeleteExpiredSessions(w *world) {
	u := w.user("ada")
	at := func(expires, revoked app.Time) app.SessionID {
		s := app.Session{ID: app.SessionID(w.id("ses_")), UserID: u.ID, Created: now, Expires: expires, Revoked: revoked}
		w.ok(w.s.CreateSession(w.ctx, s))
		return s.ID
	}
	gone := []app.SessionID{at(now-1, 0), at(now+9, now-1)}
	kept := []app.SessionID{at(now, 0), at(now+9, 0), at(now+9, now)}
	for range 1200 { // more than a store would delete at once
		gone = append(gone, at(now-7, 0))
	}
	n, err := w.s.DeleteExpiredSessions(w.ctx, now)
	w.ok(err)
	w.same(n, len(gone))
	for _, id := range kept {
		_, err := w.s.Session(w.ctx, id)
		w.ok(err)
	}
	_, err = w.s.Session(w.ctx, gone[1])
	w.fails(err, app.CodeNotFound)
}
