package app_test

import (
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"synctv/app"
	"synctv/app/apptest"
)

func TestRegister(t *testing.T) {
	h := apptest.NewHouse()
	n := h.Open(t)
	n.User(t, "taken")
	long := strings.Repeat("x", 257)
	for _, c := range []struct {
		name, user, password, display string
		field                         string
		code                          app.Code
	}{
		{"good", "ada.l-1_2", "12345678", "", "", ""},
		{"with a name for people", "bob", "12345678", "Bob 🍿", "", ""},
		{"taken in another case", "TAKEN", "12345678", "", "username", app.CodeConflict},
		{"too short", "ab", "12345678", "", "username", app.CodeInvalid},
		{"blank", "a b c", "12345678", "", "username", app.CodeInvalid},
		{"look-alikes", "аda", "12345678", "", "username", app.CodeInvalid},
		{"short password", "eve", "1234567", "", "password", app.CodeInvalid},
		{"long password", "eve", long, "", "password", app.CodeInvalid},
		{"password with NUL", "eve", "1234567\x00", "", "password", app.CodeInvalid},
		{"broken password", "eve", "1234567\xff", "", "password", app.CodeInvalid},
		{"long name", "eve", "12345678", strings.Repeat("長", 33), "display_name", app.CodeInvalid},
		{"a name of nothing", "eve", "12345678", "\u200b\u200d", "display_name", app.CodeInvalid},
		{"a name of fillers", "eve", "12345678", "\u3164 \u2800", "display_name", app.CodeInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			tokens, err := n.Register(t.Context(), apptest.Home, c.user, c.password, c.display)
			if app.CodeOf(err) != c.code {
				t.Fatal(err)
			}
			if err != nil {
				if e := app.AsError(err); e.Field != c.field || e.Message == "" {
					t.Errorf("%+v", e)
				}
				return
			}
			by := n.Actor(t, tokens)
			if u := by.User(); u.Role != app.UserPlain || u.DisplayName != cmpOr(c.display, c.user) || tokens.Refresh == "" || tokens.ExpiresIn != 15*time.Minute {
				t.Errorf("%+v %+v", u, tokens)
			}
		})
	}
	closed := h.Open(t, func(c *app.Config) { c.RegistrationOpen = false })
	if _, err := closed.Register(t.Context(), apptest.Home, "joe", "12345678", ""); app.CodeOf(err) != app.CodeRegistrationClosed {
		t.Error(err)
	}
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// Slips of the finger do not use up the budget of a network.
func TestRegisterLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse()
		n := h.Open(t)
		h.Limits.TurnOn()
		for range 50 {
			if _, err := n.Register(t.Context(), apptest.Home, "ada", "short", ""); app.CodeOf(err) != app.CodeInvalid {
				t.Fatal(err)
			}
		}
		for _, name := range []string{"a-1", "a-2", "a-3", "a-4", "a-5"} {
			n.User(t, name)
		}
		_, err := n.Register(t.Context(), apptest.Home, "a-6", apptest.Password, "")
		if e := app.AsError(err); err == nil || e.Code != app.CodeRateLimited || e.RetryAfter <= 0 || e.RetryAfter > time.Minute {
			t.Fatal(err)
		}
		elsewhere := app.Origin{Address: netip.MustParseAddr("192.0.2.99")}
		if _, err := n.Register(t.Context(), elsewhere, "a-6", apptest.Password, ""); err != nil {
			t.Error(err)
		}
	})
}

func TestLogin(t *testing.T) {
	h := apptest.NewHouse()
	n := h.Open(t)
	root := n.Root(t)
	ada := n.User(t, "ada")
	off := n.User(t, "off")
	yes := true
	must(t, second2(n.UpdateUser(t.Context(), root, off.User().ID, app.UserPatch{Disabled: &yes})))
	for _, c := range []struct {
		name, user, password string
		code                 app.Code
	}{
		{"good", "ada", apptest.Password, ""},
		{"in capitals", "ADA", apptest.Password, ""},
		{"wrong password", "ada", "wrong horse", app.CodeWrongCredentials},
		{"no password", "ada", "", app.CodeWrongCredentials},
		{"nobody", "nobody", apptest.Password, app.CodeWrongCredentials},
		{"the owner who has no password yet", "root", "", app.CodeWrongCredentials},
		{"a very long name", strings.Repeat("x", 65), apptest.Password, app.CodeWrongCredentials},
		{"a very long password", "ada", strings.Repeat("x", 257), app.CodeWrongCredentials},
		{"disabled", "off", apptest.Password, app.CodeDisabled},
		{"disabled and wrong", "off", "wrong horse", app.CodeWrongCredentials},
	} {
		t.Run(c.name, func(t *testing.T) {
			tokens, err := n.Login(t.Context(), apptest.Home, c.user, c.password)
			if app.CodeOf(err) != c.code {
				t.Fatal(err)
			}
			if err == nil && n.Actor(t, tokens).Person() != ada.Person() {
				t.Error("somebody else")
			}
		})
	}
	if s := n.Stats(); s.LoginsFailed.Load() != 5 {
		t.Errorf("%d failures counted", s.LoginsFailed.Load())
	}
}

// refresher is somebody who signs in and refreshes.
type refresher struct {
	h *apptest.House
	n *apptest.Node
}

func (r refresher) login(t *testing.T) string {
	t.Helper()
	tokens, err := r.n.Login(t.Context(), apptest.Home, "ada", apptest.Password)
	must(t, err)
	return tokens.Refresh
}

func (r refresher) refresh(t *testing.T, token string) (string, error) {
	tokens, err := r.n.Refresh(t.Context(), apptest.Home, token)
	return tokens.Refresh, err
}

func TestRefresh(t *testing.T) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, r refresher)
	}{
		{"each gives the next", func(t *testing.T, r refresher) {
			token := r.login(t)
			for range 5 {
				next, err := r.refresh(t, token)
				if err != nil || next == token {
					t.Fatal(next, err)
				}
				token = next
				time.Sleep(time.Hour)
			}
		}},
		{"a lost reply", func(t *testing.T, r refresher) {
			first := r.login(t)
			a, err := r.refresh(t, first)
			must(t, err)
			time.Sleep(9 * time.Second)
			b, err := r.refresh(t, first)
			must(t, err)
			if a != b {
				t.Error("two who refresh at once are led apart")
			}
			must(t, second2(r.refresh(t, b)))
		}},
		{"a leaked one, after the grace", func(t *testing.T, r refresher) {
			first := r.login(t)
			next, err := r.refresh(t, first)
			must(t, err)
			time.Sleep(11 * time.Second)
			if _, err := r.refresh(t, first); app.CodeOf(err) != app.CodeUnauthenticated {
				t.Error(err)
			}
			if _, err := r.refresh(t, next); app.CodeOf(err) != app.CodeUnauthenticated {
				t.Errorf("the login lives on: %v", err)
			}
		}},
		{"a made-up one", func(t *testing.T, r refresher) {
			token := r.login(t)
			id, _, _ := strings.Cut(token, ".")
			for _, bad := range []string{"", "rt_", id, id + ".", id + ".abc", strings.TrimPrefix(token, "rt_"), token + "x", "rt_ses_x.y", "rt_" + strings.Repeat("x", 5000)} {
				if _, err := r.refresh(t, bad); app.CodeOf(err) != app.CodeUnauthenticated {
					t.Errorf("%.40q: %v", bad, err)
				}
			}
			must(t, second2(r.refresh(t, token))) // nobody is signed out by noise
		}},
		{"too old", func(t *testing.T, r refresher) {
			token := r.login(t)
			time.Sleep(31 * 24 * time.Hour)
			if _, err := r.refresh(t, token); app.CodeOf(err) != app.CodeUnauthenticated {
				t.Error(err)
			}
		}},
		{"the database is away after the turn", func(t *testing.T, r refresher) {
			token := r.login(t)
			r.h.Store.SetFail(func(m string) error {
				if m == "User" {
					return app.Errorf(app.CodeUnavailable, "The database is away.")
				}
				return nil
			})
			_, err := r.refresh(t, token)
			r.h.Store.SetFail(nil)
			if app.CodeOf(err) != app.CodeUnavailable {
				t.Errorf("told to sign in again because of %v", err)
			}
			must(t, second2(r.refresh(t, token)))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := apptest.NewHouse()
				n := h.Open(t)
				n.User(t, "ada")
				c.run(t, refresher{h, n})
			})
		})
	}
}

func TestTickets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse()
		n := h.Open(t)
		owner := n.User(t, "ada")
		room := n.Room(t, owner, app.NewRoom{})
		other := n.Room(t, owner, app.NewRoom{}).Room.ID
		id := room.Room.ID
		guest, stranger := n.Guest(t, room, "Eve"), n.User(t, "joe")
		make := func(by app.Actor) string {
			text, ttl, err := n.CreateTicket(t.Context(), by, id)
			must(t, err)
			if ttl != 30*time.Second || len(text) < 50 {
				t.Errorf("ticket %q for %v", text, ttl)
			}
			return text
		}
		redeem := func(what, ticket string, room app.RoomID, code app.Code, who app.Actor) {
			t.Helper()
			got, err := n.RedeemTicket(t.Context(), ticket, room)
			if app.CodeOf(err) != code || got.Person() != who.Person() || got.Session() != who.Session() || got.GuestRoom() != who.GuestRoom() {
				t.Errorf("%s: %+v, %v", what, got, err)
			}
		}
		for _, by := range []app.Actor{owner, guest} {
			ticket := make(by)
			redeem("once", ticket, id, "", by)
			redeem("twice", ticket, id, app.CodeUnauthenticated, app.Actor{})
		}
		redeem("for another room", make(owner), other, app.CodeUnauthenticated, app.Actor{})
		old := make(owner)
		time.Sleep(31 * time.Second)
		redeem("too old", old, id, app.CodeUnauthenticated, app.Actor{})
		redeem("made up", strings.Repeat("x", 1000), id, app.CodeUnauthenticated, app.Actor{})
		stale := make(owner)
		must(t, n.Logout(t.Context(), owner, false))
		redeem("of a login that ended", stale, id, app.CodeUnauthenticated, app.Actor{})
		for name, by := range map[string]app.Actor{"nobody": {}, "a stranger": stranger} {
			if _, _, err := n.CreateTicket(t.Context(), by, id); err == nil {
				t.Errorf("a ticket for %s", name)
			}
		}
		h.Keys.SetDown(context0)
		if _, err := n.RedeemTicket(t.Context(), "x", id); app.CodeOf(err) != app.CodeUnavailable {
			t.Error(err)
		}
	})
}

var context0 = app.Errorf(app.CodeInternal, "no redis")

func TestSetupLinkWorksOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse()
		a, b := h.Open(t), h.Open(t)
		first, err := a.EnsureRoot(t.Context())
		must(t, err)
		second, err := b.EnsureRoot(t.Context()) // another node, or another start
		must(t, err)
		redeem := func(link string) (app.Tokens, error) { return a.RedeemSetup(t.Context(), apptest.Home, link) }
		tokens, err := redeem(first)
		must(t, err)
		root := a.Actor(t, tokens)
		if root.User().Role != app.UserRoot {
			t.Errorf("%+v", root.User())
		}
		for name, link := range map[string]string{"used": first, "made up": "x", "empty": "", "long": strings.Repeat("x", 99)} {
			if _, err := redeem(link); app.CodeOf(err) != app.CodeUnauthenticated {
				t.Errorf("%s: %v", name, err)
			}
		}
		must(t, second2(a.ChangePassword(t.Context(), root, "", "a new password")))
		if _, err := redeem(second); app.CodeOf(err) != app.CodeUnauthenticated {
			t.Errorf("a link from before the password: %v", err)
		}
		if link, err := b.EnsureRoot(t.Context()); link != "" || err != nil {
			t.Errorf("a link though there is a password: %q, %v", link, err)
		}
	})
}

// TestOldHash: who signs in with a password that was hashed in an older way has it hashed anew.
func TestOldHash(t *testing.T) {
	n := apptest.NewHouse().Open(t)
	ada := n.User(t, "ada").User().ID
	_, err := n.Store.UpdateUser(t.Context(), ada, func(u *app.User) error { u.PasswordHash = "old:" + apptest.Password; return nil })
	must(t, err)
	for range 2 {
		must(t, second2(n.Login(t.Context(), apptest.Home, "ada", apptest.Password)))
		u, err := n.Store.User(t.Context(), ada)
		if must(t, err); u.PasswordHash != "plain:"+apptest.Password {
			t.Errorf("the hash is %q", u.PasswordHash)
		}
	}
}

func TestPasswords(t *testing.T) {
	h := apptest.NewHouse()
	n := h.Open(t)
	ada := n.User(t, "ada")
	other, err := n.Login(t.Context(), apptest.Home, "ada", apptest.Password)
	must(t, err)
	for name, c := range map[string]struct {
		current, next string
		code          app.Code
		field         string
	}{
		"wrong": {"wrong horse", "another horse", app.CodeWrongCredentials, "current_password"},
		"long":  {strings.Repeat("x", 300), "another horse", app.CodeWrongCredentials, "current_password"},
		"short": {apptest.Password, "x", app.CodeInvalid, "new_password"},
	} {
		_, err := n.ChangePassword(t.Context(), ada, c.current, c.next)
		if e := app.AsError(err); err == nil || e.Code != c.code || e.Field != c.field {
			t.Errorf("%s: %v", name, err)
		}
	}
	tokens, err := n.ChangePassword(t.Context(), ada, apptest.Password, "another horse")
	must(t, err)
	n.Actor(t, tokens)
	for what, err := range map[string]error{
		"the access token before":  second2(n.Authenticate(t.Context(), other.Access)),
		"the refresh token before": second2(n.Refresh(t.Context(), apptest.Home, other.Refresh)),
		"the password before":      second2(n.Login(t.Context(), apptest.Home, "ada", apptest.Password)),
		"a guest's password":       second2(n.ChangePassword(t.Context(), app.Actor{}, "", "another horse")),
	} {
		if err == nil {
			t.Errorf("%s still works", what)
		}
	}
}

func TestUserAdministration(t *testing.T) {
	h := apptest.NewHouse()
	n := h.Open(t)
	root := n.Root(t)
	a, b := n.Admin(t, root, "admin-a"), n.Admin(t, root, "admin-b")
	ada, bob := n.User(t, "ada"), n.User(t, "bob")
	yes, plain, admin, owner, name, password := true, app.UserPlain, app.UserAdmin, app.UserRoot, "New Name", "a new password"
	for _, c := range []struct {
		name string
		by   app.Actor
		who  app.Actor
		p    app.UserPatch
		code app.Code
	}{
		{"a user does not administrate", ada, bob, app.UserPatch{DisplayName: &name}, app.CodeForbidden},
		{"nobody does not", app.Actor{}, bob, app.UserPatch{DisplayName: &name}, app.CodeUnauthenticated},
		{"an admin renames", a, bob, app.UserPatch{DisplayName: &name}, ""},
		{"an admin sets a password", a, bob, app.UserPatch{Password: &password}, ""},
		{"an admin makes no admins", a, ada, app.UserPatch{Role: &admin}, app.CodeForbidden},
		{"an admin touches no admin", a, b, app.UserPatch{Disabled: &yes}, app.CodeForbidden},
		{"an admin does not touch itself", a, a, app.UserPatch{DisplayName: &name}, app.CodeForbidden},
		{"an admin does not touch root", a, root, app.UserPatch{Password: &password}, app.CodeForbidden},
		{"root is not weakened by root", root, root, app.UserPatch{Role: &plain}, app.CodeForbidden},
		{"root is not disabled by root", root, root, app.UserPatch{Disabled: &yes}, app.CodeForbidden},
		{"there is one root", root, ada, app.UserPatch{Role: &owner}, app.CodeForbidden},
		{"root makes admins", root, ada, app.UserPatch{Role: &admin}, ""},
		{"root unmakes admins", root, b, app.UserPatch{Role: &plain}, ""},
		{"a bad password changes nothing", root, bob, app.UserPatch{Password: new(string)}, app.CodeInvalid},
		{"a bad name changes nothing", root, bob, app.UserPatch{DisplayName: new(string)}, app.CodeInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := n.UpdateUser(t.Context(), c.by, c.who.User().ID, c.p)
			if app.CodeOf(err) != c.code {
				t.Errorf("got %v", err)
			}
		})
	}
	if _, err := n.CreateUser(t.Context(), a, "new-admin", password, "", app.UserAdmin); app.CodeOf(err) != app.CodeForbidden {
		t.Errorf("an admin made an admin: %v", err)
	}
	if u, err := n.CreateUser(t.Context(), a, "new-user", password, "", ""); err != nil || u.Role != app.UserPlain {
		t.Errorf("%+v, %v", u, err)
	}
	users, _, err := n.ListUsers(t.Context(), a, "new-", app.Page{Limit: 10})
	if err != nil || len(users) != 1 {
		t.Errorf("%v, %v", users, err)
	}
	if _, _, err := n.ListUsers(t.Context(), bob, "", app.Page{Limit: 10}); app.CodeOf(err) == "" {
		t.Error("a user lists accounts")
	}
	n.Room(t, n.User(t, "eve"), app.NewRoom{Name: "Keeps"})
	eve, err := h.Store.UserByName(t.Context(), "eve")
	must(t, err)
	if err := n.DeleteUser(t.Context(), root, eve.ID); app.CodeOf(err) != app.CodeConflict || !strings.Contains(err.Error(), "Keeps") {
		t.Errorf("deleted an owner of rooms: %v", err)
	}
	must(t, n.DeleteUser(t.Context(), root, bob.User().ID))
	if _, err := n.Login(t.Context(), apptest.Home, "bob", password); app.CodeOf(err) != app.CodeWrongCredentials {
		t.Errorf("a deleted account signs in: %v", err)
	}
}

func TestMe(t *testing.T) {
	h := apptest.NewHouse()
	n := h.Open(t)
	ada := n.User(t, "ada")
	guest := n.Guest(t, n.Room(t, ada, app.NewRoom{}), "Eve")
	if u, err := n.Me(t.Context(), ada); err != nil || u.Username != "ada" {
		t.Error(u, err)
	}
	if u, err := n.Me(t.Context(), guest); err != nil || u.DisplayName != "Eve" {
		t.Error(u, err)
	}
	if _, err := n.Me(t.Context(), app.Actor{}); app.CodeOf(err) != app.CodeUnauthenticated {
		t.Error(err)
	}
	name := " Ada  \u202eL. "
	if u, err := n.UpdateMe(t.Context(), ada, &name); err != nil || u.DisplayName != "Ada L." {
		t.Errorf("%q, %v", u.DisplayName, err)
	}
	if _, err := n.UpdateMe(t.Context(), guest, &name); app.CodeOf(err) != app.CodeForbidden {
		t.Error(err)
	}
	must(t, n.Logout(t.Context(), guest, false))
	if _, err := n.Authorize(t.Context(), guest, guest.GuestRoom(), app.RoomView); app.CodeOf(err) != app.CodeKicked {
		t.Errorf("a guest who left: %v", err)
	}
	if err := n.Logout(t.Context(), app.Actor{}, true); app.CodeOf(err) != app.CodeUnauthenticated {
		t.Error(err)
	}
}

// A password is looked at before the login is made, and that takes its time. Who has lost the account by then does not come in
// with what opened it a moment ago (ABUSE-171): at whichever call of the store that happens.
func TestALoginCannotOutrunWhatEndsIt(t *testing.T) {
	yes, admin, next := true, app.UserAdmin, "another horse"
	for _, c := range []struct {
		name string
		end  func(t *testing.T, n *apptest.Node, root, ada app.Actor)
	}{
		{"another password", func(t *testing.T, n *apptest.Node, root, ada app.Actor) {
			must(t, second2(n.UpdateUser(t.Context(), root, ada.User().ID, app.UserPatch{Password: &next})))
		}},
		{"a locked account", func(t *testing.T, n *apptest.Node, root, ada app.Actor) {
			must(t, second2(n.UpdateUser(t.Context(), root, ada.User().ID, app.UserPatch{Disabled: &yes})))
		}},
		{"another role", func(t *testing.T, n *apptest.Node, root, ada app.Actor) {
			must(t, second2(n.UpdateUser(t.Context(), root, ada.User().ID, app.UserPatch{Role: &admin})))
		}},
		{"a deleted account", func(t *testing.T, n *apptest.Node, root, ada app.Actor) {
			must(t, n.DeleteUser(t.Context(), root, ada.User().ID))
		}},
	} {
		for nth := range 4 {
			h := apptest.NewHouse()
			n := h.Open(t)
			root, ada := n.Root(t), n.User(t, "ada")
			calls, over := 0, false
			h.Store.SetFail(func(string) error {
				if calls++; calls == nth+1 && !over {
					over = true
					h.Store.SetFail(nil)
					c.end(t, n, root, ada)
				}
				return nil
			})
			tokens, err := n.Login(t.Context(), apptest.Home, "ada", apptest.Password)
			h.Store.SetFail(nil)
			if !over || err != nil {
				continue
			}
			if _, err := n.Authenticate(t.Context(), tokens.Access); c.name == "another role" {
				if err == nil && nth > 0 {
					t.Errorf("%s at call %d of the store, and the login of before lives", c.name, nth)
				}
			} else if err == nil {
				t.Errorf("%s at call %d of the store, and the login of before lives", c.name, nth)
			}
		}
	}
}
