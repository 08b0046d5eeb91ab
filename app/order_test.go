package app

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestOrderBetween(t *testing.T) {
	for _, c := range []struct{ lo, hi string }{
		{"", ""}, {"V", ""}, {"", "V"}, {"A", "B"}, {"A", "A1"}, {"A", "AV"}, {"z", ""}, {"zz", ""}, {"", "1"}, {"", "01"}, {"Az", "B"},
	} {
		k := orderBetween(c.lo, c.hi)
		if k <= c.lo || c.hi != "" && k >= c.hi || k[len(k)-1] == '0' {
			t.Errorf("orderBetween(%q, %q) = %q", c.lo, c.hi, k)
		}
	}
}

func TestOrderSurvivesRandomMoves(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	keys := orderRun("", "", 10)
	for range 5000 {
		i := r.IntN(len(keys) + 1)
		lo, hi := "", ""
		if i > 0 {
			lo = keys[i-1]
		}
		if i < len(keys) {
			hi = keys[i]
		}
		keys = slices.Insert(keys, i, orderBetween(lo, hi))
		if len(keys) > 60 {
			keys = slices.Delete(keys, 20, 40)
		}
		if !slices.IsSorted(keys) || len(slices.Compact(slices.Clone(keys))) != len(keys) {
			t.Fatalf("out of order after inserting at %d: %q", i, keys)
		}
	}
}

func TestOrderAppendStaysShort(t *testing.T) {
	key := ""
	for range 2000 {
		key = orderBetween(key, "")
	}
	if len(key) > 60 {
		t.Errorf("2000 appends lead to a key of %d characters", len(key))
	}
}
