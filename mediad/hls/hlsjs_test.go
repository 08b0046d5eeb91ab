package hls

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"synctv/mediad/cmaf/cmaftest"
	"synctv/mediad/stream"
)

// TestHLSJSPlays has hls.js in Chromium play a stream that is published in real time,
// whose publisher is replaced in the middle: nothing stops, and it stays near the
// present. It runs where the web client's packages are installed.
func TestHLSJSPlays(t *testing.T) {
	if testing.Short() {
		t.Skip("takes fifteen seconds")
	}
	packages, err := filepath.Abs("../../web/package.json")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("../../web/node_modules/hls.js"); err != nil {
		if os.Getenv("SYNCTV_TEST_REQUIRE") != "" {
			t.Fatal("the web client's packages are not installed: npm ci in web/")
		}
		t.Skip("the web client's packages are not installed")
	}
	node, chromium := cmaftest.Tool(t, "node"), cmaftest.Tool(t, "chromium")
	m := cmaftest.Encode(t, "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=20", "-f", "lavfi", "-i", "sine=frequency=440:duration=20:sample_rate=48000",
		"-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-g", "50", "-pix_fmt", "yuv420p", "-c:a", "aac", "-ac", "2")
	s := newServer(t, Config{}, stream.Config{})
	defer s.stop()
	mux := http.NewServeMux()
	mux.Handle("/live/", http.StripPrefix("/live", s.handler))
	mux.HandleFunc("/player", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<!doctype html><video muted playsinline></video>")
	})
	server := httptest.NewServer(mux)
	defer server.Close()

	stop, published := make(chan struct{}), make(chan struct{})
	defer func() { close(stop); <-published }()
	go func() {
		defer close(published)
		for range 2 {
			p, err := s.stream.Publish(stream.Offer{})
			if err != nil {
				t.Error(err)
				return
			}
			began := time.Now()
			for _, pkt := range m.Packets {
				if pkt.DTS > 10*time.Second {
					break
				}
				select {
				case <-time.After(time.Until(began.Add(pkt.DTS))):
				case <-stop:
					return
				}
				if err := p.Write(pkt); err != nil {
					t.Error(err)
				}
			}
		}
	}()
	time.Sleep(3 * time.Second)
	out, err := exec.Command(node, "testdata/hlsjs.mjs", packages, chromium, server.URL, "/live/room/1/index.m3u8", "12").Output()
	if err != nil {
		exit := new(exec.ExitError)
		errors.As(err, &exit)
		t.Fatalf("%v\n%s", err, exit.Stderr)
	}
	var r struct {
		Errors                                     []string
		Fatal, Stalls, Frozen, Parts, FirstPlaying int
		Latencies                                  []float64
		Position, Target                           float64
		Frames, Dropped                            int
	}
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	slices.Sort(r.Latencies)
	median := r.Latencies[len(r.Latencies)/2]
	t.Logf("first picture after %d ms, latency %.2f s (target %.2f), %d parts, %d frames, %d dropped, %d stalls, frozen %d quarters of a second, errors %q",
		r.FirstPlaying, median, r.Target, r.Parts, r.Frames, r.Dropped, r.Stalls, r.Frozen, r.Errors)
	if r.Fatal > 0 || r.FirstPlaying == 0 || r.Parts < 20 || r.Frames < 150 || r.Frozen > 8 || median > 4 {
		t.Errorf("%s", out)
	}
}
