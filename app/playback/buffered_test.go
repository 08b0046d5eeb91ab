package playback

import (
	"slices"
	"testing"
)

// TestSeekWaitsOnlyForThoseWhoHaveToLoad: whoever has the target in the buffer is ready before being asked.
func TestSeekWaitsOnlyForThoseWhoHaveToLoad(t *testing.T) {
	report := func(session string, bufferedMs float64) Report {
		return Report{Session: session, Member: session, Epoch: "e1", ReadyRevision: 5, Activity: ActivityPlaying, BufferedMs: bufferedMs, SeenUs: t0}
	}
	s := playing()
	here := s.Position(t0)
	for _, c := range []struct {
		name    string
		to      float64
		reports []Report
		waiting []string
	}{
		{"inside every buffer", here + 5000, []Report{report("a", 8000), report("b", 20_000)}, nil},
		{"outside one buffer", here + 5000, []Report{report("a", 8000), report("b", 4000)}, []string{"b"}},
		{"at the very end of a buffer", here + 5000, []Report{report("a", 5500)}, []string{"a"}},
		{"nothing said of buffers", here + 5000, []Report{report("a", 0), report("b", 0)}, []string{"a", "b"}},
		{"backwards", 0, []Report{report("a", 60_000)}, []string{"a"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			next, _, err := Apply(s, Intent{Op: OpSeek, PositionMs: &c.to, Actor: by("zoe")}, Env{Policy: PolicySoft, Reports: c.reports}, t0)
			if err != nil {
				t.Fatal(err)
			}
			if next.Hold != nil || !slices.Equal(next.Awaited, c.waiting) {
				t.Errorf("expects %v, want %v; hold %+v", next.Awaited, c.waiting, next.Hold)
			}
			if lead := next.AtUs - t0; len(c.waiting) == 0 && lead != minLeadUs+seekCostUs || len(c.waiting) > 0 && lead != 250_000+expectSafety {
				t.Errorf("starts %d µs ahead", lead)
			}
		})
	}
}

func TestPauseLandsOnAWholeMillisecond(t *testing.T) {
	s := playing()
	next, _, err := Apply(s, Intent{Op: OpPause, Actor: Actor{ID: "ana", OneWayMs: 12.3456}}, Env{}, t0+123_457)
	if err != nil || next.PositionMs != float64(int64(next.PositionMs)) {
		t.Errorf("paused at %v, %v", next.PositionMs, err)
	}
	at := 1234.5678
	next, _, err = Apply(s, Intent{Op: OpPause, PositionMs: &at}, Env{}, t0)
	if err != nil || next.PositionMs != 1235 {
		t.Errorf("paused at %v, %v", next.PositionMs, err)
	}
}
