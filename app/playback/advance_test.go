package playback

import "testing"

func TestAdvance(t *testing.T) {
	full := Queue{Next: Item{ID: "b", DurationMs: 1000}, First: Item{ID: "a", DurationMs: 60_000}}
	last := Queue{First: Item{ID: "first"}}
	alone := Queue{First: Item{ID: "a", DurationMs: 60_000}}
	end := t0 + 50_000_000
	cases := []struct {
		name    string
		loop    Loop
		queue   Queue
		media   string
		playing bool
		pos     float64
	}{
		{"next", LoopNone, full, "b", true, 0},
		{"stop at the end", LoopNone, last, "a", false, 60_000},
		{"loop one", LoopOne, full, "a", true, 0},
		{"loop all goes on", LoopAll, full, "b", true, 0},
		{"loop all starts over", LoopAll, last, "first", true, 0},
		{"loop all of one", LoopAll, alone, "a", true, 0},
		{"empty queue", LoopAll, Queue{}, "a", false, 60_000},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := with(playing(), func(s *State) { s.Loop = c.loop })
			env := Env{Queue: c.queue}
			same, changed, due := Advance(s, env, end-1)
			if changed || due != end || same.Revision != s.Revision {
				t.Fatalf("too early: changed %v due %d", changed, due-end)
			}
			next, changed, due := Advance(s, env, end)
			checkDecision(t, s, next, changed, due, end)
			if !changed || next.MediaID != c.media || next.Playing != c.playing || next.PositionMs != c.pos || next.SetBy != "" {
				t.Fatalf("next %+v", next)
			}
			if next.Playing && next.Position(end) != 0 {
				t.Fatal("does not start at 0")
			}
		})
	}
	for name, change := range map[string]func(*State){
		"paused":  func(s *State) { s.Playing = false },
		"unknown": func(s *State) { s.DurationMs = 0 },
		"live":    func(s *State) { s.Live = true },
		"held":    func(s *State) { s.Hold = &Hold{Waiting: []string{"a"}, UntilUs: t0} },
	} {
		if _, changed, due := Advance(with(playing(), change), Env{Queue: full}, end+1); changed || due != 0 {
			t.Errorf("%s: changed %v due %d", name, changed, due)
		}
	}
	if at, _ := with(playing(), func(s *State) { s.Rate = 2 }).EndUs(); at != t0+20_000_000 {
		t.Errorf("at double speed the end is at %d", at-t0)
	}
}

func TestRestore(t *testing.T) {
	seen := t0
	short, changed := Restore(playing(), seen, seen+15_000_000, DefaultRestoreGraceUs)
	if changed || !short.Playing {
		t.Fatal("a short gap must not be noticed")
	}
	long, changed := Restore(playing(), seen, seen+15_000_001, DefaultRestoreGraceUs)
	if !changed || long.Playing || long.PositionMs != 10_000 || long.Revision != 11 || long.Validate() != nil {
		t.Fatalf("long gap: %+v", long)
	}
	if _, changed = Restore(paused(), seen, seen+1e12, DefaultRestoreGraceUs); changed {
		t.Fatal("a paused room needs nothing")
	}
	next, ack, err := Apply(long, Intent{Op: OpPlay, Actor: by("bo")}, Env{}, seen+15_000_002)
	if err != nil || ack.Outcome != Accepted || !next.Playing {
		t.Fatal("the room's own pause must not beat a person's play")
	}
}

func TestEmpty(t *testing.T) {
	_, changed, due := Empty(playing(), t0, t0+30_000_000)
	if changed || due != t0+30_000_001 {
		t.Fatalf("changed %v due %d", changed, due-t0)
	}
	next, changed, due := Empty(playing(), t0, due)
	if !changed || due != 0 || next.Playing || next.PositionMs != 10_000 || next.Validate() != nil {
		t.Fatalf("next %+v", next)
	}
	if _, changed, due = Empty(next, t0, t0+60_000_000); changed || due != 0 {
		t.Fatal("paused twice")
	}
}

func TestLearnDuration(t *testing.T) {
	s := with(playing(), func(s *State) { s.DurationMs = 0 })
	cases := []struct {
		name  string
		media string
		ms    float64
		ok    bool
	}{{"right", "a", 9000, true}, {"other item", "b", 9000, false}, {"zero", "a", 0, false}, {"too long", "a", 1e308, false}}
	for _, c := range cases {
		next, changed := LearnDuration(s, c.media, c.ms, t0)
		if changed != c.ok || (changed && (next.DurationMs != c.ms || next.Validate() != nil)) {
			t.Errorf("%s: %v %+v", c.name, changed, next)
		}
	}
	if _, changed := LearnDuration(playing(), "a", 9000, t0); changed {
		t.Error("learned twice")
	}
}
