package app

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// clip shortens s to at most n runes.
func clip(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	r := []rune(s)
	return string(r[:n])
}

// cleanLine makes a one-line name of what a person typed: control, format and directional
// characters go, runs of blanks become one, at most four combining marks stay on a letter.
func cleanLine(s string) string {
	return strings.Join(strings.Fields(cleanText(s)), " ")
}

// cleanText removes what could disturb other people's screens and keeps everything else as it
// is, line breaks included. It never interprets the text.
func cleanText(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	marks := 0
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			marks = 0
			return r
		case unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r):
			if marks++; marks > 4 {
				return -1
			}
			return r
		case unicode.IsControl(r), isDirectional(r):
			return -1
		}
		marks = 0
		return r
	}, s))
}

// visible tells whether there is anything to see of a text: names of nothing but blanks and joiners
// would be nobody's.
func visible(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		switch r {
		case 0x115F, 0x1160, 0x2800, 0x3164, 0xFFA0: // fillers: letters and symbols that show nothing
			return false
		}
		return unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S)
	})
}

// isDirectional tells embedding, override and isolate characters, which can reorder a line (CVE-2021-42574).
func isDirectional(r rune) bool {
	return r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 || r == 0x200E || r == 0x200F
}

// sentence makes a terse message into one for people.
func sentence(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:] + "."
}
