package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"synctv/app"
	"synctv/app/playback"
	"synctv/internal/peertest"
	"synctv/store/internal/db"
	"synctv/store/storetest"
)

// engines are the databases every test of the package runs on; url makes an empty one. The name of the SQLite file has
// everything that a URL would like to misunderstand.
var engines = []struct {
	name string
	url  func(testing.TB) string
}{
	{"sqlite", func(tb testing.TB) string { return "sqlite://" + tb.TempDir() + "/new/a%20b%25%3F.db" }},
	{"postgres", peertest.Postgres},
}

func eachEngine(t *testing.T, test func(t *testing.T, url string)) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) { test(t, e.url(t)) })
	}
}

func mustOpen(tb testing.TB, url string) *Store {
	tb.Helper()
	s, err := Open(tb.Context(), Config{URL: url})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Close)
	return s
}

func TestConformance(t *testing.T) {
	eachEngine(t, func(t *testing.T, url string) {
		s := mustOpen(t, url)
		storetest.Run(t, func(t *testing.T) app.Store {
			err := s.write(t.Context(), "", func(tx db.Tx) error {
				tx.Exec("DELETE FROM users")      // and with them everything
				tx.Exec("DELETE FROM recordings") // but these, whose files have to be removed first
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return s
		})
	})
}

// testRoom makes a room of a new account.
func testRoom(tb testing.TB, s *Store, name string) app.Room {
	tb.Helper()
	u := app.User{ID: app.UserID("usr_" + name), Username: name}
	r := app.Room{ID: app.RoomID("room_" + name), OwnerID: u.ID, Settings: app.RoomSettings{Visibility: app.Public}, Epoch: "e"}
	owner := app.Member{ID: app.PersonID(u.ID), Role: app.RoleOwner}
	if err := errors.Join(s.CreateUser(tb.Context(), u), s.CreateRoom(tb.Context(), r, owner, nil, playback.New("e"))); err != nil {
		tb.Fatal(err)
	}
	return r
}

// say sends a message with its event; clientID is also its identifier and text.
func say(ctx context.Context, s *Store, room app.RoomID, clientID string) error {
	m := app.Message{
		ID: app.MessageID("msg_" + clientID), RoomID: room, PersonID: "gst_1", Name: "Gast", Text: clientID, Created: 1, ClientID: clientID,
	}
	_, err := s.UpdateRoom(ctx, room, func(tx app.RoomTx) error {
		m.Seq = tx.NextSeq()
		if err := tx.SaveMessage(m); err != nil {
			return err
		}
		return tx.Emit(app.Event{At: 1, By: m.PersonID, ByName: m.Name, Body: app.MessageSent{Message: m}})
	})
	return err
}

func TestPrune(t *testing.T) {
	eachEngine(t, func(t *testing.T, url string) {
		s := mustOpen(t, url)
		r := testRoom(t, s, "a")
		const total = keepEvents + 3*pruneEvery + 7
		_, err := s.UpdateRoom(t.Context(), r.ID, func(tx app.RoomTx) error {
			for range total {
				if err := tx.Emit(app.Event{Body: app.MediaRemoved{}}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		const oldest = total/pruneEvery*pruneEvery - keepEvents // the last that the last pruning took
		for _, c := range []struct {
			seq      uint32
			complete bool
			first    uint32
		}{{0, false, oldest + 1}, {oldest - 1, false, oldest + 1}, {oldest, true, oldest + 1}, {total - 1, true, total}} {
			events, complete, err := s.EventsAfter(t.Context(), r.ID, c.seq, 10)
			if err != nil || complete != c.complete || events[0].Seq != c.first {
				t.Errorf("after %d: %v, complete %v, %v", c.seq, events, complete, err)
			}
		}
	})
}

func TestRefusals(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("this is no database ", 300)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		url  string
		code app.Code
	}{
		{"", app.CodeUnsupported},
		{"mysql://root@localhost/x", app.CodeUnsupported},
		{"/var/lib/x.db", app.CodeUnsupported},
		{"sqlite:", app.CodeUnsupported},
		{"sqlite://host/x.db", app.CodeUnsupported},
		{"sqlite:///x/", app.CodeUnsupported},
		{"sqlite::memory:", app.CodeUnsupported},
		{"sqlite:///x.db?mode=ro", app.CodeUnsupported},
		{"sqlite:///%zz", app.CodeUnsupported},
		{"sqlite://" + text, app.CodeUnsupported},
		{"sqlite://" + text + "/x.db", app.CodeUnsupported}, // below a file
		{"sqlite://" + dir, app.CodeUnsupported},
		{"postgres://u:s3cret@:x/y", app.CodeUnsupported},
		{"postgres://u:s3cret@127.0.0.1:1/x?sslmode=disable", app.CodeUnavailable},
	} {
		s, err := Open(t.Context(), Config{URL: c.url})
		if err == nil {
			s.Close()
			t.Errorf("%q was opened", c.url)
			continue
		}
		if app.CodeOf(err) != c.code || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v, want code %s and no password", c.url, err, c.code)
		}
	}
}

func TestFileMode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "d", "x.db")
	s := mustOpen(t, "sqlite://"+path)
	testRoom(t, s, "a")
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		if info, err := os.Stat(f); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", f, info.Mode(), err)
		}
	}
}

func TestClosed(t *testing.T) {
	eachEngine(t, func(t *testing.T, url string) {
		s, err := Open(t.Context(), Config{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		r := testRoom(t, s, "a")
		s.Close()
		s.Close()
		_, err = s.Room(t.Context(), r.ID)
		for _, err := range []error{err, s.Ping(t.Context()), say(t.Context(), s, r.ID, "x")} {
			if app.CodeOf(err) != app.CodeUnavailable {
				t.Error(err)
			}
		}
		again := mustOpen(t, url)
		if _, err := again.Room(t.Context(), r.ID); err != nil {
			t.Fatal(err)
		}
		if st := again.Stats(); st.Max < 2 || st.Open < 1 || again.Dialect() == "" {
			t.Errorf("%+v", st)
		}
	})
}

// A schema that a newer program made is left alone.
func TestNewerSchema(t *testing.T) {
	eachEngine(t, func(t *testing.T, url string) {
		s, err := Open(t.Context(), Config{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		err = s.write(t.Context(), "", func(tx db.Tx) error {
			tx.Exec("INSERT INTO schema_versions (version_id, is_applied) VALUES ($1, $2)", 9000, true)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		_, err = Open(t.Context(), Config{URL: url})
		if app.CodeOf(err) != app.CodeUnsupported || !strings.Contains(app.AsError(err).Message, "9000") {
			t.Fatal(err)
		}
	})
}

// The queue keeps one busy room from taking every connection.
func TestBusyRoomLeavesConnections(t *testing.T) {
	s, err := Open(t.Context(), Config{URL: peertest.Postgres(t), MaxConns: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	busy, calm := testRoom(t, s, "busy"), testRoom(t, s, "calm")
	for i := 0; s.hot.lane(calm.ID) == s.hot.lane(busy.ID); i++ { // then one would wait for the other, which waits for it here
		calm = testRoom(t, s, fmt.Sprint("calm", i))
	}
	done := make(chan error, 20)
	_, err = s.UpdateRoom(t.Context(), busy.ID, func(app.RoomTx) error {
		for i := range cap(done) {
			go func() { done <- say(t.Context(), s, busy.ID, fmt.Sprint(i)) }()
		}
		return say(t.Context(), s, calm.ID, "calm") // while twenty wait
	})
	if err != nil {
		t.Fatal(err)
	}
	for range cap(done) {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}
