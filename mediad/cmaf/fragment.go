package cmaf

import "encoding/binary"

// sample is one frame as MP4 has it. Times are in ticks of the track.
type sample struct {
	data     []byte
	time     uint64 // when to decode
	duration uint32
	cts      int32 // composition time offset
	key      bool
}

// Flags of a sample (ISO/IEC 14496-12 section 8.8.3.1).
const (
	flagsKey   = 0x02000000 // depends on no other
	flagsDelta = 0x01010000 // depends on others, is not a sync sample
)

// Flags of tfhd and trun (sections 8.8.7 and 8.8.8).
const (
	tfhdDefaultFlags = 0x000020
	tfhdBaseIsMoof   = 0x020000
	trunDataOffset   = 0x000001
	trunDuration     = 0x000100
	trunSize         = 0x000200
	trunFlags        = 0x000400
	trunOffsets      = 0x000800
)

// strip is what a fragment has of one track.
type strip struct {
	track   uint32
	video   bool
	samples []sample // at least one
}

// layout returns how long the strip's trun and traf are, the flags of the trun, and
// how long its samples are.
func (r *strip) layout() (trun, traf int, flags uint32, payload int) {
	flags, perSample := uint32(trunDataOffset|trunDuration|trunSize), 8
	for i := range r.samples {
		payload += len(r.samples[i].data)
		if r.samples[i].cts != 0 {
			flags |= trunOffsets
		}
	}
	if r.video {
		flags |= trunFlags
		perSample += 4
	}
	if flags&trunOffsets != 0 {
		perSample += 4
	}
	trun = 20 + perSample*len(r.samples)
	return trun, 8 + 20 + 20 + trun, flags, payload
}

// fragment returns a moof and an mdat: their headers in one slice, and behind it
// the samples as they came. Every offset is signed (trun version 1), so frames
// may be shown before the time at which they are decoded.
func fragment(sequence uint32, strips ...strip) [][]byte {
	moof, payload, samples := 8+16, 0, 0
	for i := range strips {
		_, traf, _, n := strips[i].layout()
		moof, payload, samples = moof+traf, payload+n, samples+len(strips[i].samples)
	}
	b := make([]byte, 0, moof+8)
	b = header(b, moof, "moof")
	b = fullHeader(b, 16, "mfhd", 0, 0)
	b = be32(b, sequence)
	at := moof + 8
	data := make([][]byte, 1, 1+samples)
	for i := range strips {
		var n int
		b, n = strips[i].append(b, at)
		at += n
		for j := range strips[i].samples {
			data = append(data, strips[i].samples[j].data)
		}
	}
	data[0] = header(b, 8+payload, "mdat")
	return data
}

// append writes the strip's traf; its samples begin at an offset from the moof's
// start. It returns how long they are.
func (r *strip) append(b []byte, offset int) ([]byte, int) {
	trun, traf, flags, payload := r.layout()
	b = header(b, traf, "traf")
	b = fullHeader(b, 20, "tfhd", 0, tfhdDefaultFlags|tfhdBaseIsMoof)
	b = be32(b, r.track)
	b = be32(b, flagsKey)
	b = fullHeader(b, 20, "tfdt", 1, 0)
	b = binary.BigEndian.AppendUint64(b, r.samples[0].time)
	b = fullHeader(b, trun, "trun", 1, flags)
	b = be32(b, uint32(len(r.samples)))
	b = be32(b, uint32(offset))
	for i := range r.samples {
		s := &r.samples[i]
		b = be32(be32(b, s.duration), uint32(len(s.data)))
		if r.video && s.key {
			b = be32(b, flagsKey)
		} else if r.video {
			b = be32(b, flagsDelta)
		}
		if flags&trunOffsets != 0 {
			b = be32(b, uint32(s.cts))
		}
	}
	return b, payload
}

func be32(b []byte, v uint32) []byte { return binary.BigEndian.AppendUint32(b, v) }

func header(b []byte, size int, name string) []byte {
	return append(be32(b, uint32(size)), name...)
}

func fullHeader(b []byte, size int, name string, version, flags uint32) []byte {
	return be32(header(b, size, name), version<<24|flags)
}
