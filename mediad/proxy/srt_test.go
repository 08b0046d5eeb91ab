package proxy

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestSRTToVTT(t *testing.T) {
	cases := []struct{ name, in, want string }{
		{"plain", "1\n00:00:01,000 --> 00:00:02,500\nHello\n\n2\n00:01:00,000 --> 00:01:01,000\nTwo\nlines\n",
			"WEBVTT\n\n00:00:01.000 --> 00:00:02.500\nHello\n\n00:01:00.000 --> 00:01:01.000\nTwo\nlines\n"},
		{"dos, bom, no final newline", "\ufeff1\r\n00:00:01,000 --> 00:00:02,000\r\nHi", "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nHi\n"},
		{"old mac", "1\r00:00:01,000 --> 00:00:02,000\rHi\r", "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nHi\n"},
		{"no counters, points, short hours", "0:00:01.5 --> 0:00:02.50\nHi\n", "WEBVTT\n\n00:00:01.500 --> 00:00:02.500\nHi\n"},
		{"minutes only", "00:01 --> 00:02\nHi\n", "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nHi\n"},
		{"over 99 hours", "123:00:00,000 --> 123:00:01,000\nHi\n", "WEBVTT\n\n123:00:00.000 --> 123:00:01.000\nHi\n"},
		{"coordinates", "1\n00:00:01,000 --> 00:00:02,000  X1:10 X2:20\nHi\n", "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nHi\n"},
		{"missing blank line", "1\n00:00:01,000 --> 00:00:02,000\nHi\n2\n00:00:03,000 --> 00:00:04,000\nHo\n",
			"WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nHi\n\n00:00:03.000 --> 00:00:04.000\nHo\n"},
		{"a number as text", "1\n00:00:01,000 --> 00:00:02,000\n42\n", "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n42\n"},
		{"tags", "1\n00:00:01,000 --> 00:00:02,000\n<i>a</i> <B>b</B> <font color=\"red\">c</font> <u>d</u>\n", "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n<i>a</i> <b>b</b> c <u>d</u>\n"},
		{"codes", "1\n00:00:01,000 --> 00:00:02,000\n{\\an8}top {x} {\\i1}y\n", "WEBVTT\n\n00:00:01.000 --> 00:00:02.000 line:0\ntop {x} y\n"},
		{"escapes", "1\n00:00:01,000 --> 00:00:02,000\na < b && c > d &amp; e <3 -- > -->\n", "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\na &lt; b &amp;&amp; c &gt; d &amp; e &lt;3 -- &gt; --&gt;\n"},
		{"cue backwards and empty", "1\n00:00:02,000 --> 00:00:01,000\nx\n\n2\n00:00:02,000 --> 00:00:03,000\n\n3\n00:00:02,000 --> 00:00:03,000\ny\n", "WEBVTT\n\n00:00:02.000 --> 00:00:03.000\ny\n"},
		{"not utf-8", "1\n00:00:01,000 --> 00:00:02,000\ncaf\xe9\n", "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\ncaf\ufffd\n"},
		{"nothing", "hello", ""}, {"empty", "", ""}, {"bad minutes", "00:61:00,000 --> 00:62:00,000\nx\n", ""},
	}
	for _, c := range cases {
		got, err := SRTToVTT([]byte(c.in))
		if string(got) != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s:\n%q (%v), want\n%q", c.name, got, err, c.want)
		}
	}
}

func TestSubtitles(t *testing.T) {
	files := map[string]string{
		"/a.srt": "1\n00:00:01,000 --> 00:00:02,000\nHi\n", "/b": "1\n00:00:01,000 --> 00:00:02,000\nHi\n", "/c.vtt": "\ufeffWEBVTT\n\n00:01.000 --> 00:02.000\nHi\n",
		"/d.ass": "[Script Info]\nTitle: x\n", "/e.srt": "<html>not a subtitle</html>", "/f.srt": "", "/g.vtt": strings.Repeat("WEBVTT\n", 1<<20),
	}
	b := newBed(t, Config{}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html") // stores say anything
		_, _ = fmt.Fprint(w, files[r.URL.Path])
	})
	for path, want := range map[string]struct {
		status     int
		ctype, has string
	}{
		"/a.srt": {200, typeVTT, "WEBVTT\n\n00:00:01.000"}, "/b": {200, typeVTT, "WEBVTT\n\n00:00:01.000"}, "/c.vtt": {200, typeVTT, "WEBVTT\n\n00:01.000"},
		"/d.ass": {200, typeASS, "[Script Info]"}, "/e.srt": {502, "", "media_unsupported"}, "/f.srt": {502, "", "subtitle_invalid"}, "/g.vtt": {502, "", "media_too_large"},
	} {
		a := b.do("GET", b.link(path, kind(KindSubtitle)), "Range", "bytes=3-")
		if a.status != want.status || !strings.Contains(a.body[:min(len(a.body), 200)], want.has) || want.ctype != "" && a.header.Get("Content-Type") != want.ctype {
			t.Errorf("%s: %d %s %.100q", path, a.status, a.header.Get("Content-Type"), a.body)
		}
	}
}

// FuzzSRT: whatever comes in, what goes out is WebVTT: no stray arrow, no tag but ours, valid UTF-8, bounded growth.
func FuzzSRT(f *testing.F) {
	f.Add([]byte("1\n00:00:01,000 --> 00:00:02,500\n<i>Hello</i> & {\\an8}bye <3\n\n2\n00:00:03,000 --> 00:00:04,000\nx\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		out, err := SRTToVTT(src)
		if err != nil {
			return
		}
		if !utf8.Valid(out) || len(out) > 32*len(src)+64 || !strings.HasPrefix(string(out), "WEBVTT\n\n") {
			t.Fatalf("%q -> %q", src, out)
		}
		for _, block := range strings.Split(strings.TrimPrefix(string(out), "WEBVTT\n\n"), "\n\n") {
			times, body, _ := strings.Cut(block, "\n")
			if !strings.Contains(times, " --> ") || strings.Contains(body, "-->") || strings.TrimSpace(body) == "" {
				t.Fatalf("%q -> block %q", src, block)
			}
			for _, tag := range strings.Split(body, "<")[1:] {
				name, _, ok := strings.Cut(tag, ">")
				if name = strings.TrimPrefix(name, "/"); !ok || name != "b" && name != "i" && name != "u" {
					t.Fatalf("%q -> tag %q", src, tag)
				}
			}
		}
	})
}
