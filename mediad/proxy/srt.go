package proxy

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

var errNoCues = errors.New("srt: no cue found")

// SRTToVTT turns a SubRip file into WebVTT. It reads what players in the wild accept: missing counters, commas or points before the
// milliseconds, one-digit hours, blank lines inside a file. Bold, italic and underline survive, other tags and {\...} codes are
// dropped ({\an8} moves a cue to the top), and every other character that WebVTT would interpret is escaped. Bytes that are not
// UTF-8 become U+FFFD. Without one readable cue it fails.
func SRTToVTT(src []byte) ([]byte, error) {
	if !utf8.Valid(src) {
		src = bytes.ToValidUTF8(src, []byte("\ufffd"))
	}
	text := strings.ReplaceAll(strings.ReplaceAll(strings.TrimPrefix(string(src), "\ufeff"), "\r\n", "\n"), "\r", "\n")
	var out strings.Builder
	out.Grow(len(text) + len(text)/4 + 16)
	out.WriteString("WEBVTT\n")
	lines := strings.Split(text, "\n")
	cues := 0
	for i := 0; i < len(lines); {
		start, end, ok := srtTimes(lines[i])
		if !ok {
			i++
			continue
		}
		i++
		from := i
		for i < len(lines) && strings.TrimSpace(lines[i]) != "" && !nextCue(lines, i) {
			i++
		}
		if body, top := srtBody(lines[from:i]); body != "" && end > start {
			setting := ""
			if top {
				setting = " line:0"
			}
			fmt.Fprintf(&out, "\n%s --> %s%s\n%s\n", vttTime(start), vttTime(end), setting, body)
			cues++
		}
	}
	if cues == 0 {
		return nil, errNoCues
	}
	return []byte(out.String()), nil
}

// nextCue says whether line i begins another cue although no blank line came before it.
func nextCue(lines []string, i int) bool {
	if _, _, ok := srtTimes(lines[i]); ok {
		return true
	}
	if i+1 >= len(lines) || strings.Trim(strings.TrimSpace(lines[i]), "0123456789") != "" {
		return false
	}
	_, _, ok := srtTimes(lines[i+1])
	return ok
}

// srtTimes reads "00:00:01,000 --> 00:00:02,500", in milliseconds.
func srtTimes(line string) (start, end int64, ok bool) {
	left, right, found := strings.Cut(line, "-->")
	if !found || len(line) > 200 {
		return 0, 0, false
	}
	right, _, _ = strings.Cut(strings.TrimSpace(right), " ")
	start, ok1 := srtTime(strings.TrimSpace(left))
	end, ok2 := srtTime(right)
	return start, end, ok1 && ok2
}

// srtTime reads "h:mm:ss,mmm", with a point or comma, or without the fraction.
func srtTime(s string) (int64, bool) {
	s, fraction, _ := strings.Cut(strings.Replace(s, ",", ".", 1), ".")
	parts := strings.Split(s, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return 0, false
	}
	var total int64
	for i, p := range parts {
		n, ok := parsePosition(strings.TrimSpace(p))
		if !ok || n > 9999 || i > 0 && n > 59 {
			return 0, false
		}
		total = total*60 + n
	}
	fraction = (strings.TrimSpace(fraction) + "000")[:3]
	ms, ok := parsePosition(fraction)
	return total*1000 + ms, ok
}

func vttTime(ms int64) string {
	return fmt.Sprintf("%02d:%02d:%02d.%03d", ms/3600000, ms/60000%60, ms/1000%60, ms%1000)
}

// srtBody joins the lines of a cue as WebVTT cue text.
func srtBody(lines []string) (body string, top bool) {
	var out strings.Builder
	for _, line := range lines {
		clean, up := srtLine(strings.TrimSpace(line))
		top = top || up
		if strings.TrimSpace(clean) == "" {
			continue
		}
		if out.Len() > 0 {
			out.WriteByte('\n')
		}
		out.WriteString(clean)
	}
	return out.String(), top
}

// srtLine escapes one line.
func srtLine(s string) (clean string, top bool) {
	var out strings.Builder
	for s != "" {
		i := strings.IndexAny(s, "<>&{\x00")
		if i < 0 {
			out.WriteString(s)
			break
		}
		out.WriteString(s[:i])
		s = s[i:]
		switch s[0] {
		case '<':
			end := strings.IndexByte(s, '>')
			if end < 0 || !tagLike(s[1:end]) {
				out.WriteString("&lt;")
				s = s[1:]
				continue
			}
			if name := strings.ToLower(strings.TrimSpace(s[1:end])); len(strings.TrimPrefix(name, "/")) == 1 && strings.Contains("biu", strings.TrimPrefix(name, "/")) {
				out.WriteString("<" + name + ">")
			}
			s = s[end+1:]
			continue
		case '{':
			if end := strings.IndexByte(s, '}'); end > 0 && strings.HasPrefix(s, `{\`) {
				top = top || strings.Contains(s[:end], `\an8`) || strings.Contains(s[:end], `\an7`) || strings.Contains(s[:end], `\an9`)
				s = s[end+1:]
				continue
			}
			out.WriteByte('{')
		case '>':
			out.WriteString("&gt;")
		case '&':
			if entity(s) {
				out.WriteByte('&')
			} else {
				out.WriteString("&amp;")
			}
		}
		s = s[1:]
	}
	return out.String(), top
}

// tagLike says whether the text between < and > is a tag and not a comparison.
func tagLike(s string) bool {
	s = strings.TrimPrefix(s, "/")
	return s != "" && len(s) < 200 && (s[0] >= 'a' && s[0] <= 'z' || s[0] >= 'A' && s[0] <= 'Z') && !strings.ContainsAny(s, "<\n")
}

func entity(s string) bool {
	for _, e := range [...]string{"&amp;", "&lt;", "&gt;", "&nbsp;", "&lrm;", "&rlm;"} {
		if strings.HasPrefix(s, e) {
			return true
		}
	}
	return false
}
