package app_test

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"synctv/app"
	"synctv/app/apptest"
)

// look is GetStream by the owner that must work.
func (s *stage) look(n *apptest.Node, id app.StreamID) app.StreamInfo {
	s.t.Helper()
	info, err := n.GetStream(s.t.Context(), apptest.Home, s.owner, id, "")
	must(s.t, err)
	return info
}

// cluster is a stage with a second node that has its own media part.
func cluster(t *testing.T) (s *stage, far *apptest.Node, there *apptest.Live) {
	t.Helper()
	h := apptest.NewHouse()
	s, far = newStage(t, h), h.Open(t)
	there = far.Attach()
	synctest.Wait()
	return s, far, there
}

// TestEveryNodeKnowsWhatALiveStreamDoes from going on the air to being forgotten.
func TestEveryNodeKnowsWhatALiveStreamDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, far, there := cluster(t)
		stream, key := s.make(s.owner, app.NewStream{})
		everywhere := func(what string, state app.StreamState, viewers int) {
			t.Helper()
			for _, n := range []*apptest.Node{s.Node, far} {
				if got := s.look(n, stream.ID); got.State != state || got.Viewers != viewers || (got.Media != nil) != (state == app.StreamLive) {
					t.Errorf("%s, on %s: %+v", what, n.ID, got.StreamLife)
				}
			}
		}
		everywhere("before", app.StreamIdle, 0)
		p := publish(t, s.Node, s.live, key.Secret)
		everywhere("on the air", app.StreamLive, 0)
		began := s.look(far, stream.ID).Since
		watch(t, s.Node, s.live, stream.ID, "", app.Actor{})
		v := watch(t, far, there, stream.ID, "", app.Actor{})
		time.Sleep(6 * time.Second)
		everywhere("watched on two nodes", app.StreamLive, 2)
		must(t, s.StreamOnline(t.Context(), stream.ID, app.StreamMedia{Width: 1920}, p))
		if m := s.look(far, stream.ID).Media; m == nil || m.Width != 1920 {
			t.Errorf("the media changed to %+v", m)
		}
		time.Sleep(time.Minute) // longer than anything lives that nobody refreshes
		everywhere("a minute later", app.StreamLive, 2)

		s.live.Leave(stream.ID, p.ID)
		s.StreamOffline(t.Context(), stream.ID, p, app.StreamLost)
		everywhere("lost", app.StreamReconnecting, 2)
		time.Sleep(5 * time.Second)
		again := publish(t, s.Node, s.live, key.Secret)
		everywhere("back", app.StreamLive, 2)
		if got := s.look(far, stream.ID).Since; got != began {
			t.Errorf("the broadcast began anew after a moment: %v", got.Sub(began))
		}
		s.StreamOffline(t.Context(), stream.ID, p, app.StreamReplaced) // late news of the first one
		everywhere("the old one says goodbye", app.StreamLive, 2)
		s.live.Leave(stream.ID, again.ID)
		s.StreamOffline(t.Context(), stream.ID, again, app.StreamLost)
		time.Sleep(16 * time.Second)
		everywhere("not back", app.StreamIdle, 2)
		there.Leave(stream.ID, v.Session.ID)
		far.ViewerGone(v)
		time.Sleep(6 * time.Second)
		everywhere("one left", app.StreamIdle, 1)
		third := publish(t, far, there, key.Secret)
		there.Leave(stream.ID, third.ID)
		far.StreamOffline(t.Context(), stream.ID, third, app.StreamStopped)
		everywhere("stopped", app.StreamIdle, 1)
		time.Sleep(time.Minute)
		all, err := s.House.Presence.All(t.Context(), "live:"+string(stream.ID))
		if err != nil || len(all) != 1 {
			t.Errorf("nodes still speak of it: %s %v", all, err)
		}
	})
}

func TestANodeThatStopsOrDiesTakesItsStreamsAlong(t *testing.T) {
	for name, end := range map[string]func(*apptest.Node){"stops": (*apptest.Node).Stop, "dies": (*apptest.Node).Die} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, far, there := cluster(t)
				stream, key := s.make(s.owner, app.NewStream{})
				publish(t, far, there, key.Secret)
				end(far)
				if name == "dies" {
					time.Sleep(31 * time.Second)
				}
				if got := s.look(s.Node, stream.ID); got.State != app.StreamIdle {
					t.Errorf("%+v", got.StreamLife)
				}
			})
		})
	}
}

func TestSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, far, there := cluster(t)
		stream, key := s.make(s.publisher, app.NewStream{Room: s.here()})
		p := publish(t, s.Node, s.live, key.Secret)
		here := watch(t, s.Node, s.live, stream.ID, "", s.guest)
		time.Sleep(time.Millisecond)
		away := watch(t, far, there, stream.ID, "", s.member)
		time.Sleep(6 * time.Second)
		want := []string{p.ID, here.Session.ID, away.Session.ID}
		for who, by := range map[string]app.Actor{"admin": s.admin, "manager": s.manager} {
			list, err := s.ListStreamSessions(t.Context(), by, stream.ID)
			must(t, err)
			var ids []string
			for _, x := range list {
				ids = append(ids, x.ID)
				if x.Address.IsValid() != (x.Role == app.SessionPublisher || who == "admin") {
					t.Errorf("%s sees %+v", who, x)
				}
			}
			if fmt.Sprint(ids) != fmt.Sprint(want) || list[0].Role != app.SessionPublisher || list[0].Protocol != "rtmp" || list[1].Person != s.guest.Person() {
				t.Errorf("%s: %+v", who, list)
			}
		}
		for _, c := range []struct {
			name, session string
			code          app.Code
		}{
			{"a viewer elsewhere", away.Session.ID, ""}, {"the publisher here", p.ID, ""}, {"nobody", "x", app.CodeNotFound}, {"twice", p.ID, app.CodeNotFound},
		} {
			if err := s.KickStreamSession(t.Context(), s.manager, stream.ID, c.session); app.CodeOf(err) != c.code {
				t.Errorf("%s: %v", c.name, err)
			}
		}
		if len(there.Sessions(stream.ID)) != 0 || len(s.live.Sessions(stream.ID)) != 1 {
			t.Error(there.Ended(), s.live.Ended())
		}
	})
}

// TestMoreViewersThanAreNamed are counted all the same, and can be ended.
func TestMoreViewersThanAreNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, far, there := cluster(t)
		stream, _ := s.make(s.owner, app.NewStream{})
		var last app.Viewing
		for range 250 {
			last = watch(t, far, there, stream.ID, "", app.Actor{})
		}
		time.Sleep(6 * time.Second)
		list, err := s.ListStreamSessions(t.Context(), s.owner, stream.ID)
		if err != nil || len(list) != 100 || s.look(s.Node, stream.ID).Viewers != 250 {
			t.Error(len(list), err)
		}
		must(t, s.KickStreamSession(t.Context(), s.owner, stream.ID, last.Session.ID))
		if len(there.Sessions(stream.ID)) != 249 {
			t.Error("nobody was ended")
		}
	})
}

// TestTheNewestPublisherHasTheStream wherever it comes.
func TestTheNewestPublisherHasTheStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, far, there := cluster(t)
		stream, key := s.make(s.owner, app.NewStream{})
		old := publish(t, s.Node, s.live, key.Secret)
		time.Sleep(time.Second)
		publish(t, far, there, key.Secret)
		if got := s.live.Ended(); len(got) != 1 || got[0] != "kicked "+old.ID {
			t.Error(got)
		}
		if len(there.Ended()) != 0 {
			t.Error("the new one was ended too")
		}
		s.StreamOffline(t.Context(), stream.ID, old, app.StreamReplaced)
		if got := s.look(s.Node, stream.ID); got.State != app.StreamLive {
			t.Errorf("%+v", got.StreamLife)
		}
	})
}

func TestARoomTakesItsStreamsAlong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, far, there := cluster(t)
		stream, key := s.make(s.publisher, app.NewStream{Room: s.here()})
		own, ownKey := s.make(s.publisher, app.NewStream{})
		p := publish(t, far, there, key.Secret)
		publish(t, far, there, ownKey.Secret)
		must(t, s.DeleteRoom(t.Context(), s.Grant(t, s.owner, s.here(), app.RoomOwn)))
		if got := there.Ended(); len(got) != 1 || got[0] != "deleted "+p.ID || len(there.Sessions(own.ID)) != 1 {
			t.Error(got)
		}
		if got := admits(t, far, stream.ID, "", s.publisher); got != app.CodeNotFound {
			t.Error(got)
		}
	})
}

// TestWhatTheBusLosesIsFound within seconds.
func TestWhatTheBusLosesIsFound(t *testing.T) {
	private := app.Private
	for _, c := range []struct {
		name string
		do   func(s *stage, stream app.Stream, key app.PublishKeyID) error
		left int // sessions of two
	}{
		{"a revoked key", func(s *stage, v app.Stream, key app.PublishKeyID) error {
			return s.RevokePublishKey(s.t.Context(), s.publisher, v.ID, key)
		}, 1},
		{"revoked tokens", func(s *stage, v app.Stream, _ app.PublishKeyID) error {
			return s.RevokePlayTokens(s.t.Context(), s.publisher, v.ID)
		}, 1},
		{"a stream that was made private", func(s *stage, v app.Stream, _ app.PublishKeyID) error {
			_, err := s.UpdateStream(s.t.Context(), apptest.Home, s.publisher, v.ID, app.StreamPatch{Visibility: &private})
			return err
		}, 1},
		{"a deleted stream", func(s *stage, v app.Stream, _ app.PublishKeyID) error {
			return s.App.DeleteStream(s.t.Context(), s.publisher, v.ID)
		}, 0},
		{"a deleted room", func(s *stage, _ app.Stream, _ app.PublishKeyID) error {
			return s.DeleteRoom(s.t.Context(), s.Grant(s.t, s.owner, s.here(), app.RoomOwn))
		}, 0},
		{"an owner who was banned", func(s *stage, _ app.Stream, _ app.PublishKeyID) error {
			return s.Ban(s.t.Context(), s.Grant(s.t, s.owner, s.here(), app.MembersManage), s.publisher.Person(), "")
		}, 1},
		{"nothing", func(*stage, app.Stream, app.PublishKeyID) error { return nil }, 2},
		{"a database that is away", func(s *stage, _ app.Stream, _ app.PublishKeyID) error {
			s.House.Store.SetFail(func(string) error { return app.Errorf(app.CodeUnavailable, "Away.") })
			return nil
		}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, far, there := cluster(t)
				stream, key := s.make(s.publisher, app.NewStream{Room: s.here(), Visibility: app.Public})
				publish(t, far, there, key.Secret)
				watch(t, far, there, stream.ID, "", app.Actor{})
				s.House.Wire.SetFate(func(*apptest.Bus, string, []byte) []time.Duration { return nil })
				must(t, c.do(s, stream, key.ID))
				time.Sleep(6 * time.Second)
				if got := there.Sessions(stream.ID); len(got) != c.left {
					t.Errorf("%d are left: %v", len(got), there.Ended())
				}
				s.House.Store.SetFail(nil)
			})
		})
	}
}

// TestWhoMayNotPublishAnyMoreDoesNotGoOnTheAir closes the gap between being let in and being on the air.
func TestWhoMayNotPublishAnyMoreDoesNotGoOnTheAir(t *testing.T) {
	s := newStage(t, apptest.NewHouse())
	stream, key := s.make(s.owner, app.NewStream{})
	p, err := s.AdmitPublisher(t.Context(), apptest.Home, key.Secret)
	must(t, err)
	must(t, s.RevokePublishKey(t.Context(), s.owner, stream.ID, key.ID))
	if err := s.StreamOnline(t.Context(), stream.ID, app.StreamMedia{}, p.Session); app.CodeOf(err) != app.CodeUnauthenticated {
		t.Error(err)
	}
	if got := s.look(s.Node, stream.ID); got.State != app.StreamIdle {
		t.Errorf("%+v", got)
	}
}

func TestPartsThatAreAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, _ := cluster(t)
		stream, key := s.make(s.owner, app.NewStream{})
		s.House.Presence.SetDown(errors.New("gone"))
		s.Bus.SetDown(errors.New("gone"))
		p := publish(t, s.Node, s.live, key.Secret)
		if got := s.look(s.Node, stream.ID); got.State != app.StreamLive {
			t.Errorf("this node does not know what it does itself: %+v", got)
		}
		must(t, s.RevokePublishKey(t.Context(), s.owner, stream.ID, key.ID))
		if got := s.live.Ended(); len(got) != 1 || got[0] != "kicked "+p.ID {
			t.Error(got)
		}
		s.House.Limits.SetDown(errors.New("gone"))
		if _, err := s.AdmitPublisher(t.Context(), apptest.Home, key.Secret); app.CodeOf(err) != app.CodeUnavailable {
			t.Error(err)
		}
	})
}

func TestDetach(t *testing.T) {
	n := apptest.NewHouse().Open(t)
	a, b := n.Attach(), &apptest.Live{}
	detach := n.AttachLive(b)
	info, key, err := n.CreateStream(t.Context(), apptest.Home, n.User(t, "ada"), app.NewStream{})
	must(t, err)
	detach()
	detach()
	publish(t, n, a, key.Secret)
	by := app.Origin{Address: netip.MustParseAddr("192.0.2.9"), Protocol: "hls", Client: "named"}
	if v, err := n.AdmitViewer(t.Context(), by, info.Stream.ID, "", app.Actor{}); err != nil || v.Session.ID != "named" || v.Session.Protocol != "hls" || v.Session.Address != by.Address {
		t.Error(v, err)
	}
}

// Whoever may do less than before is looked at again by every node: they may be watching what they may not watch any more.
func TestWhoIsSentOutIsLookedAtAgain(t *testing.T) {
	yes := true
	for _, c := range []struct {
		name string
		end  func(s *stage, root, bob app.Actor, room app.RoomID) error
	}{
		{"a kick", func(s *stage, _, bob app.Actor, room app.RoomID) error {
			return s.Kick(s.t.Context(), s.Grant(s.t, s.owner, room, app.MembersManage), bob.Person(), "")
		}},
		{"a ban", func(s *stage, _, bob app.Actor, room app.RoomID) error {
			return s.Ban(s.t.Context(), s.Grant(s.t, s.owner, room, app.MembersManage), bob.Person(), "")
		}},
		{"leaving", func(s *stage, _, bob app.Actor, room app.RoomID) error { return s.LeaveRoom(s.t.Context(), bob, room) }},
		{"a locked account", func(s *stage, root, bob app.Actor, _ app.RoomID) error {
			return second2(s.UpdateUser(s.t.Context(), root, bob.User().ID, app.UserPatch{Disabled: &yes}))
		}},
		{"a deleted account", func(s *stage, root, bob app.Actor, _ app.RoomID) error {
			return s.DeleteUser(s.t.Context(), root, bob.User().ID)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := apptest.NewHouse()
				s, far := newStage(t, h), h.Open(t)
				there := far.Attach()
				room := s.Room(t, s.owner, app.NewRoom{})
				bob := s.Member(t, room, "bobby")
				root := s.Root(t)
				synctest.Wait()
				before := []int{len(s.live.Reviewed()), len(there.Reviewed())}
				must(t, c.end(s, root, bob, room.Room.ID))
				synctest.Wait()
				for i, l := range []*apptest.Live{s.live, there} {
					if got := l.Reviewed()[before[i]:]; len(got) != 1 || got[0] != bob.Person() {
						t.Errorf("looked at again: %v", got)
					}
				}
			})
		})
	}
}
