package coordtest

import (
	"context"
	"testing"
)

// Open returns n nodes of one new, empty cluster, running and ready except for Bus.Run, which the suite calls. An
// implementation that knows one node returns one, whatever n is.
type Open func(t testing.TB, n int) []*Node

// Test runs the whole suite.
func Test(t *testing.T, open Open) {
	t.Run("Bus", func(t *testing.T) { testBus(t, open) })
	t.Run("Presence", func(t *testing.T) { testPresence(t, open) })
	t.Run("Keys", func(t *testing.T) { testKeys(t, open) })
	t.Run("Limiter", func(t *testing.T) { testLimiter(t, open) })
	t.Run("Leases", func(t *testing.T) { testLeases(t, open) })
	t.Run("Clock", func(t *testing.T) { testClock(t, open) })
	t.Run("Hammer", func(t *testing.T) { testHammer(t, open) })
}

// each runs named cases, each on a new cluster.
func each(t *testing.T, open Open, n int, cases map[string]func(t *testing.T, nodes []*Node)) {
	for name, test := range cases {
		t.Run(name, func(t *testing.T) { test(t, open(t, n)) })
	}
}

func ctxOf(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
