package app_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"synctv/app"
	"synctv/app/apptest"
)

func TestReadiness(t *testing.T) {
	h := apptest.NewHouse()
	n := h.Open(t)
	if err := n.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	h.Store.SetFail(func(string) error { return app.Errorf(app.CodeUnavailable, "The database is away.") })
	if err := n.Ready(t.Context()); app.CodeOf(err) != app.CodeUnavailable {
		t.Errorf("without a database: %v", err)
	}
	h.Store.SetFail(nil)
	n.Drain()
	if err := n.Ready(t.Context()); app.CodeOf(err) != app.CodeUnavailable {
		t.Errorf("while draining: %v", err)
	}
	if i := n.ServerInfo(app.Origin{}); i.Name != "Test" || !i.RegistrationOpen || i.MaxMessageChars != 2000 {
		t.Errorf("%+v", i)
	}
}

func TestConfigurationThatCannotWork(t *testing.T) {
	for name, cfg := range map[string]app.Config{
		"no node": {AddressKey: make([]byte, 16)}, "no key": {NodeID: "n"}, "nothing to stand on": {NodeID: "n", AddressKey: make([]byte, 16)},
	} {
		if _, err := app.New(cfg, app.Deps{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// After the bus has lost something, rooms read the log, say who is here, and look at logins again.
func TestResync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse()
		a, b := h.Open(t), h.Open(t)
		owner := a.User(t, "ada")
		room := a.Room(t, owner, app.NewRoom{})
		bob := a.Member(t, room, "bob")
		id := room.Room.ID
		la, lb := a.Sit(t, owner, id), b.Sit(t, bob, id)
		sleep(time.Second)
		h.Wire.SetFate(lies(1, 1, 0, time.Second))
		m := say(t, a, owner, id, "lost")
		must(t, a.Logout(t.Context(), bob, false))
		h.Wire.SetFate(nil)
		b.Bus.Resync()
		sleep(100 * time.Millisecond)
		if list := seqs(lb.Events()); len(list) != 1 || list[0] != m.Seq {
			t.Errorf("after a resync: %v", list)
		}
		if e, ok := lb.Expelled(); !ok || e.Code != app.CodeUnauthenticated {
			t.Errorf("a login that ended unheard: %v %+v", ok, e)
		}
		la.Seat.Leave()
		lb.Seat.Leave()
	})
}

func TestErrors(t *testing.T) {
	cause := errors.New("pq: secret detail")
	e := app.Wrap(app.CodeUnavailable, cause, "Try again.")
	if !errors.Is(e, cause) || !errors.Is(e, &app.Error{Code: app.CodeUnavailable}) || errors.Is(e, &app.Error{Code: app.CodeInvalid}) {
		t.Error("the chain is broken")
	}
	if got := app.AsError(cause); got.Code != app.CodeInternal || got.Message == "" || got.Unwrap() != cause {
		t.Errorf("%+v", got)
	}
	if app.CodeOf(nil) != "" || app.AsError(nil) != nil {
		t.Error("nothing is no error")
	}
}

func TestICEServers(t *testing.T) {
	for _, c := range []struct {
		name, host, url string
		port            uint16
		want            string
	}{
		{"none", "watch.example", "", 0, ""},
		{"under the host of the page", "watch.example:8080", "", 3478, "stun:watch.example:3478"},
		{"over IPv6", "[2001:db8::1]", "", 3479, "stun:[2001:db8::1]:3479"},
		{"host not known", "", "", 3478, ""},
		{"nonsense for a host", "a/b", "", 3478, ""},
		{"of the operator's choice", "watch.example", "stun:stun.example:99", 3478, "stun:stun.example:99"},
	} {
		n := apptest.NewHouse().Open(t, func(cfg *app.Config) { cfg.STUNPort, cfg.STUNURL = c.port, c.url })
		if got := strings.Join(n.ServerInfo(app.Origin{Host: c.host}).ICEServers, " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
