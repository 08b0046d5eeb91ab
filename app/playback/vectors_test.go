package playback

import (
	"encoding/json"
	"flag"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata/vectors.json")

// wireState is the shape in which clients see a state; testdata/vectors.json is read by the browser client's tests too.
type wireState struct {
	Revision   uint32    `json:"revision"`
	Epoch      string    `json:"epoch"`
	MediaID    string    `json:"media_id"`
	PositionMs float64   `json:"position_ms"`
	AtMs       float64   `json:"at_ms"`
	Rate       float64   `json:"rate"`
	LeadRate   float64   `json:"lead_rate"`
	Playing    bool      `json:"playing"`
	Live       bool      `json:"live"`
	DurationMs float64   `json:"duration_ms"`
	Hold       *wireHold `json:"hold,omitempty"`
}

type wireHold struct {
	Reason  string   `json:"reason"`
	Waiting []string `json:"waiting"`
	UntilMs float64  `json:"until_ms"`
}

type positionAt struct {
	TMs        float64 `json:"t_ms"`
	PositionMs float64 `json:"position_ms"`
}

type vector struct {
	Name      string       `json:"name"`
	State     wireState    `json:"state"`
	Hash      uint32       `json:"hash"`
	Positions []positionAt `json:"positions"`
}

func toWire(s State) wireState {
	w := wireState{Revision: s.Revision, Epoch: s.Epoch, MediaID: s.MediaID, PositionMs: s.PositionMs, AtMs: float64(s.AtUs) / 1000,
		Rate: s.Rate, LeadRate: s.LeadRate, Playing: s.Playing, Live: s.Live, DurationMs: s.DurationMs}
	if s.Hold != nil {
		w.Hold = &wireHold{Reason: string(s.Hold.Reason), Waiting: s.Hold.Waiting, UntilMs: float64(s.Hold.UntilUs) / 1000}
	}
	return w
}

func (w wireState) state() State {
	us := func(ms float64) int64 { return int64(math.Round(ms * 1000)) }
	s := State{Revision: w.Revision, Epoch: w.Epoch, MediaID: w.MediaID, PositionMs: w.PositionMs, AtUs: us(w.AtMs),
		Rate: w.Rate, LeadRate: w.LeadRate, Playing: w.Playing, Live: w.Live, DurationMs: w.DurationMs}
	if w.Hold != nil {
		s.Hold = &Hold{Reason: Reason(w.Hold.Reason), Waiting: w.Hold.Waiting, UntilUs: us(w.Hold.UntilMs)}
	}
	return s
}

func vectorStates() map[string]State {
	held := with(playing(), func(s *State) {
		s.Hold = &Hold{Reason: HoldSeek, Waiting: []string{"ses_a", "ses_b"}, UntilUs: t0 + 4_000_001, Revision: 10}
	})
	return map[string]State{
		"new room":     New("e1"),
		"playing":      playing(),
		"paused":       paused(),
		"half speed":   with(playing(), func(s *State) { s.Rate = 0.5 }),
		"scheduled":    with(playing(), func(s *State) { s.AtUs, s.PositionMs = t0+160_001, 1234.5678 }),
		"rate change":  with(playing(), func(s *State) { s.AtUs, s.PositionMs, s.Rate, s.LeadRate = t0+160_000, 10_160, 2, 1 }),
		"held":         held,
		"unknown end":  with(playing(), func(s *State) { s.DurationMs = 0 }),
		"live":         with(playing(), func(s *State) { s.Live, s.DurationMs = true, 0 }),
		"at the end":   with(playing(), func(s *State) { s.PositionMs = 59_999.9 }),
		"big numbers":  with(playing(), func(s *State) { s.Revision, s.PositionMs, s.DurationMs = math.MaxUint32, 9e9+0.1234, 1e10 }),
		"other script": with(playing(), func(s *State) { s.MediaID, s.Epoch = "影片-é-🎬", "" }),
	}
}

func TestVectors(t *testing.T) {
	const path = "testdata/vectors.json"
	states := vectorStates()
	if *update {
		writeVectors(t, path, states)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	if err := json.Unmarshal(raw, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors) != len(states) {
		t.Fatalf("%d vectors for %d states: run with -update", len(vectors), len(states))
	}
	for _, v := range vectors {
		t.Run(v.Name, func(t *testing.T) {
			s := v.State.state()
			if got := s.Hash(); got != v.Hash || got != states[v.Name].Hash() {
				t.Errorf("hash %d, want %d, in memory %d", got, v.Hash, states[v.Name].Hash())
			}
			for _, p := range v.Positions {
				now := int64(math.Round(p.TMs * 1000))
				if got := s.Position(now); math.Abs(got-p.PositionMs) > 0.001 {
					t.Errorf("position at %v is %v, want %v", p.TMs, got, p.PositionMs)
				}
			}
		})
	}
}

func writeVectors(t *testing.T, path string, states map[string]State) {
	t.Helper()
	var out []vector
	for name, s := range states {
		v := vector{Name: name, State: toWire(s), Hash: s.Hash()}
		for _, after := range []int64{-20_000_000_000, -250_000, 0, 100_000, 160_500, 1_000_000, 3_600_000_000} {
			now := t0 + after
			v.Positions = append(v.Positions, positionAt{float64(now) / 1000, s.Position(now)})
		}
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b vector) int { return strings.Compare(a.Name, b.Name) })
	raw, err := json.MarshalIndent(out, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(raw, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}
