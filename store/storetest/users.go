package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"synctv/app"
)

func testUsers(w *world) {
	u := w.user("Ada")
	got, err := w.s.User(w.ctx, u.ID)
	w.ok(err)
	w.same(got, u)
	_, err = w.s.User(w.ctx, "usr_nobody")
	w.fails(err, app.CodeNotFound)
	w.failsOn(w.s.CreateUser(w.ctx, app.User{ID: u.ID, Username: "other"}), app.CodeConflict, "id")
	_, err = w.s.UserByName(w.ctx, "other")
	w.fails(err, app.CodeNotFound)
}

// Names are one name in every case, and in every way to compose their characters.
func testUserNames(w *world) {
	for _, c := range []struct{ name, other string }{
		{"Ada", "aDA"}, {"Жанна", "жАННА"}, {"Straße", "STRASSE"}, {"Ångström", "a\u030angstro\u0308m"}, {"小明", "小明"}, {"ΣΑΣ", "σας"},
	} {
		u := w.user(c.name)
		again := app.User{ID: app.UserID(w.id("usr_")), Username: c.other}
		w.failsOn(w.s.CreateUser(w.ctx, again), app.CodeConflict, "username")
		_, err := w.s.User(w.ctx, again.ID)
		w.fails(err, app.CodeNotFound)
		got, err := w.s.UserByName(w.ctx, c.other)
		w.ok(err)
		w.same(got, u)
	}
	_, err := w.s.UserByName(w.ctx, "Ad%")
	w.fails(err, app.CodeNotFound)
}

// Of many who set up an empty server at the same moment, one becomes its owner.
func testOneRoot(w *world) {
	_, err := w.s.RootUser(w.ctx)
	w.fails(err, app.CodeNotFound)
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			errs[i] = w.s.CreateUser(w.ctx, app.User{
				ID: app.UserID(w.id("usr_")), Username: fmt.Sprint("root", i), Role: app.UserRoot, Created: now,
			})
		})
	}
	wg.Wait()
	won := slices.Index(errs, nil)
	for i, err := range errs {
		if i != won {
			w.failsOn(err, app.CodeConflict, "role")
		}
	}
	root, err := w.s.RootUser(w.ctx)
	w.ok(err)
	if root.Username != fmt.Sprint("root", won) {
		w.Fatalf("root is %s, %d won", root.Username, won)
	}
}

func testUpdateUser(w *world) {
	u, other := w.user("ada"), w.user("bob")
	want := u
	want.DisplayName, want.Role, want.Disabled, want.PasswordHash, want.Username = "Countess", app.UserAdmin, true, "", "Ada.L"
	got, err := w.s.UpdateUser(w.ctx, u.ID, func(v *app.User) error {
		w.same(*v, u)
		*v = want
		v.Created, v.ID = 1, "usr_other" // not for us to change
		return nil
	})
	w.ok(err)
	w.same(got, want)
	got, err = w.s.UserByName(w.ctx, "ADA.l")
	w.ok(err)
	w.same(got, want)

	_, err = w.s.UpdateUser(w.ctx, u.ID, func(v *app.User) error { v.Username = "BOB"; return nil })
	w.failsOn(err, app.CodeConflict, "username")
	refusal := errors.New("no")
	_, err = w.s.UpdateUser(w.ctx, u.ID, func(v *app.User) error { v.DisplayName = "lost"; return refusal })
	if err != refusal {
		w.Fatalf("the error of change became %v", err)
	}
	got, err = w.s.User(w.ctx, u.ID)
	w.ok(err)
	w.same(got, want)
	_, err = w.s.UpdateUser(w.ctx, "usr_nobody", func(*app.User) error { w.Error("called"); return nil })
	w.fails(err, app.CodeNotFound)

	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			_, err := w.s.UpdateUser(w.ctx, other.ID, func(v *app.User) error { v.DisplayName += "x"; return nil })
			if err != nil {
				w.Error(err)
			}
		})
	}
	wg.Wait()
	got, err = w.s.User(w.ctx, other.ID)
	w.ok(err)
	w.same(len(got.DisplayName), len(other.DisplayName)+20)
}

func testDeleteUser(w *world) {
	u, host := w.user("ada"), w.user("host")
	ses := w.session(u)
	own, visited := w.roomOf(u), w.roomOf(host)
	w.ok(w.s.SetFavourite(w.ctx, u.ID, visited.ID, true, now))
	w.update(visited.ID, func(tx app.RoomTx) {
		w.ok(tx.SaveMember(app.Member{RoomID: visited.ID, ID: app.PersonID(u.ID), Role: app.RoleMember, Joined: now}))
	})
	w.ok(w.s.DeleteUser(w.ctx, u.ID))
	w.fails(w.s.DeleteUser(w.ctx, u.ID), app.CodeNotFound)
	_, err := w.s.Session(w.ctx, ses.ID)
	w.fails(err, app.CodeNotFound)
	_, err = w.s.Room(w.ctx, own.ID)
	w.fails(err, app.CodeNotFound)
	_, err = w.s.Member(w.ctx, visited.ID, app.PersonID(u.ID))
	w.fails(err, app.CodeNotFound)
	_, err = w.s.Room(w.ctx, visited.ID)
	w.ok(err)
	w.ok(w.s.CreateUser(w.ctx, app.User{ID: app.UserID(w.id("usr_")), Username: "ada"})) // the name is free again
}

func testListUsers(w *world) {
	var want []app.User
	for i := range 25 {
		u := app.User{
			ID: app.UserID(w.id("usr_")), Username: fmt.Sprintf("User_%02d", i), DisplayName: fmt.Sprintf("100%% №%d", i),
			Role: app.UserPlain, Created: now + app.Time(i/3), // some at the same moment
		}
		w.ok(w.s.CreateUser(w.ctx, u))
		want = append(want, u)
	}
	slices.Reverse(want)
	list := func(query string) func(app.Page) ([]app.User, string, error) {
		return func(p app.Page) ([]app.User, string, error) { return w.s.ListUsers(w.ctx, query, p) }
	}
	for _, n := range []int{1, 7, 25, 100} {
		w.same(pages(w, n, list("")), want)
	}
	for _, c := range []struct {
		query string
		count int
	}{
		{"user_1", 10}, {"USER_2", 5}, {"№2", 6}, {"%", 25}, {"0% ", 25}, {"_", 25}, {"User%", 0}, {"User?", 0}, {`\`, 0}, {"_0_", 0}, {"24 100", 0},
	} {
		if got := pages(w, 4, list(c.query)); len(got) != c.count {
			w.Errorf("%q finds %d, want %d", c.query, len(got), c.count)
		}
	}
	got, next, err := w.s.ListUsers(w.ctx, "nothing", app.Page{Limit: 5})
	w.ok(err)
	if len(got) != 0 || next != "" {
		w.Fatal(got, next)
	}
}
