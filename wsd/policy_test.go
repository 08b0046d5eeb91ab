package wsd

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"synctv/app"
	"synctv/app/apptest"
	pb "synctv/proto/synctv/v1"
	"synctv/wsd/wire"
)

func TestHandshakePolicy(t *testing.T) {
	d := newDoor(t, Config{Origins: []string{"https://elsewhere.example"}})
	owner := d.User(t, "ada")
	room := d.Room(t, owner, app.NewRoom{}).Room.ID
	other := d.Room(t, owner, app.NewRoom{}).Room.ID
	ticket := func(room app.RoomID) string {
		text, _, err := d.CreateTicket(t.Context(), owner, room)
		if err != nil {
			t.Fatal(err)
		}
		return "?ticket=" + text
	}
	used := ticket(room)
	if _, _, err := d.tryDial(t, app.Actor{}, room, dialing{query: used}); err != nil {
		t.Fatalf("a good ticket: %v", err)
	}
	origin := func(o string) http.Header { return http.Header{"Origin": {o}} }
	for _, c := range []struct {
		name   string
		by     app.Actor
		room   app.RoomID
		o      dialing
		status int
	}{
		{"a token", owner, room, dialing{}, 101},
		{"nobody", app.Actor{}, room, dialing{}, 401},
		{"a made-up token", app.Actor{}, room, dialing{header: http.Header{"Authorization": {"Bearer xyz"}}}, 401},
		{"another scheme", app.Actor{}, room, dialing{header: http.Header{"Authorization": {"Basic eDp5"}}}, 401},
		{"a ticket twice", app.Actor{}, room, dialing{query: used}, 401},
		{"another room's ticket", app.Actor{}, room, dialing{query: ticket(other)}, 401},
		{"a made-up ticket", app.Actor{}, room, dialing{query: "?ticket=aaaa"}, 401},
		{"this server's page", owner, room, dialing{header: origin("http://" + d.addr)}, 101},
		{"a named page", owner, room, dialing{header: origin("https://elsewhere.example")}, 101},
		{"a foreign page", owner, room, dialing{header: origin("https://evil.example")}, 403},
		{"a foreign page that looks like ours", owner, room, dialing{header: origin("http://" + d.addr + ".evil.example")}, 403},
		{"no page", owner, room, dialing{header: origin("null")}, 403},
		{"no room", owner, "", dialing{}, 404},
		{"a deeper path", owner, room + "/x", dialing{}, 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, res, err := d.tryDial(t, c.by, c.room, c.o)
			if res == nil || res.StatusCode != c.status || (err == nil) != (c.status == 101) {
				t.Fatalf("%v, %v", res, err)
			}
			if err == nil {
				k.ws.CloseNow()
			} else if text, _ := io.ReadAll(res.Body); len(text) == 0 {
				t.Error("refused without a word")
			}
		})
	}
}

func TestSeatRefusals(t *testing.T) {
	d := newDoor(t, Config{})
	owner, stranger := d.User(t, "ada"), d.User(t, "bob")
	settings := app.DefaultSettings()
	settings.Capacity = 1
	room := d.Room(t, owner, app.NewRoom{Settings: &settings})
	settings.Visibility = app.Private
	private := d.Room(t, owner, app.NewRoom{Settings: &settings}).Room.ID
	banned, kicked, late := d.Member(t, room, "eve"), d.Guest(t, room, "Joe"), d.Guest(t, room, "Kim")
	g := d.Grant(t, owner, room.Room.ID, app.MembersManage)
	for _, err := range []error{d.Ban(t.Context(), g, banned.Person(), ""), d.Kick(t.Context(), g, kicked.Person(), "")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	d.dial(t, owner, room.Room.ID, dialing{})
	for _, c := range []struct {
		name string
		by   app.Actor
		room app.RoomID
		code int
		word app.Code
		back bool
	}{
		{"no such room", owner, "room_00000000000000000000000000", 4404, app.CodeNotFound, false},
		{"not a room's name", owner, "kitchen", 4404, app.CodeNotFound, false},
		{"private", stranger, private, 4404, app.CodeNotFound, false},
		{"not joined", stranger, room.Room.ID, 4403, app.CodeForbidden, false},
		{"banned", banned, room.Room.ID, 4411, app.CodeBanned, false},
		{"kicked", kicked, room.Room.ID, 4410, app.CodeKicked, false},
		{"full", late, room.Room.ID, 4412, app.CodeRoomFull, true},
	} {
		for _, binary := range []bool{false, true} {
			t.Run(c.name, func(t *testing.T) {
				k, _, err := d.tryDial(t, c.by, c.room, dialing{binary: binary})
				if err != nil {
					t.Fatal(err)
				}
				if bye, code := k.end(); code != c.code || bye.GetCode() != string(c.word) || bye.GetMayReturn() != c.back || bye.GetMessage() == "" {
					t.Errorf("ended with %d %v", code, bye)
				}
			})
		}
	}
}

func TestAddresses(t *testing.T) {
	s := &Server{cfg: Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}}}
	for _, c := range []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"direct", "192.0.2.7:5", nil, "192.0.2.7"},
		{"a stranger's claim is not believed", "192.0.2.7:5", []string{"198.51.100.1"}, "192.0.2.7"},
		{"behind a proxy", "10.0.0.1:5", []string{"198.51.100.1"}, "198.51.100.1"},
		{"behind two proxies", "10.0.0.1:5", []string{"198.51.100.1, 10.0.0.2"}, "198.51.100.1"},
		{"in two headers", "10.0.0.1:5", []string{"198.51.100.1", "10.0.0.2"}, "198.51.100.1"},
		{"what the client wrote before does not count", "10.0.0.1:5", []string{"203.0.113.9, 198.51.100.1"}, "198.51.100.1"},
		{"noise ends the chain", "10.0.0.1:5", []string{"198.51.100.1, what"}, "10.0.0.1"},
		{"a proxy that says nothing", "10.0.0.1:5", nil, "10.0.0.1"},
		{"IPv4 in IPv6", "[::ffff:192.0.2.7]:5", nil, "192.0.2.7"},
		{"one household", "[2001:db8:1:2:3:4:5:6]:5", nil, "2001:db8:1:2::"},
		{"IPv6 behind a proxy", "[fd00::1]:5", []string{"2001:db8:1:2::9"}, "2001:db8:1:2::"},
	} {
		t.Run(c.name, func(t *testing.T) {
			req := &wire.Request{Remote: net.TCPAddrFromAddrPort(netip.MustParseAddrPort(c.peer)), ForwardedFor: c.forwarded}
			if got := s.clientAddr(req); got.String() != c.want {
				t.Errorf("got %v, want %s", got, c.want)
			}
		})
	}
}

func TestConnectionsPerAddress(t *testing.T) {
	d := newDoor(t, Config{MaxPerAddress: 2, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	owner := d.User(t, "ada")
	room := d.Room(t, owner, app.NewRoom{}).Room.ID
	from := func(addr string) dialing { return dialing{header: http.Header{"X-Forwarded-For": {addr}}} }
	first := d.dial(t, owner, room, from("198.51.100.1"))
	d.dial(t, owner, room, from("198.51.100.1"))
	if _, res, err := d.tryDial(t, owner, room, from("198.51.100.1")); err == nil || res.StatusCode != 429 {
		t.Errorf("a third: %v, %v", res, err)
	}
	d.dial(t, owner, room, from("198.51.100.2"))
	if _, res, err := d.tryDial(t, app.Actor{}, room, from("198.51.100.3")); err == nil || res.StatusCode != 401 {
		t.Errorf("without a token: %v, %v", res, err)
	}
	first.ws.CloseNow()
	eventually(t, "the place is not given back", func() bool {
		d.srv.mu.Lock()
		defer d.srv.mu.Unlock()
		return d.srv.perAddr[netip.MustParseAddr("198.51.100.1")] == 1
	})
	d.dial(t, owner, room, from("198.51.100.1"))
	d.srv.mu.Lock()
	defer d.srv.mu.Unlock()
	if n := d.srv.perAddr[netip.MustParseAddr("198.51.100.3")]; n != 0 {
		t.Errorf("a refused handshake counts %d", n)
	}
}

func TestServerThatIsFull(t *testing.T) {
	d := newDoor(t, Config{MaxConnections: 1})
	owner := d.User(t, "ada")
	room := d.Room(t, owner, app.NewRoom{}).Room.ID
	d.dial(t, owner, room, dialing{})
	nc, err := net.Dial("tcp", d.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetReadDeadline(time.Now().Add(patience))
	if res, err := http.ReadResponse(bufio.NewReader(nc), nil); err != nil || res.StatusCode != 503 {
		t.Errorf("got %v, %v", res, err)
	}
}

// Every code of the house has its close code, and nothing says "come back" that would be refused again.
func TestCloseCodes(t *testing.T) {
	want := map[app.Code]struct {
		code wire.Code
		back bool
	}{
		app.CodeUnauthenticated: {4401, false}, app.CodeDisabled: {4401, false}, app.CodeForbidden: {4403, false},
		app.CodeNotFound: {4404, false}, app.CodeKicked: {4410, false}, app.CodeBanned: {4411, false}, app.CodeRoomFull: {4412, true},
		app.CodeRateLimited: {4429, true}, app.CodeUnavailable: {1013, true}, app.CodeInvalid: {4400, false},
		app.CodeInternal: {1011, true}, app.CodeConflict: {1011, true}, app.CodeStale: {1011, true}, app.CodeTooLarge: {1011, true},
		app.CodeWrongCredentials: {1011, true}, app.CodeWrongPassword: {1011, true}, app.CodeGuestsNotAllowed: {1011, true},
		app.CodeRegistrationClosed: {1011, true}, app.CodeBlockedAddress: {1011, true}, app.CodeUpstream: {1011, true}, app.CodeUnsupported: {1011, true},
	}
	for code, w := range want {
		e := app.Errorf(code, "Words.")
		e.RetryAfter = 7 * time.Second
		got := closeOf(e)
		if got.code != w.code || got.mayReturn != w.back || got.name != string(code) || got.message != "Words." || w.back != (got.after == 7*time.Second) {
			t.Errorf("%s: %+v", code, got)
		}
	}
}

// People without members_view learn that something happened, never what it says of others.
func TestPeopleAreForThoseWhoMaySeeThem(t *testing.T) {
	for _, binary := range []bool{false, true} {
		d := newDoor(t, Config{})
		owner := d.User(t, "ada")
		settings := app.DefaultSettings()
		settings.Overrides = map[app.RoomRole]app.Override{app.RoleGuest: {Deny: app.MembersView}}
		room := d.Room(t, owner, app.NewRoom{Settings: &settings})
		blind := d.Guest(t, room, "Eve")
		sees, eve := d.dial(t, owner, room.Room.ID, dialing{binary: binary}), d.dial(t, blind, room.Room.ID, dialing{binary: binary})
		if n := len(eve.welcome.Snapshot.GetPeople()); n != 0 {
			t.Errorf("the welcome tells of %d people", n)
		}
		start := eve.welcome.Seq
		joined := d.Member(t, room, "bob")
		g := d.Grant(t, owner, room.Room.ID, app.MembersManage)
		role := app.RoleAdmin
		if _, err := d.UpdateMember(t.Context(), g, joined.Person(), app.MemberPatch{Role: &role}); err != nil {
			t.Fatal(err)
		}
		if err := d.Kick(t.Context(), g, joined.Person(), "for the test"); err != nil {
			t.Fatal(err)
		}
		owns := d.dial(t, owner, room.Room.ID, dialing{}) // news of presence
		if _, err := d.SendMessage(t.Context(), d.Grant(t, owner, room.Room.ID, app.ChatSend), app.NewMessage{Text: "end"}); err != nil {
			t.Fatal(err)
		}
		for want := start + 1; want <= start+3; want++ {
			m := eve.next("an event", func(m *pb.ServerMessage) bool {
				if m.GetPresence() != nil {
					t.Errorf("presence reached somebody who may not see it: %v", m)
				}
				return m.GetEvent() != nil
			})
			if ev := m.GetEvent(); ev.Seq != want || ev.Body != nil || ev.By != "" || ev.ByName != "" {
				t.Errorf("event %v, want %d without contents", ev, want)
			}
		}
		eve.next("the message", func(m *pb.ServerMessage) bool { return m.GetEvent().GetMessage().GetText() == "end" })
		for _, what := range []func(*pb.RoomEvent) bool{
			func(e *pb.RoomEvent) bool { return e.GetMemberJoined().GetPersonId() == string(joined.Person()) },
			func(e *pb.RoomEvent) bool { return e.GetMemberChanged().GetPersonId() == string(joined.Person()) },
			func(e *pb.RoomEvent) bool { return e.GetMemberRemoved().GetPersonId() == string(joined.Person()) },
		} {
			sees.next("who may see hears it", func(m *pb.ServerMessage) bool { return what(m.GetEvent()) })
		}
		back := d.dial(t, blind, room.Room.ID, dialing{query: resume(start, eve)})
		for want := start + 1; want <= start+3; want++ {
			if ev := back.next("what was missed", func(m *pb.ServerMessage) bool { return m.GetEvent() != nil }).GetEvent(); ev.Seq != want || ev.Body != nil {
				t.Errorf("missed event %v", ev)
			}
		}
		owns.ws.CloseNow()
	}
}

func resume(after uint32, c *client) string {
	return "?after=" + strconv.Itoa(int(after)) + "&epoch=" + c.welcome.Epoch
}

func TestYouAfterPermissionsChange(t *testing.T) {
	d := newDoor(t, Config{})
	owner := d.User(t, "ada")
	room := d.Room(t, owner, app.NewRoom{})
	id := room.Room.ID
	bob := d.Member(t, room, "bob")
	c := d.dial(t, bob, id, dialing{})
	you := func(what string, has bool, name string) {
		t.Helper()
		c.next(what, func(m *pb.ServerMessage) bool {
			list := m.GetYou().GetPermissions()
			if m.GetYou() == nil {
				return false
			}
			for _, p := range list {
				if p == name {
					return has
				}
			}
			return !has
		})
	}
	g := d.Grant(t, owner, id, app.MembersManage)
	own := app.Override{Deny: app.MembersView | app.ChatSend}
	if _, err := d.UpdateMember(t.Context(), g, bob.Person(), app.MemberPatch{Own: &own}); err != nil {
		t.Fatal(err)
	}
	you("a denial", false, "members_view")
	c.send(chat(1, "may I"))
	if f := c.next("a refusal", func(m *pb.ServerMessage) bool { return m.GetRefusal() != nil }).GetRefusal(); f.Error.Code != string(app.CodeForbidden) {
		t.Error(f)
	}
	// From now on nothing of people arrives.
	d.Guest(t, room, "Eve")
	if _, err := d.SendMessage(t.Context(), d.Grant(t, owner, id, app.ChatSend), app.NewMessage{Text: "end"}); err != nil {
		t.Fatal(err)
	}
	c.next("the message", func(m *pb.ServerMessage) bool {
		if m.GetEvent().GetMemberJoined() != nil || m.GetPresence() != nil {
			t.Errorf("saw %v", m)
		}
		return m.GetEvent().GetMessage() != nil
	})
	none := app.Override{}
	if _, err := d.UpdateMember(t.Context(), g, bob.Person(), app.MemberPatch{Own: &none}); err != nil {
		t.Fatal(err)
	}
	you("given back", true, "chat_send")
	settings := app.DefaultSettings()
	settings.Preset = app.PresetHost
	if _, err := d.UpdateRoom(t.Context(), d.Grant(t, owner, id, app.RoomSettingsEdit), app.RoomPatch{Settings: &settings}); err != nil {
		t.Fatal(err)
	}
	you("another preset", false, "playback_control")
}

func TestExpelledPeopleHearWhy(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(t *testing.T, d *door, owner, who app.Actor, room app.RoomID) error
		code int
		word app.Code
	}{
		{"kick", func(t *testing.T, d *door, owner, who app.Actor, room app.RoomID) error {
			return d.Kick(t.Context(), d.Grant(t, owner, room, app.MembersManage), who.Person(), "too loud")
		}, 4410, app.CodeKicked},
		{"ban", func(t *testing.T, d *door, owner, who app.Actor, room app.RoomID) error {
			return d.Ban(t.Context(), d.Grant(t, owner, room, app.MembersManage), who.Person(), "too loud")
		}, 4411, app.CodeBanned},
		{"leave", func(t *testing.T, d *door, _, who app.Actor, room app.RoomID) error {
			return d.LeaveRoom(t.Context(), who, room)
		}, 4410, app.CodeKicked},
		{"sign out", func(t *testing.T, d *door, _, who app.Actor, _ app.RoomID) error {
			return d.Logout(t.Context(), who, false)
		}, 4401, app.CodeUnauthenticated},
		{"the room goes", func(t *testing.T, d *door, owner, _ app.Actor, room app.RoomID) error {
			return d.DeleteRoom(t.Context(), d.Grant(t, owner, room, app.RoomOwn))
		}, 4404, app.CodeNotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			gate := make(chan struct{})
			carried := make(chan string, 100)
			d := newDoor(t, Config{}, func(h *house) {
				h.beforeSend = func(in app.NewMessage) {
					carried <- in.Text
					<-gate
				}
			})
			owner := d.User(t, "ada")
			room := d.Room(t, owner, app.NewRoom{})
			who := d.Member(t, room, "bob")
			k := d.dial(t, who, room.Room.ID, dialing{binary: true})
			for i := range uint32(5) {
				k.send(chat(i+1, "x"))
			}
			<-carried
			if err := c.do(t, d, owner, who, room.Room.ID); err != nil {
				t.Fatal(err)
			}
			if bye, code := k.end(); code != c.code || bye.GetCode() != string(c.word) || bye.GetMayReturn() {
				t.Errorf("ended with %d %v", code, bye)
			}
			close(gate)
			eventually(t, "the connection is not gone", func() bool { return d.srv.open.Load() == 0 })
			if n := len(carried); n != 0 {
				t.Errorf("%d commands were carried out for somebody who is out", n)
			}
		})
	}
}

func TestDrain(t *testing.T) {
	d := newDoor(t, Config{})
	owner := d.User(t, "ada")
	room := d.Room(t, owner, app.NewRoom{}).Room.ID
	a, b := d.dial(t, owner, room, dialing{}), d.dial(t, owner, room, dialing{binary: true})
	silent, err := net.Dial("tcp", d.addr) // never says anything
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	eventually(t, "the third is not accepted", func() bool { return d.srv.open.Load() == 3 })
	began := time.Now()
	over := make(chan error, 1)
	go func() { over <- d.stop() }()
	for _, c := range []*client{a, b} {
		if bye, code := c.end(); code != 1012 || bye.GetCode() != "restarting" || !bye.GetMayReturn() || bye.GetRetryAfterMs() == 0 {
			t.Errorf("ended with %d %v", code, bye)
		}
	}
	if err := <-over; err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("stopping took %v", took)
	}
	if got := d.Load().Seats; got != 0 {
		t.Errorf("%d seats are left", got)
	}
}

// A listener that fails for a moment does not close the door.
func TestAcceptThatFailsForAMoment(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := apptest.NewHouse().Open(t)
	srv, err := New(Config{}, n.App, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan error, 1)
	go func() { over <- srv.Run(ctx, &moody{Listener: inner, left: 3}, ctx) }()
	d := &door{Node: n, srv: srv, addr: inner.Addr().String()}
	owner := n.User(t, "ada")
	d.dial(t, owner, n.Room(t, owner, app.NewRoom{}).Room.ID, dialing{}).ws.CloseNow()
	cancel()
	if err := <-over; err != nil {
		t.Error(err)
	}
}

// moody fails a few times first.
type moody struct {
	net.Listener
	left int
}

func (m *moody) Accept() (net.Conn, error) {
	if m.left--; m.left >= 0 {
		return nil, &net.OpError{Op: "accept", Err: io.ErrNoProgress}
	}
	return m.Listener.Accept()
}
