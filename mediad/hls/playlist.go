package hls

import (
	"bytes"
	"compress/gzip"
	"slices"
	"strconv"
	"time"
)

// mark stands behind every URI of a template, where a query goes.
const mark = 0

// Text returns the playlist, with query (without question mark) behind every URI; or
// the delta of it: without what is older than CAN-SKIP-UNTIL, if there is such.
// The bytes are shared: do not change them.
func (s *Snapshot) Text(query string, delta bool) []byte {
	r := s.rendering(delta)
	if query == "" {
		return r.plain
	}
	return withQuery(r.template, query)
}

// Gzip returns Text without a query, compressed.
func (s *Snapshot) Gzip(delta bool) []byte {
	r := s.rendering(delta)
	r.zip.Do(func() { r.gzip = compress(r.plain) })
	return r.gzip
}

func (s *Snapshot) rendering(delta bool) *rendering {
	r, skipped := &s.whole, 0
	if delta {
		if skipped = s.skippable(); skipped > 0 {
			r = &s.delta
		}
	}
	r.text.Do(func() {
		r.template = s.render(skipped)
		r.plain = withQuery(r.template, "")
	})
	return r
}

func withQuery(template []byte, query string) []byte {
	if query != "" {
		query = "?" + query
	}
	return bytes.ReplaceAll(template, []byte{mark}, []byte(query))
}

func compress(b []byte) []byte {
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, 5) // a level that exists
	z.Write(b)                           // a bytes.Buffer takes all
	z.Close()
	return out.Bytes()
}

// skippable returns how many segments a delta leaves out: those that lie before
// CAN-SKIP-UNTIL, counted from the end of the playlist (section 6.2.5.1).
func (s *Snapshot) skippable() int {
	var behind time.Duration
	for _, p := range s.Open.Parts {
		behind += p.Duration
	}
	for i := len(s.Segments) - 1; i >= 0; i-- {
		if behind >= s.skipUntil() {
			return i + 1
		}
		behind += s.Segments[i].Duration
	}
	return 0
}

// render writes the playlist; the first skipped segments are only counted.
func (s *Snapshot) render(skipped int) []byte {
	b := make([]byte, 0, 512+len(s.Segments)*160)
	b = s.renderHead(b, skipped)
	partsFrom := s.firstWithParts()
	init := ""
	for i := skipped; i < len(s.Segments); i++ {
		g := s.Segments[i]
		b = g.renderStart(b, &init)
		if i >= partsFrom {
			b = renderParts(b, g.Parts)
		}
		b = append(b, g.text...)
	}
	switch {
	case s.Ended:
		return append(b, "#EXT-X-ENDLIST\n"...)
	case len(s.Open.Parts) > 0:
		b = s.Open.renderStart(b, &init)
		b = appendDate(b, s.Open.Date)
		b = renderParts(b, s.Open.Parts)
	}
	b = append(b, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\""...)
	b = append(b, s.partName(s.NextPart)...)
	b = append(b, mark, '"', '\n')
	return s.renderReports(b)
}

// renderHead writes what concerns the playlist as a whole.
func (s *Snapshot) renderHead(b []byte, skipped int) []byte {
	version := 6 // for EXT-X-MAP in a playlist of media segments (section 8)
	switch {
	case skipped > 0:
		version = 9
	case slices.ContainsFunc(s.Segments, func(g *Segment) bool { return g.Gap }):
		version = 8 // some readers want it for EXT-X-GAP
	}
	b = append(b, "#EXTM3U\n#EXT-X-VERSION:"...)
	b = strconv.AppendInt(b, int64(version), 10)
	b = append(b, "\n#EXT-X-TARGETDURATION:"...)
	b = strconv.AppendInt(b, int64(s.Target/time.Second), 10)
	b = append(b, "\n#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL="...)
	b = appendSeconds(b, s.skipUntil())
	b = append(b, ",HOLD-BACK="...)
	b = appendSeconds(b, 3*s.Target)
	b = append(b, ",PART-HOLD-BACK="...)
	b = appendSeconds(b, 3*s.PartTarget)
	b = append(b, "\n#EXT-X-PART-INF:PART-TARGET="...)
	b = appendSeconds(b, s.PartTarget)
	b = append(b, "\n#EXT-X-MEDIA-SEQUENCE:"...)
	b = strconv.AppendUint(b, s.First(), 10)
	b = append(b, "\n#EXT-X-DISCONTINUITY-SEQUENCE:"...)
	b = strconv.AppendUint(b, s.Discontinuities, 10)
	b = append(b, '\n')
	if s.independent() {
		b = append(b, "#EXT-X-INDEPENDENT-SEGMENTS\n"...)
	}
	if skipped > 0 {
		b = append(b, "#EXT-X-SKIP:SKIPPED-SEGMENTS="...)
		b = strconv.AppendInt(b, int64(skipped), 10)
		b = append(b, '\n')
	}
	return b
}

// independent reports whether every segment listed begins with a key frame: it is
// not said of segments that had to be cut in the middle of a group of pictures.
func (s *Snapshot) independent() bool {
	for _, g := range s.Segments {
		if !g.Independent && !g.Gap {
			return false
		}
	}
	return len(s.Open.Parts) == 0 || s.Open.Independent
}

// completeWithParts is of how many complete segments the parts are listed. Players
// with low latency stay three parts behind; more only makes playlists long.
const completeWithParts = 2

// firstWithParts returns the index of the first segment whose parts are listed: it
// ends less than three target durations before the end (section 4.4.4.9). There are
// readers that take this for three segments, with the open one, and refuse more.
func (s *Snapshot) firstWithParts() int {
	if s.Ended {
		return len(s.Segments)
	}
	var behind time.Duration
	i := len(s.Segments)
	for i > max(0, len(s.Segments)-completeWithParts) && behind < 3*s.Target {
		i--
		behind += s.Segments[i].Duration
	}
	return i
}

// renderReports says where the other renditions end (section 4.4.5.4).
func (s *Snapshot) renderReports(b []byte) []byte {
	for _, w := range s.others {
		o := w.Snapshot()
		sequence, part, ok := o.last()
		if !ok {
			continue
		}
		b = append(b, "#EXT-X-RENDITION-REPORT:URI=\""...)
		b = append(b, o.URI...)
		b = append(b, mark)
		b = append(b, "\",LAST-MSN="...)
		b = strconv.AppendUint(b, sequence, 10)
		b = append(b, ",LAST-PART="...)
		b = strconv.AppendInt(b, int64(part), 10)
		b = append(b, '\n')
	}
	return b
}

// partName returns the name of part number n.
func (f *Facts) partName(n uint64) string { return f.Prefix + strconv.FormatUint(n, 10) + ".m4s" }

// renderStart writes what comes before a segment's parts, if it differs from before.
func (g *Segment) renderStart(b []byte, init *string) []byte {
	if g.Discontinuity {
		b = append(b, "#EXT-X-DISCONTINUITY\n"...)
	}
	if g.Discontinuity || g.Init != *init {
		b = append(b, "#EXT-X-MAP:URI=\""...)
		b = append(b, g.Init...)
		b = append(b, mark, '"', '\n')
		*init = g.Init
	}
	return b
}

func renderParts(b []byte, parts []Part) []byte {
	for i := range parts {
		p := &parts[i]
		b = append(b, "#EXT-X-PART:DURATION="...)
		b = appendSeconds(b, p.Duration)
		b = append(b, ",URI=\""...)
		b = append(b, p.Name...)
		b = append(b, mark, '"')
		if p.Independent {
			b = append(b, ",INDEPENDENT=YES"...)
		}
		b = append(b, '\n')
	}
	return b
}

// segmentText returns the lines of a complete segment behind its parts.
func segmentText(g *Segment) []byte {
	b := appendDate(nil, g.Date)
	if g.Gap {
		b = append(b, "#EXT-X-GAP\n"...)
	}
	b = append(b, "#EXTINF:"...)
	b = appendSeconds(b, g.Duration)
	b = append(b, ",\n"...)
	b = append(b, g.Name...)
	return append(b, mark, '\n')
}

func appendDate(b []byte, t time.Time) []byte {
	b = append(b, "#EXT-X-PROGRAM-DATE-TIME:"...)
	b = t.UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
	return append(b, '\n')
}

// appendSeconds writes a duration in seconds, to a hundredth of a millisecond at
// most, without zeros at the end.
func appendSeconds(b []byte, d time.Duration) []byte {
	const unit = 10 * time.Microsecond
	n := int64((d + unit/2) / unit)
	b = strconv.AppendInt(b, n/100_000, 10)
	if n %= 100_000; n == 0 {
		return b
	}
	digits := strconv.AppendInt(nil, 100_000+n, 10)[1:]
	return append(append(b, '.'), bytes.TrimRight(digits, "0")...)
}
