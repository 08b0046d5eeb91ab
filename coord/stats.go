package coord

// Stats are counters since New and a few gauges, for metrics. What an implementation does not have stays zero.
type Stats struct {
	// Bus.
	Delivered     int64 // messages given to receive
	Dropped       int64 // messages lost to a full queue; each is covered by a resync
	Resyncs       int64 // topics given to resync
	Published     int64 // messages Redis has taken
	PublishFailed int64 // messages whose Publish returned an error; each is covered by a resync on all nodes
	Sessions      int64 // subscription connections made: one, plus the times the connection was lost
	Connected     bool  // the subscription connection is up

	// Messages on the bus that were refused: signs of an attack or of a wrong configuration.
	Forged        int64 // MAC does not fit: another key, or somebody else writes to our Redis
	Oversize      int64 // larger than any message of ours
	Foreign       int64 // right MAC, unknown version or kind: another release
	Replayed      int64 // seen before, or out of order
	DuplicateNode int64 // another process has our node id

	// Limiter.
	LimiterFallbacks int64 // requests decided locally because Redis was away

	// In-memory tables.
	Entries int64
	Bytes   int64 // approximate

	// Clock.
	ClockErrorMicros int64 // shared minus own at the last reading
	ClockRTTMicros   int64 // its round trip: the error is known to half of this
	ClockSteps       int64 // corrections too large to slew
	ClockRaises      int64 // times the shared clock fell back and this node carried it forward
}

func (d *dispatcher) stats(s *Stats) {
	s.Delivered, s.Dropped, s.Resyncs = d.delivered.Load(), d.dropped.Load(), d.gaps.Load()
}
