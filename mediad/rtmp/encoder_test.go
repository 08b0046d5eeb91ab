package rtmp

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
)

// chunk is one chunk, written in any form, right or wrong.
type chunk struct {
	format  byte
	id      uint32
	form    int    // bytes of the basic header; 0: the shortest
	time    uint32 // timestamp or delta
	noExt   bool   // leave out the extended timestamp
	ext3    bool   // put time behind a type 3 header
	length  int
	typ     Type
	stream  uint32
	payload []byte
}

func (c chunk) bytes() []byte {
	form := c.form
	if form == 0 {
		form = 1
		if c.id >= 64 {
			form = 2
		}
		if c.id >= 320 {
			form = 3
		}
	}
	var b []byte
	switch form {
	case 1:
		b = []byte{c.format<<6 | byte(c.id)}
	case 2:
		b = []byte{c.format << 6, byte(c.id - 64)}
	case 3:
		b = []byte{c.format<<6 | 1, byte(c.id - 64), byte((c.id - 64) >> 8)}
	}
	field := min(c.time, extended)
	if c.format <= 2 {
		b = append(b, byte(field>>16), byte(field>>8), byte(field))
	}
	if c.format <= 1 {
		b = append(b, byte(c.length>>16), byte(c.length>>8), byte(c.length), byte(c.typ))
	}
	if c.format == 0 {
		b = binary.LittleEndian.AppendUint32(b, c.stream)
	}
	if c.format <= 2 && field == extended && !c.noExt || c.ext3 {
		b = binary.BigEndian.AppendUint32(b, c.time)
	}
	return append(b, c.payload...)
}

func chunks(cs ...chunk) []byte {
	var b []byte
	for _, c := range cs {
		b = append(b, c.bytes()...)
	}
	return b
}

// feedAll gives data to feed in pieces of at most size bytes, and returns the
// messages.
func feedAll(r *ChunkReader, data []byte, size int) (out []Message, err error) {
	for len(data) > 0 {
		n := min(size, len(data))
		p := data[:n]
		data = data[n:]
		for {
			var m Message
			if m, p, err = r.Feed(p); err != nil {
				return out, err
			}
			if m.Type == 0 {
				break
			}
			out = append(out, m)
		}
	}
	return out, nil
}

// captures are what ffmpeg 5.1 sent to publish, without its handshake.
func captures(t testing.TB) (out [][]byte) {
	t.Helper()
	names, err := filepath.Glob("testdata/*.rtmp")
	if err != nil || len(names) == 0 {
		t.Fatalf("no captures: %v", err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, b[1+2*handshakeSize:])
	}
	return out
}
