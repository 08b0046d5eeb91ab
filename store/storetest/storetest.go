// Package storetest is the conformance suite of app.Store: every promise of the ports, for every engine.
package storetest

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"synctv/app"
	"synctv/app/playback"
)

// Run runs the suite. open returns an empty store that ends with the test it is given.
func Run(t *testing.T, open func(t *testing.T) app.Store) {
	for _, c := range []struct {
		name string
		test func(*world)
	}{
		{"Ping", testPing},
		{"Users", testUsers},
		{"UserNames", testUserNames},
		{"OneRoot", testOneRoot},
		{"UpdateUser", testUpdateUser},
		{"DeleteUser", testDeleteUser},
		{"ListUsers", testListUsers},
		{"Sessions", testSessions},
		{"UpdateSession", testUpdateSession},
		{"UpdateSessionTwice", testUpdateSessionTwice},
		{"RevokeSessions", testRevokeSessions},
		{"DeleteExpiredSessions", testDeleteExpiredSessions},
		{"Rooms", testRooms},
		{"RoomInvites", testRoomInvites},
		{"ListRooms", testListRooms},
		{"ListRoomsFilters", testListRoomsFilters},
		{"TouchRooms", testTouchRooms},
		{"IdleRooms", testIdleRooms},
		{"Favourites", testFavourites},
		{"SaveRoom", testSaveRoom},
		{"DeleteRoom", testDeleteRoom},
		{"FailedUpdate", testFailedUpdate},
		{"PanicInUpdate", testPanicInUpdate},
		{"OwnWrites", testOwnWrites},
		{"AfterTheEnd", testAfterTheEnd},
		{"Foreign", testForeign},
		{"Cancelled", testCancelled},
		{"Events", testEvents},
		{"EventKinds", testEventKinds},
		{"ManyUpdates", testManyUpdates},
		{"ManyRooms", testManyRooms},
		{"Members", testMembers},
		{"ListMembers", testListMembers},
		{"OldGuests", testOldGuests},
		{"Bans", testBans},
		{"ListBans", testListBans},
		{"Media", testMedia},
		{"MediaOrder", testMediaOrder},
		{"DeleteMedia", testDeleteMedia},
		{"Messages", testMessages},
		{"MessageClientID", testMessageClientID},
		{"ListMessages", testListMessages},
		{"Danmaku", testDanmaku},
		{"Playback", testPlayback},
		{"Streams", testStreams},
		{"UpdateStream", testUpdateStream},
		{"ListStreams", testListStreams},
		{"Pulls", testPulls},
		{"PublishKeys", testPublishKeys},
		{"UsePublishKey", testUsePublishKey},
		{"DeleteEndedPublishKeys", testDeleteEndedPublishKeys},
		{"Recordings", testRecordings},
		{"UpdateRecording", testUpdateRecording},
		{"ListRecordings", testListRecordings},
		{"DeadRecordings", testDeadRecordings},
		{"SpentRecordings", testSpentRecordings},
		{"Unicode", testUnicode},
		{"BadText", testBadText},
		{"Cursors", testCursors},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(&world{T: t, ctx: t.Context(), s: open(t)}) })
	}
}

// world is one empty store and what tests need to fill it.
type world struct {
	*testing.T
	ctx context.Context
	s   app.Store
	ids atomic.Int64
}

// now is when most things happen.
const now = app.Time(1_800_000_000_000_000)

// id makes identifiers that sort in the order they were made in.
func (w *world) id(prefix string) string { return fmt.Sprintf("%s%026d", prefix, w.ids.Add(1)) }

// ok ends the test if something failed.
func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// fails checks that err has the code, and a message for people that tells nothing of the database.
func (w *world) fails(err error, code app.Code) {
	w.Helper()
	if app.CodeOf(err) != code {
		w.Fatalf("got %v, want code %s", err, code)
	}
	for _, secret := range []string{"SQL", "UNIQUE", "constraint", "$1", "\n"} {
		if m := app.AsError(err).Message; m == "" || strings.Contains(m, secret) {
			w.Fatalf("message %q is not for people", m)
		}
	}
}

// failsOn is fails, about a field.
func (w *world) failsOn(err error, code app.Code, field string) {
	w.Helper()
	w.fails(err, code)
	if got := app.AsError(err).Field; got != field {
		w.Fatalf("error is about %q, want %q: %v", got, field, err)
	}
}

// same compares values of any type.
func (w *world) same(got, want any) {
	w.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		w.Fatalf("got +, want -:\n%s", diff)
	}
}

func (w *world) user(name string) app.User {
	w.Helper()
	u := app.User{
		ID: app.UserID(w.id("usr_")), Username: name, DisplayName: "D. " + name, Role: app.UserPlain,
		PasswordHash: "$argon2id$x", Created: now,
	}
	w.ok(w.s.CreateUser(w.ctx, u))
	return u
}

func (w *world) session(u app.User) app.Session {
	w.Helper()
	s := app.Session{
		ID: app.SessionID(w.id("ses_")), UserID: u.ID, RefreshHash: []byte{1, 0, 2}, PreviousHash: []byte{},
		Created: now, Rotated: now, Expires: now + 1000,
	}
	w.ok(w.s.CreateSession(w.ctx, s))
	return s
}

// room makes a room of a new account.
func (w *world) room() app.Room {
	w.Helper()
	return w.roomOf(w.user(w.id("owner")))
}

func (w *world) roomOf(u app.User) app.Room {
	w.Helper()
	r := app.Room{
		ID: app.RoomID(w.id("room_")), Name: "Film night", OwnerID: u.ID, PasswordHash: "$hash", InviteCode: w.id("code"),
		Settings: app.RoomSettings{
			Visibility: app.Public, Preset: app.PresetOpen, GuestsAllowed: true, Capacity: 5, Wait: app.WaitSoft, SlowModeMs: 20,
			Overrides: map[app.RoomRole]app.Override{app.RoleGuest: {Allow: app.ChatSend, Deny: app.VoiceUse}},
		},
		Created: now, Active: now, Epoch: "e1",
	}
	w.ok(w.s.CreateRoom(w.ctx, r, w.ownerOf(r), nil, playback.New(r.Epoch)))
	return r
}

func (w *world) ownerOf(r app.Room) app.Member {
	return app.Member{RoomID: r.ID, ID: app.PersonID(r.OwnerID), Name: "Owner", Role: app.RoleOwner, Joined: now}
}

// update runs one transaction that must go well.
func (w *world) update(room app.RoomID, change func(app.RoomTx)) []app.Event {
	w.Helper()
	events, err := w.s.UpdateRoom(w.ctx, room, func(tx app.RoomTx) error {
		change(tx)
		return nil
	})
	w.ok(err)
	return events
}

func (w *world) message(room app.Room, text string) app.Message {
	return app.Message{
		ID: app.MessageID(w.id("msg_")), RoomID: room.ID, PersonID: app.PersonID(room.OwnerID), Name: "Owner", Text: text, Created: now,
	}
}

// say sends a message with its event, as a room does.
func (w *world) say(room app.Room, text string) app.Message {
	w.Helper()
	m := w.message(room, text)
	w.update(room.ID, func(tx app.RoomTx) {
		m.Seq = tx.NextSeq()
		w.ok(tx.SaveMessage(m))
		w.ok(tx.Emit(sent(m)))
	})
	return m
}

// sent is the event of a message. The document of an event leaves the room out.
func sent(m app.Message) app.Event {
	m.RoomID = ""
	return app.Event{At: m.Created, By: m.PersonID, ByName: m.Name, Body: app.MessageSent{Message: m}}
}

func (w *world) media(room app.Room, parent app.MediaID, order string) app.Media {
	return app.Media{
		ID: app.MediaID(w.id("med_")), RoomID: room.ID, ParentID: parent, Kind: app.MediaItem, OrderKey: order, Title: "Big Buck Bunny",
		Provider: "direct", URL: "https://media.example/a.mp4", Delivery: app.DeliverAuto, DurationMs: 596_473.5,
		Meta: app.MediaMeta{
			Headers: map[string]string{"Referer": "https://media.example/"}, Codecs: []string{"avc1.64001f", "mp4a.40.2"},
			Subtitles: []app.Subtitle{{URL: "https://media.example/a.vtt", Language: "de"}}, Container: "mp4", Probe: "ok", Seekable: true,
		},
		AddedBy: app.PersonID(room.OwnerID), AddedByName: "Owner", Created: now, Version: 3,
	}
}

// pages reads a whole list by pages of n and checks that no page is longer.
func pages[T any](w *world, n int, list func(app.Page) ([]T, string, error)) []T {
	w.Helper()
	var got []T
	p := app.Page{Limit: n}
	for range 1000 {
		items, next, err := list(p)
		w.ok(err)
		if len(items) > n || (next != "" && len(items) < n) {
			w.Fatalf("page of %d items, limit %d, next %q", len(items), n, next)
		}
		got = append(got, items...)
		if next == "" {
			return got
		}
		p.After = next
	}
	w.Fatal("the list does not end")
	return nil
}

func testPing(w *world) {
	w.ok(w.s.Ping(w.ctx))
	ctx, cancel := context.WithCancel(w.ctx)
	cancel()
	w.fails(w.s.Ping(ctx), app.CodeUnavailable)
	w.ok(w.s.Ping(w.ctx))
}
