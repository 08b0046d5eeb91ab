package proxy

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
	"time"

	"synctv/internal/guard"
)

// Kind is what a link leads to; it decides how the answer is treated.
type Kind uint8

// The kinds.
const (
	KindAuto     Kind = iota // media; a playlist or subtitle is recognised by type, name or first bytes
	KindPlaylist             // an HLS playlist, whatever it is called
	KindSubtitle             // srt, vtt or ass
	KindImage                // a poster or thumbnail
	kindEnd
)

// Target is an upstream resource somebody may fetch through us.
type Target struct {
	URL     string            // absolute http or https URL
	Headers map[string]string // request headers the origin needs; never shown to a client
	Room    string            // room the link belongs to
	User    string            // user the link was made for
	Item    string            // what the room calls it; "" for nothing in particular
	Kind    Kind
}

const (
	maxHeaders     = 32
	maxHeaderBytes = 4096
	maxIdentity    = 256
)

// Sign returns the path of a link to t: PathPrefix, the sealed target, and a harmless file name. It is good for at least TTL from
// now; signing the same target again within the same Window gives the same path. It fails when the guard refuses the URL or a
// header may not be chosen by a provider.
func (p *Proxy) Sign(t Target, now time.Time) (string, error) {
	u, err := p.checkURL(t.URL)
	if err != nil {
		return "", err
	}
	if max(len(t.Room), len(t.User), len(t.Item)) > maxIdentity || t.Kind >= kindEnd {
		return "", errors.New("proxy: name of room, user or item too long, or unknown kind")
	}
	headers, err := cleanHeaders(t.Headers)
	if err != nil {
		return "", err
	}
	window := int64(p.cfg.Window / time.Second)
	expires := now.Add(p.cfg.TTL).Unix()
	expires = (expires + window - 1) / window * window
	return PathPrefix + p.link(claims{
		kind: t.Kind, expires: expires, room: t.Room, user: t.User, item: t.Item, url: u.String(), headers: headers,
	}, u), nil
}

// link is "token/name".
func (p *Proxy) link(c claims, u *url.URL) string {
	return p.sealer.seal(c) + "/" + linkName(u, c.kind)
}

// linkName keeps the upstream's file name as far as players look at it, and nothing else of it.
func linkName(u *url.URL, kind Kind) string {
	base := path.Base(u.Path)
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_' {
			return r
		}
		return -1
	}, base)
	clean = strings.TrimLeft(clean, ".-")
	if len(clean) > 48 {
		clean = clean[len(clean)-48:]
		clean = strings.TrimLeft(clean, ".-")
	}
	ext := path.Ext(clean)
	switch {
	case kind == KindPlaylist && ext != ".m3u8":
		return "index.m3u8"
	case strings.EqualFold(ext, ".srt"):
		return strings.TrimSuffix(clean, ext) + ".vtt"
	case clean == "":
		return "media"
	}
	return clean
}

// cleanHeaders returns the headers canonical and sorted, or the reason why one may not be sent.
func cleanHeaders(in map[string]string) ([]headerField, error) {
	if len(in) == 0 {
		return nil, nil
	}
	if len(in) > maxHeaders {
		return nil, fmt.Errorf("proxy: more than %d headers", maxHeaders)
	}
	out := make([]headerField, 0, len(in))
	total := 0
	for name, value := range in {
		canonical, err := guard.CheckHeader(name, value)
		if err != nil {
			return nil, fmt.Errorf("proxy: %w", err)
		}
		total += len(name) + len(value)
		out = append(out, headerField{canonical, value})
	}
	if total > maxHeaderBytes {
		return nil, fmt.Errorf("proxy: headers are longer than %d bytes", maxHeaderBytes)
	}
	return sortHeaders(out)
}
