package mediad

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"synctv/mediad/stream"
)

// playlist is the stream's, of pictures.
func (h *house) playlist() string {
	h.t.Helper()
	resp, err := http.Get(h.web.URL + Prefix + string(str) + "/v.m3u8?token=yes")
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return string(b)
}

// TestPartings: what viewers see of a publisher that stops, or is lost, and of one that comes then.
func TestPartings(t *testing.T) {
	const end = "#EXT-X-ENDLIST"
	for _, c := range []struct {
		name string
		part func(p *peer)
		over bool
	}{
		{"it says that it is done", func(p *peer) { p.quit() }, true},
		{"it says so and hangs up", func(p *peer) { p.quit(); p.nc.Close() }, true},
		{"its connection breaks", func(p *peer) { p.nc.Close() }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := open(t, Config{Streams: stream.RegistryConfig{Stream: stream.Config{Grace: time.Hour, Parting: 10 * time.Millisecond}, Step: 10 * time.Millisecond}})
			packets := repeat(film(t), 6*time.Second)
			first := h.publishKey()
			first.send(packets...)
			soon(t, "listed", func() bool { return strings.Contains(h.playlist(), "#EXTINF") })
			before, played := h.watch(), new(tape)
			if video, _, _ := played.play(t, before.Body, 10); video == 0 {
				t.Error("no picture")
			}
			if strings.Contains(h.playlist(), end) {
				t.Error("the playlist has an end while it is published")
			}
			c.part(first)
			if c.over {
				if _, err := io.Copy(io.Discard, before.Body); err != nil {
					t.Errorf("the viewer ends with %v", err)
				}
				soon(t, "ended for HLS", func() bool { return strings.Contains(h.playlist(), end) })
				if resp := h.watch(); resp.StatusCode != http.StatusNotFound {
					t.Errorf("who comes now gets %d", resp.StatusCode)
				}
			}
			second := h.publishKey()
			second.send(packets...)
			after, more := before, 150 // more than the first one had left
			if c.over {
				soon(t, "on again", func() bool {
					after = h.watch()
					return after.StatusCode == http.StatusOK
				})
				played, more = new(tape), 10
			}
			if video, audio, _ := played.play(t, after.Body, more); video == 0 || audio == 0 {
				t.Error("nothing of the second publisher")
			}
			soon(t, "a playlist again", func() bool {
				list := h.playlist()
				return strings.Contains(list, "#EXTINF") && !strings.Contains(list, end)
			})
		})
	}
}
