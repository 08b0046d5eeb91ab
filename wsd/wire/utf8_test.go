package wire

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// Autobahn 6.*: text is UTF-8, and what is not fails at the first bad byte.
func utf8Cases() (cs []readerCase) {
	for i, s := range []string{
		"Hello-µ@ßöäüàá-UTF-8!!", "κόσμε", "中文弹幕", "😀🎬", "\u0000", "\u0080", "\u07ff", "\u0800", "\ud7ff", "\ue000",
		"\ufffd", "\ufffe", "\uffff", "\U00010000", "\U0010ffff", "a\u0301",
	} {
		cs = append(cs, readerCase{name: fmt.Sprintf("6.2.%d valid %+q", i, s), in: txt(s), want: "text " + s})
		if i < 4 {
			k := 1
			cs = append(cs, readerCase{name: fmt.Sprintf("6.2.%d valid %+q, fragments inside characters", i, s),
				in: cat(firstTxt(s[:k]), cont(s[k:k+1]), last(s[k+1:])), want: "text " + s})
		}
	}
	for i, s := range []string{
		"\x80", "\xbf", "\x80\xbf\x80", // continuation bytes on their own
		"\xc0\x20", "\xe0\x20", "\xf0\x20", // starts on their own
		"\xc0", "\xe0\x80", "\xf0\x80\x80", "\xf7\xbf\xbf", // the last byte is missing
		"\xfe", "\xff", "\xfe\xfe\xff\xff", // impossible bytes
		"\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", // overlong
		"\xed\xa0\x80", "\xed\xaf\xbf", "\xed\xbf\xbf", "\xed\xa0\x80\xed\xb0\x80", // surrogates
		"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xfc\x84\x80\x80\x80\x80", // too great
	} {
		cs = append(cs,
			readerCase{name: fmt.Sprintf("6.3.%d ABUSE 101 invalid %+q", i, s), in: txt("κόσμε" + s), err: ErrUTF8},
			readerCase{name: fmt.Sprintf("6.3.%d ABUSE 101 invalid %+q in fragments", i, s), in: cat(firstTxt("κόσμε"+s[:1]), last(s[1:])), err: ErrUTF8})
	}
	ok, bad := "κόσμε", "\xf4\x90"
	return append(cs,
		readerCase{name: "6.4.1 ABUSE 101 fail fast: bad second fragment, no end", in: cat(firstTxt(ok), cont(bad)), err: ErrUTF8},
		readerCase{name: "6.4.2 ABUSE 101 fail fast: bad byte while the frame is incomplete", in: unfinished(firstTxt(ok+bad+"xyz"), 3), err: ErrUTF8},
		readerCase{name: "6.4.3 ABUSE 101 fail fast: bad byte split over fragments", in: cat(firstTxt(ok+"\xf4"), cont("\x90")), err: ErrUTF8},
		readerCase{name: "6.4.4 ABUSE 101 ends inside a character", in: cat(firstTxt(ok), last("\xf4")), err: ErrUTF8},
		readerCase{name: "6.4.5 inside a character is no error yet", in: cat(firstTxt(ok+"\xf4"), cont("")), want: ""},
		readerCase{name: "6.4.6 ping inside a character", in: cat(firstTxt("\xce"), ping("\xff"), last("\xba")), want: "ping \xff|text κ"},
		readerCase{name: "6.4.7 the checker forgets between messages", in: cat(bin("\xce"), txt("κ")), want: "bin \xce|text κ"},
		readerCase{name: "6.4.8 ABUSE 116 combining marks are only bytes here", in: txt("a" + strings.Repeat("\u0301", 4)), want: "text a\u0301\u0301\u0301\u0301"},
	)
}

// TestUTF8FailFast feeds every cut of every case: the checker must fail exactly
// when no continuation could make the text valid.
func TestUTF8FailFast(t *testing.T) {
	completions := []string{"", "\x80", "\x80\x80", "\x80\x80\x80", "\x90\x80\x80", "\xa0\x80", "\xbf", "\xbf\xbf", "\x9f\xbf"}
	possible := func(p []byte) bool {
		for _, c := range completions {
			if utf8.Valid(append(bytes.Clone(p), c...)) {
				return true
			}
		}
		return false
	}
	for a := range 256 {
		for b := range 256 {
			for _, tail := range []string{"", "\x80", "\xbf", "a"} {
				p := append([]byte{'x', byte(a), byte(b)}, tail...)
				for cut := range len(p) + 1 {
					var u utf8Checker
					ok := u.feed(p[:cut]) && u.feed(p[cut:])
					if ok != possible(p) {
						t.Fatalf("%q cut at %d: feed says %v", p, cut, ok)
					}
					if ok && u.done() != utf8.Valid(p) {
						t.Fatalf("%q: done disagrees with utf8.Valid", p)
					}
				}
			}
		}
	}
}
