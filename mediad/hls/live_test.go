package hls

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"synctv/mediad/av"
	"synctv/mediad/cmaf"
	"synctv/mediad/hls/hlstest"
	"synctv/mediad/segments"
	"synctv/mediad/stream"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"))
}

const ms = time.Millisecond

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

var (
	sps  = []byte{0x67, 0x64, 0x00, 0x0a, 0xac, 0xd9, 0x44, 0x26, 0x84, 0x00, 0x00, 0x03, 0x00, 0x04, 0x00, 0x00, 0x03, 0x00, 0xc8, 0x3c, 0x48, 0x96, 0x58}
	avcC = must(av.BuildAVCConfig([][]byte{sps}, [][]byte{{0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0}}))
	avc2 = must(av.BuildAVCConfig([][]byte{sps}, [][]byte{{0x68, 0xeb, 0xec, 0xb2, 0x2c}}))
	asc  = av.BuildAACConfig(48000, 2)
)

// server is a stream with all that makes playlists of it.
type server struct {
	registry *stream.Registry
	origin   *Origin
	handler  *Handler
	stream   *stream.Stream
	stop     func()
}

// later is the clock of tests that have one of their own.
func later() time.Time { return time.Now().AddDate(26, 0, 0) }

func newServer(t testing.TB, c Config, sc stream.Config) *server {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	// The time of synctest begins in 2000, before media sequence numbers do.
	if time.Now().Year() < 2020 {
		c.Now, sc.Now = later, later
	}
	s := &server{origin: NewOrigin(c)}
	s.registry = stream.NewRegistry(stream.RegistryConfig{Stream: sc, Created: s.origin.Add})
	s.handler = NewHandler(HandlerConfig{Lookup: s.origin.Muxer, PlaylistRate: -1, Query: func(r *http.Request) string {
		if token := r.URL.Query().Get("token"); token != "" {
			return "token=" + token
		}
		return ""
	}})
	var running sync.WaitGroup
	running.Go(func() { s.registry.Run(ctx) })
	running.Go(func() { s.origin.Run(ctx) })
	s.stop = func() { cancel(); running.Wait() }
	st, err := s.registry.Open("room/1")
	if err != nil {
		t.Fatal(err)
	}
	s.stream = st
	return s
}

// get asks the handler for a file of the stream.
func (s *server) get(path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "/room/1/"+path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w
}

func (s *server) fetch(uri string) error {
	if w := s.get(uri); w.Code != 200 || w.Body.Len() == 0 {
		return fmt.Errorf("status %d, %d bytes", w.Code, w.Body.Len())
	}
	return nil
}

// tv writes pictures, 25 a second with a key frame every gop, and sound, in real time.
type tv struct {
	s     *stream.Stream
	p     *stream.Publisher
	gop   int
	frame int           // the next picture
	sound int           // the next frame of sound
	clock time.Duration // added to the sender's time
	size  int           // of a picture
}

func (v *tv) connect(t testing.TB, config []byte) {
	t.Helper()
	p, err := v.s.Publish(stream.Offer{})
	if err != nil {
		t.Fatal(err)
	}
	v.p, v.frame, v.sound = p, 0, 0
	v.configure(config)
	v.write(av.Packet{Kind: av.Audio, Codec: av.AAC, Config: true, Data: asc})
}

func (v *tv) configure(config []byte) {
	v.write(av.Packet{Kind: av.Video, Codec: av.H264, Config: true, Data: config})
}

func (v *tv) write(p av.Packet) {
	p.DTS += v.clock
	p.PTS += v.clock
	if err := v.p.Write(p); err != nil {
		panic(err)
	}
}

// run writes d of media and takes as long, if pace.
func (v *tv) run(d time.Duration, pace bool) {
	for range int(d / (40 * ms)) {
		at := time.Duration(v.frame) * 40 * ms
		v.write(av.Packet{Kind: av.Video, Codec: av.H264, Key: v.frame%v.gop == 0, DTS: at, PTS: at + 80*ms, Data: bytes.Repeat([]byte{byte(v.frame)}, max(v.size, 100))})
		v.frame++
		for {
			a := (time.Duration(v.sound) * 1024 * time.Second / 48000).Round(ms)
			if a >= at+40*ms {
				break
			}
			v.write(av.Packet{Kind: av.Audio, Codec: av.AAC, Key: true, DTS: a, PTS: a, Data: bytes.Repeat([]byte{byte(v.sound)}, 50)})
			v.sound++
		}
		if pace {
			time.Sleep(40 * ms)
		}
	}
}

// TestAMinuteOfPlaylists follows both playlists part by part through a minute with a
// changed configuration, a takeover, a jump of the sender's clock, and a connection
// that is lost for three seconds; and to the end.
func TestAMinuteOfPlaylists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := segments.NewMemory(0, later)
		s := newServer(t, Config{Store: store, Window: 16 * time.Second, Cut: cmaf.Config{Longest: 2 * time.Second}}, stream.Config{Grace: 4 * time.Second})
		defer s.stop()
		began := time.Now()
		now := func() float64 { return time.Since(began).Seconds() }
		v := &tv{s: s.stream, gop: 50}
		v.connect(t, avcC)
		var done sync.WaitGroup
		checkers := []*hlstest.Checker{hlstest.NewChecker(t, "v.m3u8"), hlstest.NewChecker(t, "a.m3u8")}
		for _, c := range checkers {
			done.Go(func() { follow(t, s, c, now) })
		}
		v.run(16*time.Second, true)
		v.configure(avc2) // 1
		v.run(10*time.Second, true)
		v.connect(t, avc2) // 2
		v.run(10*time.Second, true)
		v.clock = time.Hour // 3
		v.run(10*time.Second, true)
		v.p.Close()
		time.Sleep(3 * time.Second)
		v.connect(t, avcC) // 4
		v.run(12*time.Second, true)
		v.p.Close()
		done.Wait()
		for _, c := range checkers {
			if c.Marks != 4 {
				t.Errorf("%s: %d discontinuities, want 4", c.Name, c.Marks)
			}
			t.Logf("%s: %d playlists, %d deltas, %d files, %d of them asked for after they had gone from the list, %d after they had gone", c.Name, c.Taken, c.Deltas, len(c.URLs), c.Kept, c.Gone)
			if c.Taken < 250 || c.Deltas < 100 || c.Kept < 100 || c.Gone < 5 {
				t.Errorf("%s: that is not much of a test", c.Name)
			}
			if !c.Last.Ended {
				t.Errorf("%s has no end", c.Name)
			}
			// Every part but the first was announced before it came.
			for i, part := range c.Parts[1:] {
				if !slices.Contains(c.Hints, part) && i > 20 {
					t.Errorf("%s: part %s was not hinted", c.Name, part)
				}
			}
		}
		for n, a := range checkers[0].Known {
			if b, ok := checkers[1].Known[n]; ok && (a.Discontinuity != b.Discontinuity || a.Mark != b.Mark) {
				t.Errorf("segment %d: discontinuity %d %v in one playlist, %d %v in the other", n, a.Discontinuity, a.Mark, b.Discontinuity, b.Mark)
			}
		}
		if checkers[0].Last.Constant != checkers[1].Last.Constant {
			t.Errorf("playlists differ in\n%s%s", checkers[0].Last.Constant, checkers[1].Last.Constant)
		}
		time.Sleep(10 * time.Second)
		if s.get("v.m3u8").Code != 200 {
			t.Error("the end is not told for long")
		}
		time.Sleep(time.Minute) // nobody uses the stream: it is forgotten, with its files
		synctest.Wait()
		if code := s.get("v.m3u8").Code; code != 404 {
			t.Errorf("long after the end: %d", code)
		}
		if st := store.Stats(); st.Objects != 1 { // the note of its numbers
			t.Errorf("%d objects are left in the store", st.Objects)
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if st := store.Stats(); st.Objects != 0 {
			t.Errorf("%d objects are left in the store for ever", st.Objects)
		}
	})
}

// follow takes a playlist at every part, in full and as a delta, until it ends.
func follow(t *testing.T, s *server, c *hlstest.Checker, now func() float64) {
	w := s.get(c.Name)
	for {
		if w.Code != 200 {
			t.Errorf("%s at %.1f s: status %d, %s", c.Name, now(), w.Code, w.Body)
			return
		}
		previous := c.Last
		p := c.Take(w.Body.String(), now(), s.fetch)
		if len(previous.Segments) > 0 {
			d := s.get(c.Name + "?_HLS_skip=YES")
			if strings.Contains(d.Body.String(), "EXT-X-SKIP") {
				c.Deltas++
			}
			got := hlstest.Merge(t, previous, hlstest.Parse(t, d.Body.String())) // there may be more by now
			if got.Hint == p.Hint && got.Sequence == p.Sequence && len(got.Segments) == len(p.Segments) && fmt.Sprint(lines(got)) != fmt.Sprint(lines(p)) {
				t.Errorf("%s: the delta makes\n%v\nwant\n%v", c.Name, lines(got), lines(p))
			}
		}
		for _, uri := range c.Unlisted(now(), 3*p.Target) {
			c.Kept++
			if err := s.fetch(uri); err != nil {
				t.Errorf("%s at %.1f s: %s, last listed at %.1f: %v", c.Name, now(), uri, c.URLs[uri], err)
			}
		}
		for _, uri := range c.Unlisted(now(), 16+2+2*p.Target+2) { // the window and a segment more, the segment and as much again
			if err := s.fetch(uri); err == nil {
				t.Errorf("%s at %.1f s: %s, last listed at %.1f, is still there", c.Name, now(), uri, c.URLs[uri])
			}
			c.Gone++
		}
		c.Taken++
		if p.Ended {
			return
		}
		w = s.get(c.Name + p.Next())
	}
}

// lines is what must be equal of two playlists.
func lines(p hlstest.Playlist) (all []string) {
	for _, g := range p.Segments {
		all = append(all, fmt.Sprint(g.Sequence, g.Discontinuity, g.URI, g.Duration, g.Init, g.Gap, g.Mark))
	}
	return append(all, fmt.Sprint(p.Open, p.Hint, p.Ended))
}

func TestSequenceNeverFalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		highest := uint64(0)
		for range 5 { // a server after the other
			s := newServer(t, Config{}, stream.Config{Grace: time.Second})
			v := &tv{s: s.stream, gop: 25}
			for range 3 { // a presentation after the other
				v.connect(t, avcC)
				for range 10 { // reconnects, as fast as they can
					v.run(600*ms, true)
					v.connect(t, avcC)
				}
				v.p.Close()
				time.Sleep(2 * time.Second)
				synctest.Wait()
				p := hlstest.Parse(t, s.get("v.m3u8").Body.String())
				if !p.Ended || p.Sequence <= highest {
					t.Errorf("ended %v, first %d after %d", p.Ended, p.Sequence, highest)
				}
				highest = p.Sequence + uint64(len(p.Segments)) - 1
			}
			s.stop()
		}
	})
}

func TestHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Config{}, stream.Config{})
		defer s.stop()
		v := &tv{s: s.stream, gop: 50}
		if code := s.get("index.m3u8").Code; code != 404 {
			t.Errorf("before anybody publishes: %d", code)
		}
		v.connect(t, avcC)
		go v.run(7100*ms, true)
		w := s.get("index.m3u8") // waits for the first
		want := "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"Sound\",DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"2\",URI=\"a.m3u8\"\n" +
			"#EXT-X-STREAM-INF:BANDWIDTH=4160000,AVERAGE-BANDWIDTH=2628000,CODECS=\"avc1.64000a,mp4a.40.2\",RESOLUTION=64x64,FRAME-RATE=25.000,AUDIO=\"audio\"\nv.m3u8\n"
		if !strings.Contains(w.Body.String(), "CODECS=\"avc1.64000a,mp4a.40.2\"") || w.Code != 200 {
			t.Errorf("%d %s, want\n%s", w.Code, w.Body, want)
		}
		time.Sleep(7 * time.Second)
		synctest.Wait()
		p := hlstest.Parse(t, s.get("v.m3u8").Body.String())
		open := p.Sequence + uint64(len(p.Segments))
		first := p.Segments[0]
		for _, c := range []struct {
			name, path string
			want       int
		}{
			{"what is there", fmt.Sprintf("v.m3u8?_HLS_msn=%d&_HLS_part=0", open), 200},
			{"an old segment", fmt.Sprintf("v.m3u8?_HLS_msn=%d", first.Sequence), 200},
			{"long ago", "v.m3u8?_HLS_msn=0&_HLS_part=3", 200},
			{"a part without a segment", "v.m3u8?_HLS_part=0", 400},
			{"too far ahead", fmt.Sprintf("v.m3u8?_HLS_msn=%d", open+2), 400},
			{"far too far", "v.m3u8?_HLS_msn=9223372036854775807", 400},
			{"overflow", "v.m3u8?_HLS_msn=18446744073709551616", 400},
			{"negative", "v.m3u8?_HLS_msn=-1", 400},
			{"not a number", "v.m3u8?_HLS_msn=1e3", 400},
			{"empty", "v.m3u8?_HLS_msn=", 400},
			{"twice", "v.m3u8?_HLS_msn=1&_HLS_msn=2", 400},
			{"negative part", fmt.Sprintf("v.m3u8?_HLS_msn=%d&_HLS_part=-1", open), 400},
			{"part beyond the limit", fmt.Sprintf("v.m3u8?_HLS_msn=%d&_HLS_part=100", open), 400},
			{"segment", first.URI, 200},
			{"init", first.Init, 200},
			{"part", p.Segments[len(p.Segments)-1].Parts[0].URI, 200},
			{"part after the hint", strings.Replace(p.Hint, ".m4s", "0.m4s", 1), 404},
			{"segment to come", fmt.Sprintf("v%d.m4s", open), 404},
			{"segment never told", "v1.m4s", 404},
			{"up", "../x.m4s", 404}, {"escaped up", "%2e%2e%2fv1.m4s", 404}, {"twice escaped", "%252e%252e%252fv1.m4s", 404},
			{"NUL", "v1%00.m4s", 404}, {"backslash", "..%5cv1.m4s", 404}, {"absolute", "/etc/passwd", 404}, {"leading zero", "v0" + first.URI[1:], 404},
			{"plus", "v+1.m4s", 404}, {"other playlist", "x.m3u8", 404}, {"nothing", "", 404}, {"long", strings.Repeat("v", 5000) + ".m4s", 404},
		} {
			if w := s.get(c.path); w.Code != c.want {
				t.Errorf("%s: %s answered %d, want %d", c.name, c.path, w.Code, c.want)
			} else if w.Header().Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("%s: no CORS", c.name)
			}
		}
		other := httptest.NewRecorder()
		s.handler.ServeHTTP(other, httptest.NewRequest("GET", "/room/2/"+first.URI, nil))
		guess := s.get("v999999999999.m4s")
		if other.Code != 404 || other.Body.String() != guess.Body.String() {
			t.Errorf("another room's segment: %d %s, one that is not: %s", other.Code, other.Body, guess.Body)
		}
		// Nobody writes any more: what blocks is released before players give up.
		began := time.Now()
		if w := s.get(fmt.Sprintf("v.m3u8?_HLS_msn=%d&_HLS_part=%d", open, len(p.Open))); w.Code != 503 || w.Header().Get("Retry-After") == "" {
			t.Errorf("nothing comes: %d", w.Code)
		}
		if d := time.Since(began); d != mostPatience {
			t.Errorf("after %v", d)
		}
		if w := s.get(p.Hint); w.Code != 503 && w.Code != 404 {
			t.Errorf("a hint of what never comes: %d", w.Code)
		}
	})
}

func TestViewers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Config{}, stream.Config{})
		defer s.stop()
		v := &tv{s: s.stream, gop: 50}
		v.connect(t, avcC)
		v.run(4*time.Second, true)
		for i := range 5 {
			s.get(fmt.Sprintf("index.m3u8?token=t%d", i))
			s.get(fmt.Sprintf("v.m3u8?token=t%d", i))
		}
		m, _ := s.origin.Muxer("room/1")
		if n := m.Stats().Viewers; n != 5 {
			t.Errorf("%d viewers", n)
		}
		v.run(10*time.Second, true)
		s.get("v.m3u8?token=t3")
		v.run(4*time.Second, true)
		if n := m.Stats().Viewers; n != 1 {
			t.Errorf("%d viewers are left", n)
		}
	})
}

func TestHintWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Config{}, stream.Config{})
		defer s.stop()
		v := &tv{s: s.stream, gop: 50}
		v.connect(t, avcC)
		v.run(3*time.Second, true)
		synctest.Wait()
		p := hlstest.Parse(t, s.get("v.m3u8").Body.String())
		answer := make(chan *httptest.ResponseRecorder, 2)
		go func() { answer <- s.get(p.Hint) }()
		go func() { answer <- s.get("v.m3u8" + p.Next()) }()
		synctest.Wait()
		if n := s.handler.Waiting(); n != 2 {
			t.Fatalf("%d wait", n)
		}
		v.run(240*ms, true)
		for range 2 {
			if w := <-answer; w.Code != 200 || w.Body.Len() == 0 {
				t.Errorf("%d, %d bytes", w.Code, w.Body.Len())
			}
		}
	})
}

func TestAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Config{}, stream.Config{})
		defer s.stop()
		v := &tv{s: s.stream, gop: 50}
		v.connect(t, avcC)
		v.run(5*time.Second, true)
		synctest.Wait()
		plain := s.get("v.m3u8")
		zipped := s.get("v.m3u8", "Accept-Encoding", "br, gzip;q=0.5")
		z, err := gzip.NewReader(zipped.Body)
		if err != nil || zipped.Header().Get("Content-Encoding") != "gzip" {
			t.Fatalf("%v %v", err, zipped.Header())
		}
		if b, err := io.ReadAll(z); err != nil || !bytes.Equal(b, plain.Body.Bytes()) {
			t.Errorf("unzipped differs: %v", err)
		}
		if w := s.get("v.m3u8", "Accept-Encoding", "gzip;q=0"); w.Header().Get("Content-Encoding") != "" {
			t.Error("gzip for one who does not want it")
		}
		if w := s.get("v.m3u8", "If-None-Match", plain.Header().Get("ETag")); w.Code != 304 {
			t.Errorf("unchanged playlist: %d", w.Code)
		}
		if plain.Header().Get("Cache-Control") != "private, no-cache" || plain.Header().Get("Content-Type") != "application/vnd.apple.mpegurl" {
			t.Errorf("%v", plain.Header())
		}
		// A token is behind every URI.
		for _, name := range []string{"index.m3u8", "v.m3u8", "a.m3u8"} {
			w := s.get(name+"?token=a.b-c%25", "Accept-Encoding", "gzip")
			for line := range strings.Lines(w.Body.String()) {
				uri := strings.Contains(line, "URI=") || !strings.HasPrefix(line, "#")
				if uri != strings.Contains(line, "?token=a.b-c%") {
					t.Errorf("%s: %s", name, line)
				}
			}
		}
		if w := s.get("v.m3u8?token=%22%0a"); w.Code != 400 {
			t.Errorf("a token that breaks a playlist: %d", w.Code)
		}
		p := hlstest.Parse(t, plain.Body.String())
		uri := p.Segments[0].URI
		seg := s.get(uri)
		if h := seg.Header(); h.Get("Cache-Control") != "private, max-age=31536000, immutable" || h.Get("Content-Type") != "video/mp4" {
			t.Errorf("%v", h)
		}
		if w := s.get(uri, "If-None-Match", seg.Header().Get("ETag")); w.Code != 304 {
			t.Errorf("unchanged segment: %d", w.Code)
		}
		if w := s.get(uri, "Range", "bytes=4-7"); w.Code != 206 || w.Body.String() != "moof" {
			t.Errorf("range: %d %q", w.Code, w.Body)
		}
		// A segment is its parts, one behind the other.
		var parts []byte
		for _, part := range p.Segments[0].Parts {
			parts = append(parts, s.get(part.URI).Body.Bytes()...)
		}
		if !bytes.Equal(parts, seg.Body.Bytes()) {
			t.Error("a segment is not its parts")
		}
		for _, c := range []struct {
			method string
			want   int
		}{{"OPTIONS", 204}, {"POST", 405}, {"HEAD", 200}, {"DELETE", 405}} {
			w := httptest.NewRecorder()
			s.handler.ServeHTTP(w, httptest.NewRequest(c.method, "/room/1/v.m3u8", nil))
			if w.Code != c.want || w.Code == 200 && w.Body.Len() > 0 {
				t.Errorf("%s: %d, %d bytes", c.method, w.Code, w.Body.Len())
			}
		}
	})
}

func TestPlaylistsAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Config{}, stream.Config{})
		defer s.stop()
		s.handler = NewHandler(HandlerConfig{Lookup: s.origin.Muxer, PlaylistRate: 20})
		v := &tv{s: s.stream, gop: 50}
		v.connect(t, avcC)
		v.run(3*time.Second, true)
		ok, limited := 0, 0
		for range 5000 { // a thousand a second
			switch s.get("v.m3u8").Code {
			case 200:
				ok++
			case 429:
				limited++
			}
			time.Sleep(ms)
		}
		if ok < 100 || ok > 145 || ok+limited != 5000 {
			t.Errorf("%d served, %d limited", ok, limited)
		}
	})
}

// brokenStore takes nothing.
type brokenStore struct{ segments.Store }

func (brokenStore) Put(context.Context, segments.Key, segments.Blob) error {
	return errors.New("the disk is full")
}

func TestBrokenStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Config{Store: brokenStore{segments.NewMemory(0, nil)}, Window: 60 * time.Second}, stream.Config{})
		defer s.stop()
		v := &tv{s: s.stream, gop: 50}
		v.connect(t, avcC)
		v.run(50*time.Second, true)
		synctest.Wait()
		p := hlstest.Parse(t, s.get("v.m3u8").Body.String())
		if len(p.Segments) < 20 {
			t.Errorf("%d segments", len(p.Segments))
		}
		for _, g := range p.Segments {
			if err := s.fetch(g.URI); err != nil {
				t.Errorf("%s: %v", g.URI, err)
			}
		}
	})
}

// TestLongWindow keeps segments in files, and their bytes not in memory.
func TestLongWindow(t *testing.T) {
	files := must(segments.OpenFile(t.TempDir()))
	defer files.Close()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Config{Store: files, Window: 10 * time.Minute}, stream.Config{})
		defer s.stop()
		v := &tv{s: s.stream, gop: 50, size: 1000}
		v.connect(t, avcC)
		v.run(5*time.Minute, true)
		synctest.Wait()
		text := s.get("v.m3u8").Body.String()
		p := hlstest.Parse(t, text)
		if n := len(p.Segments); n < 145 {
			t.Errorf("%d segments listed", n)
		}
		for _, g := range p.Segments {
			if err := s.fetch(g.URI); err != nil {
				t.Fatalf("%s: %v", g.URI, err)
			}
		}
		m, _ := s.origin.Muxer("room/1")
		if st := m.Stats(); st.Bytes > 3<<20 || st.StoreFailure != 0 {
			t.Errorf("%d bytes in memory, %d failures", st.Bytes, st.StoreFailure)
		}
		delta := s.get("v.m3u8?_HLS_skip=YES").Body.Len()
		if delta > len(text)/3 {
			t.Errorf("delta of %d bytes, whole %d", delta, len(text))
		}
	})
}

func TestDecide(t *testing.T) {
	p := position{open: 100, parts: 3, lastParts: 5}
	r := func(sequence uint64, part int) reload { return reload{waits: true, sequence: sequence, part: part} }
	for _, c := range []struct {
		name string
		r    reload
		p    position
		want answer
	}{
		{"no directives", reload{}, p, serve},
		{"a part there is", r(100, 2), p, serve},
		{"the next part", r(100, 3), p, wait},
		{"a few parts ahead", r(100, 10), p, wait},
		{"the Advance Part Limit", r(100, 18), p, refuse},
		{"the segment without a part: its first", r(100, 0), p, serve},
		{"the next segment", r(101, 0), p, wait},
		{"the one after that", r(102, 0), p, refuse},
		{"a part behind the last of a complete one is the first of the next", r(99, 5), p, serve},
		{"and is waited for", r(99, 7), position{open: 100, parts: 0, lastParts: 5}, wait},
		{"an old segment, any part", r(98, 400), p, serve},
		{"after the end", r(500, 0), position{open: 100, ended: true}, serve},
		{"the first of all", r(100, 0), position{open: 100}, wait},
	} {
		if got := decide(c.r, c.p, 200*ms); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func FuzzRequest(f *testing.F) {
	s := newServer(f, Config{}, stream.Config{})
	f.Cleanup(s.stop)
	v := &tv{s: s.stream, gop: 50}
	v.connect(f, avcC)
	v.run(5*time.Second, false)
	s.handler.config.MaxWaiting = -1 // nobody waits
	for _, seed := range []string{"index.m3u8", "v.m3u8?_HLS_msn=1&_HLS_part=2&_HLS_skip=YES", "v1-2.m4s", "ia0123456789abcdef.mp4", "a5.m4s"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, target string) {
		path, query, _ := strings.Cut(target, "?")
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.Path, r.URL.RawQuery = "/room/1/"+path, query
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		if w.Code == 500 {
			t.Errorf("%q: %d", target, w.Code)
		}
		if file := parseFile(path); file.what == partFile && file.prefix+fmt.Sprint(file.part)+".m4s" != path {
			t.Errorf("%q read as %+v", path, file)
		}
	})
}
