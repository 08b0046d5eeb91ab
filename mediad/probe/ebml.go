package probe

import (
	"encoding/binary"
	"io"
	"math"
	"math/bits"
)

// Element ids of Matroska (RFC 9559).
const (
	idEBML      = 0x1A45DFA3
	idSegment   = 0x18538067
	idSeekHead  = 0x114D9B74
	idSeek      = 0x4DBB
	idSeekID    = 0x53AB
	idSeekPos   = 0x53AC
	idInfo      = 0x1549A966
	idScale     = 0x2AD7B1
	idDuration  = 0x4489
	idTitle     = 0x7BA9
	idTracks    = 0x1654AE6B
	idTrack     = 0xAE
	idCodec     = 0x86
	idPrivate   = 0x63A2
	idCluster   = 0x1F43B675
	unknownSize = int64(-1)

	maxElements = 400
	maxElement  = 512 << 10 // bytes of one master element held in memory
)

// element is the head of one: its id and where its body lies. size may be unknownSize (RFC 8794 section 6.2).
type element struct {
	id    uint32
	start int64
	size  int64
}

// mkvWalk is the state of one walk.
type mkvWalk struct {
	r         io.ReaderAt
	left      int
	found     info
	gotInfo   bool
	gotTracks bool
	seeks     map[uint32]int64 // where SeekHead says elements are
}

// parseEBML reads Info and Tracks of the first segment, by walking or, past the first cluster, by the seek head.
func parseEBML(r io.ReaderAt, size int64) info {
	if size < 0 {
		size = math.MaxInt64
	}
	w := &mkvWalk{r: r, left: maxElements, seeks: map[uint32]int64{}}
	head, ok := w.element(0)
	if !ok || head.id != idEBML || head.size < 0 {
		return w.found
	}
	segment, ok := w.element(head.start + head.size)
	if !ok || segment.id != idSegment {
		return w.found
	}
	end := size
	if segment.size >= 0 && segment.size < size-segment.start {
		end = segment.start + segment.size
	}
	w.segment(segment.start, end)
	for _, id := range [...]uint32{idInfo, idTracks} {
		pos, known := w.seeks[id]
		if !known || id == idInfo && w.gotInfo || id == idTracks && w.gotTracks || pos > end-segment.start {
			continue
		}
		if e, ok := w.element(segment.start + pos); ok && e.id == id {
			w.master(e)
		}
	}
	return w.found
}

// segment walks top-level elements until both masters are found or the media begins.
func (w *mkvWalk) segment(off, end int64) {
	for off < end && !(w.gotInfo && w.gotTracks) {
		e, ok := w.element(off)
		if !ok || e.id == idCluster || e.size < 0 || e.size > end-e.start {
			return
		}
		w.master(e)
		off = e.start + e.size
	}
}

// element reads the head at off.
func (w *mkvWalk) element(off int64) (element, bool) {
	if w.left--; w.left < 0 || off < 0 || off > math.MaxInt64-32 {
		return element{}, false
	}
	var b [12]byte
	n := len(b)
	for ; n >= 2; n-- { // near the end of the file fewer bytes are there
		if _, err := w.r.ReadAt(b[:n], off); err == nil {
			break
		} else if n == len(b) && err != io.EOF && err != io.ErrUnexpectedEOF {
			return element{}, false
		}
	}
	e, used, ok := parseElement(b[:max(n, 0)])
	e.start = off + int64(used)
	return e, ok
}

// parseElement reads an element's id and size from the beginning of b.
func parseElement(b []byte) (e element, used int, ok bool) {
	if len(b) < 2 {
		return e, 0, false
	}
	idLen := bits.LeadingZeros8(b[0]) + 1
	if idLen > 4 || idLen >= len(b) {
		return e, 0, false
	}
	for _, c := range b[:idLen] {
		e.id = e.id<<8 | uint32(c)
	}
	sizeLen := bits.LeadingZeros8(b[idLen]) + 1
	if sizeLen > 8 || idLen+sizeLen > len(b) {
		return e, 0, false
	}
	size := uint64(b[idLen]) & (1<<(8-sizeLen) - 1)
	for _, c := range b[idLen+1 : idLen+sizeLen] {
		size = size<<8 | uint64(c)
	}
	e.size = int64(size)
	if size == 1<<(7*sizeLen)-1 {
		e.size = unknownSize
	}
	return e, idLen + sizeLen, true
}

// master reads one of the masters we know.
func (w *mkvWalk) master(e element) {
	if e.id != idInfo && e.id != idTracks && e.id != idSeekHead || e.size < 0 || e.size > maxElement {
		return
	}
	b := make([]byte, e.size)
	if len(b) > 0 {
		if _, err := w.r.ReadAt(b, e.start); err != nil {
			return
		}
	}
	switch e.id {
	case idInfo:
		w.gotInfo = true
		w.info(b)
	case idTracks:
		w.gotTracks = true
		children(b, func(id uint32, body []byte) {
			if id == idTrack {
				w.track(body)
			}
		})
	case idSeekHead:
		children(b, func(id uint32, body []byte) {
			if id == idSeek {
				w.seek(body)
			}
		})
	}
}

// children calls fn for each element in b.
func children(b []byte, fn func(id uint32, body []byte)) {
	for range maxElements {
		e, used, ok := parseElement(b)
		if !ok || e.size < 0 || e.size > int64(len(b)-used) {
			return
		}
		fn(e.id, b[used:used+int(e.size)])
		b = b[used+int(e.size):]
	}
}

func (w *mkvWalk) info(b []byte) {
	scale, duration := uint64(1_000_000), 0.0
	children(b, func(id uint32, body []byte) {
		switch {
		case id == idScale:
			scale = uintOf(body)
		case id == idDuration && len(body) == 4:
			duration = float64(math.Float32frombits(binary.BigEndian.Uint32(body)))
		case id == idDuration && len(body) == 8:
			duration = math.Float64frombits(binary.BigEndian.Uint64(body))
		case id == idTitle:
			w.found.title = string(body[:min(len(body), 1024)])
		}
	})
	w.found.seconds = duration * float64(scale) / 1e9
}

func (w *mkvWalk) track(b []byte) {
	codec, private := "", []byte(nil)
	children(b, func(id uint32, body []byte) {
		switch id {
		case idCodec:
			codec = string(body[:min(len(body), 64)])
		case idPrivate:
			private = body
		}
	})
	if name := matroskaCodec(codec, private); name != "" && len(w.found.codecs) < 32 {
		w.found.codecs = append(w.found.codecs, name)
	}
}

func (w *mkvWalk) seek(b []byte) {
	var id, pos uint64
	children(b, func(child uint32, body []byte) {
		switch child {
		case idSeekID:
			id = uintOf(body)
		case idSeekPos:
			pos = uintOf(body)
		}
	})
	if id <= math.MaxUint32 && pos < math.MaxInt64 {
		w.seeks[uint32(id)] = int64(pos)
	}
}

// uintOf reads up to eight bytes; more make zero.
func uintOf(b []byte) uint64 {
	if len(b) > 8 {
		return 0
	}
	var v uint64
	for _, c := range b {
		v = v<<8 | uint64(c)
	}
	return v
}
