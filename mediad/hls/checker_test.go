package hls

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// mediaPlaylist is a media playlist as a strict reader sees it.
type mediaPlaylist struct {
	constant        string // lines that must never change
	target          float64
	partTarget      float64
	sequence        uint64
	discontinuities uint64
	skipped         int
	segments        []listed
	open            []listedPart // parts behind the last segment
	openDisc        bool
	hint            string
	reports         []string
	ended           bool
}

type listed struct {
	sequence uint64
	disc     uint64 // its discontinuity number
	uri, pdt string
	duration float64
	init     string
	mark     bool // a discontinuity tag
	gap      bool
	parts    []listedPart
}

type listedPart struct {
	uri      string
	duration float64
}

var (
	attribute = regexp.MustCompile(`([A-Z0-9-]+)=("[^"]*"|[^",]*)(?:,|$)`)
	decimal   = regexp.MustCompile(`^\d+(\.\d+)?$`)
)

func attributes(t testing.TB, s string) map[string]string {
	m := map[string]string{}
	rest := attribute.ReplaceAllStringFunc(s, func(a string) string {
		k, v, _ := strings.Cut(strings.TrimSuffix(a, ","), "=")
		if _, twice := m[k]; twice {
			t.Errorf("attribute %s twice in %q", k, s)
		}
		m[k] = strings.Trim(v, `"`)
		return ""
	})
	if rest != "" {
		t.Errorf("not an attribute list: %q", s)
	}
	return m
}

func seconds(t testing.TB, s string) float64 {
	if !decimal.MatchString(s) {
		t.Errorf("not a decimal: %q", s)
	}
	f, _ := strconv.ParseFloat(s, 64)
	return f
}

// parseMedia reads a playlist and holds it to the rules that concern it alone.
func parseMedia(t testing.TB, text string) mediaPlaylist {
	t.Helper()
	var p mediaPlaylist
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if lines[0] != "#EXTM3U" || !strings.HasSuffix(text, "\n") {
		t.Fatalf("not a playlist: %.100q", text)
	}
	once := map[string]bool{}
	only := func(tag string) {
		if once[tag] {
			t.Errorf("%s twice in\n%s", tag, text)
		}
		once[tag] = true
	}
	version, init := 0, ""
	cur := listed{}
	for _, line := range lines[1:] {
		tag, value, _ := strings.Cut(line, ":")
		switch tag {
		case "#EXT-X-VERSION":
			only(tag)
			version, _ = strconv.Atoi(value)
		case "#EXT-X-TARGETDURATION":
			only(tag)
			p.target = seconds(t, value)
			p.constant += line + "\n"
		case "#EXT-X-SERVER-CONTROL":
			only(tag)
			a := attributes(t, value)
			p.constant += line + "\n"
			if a["CAN-BLOCK-RELOAD"] != "YES" || seconds(t, a["CAN-SKIP-UNTIL"]) < 6*p.target || seconds(t, a["HOLD-BACK"]) < 3*p.target {
				t.Errorf("%s", line)
			}
			defer func() {
				if seconds(t, a["PART-HOLD-BACK"]) < 3*p.partTarget-1e-6 {
					t.Errorf("%s with PART-TARGET %v", line, p.partTarget)
				}
			}()
		case "#EXT-X-PART-INF":
			only(tag)
			p.partTarget = seconds(t, attributes(t, value)["PART-TARGET"])
			p.constant += line + "\n"
		case "#EXT-X-MEDIA-SEQUENCE":
			only(tag)
			p.sequence, _ = strconv.ParseUint(value, 10, 64)
			cur.sequence = p.sequence
		case "#EXT-X-DISCONTINUITY-SEQUENCE":
			only(tag)
			p.discontinuities, _ = strconv.ParseUint(value, 10, 64)
			cur.disc = p.discontinuities
		case "#EXT-X-INDEPENDENT-SEGMENTS":
			only(tag)
		case "#EXT-X-SKIP":
			only(tag)
			p.skipped, _ = strconv.Atoi(attributes(t, value)["SKIPPED-SEGMENTS"])
			cur.sequence += uint64(p.skipped)
		case "#EXT-X-DISCONTINUITY":
			cur.mark = true
			cur.disc++
		case "#EXT-X-MAP":
			init = attributes(t, value)["URI"]
		case "#EXT-X-PROGRAM-DATE-TIME":
			if cur.pdt != "" && cur.pdt != value {
				t.Errorf("two dates in a segment: %s and %s", cur.pdt, value)
			}
			cur.pdt = value
		case "#EXT-X-GAP":
			cur.gap = true
		case "#EXT-X-PART":
			a := attributes(t, value)
			part := listedPart{a["URI"], seconds(t, a["DURATION"])}
			if part.duration > p.partTarget || part.uri == "" {
				t.Errorf("%s with PART-TARGET %v", line, p.partTarget)
			}
			cur.parts = append(cur.parts, part)
		case "#EXTINF":
			cur.duration = seconds(t, strings.TrimSuffix(value, ","))
			if math.Round(cur.duration) > p.target {
				t.Errorf("%s with TARGETDURATION %v", line, p.target)
			}
		case "#EXT-X-PRELOAD-HINT":
			only(tag)
			a := attributes(t, value)
			p.hint = a["URI"]
			if a["TYPE"] != "PART" {
				t.Errorf("%s", line)
			}
		case "#EXT-X-RENDITION-REPORT":
			p.reports = append(p.reports, value)
		case "#EXT-X-ENDLIST":
			only(tag)
			p.ended = true
		default:
			if strings.HasPrefix(line, "#") || line == "" {
				t.Errorf("line %q", line)
				continue
			}
			cur.uri, cur.init = line, init
			if cur.init == "" || cur.duration == 0 && !cur.gap {
				t.Errorf("segment %s has init %q and lasts %v", line, cur.init, cur.duration)
			}
			p.segments = append(p.segments, cur)
			cur = listed{sequence: cur.sequence + 1, disc: cur.disc}
		}
	}
	p.open, p.openDisc = cur.parts, cur.mark
	if want := map[bool]int{false: 6, true: 9}[p.skipped > 0]; version != want {
		t.Errorf("version %d, want %d", version, want)
	}
	for _, tag := range []string{"#EXT-X-TARGETDURATION", "#EXT-X-SERVER-CONTROL", "#EXT-X-PART-INF", "#EXT-X-MEDIA-SEQUENCE", "#EXT-X-DISCONTINUITY-SEQUENCE"} {
		if !once[tag] {
			t.Errorf("no %s", tag)
		}
	}
	if p.ended == (p.hint != "") {
		t.Errorf("ended %v, hint %q", p.ended, p.hint)
	}
	if len(p.segments) > 0 && p.segments[0].pdt == "" {
		t.Error("no date at the first segment")
	}
	return p
}

// checker follows one playlist through time.
type checker struct {
	t    testing.TB
	name string

	last     mediaPlaylist
	seen     bool
	known    map[uint64]listed  // by sequence number
	urls     map[string]float64 // listed now or before: when last
	kinds    map[string]string
	hints    []string
	allParts []string
	marks    int

	loose bool // durations of parts are not looked at

	taken, deltas, kept, gone int // what was looked at
}

func newChecker(t testing.TB, name string) *checker {
	return &checker{t: t, name: name, known: map[uint64]listed{}, urls: map[string]float64{}, kinds: map[string]string{}}
}

// take holds a playlist, taken at a time in seconds, to what was told before. fetch
// must find everything that is listed for the first time.
func (c *checker) take(text string, now float64, fetch func(uri string) error) mediaPlaylist {
	t := c.t
	t.Helper()
	p := parseMedia(t, text)
	if c.seen {
		if p.constant != c.last.constant {
			t.Errorf("%s: what is constant changed from\n%sto\n%s", c.name, c.last.constant, p.constant)
		}
		if p.sequence < c.last.sequence || p.discontinuities < c.last.discontinuities {
			t.Errorf("%s: sequence fell from %d to %d, or discontinuities from %d to %d", c.name, c.last.sequence, p.sequence, c.last.discontinuities, p.discontinuities)
		}
	}
	var total, before float64
	for i, g := range p.segments {
		if old, ok := c.known[g.sequence]; ok {
			if old.disc != g.disc || old.uri != g.uri || old.duration != g.duration || old.pdt != g.pdt || old.init != g.init || old.mark != g.mark || old.gap != g.gap {
				t.Errorf("%s: segment %d was %+v, is %+v", c.name, g.sequence, old, g)
			}
		} else {
			if g.mark {
				c.marks++
			}
			c.known[g.sequence] = g
		}
		if prev, ok := c.known[g.sequence-1]; ok && !g.mark {
			c.checkDates(prev, g)
		}
		if i > 0 && g.disc != p.segments[i-1].disc && !g.mark {
			t.Errorf("%s: segment %d", c.name, g.sequence)
		}
		c.checkParts(p, g)
		if !g.gap {
			c.note(g.uri, "segment", now, fetch)
		}
		c.note(g.init, "init", now, fetch)
		for _, part := range g.parts {
			c.note(part.uri, "part", now, fetch)
		}
		total += g.duration
	}
	before = total
	if c.seen && c.last.sequence < p.sequence && before < 3*p.target {
		t.Errorf("%s: shrunk to %v s", c.name, before)
	}
	for _, part := range p.open {
		c.note(part.uri, "part", now, fetch)
	}
	if p.hint != "" && (len(c.hints) == 0 || c.hints[len(c.hints)-1] != p.hint) {
		c.hints = append(c.hints, p.hint)
	}
	c.last, c.seen = p, true
	return p
}

// checkParts: all but the last are at least 85 % of the target.
func (c *checker) checkParts(p mediaPlaylist, g listed) {
	if c.loose {
		return
	}
	sum := 0.0
	for i, part := range g.parts {
		sum += part.duration
		if i < len(g.parts)-1 && part.duration < 0.85*p.partTarget {
			c.t.Errorf("%s: part %s of %v s with PART-TARGET %v", c.name, part.uri, part.duration, p.partTarget)
		}
	}
	if len(g.parts) > 0 && math.Abs(sum-g.duration) > 0.03 {
		c.t.Errorf("%s: segment %d lasts %v s, its parts %v", c.name, g.sequence, g.duration, sum)
	}
}

func (c *checker) checkDates(a, b listed) {
	const layout = "2006-01-02T15:04:05.000Z"
	from, err1 := time.Parse(layout, a.pdt)
	to, err2 := time.Parse(layout, b.pdt)
	if err1 != nil || err2 != nil {
		c.t.Errorf("%s: dates %q, %q", c.name, a.pdt, b.pdt)
	}
	if d := to.Sub(from).Seconds(); math.Abs(d-a.duration) > 0.002 {
		c.t.Errorf("%s: segment %d lasts %v s, and the next begins %v s later", c.name, a.sequence, a.duration, d)
	}
}

func (c *checker) note(uri, kind string, now float64, fetch func(string) error) {
	if _, ok := c.urls[uri]; !ok {
		if err := fetch(uri); err != nil {
			c.t.Errorf("%s: %s %s is listed: %v", c.name, kind, uri, err)
		}
		if kind == "part" {
			c.allParts = append(c.allParts, uri)
		}
		c.kinds[uri] = kind
	}
	c.urls[uri] = now
}

// unlisted returns what was last listed so long ago, once.
func (c *checker) unlisted(now, ago float64) (uris []string) {
	for uri, at := range c.urls {
		if at >= 0 && now-at >= ago && now-at < ago+1 && c.kinds[uri] != "init" {
			uris = append(uris, uri)
		}
	}
	return uris
}

// next returns the query of the request for what comes after p.
func (p mediaPlaylist) next() string {
	sequence := p.sequence + uint64(p.skipped+len(p.segments))
	return fmt.Sprintf("?_HLS_msn=%d&_HLS_part=%d", sequence, len(p.open))
}

// merge fills in what a delta has left out.
func merge(t testing.TB, full, delta mediaPlaylist) mediaPlaylist {
	t.Helper()
	var skipped []listed
	for i := range delta.skipped {
		n := delta.sequence + uint64(i)
		if n < full.sequence || n >= full.sequence+uint64(len(full.segments)) {
			t.Fatalf("the delta leaves out segment %d, which is not known", n)
		}
		g := full.segments[n-full.sequence]
		g.parts = nil
		skipped = append(skipped, g)
	}
	disc := delta.discontinuities
	delta.segments = append(skipped, delta.segments...)
	for i := range delta.segments {
		if delta.segments[i].mark {
			disc++
		}
		delta.segments[i].disc = disc
	}
	delta.skipped = 0
	return delta
}
