package proxy

import (
	"math"
	"strconv"
	"strings"
)

// ByteRange is one range of bytes. First < 0 means the last Last bytes of the whole; Last = math.MaxInt64 means to the end.
type ByteRange struct{ First, Last int64 }

// String is the range as a Range header value.
func (r ByteRange) String() string {
	switch {
	case r.First < 0:
		return "bytes=-" + strconv.FormatInt(r.Last, 10)
	case r.Last == math.MaxInt64:
		return "bytes=" + strconv.FormatInt(r.First, 10) + "-"
	}
	return "bytes=" + strconv.FormatInt(r.First, 10) + "-" + strconv.FormatInt(r.Last, 10)
}

// maxRangeHeader is the longest Range header looked at, in bytes.
const maxRangeHeader = 256

type rangeVerdict int

const (
	rangeNone          rangeVerdict = iota // no usable range: serve the whole (RFC 9110 section 14.2 lets a server ignore Range)
	rangeOne                               // exactly one
	rangeUnsatisfiable                     // valid, but empty whatever the length: "bytes=-0"
)

// parseRange reads a Range header. Several ranges, another unit and anything malformed are ignored, so that no client can make one
// request cost more than one whole body. Positions beyond 2^63-1 count as 2^63-1.
func parseRange(header string) (ByteRange, rangeVerdict) {
	spec, ok := strings.CutPrefix(header, "bytes=")
	if !ok || len(header) > maxRangeHeader {
		return ByteRange{}, rangeNone
	}
	one := ""
	for part := range strings.SplitSeq(spec, ",") {
		part = strings.Trim(part, " \t")
		if part == "" {
			continue
		}
		if one != "" {
			return ByteRange{}, rangeNone
		}
		one = part
	}
	firstText, lastText, ok := strings.Cut(one, "-")
	if !ok {
		return ByteRange{}, rangeNone
	}
	first, okFirst := parsePosition(firstText)
	last, okLast := parsePosition(lastText)
	switch {
	case firstText == "" && okLast:
		if last == 0 {
			return ByteRange{}, rangeUnsatisfiable
		}
		return ByteRange{First: -1, Last: last}, rangeOne
	case okFirst && lastText == "":
		return ByteRange{First: first, Last: math.MaxInt64}, rangeOne
	case okFirst && okLast && first <= last:
		return ByteRange{First: first, Last: last}, rangeOne
	}
	return ByteRange{}, rangeNone
}

// parsePosition reads digits only; ok is false for an empty text or any other character.
func parsePosition(s string) (n int64, ok bool) {
	if s == "" {
		return 0, false
	}
	for i := range len(s) {
		d := s[i] - '0'
		if d > 9 {
			return 0, false
		}
		if n > (math.MaxInt64-int64(d))/10 {
			n = math.MaxInt64
			continue
		}
		n = n*10 + int64(d)
	}
	return n, true
}

// contentRange is a parsed "bytes first-last/total"; total < 0 when the origin does not know it.
type contentRange struct{ first, last, total int64 }

// parseContentRange reads the Content-Range of a 206. ok is false unless it is consistent in itself.
func parseContentRange(h string) (contentRange, bool) {
	rest, ok := strings.CutPrefix(h, "bytes ")
	if !ok || len(h) > 100 {
		return contentRange{}, false
	}
	span, totalText, ok := strings.Cut(rest, "/")
	if !ok {
		return contentRange{}, false
	}
	firstText, lastText, ok := strings.Cut(span, "-")
	if !ok {
		return contentRange{}, false
	}
	first, err1 := strictPosition(firstText)
	last, err2 := strictPosition(lastText)
	cr := contentRange{first, last, -1}
	if totalText != "*" {
		var ok3 bool
		if cr.total, ok3 = strictPosition(totalText); !ok3 || cr.last >= cr.total {
			return contentRange{}, false
		}
	}
	return cr, err1 && err2 && first <= last && last < math.MaxInt64
}

// strictPosition is parsePosition without saturation.
func strictPosition(s string) (int64, bool) {
	n, ok := parsePosition(s)
	if !ok || len(strings.TrimLeft(s, "0")) > 19 || (n == math.MaxInt64 && !strings.HasSuffix(s, "9223372036854775807")) {
		return 0, false
	}
	return n, true
}

// answers says whether cr is what a right origin sends for r.
func (cr contentRange) answers(r ByteRange) bool {
	if r.First < 0 { // the last r.Last bytes
		return cr.total < 0 || (cr.last == cr.total-1 && cr.first == max(0, cr.total-r.Last))
	}
	if cr.first != r.First || cr.last > r.Last {
		return false
	}
	return cr.last == r.Last || cr.total < 0 || cr.last == cr.total-1
}

// length is the number of bytes the range holds.
func (cr contentRange) length() int64 { return cr.last - cr.first + 1 }
