package probe

import (
	"encoding/binary"
	"io"
	"math"
	"strings"
)

// Limits of one walk through a file of boxes (ISO/IEC 14496-12).
const (
	maxBoxes   = 600
	maxBoxRead = 64 << 10 // bytes of one leaf box
	maxMoov    = 1 << 20  // a moov up to here is brought in one request
)

// prefetcher is a reader that can bring a whole stretch in one go.
type prefetcher interface{ prefetch(off, n int64) }

// mp4Walk is the state of one walk.
type mp4Walk struct {
	r     io.ReaderAt
	size  int64 // of the file
	left  int   // boxes still to be looked at
	found info

	movie    fraction // from mvhd
	fragment int64    // from mehd, in the movie's time scale
	index    float64  // seconds from sidx
	longest  float64  // seconds from mdhd
}

type fraction struct {
	value int64
	scale uint32
}

func (f fraction) seconds() float64 {
	if f.scale == 0 || f.value <= 0 {
		return 0
	}
	return float64(f.value) / float64(f.scale)
}

// parseMP4 walks the boxes of a file of size bytes (-1: unknown) and jumps over the media, so that a moov at the end costs one more
// read.
func parseMP4(r io.ReaderAt, size int64) info {
	if size < 0 {
		size = math.MaxInt64
	}
	w := &mp4Walk{r: r, size: size, left: maxBoxes}
	w.boxes(0, size, "", 0)
	for _, s := range [...]float64{fraction{w.fragment, w.movie.scale}.seconds(), w.movie.seconds(), w.longest, w.index} {
		if s > 0 {
			w.found.seconds = s
			break
		}
	}
	return w.found
}

// boxes walks the boxes in [off, end). It returns false when the walk is over.
func (w *mp4Walk) boxes(off, end int64, parent string, depth int) bool {
	for end-off >= 8 {
		if w.left--; w.left < 0 {
			return false
		}
		var h [16]byte
		if _, err := w.r.ReadAt(h[:8], off); err != nil {
			return false
		}
		size, start := int64(binary.BigEndian.Uint32(h[:4])), off+8
		kind := string(h[4:8])
		switch size {
		case 0:
			size = end - off
		case 1:
			if _, err := w.r.ReadAt(h[8:], off+8); err != nil {
				return false
			}
			large := binary.BigEndian.Uint64(h[8:])
			if large > math.MaxInt64 {
				return false
			}
			size, start = int64(large), off+16
		}
		if size < start-off || size > end-off {
			return false
		}
		if !w.box(kind, parent, start, off+size, depth) {
			return false
		}
		off += size
	}
	return true
}

// box handles one box with its body in [start, end); false ends the whole walk.
func (w *mp4Walk) box(kind, parent string, start, end int64, depth int) bool {
	switch kind {
	case "moov":
		if p, ok := w.r.(prefetcher); ok && end-start <= maxMoov {
			p.prefetch(start, end-start)
		}
		w.boxes(start, end, kind, depth+1)
		return w.fragment == 0 && w.movie.value == 0 // a fragmented file tells its length later, in sidx
	case "trak", "mdia", "minf", "stbl", "udta", "mvex", "ilst", "\xa9nam":
		if kind == "\xa9nam" {
			w.name(parent, start, end)
			return true
		}
		if depth < 8 {
			w.boxes(start, end, kind, depth+1)
		}
	case "meta":
		w.meta(start, end, depth)
	case "mvhd", "mdhd":
		w.header(kind, w.read(start, end, 36))
	case "mehd":
		if b := w.read(start, end, 12); len(b) >= 12 && b[0] == 1 {
			w.fragment = int64(binary.BigEndian.Uint64(b[4:]) & math.MaxInt64)
		} else if len(b) >= 8 && b[0] == 0 {
			w.fragment = int64(binary.BigEndian.Uint32(b[4:]))
		}
	case "stsd":
		if c := sampleCodec(w.read(start, end, 4096)); c != "" && len(w.found.codecs) < 16 {
			w.found.codecs = append(w.found.codecs, c)
		}
	case "sidx":
		seconds, covered := segmentIndex(w.read(start, end, maxBoxRead))
		if w.size < math.MaxInt64 && end+covered >= w.size-w.size/10 { // an index of one fragment says nothing about the whole
			w.index = seconds
		}
		return false // everything that can be known is known
	case "moof":
		return false
	}
	return true
}

// read returns at most limit bytes of a body; fewer than wanted when the body is shorter, nil when it cannot be read.
func (w *mp4Walk) read(start, end, limit int64) []byte {
	b := make([]byte, min(end-start, limit))
	if _, err := w.r.ReadAt(b, start); err != nil {
		return nil
	}
	return b
}

// header reads mvhd or mdhd: version, times, time scale, duration.
func (w *mp4Walk) header(kind string, b []byte) {
	var f fraction
	switch {
	case len(b) >= 32 && b[0] == 1:
		f.scale = binary.BigEndian.Uint32(b[20:])
		if d := binary.BigEndian.Uint64(b[24:]); d <= math.MaxInt64 {
			f.value = int64(d)
		}
	case len(b) >= 20 && b[0] == 0:
		f.scale = binary.BigEndian.Uint32(b[12:])
		if d := binary.BigEndian.Uint32(b[16:]); d != math.MaxUint32 {
			f.value = int64(d)
		}
	}
	if kind == "mvhd" {
		w.movie = f
		return
	}
	w.longest = max(w.longest, f.seconds())
}

// meta is a full box in MP4 and a plain one in QuickTime: its first child tells which.
func (w *mp4Walk) meta(start, end int64, depth int) {
	if depth >= 8 {
		return
	}
	if b := w.read(start, end, 8); len(b) == 8 && string(b[4:8]) != "hdlr" {
		start += 4
	}
	w.boxes(start, end, "meta", depth+1)
}

// name reads a title: a data box inside an item list, or QuickTime's counted text directly in user data.
func (w *mp4Walk) name(parent string, start, end int64) {
	b := w.read(start, end, 1024)
	switch {
	case parent == "ilst" && len(b) > 16 && string(b[4:8]) == "data":
		size := min(int64(binary.BigEndian.Uint32(b)), int64(len(b)))
		if size > 16 {
			w.found.title = string(b[16:size])
		}
	case parent == "udta" && len(b) > 4:
		n := min(int(binary.BigEndian.Uint16(b)), len(b)-4)
		w.found.title = string(b[4 : 4+n])
	}
}

// segmentIndex sums the durations in a sidx, and says how many bytes after the box they cover.
func segmentIndex(b []byte) (seconds float64, covered int64) {
	if len(b) < 24 {
		return 0, 0
	}
	scale, at := binary.BigEndian.Uint32(b[8:]), 20
	covered = int64(binary.BigEndian.Uint32(b[16:]))
	if b[0] == 1 {
		if at = 28; len(b) < at+4 {
			return 0, 0
		}
		covered = int64(binary.BigEndian.Uint64(b[20:]) & math.MaxInt32)
	}
	if scale == 0 {
		return 0, 0
	}
	count := int(binary.BigEndian.Uint16(b[at+2:]))
	at += 4
	var sum uint64
	for range count {
		if at+12 > len(b) {
			return 0, 0 // cut off: a sum of a part would be a lie
		}
		covered += int64(binary.BigEndian.Uint32(b[at:]) & math.MaxInt32)
		sum += uint64(binary.BigEndian.Uint32(b[at+4:]))
		at += 12
	}
	return float64(sum) / float64(scale), covered
}

// sampleCodec names the codec of the first entry of a sample description, as RFC 6381 does where the configuration is at hand.
func sampleCodec(b []byte) string {
	if len(b) < 16 {
		return ""
	}
	entry := b[8:]
	size := int(min(binary.BigEndian.Uint32(entry), uint32(len(entry))))
	if size < 8 {
		return ""
	}
	fourcc := string(entry[4:8])
	body := entry[8:size]
	skip := 78 // VisualSampleEntry
	switch fourcc {
	case "mp4a", "Opus", "fLaC", "ac-3", "ec-3", ".mp3", "alac":
		skip = 28 // AudioSampleEntry
		if len(body) >= 10 && binary.BigEndian.Uint16(body[8:]) == 1 {
			skip += 16 // QuickTime sound description, version 1
		}
	case "tx3g", "wvtt", "stpp", "text", "tmcd", "c608":
		return ""
	}
	if len(body) < skip {
		return strings.ToLower(fourcc)
	}
	return codecString(fourcc, body[skip:])
}
