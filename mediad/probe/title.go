package probe

import (
	"mime"
	"net/url"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxTitle is the longest title in runes.
const maxTitle = 200

// cleanTitle makes found text fit to be shown: valid UTF-8, no control characters, one blank at a time, bounded.
func cleanTitle(s string) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) > maxTitle {
		s = strings.TrimSpace(string([]rune(s)[:maxTitle]))
	}
	return s
}

// titleFromName makes a title of the file name an origin gives, or of the one in the URL: no extension, blanks for dots and
// underscores.
func titleFromName(disposition string, u *url.URL) string {
	name := ""
	if _, params, err := mime.ParseMediaType(disposition); err == nil {
		name = path.Base(strings.ReplaceAll(params["filename"], `\`, "/"))
	}
	if name == "" || name == "." || name == "/" {
		name = path.Base(u.Path)
	}
	if ext := path.Ext(name); len(ext) >= 3 && len(ext) <= 5 {
		name = strings.TrimSuffix(name, ext)
	}
	if !strings.Contains(name, " ") {
		name = strings.NewReplacer(".", " ", "_", " ", "+", " ").Replace(name)
	}
	if name = cleanTitle(name); name == "/" || name == "" {
		return u.Hostname()
	}
	return name
}
