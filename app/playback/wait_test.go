package playback

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// viewer is a settled session that plays along.
func viewer(id string, change ...func(*Report)) Report {
	r := Report{Session: id, Member: "m-" + id, Epoch: "e1", ReadyRevision: 9, Activity: ActivityPlaying,
		JoinedUs: t0 - 60_000_000, SeenUs: t0, BufferedMs: 9000, OneWayMs: 10}
	for _, c := range change {
		c(&r)
	}
	return r
}

func stalled(us int64) func(*Report) {
	return func(r *Report) { r.Activity, r.StalledSinceUs = ActivityStalled, t0-us }
}
func important(r *Report) { r.Important = true }
func gone(r *Report)      { r.SeenUs = t0 - 6_000_000 }
func free(r *Report)      { r.Free = true }
func fresh(r *Report)     { r.JoinedUs = t0 - 2_000_000 }
func arriving(r *Report)  { r.ReadyRevision, r.Activity, r.JoinedUs = 0, ActivityLoading, t0-2_000_000 }
func ready(r *Report)     { r.ReadyRevision, r.Activity = 11, ActivityPaused }

// slow makes sessions need so long to load that the room waits and says so.
func slow(reports []Report) []Report {
	for i := range reports {
		reports[i].LoadMs = 2000
	}
	return reports
}

func many(n int, change ...func(*Report)) []Report {
	out := make([]Report, n)
	for i := range out {
		out[i] = viewer(fmt.Sprintf("v%02d", i), change...)
	}
	return out
}

func TestHoldBegins(t *testing.T) {
	blamed := with(playing(), func(s *State) {
		for i := range 3 {
			s.Blames = append(s.Blames, Blame{Member: "m-a", AtUs: t0 - int64(i+1)*60_000_000})
		}
	})
	cases := []struct {
		name    string
		state   State
		policy  Policy
		reports []Report
		waiting []string
		limitUs int64
	}{
		{"soft waits for the healthy", playing(), PolicySoft, []Report{viewer("a"), viewer("b")}, []string{"a", "b"}, 4_000_000},
		{"strict waits longer", playing(), PolicyStrict, []Report{viewer("a")}, []string{"a"}, 15_000_000},
		{"unknown policy is soft", playing(), "", []Report{viewer("a")}, []string{"a"}, 4_000_000},
		{"off does not", playing(), PolicyOff, []Report{viewer("a")}, nil, 0},
		{"not for the stalled", playing(), PolicySoft, []Report{viewer("a", stalled(100)), viewer("b")}, []string{"b"}, 4_000_000},
		{"not for those who arrive", playing(), PolicySoft, []Report{viewer("a", arriving)}, nil, 0},
		{"not for those who left", playing(), PolicySoft, []Report{viewer("a", gone), viewer("b")}, []string{"b"}, 4_000_000},
		{"not for the exempt", blamed, PolicyStrict, []Report{viewer("a"), viewer("b")}, []string{"b"}, 15_000_000},
		{"not for those who do not follow", playing(), PolicySoft, []Report{viewer("a", free)}, nil, 0},
		{"nobody there", playing(), PolicySoft, nil, nil, 0},
		{"first item: nothing to be ready for", New("e1"), PolicySoft, []Report{viewer("a", func(r *Report) { r.ReadyRevision = 0 })}, []string{"a"}, 4_000_000},
		{"paused room does not wait at a seek", paused(), PolicySoft, []Report{viewer("a")}, nil, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			in, env := Intent{Op: OpSeek, PositionMs: ms(30_000)}, Env{Policy: c.policy, Reports: slow(c.reports), Target: Item{ID: "c"}}
			if c.state.MediaID == "" {
				in = Intent{Op: OpMedia, MediaID: "c"}
			}
			next, ack, err := Apply(c.state, in, env, t0)
			checkStep(t, c.state, next, ack, err)
			if c.waiting == nil {
				if next.Hold != nil {
					t.Fatalf("hold %+v", next.Hold)
				}
				return
			}
			if next.Hold == nil || !slices.Equal(next.Hold.Waiting, c.waiting) || next.Hold.UntilUs != t0+c.limitUs {
				t.Fatalf("hold %+v", next.Hold)
			}
			if next.Hold.Revision != next.Revision || next.Position(t0+60_000_000) != next.PositionMs {
				t.Fatalf("held state moves: %+v", next)
			}
		})
	}
}

func TestHoldIsBounded(t *testing.T) {
	reports := slow(many(200))
	reports[150].Important = true
	next, _, _ := Apply(playing(), Intent{Op: OpSeek, PositionMs: ms(1)}, Env{Reports: reports}, t0)
	if n := len(next.Hold.Waiting); n != MaxWaiting || !slices.Contains(next.Hold.Waiting, "v150") {
		t.Fatalf("waits for %d", n)
	}
}

func TestMidPlayStalls(t *testing.T) {
	long := stalled(1_600_000)
	cases := []struct {
		name    string
		policy  Policy
		reports []Report
		waiting []string
	}{
		{"one of eight", PolicySoft, append(many(7), viewer("x", long)), nil},
		{"half", PolicySoft, []Report{viewer("a"), viewer("x", long)}, []string{"x"}},
		{"just under half", PolicySoft, []Report{viewer("a"), viewer("b"), viewer("x", long)}, nil},
		{"an important one", PolicySoft, append(many(7), viewer("x", long, important)), []string{"x"}},
		{"a short one", PolicySoft, []Report{viewer("x", stalled(1_400_000))}, nil},
		{"alone", PolicySoft, []Report{viewer("x", long)}, []string{"x"}},
		{"anyone when strict", PolicyStrict, append(many(7), viewer("x", long)), []string{"x"}},
		{"nobody when off", PolicyOff, []Report{viewer("x", long)}, nil},
		{"someone who does not follow", PolicyStrict, []Report{viewer("a"), viewer("x", long, free)}, nil},
		{"a newcomer", PolicyStrict, []Report{viewer("a"), viewer("x", long, fresh)}, nil},
		{"someone who arrives", PolicyStrict, []Report{viewer("a"), viewer("x", arriving)}, nil},
		{"someone who left", PolicyStrict, []Report{viewer("a"), viewer("x", long, gone)}, nil},
		{"a stall from before this run", PolicyStrict, []Report{viewer("x", stalled(11_000_000))}, nil},
		{"locally paused people have no say", PolicySoft, []Report{viewer("a"), viewer("b", func(r *Report) { r.Activity = ActivityPaused }), viewer("x", long)}, []string{"x"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := playing()
			next, changed, due := Decide(s, c.reports, c.policy, t0)
			checkDecision(t, s, next, changed, due, t0)
			if c.waiting == nil {
				if changed {
					t.Fatalf("held: %+v", next.Hold)
				}
				return
			}
			if !changed || !slices.Equal(next.Hold.Waiting, c.waiting) || next.PositionMs != 10_000 {
				t.Fatalf("next %+v hold %+v", next, next.Hold)
			}
			if len(next.Blames) != len(c.waiting) {
				t.Fatalf("blames %+v", next.Blames)
			}
		})
	}
}

func checkDecision(t interface{ Fatalf(string, ...any) }, s, next State, changed bool, due, now int64) {
	if !changed && next.Hash() != s.Hash() {
		t.Fatalf("unmarked change")
	}
	if changed && next.Revision != s.Revision+1 {
		t.Fatalf("revision %d after %d", next.Revision, s.Revision)
	}
	if err := next.Validate(); err != nil {
		t.Fatalf("%v: %+v", err, next)
	}
	if due != 0 && due <= now {
		t.Fatalf("deadline %d is not in the future", due-now)
	}
	if next.Hold != nil && (due == 0 || due > max(next.Hold.UntilUs, now+1)) {
		t.Fatalf("hold until %d, next look at %d", next.Hold.UntilUs-now, due-now)
	}
}

func TestHoldEnds(t *testing.T) {
	held := func(reason Reason, ids ...string) State {
		return with(playing(), func(s *State) {
			s.Revision, s.PositionMs, s.AtUs = 11, 5000, t0-1_000_000
			s.Hold = &Hold{Reason: reason, Waiting: ids, UntilUs: t0 + 3_000_000, SinceUs: t0 - 1_000_000, ListedUs: t0 - 1_000_000, Revision: 11}
		})
	}
	late := func(s State) State { s.Hold.UntilUs = t0; return s }
	cases := []struct {
		name    string
		state   State
		policy  Policy
		reports []Report
		release bool
		waiting []string
		blames  int
	}{
		{"all ready", held(HoldSeek, "a", "b"), PolicySoft, []Report{viewer("a", ready), viewer("b", ready)}, true, nil, 0},
		{"one is not", held(HoldSeek, "a", "b"), PolicySoft, []Report{viewer("a", ready), viewer("b")}, false, []string{"b"}, 0},
		{"ready but loading again", held(HoldSeek, "a"), PolicySoft, []Report{viewer("a", ready, func(r *Report) { r.Activity = ActivityLoading })}, false, []string{"a"}, 0},
		{"ready in another epoch", held(HoldSeek, "a"), PolicySoft, []Report{viewer("a", ready, func(r *Report) { r.Epoch = "e0" })}, false, []string{"a"}, 0},
		{"still stalled", held(HoldStall, "a"), PolicySoft, []Report{viewer("a", stalled(2_000_000))}, false, []string{"a"}, 0},
		{"the culprit vanished", held(HoldStall, "a"), PolicySoft, nil, true, nil, 0},
		{"the culprit fell silent", held(HoldStall, "a"), PolicySoft, []Report{viewer("a", gone)}, true, nil, 0},
		{"a bystander does not matter", held(HoldSeek, "a"), PolicySoft, []Report{viewer("a", ready), viewer("x", stalled(2_000_000))}, true, nil, 0},
		{"gave up following", held(HoldSeek, "a"), PolicySoft, []Report{viewer("a", free)}, true, nil, 0},
		{"deadline", late(held(HoldSeek, "a")), PolicySoft, []Report{viewer("a")}, true, nil, 1},
		{"deadline of a stall blames nobody twice", late(held(HoldStall, "a")), PolicySoft, []Report{viewer("a", stalled(9_000_000))}, true, nil, 0},
		{"policy switched off", held(HoldSeek, "a"), PolicyOff, []Report{viewer("a")}, true, nil, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			next, changed, due := Decide(c.state, c.reports, c.policy, t0)
			checkDecision(t, c.state, next, changed, due, t0)
			if c.release {
				if next.Hold != nil || next.AtUs < t0+minLeadUs || next.PositionMs != 5000 || len(next.Blames) != c.blames {
					t.Fatalf("next %+v", next)
				}
				return
			}
			if next.Hold == nil || !slices.Equal(next.Hold.Waiting, c.waiting) {
				t.Fatalf("hold %+v", next.Hold)
			}
		})
	}
}

// TestOneStallOneHold plays the worst viewer there is: after the hold has timed out the room goes on without him, and
// after three holds he is exempt.
func TestOneStallOneHold(t *testing.T) {
	s, now := playing(), t0
	bad := viewer("x", stalled(1_600_000))
	holds := 0
	for range 60 {
		bad.SeenUs = now
		good := viewer("a")
		good.SeenUs, good.ReadyRevision = now, s.Revision
		next, changed, due := Decide(s, []Report{good, bad}, PolicyStrict, now)
		checkDecision(t, s, next, changed, due, now)
		if changed && next.Hold != nil && s.Hold == nil {
			holds++
		}
		if changed && next.Hold == nil { // plays a little, then stalls anew
			bad.StalledSinceUs = now + 700_000
		}
		s, now = next, now+500_000
	}
	if holds != 2 {
		t.Fatalf("%d holds in 30 s, want one of 15 s, a short run, and another", holds)
	}
	for range 600 {
		bad.SeenUs = now
		next, changed, _ := Decide(s, []Report{bad, viewer("a")}, PolicyStrict, now)
		if changed && next.Hold != nil && s.Hold == nil {
			holds++
		}
		if changed && next.Hold == nil {
			bad.StalledSinceUs = next.AtUs + 700_000
		}
		s, now = next, now+250_000
	}
	if holds != 3 || !s.Exempt("m-x", now) || s.Exempt("m-a", now) {
		t.Fatalf("%d holds, exempt %v", holds, s.Exempt("m-x", now))
	}
	if s.Exempt("m-x", now+exemptWindowUs) {
		t.Fatal("exempt for ever")
	}
}

func TestLead(t *testing.T) {
	at := func(oneWay, jitter float64) Report {
		return viewer("x", func(r *Report) { r.OneWayMs, r.JitterMs = oneWay, jitter })
	}
	cases := []struct {
		name    string
		reports []Report
		want    int64
	}{
		{"nobody", nil, 120_000},
		{"lan", []Report{at(0.5, 0.2)}, 120_000},
		{"wan", []Report{at(50, 30)}, 140_000},
		{"far", []Report{at(125, 120)}, 305_000},
		{"absurd", []Report{at(9000, 9000)}, 600_000},
		{"nonsense", []Report{at(math.NaN(), math.Inf(-1))}, 120_000},
		{"one far of forty is a late joiner", append(many(39), at(400, 100)), 120_000},
		{"those who left do not count", []Report{viewer("x", gone, func(r *Report) { r.OneWayMs = 400 })}, 120_000},
	}
	for _, c := range cases {
		if got := Lead(c.reports, t0); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestDeadlineWithoutNews(t *testing.T) {
	reports := []Report{viewer("x", stalled(500_000)), viewer("y")}
	_, changed, due := Decide(playing(), reports, PolicySoft, t0)
	if changed || due != t0+1_000_000 {
		t.Fatalf("changed %v due %d", changed, due-t0)
	}
	next, changed, _ := Decide(playing(), reports, PolicySoft, due)
	if !changed || next.Hold.Reason != HoldStall || next.Position(due+5_000_000) != 11_000 {
		t.Fatalf("next %+v", next)
	}
}

func BenchmarkDecide1000(b *testing.B) {
	reports := many(1000)
	s := playing()
	b.ReportAllocs()
	for b.Loop() {
		Decide(s, reports, PolicySoft, t0)
	}
}
