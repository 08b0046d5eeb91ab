package coord

// LocalClock is anchored once to the wall clock and then runs on the monotonic one. See coordtest.Clock for the contract.
type LocalClock struct{ steady }

func newLocalClock(cfg LocalConfig) *LocalClock {
	c := &LocalClock{steady{mono: cfg.Mono}}
	c.law.Store(&law{from: cfg.Mono(), base: cfg.Wall().UnixMicro()})
	return c
}

// Now returns microseconds since 1970 as the wall clock was when the process began.
func (c *LocalClock) Now() int64 { return c.now() }
