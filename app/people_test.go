package app_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"synctv/app"
	"synctv/app/apptest"
)

func TestPresenceOnTwoNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse()
		a, b := h.Open(t), h.Open(t)
		owner := a.User(t, "ada")
		room := a.Room(t, owner, app.NewRoom{})
		id := room.Room.ID
		bob, eve := b.Member(t, room, "bob"), b.Guest(t, room, "Eve")
		la, lb := a.Sit(t, owner, id), b.Sit(t, bob, id)
		sleep(200 * time.Millisecond)
		le := b.Sit(t, eve, id)
		check := func(when string, want ...string) {
			t.Helper()
			synctest.Wait()
			for name, l := range map[string]*apptest.Listener{"ada": la, "bob": lb} {
				if got := l.People(); !slices.Equal(got, want) {
					t.Errorf("%s: %s sees %v, want %v", when, name, got, want)
				}
			}
		}
		sleep(200 * time.Millisecond)
		check("all in", "Eve", "ada", "bob")
		if info, err := a.GetRoom(t.Context(), owner, id); err != nil || info.Online != 3 {
			t.Errorf("online %d, %v", info.Online, err)
		}
		if err := le.Seat.Report(app.Report{State: app.PlayerPlaying, ErrorMs: 12}); err != nil {
			t.Fatal(err)
		}
		sleep(1100 * time.Millisecond)
		var seen app.Presence
		for _, d := range la.Got() {
			if p, ok := d.(app.PresenceDelta); ok {
				for _, q := range p.People {
					if q.Seat == le.Seat.ID() {
						seen = q
					}
				}
			}
		}
		if seen.State != app.PlayerPlaying || seen.ErrorMs != 12 {
			t.Errorf("the other node sees %+v", seen)
		}
		le.Seat.Leave()
		sleep(200 * time.Millisecond)
		check("Eve left", "ada", "bob")

		b.Die()
		sleep(25 * time.Second)
		if got := la.People(); len(got) != 2 {
			t.Errorf("25 s after a node died: %v", got)
		}
		sleep(6 * time.Second)
		if got := la.People(); !slices.Equal(got, []string{"ada"}) {
			t.Errorf("31 s after a node died: %v", got)
		}
		if info, _ := a.GetRoom(t.Context(), owner, id); info.Online != 1 {
			t.Errorf("online %d", info.Online)
		}
		la.Seat.Leave()
	})
}

// A node that opens a room later knows at once who is there.
func TestPresenceOfOthersIsThereFromTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse()
		a, b := h.Open(t), h.Open(t)
		owner := a.User(t, "ada")
		room := a.Room(t, owner, app.NewRoom{})
		bob := b.Member(t, room, "bob")
		la := a.Sit(t, owner, room.Room.ID)
		sleep(time.Second)
		if info, err := b.GetRoom(t.Context(), bob, room.Room.ID); err != nil || info.Online != 1 {
			t.Errorf("a node without the room says online %d, %v", info.Online, err)
		}
		lb := b.Sit(t, bob, room.Room.ID)
		if got := lb.Welcome.Snapshot.People; len(got) != 1 || got[0].Name != "ada" {
			t.Errorf("the welcome holds %v", got)
		}
		la.Seat.Leave()
		lb.Seat.Leave()
	})
}

func TestPresenceHealsWhateverTheBusLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse()
		a, b := h.Open(t), h.Open(t)
		owner := a.User(t, "ada")
		room := a.Room(t, owner, app.NewRoom{})
		id := room.Room.ID
		la := a.Sit(t, owner, id)
		h.Wire.SetFate(lies(3, 0.6, 0.2, 400*time.Millisecond))
		var others []*apptest.Listener
		for i := range 6 {
			others = append(others, b.Sit(t, b.Guest(t, room, fmt.Sprint("g", i)), id))
			time.Sleep(300 * time.Millisecond)
		}
		for _, l := range others[:3] {
			l.Seat.Leave()
		}
		h.Wire.SetFate(lies(4, 0.3, 0.2, 400*time.Millisecond))
		sleep(40 * time.Second)
		h.Wire.SetFate(nil)
		sleep(11 * time.Second) // everybody is announced every ten
		want := []string{"ada", "g3", "g4", "g5"}
		for i, l := range append(others[3:], la) {
			if got := l.People(); !slices.Equal(got, want) {
				t.Errorf("listener %d sees %v, want %v", i, got, want)
			}
			l.Seat.Leave()
		}
	})
}

func TestCapacityCountsPeople(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse()
		a, b := h.Open(t), h.Open(t)
		owner := a.User(t, "ada")
		settings := app.DefaultSettings()
		settings.Capacity = 2
		room := a.Room(t, owner, app.NewRoom{Settings: &settings})
		id := room.Room.ID
		bob, eve, joe := a.Member(t, room, "bob"), a.Guest(t, room, "Eve"), a.Guest(t, room, "Joe")
		seats := []*apptest.Listener{a.Sit(t, bob, id), a.Sit(t, eve, id)}
		refused := func(n *apptest.Node, by app.Actor, what string) {
			t.Helper()
			if _, err := n.TrySit(t, by, id, app.SitOptions{}); app.CodeOf(err) != app.CodeRoomFull {
				t.Errorf("%s: %v", what, err)
			}
		}
		refused(a, joe, "a third, before anybody was announced")
		sleep(time.Second)
		refused(a, joe, "a third")
		refused(b, joe, "a third on another node")
		if p, err := a.LookupInvite(t.Context(), apptest.Home, room.Room.InviteCode); err != nil || !p.Full || p.Online != 2 {
			t.Errorf("preview %+v, %v", p, err)
		}
		seats = append(seats, a.Sit(t, eve, id))   // the same person again: another tab, or a connection that broke
		seats = append(seats, b.Sit(t, eve, id))   // on whichever node
		seats = append(seats, a.Sit(t, owner, id)) // who looks after the room always gets in
		sleep(time.Second)
		for _, l := range seats[1:] {
			l.Seat.Leave()
		}
		sleep(time.Second)
		seats = append(seats[:1], b.Sit(t, joe, id))
		sleep(time.Second)
		refused(a, eve, "a third after somebody took the place")
		for _, l := range seats {
			l.Seat.Leave()
		}
	})
}

// Of a node that died people come back to another one, into a room that is full of their own shadows.
func TestFullRoomTakesItsPeopleBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse()
		a, b := h.Open(t), h.Open(t)
		owner := a.User(t, "ada")
		settings := app.DefaultSettings()
		settings.Capacity = 3
		room := a.Room(t, owner, app.NewRoom{Settings: &settings})
		var people []app.Actor
		for i := range 3 {
			people = append(people, a.Guest(t, room, fmt.Sprint("g", i)))
			a.Sit(t, people[i], room.Room.ID)
		}
		sleep(time.Second)
		a.Die()
		for _, p := range people {
			defer b.Sit(t, p, room.Room.ID).Seat.Leave()
		}
	})
}

func TestSeatsOfOneNodeAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse()
		n := h.Open(t, func(c *app.Config) { c.MaxSeatsPerRoom = 3 })
		owner := n.User(t, "ada")
		id := n.Room(t, owner, app.NewRoom{}).Room.ID
		for range 3 {
			defer n.Sit(t, owner, id).Seat.Leave()
		}
		if _, err := n.TrySit(t, owner, id, app.SitOptions{}); app.CodeOf(err) != app.CodeRoomFull {
			t.Errorf("got %v", err)
		}
	})
}

func TestReportsThatMakeNoSense(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse()
		n := h.Open(t)
		owner := n.User(t, "ada")
		l := n.Sit(t, owner, n.Room(t, owner, app.NewRoom{}).Room.ID)
		nan := 0.0
		nan /= nan
		for name, r := range map[string]app.Report{
			"no state": {}, "unknown state": {State: "dancing"}, "negative position": {State: app.PlayerPlaying, PositionMs: -1},
			"not a number": {State: app.PlayerPlaying, ErrorMs: nan}, "a far buffer": {State: app.PlayerPaused, BufferedMs: 1e11},
			"negative delay": {State: app.PlayerPaused, RTTMs: -5}, "endless jitter": {State: app.PlayerPaused, JitterMs: 1e7},
		} {
			if err := l.Seat.Report(r); app.CodeOf(err) != app.CodeInvalid || app.AsError(err).Field == "" {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := l.Seat.Report(app.Report{State: app.PlayerStalled, ErrorMs: -2000}); err != nil {
			t.Error(err)
		}
		l.Seat.Leave()
		if err := l.Seat.Report(app.Report{State: app.PlayerPaused}); err != nil { // late, and no harm
			t.Error(err)
		}
	})
}
