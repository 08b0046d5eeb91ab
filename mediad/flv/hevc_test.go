package flv_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"synctv/mediad/av"
	"synctv/mediad/flv"
	"synctv/mediad/rtmp"
)

// encodeHEVC returns access units of x265 with start codes, each with a
// delimiter in front.
func encodeHEVC(t *testing.T) [][]byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "in.hevc")
	run(t, "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=160x90:rate=10:duration=2", "-pix_fmt", "yuv420p",
		"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:keyint=10:aud=1:bframes=0:info=0", file)
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	delimiter := []byte{0, 0, 0, 1, 0x46, 1}
	var units [][]byte
	for _, u := range bytes.Split(b, delimiter)[1:] {
		units = append(units, append(bytes.Clone(delimiter), u...))
	}
	return units
}

// TestHEVC publishes H.265 with our own client, for ffmpeg 5.1 cannot, in the
// enhanced form and as codec 12, and has ffprobe decode what arrives.
func TestHEVC(t *testing.T) {
	needFFmpeg(t)
	units := encodeHEVC(t)
	for _, legacy := range []bool{false, true} {
		var in ingest
		address, done := serve(t, func(c net.Conn) { in = take(c, c) })
		publish(t, "rtmp://"+address+"/live/hevc", hevcTags(t, units, legacy))
		<-done
		if in.err != nil || !in.ended || in.target.Stream != "hevc" {
			t.Fatalf("legacy %v: %v", legacy, in.err)
		}
		if got := tracks(t, in.packets); got != "HEVC hvc1.1.6.L30.90 160x90 0/0; " {
			t.Errorf("legacy %v: %s", legacy, got)
		}
		var out []byte
		keys := 0
		frames := media(in.packets, av.Video)
		for _, p := range frames {
			if p.Key {
				keys++
			}
			for b := p.Data; len(b) > 0; {
				n := int(binary.BigEndian.Uint32(b))
				out, b = append(append(out, 0, 0, 0, 1), b[4:4+n]...), b[4+n:]
			}
		}
		file := filepath.Join(t.TempDir(), "out.hevc")
		if err := os.WriteFile(file, out, 0o644); err != nil {
			t.Fatal(err)
		}
		run(t, "ffmpeg", "-v", "error", "-xerror", "-i", file, "-f", "null", "-")
		if got := len(probe(t, file)); got != len(units) || len(frames) != len(units) || keys != 2 {
			t.Errorf("legacy %v: %d frames, %d keys, ffprobe finds %d, sent %d", legacy, len(frames), keys, got, len(units))
		}
	}
}

// hevcTags makes tags of access units, 100 ms apart.
func hevcTags(t *testing.T, units [][]byte, legacy bool) (tags []flv.Tag) {
	t.Helper()
	for i, b := range units {
		u, err := av.ParseAccessUnit(av.HEVC, b, 4)
		if err != nil {
			t.Fatal(err)
		}
		at := uint32(i * 100)
		p := av.Packet{Kind: av.Video, Codec: av.HEVC, Key: u.RandomAccess, DTS: time.Duration(at) * time.Millisecond, Data: u.Data}
		if p.PTS = p.DTS; u.Sets.Complete() {
			config, err := u.Sets.Config(av.HEVC)
			if err != nil {
				t.Fatal(err)
			}
			c := p
			c.Config, c.Data = true, config
			tags = append(tags, flv.Tag{Type: flv.Video, Timestamp: at, Data: hevcBody(c, legacy)})
		}
		tags = append(tags, flv.Tag{Type: flv.Video, Timestamp: at, Data: hevcBody(p, legacy)})
	}
	return tags
}

func hevcBody(p av.Packet, legacy bool) []byte {
	if !legacy {
		return flv.Body(p)
	}
	head := []byte{0x2c, 1, 0, 0, 0}
	if p.Key {
		head[0] = 0x1c
	}
	if p.Config {
		head[1] = 0
	}
	return append(head, p.Data...)
}

// publish sends tags with our own client.
func publish(t *testing.T, address string, tags []flv.Tag) {
	t.Helper()
	a, err := rtmp.ParseAddress(address)
	if err != nil {
		t.Fatal(err)
	}
	c, err := rtmp.NewClient(rtmp.ClientConfig{Address: a, Publish: true, Capabilities: rtmp.Capabilities{FourCCs: []string{"hvc1"}}})
	if err != nil {
		t.Fatal(err)
	}
	nc, err := net.Dial("tcp", a.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(10 * time.Second))
	until(t, nc, c, rtmp.EventPublish)
	for _, tag := range tags {
		c.Send(rtmp.Message{Type: rtmp.Type(tag.Type), Stream: c.StreamID(), Timestamp: tag.Timestamp, Payload: tag.Data})
		nc.Write(c.TakeOutput())
	}
	c.Stop()
	nc.Write(c.TakeOutput())
}

// until drives a client to an event.
func until(t *testing.T, nc net.Conn, c *rtmp.Client, want rtmp.EventKind) {
	t.Helper()
	buf := make([]byte, 4096)
	for {
		if out := c.TakeOutput(); len(out) > 0 {
			nc.Write(out)
		}
		n, err := nc.Read(buf)
		if err != nil && !errors.Is(err, io.EOF) || n == 0 {
			t.Fatal(err)
		}
		for p := buf[:n]; ; {
			ev, rest, err := c.Feed(p)
			if err != nil {
				t.Fatal(err)
			}
			if ev.Kind == want {
				return
			}
			if p = rest; ev.Kind == rtmp.EventNone {
				break
			}
		}
	}
}
