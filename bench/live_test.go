package main

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"synctv/mediad/flv"
)

// TestStampsTravel: a stamped frame is still what it was, and the moment is found in it.
func TestStampsTravel(t *testing.T) {
	sent := time.Unix(1_700_000_000, 123_456_789)
	picture := flv.Tag{Type: flv.Video, Data: []byte{0x27, 1, 0, 0, 0, 0, 0, 0, 2, 0x41, 0x9a}}
	sound := flv.Tag{Type: flv.Audio, Data: []byte{0xaf, 1, 0x21, 0x10}}
	for _, tag := range []flv.Tag{picture, sound} {
		b := stamp(tag, sent)
		var found []time.Time
		stampsIn(append(bytes.Clone(b), b...), func(at time.Time) { found = append(found, at) })
		if len(found) != 2 || !found[0].Equal(sent) {
			t.Errorf("%v: found %v", tag.Type, found)
		}
		stampsIn(b[:len(b)-30], func(time.Time) { t.Error("found in half a stamp") })
	}
	units := stamp(picture, sent)[5:]
	for _, want := range []byte{6, 0x41} { // SEI, then the slice
		n := binary.BigEndian.Uint32(units)
		if units[4] != want {
			t.Errorf("unit of type %d, want %d", units[4], want)
		}
		units = units[4+n:]
	}
	if len(units) != 0 {
		t.Errorf("%d bytes behind the last unit", len(units))
	}
}

func TestReadPlace(t *testing.T) {
	const head = "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:7\n"
	for _, c := range []struct {
		name, text string
		want       place
		fails      bool
	}{
		{"parts of a segment that is being made", head + "#EXTINF:1,\ns7.m4s\n#EXT-X-PART:DURATION=0.2,URI=\"p8.0\"\n#EXT-X-PART:DURATION=0.2,URI=\"p8.1\",INDEPENDENT=YES\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p8.2\"\n", place{8, 2, "p8.1"}, false},
		{"a segment has just ended", head + "#EXT-X-PART:DURATION=0.2,URI=\"p7.0\"\n#EXTINF:1,\ns7.m4s\n", place{8, 0, "p7.0"}, false},
		{"no parts", head + "#EXTINF:1,\ns7.m4s\n", place{}, true},
		{"not a playlist", "<html>", place{}, true},
	} {
		got, err := readPlace(c.text)
		if (err != nil) != c.fails || !c.fails && got != c.want {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
	}
}

func TestSkipHead(t *testing.T) {
	for _, c := range []struct{ name, in, rest string }{
		{"yes", "HTTP/1.1 200 OK\r\nA: b\r\n\r\nFLV", "FLV"},
		{"no", "HTTP/1.1 404 Not Found\r\n\r\n", ""},
		{"endless", strings.Repeat("x", 100), ""},
	} {
		server, client := net.Pipe()
		go func() { io.WriteString(server, c.in); server.Close() }()
		rest, err := skipHead(client, make([]byte, 64))
		if string(rest) != c.rest || (err == nil) != (c.rest != "") {
			t.Errorf("%s: %q, %v", c.name, rest, err)
		}
		client.Close()
	}
}

// TestPlayersAnswer: the process of players says what went wrong, and ends with its input.
func TestPlayersAnswer(t *testing.T) {
	var out bytes.Buffer
	in := strings.NewReader(`{"Address":"http://127.0.0.1:1/x","Fetch":true,"Count":3}` + "\n\n")
	if err := servePlayers(t.Context(), in, &out); err != nil || !strings.Contains(out.String(), "connection refused") {
		t.Errorf("%v: %s", err, &out)
	}
	if err := servePlayers(t.Context(), strings.NewReader(""), io.Discard); err == nil {
		t.Error("it runs without a task")
	}
}

func TestLocalAddresses(t *testing.T) {
	seen := map[string]int{}
	for i := range 11_000 {
		a := localAddress(i)
		if !a.IP.IsLoopback() || a.IP.Equal(net.IPv4(127, 0, 0, 1)) {
			t.Fatal(a)
		}
		seen[a.IP.String()]++
	}
	if n := seen["127.0.0.2"]; n != perAddress || len(seen) != 11_000/perAddress {
		t.Errorf("%d connections of one address, %d addresses", n, len(seen))
	}
}
