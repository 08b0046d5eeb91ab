package proxy

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"synctv/internal/guard"
)

// BenchmarkBody moves bodies over loopback: straight from the origin, through a bare io.Copy relay, and through the proxy.
//
//	go test -run xxx -bench Body -benchtime 2s ./mediad/proxy
func BenchmarkBody(b *testing.B) {
	for _, size := range []int{64 << 10, 2 << 20, 32 << 20} {
		content := pattern(size)
		bed := newBed(b, Config{}, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "video/mp4")
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
		})
		client := bed.guard.Client(guard.ClientConfig{})
		relay := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			req, _ := http.NewRequestWithContext(r.Context(), "GET", bed.origin.URL+"/f.mp4", nil)
			res, err := client.Do(req)
			if err != nil {
				panic(err)
			}
			defer res.Body.Close()
			w.Header().Set("Content-Length", res.Header.Get("Content-Length"))
			_, _ = io.Copy(w, res.Body)
		}))
		for _, way := range []struct{ name, url string }{{"direct", bed.origin.URL + "/f.mp4"}, {"copy", relay.URL}, {"proxy", bed.link("/f.mp4")}} {
			b.Run(fmt.Sprintf("%s/%dKiB", way.name, size>>10), func(b *testing.B) {
				b.SetBytes(int64(size))
				b.ReportAllocs()
				buf := make([]byte, 256<<10)
				for b.Loop() {
					res, err := http.Get(way.url)
					if err != nil {
						b.Fatal(err)
					}
					n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, res.Body, buf)
					_ = res.Body.Close()
					if err != nil || n != int64(size) {
						b.Fatal(n, err)
					}
				}
			})
		}
		relay.Close()
	}
}

// BenchmarkHandler is the proxy's own part of a request, without sockets.
func BenchmarkHandler(b *testing.B) {
	content := pattern(64 << 10)
	g := mustGuard(b, guard.Config{})
	src := &benchSource{content: content}
	p, err := New(Config{Key: testKey}, Deps{Source: src, CheckURL: g.CheckURL, WriteError: writeError, Log: newDiscardSlog()})
	if err != nil {
		b.Fatal(err)
	}
	link, err := p.Sign(Target{URL: "http://8.8.8.8/a.mp4", User: "usr_1", Headers: map[string]string{"Referer": "https://a.example/"}}, time.Now())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		rec := &nullWriter{h: http.Header{}}
		p.ServeHTTP(rec, httptest.NewRequest("GET", link, nil))
		if rec.n != len(content) {
			b.Fatal(rec.n)
		}
	}
}

// BenchmarkSign is one link.
func BenchmarkSign(b *testing.B) {
	g := mustGuard(b, guard.Config{})
	p, err := New(Config{Key: testKey}, Deps{Source: &benchSource{}, CheckURL: g.CheckURL, WriteError: writeError})
	if err != nil {
		b.Fatal(err)
	}
	t := Target{URL: "https://cdn.public.example/path/to/film.mp4?sig=abcdef", User: "usr_1", Room: "room_1"}
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Sign(t, now); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRewrite is a two-hour playlist of four-second segments.
func BenchmarkRewrite(b *testing.B) {
	var src bytes.Buffer
	src.WriteString("#EXTM3U\n#EXT-X-TARGETDURATION:4\n")
	for i := range 1800 {
		fmt.Fprintf(&src, "#EXTINF:4.000,\nsegment%05d.ts?token=abcdefabcdef\n", i)
	}
	g := mustGuard(b, guard.Config{})
	p, err := New(Config{Key: testKey}, Deps{Source: &benchSource{}, CheckURL: g.CheckURL, WriteError: writeError})
	if err != nil {
		b.Fatal(err)
	}
	x := &exchange{p: p, c: claims{url: goldenBase.String(), expires: 1 << 39, user: "usr_1", room: "room_1"}}
	b.SetBytes(int64(src.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := RewriteHLS(src.Bytes(), goldenBase, x.signChild(goldenBase)); err != nil {
			b.Fatal(err)
		}
	}
}

type nullWriter struct {
	h http.Header
	n int
}

func (w *nullWriter) Header() http.Header         { return w.h }
func (w *nullWriter) WriteHeader(int)             {}
func (w *nullWriter) Write(b []byte) (int, error) { w.n += len(b); return len(b), nil }

// benchSource answers from memory.
type benchSource struct{ content []byte }

func (s *benchSource) Open(_ context.Context, req Request) (*Response, error) {
	u, err := url.Parse(req.URL)
	return &Response{Status: 200, Header: http.Header{"Content-Type": {"video/mp4"}}, Length: int64(len(s.content)), Body: io.NopCloser(bytes.NewReader(s.content)), URL: u}, err
}
