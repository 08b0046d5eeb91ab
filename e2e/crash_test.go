package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"synctv/internal/peertest"
)

// playbackJSON is where a room is.
type playbackJSON struct {
	Revision   uint32
	Epoch      string
	MediaID    string  `json:"mediaId"`
	PositionMs float64 `json:"positionMs"`
	AtMs       float64 `json:"atMs"`
	Rate       float64
	Playing    bool
	Hold       *struct{ Reason string }
	ClientID   string `json:"clientId"`
}

// at is the position at a time of the server's clock, which is this machine's.
func (p playbackJSON) at(now time.Time) float64 {
	if !p.Playing || p.Hold != nil {
		return p.PositionMs
	}
	ms := float64(now.UnixMicro()) / 1000
	return p.PositionMs + max(ms-p.AtMs, 0)*p.Rate
}

// crashRig is a room full of talkers on a server that is killed again and again.
type crashRig struct {
	*testing.T
	s       *server
	host    *client
	room    roomJSON
	talkers []*talker
	said    int
}

const (
	crashTalkers  = 12
	crashMessages = 5 // of each talker and round: with those of the round before no more than the ten allowed at once
)

func newCrashRig(t *testing.T, env ...string) *crashRig {
	s := startServer(t, append(env, fixedPort(t))...)
	r := &crashRig{T: t, s: s, host: s.owner()}
	r.room = r.host.createRoom(map[string]any{"media": []any{map[string]any{"url": "https://example.org/film.mp4", "title": "Film"}}, "play": true})
	for i := range crashTalkers {
		r.talkers = append(r.talkers, newTalker(s.guest(r.room.ID, fmt.Sprint("Talker ", i), ""), r.room.ID))
	}
	return r
}

func (r *crashRig) playback() (p playbackJSON) {
	r.Helper()
	r.host.must("GET", "/api/v1/rooms/"+r.room.ID+"/playback", nil, &p)
	return p
}

func (r *crashRig) intent(body map[string]any) (p playbackJSON) {
	r.Helper()
	r.host.must("POST", "/api/v1/rooms/"+r.room.ID+"/playback", map[string]any{"intent": body}, &p)
	return p
}

// round lets everybody talk, kills the server in the middle of it and starts it again.
func (r *crashRig) round(n int) {
	r.Helper()
	ctx, cancel := context.WithCancel(r.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	for i, k := range r.talkers {
		for j := range crashMessages {
			k.compose(fmt.Sprintf("%d-%d-%d", n, i, j))
			r.said++
		}
		wg.Go(func() { k.stay(ctx) })
	}
	pos := float64(1000 * (n + 1))
	op := map[string]any{"op": "PLAYBACK_OP_PAUSE", "positionMs": pos}
	if n%2 == 0 {
		op = map[string]any{"op": "PLAYBACK_OP_PLAY", "positionMs": pos}
	}
	before := r.intent(op)
	if rest := time.Duration(rand.IntN(120)) * time.Millisecond; rest > 0 {
		time.Sleep(rest) // the moment of the crash is to be random
	}
	r.s.kill()
	r.s.start()
	r.sameMoment(before, r.playback())
	eventually(r.T, 20*time.Second, func() error {
		for i, k := range r.talkers {
			if left := k.pending(); len(left) > 0 {
				return fmt.Errorf("round %d: talker %d still waits for %d acknowledgements", n, i, len(left))
			}
		}
		return nil
	})
}

// sameMoment checks that the room is where it was: exactly when it paused, within a second when it plays.
func (r *crashRig) sameMoment(before, after playbackJSON) {
	r.Helper()
	if after.MediaID != before.MediaID || after.Playing != before.Playing || after.Revision < before.Revision {
		r.Errorf("before the crash %+v, after it %+v", before, after)
	}
	now := time.Now()
	switch was, is := before.at(now), after.at(now); {
	case !before.Playing && was != is:
		r.Errorf("paused at %v before the crash, at %v after it", was, is)
	case is-was > 1000 || was-is > 1000:
		r.Errorf("would be at %v, is at %v", was, is)
	}
}

// TestKilledUnderLoad kills the server -9 while a dozen people talk: I1, I2 and I3 of the fault plan.
func TestKilledUnderLoad(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		rounds int
		env    func(t *testing.T) []string
	}{
		{"sqlite", 20, func(*testing.T) []string { return nil }},
		{"postgres", 5, func(t *testing.T) []string { return []string{"SYNCTV_DATABASE_URL=" + peertest.Postgres(t)} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newCrashRig(t, c.env(t)...)
			for n := range c.rounds {
				r.round(n)
				if t.Failed() {
					t.FailNow()
				}
			}
			all := checkHistory(t, r.host, r.room.ID, r.talkers)
			if len(all) != r.said {
				t.Errorf("history has %d messages, %d were said", len(all), r.said)
			}
			welcomes := 0
			for _, k := range r.talkers {
				welcomes += k.welcomes
			}
			t.Logf("%d kills, %d messages acknowledged and in history once, %d resumed connections without hole or double",
				c.rounds, len(all), welcomes-len(r.talkers))
		})
	}
}
