package hlstest

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Playlist is a media playlist as a strict reader sees it.
type Playlist struct {
	Constant        string  // lines that must never change
	Target          float64 // seconds
	PartTarget      float64 // seconds
	Sequence        uint64
	Discontinuities uint64
	Skipped         int // segments that a delta leaves out
	Segments        []Segment
	Open            []Part // parts behind the last segment
	OpenMark        bool   // there is a discontinuity before them
	Hint            string // the URI of the part to come
	Reports         []string
	Ended           bool
}

// Segment is one that is listed.
type Segment struct {
	Sequence      uint64
	Discontinuity uint64 // its number
	URI, Date     string
	Duration      float64 // seconds
	Init          string
	Mark          bool // a discontinuity tag
	Gap           bool
	Parts         []Part
}

// Part is one that is listed.
type Part struct {
	URI      string
	Duration float64 // seconds
}

var (
	attribute = regexp.MustCompile(`([A-Z0-9-]+)=("[^"]*"|[^",]*)(?:,|$)`)
	decimal   = regexp.MustCompile(`^\d+(\.\d+)?$`)
)

// parser reads one playlist.
type parser struct {
	t       testing.TB
	text    string
	p       Playlist
	once    map[string]int
	version int
	hold    float64 // PART-HOLD-BACK
	init    string
	next    Segment
}

// Parse reads a playlist and holds it to the rules that concern it alone
// (RFC 8216bis sections 4 and 6.2.2).
func Parse(t testing.TB, text string) Playlist {
	t.Helper()
	r := &parser{t: t, text: text, once: map[string]int{}}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if lines[0] != "#EXTM3U" || !strings.HasSuffix(text, "\n") {
		t.Fatalf("not a playlist: %.100q", text)
	}
	for _, line := range lines[1:] {
		tag, value, _ := strings.Cut(line, ":")
		r.once[tag]++
		if r.global(tag, value, line) || r.segmentTag(tag, value, line) {
			continue
		}
		if strings.HasPrefix(line, "#") || line == "" {
			t.Errorf("line %q", line)
			continue
		}
		r.segment(line)
	}
	r.p.Open, r.p.OpenMark = r.next.Parts, r.next.Mark
	r.whole()
	return r.p
}

// global reads a tag that concerns the playlist.
func (r *parser) global(tag, value, line string) bool {
	switch tag {
	case "#EXT-X-VERSION":
		r.version, _ = strconv.Atoi(value)
	case "#EXT-X-TARGETDURATION":
		r.p.Target = r.seconds(value)
		r.p.Constant += line + "\n"
	case "#EXT-X-SERVER-CONTROL":
		a := r.attributes(value)
		r.p.Constant += line + "\n"
		if a["CAN-BLOCK-RELOAD"] != "YES" || r.seconds(a["CAN-SKIP-UNTIL"]) < 6*r.p.Target || r.seconds(a["HOLD-BACK"]) < 3*r.p.Target {
			r.t.Errorf("%s", line)
		}
		r.hold = r.seconds(a["PART-HOLD-BACK"])
	case "#EXT-X-PART-INF":
		r.p.PartTarget = r.seconds(r.attributes(value)["PART-TARGET"])
		r.p.Constant += line + "\n"
	case "#EXT-X-MEDIA-SEQUENCE":
		r.p.Sequence, _ = strconv.ParseUint(value, 10, 64)
		r.next.Sequence = r.p.Sequence
	case "#EXT-X-DISCONTINUITY-SEQUENCE":
		r.p.Discontinuities, _ = strconv.ParseUint(value, 10, 64)
		r.next.Discontinuity = r.p.Discontinuities
	case "#EXT-X-INDEPENDENT-SEGMENTS":
	case "#EXT-X-SKIP":
		r.p.Skipped, _ = strconv.Atoi(r.attributes(value)["SKIPPED-SEGMENTS"])
		r.next.Sequence += uint64(r.p.Skipped)
	case "#EXT-X-PRELOAD-HINT":
		a := r.attributes(value)
		r.p.Hint = a["URI"]
		if a["TYPE"] != "PART" {
			r.t.Errorf("%s", line)
		}
	case "#EXT-X-RENDITION-REPORT":
		r.p.Reports = append(r.p.Reports, value)
	case "#EXT-X-ENDLIST":
		r.p.Ended = true
	default:
		return false
	}
	return true
}

// segmentTag reads a tag that concerns the segment to come.
func (r *parser) segmentTag(tag, value, line string) bool {
	switch tag {
	case "#EXT-X-DISCONTINUITY":
		r.next.Mark = true
		r.next.Discontinuity++
	case "#EXT-X-MAP":
		r.init = r.attributes(value)["URI"]
	case "#EXT-X-PROGRAM-DATE-TIME":
		if r.next.Date != "" && r.next.Date != value {
			r.t.Errorf("two dates in a segment: %s and %s", r.next.Date, value)
		}
		r.next.Date = value
	case "#EXT-X-GAP":
		r.next.Gap = true
	case "#EXT-X-PART":
		a := r.attributes(value)
		part := Part{a["URI"], r.seconds(a["DURATION"])}
		if part.Duration > r.p.PartTarget || part.URI == "" {
			r.t.Errorf("%s with PART-TARGET %v", line, r.p.PartTarget)
		}
		r.next.Parts = append(r.next.Parts, part)
	case "#EXTINF":
		r.next.Duration = r.seconds(strings.TrimSuffix(value, ","))
		if math.Round(r.next.Duration) > r.p.Target {
			r.t.Errorf("%s with TARGETDURATION %v", line, r.p.Target)
		}
	default:
		return false
	}
	return true
}

// segment ends a segment with its URI.
func (r *parser) segment(uri string) {
	g := r.next
	g.URI, g.Init = uri, r.init
	if g.Init == "" && !g.Gap || g.Duration == 0 && !g.Gap {
		r.t.Errorf("segment %s has init %q and lasts %v", uri, g.Init, g.Duration)
	}
	r.p.Segments = append(r.p.Segments, g)
	r.next = Segment{Sequence: g.Sequence + 1, Discontinuity: g.Discontinuity}
}

// onlyOnce are the tags of which there is one, if any.
var onlyOnce = []string{"#EXT-X-VERSION", "#EXT-X-TARGETDURATION", "#EXT-X-SERVER-CONTROL", "#EXT-X-PART-INF", "#EXT-X-MEDIA-SEQUENCE", "#EXT-X-DISCONTINUITY-SEQUENCE",
	"#EXT-X-INDEPENDENT-SEGMENTS", "#EXT-X-SKIP", "#EXT-X-PRELOAD-HINT", "#EXT-X-ENDLIST"}

// whole checks what is seen at the end.
func (r *parser) whole() {
	for _, tag := range onlyOnce {
		if r.once[tag] > 1 {
			r.t.Errorf("%s %d times in\n%s", tag, r.once[tag], r.text)
		}
	}
	for _, tag := range slices.Concat(onlyOnce[1:6]) {
		if r.once[tag] == 0 {
			r.t.Errorf("no %s", tag)
		}
	}
	want := 6
	switch {
	case r.p.Skipped > 0:
		want = 9
	case r.once["#EXT-X-GAP"] > 0:
		want = 8
	}
	if r.version != want {
		r.t.Errorf("version %d, want %d", r.version, want)
	}
	if r.hold < 3*r.p.PartTarget-1e-6 {
		r.t.Errorf("PART-HOLD-BACK %v with PART-TARGET %v", r.hold, r.p.PartTarget)
	}
	if r.p.Ended == (r.p.Hint != "") {
		r.t.Errorf("ended %v, hint %q", r.p.Ended, r.p.Hint)
	}
	if len(r.p.Segments) > 0 && r.p.Segments[0].Date == "" {
		r.t.Error("no date at the first segment")
	}
}

func (r *parser) attributes(s string) map[string]string {
	m := map[string]string{}
	rest := attribute.ReplaceAllStringFunc(s, func(a string) string {
		k, v, _ := strings.Cut(strings.TrimSuffix(a, ","), "=")
		if _, twice := m[k]; twice {
			r.t.Errorf("attribute %s twice in %q", k, s)
		}
		m[k] = strings.Trim(v, `"`)
		return ""
	})
	if rest != "" {
		r.t.Errorf("not an attribute list: %q", s)
	}
	return m
}

func (r *parser) seconds(s string) float64 {
	if !decimal.MatchString(s) {
		r.t.Errorf("not a decimal: %q", s)
	}
	f, _ := strconv.ParseFloat(s, 64)
	return f
}

// Next returns the query of the request for what comes after p.
func (p Playlist) Next() string {
	sequence := p.Sequence + uint64(p.Skipped+len(p.Segments))
	return fmt.Sprintf("?_HLS_msn=%d&_HLS_part=%d", sequence, len(p.Open))
}

// Merge fills in what a delta has left out.
func Merge(t testing.TB, full, delta Playlist) Playlist {
	t.Helper()
	var skipped []Segment
	for i := range delta.Skipped {
		n := delta.Sequence + uint64(i)
		if n < full.Sequence || n >= full.Sequence+uint64(len(full.Segments)) {
			t.Fatalf("the delta leaves out segment %d, which is not known", n)
		}
		g := full.Segments[n-full.Sequence]
		g.Parts = nil
		skipped = append(skipped, g)
	}
	number := delta.Discontinuities
	delta.Segments = append(skipped, delta.Segments...)
	for i := range delta.Segments {
		if delta.Segments[i].Mark {
			number++
		}
		delta.Segments[i].Discontinuity = number
	}
	delta.Skipped = 0
	return delta
}
