package coord

import (
	"sync/atomic"
	"time"
)

// maxSlew divides elapsed time to give the most a slew may change it: 1/2000 is 500 parts per million, 0.5 ms each second.
// It is what Unix kernels allow themselves for the same purpose. Two quartz clocks drift apart by less than 100 millionths,
// so a slewed clock always catches up; and a player steering on it never sees more than a fifth of its 12 ms threshold between
// two corrections.
const maxSlew = 2000

// law is the clock as a function of the process's monotonic time: base at from, growing with real time, while the
// correction slew is worked in at no more than the slew rate. It never decreases.
type law struct {
	from time.Duration // monotonic
	base int64         // microseconds of cluster time at from
	slew time.Duration // still to be worked in, either sign
}

func (l law) at(mono time.Duration) int64 {
	elapsed := max(mono-l.from, 0)
	adjust := min(elapsed/maxSlew, l.slew.Abs())
	if l.slew < 0 {
		adjust = -adjust
	}
	return l.base + int64((elapsed+adjust)/time.Microsecond)
}

// steady is a clock that follows a law and never goes back, however the law is replaced.
type steady struct {
	mono func() time.Duration // immutable
	law  atomic.Pointer[law]  // nil until anchored
	last atomic.Int64         // the highest value given
}

// now must not be called before the law is set.
func (s *steady) now() int64 {
	now := s.law.Load().at(s.mono())
	for {
		last := s.last.Load()
		if now <= last {
			return last // another law or another goroutine was ahead: stand still until time has come this far
		}
		if s.last.CompareAndSwap(last, now) {
			return now
		}
	}
}

// The thresholds of a correction, see decide.
const (
	stepAbove  = 20 * time.Millisecond // more than any drift between two samples: the reason is another
	raiseAbove = time.Second           // standing still for longer would be worse than moving the cluster
	poorFactor = 4                     // a round trip this many times the best of late says nothing
	poorSlack  = time.Millisecond
)

// reading is one sample of the shared clock: at monotonic time at, known to half the round trip, it showed cluster.
type reading struct {
	at      time.Duration
	cluster int64 // microseconds
	rtt     time.Duration
}

// better returns the reading with the shorter round trip: its middle is the best guess of when the clock was read.
func better(a, b reading) reading {
	if b.rtt < a.rtt {
		return b
	}
	return a
}

// correction is what a reading means for the own clock.
type correction int

const (
	keepOn   correction = iota // the reading is too vague: run freely until a better one
	slewBy                     // work the error in slowly
	stepTo                     // take the shared time at once; if it is behind ours, ours stands still meanwhile
	raiseAll                   // the shared time fell back by much: time does not go back, so carry it forward for everyone
)

// decide compares the own estimate (microseconds at r.at) with a reading. best is the shortest round trip of late; 0 if
// unknown. err is shared minus own.
//
// A large error forward means that this process was suspended or that the shared clock was set: stepping loses nothing. A
// large error backward can only mean that the shared clock was set back (the monotonic clock does not run ahead), as after a
// failover to a machine with another opinion. All nodes that lived before agree on the higher time, so the first of them
// to notice raises the shared clock and the others, and whoever joined in between, step forward: the largest time wins, and
// there is no state in which two nodes pull in different directions.
func decide(own int64, r reading, best time.Duration) (do correction, err time.Duration) {
	err = time.Duration(r.cluster-own) * time.Microsecond
	if best > 0 && r.rtt > poorFactor*best+poorSlack {
		return keepOn, err
	}
	switch vague := r.rtt / 2; {
	case err < -raiseAbove-vague:
		return raiseAll, err
	case err.Abs() > stepAbove+vague:
		return stepTo, err
	}
	return slewBy, err
}
