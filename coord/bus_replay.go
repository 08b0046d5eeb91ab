package coord

// maxBoots bounds how many publishers' sequences are remembered; a cluster has a handful, so only a flood of restarts or a holder
// of the key reaches it.
const maxBoots = 4096

// replayGuard remembers the last sequence number of each publisher. A publisher's messages come over one connection in order
// and we read from one connection in order, so a number that does not grow is a repetition (or a message its publisher
// already gave up, arriving late). It is for one goroutine.
type replayGuard struct {
	last map[uint64]uint64
	ages []uint64 // boots in the order they were first seen
}

func newReplayGuard() *replayGuard { return &replayGuard{last: make(map[uint64]uint64)} }

// fresh reports whether the message is new and remembers it.
func (g *replayGuard) fresh(boot, seq uint64) bool {
	last, known := g.last[boot]
	if known && seq <= last {
		return false
	}
	if !known {
		if len(g.ages) == maxBoots {
			delete(g.last, g.ages[0])
			g.ages = append(g.ages[:0], g.ages[1:]...)
		}
		g.ages = append(g.ages, boot)
	}
	g.last[boot] = seq
	return true
}
