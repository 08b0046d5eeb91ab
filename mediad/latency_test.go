package mediad

import (
	"slices"
	"testing"
	"time"

	"synctv/mediad/av"
	"synctv/mediad/flv"
)

// TestLatency is how long a frame is under way from an encoder's socket to a player's, with many players beside it. The
// bound is far above what is measured, for machines that have other things to do.
func TestLatency(t *testing.T) {
	if testing.Short() {
		t.Skip("takes three seconds")
	}
	h := open(t, Config{})
	p := h.publishKey()
	packets := film(t)
	p.send(packets...)
	soon(t, "live", func() bool { return len(h.Sessions(str)) == 1 })
	for range 200 {
		resp := h.watch()
		go tags(t, resp.Body, 1<<30)
	}
	resp := h.watch()
	const frames = 100
	sent := make(chan time.Time, frames)
	go func() {
		key := packets[slices.IndexFunc(packets, func(p av.Packet) bool { return p.Kind == av.Video && p.Key && !p.Config })]
		for i := range frames {
			key.DTS = 10*time.Second + time.Duration(i)*30*time.Millisecond
			key.PTS = key.DTS
			sent <- time.Now()
			p.send(key)
			time.Sleep(30 * time.Millisecond)
		}
	}()
	var took []time.Duration
	r, buf := flv.NewReader(), make([]byte, 64<<10)
	for len(took) < frames {
		n, err := resp.Body.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		for b := buf[:n]; ; {
			tag, rest, err := r.Feed(b)
			if err != nil {
				t.Fatal(err)
			}
			if b = rest; tag.Type == 0 {
				break
			}
			if tag.Type == flv.Video && tag.Timestamp > 5000 {
				took = append(took, time.Since(<-sent))
			}
		}
	}
	slices.Sort(took)
	t.Logf("with 201 viewers: median %v, 95th %v, worst %v", took[frames/2], took[frames*95/100], took[frames-1])
	if took[frames/2] > time.Second {
		t.Errorf("median %v", took[frames/2])
	}
}
