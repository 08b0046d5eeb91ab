package app_test

import (
	"fmt"
	"testing"
	"testing/synctest"

	"synctv/app"
	"synctv/app/apptest"
)

// Whatever costs something is bounded: who does it in a loop is told to wait, and what others wait behind stays free.
func TestLoopsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(t)
		s.add("", "film")
		h, n, owner, id, ctx := s.h, s.n, s.owner, s.id, t.Context()
		bob := n.Member(t, s.room, "bob")
		stream, _, err := n.CreateStream(ctx, apptest.Home, owner, app.NewStream{Title: "s"})
		must(t, err)
		g := s.grant(app.MembersManage | app.RoomSettingsEdit | app.RoomOwn | app.RoomView)
		name := "another"
		for _, c := range []struct {
			name string
			most int
			do   func(i int) error
		}{
			{"passwords of a room", 10, func(i int) error {
				password := fmt.Sprint("password ", i)
				return second2(n.UpdateRoom(ctx, g, app.RoomPatch{Password: &password}))
			}},
			{"names of a room", 60, func(int) error { return second2(n.UpdateRoom(ctx, g, app.RoomPatch{Name: &name})) }},
			{"invites", 60, func(int) error { return second2(n.RotateInvite(ctx, g)) }},
			{"roles", 60, func(i int) error {
				role := []app.RoomRole{app.RoleAdmin, app.RoleMember}[i%2]
				return second2(n.UpdateMember(ctx, g, bob.Person(), app.MemberPatch{Role: &role}))
			}},
			{"names", 60, func(int) error { return second2(n.UpdateMe(ctx, owner, &name)) }},
			{"favourites", 60, func(i int) error { return n.SetFavourite(ctx, owner, id, i%2 == 0) }},
			{"changes of a stream", 60, func(int) error {
				return second2(n.UpdateStream(ctx, apptest.Home, owner, stream.Stream.ID, app.StreamPatch{Title: &name}))
			}},
			{"play tokens that end", 60, func(int) error { return n.RevokePlayTokens(ctx, owner, stream.Stream.ID) }},
			{"addresses", 200, func(int) error { return second2(n.ResolveMedia(ctx, g, s.ids["film"])) }},
			{"lists of rooms", 120, func(int) error {
				_, _, err := n.ListRooms(ctx, apptest.Home, app.Actor{}, app.ScopePublic, "", app.Page{Limit: 10})
				return err
			}},
			{"lists of streams", 120, func(int) error {
				_, _, err := n.ListStreams(ctx, apptest.Home, app.Actor{}, app.StreamsPublic, "", app.Page{Limit: 10})
				return err
			}},
		} {
			h.Limits = apptest.NewLimits()
			n.Limits = h.Limits
			h.Limits.TurnOn()
			done := 0
			for i := range c.most + 50 {
				if err := c.do(i); err == nil {
					done++
				} else if app.CodeOf(err) != app.CodeRateLimited || app.AsError(err).RetryAfter <= 0 {
					t.Fatalf("%s: %v", c.name, err)
				}
			}
			if done != c.most {
				t.Errorf("%s: %d times, want %d", c.name, done, c.most)
			}
		}
	})
}
