package storetest

import (
	"fmt"
	"slices"

	"synctv/app"
)

func testMembers(w *world) {
	r := w.room()
	p := app.Member{
		RoomID: r.ID, ID: "gst_1", Name: "Gast", Role: app.RoleGuest, Joined: now + 1, AddressKey: "net",
		Own: app.Override{Allow: app.ChatSend | app.RoomOwn, Deny: app.MediaAdd},
	}
	w.update(r.ID, func(tx app.RoomTx) { w.ok(tx.SaveMember(p)) })
	got, err := w.s.Member(w.ctx, r.ID, p.ID)
	w.ok(err)
	w.same(got, p)
	p.Name, p.Role, p.Own, p.Joined, p.AddressKey = "Neu", app.RoleMember, app.Override{}, now+2, ""
	w.update(r.ID, func(tx app.RoomTx) { w.ok(tx.SaveMember(p)) })
	got, err = w.s.Member(w.ctx, r.ID, p.ID)
	w.ok(err)
	w.same(got, p)
	n, err := w.s.CountMembers(w.ctx, r.ID)
	w.ok(err)
	w.same(n, 2)
	guest := app.Member{RoomID: r.ID, ID: "gst_counted", Name: "Gast", Role: app.RoleGuest, Joined: now}
	w.update(r.ID, func(tx app.RoomTx) { w.ok(tx.SaveMember(guest)) })
	n, err = w.s.CountMembers(w.ctx, r.ID)
	w.ok(err)
	w.same(n, 2) // a guest has no account
	w.update(r.ID, func(tx app.RoomTx) { w.ok(tx.DeleteMember(guest.ID)) })
	_, err = w.s.Member(w.ctx, w.room().ID, p.ID)
	w.fails(err, app.CodeNotFound)
	w.update(r.ID, func(tx app.RoomTx) {
		w.ok(tx.DeleteMember(p.ID))
		w.ok(tx.DeleteMember(p.ID)) // twice is no harm
	})
	_, err = w.s.Member(w.ctx, r.ID, p.ID)
	w.fails(err, app.CodeNotFound)
	n, err = w.s.CountMembers(w.ctx, "room_none")
	w.ok(err)
	w.same(n, 0)
}

func testListMembers(w *world) {
	r, other := w.room(), w.room()
	want := []app.Member{w.ownerOf(r)}
	w.update(r.ID, func(tx app.RoomTx) {
		for i := range 10 {
			p := app.Member{RoomID: r.ID, ID: app.PersonID(w.id("gst_")), Role: app.RoleGuest, Joined: now + app.Time(1+i/4)}
			w.ok(tx.SaveMember(p))
			want = append(want, p)
		}
	})
	list := func(p app.Page) ([]app.Member, string, error) { return w.s.ListMembers(w.ctx, r.ID, p) }
	for _, n := range []int{1, 3, 11, 50} {
		w.same(pages(w, n, list), want)
	}
	// Somebody who goes between two pages shifts nobody.
	_, next, err := list(app.Page{Limit: 3})
	w.ok(err)
	w.update(r.ID, func(tx app.RoomTx) {
		w.ok(tx.DeleteMember(want[0].ID))
		w.ok(tx.DeleteMember(want[2].ID))
	})
	rest, _, err := list(app.Page{Limit: 3, After: next})
	w.ok(err)
	w.same(rest, want[3:6])
	_, _, err = w.s.ListMembers(w.ctx, other.ID, app.Page{Limit: 3, After: next})
	w.failsOn(err, app.CodeInvalid, "cursor")
}

func testOldGuests(w *world) {
	var want []app.Member
	for i := range 3 {
		r := w.room()
		w.update(r.ID, func(tx app.RoomTx) {
			for j, role := range []app.RoomRole{app.RoleGuest, app.RoleMember, app.RoleAdmin, app.RoleGuest} {
				p := app.Member{RoomID: r.ID, ID: app.PersonID(w.id("gst_")), Role: role, Joined: now + app.Time(10*i+j)}
				w.ok(tx.SaveMember(p))
				if role == app.RoleGuest {
					want = append(want, p)
				}
			}
		})
	}
	for _, c := range []struct {
		before app.Time
		limit  int
		want   []app.Member
	}{{now, 10, []app.Member{}}, {now + 1, 10, want[:1]}, {now + 11, 10, want[:3]}, {now + 100, 2, want[:2]}, {now + 100, 50, want}} {
		got, err := w.s.OldGuests(w.ctx, c.before, c.limit)
		w.ok(err)
		w.same(got, c.want)
	}
}

func testBans(w *world) {
	r := w.room()
	a := app.Ban{RoomID: r.ID, ID: "gst_1", Name: "Gast", Reason: "spam", By: app.PersonID(r.OwnerID), Created: now, AddressKey: "net1"}
	b := app.Ban{RoomID: r.ID, ID: "usr_2", Name: "Zwei", Created: now + 1}
	w.update(r.ID, func(tx app.RoomTx) {
		w.ok(tx.SaveBan(a))
		w.ok(tx.SaveBan(b))
	})
	for _, c := range []struct {
		person app.PersonID
		net    string
		want   *app.Ban
	}{
		{"gst_1", "", &a}, {"gst_1", "net9", &a}, {"gst_9", "net1", &a}, {"", "net1", &a}, {"usr_2", "", &b},
		{"usr_2", "net1", &b}, // the person's own ban goes first
		{"gst_9", "", nil}, {"gst_9", "net9", nil}, {"", "", nil},
	} {
		got, err := w.s.Ban(w.ctx, r.ID, c.person, c.net)
		if c.want == nil {
			w.fails(err, app.CodeNotFound)
			continue
		}
		w.ok(err)
		w.same(got, *c.want)
	}
	w.update(r.ID, func(tx app.RoomTx) { // the same, and what the transaction itself has done
		got, err := tx.Ban("gst_9", "net1")
		w.ok(err)
		w.same(got, a)
		w.ok(tx.DeleteBan(b.ID))
		_, err = tx.Ban(b.ID, "")
		w.fails(err, app.CodeNotFound)
		w.ok(tx.SaveBan(b))
		got, err = tx.Ban(b.ID, "net1")
		w.ok(err)
		w.same(got, b)
	})
	_, err := w.s.Ban(w.ctx, w.room().ID, a.ID, a.AddressKey)
	w.fails(err, app.CodeNotFound)
	a.Reason, a.Created = "more spam", now+5
	w.update(r.ID, func(tx app.RoomTx) { w.ok(tx.SaveBan(a)) })
	got, err := w.s.Ban(w.ctx, r.ID, a.ID, "")
	w.ok(err)
	w.same(got, a)
	w.update(r.ID, func(tx app.RoomTx) { w.ok(tx.DeleteBan(a.ID)) })
	_, err = w.s.Ban(w.ctx, r.ID, a.ID, a.AddressKey)
	w.fails(err, app.CodeNotFound)
}

func testListBans(w *world) {
	r := w.room()
	var want []app.Ban
	w.update(r.ID, func(tx app.RoomTx) {
		for i := range 7 {
			b := app.Ban{RoomID: r.ID, ID: app.PersonID(w.id("gst_")), Name: fmt.Sprint(i), Created: now + app.Time(i/2)}
			w.ok(tx.SaveBan(b))
			want = append(want, b)
		}
	})
	slices.Reverse(want)
	for _, n := range []int{1, 2, 10} {
		w.same(pages(w, n, func(p app.Page) ([]app.Ban, string, error) { return w.s.ListBans(w.ctx, r.ID, p) }), want)
	}
}
