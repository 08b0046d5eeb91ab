package proxy

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"synctv/internal/guard"
)

// SignFunc turns an absolute upstream URL into the text that replaces it, or refuses it.
type SignFunc func(absolute string, kind Kind) (string, error)

// Limits of a playlist. The size in bytes is the caller's to bound before.
const (
	maxEntries   = 20000    // addresses in one playlist
	maxLine      = 16 << 10 // bytes of one line
	maxRewritten = 24 << 20 // bytes of the result
)

var errNotPlaylist = errors.New("hls: the first line is not #EXTM3U")

// RewriteHLS returns the playlist src (RFC 8216 and its second edition), found at base, with every address in it replaced by what
// sign makes of it: lines that are addresses, and the URI attribute of any tag. Relative addresses are resolved against base.
// Comments, tags that point elsewhere by other means (content steering, asset lists) and unknown tags with an address are left out;
// variables are refused, because they would change an address after it was judged. One address that is refused fails the whole:
// a playlist with such a line is not an honest one.
func RewriteHLS(src []byte, base *url.URL, sign SignFunc) ([]byte, error) {
	w := &rewriter{base: base, sign: sign, seen: map[signed]string{}}
	src = bytes.TrimPrefix(src, []byte("\ufeff"))
	w.out.Grow(len(src) * 2)
	first := true
	number := 0
	for line := range bytes.Lines(src) {
		number++
		line = bytes.TrimRight(line, "\r\n \t")
		if len(line) > maxLine {
			return nil, fmt.Errorf("hls: line %d is longer than %d bytes", number, maxLine)
		}
		if first {
			if string(line) != "#EXTM3U" && !bytes.HasPrefix(line, []byte("#EXTM3U ")) {
				return nil, errNotPlaylist
			}
			first = false
			w.out.WriteString("#EXTM3U\n")
			continue
		}
		if err := w.line(string(line)); err != nil {
			return nil, fmt.Errorf("hls: line %d: %w", number, err)
		}
		if w.out.Len() > maxRewritten {
			return nil, errors.New("hls: the playlist grows too large when signed")
		}
	}
	if first {
		return nil, errNotPlaylist
	}
	return w.out.Bytes(), nil
}

type signed struct {
	text string
	kind Kind
}

// rewriter is the state of one playlist.
type rewriter struct {
	base    *url.URL
	sign    SignFunc
	out     bytes.Buffer
	seen    map[signed]string // byte-range playlists name one file again and again
	entries int
	variant bool // the next address line is a playlist
}

func (w *rewriter) line(line string) error {
	if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		return errors.New("control character")
	}
	switch {
	case line == "":
		return nil
	case line[0] != '#':
		kind := KindAuto
		if w.variant {
			kind = KindPlaylist
		}
		w.variant = false
		text, err := w.address(strings.TrimLeft(line, " \t"), kind)
		if err != nil {
			return err
		}
		w.write(text)
		return nil
	case !strings.HasPrefix(line, "#EXT"):
		return nil // a comment
	}
	name, value, _ := strings.Cut(line[1:], ":")
	return w.tag(name, value, line)
}

func (w *rewriter) write(parts ...string) {
	for _, p := range parts {
		w.out.WriteString(p)
	}
	w.out.WriteByte('\n')
}

// address signs one reference. An unchanged result for an equal reference saves the sealing.
func (w *rewriter) address(ref string, kind Kind) (string, error) {
	if w.entries++; w.entries > maxEntries {
		return "", fmt.Errorf("more than %d addresses", maxEntries)
	}
	if text, ok := w.seen[signed{ref, kind}]; ok {
		return text, nil
	}
	if strings.Contains(ref, "{$") || strings.Contains(ref, `\`) {
		return "", errors.New("address with a variable or a backslash")
	}
	u, err := w.base.Parse(ref)
	if err != nil {
		return "", errors.New("address cannot be read")
	}
	text, err := w.sign(guard.Spell(u), kind)
	if err != nil {
		return "", err
	}
	w.seen[signed{ref, kind}] = text
	return text, nil
}
