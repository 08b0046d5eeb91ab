package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"synctv/mediad/hls/hlstest"
)

// readers are two readers of playlists that others wrote, in one process of node.
type readers struct {
	t    *testing.T
	mu   sync.Mutex // one question at a time
	in   *json.Encoder
	out  *bufio.Scanner
	id   int
	asks int
}

type readerAnswer struct {
	ID       int
	Problems []string
	Readers  []struct {
		Name                                                  string
		Sequence, Discontinuity, Segments, Marks, Parts, Last uint64
		Target, Seconds                                       float64
		Ended                                                 bool
		Playlists                                             int
		Codecs                                                string
	}
}

// openReaders starts them; they end with the test.
func openReaders(t *testing.T) *readers {
	t.Helper()
	packages, err := filepath.Abs("../web/package.json")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("../web/node_modules/hls-parser"); err != nil {
		if os.Getenv("SYNCTV_TEST_REQUIRE") != "" {
			t.Fatal("the web client's packages are not installed: npm ci in web/")
		}
		t.Skip("the web client's packages are not installed")
	}
	cmd := exec.Command("node", "testdata/readers.mjs", packages)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { in.Close(); cmd.Wait() })
	r := &readers{t: t, in: json.NewEncoder(in), out: bufio.NewScanner(out)}
	r.out.Buffer(nil, 4<<20)
	return r
}

// ask has both read a playlist.
func (r *readers) ask(text string) (a readerAnswer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.id++
	r.asks++
	if err := r.in.Encode(map[string]any{"id": r.id, "text": text}); err != nil || !r.out.Scan() {
		r.t.Errorf("the readers do not answer: %v %v", err, r.out.Err())
		return a
	}
	if err := json.Unmarshal(r.out.Bytes(), &a); err != nil || a.ID != r.id || len(a.Readers) != 2 {
		r.t.Errorf("the readers answer %s: %v", r.out.Bytes(), err)
	}
	return a
}

// check holds what they find in a media playlist to what our own reader finds.
func (r *readers) check(name, text string, p hlstest.Playlist) {
	a := r.ask(text)
	for _, problem := range a.Problems {
		r.t.Errorf("%s: %s in\n%s", name, problem, text)
	}
	var marks, parts, last uint64
	seconds := 0.0
	for _, g := range p.Segments {
		if g.Mark {
			marks++
		}
		parts += uint64(len(g.Parts))
		seconds += g.Duration
		last = g.Discontinuity
	}
	parts += uint64(len(p.Open))
	for _, got := range a.Readers {
		if got.Sequence != p.Sequence || got.Discontinuity != p.Discontinuities || got.Segments != uint64(len(p.Segments)) || got.Marks != marks || got.Parts != parts ||
			got.Target != p.Target || math.Abs(got.Seconds-seconds) > 1e-3 || got.Ended != p.Ended || got.Last != last {
			r.t.Errorf("%s: %+v, but we: sequence %d, discontinuity %d to %d, %d segments with %d marks and %d parts, %v s\n%s", name, got, p.Sequence, p.Discontinuities, last,
				len(p.Segments), marks, parts, seconds, text)
		}
	}
}

// ffprobeReads has ffprobe read a playlist as it was at one moment: the media behind it is asked for at base.
func ffprobeReads(t *testing.T, base, text string) error {
	t.Helper()
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.Replace(line, `URI="`, `URI="`+base, 1)
		if !strings.HasPrefix(line, "#") {
			line = base + line
		}
		b.WriteString(line)
	}
	if !strings.Contains(text, "#EXT-X-ENDLIST") {
		b.WriteString("#EXT-X-ENDLIST\n") // or it waits for more
	}
	file := filepath.Join(t.TempDir(), "snapshot.m3u8")
	if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
		return err
	}
	out, err := command(t, 30*time.Second, "ffprobe", "-v", "warning", "-protocol_whitelist", "file,http,tcp", "-show_entries", "stream=codec_type,width:format=duration", "-of", "json", file)
	if err != nil {
		return err
	}
	var probed struct {
		Streams []struct {
			Type string `json:"codec_type"`
		}
		Format struct{ Duration string }
	}
	if err := json.Unmarshal([]byte(out), &probed); err != nil || len(probed.Streams) != 1 || probed.Format.Duration == "" {
		return fmt.Errorf("ffprobe finds %s, %w", out, err)
	}
	return nil
}
