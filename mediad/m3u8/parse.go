package m3u8

import (
	"bytes"
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"time"
)

// Parse reads a playlist.
func Parse(text []byte) (Playlist, error) {
	if len(text) > MaxBytes {
		return Playlist{}, ErrTooLarge
	}
	p := parser{}
	first := true
	for line := range bytes.Lines(bytes.TrimPrefix(text, []byte("\ufeff"))) {
		line = bytes.TrimRight(line, "\r\n \t")
		switch {
		case len(line) > maxLine:
			return Playlist{}, ErrTooLarge
		case first:
			if string(line) != "#EXTM3U" && !bytes.HasPrefix(line, []byte("#EXTM3U ")) {
				return Playlist{}, ErrNotPlaylist
			}
			first = false
		case len(line) == 0:
		case line[0] != '#':
			if err := p.address(string(line)); err != nil {
				return Playlist{}, err
			}
		case bytes.HasPrefix(line, []byte("#EXT")):
			name, value, _ := strings.Cut(string(line[1:]), ":")
			if err := p.tag(name, value); err != nil {
				return Playlist{}, err
			}
		}
	}
	if first {
		return Playlist{}, ErrNotPlaylist
	}
	return p.result()
}

// parser is a playlist under way.
type parser struct {
	main    Main
	media   Media
	isMedia bool
	entries int

	variant *Variant // its address is the next line
	next    Segment  // what tags have said of the segment to come
	timed   bool     // it has a duration
	ranged  bool     // it is a part
	at      int64    // where the part before ended, in from
	from    string
	skipped uint64 // discontinuities
	number  uint64 // of the segment to come
	init    *Resource
	key     *Key
}

func (p *parser) result() (Playlist, error) {
	switch {
	case len(p.main.Variants) > 0:
		return Playlist{Main: &p.main}, nil
	case p.isMedia:
		return Playlist{Media: &p.media}, nil
	}
	return Playlist{}, ErrEmpty
}

func (p *parser) count() error {
	if p.entries++; p.entries > maxEntries {
		return ErrTooLarge
	}
	return nil
}

// address takes a line that is one.
func (p *parser) address(uri string) error {
	if err := p.count(); err != nil {
		return err
	}
	if strings.Contains(uri, "{$") {
		return ErrVariable
	}
	if p.variant != nil {
		p.variant.URI = uri
		p.main.Variants = append(p.main.Variants, *p.variant)
		p.variant = nil
		return nil
	}
	if !p.timed {
		return nil // nothing says what it is
	}
	s := p.next
	s.URI, s.Map, s.Key, s.Sequence, s.Discontinuity = uri, p.init, p.key, p.number, p.skipped
	if p.ranged {
		if s.Range.Offset < 0 {
			if p.from != uri {
				return ErrValue
			}
			s.Range.Offset = p.at
		}
		p.from, p.at = uri, s.Range.Offset+s.Range.Length
		if p.at > maxNumber {
			return ErrValue
		}
	}
	p.media.Segments = append(p.media.Segments, s)
	p.number++
	p.next, p.timed, p.ranged = Segment{}, false, false
	return nil
}

// tag takes a line that is one.
func (p *parser) tag(name, value string) (err error) {
	switch name {
	case "EXT-X-DEFINE":
		return ErrVariable
	case "EXT-X-STREAM-INF":
		return p.streamInf(attributes(value))
	case "EXT-X-MEDIA":
		return p.rendition(attributes(value))
	case "EXTINF":
		seconds, _, _ := strings.Cut(value, ",")
		p.next.Duration, err = duration(seconds)
		p.timed, p.isMedia = true, true
	case "EXT-X-TARGETDURATION":
		p.media.Target, err = duration(value)
		p.isMedia = true
	case "EXT-X-MEDIA-SEQUENCE":
		p.number, err = number(value)
		p.isMedia = true
	case "EXT-X-DISCONTINUITY-SEQUENCE":
		p.skipped, err = number(value)
	case "EXT-X-DISCONTINUITY":
		p.skipped++
	case "EXT-X-ENDLIST":
		p.media.Ended, p.isMedia = true, true
	case "EXT-X-GAP":
		p.next.Gap = true
	case "EXT-X-BYTERANGE":
		p.next.Range, err = byteRange(value)
		p.ranged = true
	case "EXT-X-MAP":
		err = p.takeMap(attributes(value))
	case "EXT-X-KEY":
		err = p.takeKey(attributes(value))
	}
	return err
}

func (p *parser) streamInf(a map[string]string) error {
	if p.variant != nil {
		return ErrValue
	}
	v := &Variant{Audio: a["AUDIO"]}
	bandwidth, err := number(a["BANDWIDTH"])
	if err != nil {
		return err
	}
	v.Bandwidth = int(min(bandwidth, math.MaxInt32))
	for codec := range strings.SplitSeq(a["CODECS"], ",") {
		if codec = strings.TrimSpace(codec); codec != "" {
			v.Codecs = append(v.Codecs, codec)
		}
	}
	if _, height, ok := strings.Cut(a["RESOLUTION"], "x"); ok {
		h, _ := number(height)
		v.Height = int(min(h, 1<<16))
	}
	p.variant = v
	return nil
}

func (p *parser) rendition(a map[string]string) error {
	if a["TYPE"] != "AUDIO" {
		return nil
	}
	if err := p.count(); err != nil {
		return err
	}
	if strings.Contains(a["URI"], "{$") {
		return ErrVariable
	}
	p.main.Audio = append(p.main.Audio, Rendition{Group: a["GROUP-ID"], URI: a["URI"], Default: a["DEFAULT"] == "YES"})
	return nil
}

func (p *parser) takeMap(a map[string]string) (err error) {
	if err := p.count(); err != nil {
		return err
	}
	r := &Resource{URI: a["URI"], Key: p.key}
	if r.URI == "" || strings.Contains(r.URI, "{$") {
		return ErrValue
	}
	if text := a["BYTERANGE"]; text != "" {
		if r.Range, err = byteRange(text); err != nil {
			return err
		}
		r.Range.Offset = max(r.Range.Offset, 0)
	}
	p.init = r
	return nil
}

// takeKey takes a key. Those of systems that manage rights are left to fail where they are needed.
func (p *parser) takeKey(a map[string]string) error {
	if err := p.count(); err != nil {
		return err
	}
	switch method := a["METHOD"]; method {
	case "NONE":
		p.key = nil
		return nil
	case "AES-128":
	default:
		p.key = &Key{} // an address that nobody can fetch
		return nil
	}
	k := &Key{URI: a["URI"]}
	if strings.Contains(k.URI, "{$") {
		return ErrVariable
	}
	if f := a["KEYFORMAT"]; f != "" && f != "identity" {
		k.URI = ""
	}
	if text := a["IV"]; text != "" {
		digits := strings.TrimPrefix(strings.TrimPrefix(text, "0x"), "0X")
		iv, err := hex.DecodeString(digits)
		if err != nil || len(iv) != 16 {
			return ErrValue
		}
		k.IV = iv
	}
	p.key = k
	return nil
}

// attributes reads a list of them (RFC 8216 section 4.2). What cannot be read ends the list.
func attributes(s string) map[string]string {
	a := map[string]string{}
	for s != "" && len(a) < 64 {
		name, rest, ok := strings.Cut(s, "=")
		if !ok {
			break
		}
		name = strings.TrimSpace(name)
		var value string
		if strings.HasPrefix(rest, `"`) {
			value, rest, ok = strings.Cut(rest[1:], `"`)
			if !ok {
				break
			}
			_, s, _ = strings.Cut(rest, ",")
		} else {
			value, s, _ = strings.Cut(rest, ",")
			value = strings.TrimSpace(value)
		}
		a[name] = value
	}
	return a
}

// duration reads seconds.
func duration(s string) (time.Duration, error) {
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || math.IsNaN(f) || f < 0 || f > maxSeconds {
		return 0, ErrValue
	}
	return time.Duration(f * float64(time.Second)), nil
}

func number(s string) (uint64, error) {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 64)
	if err != nil || n > maxNumber {
		return 0, ErrValue
	}
	return n, nil
}

// byteRange reads length@offset; without an offset it is -1: behind what came before.
func byteRange(s string) (Range, error) {
	length, offset, at := strings.Cut(s, "@")
	n, err := number(length)
	if err != nil || n == 0 {
		return Range{}, ErrValue
	}
	r := Range{Offset: -1, Length: int64(n)}
	if at {
		o, err := number(offset)
		if err != nil {
			return Range{}, ErrValue
		}
		r.Offset = int64(o)
	}
	return r, nil
}
