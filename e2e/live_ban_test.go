package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestLiveBanOnEveryWire is ABUSE-171 for live streams: who is sent out of a room does not watch its streams on, over no wire,
// and the addresses they were given open nothing any more. Others watch on.
func TestLiveBanOnEveryWire(t *testing.T) {
	t.Parallel()
	s := startLive(t)
	room := s.admin.createRoom(nil)
	var made madeStream
	s.admin.must("POST", "/api/v1/streams", map[string]any{"title": "Live", "roomId": room.ID, "visibility": "VISIBILITY_PRIVATE"}, &made)
	id := made.Stream.ID
	bob, guest := s.register("bob"), s.guest(room.ID, "Guest", "")
	bob.must("POST", "/api/v1/rooms/"+room.ID+"/join", map[string]any{}, nil)
	own := func(who *client) string {
		var st struct {
			Playback struct {
				HLSURL string `json:"hlsUrl"`
			}
		}
		who.must("GET", "/api/v1/streams/"+id, nil, &st)
		_, token, _ := strings.Cut(st.Playback.HLSURL, "?")
		return "?" + token
	}
	s.onAir(made)
	for _, c := range []struct {
		name string
		who  *client
		end  func()
	}{
		{"banned", bob, func() {
			s.admin.must("POST", "/api/v1/rooms/"+room.ID+"/bans", map[string]any{"personId": bob.id}, nil)
		}},
		{"a guest who leaves", guest, func() { guest.must("POST", "/api/v1/rooms/"+room.ID+"/leave", map[string]any{}, nil) }},
	} {
		token, others := own(c.who), own(s.admin)
		var open []viewing
		for _, way := range s.endless() {
			v, err := way(id, token)
			if err != nil {
				t.Fatal(err)
			}
			flows(t, v.got)
			open = append(open, v)
		}
		stays, err := s.watchFLV(id, others)
		if err != nil {
			t.Fatal(err)
		}
		var paths []string
		eventually(t, 15*time.Second, func() error { paths = s.children(id, token); return nil })
		c.end()
		began := time.Now()
		for _, v := range open {
			endsWithin(t, v.ended, time.Until(began.Add(3*time.Second)), func() {})
		}
		for _, path := range paths {
			if status, _ := get(t, s.URL+"/live/"+id+"/"+path+token); status < 400 || status >= 500 {
				t.Errorf("%s: %s: %d", c.name, path, status)
			}
		}
		for i, way := range s.endless() {
			if _, err := way(id, token); err == nil {
				t.Errorf("%s: way %d opens again", c.name, i)
			}
		}
		flows(t, stays.got)
		if status, _ := get(t, s.URL+"/live/"+id+"/index.m3u8"+others); status != http.StatusOK {
			t.Errorf("others: %d", status)
		}
	}
}
