package cmaf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"
	"time"
)

// ErrMovie: it is not a file that a Movie has written, or none of it is whole.
var ErrMovie = errors.New("cmaf: not a recorded movie")

// Limits of what is read of a file.
const (
	maxHead      = 1 << 20 // ftyp and moov
	maxMoof      = 8 << 20
	maxFragments = math.MaxUint16 // that a sidx can list
	boxHead      = 8
	glance       = 64 << 10 // what is read at the begin of a fragment: mostly all of its moof
)

// Listing is what there is in a file that a Movie has written.
type Listing struct {
	Init      []byte // what the file begins with
	Scale     uint32 // ticks of a second, of the leading track
	Fragments []Fragment
	// End is where the last whole fragment ends, in bytes. What follows is an index, or torn.
	End int64
	// Ticks is where the movie ends, in ticks of the leading track: where that does, or, when it stands still
	// before the end, another one.
	Ticks uint64
	// Indexed: there is an index behind the fragments.
	Indexed bool

	scales []uint32 // of the tracks, in order
}

// Fragment is where a fragment is, at which decoding can begin. Those at which it
// cannot count to the one before them.
type Fragment struct {
	Offset int64  // bytes
	Start  uint64 // ticks of the leading track
}

// Duration returns how long the movie is.
func (l *Listing) Duration() time.Duration { return span(l.Ticks, l.Scale) }

// List reads which fragments there are, from the index if there is one, else by
// looking at each. What is torn at the end is left out.
func List(r io.ReaderAt, size int64) (*Listing, error) {
	l := &Listing{}
	at, err := l.readInit(r, size)
	if err != nil {
		return nil, err
	}
	l.End = at
	if index, from := readIndex(r, size); from > at && l.takeIndex(index, at, from) {
		// What the index does not say is when the last fragment ends.
		last := l.Fragments[len(l.Fragments)-1]
		l.Fragments = l.Fragments[:len(l.Fragments)-1]
		if err := l.scan(r, last.Offset, from); err != nil {
			return nil, err
		}
		if l.Indexed = l.End == from && len(l.Fragments) > 0; l.Indexed {
			return l, nil
		}
	}
	l.Fragments, l.End, l.Ticks = nil, at, 0
	if err := l.scan(r, at, size); err != nil {
		return nil, err
	}
	if len(l.Fragments) == 0 {
		return nil, ErrMovie
	}
	return l, nil
}

// scan looks at one fragment after the other.
func (l *Listing) scan(r io.ReaderAt, at, size int64) error {
	for {
		f, err := l.readFragment(r, at, size)
		if errors.Is(err, ErrMovie) {
			return nil
		} else if err != nil {
			return err
		}
		if len(l.Fragments) == 0 || f.key && len(l.Fragments) < maxFragments {
			l.Fragments = append(l.Fragments, Fragment{Offset: at, Start: f.start})
		}
		at, l.End, l.Ticks = f.end, f.end, max(l.Ticks, f.ticks)
	}
}

// readInit reads ftyp and moov, and returns where they end.
func (l *Listing) readInit(r io.ReaderAt, size int64) (int64, error) {
	head := make([]byte, min(size, maxHead))
	if err := readAt(r, head, 0); err != nil {
		return 0, err
	}
	end := 0
	for _, want := range []string{"ftyp", "moov"} {
		name, n := boxAt(head[end:])
		if name != want || n > len(head)-end {
			return 0, ErrMovie
		}
		if want == "moov" {
			l.scales = scalesIn(head[end : end+n])
		}
		end += n
	}
	if len(l.scales) == 0 || slices.Contains(l.scales, 0) {
		return 0, ErrMovie
	}
	l.Scale = l.scales[0]
	l.Init = head[:end:end]
	return int64(end), nil
}

// scalesIn returns how many ticks a second has in each track of a moov; 0 where that cannot be read.
func scalesIn(moov []byte) (scales []uint32) {
	for trak := range boxes(moov, "trak") {
		mdhd, scale := find(trak, "mdia", "mdhd"), uint32(0)
		if len(mdhd) >= 32 && mdhd[8] == 0 {
			scale = binary.BigEndian.Uint32(mdhd[20:])
		}
		scales = append(scales, scale)
	}
	return scales
}

// boxes yields what there is of a name in a box.
func boxes(in []byte, want string) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for rest := in[min(boxHead, len(in)):]; ; {
			name, n := boxAt(rest)
			if name == "" || n > len(rest) || name == want && !yield(rest[:n]) {
				return
			}
			rest = rest[n:]
		}
	}
}

// boxAt returns name and length of the box that b begins with; "" when it is none.
func boxAt(b []byte) (string, int) {
	if len(b) < boxHead {
		return "", 0
	}
	n := binary.BigEndian.Uint32(b)
	if n < boxHead || n > math.MaxInt32 {
		return "", 0
	}
	return string(b[4:8]), int(n)
}

// find returns the first box on a way of names into box, head included; nil when
// there is none.
func find(box []byte, way ...string) []byte {
	for _, want := range way {
		var next []byte
		for next = range boxes(box, want) {
			break
		}
		if box = next; box == nil {
			return nil
		}
	}
	return box
}

// readAt reads all of b.
func readAt(r io.ReaderAt, b []byte, at int64) error {
	if n, err := r.ReadAt(b, at); n < len(b) {
		return fmt.Errorf("cmaf: reading a movie: %w", err)
	}
	return nil
}

// found is a fragment as its moof describes it.
type found struct {
	start uint64 // where the leading track begins, 0 if it is not there
	ticks uint64 // where it ends, or, when it is not there, another track, in ticks of the leading one
	key   bool   // the leading track begins with a key frame
	end   int64  // bytes
}

// readFragment looks at the fragment at an offset. ErrMovie: there is no whole one.
func (l *Listing) readFragment(r io.ReaderAt, at, size int64) (f found, err error) {
	b := make([]byte, max(min(glance, size-at), 0))
	if len(b) < 2*boxHead {
		return f, ErrMovie
	}
	if err := readAt(r, b, at); err != nil {
		return f, err
	}
	name, n := boxAt(b)
	if name != "moof" || n > maxMoof || int64(n)+boxHead > size-at {
		return f, ErrMovie
	}
	if n+boxHead > len(b) {
		b = make([]byte, n+boxHead)
		if err := readAt(r, b, at); err != nil {
			return f, err
		}
	}
	mdat, m := boxAt(b[n:])
	if f.end = at + int64(n) + int64(m); mdat != "mdat" || f.end > size {
		return f, ErrMovie
	}
	for traf := range boxes(b[:n], "traf") { // the leading one is the first
		id, start, end, key := trackIn(traf)
		if id == trackID {
			f.start, f.ticks, f.key = start, end, key && end > start
			break
		}
		if 0 < id && int(id) <= len(l.scales) {
			f.ticks = max(f.ticks, ticks(span(end, l.scales[id-1]), l.Scale))
		}
	}
	return f, nil
}

// trackIn returns of which track a traf is, 0 if that cannot be read, where it begins and ends, and whether it begins
// with a key frame.
func trackIn(traf []byte) (id uint32, start, end uint64, key bool) {
	tfhd, tfdt, trun := find(traf, "tfhd"), find(traf, "tfdt"), find(traf, "trun")
	if len(tfhd) < 16 || len(tfdt) < 20 || len(trun) < 20 {
		return 0, 0, 0, false
	}
	start = binary.BigEndian.Uint64(tfdt[12:])
	flags := binary.BigEndian.Uint32(trun[8:]) & 0xffffff
	per := 8
	for _, f := range []uint32{trunFlags, trunOffsets} {
		if flags&f != 0 {
			per += 4
		}
	}
	samples := trun[20:]
	if n := uint64(binary.BigEndian.Uint32(trun[12:])); n*uint64(per) != uint64(len(samples)) || flags&(trunDuration|trunSize) != trunDuration|trunSize {
		return 0, 0, 0, false
	}
	key = flags&trunFlags == 0 || len(samples) >= per && binary.BigEndian.Uint32(samples[8:]) == flagsKey
	for end = start; len(samples) > 0; samples = samples[per:] {
		end += uint64(binary.BigEndian.Uint32(samples))
	}
	return binary.BigEndian.Uint32(tfhd[12:]), start, end, key
}

// Index returns what is written behind the fragments, so that players find them:
// a mfra (ISO/IEC 14496-12 section 8.8.9).
func (l *Listing) Index() []byte {
	const entry = 8 + 8 + 3
	tfra := 24 + entry*len(l.Fragments)
	b := make([]byte, 0, 8+tfra+16)
	b = header(b, 8+tfra+16, "mfra")
	b = fullHeader(b, tfra, "tfra", 1, 0)
	b = be32(b, trackID)
	b = be32(b, 0) // traf, trun and sample numbers have one byte each
	b = be32(b, uint32(len(l.Fragments)))
	for _, f := range l.Fragments {
		b = binary.BigEndian.AppendUint64(b, f.Start)
		b = binary.BigEndian.AppendUint64(b, uint64(f.Offset))
		b = append(b, 1, 1, 1)
	}
	b = fullHeader(b, 16, "mfro", 0, 0)
	return be32(b, uint32(8+tfra+16))
}

// readIndex returns the tfra at the end of a file and where the mfra begins; nil
// if there is none.
func readIndex(r io.ReaderAt, size int64) ([]byte, int64) {
	var mfro [16]byte
	if size < 64 || readAt(r, mfro[:], size-16) != nil || string(mfro[4:8]) != "mfro" {
		return nil, 0
	}
	n := int64(binary.BigEndian.Uint32(mfro[12:]))
	if n < 8+24+16 || n > size || n > 8+24+16+19*maxFragments {
		return nil, 0
	}
	b := make([]byte, n)
	if readAt(r, b, size-n) != nil {
		return nil, 0
	}
	if name, m := boxAt(b); name != "mfra" || int64(m) != n {
		return nil, 0
	}
	return find(b, "tfra"), size - n
}

// takeIndex reads a tfra as Index writes it, of fragments that lie between two
// offsets.
func (l *Listing) takeIndex(tfra []byte, from, to int64) bool {
	if len(tfra) < 24+19 || tfra[8] != 1 || (len(tfra)-24)%19 != 0 {
		return false
	}
	for e := tfra[24:]; len(e) > 0; e = e[19:] {
		f := Fragment{Offset: int64(binary.BigEndian.Uint64(e[8:])), Start: binary.BigEndian.Uint64(e)}
		if f.Offset < from || f.Offset >= to || len(l.Fragments) == 0 && f.Offset != from ||
			len(l.Fragments) > 0 && f.Start < l.Fragments[len(l.Fragments)-1].Start {
			return false
		}
		l.Fragments = append(l.Fragments, f)
		from = f.Offset + 1
	}
	return len(l.Fragments) <= maxFragments
}

// Head returns what a server sends in place of Init, before the bytes from
// len(Init) to End: the same with the duration in it, and with a list of the
// fragments (sidx, ISO/IEC 14496-12 section 8.16.3), so that a browser knows at
// once how long the movie is and where to seek.
func (l *Listing) Head() []byte {
	b := bytes.Clone(l.Init)
	_, ftyp := boxAt(b)
	if mehd := find(b[ftyp:], "mvex", "mehd"); len(mehd) == 20 && mehd[8] == 1 {
		binary.BigEndian.PutUint64(mehd[12:], ticks(l.Duration(), movieTimescale))
	}
	b = fullHeader(b, 40+12*len(l.Fragments), "sidx", 1, 0)
	b = be32(be32(b, trackID), l.Scale)
	b = binary.BigEndian.AppendUint64(b, l.Fragments[0].Start)
	b = binary.BigEndian.AppendUint64(b, 0)
	b = be32(b, uint32(len(l.Fragments)))
	for i, f := range l.Fragments {
		end, ticks := l.End, l.Ticks
		if i+1 < len(l.Fragments) {
			end, ticks = l.Fragments[i+1].Offset, l.Fragments[i+1].Start
		}
		b = be32(b, uint32(min(end-f.Offset, math.MaxInt32)))
		b = be32(b, uint32(min(ticks-f.Start, math.MaxUint32)))
		b = be32(b, 1<<31|1<<28) // begins with a stream access point of type 1
	}
	return b
}
