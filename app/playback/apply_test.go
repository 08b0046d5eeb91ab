package playback

import (
	"errors"
	"math"
	"strings"
	"testing"
)

const t0 = int64(1_700_000_000_000_000)

func ms(v float64) *float64 { return &v }

// playing is a room at revision 10 that has been playing item "a" for ten seconds from position 0.
func playing() State {
	s := New("e1")
	s.Revision, s.MediaRevision = 10, 5
	s.MediaID, s.DurationMs = "a", 60_000
	s.Playing, s.AtUs = true, t0-10_000_000
	s.SetBy, s.SetAtUs, s.LastOp = "ana", t0-10_000_000, OpPlay
	return s
}

func paused() State {
	s := playing()
	s.Playing, s.PositionMs, s.AtUs = false, 10_000, t0-1_000_000
	s.SetBy, s.SetAtUs, s.LastOp = "ana", t0-1_000_000, OpPause
	return s
}

func by(id string) Actor { return Actor{ID: id, OneWayMs: 40} }

func with(s State, change func(*State)) State { change(&s); return s }

func TestApply(t *testing.T) {
	live := with(playing(), func(s *State) { s.Live, s.DurationMs = true, 0 })
	held := with(playing(), func(s *State) {
		s.Hold = &Hold{Reason: HoldSeek, Waiting: []string{"s1"}, UntilUs: t0 + 1, Revision: 10}
	})
	justPaused := with(paused(), func(s *State) { s.SetAtUs = t0 - 100_000 })
	justSeeked := with(playing(), func(s *State) { s.LastOp, s.SetAtUs = OpSeek, t0-50_000 })
	queue := Queue{Next: Item{ID: "b", DurationMs: 5000}, First: Item{ID: "a"}, Last: Item{ID: "z"}}
	cases := []struct {
		name    string
		state   State
		in      Intent
		outcome Outcome
		code    Code
		check   func(State) bool
	}{
		{"play resumes after the lead", paused(), Intent{Op: OpPlay, Actor: by("bo")}, Accepted, "",
			func(s State) bool { return s.Playing && s.PositionMs == 10_000 && s.AtUs == t0+160_000 }},
		{"play while playing changes nothing", playing(), Intent{Op: OpPlay, Actor: by("bo"), BaseRevision: 10}, NoOp, "", nil},
		{"stale play while playing changes nothing", playing(), Intent{Op: OpPlay, PositionMs: ms(3), BaseRevision: 9}, NoOp, "", nil},
		{"play at a position is a seek", playing(), Intent{Op: OpPlay, PositionMs: ms(3), BaseRevision: 10}, Accepted, "",
			func(s State) bool { return s.PositionMs == 3 && s.Playing }},
		{"play at the end starts over", with(paused(), func(s *State) { s.PositionMs = 60_000 }), Intent{Op: OpPlay}, Accepted, "",
			func(s State) bool { return s.Playing && s.PositionMs == 0 }},
		{"play of a held room changes nothing", held, Intent{Op: OpPlay}, NoOp, "", nil},
		{"another's pause beats play for 150 ms", justPaused, Intent{Op: OpPlay, Actor: by("bo"), BaseRevision: 10}, Superseded, "", nil},
		{"one's own pause does not", justPaused, Intent{Op: OpPlay, Actor: by("ana")}, Accepted, "", func(s State) bool { return s.Playing }},
		{"pause lands where the actor was", playing(), Intent{Op: OpPause, Actor: by("bo")}, Accepted, "",
			func(s State) bool { return !s.Playing && s.PositionMs == 9960 && s.AtUs == t0 }},
		{"a nonsense delay counts as none", playing(), Intent{Op: OpPause, Actor: Actor{ID: "bo", OneWayMs: math.NaN()}}, Accepted, "",
			func(s State) bool { return s.PositionMs == 10_000 }},
		{"a huge delay is bounded", playing(), Intent{Op: OpPause, Actor: Actor{ID: "bo", OneWayMs: math.Inf(1)}}, Accepted, "",
			func(s State) bool { return s.PositionMs == 9500 }},
		{"pause while paused changes nothing", paused(), Intent{Op: OpPause}, NoOp, "", nil},
		{"stale pause of another kind applies", playing(), Intent{Op: OpPause, BaseRevision: 7, Actor: by("bo")}, Accepted, "",
			func(s State) bool { return !s.Playing }},
		{"pause ends a hold", held, Intent{Op: OpPause}, Accepted, "", func(s State) bool { return s.Hold == nil && !s.Playing }},
		{"seek while playing starts after the lead and the cost of a jump", playing(), Intent{Op: OpSeek, PositionMs: ms(5000), Actor: by("bo")}, Accepted, "",
			func(s State) bool { return s.PositionMs == 5000 && s.AtUs == t0+260_000 && s.Position(t0) == 5000 }},
		{"seek while paused stands", paused(), Intent{Op: OpSeek, PositionMs: ms(5000)}, Accepted, "",
			func(s State) bool { return s.PositionMs == 5000 && s.AtUs == t0 && !s.Playing }},
		{"seek past the end lands on it", paused(), Intent{Op: OpSeek, PositionMs: ms(1e9)}, Accepted, "",
			func(s State) bool { return s.PositionMs == 60_000 }},
		{"stale seek still wins", playing(), Intent{Op: OpSeek, PositionMs: ms(1), BaseRevision: 6}, Accepted, "",
			func(s State) bool { return s.PositionMs == 1 }},
		{"seek storm is spaced", justSeeked, Intent{Op: OpSeek, PositionMs: ms(1), Actor: by("ana")}, Deferred, "", nil},
		{"another's seek is not", justSeeked, Intent{Op: OpSeek, PositionMs: ms(1), Actor: by("bo")}, Accepted, "", nil},
		{"rate keeps the line of positions", playing(), Intent{Op: OpRate, Rate: 2}, Accepted, "",
			func(s State) bool {
				return s.Position(t0) == 10_000 && s.Position(t0+160_000) == 10_160 && s.Position(t0+260_000) == 10_360
			}},
		{"rate while paused", paused(), Intent{Op: OpRate, Rate: 2}, Accepted, "", func(s State) bool { return s.Rate == 2 && s.PositionMs == 10_000 }},
		{"same rate", playing(), Intent{Op: OpRate, Rate: 1}, NoOp, "", nil},
		{"next", playing(), Intent{Op: OpNext}, Accepted, "",
			func(s State) bool {
				return s.MediaID == "b" && s.MediaRevision == 11 && s.DurationMs == 5000 && s.PositionMs == 0
			}},
		{"second next of the same moment", with(playing(), func(s *State) { s.MediaRevision = 10 }), Intent{Op: OpNext, BaseRevision: 9}, "", CodeStaleMedia, nil},
		{"no previous", playing(), Intent{Op: OpPrevious}, "", CodeNoItem, nil},
		{"previous around the corner", with(playing(), func(s *State) { s.Loop = LoopAll }), Intent{Op: OpPrevious}, Accepted, "",
			func(s State) bool { return s.MediaID == "z" }},
		{"choose an item", paused(), Intent{Op: OpMedia, MediaID: "c", PositionMs: ms(7)}, Accepted, "",
			func(s State) bool { return s.MediaID == "c" && s.Playing && s.PositionMs == 7 }},
		{"choose an unknown item", paused(), Intent{Op: OpMedia, MediaID: "x"}, "", CodeNoItem, nil},
		{"choose the same item at once", with(playing(), func(s *State) { s.MediaID, s.MediaRevision = "c", 10 }),
			Intent{Op: OpMedia, MediaID: "c", BaseRevision: 9}, NoOp, "", nil},
		{"clear", playing(), Intent{Op: OpMedia}, Accepted, "", func(s State) bool { return s.MediaID == "" && !s.Playing }},
		{"clear nothing", New("e1"), Intent{Op: OpMedia}, NoOp, "", nil},
		{"loop", playing(), Intent{Op: OpLoop, Loop: LoopAll}, Accepted, "", func(s State) bool { return s.Loop == LoopAll }},
		{"same loop", playing(), Intent{Op: OpLoop, Loop: LoopNone}, NoOp, "", nil},
		{"start anyway", held, Intent{Op: OpStartAnyway}, Accepted, "",
			func(s State) bool { return s.Hold == nil && s.AtUs == t0+160_000 && len(s.Blames) == 1 }},
		{"start anyway without a hold", playing(), Intent{Op: OpStartAnyway}, NoOp, "", nil},
		{"live cannot be seeked", live, Intent{Op: OpSeek, PositionMs: ms(1)}, "", CodeLive, nil},
		{"live cannot be sped up", live, Intent{Op: OpRate, Rate: 2}, "", CodeLive, nil},
		{"live can be paused", live, Intent{Op: OpPause}, Accepted, "", func(s State) bool { return !s.Playing }},
		{"older item", playing(), Intent{Op: OpSeek, PositionMs: ms(1), BaseRevision: 4}, "", CodeStaleMedia, nil},
		{"another item by name", playing(), Intent{Op: OpSeek, PositionMs: ms(1), BaseMediaID: "z"}, "", CodeStaleMedia, nil},
		{"other epoch", playing(), Intent{Op: OpPause, Epoch: "e0"}, "", CodeStaleEpoch, nil},
		{"future revision", playing(), Intent{Op: OpPause, BaseRevision: 11}, "", CodeAhead, nil},
		{"nothing chosen", New("e1"), Intent{Op: OpPlay}, "", CodeNoMedia, nil},
		{"seek without position", playing(), Intent{Op: OpSeek}, "", CodeInvalid, nil},
		{"seek NaN", playing(), Intent{Op: OpSeek, PositionMs: ms(math.NaN())}, "", CodeInvalid, nil},
		{"seek Inf", playing(), Intent{Op: OpSeek, PositionMs: ms(math.Inf(1))}, "", CodeInvalid, nil},
		{"seek negative", playing(), Intent{Op: OpSeek, PositionMs: ms(-1)}, "", CodeInvalid, nil},
		{"seek 1e308", playing(), Intent{Op: OpSeek, PositionMs: ms(1e308)}, "", CodeInvalid, nil},
		{"rate 0", playing(), Intent{Op: OpRate}, "", CodeInvalid, nil},
		{"rate 1000", playing(), Intent{Op: OpRate, Rate: 1000}, "", CodeInvalid, nil},
		{"rate NaN", playing(), Intent{Op: OpRate, Rate: math.NaN()}, "", CodeInvalid, nil},
		{"loop unknown", playing(), Intent{Op: OpLoop, Loop: "twice"}, "", CodeInvalid, nil},
		{"op unknown", playing(), Intent{Op: "explode"}, "", CodeInvalid, nil},
		{"long id", playing(), Intent{Op: OpPlay, CID: strings.Repeat("x", 200)}, "", CodeInvalid, nil},
	}
	env := Env{Policy: PolicyOff, Queue: queue, Target: Item{ID: "c"}, Reports: []Report{
		{Session: "s1", Member: "m1", OneWayMs: 80, JitterMs: 20, SeenUs: t0},
	}}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.in.CID = c.in.CID + "cid"
			next, ack, err := Apply(c.state, c.in, env, t0)
			checkStep(t, c.state, next, ack, err)
			var refused *Error
			if errors.As(err, &refused) {
				if refused.Code != c.code || refused.Error() == "" {
					t.Fatalf("error %v, want code %q", err, c.code)
				}
				return
			}
			if c.code != "" || ack.Outcome != c.outcome || ack.CID != c.in.CID {
				t.Fatalf("ack %+v, want outcome %q code %q", ack, c.outcome, c.code)
			}
			if c.check != nil && !c.check(next) {
				t.Fatalf("state %+v", next)
			}
		})
	}
}

// checkStep tests what holds for every decision.
func checkStep(t interface{ Fatalf(string, ...any) }, s, next State, ack Ack, err error) {
	if err != nil || ack.Outcome != Accepted {
		if next.Hash() != s.Hash() || next.SetAtUs != s.SetAtUs {
			t.Fatalf("the state changed without being accepted: %+v %v", ack, err)
		}
		return
	}
	if next.Revision != s.Revision+1 || ack.Revision != next.Revision || next.ClientID != ack.CID {
		t.Fatalf("revision %d after %d, ack %+v", next.Revision, s.Revision, ack)
	}
	if err := next.Validate(); err != nil {
		t.Fatalf("successor: %v: %+v", err, next)
	}
}

func TestRateChangesWhilePending(t *testing.T) {
	s := playing()
	env := Env{Policy: PolicyOff}
	for i, rate := range []float64{2, 0.5, 1.5, 1} {
		now := t0 + int64(i)*20_000
		next, ack, err := Apply(s, Intent{Op: OpRate, Rate: rate}, env, now)
		checkStep(t, s, next, ack, err)
		if gap := math.Abs(next.Position(now) - s.Position(now)); gap > 150 {
			t.Fatalf("change %d moves the position by %v ms", i, gap)
		}
		s = next
	}
}

func TestDeferrals(t *testing.T) {
	var d Deferrals
	s := with(playing(), func(s *State) { s.LastOp, s.SetAtUs = OpSeek, t0-50_000 })
	for i := range 5 { // a storm: the last one counts
		in := Intent{Op: OpSeek, PositionMs: ms(float64(i)), Actor: by("ana")}
		_, ack, err := Apply(s, in, Env{}, t0+int64(i)*1000)
		if err != nil || ack.Outcome != Deferred || ack.DueUs != t0+70_000 || !d.Note(in, ack) {
			t.Fatalf("seek %d: %+v %v", i, ack, err)
		}
	}
	if _, ok := d.Due(t0 + 69_999); ok || d.NextUs() != t0+70_000 {
		t.Fatal("due too early")
	}
	in, ok := d.Due(t0 + 70_000)
	if !ok || *in.PositionMs != 4 || in.BaseRevision != s.Revision || d.NextUs() != 0 {
		t.Fatalf("due %+v", in)
	}
	next, ack, err := Apply(s, in, Env{}, t0+70_000)
	if err != nil || ack.Outcome != Accepted || next.PositionMs != 4 {
		t.Fatalf("final seek: %+v %v", ack, err)
	}
	moved := with(next, func(s *State) { s.Revision, s.MediaRevision = 20, 20 })
	if _, _, err = Apply(moved, in, Env{}, t0+200_000); err == nil {
		t.Fatal("a deferred seek hit another item")
	}
	for i := range maxDeferrals + 1 {
		ok := d.Note(Intent{Op: OpSeek, Actor: by(string(rune('a' + i)))}, Ack{Outcome: Deferred, DueUs: int64(1000 - i)})
		if ok != (i < maxDeferrals) {
			t.Fatalf("put %d: %v", i, ok)
		}
	}
	later := Intent{Op: OpNext, Actor: by("a")}
	if d.Note(later, Ack{Outcome: Accepted}); d.NextUs() == 1000 || len(d.list) != maxDeferrals-1 {
		t.Fatal("a seek outlived a later choice of item")
	}
	for last := int64(0); d.NextUs() != 0; {
		if d.NextUs() < last {
			t.Fatal("out of order")
		}
		last = d.NextUs()
		d.Due(last)
	}
}

func TestValidate(t *testing.T) {
	bad := map[string]func(*State){
		"nan":           func(s *State) { s.PositionMs = math.NaN() },
		"rate":          func(s *State) { s.Rate = 0 },
		"lead":          func(s *State) { s.LeadRate = 9 },
		"duration":      func(s *State) { s.DurationMs = -1 },
		"time":          func(s *State) { s.AtUs = -1 },
		"loop":          func(s *State) { s.Loop = "x" },
		"nothing":       func(s *State) { s.MediaID = "" },
		"id":            func(s *State) { s.Epoch = strings.Repeat("x", 129) },
		"blames":        func(s *State) { s.Blames = make([]Blame, 65) },
		"no deadline":   func(s *State) { s.Hold = &Hold{Waiting: []string{"a"}} },
		"nobody":        func(s *State) { s.Hold = &Hold{UntilUs: t0} },
		"future hold":   func(s *State) { s.Hold = &Hold{UntilUs: t0, Waiting: []string{"a"}, Revision: 99} },
		"paused, holds": func(s *State) { s.Playing, s.Hold = false, &Hold{UntilUs: t0, Waiting: []string{"a"}} },
	}
	for name, change := range bad {
		if with(playing(), change).Validate() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if err := playing().Validate(); err != nil {
		t.Error(err)
	}
}

func FuzzApply(f *testing.F) {
	f.Add("seek", 1e308, 1.0, "", uint32(0), int64(40), true, uint8(0))
	f.Add("rate", -1.0, math.NaN(), "c", uint32(9), int64(-1), false, uint8(1))
	f.Add("media", 0.0, 4.0, "c", uint32(11), int64(1)<<60, true, uint8(2))
	f.Fuzz(func(t *testing.T, op string, pos, rate float64, media string, base uint32, shift int64, withPos bool, kind uint8) {
		s := []State{playing(), paused(), New("e1")}[int(kind)%3]
		in := Intent{Op: Op(op), Rate: rate, MediaID: media, BaseRevision: base, CID: "c", Loop: Loop(media),
			Actor: Actor{ID: "bo", OneWayMs: pos}}
		if withPos {
			in.PositionMs = &pos
		}
		env := Env{Policy: Policy(media), Target: Item{ID: media, DurationMs: rate}, Queue: Queue{Next: Item{ID: "b", DurationMs: pos}},
			Reports: []Report{{Session: "s", Member: "m", SeenUs: t0, OneWayMs: pos, JitterMs: rate, ReadyRevision: 1, Epoch: "e1", Activity: ActivityPlaying}}}
		next, ack, err := Apply(s, in, env, t0+shift)
		checkStep(t, s, next, ack, err)
	})
}

func BenchmarkApply(b *testing.B) {
	s, env := playing(), Env{Policy: PolicyOff}
	in := Intent{Op: OpSeek, PositionMs: ms(5000), Actor: by("bo")}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := Apply(s, in, env, t0); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPosition(b *testing.B) {
	s := playing()
	for b.Loop() {
		_ = s.Position(t0)
	}
}

func BenchmarkHash(b *testing.B) {
	s := playing()
	b.ReportAllocs()
	for b.Loop() {
		_ = s.Hash()
	}
}
