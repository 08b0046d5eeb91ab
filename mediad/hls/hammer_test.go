package hls

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"synctv/mediad/hls/hlstest"
	"synctv/mediad/stream"
)

// TestHammer has 60 players that follow a stream which runs much faster than time, and
// whose publishers come and go: what is listed is there.
func TestHammer(t *testing.T) {
	s := newServer(t, Config{}, stream.Config{})
	defer s.stop()
	v := &tv{s: s.stream, gop: 50, size: 500}
	v.connect(t, avcC)
	v.run(10*time.Second, false)
	var players sync.WaitGroup
	var playlists, files atomic.Int64
	var over atomic.Bool
	for i := range 60 {
		players.Go(func() {
			name := []string{"v.m3u8", "a.m3u8"}[i%2]
			for !over.Load() {
				w := s.get(name, "Accept-Encoding", []string{"", "gzip"}[i/2%2])
				if w.Code != 200 {
					t.Errorf("%s: %d", name, w.Code)
					return
				}
				playlists.Add(1)
				if w.Header().Get("Content-Encoding") != "" {
					continue
				}
				p := hlstest.Parse(t, w.Body.String())
				if len(p.Segments) == 0 {
					continue
				}
				for _, uri := range []string{p.Segments[0].URI, p.Segments[len(p.Segments)-1].URI, p.Segments[0].Init, p.Hint} {
					if uri == p.Hint {
						s.get(strings.Replace(uri, "-", "-9", 1)) // what is not there
						continue
					}
					if err := s.fetch(uri); err != nil {
						t.Errorf("%s of %s: %v", uri, name, err)
					}
					files.Add(1)
				}
				s.get(name + p.Next())
			}
		})
	}
	for i := range 40 {
		if i%10 == 9 {
			v.connect(t, [][]byte{avcC, avc2}[i/10%2])
		}
		v.run(2*time.Second, false)
		time.Sleep(20 * ms)
	}
	over.Store(true)
	for range 20 { // release those that wait
		v.run(time.Second, false)
		time.Sleep(5 * ms)
	}
	players.Wait()
	t.Logf("%d playlists, %d files", playlists.Load(), files.Load())
}
