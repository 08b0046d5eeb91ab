package hls

import (
	"bytes"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"synctv/mediad/cmaf/cmaftest"
	"synctv/mediad/stream"
)

// TestFFmpegReads publishes what ffmpeg encoded in real time, and has another ffmpeg
// read the playlists while they grow: every picture and every frame of sound comes
// out as it went in.
func TestFFmpegReads(t *testing.T) {
	ffmpeg := cmaftest.Tool(t, "ffmpeg")
	m := cmaftest.Encode(t, "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=5", "-f", "lavfi", "-i", "sine=frequency=440:duration=5:sample_rate=48000",
		"-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-g", "25", "-pix_fmt", "yuv420p", "-c:a", "aac", "-ac", "2")
	s := newServer(t, Config{}, stream.Config{Grace: 500 * ms})
	defer s.stop()
	server := httptest.NewServer(s.handler)
	defer server.Close()

	p, err := s.stream.Publish(stream.Offer{})
	if err != nil {
		t.Fatal(err)
	}
	published := make(chan struct{})
	pictures, sounds := 0, 0
	for _, pkt := range m.Packets {
		if pkt.Config {
			continue
		}
		if pkt.Kind.String() == "video" {
			pictures++
		} else {
			sounds++
		}
	}
	go func() {
		defer close(published)
		began := time.Now()
		for _, pkt := range m.Packets {
			time.Sleep(time.Until(began.Add(pkt.DTS)))
			if err := p.Write(pkt); err != nil {
				t.Error(err)
			}
		}
		p.Close()
	}()
	defer func() { <-published }()

	// The first thing a player does: it may come before there is anything.
	probe, err := exec.Command(cmaftest.Tool(t, "ffprobe"), "-v", "error", "-show_entries", "stream=codec_name,width,channels", "-of", "csv=p=0", server.URL+"/room/1/index.m3u8").CombinedOutput()
	if err != nil || !strings.Contains(string(probe), "h264,320") || !strings.Contains(string(probe), "aac,2") {
		t.Errorf("ffprobe: %v\n%s", err, probe)
	}
	cmd := exec.Command(ffmpeg, "-v", "error", "-nostdin", "-live_start_index", "0", "-i", server.URL+"/room/1/index.m3u8", "-map", "0:v", "-map", "0:a", "-vsync", "passthrough", "-f", "framehash", "-")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil || stderr.Len() > 0 {
		t.Errorf("ffmpeg: %v\n%s", err, stderr.String())
	}
	gotPictures, gotSounds := 0, 0
	for line := range strings.Lines(stdout.String()) {
		switch {
		case strings.HasPrefix(line, "0,"):
			gotPictures++
		case strings.HasPrefix(line, "1,"):
			gotSounds++
		}
	}
	if gotPictures != pictures || gotSounds < sounds-1 {
		t.Errorf("%d pictures and %d frames of sound, want %d and %d", gotPictures, gotSounds, pictures, sounds)
	}
}
