package app_test

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"synctv/app"
	"synctv/app/apptest"
	"synctv/app/playback"
)

const film, second = "https://example.org/film.mp4", "https://example.org/second.mp4"

// state is what the store has, which is what everybody hears.
func state(t *testing.T, h *apptest.House, room app.RoomID) playback.State {
	t.Helper()
	s, _, err := h.Store.Playback(t.Context(), room)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// position is where the room is now, in milliseconds.
func position(t *testing.T, h *apptest.House, room app.RoomID) float64 {
	t.Helper()
	return state(t, h, room).Position(time.Now().UnixMicro())
}

func near(got, want, within float64) bool { return math.Abs(got-want) <= within }

// ready reports that the player has loaded what the room plays.
func ready(t *testing.T, h *apptest.House, l *apptest.Listener, s app.PlayerState) {
	t.Helper()
	if err := l.Seat.Report(app.Report{State: s, ReadyRevision: state(t, h, l.Seat.Room()).Revision}); err != nil {
		t.Fatal(err)
	}
}

func act(t *testing.T, n *apptest.Node, by app.Actor, room app.RoomID, in playback.Intent) (playback.State, error) {
	t.Helper()
	return n.Control(t.Context(), n.Grant(t, by, room, app.ActionFor(in.Op)), in)
}

func TestFirstPlayBeginsTogether(t *testing.T) {
	for _, c := range []struct {
		name   string
		before time.Duration // between making the room and coming in
		report app.PlayerState
		after  time.Duration // until the film must run
	}{
		{"ready at once", time.Second, app.PlayerPaused, 800 * time.Millisecond},
		{"still loading", time.Second, app.PlayerLoading, 4500 * time.Millisecond},
		{"hours later, longer than the film", 3 * time.Hour, app.PlayerPaused, 800 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := apptest.NewHouse()
				h.Prober.Know(film, app.Probed{DurationMs: 600_000}, nil)
				n := h.Open(t)
				owner := n.User(t, "ada")
				room := n.Room(t, owner, app.NewRoom{Media: []app.NewMedia{{URL: film}, {URL: second}}, Play: true})
				id := room.Room.ID
				sleep(c.before)
				l := n.Sit(t, owner, id)
				sleep(100 * time.Millisecond)
				s := state(t, h, id)
				if s.Hold == nil || s.Hold.Waiting[0] != string(l.Seat.ID()) || s.PositionMs != 0 || s.MediaID != string(l.Welcome.Snapshot.Media[0].ID) {
					t.Fatalf("the room does not wait for its first person: %+v", s)
				}
				ready(t, h, l, c.report)
				sleep(c.after)
				began := position(t, h, id)
				sleep(time.Second)
				if got := position(t, h, id); !near(got, began+1000, 1) || began > 700 {
					t.Errorf("at %v, a second later at %v: %+v", began, got, state(t, h, id))
				}
				l.Seat.Leave()
			})
		})
	}
}

// Probing is slow and shared; the first play must not wait for it.
func TestFirstPlayDoesNotWaitForProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse()
		n := h.Open(t)
		stuck := make(chan struct{})
		h.Prober.Ask(second, func() (app.Probed, error) { <-stuck; return app.Probed{}, nil })
		owner := n.User(t, "ada")
		n.Room(t, owner, app.NewRoom{Media: []app.NewMedia{{URL: second}, {URL: second}, {URL: second}, {URL: second}, {URL: second}}})
		id := n.Room(t, owner, app.NewRoom{Media: []app.NewMedia{{URL: film}}, Play: true}).Room.ID
		l := n.Sit(t, owner, id)
		sleep(100 * time.Millisecond)
		if state(t, h, id).Hold == nil {
			t.Error("the room did not begin with its first person")
		}
		close(stuck)
		l.Seat.Leave()
	})
}

func TestEmptyRoomPausesWhereTheLastOneLeftIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse()
		a, b := h.Open(t), h.Open(t)
		owner := a.User(t, "ada")
		room := a.Room(t, owner, app.NewRoom{Media: []app.NewMedia{{URL: film}}, Play: true})
		id := room.Room.ID
		bob := b.Member(t, room, "bob")
		la, lb := a.Sit(t, owner, id), b.Sit(t, bob, id)
		ready(t, h, la, app.PlayerPlaying)
		sleep(20 * time.Second)
		la.Seat.Leave()
		sleep(40 * time.Second)
		if s := state(t, h, id); !s.Playing {
			t.Fatal("paused while somebody was there, on another node")
		}
		left := position(t, h, id)
		lb.Seat.Leave()
		sleep(29 * time.Second)
		if s := state(t, h, id); !s.Playing {
			t.Error("paused too early")
		}
		sleep(2 * time.Second)
		if s := state(t, h, id); s.Playing || !near(s.PositionMs, left, 1) {
			t.Errorf("left at %v, now %+v", left, s)
		}
		sleep(2 * time.Minute)
		again := a.Sit(t, owner, id)
		if s := again.Welcome.Snapshot.Playback; s.Playing || !near(s.PositionMs, left, 1) {
			t.Errorf("came back to %+v", s)
		}
		again.Seat.Leave()
	})
}

// Somebody who could not come in does not pause the room of those who are there.
func TestRefusedPersonDoesNotPauseTheRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse()
		a, b := h.Open(t), h.Open(t)
		owner := a.User(t, "ada")
		settings := app.DefaultSettings()
		settings.Capacity = 1
		room := a.Room(t, owner, app.NewRoom{Settings: &settings, Media: []app.NewMedia{{URL: film}}, Play: true})
		l := a.Sit(t, owner, room.Room.ID)
		ready(t, h, l, app.PlayerPlaying)
		bob := b.Member(t, room, "bob")
		sleep(time.Second)
		for range 20 {
			if _, err := b.TrySit(t, bob, room.Room.ID, app.SitOptions{}); app.CodeOf(err) != app.CodeRoomFull {
				t.Fatal(err)
			}
			sleep(5 * time.Second)
		}
		if s := state(t, h, room.Room.ID); !s.Playing {
			t.Errorf("paused: %+v", s)
		}
		l.Seat.Leave()
	})
}

func TestRestart(t *testing.T) {
	for _, c := range []struct {
		name    string
		away    time.Duration
		playing bool
	}{{"short: on as if nothing had happened", 10 * time.Second, true}, {"long: paused where it was seen last", time.Hour, false}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := apptest.NewHouse()
				n := h.Open(t)
				owner := n.User(t, "ada")
				id := n.Room(t, owner, app.NewRoom{Media: []app.NewMedia{{URL: film}}, Play: true}).Room.ID
				l := n.Sit(t, owner, id)
				ready(t, h, l, app.PlayerPlaying)
				sleep(30 * time.Second)
				died := position(t, h, id)
				n.Die()
				time.Sleep(c.away)
				n = h.Open(t)
				l = n.Sit(t, owner, id)
				sleep(time.Millisecond)
				s := state(t, h, id)
				want := died
				if c.playing {
					want += float64(c.away.Milliseconds())
				}
				if s.Playing != c.playing || !near(position(t, h, id), want, 1100) {
					t.Errorf("died at %v, now at %v, want %v: %+v", died, position(t, h, id), want, s)
				}
				if !c.playing && l.Welcome.Snapshot.Playback.Playing {
					t.Error("the welcome says that it plays")
				}
				l.Seat.Leave()
			})
		})
	}
}

func TestSeeksThatComeTooFastAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse()
		n := h.Open(t)
		owner := n.User(t, "ada")
		id := n.Room(t, owner, app.NewRoom{Media: []app.NewMedia{{URL: film}}, Play: true}).Room.ID
		l := n.Sit(t, owner, id)
		sleep(5 * time.Second)
		for i := range 10 {
			pos := float64(1000 * i)
			if _, err := act(t, n, owner, id, playback.Intent{Op: playback.OpSeek, PositionMs: &pos}); err != nil {
				t.Fatal(err)
			}
		}
		if s := state(t, h, id); s.PositionMs != 0 {
			t.Errorf("the first counts at once: %+v", s)
		}
		sleep(300 * time.Millisecond)
		if s := state(t, h, id); s.PositionMs != 9000 {
			t.Errorf("the last one got lost: %+v", s)
		}
		moves := 0
		for _, ev := range l.Events() {
			if p, ok := ev.Body.(app.PlaybackChanged); ok && p.State.LastOp == playback.OpSeek && ev.By == owner.Person() {
				moves++
			}
		}
		if moves != 2 {
			t.Errorf("the room moved %d times", moves)
		}
		l.Seat.Leave()
	})
}

func TestItemsFollowEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse()
		h.Prober.Know(film, app.Probed{DurationMs: 60_000}, nil)
		h.Prober.Know(second, app.Probed{DurationMs: 30_000}, nil)
		n := h.Open(t)
		owner := n.User(t, "ada")
		room := n.Room(t, owner, app.NewRoom{Media: []app.NewMedia{{URL: film}, {Kind: app.MediaFolder, Title: "Later"}, {URL: second}}, Play: true})
		id := room.Room.ID
		l := n.Sit(t, owner, id)
		items := l.Welcome.Snapshot.Media
		sleep(100 * time.Millisecond)
		ready(t, h, l, app.PlayerPlaying)
		sleep(62 * time.Second)
		if s := state(t, h, id); s.MediaID != string(items[2].ID) || !s.Playing {
			t.Fatalf("after the first: %+v", s)
		}
		sleep(40 * time.Second)
		if s := state(t, h, id); s.Playing || s.PositionMs != 30_000 || s.MediaID != string(items[2].ID) {
			t.Fatalf("after the last: %+v", s)
		}
		check := func(what string, in playback.Intent, want app.MediaID, code app.Code) {
			t.Helper()
			s, err := act(t, n, owner, id, in)
			if app.CodeOf(err) != code || code == "" && s.MediaID != string(want) {
				t.Errorf("%s: %v, %+v", what, err, s)
			}
			sleep(time.Second)
		}
		check("next at the end", playback.Intent{Op: playback.OpNext}, "", app.CodeNotFound)
		check("previous passes the folder over", playback.Intent{Op: playback.OpPrevious}, items[0].ID, "")
		check("previous at the start", playback.Intent{Op: playback.OpPrevious}, "", app.CodeNotFound)
		check("loop", playback.Intent{Op: playback.OpLoop, Loop: playback.LoopAll}, items[0].ID, "")
		check("previous around the corner", playback.Intent{Op: playback.OpPrevious}, items[2].ID, "")
		check("next around the corner", playback.Intent{Op: playback.OpNext}, items[0].ID, "")
		check("a folder is no item", playback.Intent{Op: playback.OpMedia, MediaID: string(items[1].ID)}, "", app.CodeNotFound)
		check("another room's item", playback.Intent{Op: playback.OpMedia, MediaID: "med_x"}, "", app.CodeNotFound)
		check("about the film before", playback.Intent{Op: playback.OpPause, BaseMediaID: string(items[2].ID)}, "", app.CodeStale)
		check("nonsense", playback.Intent{Op: "dance"}, "", app.CodeInvalid)
		l.Seat.Leave()
	})
}

func TestPlayersTellTheLength(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse() // probing finds nothing
		n := h.Open(t)
		owner := n.User(t, "ada")
		id := n.Room(t, owner, app.NewRoom{Media: []app.NewMedia{{URL: film}}, Play: true}).Room.ID
		l := n.Sit(t, owner, id)
		sleep(time.Second)
		tell := func(media string, ms float64) {
			if err := l.Seat.Report(app.Report{State: app.PlayerPlaying, MediaID: app.MediaID(media), DurationMs: ms}); err != nil {
				t.Fatal(err)
			}
			sleep(100 * time.Millisecond)
		}
		tell("med_other", 1000)
		if s := state(t, h, id); s.DurationMs != 0 {
			t.Errorf("took the length of another item: %v", s.DurationMs)
		}
		tell(state(t, h, id).MediaID, 90_000)
		tell(state(t, h, id).MediaID, 1)
		if s := state(t, h, id); s.DurationMs != 90_000 {
			t.Errorf("length %v", s.DurationMs)
		}
		l.Seat.Leave()
	})
}

// While the store is away a room neither spins nor forgets.
func TestRoomSurvivesAnOutageOfTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse()
		h.Prober.Know(film, app.Probed{DurationMs: 20_000}, nil)
		n := h.Open(t)
		owner := n.User(t, "ada")
		id := n.Room(t, owner, app.NewRoom{Media: []app.NewMedia{{URL: film}, {URL: second}}, Play: true}).Room.ID
		l := n.Sit(t, owner, id)
		ready(t, h, l, app.PlayerPlaying)
		sleep(15 * time.Second)
		h.Store.Calls()
		h.Store.SetFail(func(string) error { return app.Errorf(app.CodeUnavailable, "The database is away.") })
		sleep(time.Minute)
		total := 0
		for _, k := range h.Store.Calls() {
			total += k
		}
		if total > 300 {
			t.Errorf("%d calls in a minute without a store", total)
		}
		h.Store.SetFail(nil)
		sleep(7 * time.Second)
		if s := state(t, h, id); s.MediaID != string(l.Welcome.Snapshot.Media[1].ID) {
			t.Errorf("did not go on: %+v", s)
		}
		l.Seat.Leave()
	})
}

// A room in which nothing happens costs next to nothing.
func TestQuietRoomIsQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse()
		n := h.Open(t)
		owner := n.User(t, "ada")
		l := n.Sit(t, owner, n.Room(t, owner, app.NewRoom{}).Room.ID)
		sleep(10 * time.Second)
		h.Store.Calls()
		sleep(time.Minute)
		calls := h.Store.Calls()
		if calls["Room"] > 14 || calls["UpdateRoom"] > 0 || calls["EventsAfter"] > 0 {
			t.Errorf("in a quiet minute: %v", calls)
		}
		l.Seat.Leave()
	})
}
