package hls

import (
	"errors"
	"net/url"
	"strconv"
	"time"
)

// errDirective: a delivery directive is malformed, or asks for what is too far ahead.
var errDirective = errors.New("hls: bad delivery directive")

// reload is what a request for a playlist asks for (section 6.2.5).
type reload struct {
	waits    bool
	sequence uint64 // _HLS_msn
	part     int    // _HLS_part
	skip     bool   // _HLS_skip
}

// maxPart is the highest part that is read as a number.
const maxPartNumber = 1 << 20

// parseReload reads the directives of a query.
//
// _HLS_msn without _HLS_part is to wait for the whole segment. Safari uses it to wait
// for the segment's first part, and asks without pause when it waits for more; it is
// taken for part 0 (OvenMediaEngine pull request 2207).
func parseReload(q url.Values) (r reload, err error) {
	sequence, part := q["_HLS_msn"], q["_HLS_part"]
	if len(sequence) > 1 || len(part) > 1 || len(part) == 1 && len(sequence) == 0 {
		return r, errDirective
	}
	if len(sequence) == 1 {
		r.waits = true
		if r.sequence, err = strconv.ParseUint(sequence[0], 10, 63); err != nil {
			return r, errDirective
		}
	}
	if len(part) == 1 {
		n, err := strconv.ParseUint(part[0], 10, 31)
		if err != nil || n > maxPartNumber {
			return r, errDirective
		}
		r.part = int(n)
	}
	skip := q.Get("_HLS_skip")
	r.skip = skip == "YES" || skip == "v2"
	return r, nil
}

// position is where a playlist ends.
type position struct {
	open      uint64 // the segment that is being made
	parts     int    // that it has
	lastParts int    // that the segment before it has
	ended     bool
}

// answer is what becomes of a request.
type answer uint8

const (
	serve  answer = iota // with what there is
	wait                 // until there is more
	refuse               // it asks for what is too far ahead
)

// decide says what becomes of a request for a playlist that ends at p.
func decide(r reload, p position, partTarget time.Duration) answer {
	if !r.waits || p.ended {
		return serve
	}
	sequence, part := r.sequence, r.part
	if sequence+1 == p.open && part >= p.lastParts {
		// A part behind the last one of a segment is the first one of the next.
		sequence, part = p.open, 0
	}
	switch {
	case sequence < p.open:
		return serve
	case sequence > p.open+1: // the last complete one, plus two
		return refuse
	case part >= advanceParts(partTarget) && (sequence > p.open || part >= p.parts+advanceParts(partTarget)):
		return refuse
	case sequence == p.open && part < p.parts:
		return serve
	}
	return wait
}

// advanceParts is the Advance Part Limit (section 6.2.5.2): how many parts ahead a
// request may ask.
func advanceParts(partTarget time.Duration) int {
	if partTarget <= 0 || partTarget >= time.Second {
		return 3
	}
	return int((3*time.Second + partTarget - 1) / partTarget)
}

// mostPatience is less than the ten seconds after which players take a request for lost
// and, after a few, the stream.
const mostPatience = 8 * time.Second

// patience is how long a request waits for what is to come: three target durations
// (section 6.2.5.2), unless players would not.
func patience(c Config) time.Duration { return min(3*c.Cut.Longest, mostPatience) }
