package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"synctv/mediad/flv"
)

// feedLength is how long the feed is before it begins anew.
const feedLength = 10 * time.Second

// feed is what publishers send: picture and sound of ten seconds, again and again.
type feed struct {
	setup []flv.Tag // decoder configurations
	media []flv.Tag // in the order of their time, from 0
	bits  float64   // per second
}

// makeFeed has ffmpeg make one: 640x360 at 25 pictures a second and 600 kbit/s, a key frame every two seconds, and 64 kbit/s of AAC.
func makeFeed(ctx context.Context, dir string) (*feed, error) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		return nil, errors.New("ffmpeg makes what is published: install the package ffmpeg")
	}
	file := filepath.Join(dir, "feed.flv")
	cmd := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-y", "-t", "10", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25,noise=alls=12:allf=t",
		"-t", "10", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100", "-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency",
		"-pix_fmt", "yuv420p", "-g", "50", "-b:v", "600k", "-maxrate", "600k", "-bufsize", "600k", "-c:a", "aac", "-b:a", "64k", "-ac", "2", file)
	if msg, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("ffmpeg: %w\n%s", err, msg)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return readFeed(raw)
}

// readFeed takes an FLV file of H.264 and AAC apart.
func readFeed(raw []byte) (*feed, error) {
	f, r, size := &feed{}, flv.NewReader(), 0
	for {
		t, rest, err := r.Feed(raw)
		if err != nil {
			return nil, err
		}
		if t.Type == 0 {
			break
		}
		raw = rest
		t.Data = bytes.Clone(t.Data)
		switch {
		case t.Type == flv.Script || len(t.Data) < 6:
		case t.Data[1] == 0:
			f.setup = append(f.setup, t)
		case t.Data[1] == 1 && time.Duration(t.Timestamp)*time.Millisecond < feedLength:
			f.media = append(f.media, t)
			size += len(t.Data)
		}
	}
	if len(f.setup) != 2 || len(f.media) < 600 {
		return nil, fmt.Errorf("the feed has %d configurations and %d frames", len(f.setup), len(f.media))
	}
	f.bits = 8 * float64(size) / feedLength.Seconds()
	return f, nil
}

// A frame carries the moment at which it was sent: in H.264 as user data that decoders pass over, in AAC behind the
// frame's end. It reads the same on every way to a player, because nothing is decoded on it.
const (
	stampMark = "synctv-bench-due" // 16 letters, where a UUID is expected
	stampSize = len(stampMark) + 19
)

// stamp returns the frame with the time in it.
func stamp(t flv.Tag, now time.Time) []byte {
	if t.Type == flv.Audio {
		return fmt.Appendf(bytes.Clone(t.Data), "%s%019d", stampMark, now.UnixNano())
	}
	const head = 5 // of the tag; behind it are NAL units, each after its length
	out := make([]byte, 0, len(t.Data)+stampSize+8)
	out = append(out, t.Data[:head]...)
	out = binary.BigEndian.AppendUint32(out, uint32(stampSize+4))
	out = append(out, 6, 5, byte(stampSize)) // SEI, user data
	out = fmt.Appendf(out, "%s%019d", stampMark, now.UnixNano())
	out = append(out, 0x80)
	return append(out, t.Data[head:]...)
}

// stampsIn calls found with each moment that is in data.
func stampsIn(data []byte, found func(sent time.Time)) {
	for {
		i := bytes.Index(data, []byte(stampMark))
		if i < 0 || len(data) < i+stampSize {
			return
		}
		if ns, err := strconv.ParseInt(string(data[i+len(stampMark):i+stampSize]), 10, 64); err == nil {
			found(time.Unix(0, ns))
		}
		data = data[i+stampSize:]
	}
}
