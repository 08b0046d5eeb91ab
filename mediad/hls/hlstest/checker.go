// Package hlstest holds playlists to the rules: each alone, and all that were taken of
// one stream to each other.
package hlstest

import (
	"math"
	"testing"
	"time"
)

// Checker follows one playlist through time. It is for one goroutine.
type Checker struct {
	t    testing.TB
	Name string // of the playlist

	Last  Playlist
	Known map[uint64]Segment // by sequence number
	URLs  map[string]float64 // listed now or before: when last, in seconds
	Hints []string           // one behind the other
	Parts []string           // URIs in the order in which they were listed
	Marks int                // discontinuities there were
	Loose bool               // durations of parts are not looked at

	// Playlists, deltas, files that had gone from the list, and files that had gone
	// altogether, which those who use the checker have looked at.
	Taken, Deltas, Kept, Gone int

	seen  bool
	kinds map[string]string
}

// NewChecker returns one that has seen nothing. name is for messages.
func NewChecker(t testing.TB, name string) *Checker {
	return &Checker{t: t, Name: name, Known: map[uint64]Segment{}, URLs: map[string]float64{}, kinds: map[string]string{}}
}

// Take holds a playlist, taken at a time in seconds, to what was told before. fetch
// must find everything that is listed for the first time.
func (c *Checker) Take(text string, now float64, fetch func(uri string) error) Playlist {
	t := c.t
	t.Helper()
	p := Parse(t, text)
	if c.seen {
		if p.Constant != c.Last.Constant {
			t.Errorf("%s: what is constant changed from\n%sto\n%s", c.Name, c.Last.Constant, p.Constant)
		}
		if p.Sequence < c.Last.Sequence || p.Discontinuities < c.Last.Discontinuities {
			t.Errorf("%s: sequence fell from %d to %d, or discontinuities from %d to %d", c.Name, c.Last.Sequence, p.Sequence, c.Last.Discontinuities, p.Discontinuities)
		}
	}
	total := 0.0
	for i, g := range p.Segments {
		c.segment(p, i, g)
		if !g.Gap {
			c.note(g.URI, "segment", now, fetch)
		}
		if g.Init != "" {
			c.note(g.Init, "init", now, fetch)
		}
		for _, part := range g.Parts {
			c.note(part.URI, "part", now, fetch)
		}
		total += g.Duration
	}
	if c.seen && c.Last.Sequence < p.Sequence && total < 3*p.Target {
		t.Errorf("%s: shrunk to %v s", c.Name, total)
	}
	for _, part := range p.Open {
		c.note(part.URI, "part", now, fetch)
	}
	if p.Hint != "" && (len(c.Hints) == 0 || c.Hints[len(c.Hints)-1] != p.Hint) {
		c.Hints = append(c.Hints, p.Hint)
	}
	c.Last, c.seen = p, true
	return p
}

// segment holds segment i of p to what was told of it, and to the one before.
func (c *Checker) segment(p Playlist, i int, g Segment) {
	if old, ok := c.Known[g.Sequence]; ok {
		if old.Discontinuity != g.Discontinuity || old.URI != g.URI || old.Duration != g.Duration || old.Date != g.Date || old.Init != g.Init || old.Mark != g.Mark || old.Gap != g.Gap {
			c.t.Errorf("%s: segment %d was %+v, is %+v", c.Name, g.Sequence, old, g)
		}
	} else {
		if g.Mark {
			c.Marks++
		}
		c.Known[g.Sequence] = g
	}
	if prev, ok := c.Known[g.Sequence-1]; ok {
		if g.Mark {
			if g.Discontinuity != prev.Discontinuity+1 {
				c.t.Errorf("%s: segment %d has discontinuity number %d after %d", c.Name, g.Sequence, g.Discontinuity, prev.Discontinuity)
			}
		} else {
			c.dates(prev, g)
		}
	}
	if i > 0 && g.Discontinuity != p.Segments[i-1].Discontinuity && !g.Mark {
		c.t.Errorf("%s: segment %d", c.Name, g.Sequence)
	}
	c.parts(p, g)
}

// parts: all but the last are at least 85 % of the target.
func (c *Checker) parts(p Playlist, g Segment) {
	if c.Loose {
		return
	}
	sum := 0.0
	for i, part := range g.Parts {
		sum += part.Duration
		if i < len(g.Parts)-1 && part.Duration < 0.85*p.PartTarget {
			c.t.Errorf("%s: part %s of %v s with PART-TARGET %v", c.Name, part.URI, part.Duration, p.PartTarget)
		}
	}
	if len(g.Parts) > 0 && math.Abs(sum-g.Duration) > 0.03 {
		c.t.Errorf("%s: segment %d lasts %v s, its parts %v", c.Name, g.Sequence, g.Duration, sum)
	}
}

func (c *Checker) dates(a, b Segment) {
	const layout = "2006-01-02T15:04:05.000Z"
	from, err1 := time.Parse(layout, a.Date)
	to, err2 := time.Parse(layout, b.Date)
	if err1 != nil || err2 != nil {
		c.t.Errorf("%s: dates %q, %q", c.Name, a.Date, b.Date)
	}
	if d := to.Sub(from).Seconds(); math.Abs(d-a.Duration) > 0.002 {
		c.t.Errorf("%s: segment %d lasts %v s, and the next begins %v s later", c.Name, a.Sequence, a.Duration, d)
	}
}

func (c *Checker) note(uri, kind string, now float64, fetch func(string) error) {
	if _, ok := c.URLs[uri]; !ok {
		if err := fetch(uri); err != nil {
			c.t.Errorf("%s: %s %s is listed: %v", c.Name, kind, uri, err)
		}
		if kind == "part" {
			c.Parts = append(c.Parts, uri)
		}
		c.kinds[uri] = kind
	}
	c.URLs[uri] = now
}

// Unlisted returns what was last listed so long ago, or up to a second longer.
func (c *Checker) Unlisted(now, ago float64) (uris []string) {
	for uri, at := range c.URLs {
		if now-at >= ago && now-at < ago+1 && c.kinds[uri] != "init" {
			uris = append(uris, uri)
		}
	}
	return uris
}
