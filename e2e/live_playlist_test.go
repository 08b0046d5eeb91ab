package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"synctv/internal/peertest"
	"synctv/mediad/flv"
	"synctv/mediad/hls/hlstest"
)

// reel is media that ffmpeg has encoded before, so that publishing it costs next to nothing.
type reel struct {
	small, large string // files
	change       string // small for changeAt, then large, in one connection
}

const (
	reelSeconds = 60
	changeAt    = 6 * time.Second
)

func makeReel(t *testing.T) reel {
	t.Helper()
	dir := t.TempDir()
	encode := func(name, size string, hertz int) string {
		file := filepath.Join(dir, name)
		if _, err := command(t, 2*time.Minute, "nice", "ffmpeg", "-v", "error", "-f", "lavfi", "-i", fmt.Sprintf("testsrc=size=%s:rate=25:duration=%d", size, reelSeconds),
			"-f", "lavfi", "-i", fmt.Sprintf("sine=frequency=%d:sample_rate=44100:duration=%d", hertz, reelSeconds), "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency",
			"-pix_fmt", "yuv420p", "-g", "25", "-b:v", "200k", "-c:a", "aac", "-b:a", "64k", file); err != nil {
			t.Fatal(err)
		}
		return file
	}
	r := reel{small: encode("small.flv", "320x180", 440), large: encode("large.flv", "426x240", 660), change: filepath.Join(dir, "change.flv")}
	b := flv.Header(true, true)
	for _, tag := range readFLV(t, r.small) {
		if tag.Timestamp < uint32(changeAt.Milliseconds()) {
			b = appendTag(b, tag, 0)
		}
	}
	for _, tag := range readFLV(t, r.large) {
		if tag.Type != flv.Script {
			b = appendTag(b, tag, changeAt)
		}
	}
	if err := os.WriteFile(r.change, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return r
}

func readFLV(t *testing.T, file string) (tags []flv.Tag) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for r := flv.NewReader(); ; {
		tag, rest, err := r.Feed(b)
		if err != nil {
			t.Fatal(err)
		}
		if b = rest; tag.Type == 0 {
			return tags
		}
		tag.Data = bytes.Clone(tag.Data)
		tags = append(tags, tag)
	}
}

// appendTag writes a tag so much later.
func appendTag(b []byte, tag flv.Tag, later time.Duration) []byte {
	at, size := tag.Timestamp+uint32(later.Milliseconds()), len(tag.Data)
	b = append(b, byte(tag.Type), byte(size>>16), byte(size>>8), byte(size), byte(at>>16), byte(at>>8), byte(at), byte(at>>24), 0, 0, 0)
	b = append(b, tag.Data...)
	size += 11
	return append(b, byte(size>>24), byte(size>>16), byte(size>>8), byte(size))
}

// watcher takes one playlist again and again.
type watcher struct {
	t       *testing.T
	base    string // address of the stream, with a slash at its end
	name    string
	check   *hlstest.Checker
	readers *readers
	asked   map[string]bool // what has gone from the list and was asked for again

	taken, fetched, kept, late, probed int
	slowest                            time.Duration // of a playlist
}

var mediaClient = &http.Client{Timeout: 20 * time.Second}

// fetch gets a file whole.
func (w *watcher) fetch(uri string) error {
	w.fetched++
	resp, err := mediaClient.Get(w.base + uri)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	n, err := io.Copy(io.Discard, resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || n == 0 || resp.ContentLength >= 0 && n != resp.ContentLength {
		return fmt.Errorf("status %d, %d bytes of %d, %v", resp.StatusCode, n, resp.ContentLength, err)
	}
	return nil
}

// run takes it every 200 ms until it has ended, or over is closed.
func (w *watcher) run(over <-chan struct{}) {
	began, ticker := time.Now(), time.NewTicker(200*time.Millisecond)
	defer ticker.Stop()
	var probing sync.WaitGroup
	defer probing.Wait()
	var nextProbe float64
	var probes atomic.Int32
	for {
		asked := time.Now()
		now := asked.Sub(began).Seconds() // it is as old as this at least
		status, text := get(w.t, w.base+w.name)
		w.slowest = max(w.slowest, time.Since(asked))
		if status != http.StatusOK {
			w.t.Errorf("%s at %.1f s: status %d %s", w.name, now, status, text)
			return
		}
		w.taken++
		p := w.check.Take(text, now, w.fetch)
		w.readers.check(w.name, text, p)
		w.askAgain(began, p)
		if now >= nextProbe && len(p.Segments) > 0 && probes.Add(1) == 1 {
			nextProbe = now + 5
			w.probed++
			probing.Go(func() {
				defer probes.Store(0)
				if err := ffprobeReads(w.t, w.base, text); err != nil {
					w.t.Errorf("%s at %.1f s: %v\n%s", w.name, now, err, text)
				}
			})
		} else if now >= nextProbe {
			probes.Add(-1)
		}
		if p.Ended {
			return
		}
		select {
		case <-ticker.C:
		case <-over:
			w.t.Errorf("%s has no end", w.name)
			return
		}
	}
}

// askAgain asks for what was last listed three target durations ago. It may go after four: on a machine that has no time
// the answer can come too late to say anything.
func (w *watcher) askAgain(began time.Time, p hlstest.Playlist) {
	for _, uri := range w.check.Unlisted(time.Since(began).Seconds(), 3*p.Target) {
		if w.asked[uri] {
			continue
		}
		w.asked[uri] = true
		err := w.fetch(uri)
		switch after := time.Since(began).Seconds() - w.check.URLs[uri]; {
		case err == nil:
			w.kept++
		case after > 4*p.Target:
			w.late++
		default:
			w.t.Errorf("%s: %s was listed %.1f s ago: %v", w.name, uri, after, err)
		}
	}
}

// publish has ffmpeg send a file in real time.
func (s *liveServer) publish(made madeStream, file string) *encoder {
	return s.encode(s.rtmp+"/"+made.Key.Secret, "-re", "-i", file, "-c", "copy")
}

// change is something that happens to a publisher.
type change struct {
	name  string
	do    func()
	marks int // discontinuities it makes
}

// TestPlaylistsStayTrue takes the playlists of a stream every 200 ms while its publisher drops, comes back, changes its
// resolution and is taken over, and has each read by three readers that others wrote and one of ours: numbers never fall,
// what is listed is there and stays for three target durations, and there is one discontinuity for each change. Segments
// are in an object store. With SYNCTV_TEST_LONG=1 it takes ten minutes.
func TestPlaylistsStayTrue(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	t.Parallel()
	rounds := 1
	if os.Getenv("SYNCTV_TEST_LONG") != "" {
		rounds = 16
	}
	b := peertest.S3(t)
	s := startLive(t, "SYNCTV_LIVESTREAM_STORE=s3", "SYNCTV_LIVESTREAM_S3_ENDPOINT="+b.Endpoint, "SYNCTV_LIVESTREAM_S3_BUCKET="+b.Bucket,
		"SYNCTV_LIVESTREAM_S3_ACCESS_KEY="+b.Access, "SYNCTV_LIVESTREAM_S3_SECRET_KEY="+b.Secret, "SYNCTV_LIVESTREAM_S3_PREFIX=e2e/"+strings.Trim(peertest.Prefix(t), ":"),
		"SYNCTV_METRICS_PORT="+freePort(t))
	films, read := makeReel(t), openReaders(t)
	made := s.stream("VISIBILITY_UNLISTED")
	base := s.URL + "/live/" + made.Stream.ID + "/"
	now := s.publish(made, films.small)
	s.waitLive(made)
	eventually(t, 10*time.Second, func() error {
		if status, text := get(t, base+"a.m3u8"); status != 200 {
			return fmt.Errorf("%d %s", status, text)
		}
		return nil
	})
	over := make(chan struct{})
	watchers := []*watcher{}
	var watching sync.WaitGroup
	for _, name := range []string{"v.m3u8", "a.m3u8"} {
		w := &watcher{t: t, base: base, name: name, check: hlstest.NewChecker(t, name), readers: read, asked: map[string]bool{}}
		watchers = append(watchers, w)
		watching.Go(func() { w.run(over) })
	}
	takeOver := func(file string) {
		before := now
		now = s.publish(made, file)
		select {
		case <-before.done:
		case <-time.After(15 * time.Second):
			t.Error("two publish at once")
		}
	}
	comeBack := func(file string) {
		now.kill()
		time.Sleep(2500 * time.Millisecond)
		now = s.publish(made, file)
	}
	want, began := 0, time.Now()
	for range rounds {
		for _, c := range []change{
			{"it drops, and comes back", func() { comeBack(films.small) }, 1},
			{"it is taken over, and the other changes its resolution", func() { takeOver(films.change); time.Sleep(changeAt) }, 2},
			{"it drops, and comes back with another resolution", func() { comeBack(films.small) }, 1},
			{"it is taken over by one with another resolution", func() { takeOver(films.large) }, 1},
		} {
			c.do()
			want += c.marks
			time.Sleep(7 * time.Second)
			if now.ended.Load() {
				t.Fatalf("%s: the encoder has ended:\n%s", c.name, now.stderr)
			}
		}
	}
	took := time.Since(began)
	now.quit()
	time.AfterFunc(20*time.Second, func() { close(over) })
	watching.Wait()
	for _, w := range watchers {
		t.Logf("%s: %v, %d playlists (slowest %v), %d by ffprobe, %d files of which %d were there three target durations after they had gone from the list (%d were asked for too late); %d discontinuities",
			w.name, took.Round(time.Second), w.taken, w.slowest.Round(time.Millisecond), w.probed, w.fetched, w.kept, w.late, w.check.Marks)
		if w.check.Marks != want {
			t.Errorf("%s: %d discontinuities for %d changes", w.name, w.check.Marks, want)
		}
		if per := took.Seconds() / float64(w.taken); per > 0.5 || w.kept < 50*rounds || w.probed < int(took.Seconds()/10) {
			t.Errorf("%s: that is not much of a test: one in %.2f s", w.name, per)
		}
	}
	for n, v := range watchers[0].check.Known {
		if a, ok := watchers[1].check.Known[n]; ok && (a.Discontinuity != v.Discontinuity || a.Mark != v.Mark) {
			t.Errorf("segment %d: discontinuity %d %v in one playlist, %d %v in the other", n, v.Discontinuity, v.Mark, a.Discontinuity, a.Mark)
		}
	}
	if strings.Contains(s.logs.String(), "could not be") {
		t.Errorf("the store:\n%s", s.logs)
	}
}
