package app

import "time"

// Time is an instant of the cluster's clock in microseconds since the Unix epoch.
// The clock never goes back while the process lives and all nodes agree on it.
type Time int64

// Clock tells the time. See coord for the two kinds.
type Clock interface {
	// Now returns the cluster's time in microseconds since the Unix epoch.
	Now() int64
}

// UnixMilli returns whole milliseconds.
func (t Time) UnixMilli() int64 { return int64(t) / 1000 }

// Ms returns milliseconds as a float, the unit of the wire.
func (t Time) Ms() float64 { return float64(t) / 1000 }

// Add returns t moved by d.
func (t Time) Add(d time.Duration) Time { return t + Time(d.Microseconds()) }

// Sub returns the time from u to t.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t-u) * time.Microsecond }

// Go is the instant as the standard library's.
func (t Time) Go() time.Time { return time.UnixMicro(int64(t)) }
