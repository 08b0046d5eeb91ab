package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"synctv/internal/peertest"
	"synctv/mediad/hls/hlstest"
)

// TestNumbersRiseOverARestart: the server is killed in the middle of a stream, with everything that was in its memory, and
// the encoder comes back: no number of a playlist is lower than one that was told before.
func TestNumbersRiseOverARestart(t *testing.T) {
	t.Parallel()
	s := startLive(t)
	made := s.stream("VISIBILITY_UNLISTED")
	address := func() string { return s.URL + "/live/" + made.Stream.ID + "/v.m3u8" }
	last, disc := uint64(0), uint64(0)
	for life := range 3 {
		if life > 0 {
			s.kill()
			s.start()
		}
		for range 3 { // more discontinuities than the hours that pass
			e := s.encode(s.rtmp + "/" + made.Key.Secret)
			eventually(t, 20*time.Second, func() error {
				status, text := get(t, address())
				if status != http.StatusOK {
					return fmt.Errorf("%d %s", status, text)
				}
				p := hlstest.Parse(t, text)
				if n := len(p.Segments); n < 2 || p.Segments[n-1].Sequence < last+2 {
					return fmt.Errorf("%d segments, first %d", n, p.Sequence)
				}
				if life > 0 && last > 0 && p.Segments[0].Discontinuity < disc && p.Sequence > last {
					t.Errorf("life %d: discontinuity %d after %d", life, p.Segments[0].Discontinuity, disc)
				}
				if first := p.Sequence; life > 0 && first < last && !known(p, last) {
					t.Errorf("life %d: sequence %d after %d", life, first, last)
				}
				end := p.Segments[len(p.Segments)-1]
				last, disc = end.Sequence, end.Discontinuity
				return nil
			})
			e.kill()
		}
	}
	t.Logf("the last segment is %d, discontinuity %d", last, disc)
}

func known(p hlstest.Playlist, sequence uint64) bool {
	return len(p.Segments) > 0 && p.Segments[len(p.Segments)-1].Sequence >= sequence
}

// TestSegmentsInFiles are where the operator wants them, and go when nobody needs them.
func TestSegmentsInFiles(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "segments")
	s := startLive(t, "SYNCTV_LIVESTREAM_STORE=file", "SYNCTV_LIVESTREAM_STORE_DIR="+dir)
	made := s.stream("VISIBILITY_UNLISTED")
	e := s.onAir(made)
	count := func() (n int) {
		filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
			if err == nil && strings.HasSuffix(path, ".m4s") {
				n++
			}
			return nil
		})
		return n
	}
	eventually(t, 20*time.Second, func() error {
		if n := count(); n < 6 {
			return fmt.Errorf("%d files", n)
		}
		return nil
	})
	e.quit()
	s.term()
	if n := count(); n != 0 {
		t.Errorf("%d files are left behind", n)
	}
}

// TestObjectStores: one that refuses is said when the server starts, one that is away is not waited for, and one that dies
// while a stream is watched is not noticed by those who watch.
func TestObjectStores(t *testing.T) {
	t.Parallel()
	peer := peertest.NewS3Server(t)
	b := peer.Bucket()
	settings := func(more ...string) []string {
		return append([]string{"SYNCTV_LIVESTREAM_STORE=s3", "SYNCTV_LIVESTREAM_S3_ENDPOINT=" + b.Endpoint, "SYNCTV_LIVESTREAM_S3_BUCKET=" + b.Bucket,
			"SYNCTV_LIVESTREAM_S3_ACCESS_KEY=" + b.Access, "SYNCTV_LIVESTREAM_S3_SECRET_KEY=" + b.Secret}, more...)
	}
	for _, c := range []struct {
		name, setting, want string
	}{
		{"a wrong secret", "SYNCTV_LIVESTREAM_S3_SECRET_KEY=not-the-secret", "SignatureDoesNotMatch"},
		{"a wrong key", "SYNCTV_LIVESTREAM_S3_ACCESS_KEY=nobody", "InvalidAccessKeyId"},
		{"another bucket", "SYNCTV_LIVESTREAM_S3_BUCKET=other", "NoSuchBucket"},
	} {
		got := runCommand(t, settings(c.setting, "SYNCTV_SERVER_PORT=0", "SYNCTV_DATA_DIR="+t.TempDir()))
		if got.code != 1 || !strings.Contains(got.stderr, "does not take segments") || !strings.Contains(got.stderr, "SYNCTV_LIVESTREAM_S3_BUCKET") {
			t.Errorf("%s: %d %s", c.name, got.code, got.stderr)
		}
		if strings.Contains(got.stderr, b.Secret) || strings.Contains(got.stderr, "not-the-secret") {
			t.Errorf("%s: the secret is told: %s", c.name, got.stderr)
		}
	}

	peer.Stop(t) // away when the server starts
	port := freePort(t)
	s := startLive(t, settings("SYNCTV_METRICS_PORT="+port, "SYNCTV_LIVESTREAM_HLS_TARGET_DURATION=1s", "SYNCTV_LIVESTREAM_HLS_DVR_WINDOW=15s")...)
	if !strings.Contains(s.logs.String(), "does not answer yet") {
		t.Errorf("nothing is said of a store that is away:\n%s", s.logs)
	}
	peer.Start(t)
	made := s.stream("VISIBILITY_UNLISTED")
	s.onAir(made)
	base := s.URL + "/live/" + made.Stream.ID + "/"
	check := hlstest.NewChecker(t, "v.m3u8")
	fetch := func(uri string) error {
		if status, body := get(t, base+uri); status != http.StatusOK || body == "" {
			return fmt.Errorf("status %d", status)
		}
		return nil
	}
	const young = 8 // segments, of a second each, are in our memory whatever becomes of the store
	began := time.Now()
	watch := func(long time.Duration) (p hlstest.Playlist) {
		for end := time.Now().Add(long); time.Now().Before(end); time.Sleep(500 * time.Millisecond) {
			_, text := get(t, base+"v.m3u8")
			now := time.Since(began).Seconds()
			p = check.Take(text, now, fetch)
			for _, g := range p.Segments[max(0, len(p.Segments)-young):] {
				if err := fetch(g.URI); err != nil {
					t.Errorf("at %.1f s: %s is listed: %v", now, g.URI, err)
				}
			}
		}
		return p
	}
	watch(10 * time.Second)
	peer.Pause(t)
	watch(4 * time.Second)
	peer.Stop(t)
	watch(4 * time.Second)
	peer.Start(t)
	p := watch(6 * time.Second)
	if len(p.Segments) < 10 {
		t.Errorf("%d segments are listed", len(p.Segments))
	}
	for _, g := range p.Segments { // the store has all, or we do
		if err := fetch(g.URI); err != nil {
			t.Errorf("%s is listed: %v", g.URI, err)
		}
	}
	m := metrics(t, port)
	t.Logf("errors: put %v, get %v, delete %v, not tried %v; %v parts, %.0f ms on average", m[`synctv_live_store_errors_total{operation="put"}`], m[`synctv_live_store_errors_total{operation="get"}`],
		m[`synctv_live_store_errors_total{operation="delete"}`], m[`synctv_live_store_errors_total{operation="too_slow"}`], m["synctv_live_part_latency_seconds_count"],
		1000*m["synctv_live_part_latency_seconds_sum"]/m["synctv_live_part_latency_seconds_count"])
	if m[`synctv_live_store_errors_total{operation="put"}`] == 0 || m["synctv_live_part_latency_seconds_count"] < 50 {
		t.Errorf("%v", m)
	}
}

// metrics reads what a scraper would.
func metrics(t *testing.T, port string) map[string]float64 {
	t.Helper()
	status, text := get(t, "http://127.0.0.1:"+port+"/metrics")
	if status != http.StatusOK {
		t.Fatal(status, text)
	}
	all := map[string]float64{}
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if f, err := strconv.ParseFloat(value, 64); err == nil && name != "#" {
			all[name] = f
		}
	}
	return all
}

// TestHookHearsOfSegments in SRS's shape, and the addresses in it are true.
func TestHookHearsOfSegments(t *testing.T) {
	t.Parallel()
	type note struct {
		Action, File, URL, M3U8, Stream string
		ClientID                        string `json:"client_id"`
		IP                              string
		Duration                        float64
		SeqNo                           uint64 `json:"seq_no"`
	}
	var mu sync.Mutex
	var notes []note
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var n note
		if err := json.NewDecoder(r.Body).Decode(&n); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		notes = append(notes, n)
		io.WriteString(w, "0")
	}))
	defer hook.Close()
	s := startLive(t, "SYNCTV_LIVESTREAM_HOOKS_URL="+hook.URL, "SYNCTV_LIVESTREAM_HOOKS_SECRET=0123456789abcdef")
	made := s.stream("VISIBILITY_UNLISTED")
	s.onAir(made)
	eventually(t, 20*time.Second, func() error {
		mu.Lock()
		defer mu.Unlock()
		n, publisher := 0, ""
		for _, one := range notes {
			switch one.Action {
			case "on_publish":
				publisher = one.ClientID
			case "on_hls":
				n++
				if one.Stream != made.Stream.ID || one.ClientID != publisher || one.IP != "127.0.0.1" || one.Duration < 0.5 || one.SeqNo == 0 || one.File == "" {
					t.Errorf("%+v by %q", one, publisher)
				}
			}
		}
		if n < 4 {
			return fmt.Errorf("%d segments are told of", n)
		}
		return nil
	})
	mu.Lock()
	heard := slices.Clone(notes)
	mu.Unlock()
	for _, one := range heard {
		if one.Action != "on_hls" {
			continue
		}
		if status, body := get(t, s.URL+one.URL); status != http.StatusOK || body == "" {
			t.Errorf("%s: %d", one.URL, status)
		}
		if status, body := get(t, s.URL+one.M3U8); status != http.StatusOK || !strings.Contains(body, one.URL[strings.LastIndex(one.URL, "/")+1:]) {
			t.Errorf("%s does not list %s: %d", one.M3U8, one.URL, status)
		}
	}
}
