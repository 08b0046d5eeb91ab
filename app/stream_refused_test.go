package app_test

import (
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"synctv/app"
	"synctv/app/apptest"
)

// TestWhoManagesAStreamHearsWhyAnEncoderWasRefused on every node, and nobody else does.
func TestWhoManagesAStreamHearsWhyAnEncoderWasRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, far, _ := cluster(t)
		stream, key := s.make(s.owner, app.NewStream{Visibility: app.Public})
		other, otherKey := s.make(s.owner, app.NewStream{})
		here := apptest.Home
		elsewhere := app.Origin{Address: netip.MustParseAddr("203.0.113.9")}
		id, _, _ := strings.Cut(key.Secret, ".")
		must(t, s.RevokePublishKey(t.Context(), s.owner, other.ID, otherKey.ID))
		for _, c := range []struct {
			name   string
			from   app.Origin
			key    string
			stream app.StreamID
			want   app.RefusalReason
		}{
			{"a word, from where the owner is", here, "hello", stream.ID, app.RefusedUnknownKey},
			{"a word, from elsewhere", elsewhere, "hello", stream.ID, ""},
			{"a key with its end missing", elsewhere, id + ".abc", stream.ID, app.RefusedWrongKey},
			{"a key with its end missing is not the other stream's", elsewhere, id + ".abc", other.ID, ""},
			{"a revoked key", elsewhere, otherKey.Secret + "?x=1", other.ID, app.RefusedEndedKey},
		} {
			time.Sleep(5 * time.Minute) // what was before is forgotten
			if _, err := s.AdmitPublisher(t.Context(), c.from, c.key); err == nil {
				t.Errorf("%s: let in", c.name)
			}
			synctest.Wait()
			for _, n := range []*apptest.Node{s.Node, far} {
				got := s.look(n, c.stream).Refused
				if (got == nil) != (c.want == "") || got != nil && got.Reason != c.want {
					t.Errorf("%s, on %s: %+v, want %q", c.name, n.ID, got, c.want)
				}
			}
		}
		_, err := s.AdmitPublisher(t.Context(), here, id+".abc")
		if err == nil {
			t.Error("let in")
		}
		info, err := s.GetStream(t.Context(), here, app.Actor{}, stream.ID, "")
		must(t, err)
		if info.Refused != nil {
			t.Errorf("a stranger hears %+v", info.Refused)
		}
		if info.OwnerName == "" || info.Now == 0 {
			t.Errorf("a stranger sees %q at %d", info.OwnerName, info.Now)
		}
	})
}
