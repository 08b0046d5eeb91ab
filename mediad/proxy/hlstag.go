package proxy

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// maxSeconds is the longest duration a tag may claim.
const maxSeconds = 7 * 24 * 3600

// tag handles one tag line: checks the numbers a player would trust, signs addresses, drops what leads around us.
func (w *rewriter) tag(name, value, line string) error {
	switch name {
	case "EXTINF":
		seconds, _, _ := strings.Cut(value, ",")
		if err := checkSeconds(seconds); err != nil {
			return fmt.Errorf("EXTINF: %w", err)
		}
		w.write(line)
		return nil
	case "EXT-X-TARGETDURATION":
		if err := checkSeconds(value); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		w.write(line)
		return nil
	case "EXT-X-BYTERANGE":
		if err := checkSpan(value); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		w.write(line)
		return nil
	case "EXT-X-MEDIA-SEQUENCE", "EXT-X-DISCONTINUITY-SEQUENCE":
		if _, ok := strictPosition(strings.TrimSpace(value)); !ok {
			return fmt.Errorf("%s: not a number", name)
		}
		w.write(line)
		return nil
	case "EXT-X-DEFINE":
		return errors.New("variables are not supported")
	case "EXT-X-CONTENT-STEERING":
		return nil
	case "EXT-X-STREAM-INF":
		w.variant = true
	}
	if !strings.Contains(value, "=") {
		w.write(line)
		return nil
	}
	if !strings.Contains(strings.ToUpper(value), "URI") && !strings.Contains(strings.ToUpper(value), "X-ASSET") && !checkedTag(name) {
		w.write(line)
		return nil
	}
	return w.attributes(name, value)
}

// checkedTag says whether a tag's attributes hold numbers to be checked.
func checkedTag(name string) bool {
	return name == "EXT-X-PART" || name == "EXT-X-MAP" || name == "EXT-X-PART-INF"
}

type attribute struct {
	name, value string
	quoted      bool
}

// parseAttributes reads an attribute list (RFC 8216 section 4.2).
func parseAttributes(s string) ([]attribute, error) {
	var out []attribute
	for s != "" {
		name, rest, ok := strings.Cut(s, "=")
		name = strings.TrimSpace(name)
		if !ok || name == "" || strings.ContainsAny(name, "\",") {
			return nil, errors.New("attribute without a name or value")
		}
		a := attribute{name: name}
		if strings.HasPrefix(rest, `"`) {
			value, after, closed := strings.Cut(rest[1:], `"`)
			if !closed {
				return nil, errors.New("quote is not closed")
			}
			a.value, a.quoted, rest = value, true, strings.TrimLeft(after, " ")
			if rest != "" && rest[0] != ',' {
				return nil, errors.New("text after a quoted value")
			}
			s = strings.TrimPrefix(rest, ",")
		} else {
			a.value, s, _ = strings.Cut(rest, ",")
			if strings.Contains(a.value, `"`) {
				return nil, errors.New("quote inside a value")
			}
		}
		if out = append(out, a); len(out) > 64 {
			return nil, errors.New("too many attributes")
		}
	}
	return out, nil
}

// attributes rewrites one tag with an attribute list.
func (w *rewriter) attributes(name, value string) error {
	list, err := parseAttributes(value)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	known := knownTag(name)
	for i, a := range list {
		switch upper := strings.ToUpper(a.name); {
		case upper == "URI" || upper == "X-ASSET-URI":
			if !known {
				return nil // nobody needs a tag we do not know; its address is not worth signing
			}
			text, err := w.address(a.value, childKind(name, upper))
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			list[i].value, list[i].quoted = text, true
		case strings.Contains(upper, "URI") || upper == "X-ASSET-LIST":
			return nil // leads elsewhere in a way we do not follow
		case upper == "BYTERANGE":
			err = checkSpan(a.value)
		case upper == "DURATION" && name == "EXT-X-PART", upper == "PART-TARGET":
			err = checkSeconds(a.value)
		case upper == "BYTERANGE-START" || upper == "BYTERANGE-LENGTH":
			if _, ok := strictPosition(a.value); !ok {
				err = errors.New("not a number")
			}
		}
		if err != nil {
			return fmt.Errorf("%s: %s: %w", name, a.name, err)
		}
	}
	w.out.WriteString("#" + name + ":")
	for i, a := range list {
		if i > 0 {
			w.out.WriteByte(',')
		}
		w.out.WriteString(a.name + "=")
		if a.quoted {
			w.out.WriteString(`"` + a.value + `"`)
		} else {
			w.out.WriteString(a.value)
		}
	}
	w.out.WriteByte('\n')
	return nil
}

// knownTag lists the tags whose addresses a player follows.
func knownTag(name string) bool {
	switch name {
	case "EXT-X-KEY", "EXT-X-SESSION-KEY", "EXT-X-MAP", "EXT-X-MEDIA", "EXT-X-I-FRAME-STREAM-INF", "EXT-X-PART", "EXT-X-PRELOAD-HINT",
		"EXT-X-RENDITION-REPORT", "EXT-X-SESSION-DATA", "EXT-X-DATERANGE", "EXT-X-IMAGE-STREAM-INF":
		return true
	}
	return false
}

// childKind says what a tag's address leads to.
func childKind(tag, attr string) Kind {
	switch {
	case attr == "X-ASSET-URI":
		return KindPlaylist
	case tag == "EXT-X-MEDIA", tag == "EXT-X-I-FRAME-STREAM-INF", tag == "EXT-X-RENDITION-REPORT", tag == "EXT-X-IMAGE-STREAM-INF":
		return KindPlaylist
	}
	return KindAuto
}

// checkSeconds accepts a plain decimal number of seconds.
func checkSeconds(s string) error {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 32 || strings.Trim(s, "0123456789.") != "" {
		return errors.New("not a plain number of seconds")
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || f < 0 || f > maxSeconds {
		return errors.New("not a believable number of seconds")
	}
	return nil
}

// checkSpan accepts "length[@offset]" whose end is a valid position.
func checkSpan(s string) error {
	lengthText, offsetText, has := strings.Cut(strings.TrimSpace(s), "@")
	length, ok := strictPosition(lengthText)
	if !ok || length == 0 {
		return errors.New("not a byte range")
	}
	if !has {
		return nil
	}
	offset, ok := strictPosition(offsetText)
	if !ok || offset > math.MaxInt64-length {
		return errors.New("not a byte range")
	}
	return nil
}
