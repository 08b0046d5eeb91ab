package app

import "sync/atomic"

// Stats count what happens; main exports them as metrics. Safe for concurrent use.
type Stats struct {
	Messages      atomic.Int64 // chat messages made durable
	Intents       atomic.Int64 // playback intents accepted
	EventsApplied atomic.Int64 // events delivered to audiences of this node
	EventGaps     atomic.Int64 // times events had to be read from the log because the bus skipped some
	Logins        atomic.Int64 // successful
	LoginsFailed  atomic.Int64
	// SyncError has one slot per bound of SyncErrorBounds and one above them all: reports of
	// playing clients by the absolute offset they measured.
	SyncError    [len(syncErrorBounds) + 1]atomic.Int64
	SyncErrorSum atomic.Int64 // microseconds
}

var syncErrorBounds = [...]float64{2, 5, 10, 15, 20, 30, 40, 60, 100, 250, 500, 1000, 2500}

// SyncErrorBounds are the upper bounds of the histogram of measured offsets, in milliseconds.
func SyncErrorBounds() []float64 { return syncErrorBounds[:] }

// Stats returns the live counters.
func (a *App) Stats() *Stats { return &a.stats }

// Load is how busy this node is.
type Load struct{ Rooms, Seats int }

// Load counts rooms and seats of this node.
func (a *App) Load() Load { return a.hub.load() }

func (s *Stats) noteSyncError(ms float64) {
	if ms < 0 {
		ms = -ms
	}
	i := 0
	for i < len(syncErrorBounds) && ms > syncErrorBounds[i] {
		i++
	}
	s.SyncError[i].Add(1)
	s.SyncErrorSum.Add(int64(min(ms, 1e9) * 1000))
}
