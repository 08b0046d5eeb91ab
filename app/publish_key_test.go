package app_test

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"synctv/app"
	"synctv/app/apptest"
)

// TestAKeyThatDoesNotHold looks the same whatever is wrong with it.
func TestAKeyThatDoesNotHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, apptest.NewHouse())
		stream, good := s.make(s.owner, app.NewStream{})
		add := func(in app.NewPublishKey) app.MadeKey {
			k, err := s.CreatePublishKey(t.Context(), s.owner, stream.ID, in)
			must(t, err)
			return k
		}
		short, once, revoked := add(app.NewPublishKey{TTL: time.Minute}), add(app.NewPublishKey{SingleUse: true}), add(app.NewPublishKey{})
		must(t, s.RevokePublishKey(t.Context(), s.owner, stream.ID, revoked.ID))
		must(t, s.RevokePublishKey(t.Context(), s.owner, stream.ID, revoked.ID)) // twice is no mistake
		other, _ := s.make(s.stranger, app.NewStream{})
		for _, k := range []app.MadeKey{good, short, once} {
			p, err := s.AdmitPublisher(t.Context(), apptest.Home, k.Secret+"?quality=1")
			if err != nil || p.Stream.ID != stream.ID || p.KeyID != k.ID || p.Param != "?quality=1" || p.Session.Key != k.ID || p.Session.ID == "" {
				t.Fatal(p, err)
			}
		}
		time.Sleep(time.Minute)
		var first *app.Error
		for name, secret := range map[string]string{
			"nothing": "", "no secret": string(good.ID), "empty secret": string(good.ID) + ".", "wrong secret": string(good.ID) + "." + short.Secret[31:],
			"unknown": "key_00000000000000000000000000" + good.Secret[30:], "expired": short.Secret, "used up": once.Secret, "revoked": revoked.Secret,
			"a stream": string(stream.ID), "another's id": string(other.ID) + good.Secret[30:], "long": good.Secret + strings.Repeat("x", 1<<16), "hostile": "key_';--.\x00",
		} {
			_, err := s.AdmitPublisher(t.Context(), apptest.Home, secret)
			e := app.AsError(err)
			if e == nil || e.Code != app.CodeUnauthenticated {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if first == nil {
				first = e
			}
			if *e != *first {
				t.Errorf("%s can be told: %v", name, e)
			}
		}
		if _, err := s.AdmitPublisher(t.Context(), apptest.Home, good.Secret); err != nil {
			t.Error(err)
		}
	})
}

func TestASingleUseKeyIsGoodForOne(t *testing.T) {
	s := newStage(t, apptest.NewHouse())
	stream, _ := s.make(s.owner, app.NewStream{})
	k, err := s.CreatePublishKey(t.Context(), s.owner, stream.ID, app.NewPublishKey{SingleUse: true})
	must(t, err)
	errs := make([]error, 16)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { _, errs[i] = s.AdmitPublisher(t.Context(), apptest.Home, k.Secret) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		}
	}
	if won != 1 {
		t.Fatalf("%d were let in", won)
	}
}

func TestKeysAreCheckedAndCounted(t *testing.T) {
	s := newStage(t, apptest.NewHouse())
	stream, first := s.make(s.owner, app.NewStream{})
	other, foreign := s.make(s.owner, app.NewStream{})
	for name, in := range map[string]app.NewPublishKey{"long label": {Label: strings.Repeat("я", 61)}, "too long": {TTL: 366 * 24 * time.Hour}, "backwards": {TTL: -1}} {
		if _, err := s.CreatePublishKey(t.Context(), s.owner, stream.ID, in); app.CodeOf(err) != app.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	for range 19 {
		_, err := s.CreatePublishKey(t.Context(), s.owner, stream.ID, app.NewPublishKey{Label: " OBS "})
		must(t, err)
	}
	if _, err := s.CreatePublishKey(t.Context(), s.owner, stream.ID, app.NewPublishKey{}); app.CodeOf(err) != app.CodeTooLarge {
		t.Error(err)
	}
	rotated, err := s.CreatePublishKey(t.Context(), s.owner, stream.ID, app.NewPublishKey{Rotate: true, Label: " OBS "})
	must(t, err)
	keys, err := s.ListPublishKeys(t.Context(), s.owner, stream.ID)
	if err != nil || len(keys) != 1 || keys[0].ID != rotated.ID || keys[0].Label != "OBS" {
		t.Error(keys, err)
	}
	for name, id := range map[string]app.PublishKeyID{"of another stream": foreign.ID, "no key": "key_x", "unknown": "key_00000000000000000000000000"} {
		if err := s.RevokePublishKey(t.Context(), s.owner, stream.ID, id); app.CodeOf(err) != app.CodeNotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.AdmitPublisher(t.Context(), apptest.Home, first.Secret); app.CodeOf(err) != app.CodeUnauthenticated {
		t.Error("the old key opens still", err)
	}
	if p, err := s.AdmitPublisher(t.Context(), apptest.Home, foreign.Secret); err != nil || p.Stream.ID != other.ID {
		t.Error(err)
	}
}

// TestAUselessKeyEndsItsPublisher on whichever node they are, and nobody else.
func TestAUselessKeyEndsItsPublisher(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(s *stage, id app.StreamID, key app.PublishKeyID) error
	}{
		{"revoked", func(s *stage, id app.StreamID, key app.PublishKeyID) error {
			return s.RevokePublishKey(s.t.Context(), s.owner, id, key)
		}},
		{"rotated", func(s *stage, id app.StreamID, _ app.PublishKeyID) error {
			_, err := s.CreatePublishKey(s.t.Context(), s.owner, id, app.NewPublishKey{Rotate: true})
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := apptest.NewHouse()
				s, far := newStage(t, h), h.Open(t)
				there := far.Attach()
				synctest.Wait() // both listen to each other
				stream, key := s.make(s.owner, app.NewStream{})
				other, otherKey := s.make(s.owner, app.NewStream{})
				publish(t, far, there, key.Secret)
				publish(t, far, there, otherKey.Secret)
				watch(t, far, there, stream.ID, "", app.Actor{})
				must(t, c.do(s, stream.ID, key.ID))
				if got := there.Ended(); len(got) != 1 || !strings.HasPrefix(got[0], "kicked ") {
					t.Error(got)
				}
				if len(there.Sessions(other.ID)) != 1 || len(there.Sessions(stream.ID)) != 1 {
					t.Error("the wrong ones were ended")
				}
			})
		})
	}
}

// publish lets somebody in and puts them on the air.
func publish(t *testing.T, n *apptest.Node, l *apptest.Live, secret string) app.StreamSession {
	t.Helper()
	from := apptest.Home
	from.Protocol = "rtmp"
	p, err := n.AdmitPublisher(t.Context(), from, secret)
	must(t, err)
	l.Publish(p.Stream.ID, p.Session)
	must(t, n.StreamOnline(t.Context(), p.Stream.ID, app.StreamMedia{VideoCodec: "avc1.64001f", Width: 1280, Height: 720}, p.Session))
	return p.Session
}

// watch lets somebody in who watches from then on.
func watch(t *testing.T, n *apptest.Node, l *apptest.Live, id app.StreamID, token string, by app.Actor) app.Viewing {
	t.Helper()
	v, err := n.AdmitViewer(t.Context(), apptest.Home, id, token, by)
	must(t, err)
	l.Watch(v)
	return v
}

// TestTheOwnerOfARoomsStreamNeedsLivePublish whenever somebody publishes it.
func TestTheOwnerOfARoomsStreamNeedsLivePublish(t *testing.T) {
	s := newStage(t, apptest.NewHouse())
	_, key := s.make(s.publisher, app.NewStream{Room: s.here()})
	publish(t, s.Node, s.live, key.Secret)
	s.standing(s.publisher, app.Override{Deny: app.LivePublish})
	if _, err := s.AdmitPublisher(t.Context(), apptest.Home, key.Secret); app.CodeOf(err) != app.CodeForbidden {
		t.Error(err)
	}
	s.standing(s.publisher, app.Override{})
	publish(t, s.Node, s.live, key.Secret)
	g := s.Grant(t, s.owner, s.here(), app.MembersManage)
	must(t, s.Ban(t.Context(), g, s.publisher.Person(), ""))
	if _, err := s.AdmitPublisher(t.Context(), apptest.Home, key.Secret); app.CodeOf(err) != app.CodeForbidden {
		t.Error(err)
	}
}
