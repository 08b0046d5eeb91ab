package playback

import (
	"slices"
	"testing"
)

func loads(ms float64) func(*Report) { return func(r *Report) { r.LoadMs = ms } }
func line(way, jit float64) func(*Report) {
	return func(r *Report) { r.OneWayMs, r.JitterMs = way, jit }
}

// TestExpectedStart: a jump beyond the buffers is started at once for when everybody will have arrived.
func TestExpectedStart(t *testing.T) {
	cases := []struct {
		name    string
		policy  Policy
		reports []Report
		leadUs  int64 // 0: the room waits instead
	}{
		{"the slowest line and load decide", PolicySoft, []Report{viewer("a", loads(100)), viewer("b", loads(250), line(125, 60))}, 435_000 + expectSafety},
		{"a slow line with a fast load", PolicySoft, []Report{viewer("a", loads(400)), viewer("b", loads(50), line(100, 30))}, 410_000 + expectSafety},
		{"never sooner than a jump inside the buffer", PolicySoft, []Report{viewer("a", loads(20))}, minLeadUs + seekCostUs},
		{"who has not said is taken for usual", PolicySoft, []Report{viewer("a")}, 260_000 + expectSafety},
		{"a slow loader is waited for", PolicySoft, []Report{viewer("a", loads(1500)), viewer("b")}, 0},
		{"strict waits", PolicyStrict, []Report{viewer("a", loads(100))}, 0},
		{"numbers that are none", PolicySoft, []Report{viewer("a", loads(-5), line(-1, -1))}, 250_000 + expectSafety},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := playing()
			next, ack, err := Apply(s, Intent{Op: OpSeek, PositionMs: ms(50_000)}, Env{Policy: c.policy, Reports: c.reports}, t0)
			checkStep(t, s, next, ack, err)
			if c.leadUs == 0 {
				if next.Hold == nil || next.Awaited != nil {
					t.Fatalf("hold %+v, expects %v", next.Hold, next.Awaited)
				}
				return
			}
			if next.Hold != nil || next.AtUs != t0+c.leadUs || len(next.Awaited) != len(c.reports) {
				t.Fatalf("hold %+v, expects %v, starts %d µs ahead", next.Hold, next.Awaited, next.AtUs-t0)
			}
			if next.Position(next.AtUs) != 50_000 || next.Moving(next.AtUs-1) {
				t.Fatalf("%+v", next)
			}
		})
	}
}

// TestOverdue: who was expected and does not come is waited for after all, and nobody else.
func TestOverdue(t *testing.T) {
	from := playing()
	reports := []Report{viewer("a"), viewer("b", line(125, 60))}
	s, _, err := Apply(from, Intent{Op: OpSeek, PositionMs: ms(50_000)}, Env{Reports: reports}, t0)
	if err != nil || len(s.Awaited) != 2 {
		t.Fatal(err, s)
	}
	came := func(r *Report) { r.ReadyRevision = s.Revision }
	arrives := func(r *Report) { r.Activity = ActivityLoading }
	leads := func(ms int64) int64 { return s.AtUs + ms*1000 + overdueGraceUs }
	cases := []struct {
		name    string
		policy  Policy
		now     int64
		reports []Report
		waiting []string
		due     int64
	}{
		{"all came", PolicySoft, leads(200), []Report{viewer("a", came), viewer("b", came, line(125, 60))}, nil, 0},
		{"news may still be under way", PolicySoft, leads(20), []Report{viewer("a", came), viewer("b", arrives, line(125, 60))}, nil, leads(185)},
		{"it should have come", PolicySoft, leads(185), []Report{viewer("a", came), viewer("b", arrives, line(125, 60))}, []string{"b"}, 0},
		{"each by its own line", PolicySoft, leads(10), []Report{viewer("a", arrives), viewer("b", arrives, line(125, 60))}, []string{"a"}, 0},
		{"before the start", PolicySoft, s.AtUs - 1, []Report{viewer("a", arrives), viewer("b", came)}, nil, leads(10)},
		{"has left", PolicySoft, leads(10), []Report{viewer("b", came)}, nil, 0},
		{"goes its own way", PolicySoft, leads(10), []Report{viewer("a", arrives, free), viewer("b", came)}, nil, 0},
		{"a newcomer", PolicySoft, leads(10), []Report{viewer("a", came), viewer("b", came), viewer("z", arrives)}, nil, 0},
		{"policy switched off", PolicyOff, leads(10), []Report{viewer("a", arrives), viewer("b", came)}, nil, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			next, changed, due := Decide(s, c.reports, c.policy, c.now)
			checkDecision(t, s, next, changed, due, c.now)
			if c.waiting == nil {
				if changed || due != c.due {
					t.Fatalf("changed %t: %+v; next look %d µs after the start", changed, next.Hold, due-s.AtUs)
				}
				return
			}
			h := next.Hold
			if !changed || h == nil || h.Reason != HoldSeek || !slices.Equal(h.Waiting, c.waiting) || next.Awaited != nil {
				t.Fatalf("%+v, hold %+v", next, h)
			}
			if next.PositionMs != s.Position(c.now) || h.UntilUs != c.now+4_000_000 {
				t.Fatalf("stands at %f until %d", next.PositionMs, h.UntilUs)
			}
		})
	}
}

// TestAwaitedBelongsToItsRevision: whatever happens next forgets whom the start was hoped to include.
func TestAwaitedBelongsToItsRevision(t *testing.T) {
	s, _, _ := Apply(playing(), Intent{Op: OpSeek, PositionMs: ms(50_000)}, Env{Reports: []Report{viewer("a")}}, t0)
	for _, in := range []Intent{{Op: OpPause}, {Op: OpRate, Rate: 1.5}, {Op: OpLoop, Loop: LoopAll}} {
		next, ack, err := Apply(s, in, Env{}, t0+10_000)
		if err != nil || ack.Outcome != Accepted || next.Awaited != nil {
			t.Errorf("%s: %v %v %+v", in.Op, ack, err, next)
		}
	}
	if len(s.Awaited) != 1 {
		t.Error("the state it came from was changed")
	}
}
