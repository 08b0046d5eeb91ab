package proxy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestManyReaders: 64 readers of one link at once, each with ranges of its own, get exactly their bytes.
func TestManyReaders(t *testing.T) {
	content := pattern(3 << 20)
	// A place comes free a moment after the last byte is read, so a reader may hold two for that moment.
	b := newBed(t, Config{MaxPerUser: 2 * 64}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "video/mp4")
		http.ServeContent(w, r, "", goldenTime, bytes.NewReader(content))
	})
	link := b.link("/film.mp4")
	var wg sync.WaitGroup
	for reader := range 64 {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(reader), 1))
			for range 8 {
				first := rnd.IntN(len(content))
				last := min(first+rnd.IntN(1<<18), len(content)-1)
				a := b.do("GET", link, "Range", fmt.Sprintf("bytes=%d-%d", first, last))
				if a.status != http.StatusPartialContent || a.err != nil || a.body != string(content[first:last+1]) {
					t.Errorf("bytes %d-%d: status %d, %d bytes, %v", first, last, a.status, len(a.body), a.err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.idle()
	if s := b.proxy.Stats(); s.Cut != 0 || s.Failed != 0 || s.Requests != 64*8 {
		t.Errorf("%+v", s)
	}
}

// TestPlayedByFFmpeg lets a player nobody here wrote follow the links, where one is installed: a file with its index at the end
// (which needs ranges), a playlist with a main playlist and an encryption key.
func TestPlayedByFFmpeg(t *testing.T) {
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("ffmpeg is not installed")
	}
	dir := t.TempDir()
	source := strings.Fields("-f lavfi -i testsrc2=s=160x90:r=10:d=4 -f lavfi -i sine=d=4 -shortest -c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 10 -c:a aac")
	run := func(args ...string) error {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		cmd := exec.CommandContext(ctx, ffmpeg, append([]string{"-hide_banner", "-loglevel", "error", "-y"}, args...)...)
		cmd.Dir = dir // ffmpeg leaves the key in its working directory
		out, err := cmd.CombinedOutput()
		if err != nil || len(out) > 0 {
			return errors.Join(err, errors.New(string(out)))
		}
		return nil
	}
	hls := append(source[:len(source):len(source)], "-f", "hls", "-hls_time", "1", "-hls_playlist_type", "vod", "-hls_enc", "1", "-hls_enc_key", "0123456789abcdef",
		"-hls_enc_key_url", "media.key", "-master_pl_name", "main.m3u8", "-hls_segment_filename", filepath.Join(dir, "seg%d.ts"), filepath.Join(dir, "media.m3u8"))
	for _, args := range [][]string{append(source[:len(source):len(source)], filepath.Join(dir, "film.mp4")), hls} {
		if err := run(args...); err != nil {
			t.Skipf("this ffmpeg cannot make the files: %v", err)
		}
	}
	files := http.FileServer(http.Dir(dir))
	asked := map[string]bool{}
	var mu sync.Mutex
	b := newBed(t, Config{}, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked[r.URL.Path] = true
		mu.Unlock()
		if r.URL.Path == "/media.key" {
			_, _ = w.Write([]byte("0123456789abcdef"))
			return
		}
		files.ServeHTTP(w, r)
	})
	for _, path := range []string{"/film.mp4", "/main.m3u8"} {
		if err := run("-xerror", "-i", b.link(path), "-f", "null", "-"); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	for _, path := range []string{"/film.mp4", "/main.m3u8", "/media.m3u8", "/media.key", "/seg0.ts", "/seg3.ts"} {
		if !asked[path] {
			t.Errorf("the player never came to %s", path)
		}
	}
}
