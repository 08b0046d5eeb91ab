package app

import (
	"net/url"
	"path"
	"strings"
)

// checkMediaURL refuses what cannot be media. Private addresses are fine here: a browser may
// reach what this server may not, and the guard decides when this server would go there.
func (a *App) checkMediaURL(field, raw string) error {
	if raw == "" {
		return Invalid(field, "Paste the address of a video, for example https://example.org/film.mp4.")
	}
	u, err := url.Parse(raw)
	switch {
	case len(raw) > maxURLBytes:
		return Invalid(field, "The address is too long.")
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return Invalid(field, "That is not a web address. It begins with https:// or http://.")
	case u.User != nil:
		return Invalid(field, "An address with a name and password in it is not accepted.")
	case strings.ContainsFunc(raw, func(r rune) bool { return r < 0x21 || r == 0x7f }):
		return Invalid(field, "The address contains blanks or control characters.")
	}
	return nil
}

func checkHeaders(h map[string]string) error {
	if len(h) > maxMediaHeaders {
		return Invalid("headers", "At most %d request headers.", maxMediaHeaders)
	}
	for k, v := range h {
		if !headerName(k) || len(k) > 64 || len(v) > 4096 || strings.ContainsFunc(v, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
			return Invalid("headers", "The request header %q is not valid.", clip(k, 40))
		}
		switch strings.ToLower(k) {
		case "host", "connection", "content-length", "transfer-encoding", "upgrade", "te", "trailer", "range", "if-range",
			"accept-encoding", "via", "forwarded", "proxy-authorization", "proxy-connection", "keep-alive", "expect":
			return Invalid("headers", "The request header %q cannot be set.", k)
		}
		if strings.HasPrefix(strings.ToLower(k), "x-forwarded-") {
			return Invalid("headers", "The request header %q cannot be set.", k)
		}
	}
	return nil
}

// headerName tells whether s is a token of RFC 9110 section 5.6.2.
func headerName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("!#$%&'*+-.^_`|~", r))
	})
}

func (a *App) checkSubtitles(subs []Subtitle) error {
	if len(subs) > maxSubtitles {
		return Invalid("subtitles", "At most %d subtitles.", maxSubtitles)
	}
	for i := range subs {
		s := &subs[i]
		if err := a.checkMediaURL("subtitles", s.URL); err != nil {
			return err
		}
		s.Label, s.Language = clip(cleanLine(s.Label), 60), clip(cleanLine(s.Language), 35)
		if s.Format == "" {
			s.Format = subtitleFormat(s.URL)
		}
		switch s.Format {
		case "srt", "vtt", "ass":
		default:
			return Invalid("subtitles", "Subtitles are srt, vtt or ass.")
		}
	}
	return nil
}

func subtitleFormat(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "vtt"
	}
	switch strings.ToLower(path.Ext(u.Path)) {
	case ".srt":
		return "srt"
	case ".ass", ".ssa":
		return "ass"
	}
	return "vtt"
}
