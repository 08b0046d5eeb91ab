package coord

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

var envelopeKey = bytes.Repeat([]byte("k"), 32)

func TestEnvelopeRoundTrip(t *testing.T) {
	s := newSealer(envelopeKey)
	for name, e := range map[string]envelope{
		"message": {kindMessage, 7, 9, "n", []byte("hello")},
		"empty":   {kindMessage, 0, 0, "n", nil},
		"gap":     {kindGap, 1 << 63, 1<<64 - 1, strings.Repeat("n", MaxNode), nil},
		"largest": {kindMessage, 1, 1, strings.Repeat("n", MaxNode), make([]byte, MaxPayload)},
	} {
		raw := s.seal([]byte("before"), "channel", e)
		got, err := s.open("channel", raw[len("before"):])
		if err != nil || got.kind != e.kind || got.boot != e.boot || got.seq != e.seq || got.node != e.node || !bytes.Equal(got.payload, e.payload) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestEnvelopeSealedNonsense: even a holder of the key cannot send what is not an envelope.
func TestEnvelopeSealedNonsense(t *testing.T) {
	s := newSealer(envelopeKey)
	sign := func(body []byte) []byte {
		s.feed("channel", body)
		return s.mac.Sum(body)
	}
	valid := func() []byte {
		raw := s.seal(nil, "channel", envelope{kindMessage, 1, 1, "node", []byte("p")})
		return bytes.Clone(raw[:len(raw)-macSize])
	}
	for name, c := range map[string]struct {
		change func(b []byte) []byte
		want   error
	}{
		"version":         {func(b []byte) []byte { b[0] = 2; return b }, errForeign},
		"kind":            {func(b []byte) []byte { b[1] = 3; return b }, errForeign},
		"no node":         {func(b []byte) []byte { b[18] = 0; return b }, errForeign},
		"node past end":   {func(b []byte) []byte { b[18] = 200; return b }, errForeign},
		"node length 6/5": {func(b []byte) []byte { b[18] = 6; return b }, errForeign},
		"payload":         {func(b []byte) []byte { return append(b, make([]byte, MaxPayload)...) }, errOversize},
		"short":           {func(b []byte) []byte { return b[:18] }, errForged},
	} {
		if _, err := s.open("channel", sign(c.change(valid()))); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func FuzzEnvelope(f *testing.F) {
	good := newSealer(envelopeKey).seal(nil, "channel", envelope{kindMessage, 1, 2, "node", []byte("payload")})
	f.Add(good)
	f.Add(good[:30])
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s := newSealer(envelopeKey)
		if _, err := s.open("channel", raw); err == nil && !bytes.Equal(raw, good) {
			t.Fatal("forged")
		}
		// The same bytes under a fitting MAC must not break the parser, and what it accepts is what seal makes.
		s.feed("channel", raw)
		signed := s.mac.Sum(bytes.Clone(raw))
		if e, err := s.open("channel", signed); err == nil && !bytes.Equal(s.seal(nil, "channel", e), signed) {
			t.Fatalf("%+v is sealed otherwise", e)
		}
	})
}

func TestReplayGuard(t *testing.T) {
	g := newReplayGuard()
	for i, c := range []struct {
		boot, seq uint64
		want      bool
	}{{1, 5, true}, {1, 5, false}, {1, 4, false}, {2, 1, true}, {1, 9, true}, {1, 8, false}, {2, 2, true}} {
		if got := g.fresh(c.boot, c.seq); got != c.want {
			t.Errorf("%d: %+v", i, c)
		}
	}
	for boot := range uint64(3 * maxBoots) {
		g.fresh(boot+10, 1)
	}
	if len(g.last) != maxBoots || len(g.ages) != maxBoots {
		t.Errorf("%d boots, %d ages", len(g.last), len(g.ages))
	}
}
