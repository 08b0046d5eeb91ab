package app_test

import (
	"context"
	"encoding/base64"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"synctv/app"
	"synctv/app/apptest"
)

// admits tells the code of what somebody gets who wants to watch.
func admits(t *testing.T, n *apptest.Node, id app.StreamID, token string, by app.Actor) app.Code {
	t.Helper()
	_, err := n.AdmitViewer(t.Context(), apptest.Home, id, token, by)
	return app.CodeOf(err)
}

func tokenIn(address string) string {
	_, token, _ := strings.Cut(address, "?token=")
	return token
}

func TestPlayTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse()
		s, far := newStage(t, h), h.Open(t)
		stream, _ := s.make(s.owner, app.NewStream{Visibility: app.Private})
		other, _ := s.make(s.owner, app.NewStream{Visibility: app.Private})
		public, _ := s.make(s.owner, app.NewStream{Visibility: app.Public})
		token := func(id app.StreamID, ttl time.Duration) string {
			tok, err := s.CreatePlayToken(t.Context(), s.owner, id, ttl)
			must(t, err)
			return tok.Token
		}
		good, short, others := token(stream.ID, 0), token(stream.ID, time.Minute), token(other.ID, 0)
		body, seal, _ := strings.Cut(strings.TrimPrefix(good, "pt_"), ".")
		claims, err := base64.RawURLEncoding.DecodeString(body)
		must(t, err)
		forged := "pt_" + base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(claims), string(stream.ID), string(other.ID), 1))) + "." + seal
		time.Sleep(time.Minute)
		for _, c := range []struct {
			name  string
			id    app.StreamID
			token string
			by    app.Actor
			want  app.Code
		}{
			{"a good one", stream.ID, good, app.Actor{}, ""},
			{"none", stream.ID, "", app.Actor{}, app.CodeNotFound},
			{"expired", stream.ID, short, app.Actor{}, app.CodeUnauthenticated},
			{"of another stream", stream.ID, others, app.Actor{}, app.CodeUnauthenticated},
			{"forged", other.ID, forged, app.Actor{}, app.CodeUnauthenticated},
			{"cut off", stream.ID, good[:len(good)-3], app.Actor{}, app.CodeUnauthenticated},
			{"nonsense", stream.ID, "pt_..", app.Actor{}, app.CodeUnauthenticated},
			{"endless", stream.ID, good + strings.Repeat("A", 1<<16), app.Actor{}, app.CodeUnauthenticated},
			{"bad, but may by standing", stream.ID, others, s.owner, ""},
			{"bad, but everybody may", public.ID, others, app.Actor{}, ""},
			{"no such stream", "str_00000000000000000000000000", good, app.Actor{}, app.CodeNotFound},
			{"no stream at all", "../x", good, app.Actor{}, app.CodeNotFound},
		} {
			if got := admits(t, s.Node, c.id, c.token, c.by); got != c.want {
				t.Errorf("%s: %q, want %q", c.name, got, c.want)
			}
			if got := admits(t, far, c.id, c.token, c.by); got != c.want {
				t.Errorf("%s, on another node: %q, want %q", c.name, got, c.want)
			}
		}
		info, err := s.GetStream(t.Context(), apptest.Home, app.Actor{}, stream.ID, good)
		if err != nil || tokenIn(info.Playback.HLS) != good || info.Manages || info.Ingest != (app.Ingest{}) {
			t.Error(info, err)
		}
		for name, ttl := range map[string]time.Duration{"a moment": time.Second, "a month": 31 * 24 * time.Hour} {
			if _, err := s.CreatePlayToken(t.Context(), s.owner, stream.ID, ttl); app.CodeOf(err) != app.CodeInvalid {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// TestTokensEndAtOnce with their viewers, on every node; those of later hold.
func TestTokensEndAtOnce(t *testing.T) {
	private := app.Private
	for _, c := range []struct {
		name       string
		visibility app.Visibility
		end        func(s *stage, id app.StreamID) error
	}{
		{"revoked", app.Private, func(s *stage, id app.StreamID) error { return s.RevokePlayTokens(s.t.Context(), s.owner, id) }},
		{"made private", app.Public, func(s *stage, id app.StreamID) error {
			_, err := s.UpdateStream(s.t.Context(), apptest.Home, s.owner, id, app.StreamPatch{Visibility: &private})
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := apptest.NewHouse()
				s, far := newStage(t, h), h.Open(t)
				there := far.Attach()
				synctest.Wait()
				stream, _ := s.make(s.owner, app.NewStream{Visibility: c.visibility})
				old, err := s.CreatePlayToken(t.Context(), s.owner, stream.ID, 0)
				must(t, err)
				here, away := watch(t, s.Node, s.live, stream.ID, old.Token, app.Actor{}), watch(t, far, there, stream.ID, old.Token, app.Actor{})
				must(t, c.end(s, stream.ID))
				if len(s.live.Ended()) != 1 || len(there.Ended()) != 1 {
					t.Error("somebody watches on", s.live.Ended(), there.Ended())
				}
				for _, n := range []*apptest.Node{s.Node, far} {
					if got := admits(t, n, stream.ID, old.Token, app.Actor{}); got != app.CodeUnauthenticated {
						t.Errorf("the old token: %q", got)
					}
				}
				if _, err := s.KeepViewer(t.Context(), here); app.CodeOf(err) != app.CodeUnauthenticated {
					t.Error(err)
				}
				if _, err := far.KeepViewer(t.Context(), away); app.CodeOf(err) != app.CodeUnauthenticated {
					t.Error(err)
				}
				fresh, err := s.CreatePlayToken(t.Context(), s.owner, stream.ID, 0) // in the very same microsecond
				must(t, err)
				v := watch(t, far, there, stream.ID, fresh.Token, app.Actor{})
				if _, err := far.KeepViewer(t.Context(), v); err != nil {
					t.Error(err)
				}
				watch(t, far, there, stream.ID, "", s.owner)
				time.Sleep(20 * time.Second) // looked at again, several times
				if len(there.Sessions(stream.ID)) != 2 {
					t.Error("who may watch was ended", there.Ended())
				}
			})
		})
	}
}

// TestOnesOwnTokenIsNoMoreThanOnesRight is about the tokens in addresses that were handed out.
func TestOnesOwnTokenIsNoMoreThanOnesRight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, apptest.NewHouse())
		stream, _ := s.make(s.owner, app.NewStream{Room: s.here()})
		own := func(by app.Actor) string {
			info, err := s.GetStream(t.Context(), apptest.Home, by, stream.ID, "")
			must(t, err)
			if tokenIn(info.Playback.HLS) == "" || tokenIn(info.Playback.FLV) == "" {
				t.Fatal(info.Playback)
			}
			return tokenIn(info.Playback.FLV)
		}
		member, guest := own(s.member), own(s.guest)
		v, err := s.AdmitViewer(t.Context(), apptest.Home, stream.ID, guest, app.Actor{})
		if err != nil || v.Session.Person != s.guest.Person() {
			t.Fatal(v, err)
		}
		if got := admits(t, s.Node, stream.ID, member, app.Actor{}); got != "" {
			t.Fatal(got)
		}
		g := s.Grant(t, s.owner, s.here(), app.MembersManage)
		must(t, s.Kick(t.Context(), g, s.guest.Person(), ""))
		must(t, s.LeaveRoom(t.Context(), s.member, s.here()))
		for name, token := range map[string]string{"kicked": guest, "left": member} {
			if got := admits(t, s.Node, stream.ID, token, app.Actor{}); got != app.CodeUnauthenticated {
				t.Errorf("%s: %q", name, got)
			}
		}
		if _, err := s.KeepViewer(t.Context(), v); err != nil {
			t.Error("looked at too early:", err)
		}
		time.Sleep(30 * time.Second)
		if _, err := s.KeepViewer(t.Context(), v); app.CodeOf(err) != app.CodeUnauthenticated {
			t.Error("the kicked guest watches on:", err)
		}
		publisher := own(s.publisher)
		locked := true
		_, err = s.UpdateUser(t.Context(), s.admin, s.publisher.User().ID, app.UserPatch{Disabled: &locked})
		must(t, err)
		if got := admits(t, s.Node, stream.ID, publisher, app.Actor{}); got != app.CodeUnauthenticated {
			t.Errorf("a locked account: %q", got)
		}
	})
}

// TestWatchingIsCheap for who was let in: the store is asked at most every two seconds.
func TestWatchingIsCheap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse()
		s := newStage(t, h)
		stream, _ := s.make(s.owner, app.NewStream{Room: s.here()})
		v, err := s.AdmitViewer(t.Context(), apptest.Home, stream.ID, "", s.guest)
		must(t, err)
		h.Store.Calls()
		for range 1000 {
			v, err = s.KeepViewer(t.Context(), v)
			must(t, err)
		}
		if calls := h.Store.Calls(); len(calls) != 0 {
			t.Errorf("the store was asked: %v", calls)
		}
	})
}

// lateStore is a store whose answers about streams take a while, in which something happens.
type lateStore struct {
	app.Store
	meanwhile func() // runs once
}

func (l *lateStore) Stream(ctx context.Context, id app.StreamID) (app.Stream, error) {
	s, err := l.Store.Stream(ctx, id)
	if f := l.meanwhile; f != nil {
		l.meanwhile = nil
		f()
	}
	return s, err
}

// What was read before tokens ended is not remembered after: otherwise a viewer who comes in at that very moment would stay, for
// who ends viewers has looked already.
func TestTokensEndWhileSomebodyComesIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := apptest.NewHouse()
		s, far := newStage(t, h), h.Build(t, nil)
		stream, _ := s.make(s.owner, app.NewStream{Visibility: app.Private})
		old, err := s.CreatePlayToken(t.Context(), s.owner, stream.ID, 0)
		must(t, err)
		late := &lateStore{Store: far.Store}
		far.Store = late
		ctx, stop := context.WithCancel(t.Context())
		over := make(chan error)
		go func() { over <- far.Run(ctx) }()
		defer func() { stop(); must(t, <-over) }()
		synctest.Wait()
		late.meanwhile = func() { must(t, far.RevokePlayTokens(t.Context(), s.owner, stream.ID)) }
		v, err := far.AdmitViewer(t.Context(), apptest.Home, stream.ID, old.Token, app.Actor{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := far.KeepViewer(t.Context(), v); app.CodeOf(err) != app.CodeUnauthenticated {
			t.Errorf("let in for good with a token that was revoked: %v", err)
		}
	})
}
