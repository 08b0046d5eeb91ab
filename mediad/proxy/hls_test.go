package proxy

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"synctv/internal/guard"
	"synctv/internal/guard/guardtest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var goldenBase = &url.URL{Scheme: "https", Host: "cdn.example", Path: "/live/a/index.m3u8", RawQuery: "token=1"}

// visible shows what was signed.
func visible(raw string, kind Kind) (string, error) {
	return fmt.Sprintf("SIGNED(%d %s)", kind, raw), nil
}

// TestRewriteGolden: testdata/*.m3u8 against *.m3u8.golden.
func TestRewriteGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.m3u8")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d playlists, %v", len(files), err)
	}
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		got, err := RewriteHLS(src, goldenBase, visible)
		if err != nil {
			t.Errorf("%s: %v", f, err)
			continue
		}
		golden := f + ".golden"
		if *update {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs from its golden file:\n%s", f, got)
		}
	}
}

// TestRewriteRefuses (ABUSE-066 to ABUSE-073).
func TestRewriteRefuses(t *testing.T) {
	g := mustGuard(t, guard.Config{})
	sign := func(raw string, _ Kind) (string, error) {
		u, err := g.CheckURL(raw)
		if err != nil {
			return "", err
		}
		return u.String(), nil
	}
	head := "#EXTM3U\n#EXT-X-TARGETDURATION:6\n"
	cases := map[string]string{
		"not a playlist":                 "<html>",
		"empty":                          "",
		"ABUSE-066 long line":            head + "#EXTINF:6," + strings.Repeat("a", 1<<16) + "\na.ts\n",
		"ABUSE-067 many entries":         head + strings.Repeat("a.ts\n", 20001),
		"ABUSE-067 many variants":        head + strings.Repeat("#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n", 20001),
		"ABUSE-067 many keys":            head + strings.Repeat("#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n", 20001),
		"ABUSE-068 NaN":                  head + "#EXTINF:NaN,\na.ts",
		"ABUSE-068 inf":                  head + "#EXTINF:inf,\na.ts",
		"ABUSE-068 negative":             head + "#EXTINF:-1,\na.ts",
		"ABUSE-068 1e308":                head + "#EXTINF:1e308,\na.ts",
		"ABUSE-068 hex":                  head + "#EXTINF:0x10,\na.ts",
		"ABUSE-068 huge":                 head + "#EXTINF:99999999999,\na.ts",
		"ABUSE-068 empty":                head + "#EXTINF:,\na.ts",
		"ABUSE-068 two points":           head + "#EXTINF:1.2.3,\na.ts",
		"ABUSE-068 part NaN":             head + "#EXT-X-PART:DURATION=NaN,URI=\"a\"\n",
		"ABUSE-068 target":               "#EXTM3U\n#EXT-X-TARGETDURATION:inf\n",
		"ABUSE-069 overflow":             head + "#EXT-X-BYTERANGE:9223372036854775807@1\na.ts",
		"ABUSE-069 too big":              head + "#EXT-X-BYTERANGE:9223372036854775808\na.ts",
		"ABUSE-069 negative":             head + "#EXT-X-BYTERANGE:-1@0\na.ts",
		"ABUSE-069 empty":                head + "#EXT-X-BYTERANGE:0@0\na.ts",
		"ABUSE-069 map":                  head + "#EXT-X-MAP:URI=\"i.mp4\",BYTERANGE=\"1@9223372036854775807\"\n",
		"ABUSE-070 file":                 head + "file:///etc/passwd\n",
		"ABUSE-070 concat":               head + "concat:http://127.0.0.1/|a\n",
		"ABUSE-070 crypto+file":          head + "crypto+file:///etc/passwd\n",
		"ABUSE-070 data":                 head + "data:text/plain,a\n",
		"ABUSE-070 scheme-relative":      head + "//127.0.0.1/a.ts\n",
		"ABUSE-070 backslash":            head + "\\\\127.0.0.1\\a.ts\n",
		"ABUSE-070 absolute":             head + "http://127.0.0.1/a.ts\n",
		"ABUSE-070 userinfo":             head + "http://a@8.8.8.8/a.ts\n",
		"ABUSE-071 key":                  head + "#EXT-X-KEY:METHOD=AES-128,URI=\"http://169.254.169.254/latest\"\n",
		"ABUSE-071 key unquoted":         head + "#EXT-X-KEY:METHOD=AES-128,URI=http://169.254.169.254/latest\n",
		"ABUSE-071 key lower case":       head + "#EXT-X-KEY:METHOD=AES-128,uri=\"http://10.0.0.1/\"\n",
		"ABUSE-071 session key":          head + "#EXT-X-SESSION-KEY:METHOD=AES-128,URI=\"http://10.0.0.1/\"\n",
		"ABUSE-071 map":                  head + "#EXT-X-MAP:URI=\"http://10.0.0.1/\"\n",
		"ABUSE-071 media":                head + "#EXT-X-MEDIA:TYPE=AUDIO,URI=\"http://10.0.0.1/\"\n",
		"ABUSE-071 iframe":               head + "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI=\"http://10.0.0.1/\"\n",
		"ABUSE-071 part":                 head + "#EXT-X-PART:DURATION=1,URI=\"http://10.0.0.1/\"\n",
		"ABUSE-071 hint":                 head + "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"http://10.0.0.1/\"\n",
		"ABUSE-071 report":               head + "#EXT-X-RENDITION-REPORT:URI=\"http://10.0.0.1/\"\n",
		"ABUSE-071 session data":         head + "#EXT-X-SESSION-DATA:DATA-ID=\"a\",URI=\"http://10.0.0.1/\"\n",
		"ABUSE-072 open quote":           head + "#EXT-X-KEY:METHOD=AES-128,URI=\"a\n",
		"ABUSE-072 text after the quote": head + "#EXT-X-KEY:METHOD=AES-128,URI=\"a\"b,IV=0\n",
		"ABUSE-072 control":              head + "a\x00b.ts\n",
		"ABUSE-073 define":               head + "#EXT-X-DEFINE:NAME=\"h\",VALUE=\"127.0.0.1\"\nhttp://{$h}/a.ts\n",
		"ABUSE-073 define query":         head + "#EXT-X-DEFINE:QUERYPARAM=\"h\"\na.ts\n",
		"ABUSE-073 variable":             head + "{$h}/a.ts\n",
		"sequence":                       head + "#EXT-X-MEDIA-SEQUENCE:-1\n",
	}
	for name, src := range cases {
		if out, err := RewriteHLS([]byte(src), goldenBase, sign); err == nil {
			t.Errorf("%s: accepted:\n%.300s", name, out)
		}
	}
	for _, drop := range []string{
		"#EXT-X-CONTENT-STEERING:SERVER-URI=\"http://10.0.0.1/\"", "#EXT-X-DATERANGE:ID=\"a\",X-ASSET-LIST=\"http://10.0.0.1/\"", "#EXT-X-UNKNOWN:URI=\"http://10.0.0.1/\"",
		"# http://10.0.0.1/", "#EXT-X-STREAM-INF:BANDWIDTH=1,X-FOO-URI=\"http://10.0.0.1/\"",
	} {
		out, err := RewriteHLS([]byte(head+drop+"\n"), goldenBase, sign)
		if err != nil || bytes.Contains(out, []byte("10.0.0.1")) {
			t.Errorf("%s: %v\n%s", drop, err, out)
		}
	}
}

// TestPlaylistChildren (ABUSE-043): every hostile spelling as a child address, through the whole proxy.
func TestPlaylistChildren(t *testing.T) {
	canary := guardtest.NewCanary(t, 0)
	child := ""
	b := newBed(t, Config{}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", typePlaylist)
		_, _ = fmt.Fprint(w, child)
	})
	cases := 0
	for _, s := range guardtest.Spellings(canary.Port) {
		if strings.ContainsAny(s.URL, "\r\n\"") || strings.TrimSpace(s.URL) != s.URL || strings.HasSuffix(s.URL, "://") || !strings.Contains(s.URL, "://") {
			continue
		}
		for _, text := range []string{
			"#EXTM3U\n#EXTINF:6,\n" + s.URL + "\n", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n" + s.URL + "\n",
			"#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=\"" + s.URL + "\"\n", "#EXTM3U\n#EXT-X-MAP:URI=\"" + s.URL + "\"\n",
		} {
			child = text
			if a := b.do("GET", b.link("/x.m3u8")); a.status != 502 || a.code() != "playlist_invalid" {
				t.Errorf("%s: %d %s", s.Name(), a.status, a.body)
			}
			cases++
		}
	}
	if canary.Hits() != 0 || cases < 480 {
		t.Errorf("canary hit %d times in %d cases", canary.Hits(), cases)
	}
	t.Logf("%d cases", cases)
}

// TestPlaylistEndToEnd plays a small tree through the proxy: main, media, segment, key, all by the links found in the answers.
func TestPlaylistEndToEnd(t *testing.T) {
	var tokens []string
	b := newBed(t, Config{}, func(w http.ResponseWriter, r *http.Request) {
		tokens = append(tokens, r.URL.Path+":"+r.Header.Get("X-Emby-Token"))
		switch r.URL.Path {
		case "/main": // neither the name nor the type tells
			_, _ = fmt.Fprint(w, "\ufeff#EXTM3U\r\n#EXT-X-STREAM-INF:BANDWIDTH=1\r\nsub/media.m3u8?a=1&b=2\r\n")
		case "/sub/media.m3u8":
			if r.URL.RawQuery != "a=1&b=2" && r.URL.RawQuery != "a=1&b=2&_HLS_msn=5&_HLS_part=1&_HLS_skip=YES" {
				t.Errorf("query %q", r.URL.RawQuery)
			}
			http.Redirect(w, r, "/moved/media.m3u8", http.StatusFound)
		case "/moved/media.m3u8":
			_, _ = fmt.Fprint(w, "#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=\"key.bin\"\n#EXTINF:6,\nseg 1.ts\n#EXT-X-ENDLIST\n")
		case "/moved/seg 1.ts", "/moved/key.bin":
			http.ServeContent(w, r, "", goldenTime, strings.NewReader("bytes of "+r.URL.Path))
		default:
			http.NotFound(w, r)
		}
	})
	follow := func(from, ref string) string {
		base, err := url.Parse(from)
		if err != nil {
			t.Fatal(err)
		}
		u, err := base.Parse(ref)
		if err != nil {
			t.Fatal(err)
		}
		return u.String()
	}
	mainLink := b.link("/main", headers("X-Emby-Token", "t"))
	main := b.do("GET", mainLink, "Range", "bytes=0-")
	if main.status != 200 || main.header.Get("Content-Type") != typePlaylist {
		t.Fatalf("%+v", main)
	}
	mediaLink := follow(mainLink, strings.Fields(main.body)[2])
	media := b.do("GET", mediaLink)
	lines := strings.Split(media.body, "\n")
	if media.status != 200 || len(lines) < 4 || !strings.HasSuffix(mediaLink, "/media.m3u8") {
		t.Fatalf("%s %+v", mediaLink, media)
	}
	if again := b.do("GET", mediaLink); again.body != media.body {
		t.Error("the same playlist gave other links")
	}
	if ll := b.do("GET", mediaLink+"?_HLS_msn=5&_HLS_part=1&_HLS_skip=YES&evil=1"); ll.status != 200 {
		t.Errorf("directives: %+v", ll)
	}
	seg := b.do("GET", follow(mediaLink, lines[3]), "Range", "bytes=9-")
	if seg.status != 206 || seg.body != "/moved/seg 1.ts" || seg.header.Get("Content-Type") != "video/mp2t" {
		t.Errorf("%+v", seg)
	}
	keyRef := strings.Split(lines[1], `"`)[1]
	if key := b.do("GET", follow(mediaLink, keyRef)); key.status != 200 || key.body != "bytes of /moved/key.bin" {
		t.Errorf("%+v", key)
	}
	if headReply := b.do("HEAD", mediaLink); headReply.status != 200 || headReply.body != "" || headReply.header.Get("Content-Length") != fmt.Sprint(len(media.body)) {
		t.Errorf("%+v", headReply)
	}
	for _, s := range tokens {
		if !strings.HasSuffix(s, ":t") {
			t.Errorf("the provider's header is missing at %s", s)
		}
	}
}

// TestChildCredentials (ABUSE-028, ABUSE-059): children on another origin get no credentials.
func TestChildCredentials(t *testing.T) {
	b := newBed(t, Config{}, originOK)
	own, _ := url.Parse("http://8.8.8.8/main.m3u8")
	x := &exchange{p: b.proxy, c: claims{url: own.String(), expires: 1 << 39, headers: []headerField{{"Cookie", "c"}, {"Referer", "r"}}}}
	elsewhere, _ := url.Parse("http://9.9.9.9/main.m3u8")
	for _, c := range []struct {
		base *url.URL
		raw  string
		want int
	}{{own, "http://8.8.8.8/a.ts", 2}, {own, "http://9.9.9.9/a.ts", 1}, {own, "http://8.8.8.8:8080/a.ts", 1}, {elsewhere, "http://9.9.9.9/a.ts", 1}, {elsewhere, "http://8.8.8.8/a.ts", 1}} {
		link, err := x.signChild(c.base)(c.raw, KindAuto)
		if err != nil {
			t.Fatal(err)
		}
		token, _, _ := strings.Cut(strings.TrimPrefix(link, "../"), "/")
		got, err := b.proxy.sealer.open(token, 0)
		if err != nil || len(got.headers) != c.want || got.depth != 1 || got.expires != 1<<39 {
			t.Errorf("%s from %s: %+v %v", c.raw, c.base, got, err)
		}
	}
}

// TestPlaylistLoop (ABUSE-065): a playlist that lists itself ends at the depth cap.
func TestPlaylistLoop(t *testing.T) {
	visits := 0
	b := newBed(t, Config{}, func(w http.ResponseWriter, _ *http.Request) {
		visits++
		_, _ = fmt.Fprint(w, "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nself.m3u8\n")
	})
	link := b.link("/self.m3u8")
	for depth := 0; ; depth++ {
		a := b.do("GET", link)
		if a.status != 200 {
			if depth != 3 || a.code() != "playlist_too_deep" || visits != 3 {
				t.Errorf("stopped at depth %d after %d visits: %d %s", depth, visits, a.status, a.body)
			}
			return
		}
		base, _ := url.Parse(link)
		next, err := base.Parse(strings.Fields(a.body)[2])
		if err != nil || depth > 5 {
			t.Fatalf("depth %d: %v", depth, err)
		}
		link = next.String()
	}
}

// TestPlaylistSize (ABUSE-066).
func TestPlaylistSize(t *testing.T) {
	for name, length := range map[string]bool{"with length": true, "endless": false} {
		sent := 0
		b := newBed(t, Config{}, func(w http.ResponseWriter, _ *http.Request) {
			if length {
				w.Header().Set("Content-Length", fmt.Sprint(100<<20))
			}
			_, _ = fmt.Fprint(w, "#EXTM3U\n")
			chunk := bytes.Repeat([]byte("#c\n"), 1<<14)
			for sent < 100<<20 {
				n, err := w.Write(chunk)
				if sent += n; err != nil {
					return
				}
			}
		})
		if a := b.do("GET", b.link("/x.m3u8")); a.status != 502 || a.code() != "media_too_large" {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
}

// FuzzRewrite: no address leaves unsigned, and the result can be rewritten again.
func FuzzRewrite(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.m3u8")
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte("#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=\"http://10.0.0.1/\",A=b\n"))
	sign := func(raw string, _ Kind) (string, error) {
		if len(raw) > 4096 {
			return "", errors.New("long")
		}
		return "../tok/name", nil
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		out, err := RewriteHLS(src, goldenBase, sign)
		if err != nil {
			return
		}
		for line := range strings.Lines(string(out)) {
			line = strings.TrimSpace(line)
			if line != "" && line[0] != '#' && line != "../tok/name" {
				t.Fatalf("an address left as it was: %q", line)
			}
			if i := strings.Index(line, ":URI="); i >= 0 && strings.HasPrefix(line, "#EXT-X-") && !strings.Contains(line, `"../tok/name"`) {
				t.Fatalf("an attribute left as it was: %q", line)
			}
		}
		again, err := RewriteHLS(out, goldenBase, sign)
		if err != nil || !bytes.Equal(again, out) {
			t.Fatalf("not stable: %v\n%q\n%q", err, out, again)
		}
	})
}
