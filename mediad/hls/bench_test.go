package hls

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"synctv/mediad/av"
	"synctv/mediad/cmaf"
	"synctv/mediad/stream"
)

// nobody is a response that goes nowhere.
type nobody struct {
	header http.Header
	status int
	n      int
}

func (w *nobody) Header() http.Header         { return w.header }
func (w *nobody) WriteHeader(status int)      { w.status = status }
func (w *nobody) Write(b []byte) (int, error) { w.n += len(b); return len(b), nil }

// benchPresentation is 20 s of playlist with a handler in front, without a muxer.
func benchPresentation(b *testing.B) (*Handler, *presentation, func()) {
	c := Config{}.withDefaults()
	m := &Muxer{config: c, stream: must(stream.NewRegistry(stream.RegistryConfig{}).Open("s"))}
	p := newPresentation(c, "s", 1000, 7, newSaver(c))
	p.partTarget = 202 * ms
	track := must(av.Describe(av.H264, avcC))
	p.take(cmaf.Event{What: cmaf.Begin, Kind: av.Video, Segment: 1000, Formats: []cmaf.Format{{Track: track, Init: []byte("init")}}}, false, time.Now())
	m.view.Store(&view{now: p, changed: make(chan struct{})})
	n, data := 0, [][]byte{make([]byte, 300), make([]byte, 50_000)}
	part := func() {
		at := time.Duration(n) * 200 * ms
		p.take(cmaf.Event{What: cmaf.Part, Kind: av.Video, Segment: 1000 + uint64(n/10), Index: n % 10, Data: data, Start: at, Duration: 200 * ms, Independent: n%10 == 0}, false, time.Now())
		if n++; n%10 == 0 {
			p.take(cmaf.Event{What: cmaf.End, Kind: av.Video, Segment: 1000 + uint64(n/10) - 1, Start: at, Duration: 2 * time.Second, Independent: true}, false, time.Now())
			p.expire(time.Now())
			for len(p.saver.jobs) > 0 {
				<-p.saver.jobs
			}
		}
	}
	for range 155 {
		part()
	}
	return NewHandler(HandlerConfig{Lookup: func(string) (*Muxer, bool) { return m, true }, PlaylistRate: -1,
		Query: func(r *http.Request) string { return r.Header.Get("X-Query") }}), p, part
}

// BenchmarkPlaylist is one request for a playlist that others have asked for too.
func BenchmarkPlaylist(b *testing.B) {
	for _, c := range []struct{ name, query, encoding string }{{"gzip", "", "gzip"}, {"plain", "", ""}, {"token", "token=abcdefghijklmnop", "gzip"}} {
		b.Run(c.name, func(b *testing.B) {
			h, _, _ := benchPresentation(b)
			r := httptest.NewRequest("GET", "/s/v.m3u8", nil)
			r.Header.Set("Accept-Encoding", c.encoding)
			r.Header.Set("X-Query", c.query)
			w := &nobody{header: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				w.n = 0
				h.ServeHTTP(w, r)
			}
			b.ReportMetric(float64(w.n), "bytes")
		})
	}
}

// BenchmarkBlockedPlaylists has 1,000 players that each wait for the next part, again
// and again, in full and as deltas.
func BenchmarkBlockedPlaylists(b *testing.B) {
	const players = 1000
	h, p, part := benchPresentation(b)
	window := p.window(av.Video)
	var round, done sync.WaitGroup
	stop := make(chan struct{})
	for i := range players {
		done.Go(func() {
			w := &nobody{header: http.Header{}}
			for {
				pos := window.Snapshot().position()
				r := httptest.NewRequest("GET", fmt.Sprintf("/s/v.m3u8?_HLS_msn=%d&_HLS_part=%d&_HLS_skip=%s", pos.open, pos.parts, []string{"", "YES"}[i%2]), nil)
				r.Header.Set("Accept-Encoding", "gzip")
				h.ServeHTTP(w, r)
				if w.status != 200 {
					panic(w.status)
				}
				select {
				case <-stop:
					return
				default:
					round.Done()
				}
			}
		})
	}
	for b.Loop() {
		for h.Waiting() < players {
			runtime.Gosched()
		}
		round.Add(players)
		part()
		round.Wait()
	}
	b.ReportMetric(players*float64(b.N)/b.Elapsed().Seconds(), "requests/s")
	for h.Waiting() < players {
		runtime.Gosched()
	}
	close(stop)
	part()
	done.Wait()
}

// BenchmarkStreamMemory is what a stream of 2.5 Mbit/s has in memory after a minute:
// the ring, the parts and segments of the default window.
func BenchmarkStreamMemory(b *testing.B) {
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		clock := time.Now().AddDate(1, 0, 0)
		c := Config{Now: func() time.Time { return clock }}.withDefaults()
		g := stream.NewRegistry(stream.RegistryConfig{Stream: stream.Config{Now: c.Now}})
		st := must(g.Open("s"))
		m := NewMuxer(c, st)
		r := must(st.Reader(stream.ReaderOptions{Internal: true}))
		v := &tv{s: st, gop: 50, size: 12_500}
		v.connect(b, avcC)
		items := make([]*stream.Item, 256)
		for range 60 * 25 {
			v.run(40*ms, false)
			clock = clock.Add(40 * ms)
			n, _ := r.Poll(items)
			for _, it := range items[:n] {
				m.item(it, r)
			}
			for len(m.saver.jobs) > 0 {
				m.saver.handle(b.Context(), <-m.saver.jobs)
			}
		}
		clear(items)
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MiB/stream")
		st.Stats()
		runtime.KeepAlive(m)
	}
}

// TestDeltaGolden and its kin would be golden files; here the text is short enough to
// be read in place.
func TestPlaylistText(t *testing.T) {
	date := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	w := newWindow(Facts{Target: 4 * time.Second, PartTarget: 202 * ms, Window: 12 * time.Second, URI: "v.m3u8", Prefix: "vx-"}, 100, 7)
	other := newWindow(Facts{Target: 4 * time.Second, PartTarget: 202 * ms, Window: 12 * time.Second, URI: "a.m3u8", Prefix: "ax-"}, 100, 7)
	other.begin("ia.mp4", false)
	other.addPart(Part{Name: "ax-0.m4s", Duration: 192 * ms, Independent: true}, 10, date, false)
	w.change(func(s *Snapshot) { s.others = []*Window{other} })
	w.begin("iv.mp4", false)
	w.addPart(Part{Name: "vx-0.m4s", Duration: 200 * ms, Independent: true}, 10, date, false)
	w.addPart(Part{Name: "vx-1.m4s", Duration: 33333 * time.Microsecond}, 10, date, false)
	w.endSegment("v100.m4s", 233333*time.Microsecond, date, false, 0)
	w.begin("iw.mp4", true)
	w.endSegment("v101.m4s", 2*time.Second, date.Add(time.Second), true, 0)
	w.addPart(Part{Name: "vx-2.m4s", Duration: 200 * ms, Independent: true}, 10, date.Add(3*time.Second), false)
	want := `#EXTM3U
#EXT-X-VERSION:8
#EXT-X-TARGETDURATION:4
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=24,HOLD-BACK=12,PART-HOLD-BACK=0.606
#EXT-X-PART-INF:PART-TARGET=0.202
#EXT-X-MEDIA-SEQUENCE:100
#EXT-X-DISCONTINUITY-SEQUENCE:7
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI="iv.mp4?t=1"
#EXT-X-PART:DURATION=0.2,URI="vx-0.m4s?t=1",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.03333,URI="vx-1.m4s?t=1"
#EXT-X-PROGRAM-DATE-TIME:2026-11-21T12:00:00.000Z
#EXTINF:0.23333,
v100.m4s?t=1
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="iw.mp4?t=1"
#EXT-X-PROGRAM-DATE-TIME:2026-11-21T12:00:01.000Z
#EXT-X-GAP
#EXTINF:2,
v101.m4s?t=1
#EXT-X-PROGRAM-DATE-TIME:2026-11-21T12:00:03.000Z
#EXT-X-PART:DURATION=0.2,URI="vx-2.m4s?t=1",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="vx-3.m4s?t=1"
#EXT-X-RENDITION-REPORT:URI="a.m3u8?t=1",LAST-MSN=100,LAST-PART=0
`
	if got := string(w.Snapshot().Text("t=1", false)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for range 20 {
		w.endSegment("vn.m4s", 2*time.Second, date, false, 0)
	}
	s := w.Snapshot()
	if s.First() != 116 || s.Discontinuities != 8 || len(s.Segments) != 6 {
		t.Errorf("first %d, discontinuities %d, %d segments", s.First(), s.Discontinuities, len(s.Segments))
	}
	w.end()
	if got := string(w.Snapshot().Text("", false)); !strings.HasSuffix(got, "vn.m4s\n#EXT-X-ENDLIST\n") || strings.Contains(got, "PRELOAD") {
		t.Errorf("at the end:\n%s", got)
	}
}

func TestMultivariantText(t *testing.T) {
	video, audio := must(av.Describe(av.H264, avcC)), must(av.Describe(av.AAC, asc))
	formats := []cmaf.Format{{Track: video, FrameRate: 30000. / 1001}, {Track: audio}}
	rates := map[av.Kind]Rate{av.Video: {Peak: 3000, Average: 2000}, av.Audio: {Peak: 300, Average: 200}}
	for _, c := range []struct {
		name    string
		formats []cmaf.Format
		want    string
	}{
		{"both", formats, `#EXTM3U
#EXT-X-VERSION:6
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="Sound",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="a.m3u8?t"
#EXT-X-STREAM-INF:BANDWIDTH=3300,AVERAGE-BANDWIDTH=2200,CODECS="avc1.64000a,mp4a.40.2",RESOLUTION=64x64,FRAME-RATE=29.970,AUDIO="audio"
v.m3u8?t
`},
		{"picture", formats[:1], `#EXTM3U
#EXT-X-VERSION:6
#EXT-X-STREAM-INF:BANDWIDTH=3000,AVERAGE-BANDWIDTH=2000,CODECS="avc1.64000a",RESOLUTION=64x64,FRAME-RATE=29.970
v.m3u8?t
`},
		{"sound", formats[1:], `#EXTM3U
#EXT-X-VERSION:6
#EXT-X-STREAM-INF:BANDWIDTH=300,AVERAGE-BANDWIDTH=200,CODECS="mp4a.40.2"
a.m3u8?t
`},
	} {
		if got := string(withQuery(multivariant(c.formats, rates), "t")); got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}
