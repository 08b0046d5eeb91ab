package av

import (
	"math/rand/v2"
	"testing"
	"time"
)

const ms = time.Millisecond

// at is a step of a timeline test: a packet in the sender's milliseconds and what
// becomes of it.
type at struct {
	kind    Kind
	raw     int64
	cts     int64
	dts     int64
	pts     int64
	discont bool
}

func v(raw, dts int64) at        { return at{Video, raw, 0, dts, dts, false} }
func a(raw, dts int64) at        { return at{Audio, raw, 0, dts, dts, false} }
func vCTS(raw, c, d, p int64) at { return at{Video, raw, c, d, p, false} }
func (s at) broken() at          { s.discont = true; return s }

func TestTimeline(t *testing.T) {
	const wrap32, wrap31, wrap24 = 1 << 32, 1 << 31, 1 << 24
	tests := []struct {
		name  string
		steps []at
	}{
		{"plain", []at{v(0, 0), a(0, 0), v(40, 40), a(21, 21), v(80, 80)}},
		{"encoder 10: starts at a random epoch", []at{v(3_000_000_000, 0), a(3_000_000_005, 5), v(3_000_000_040, 40)}},
		{"encoder 10: wraps at 32 bits", []at{v(wrap32-20, 0), a(wrap32-10, 10), v(20, 40), a(11, 31), v(60, 80)}},
		{"encoder 10: wraps at 24 bits", []at{v(wrap24-20, 0), a(wrap24-10, 10), v(20, 40), a(11, 31), v(60, 80)}},
		{"encoder 10: wraps at 31 bits", []at{v(wrap31-20, 0), a(wrap31-10, 10), v(20, 40), a(11, 31), v(60, 80)}},
		{"encoder 10: wraps at 31 bits, the tracks one behind the other", []at{v(wrap31-20, 0), v(20, 40), a(wrap31-1, 19), a(21, 41), v(60, 80)}},
		{"encoder 10: begins below zero, without the sign", []at{a(wrap31-60, 0), v(wrap31-40, 20), v(0, 60), a(1, 61), v(40, 100)}},
		{"encoder 10: late track, the first has wrapped at 24 bits", []at{v(wrap24-20, 0), v(20, 40), a(wrap24-1, 19), a(21, 41)}},
		{"encoder 10: passes 0xFFFFFF", []at{v(wrap24-20, 0), v(wrap24+20, 40), v(wrap24+60, 80)}},
		{"encoder 10: small step back is pressed together", []at{v(0, 0), v(100, 100), v(60, 101), v(80, 102), v(120, 120)}},
		{"encoder 10: large step back is taken out", []at{v(60_000, 0), v(60_040, 40), v(0, 41).broken(), v(40, 81)}},
		{"encoder 10: jump ahead is taken out", []at{v(0, 0), v(40, 40), v(3_600_000, 41).broken(), v(3_600_040, 81)}},
		{"encoder 10: both tracks jump: one discontinuity, still in sync",
			[]at{v(0, 0), a(10, 10), v(40, 40), v(900_000, 41).broken(), a(900_010, 51), v(900_040, 81), a(900_031, 72)}},
		{"encoder 10: the sender's clock begins anew in both tracks",
			[]at{v(700_000, 0), a(700_010, 10), v(700_040, 40), a(0, 41).broken(), v(5, 46), a(21, 62), v(45, 86)}},
		{"encoder 10: audio and video have different zeros", []at{v(0, 0), v(40, 40), a(5_000_000, 40), v(80, 80), a(5_000_021, 61)}},
		{"encoder 15: audio begins five seconds later", []at{v(0, 0), v(5000, 5000), a(5010, 5010)}},
		{"encoder 15: audio that was silent for a minute is no jump",
			append(append([]at{v(0, 0), a(0, 0)}, frames(5000, 60_000)...), a(60_005, 60_005), v(60_040, 60_040))},
		{"a track that began a little earlier waits for the start", []at{v(100, 0), a(98, 0), a(99, 1), a(121, 21)}},
		{"encoder 20: equal timestamps grow by a millisecond", []at{a(0, 0), a(0, 1), a(0, 2), a(64, 64)}},
		{"encoder 18: frames reordered", []at{vCTS(0, 80, 0, 80), vCTS(40, 160, 40, 200), vCTS(80, 0, 80, 80)}},
		{"encoder 18: negative offset", []at{v(0, 0), vCTS(40, -40, 40, 0), vCTS(80, -80, 80, 0)}},
		{"encoder 18: absurd offset", []at{v(0, 0), vCTS(40, 8_000_000, 40, 40)}},
		{"encoder 18: offset of a pressed frame keeps its showing", []at{v(0, 0), v(100, 100), vCTS(60, 80, 101, 140)}},
		{"ABUSE-124 back and forth", []at{v(0, 0), v(4_000_000_000, 1).broken(), v(0, 2).broken(), v(4_000_000_000, 3).broken()}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var tl Timeline
			for i, s := range tt.steps {
				p := tl.Place(Packet{Kind: s.kind, DTS: time.Duration(s.raw) * ms, PTS: time.Duration(s.raw+s.cts) * ms})
				if p.DTS != time.Duration(s.dts)*ms || p.PTS != time.Duration(s.pts)*ms || p.Discontinuity != s.discont {
					t.Fatalf("step %d: raw %d -> dts %v pts %v discontinuity %v, want %d %d %v", i, s.raw, p.DTS, p.PTS, p.Discontinuity, s.dts, s.pts, s.discont)
				}
			}
		})
	}
}

// frames are of video, one each stride, up to and with end.
func frames(stride, end int64) (out []at) {
	for raw := stride; raw <= end; raw += stride {
		out = append(out, v(raw, raw))
	}
	return out
}

func TestTimelineRestart(t *testing.T) {
	tl := Timeline{Origin: time.Hour}
	place := func(k Kind, raw int64) Packet {
		return tl.Place(Packet{Kind: k, DTS: time.Duration(raw) * ms, PTS: time.Duration(raw) * ms})
	}
	if p := place(Video, 77); p.DTS != time.Hour || p.Discontinuity {
		t.Errorf("first packet at %v", p.DTS)
	}
	place(Audio, 90)
	tl.Restart()
	want := tl.Now() + ms
	if p := place(Audio, 20); p.DTS != want || !p.Discontinuity {
		t.Errorf("after Restart: %v, want %v", p.DTS, want)
	}
	if p := place(Video, 30); p.DTS != want+10*ms || p.Discontinuity {
		t.Errorf("the other track: %v, discontinuity %v", p.DTS, p.Discontinuity)
	}
	if p := tl.Place(Packet{Kind: Video, Config: true, DTS: 0}); p.DTS != tl.Now() {
		t.Errorf("a configuration is at %v", p.DTS)
	}
}

// encoder 10: a soak past both wraps: eight hours with 24 bits, sixty days with 31 and with 32.
func TestRTMP10Soak(t *testing.T) {
	for _, mask := range []int64{1<<24 - 1, 1<<31 - 1, 1<<32 - 1} {
		var tl Timeline
		const start, stride = 16_770_000, 2000
		for i := int64(0); i < 60*24*3600*1000/stride/20; i++ {
			raw := (start + i*stride) & mask
			v := tl.Place(Packet{Kind: Video, DTS: time.Duration(raw) * ms})
			a := tl.Place(Packet{Kind: Audio, DTS: time.Duration((raw+7)&mask) * ms})
			if want := time.Duration(i*stride) * ms; v.DTS != want || a.DTS != want+7*ms || v.Discontinuity || a.Discontinuity {
				t.Fatalf("mask %x, step %d: %v, %v, want %v", mask, i, v.DTS, a.DTS, want)
			}
		}
	}
}

// FuzzTimeline proves for any clocks: time grows in each track, from Origin on,
// and one step never goes further than MaxGap.
func FuzzTimeline(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, a, b uint64) {
		r := rand.New(rand.NewPCG(a, b))
		var tl Timeline
		last := map[Kind]time.Duration{}
		raw := int64(r.Uint32())
		for range 300 {
			switch r.IntN(6) {
			case 0:
				raw = int64(r.Uint32())
			case 1:
				raw -= int64(r.IntN(2000))
			case 2:
				raw += int64(r.IntN(20000))
			default:
				raw += int64(r.IntN(50))
			}
			raw &= 1<<32 - 1
			k := Kind(1 + r.IntN(2))
			now := tl.Now()
			p := tl.Place(Packet{Kind: k, DTS: time.Duration(raw) * ms, PTS: time.Duration(raw+int64(int8(r.Uint32()))) * ms})
			if prev, ok := last[k]; ok && p.DTS <= prev {
				t.Fatalf("%v does not grow: %v after %v", k, p.DTS, prev)
			}
			if p.DTS < 0 || tl.Now() < now || tl.Now()-now > MaxGap+ms {
				t.Fatalf("from %v to %v with %v", now, tl.Now(), p.DTS)
			}
			last[k] = p.DTS
		}
	})
}
