package av

import "math/bits"

// bitReader reads big-endian bit fields. Reading past the end gives zeros and
// sets over, which is checked once at the end of a structure: loops over counts
// that were read are bounded by those counts, and counts by their allowed range.
type bitReader struct {
	b    []byte
	pos  int // bits consumed
	over bool
}

func (r *bitReader) bit() uint32 {
	if r.pos>>3 >= len(r.b) {
		r.over = true
		return 0
	}
	v := r.b[r.pos>>3] >> (7 - r.pos&7) & 1
	r.pos++
	return uint32(v)
}

func (r *bitReader) flag() bool { return r.bit() == 1 }

// u reads n bits, at most 32.
func (r *bitReader) u(n int) uint32 {
	var v uint32
	for range n {
		v = v<<1 | r.bit()
	}
	return v
}

// skip passes over n bits.
func (r *bitReader) skip(n int) {
	if r.pos += n; r.pos > len(r.b)*8 {
		r.pos, r.over = len(r.b)*8, true
	}
}

// ue reads an unsigned Exp-Golomb code (ISO/IEC 14496-10 section 9.1). A code
// with more than 32 leading zeros does not exist and counts as the end.
func (r *bitReader) ue() uint32 {
	zeros := 0
	for r.bit() == 0 {
		if zeros++; zeros > 32 || r.over {
			r.over = true
			return 0
		}
	}
	if zeros == 32 {
		return uint32(uint64(1)<<32 - 1 + uint64(r.u(32)))
	}
	return 1<<zeros - 1 + r.u(zeros)
}

// se reads a signed Exp-Golomb code (section 9.1.1).
func (r *bitReader) se() int32 {
	k := r.ue()
	if k&1 == 1 {
		return int32(k>>1) + 1
	}
	return -int32(k >> 1)
}

// uvlc reads AV1's uvlc() (AV1 section 4.10.3): as ue, but a value of 32 zeros
// is the largest and has no suffix.
func (r *bitReader) uvlc() uint32 {
	zeros := 0
	for r.bit() == 0 {
		if zeros++; zeros >= 32 || r.over {
			return 1<<32 - 1
		}
	}
	return 1<<zeros - 1 + r.u(zeros)
}

// maxParameterSet is how many bytes of a parameter set are looked at. What is
// read of one ends within the first few hundred.
const maxParameterSet = 2048

// unescape returns the RBSP of a NAL unit: without emulation prevention bytes
// (ISO/IEC 14496-10 section 7.4.1), and at most maxParameterSet bytes of it.
func unescape(nal []byte) []byte {
	nal = nal[:min(len(nal), maxParameterSet)]
	out := make([]byte, 0, len(nal))
	zeros := 0
	for _, c := range nal {
		if zeros >= 2 && c == 3 {
			zeros = 0
			continue
		}
		out = append(out, c)
		if c == 0 {
			zeros++
		} else {
			zeros = 0
		}
	}
	return out
}

// reverse32 mirrors the bits of v, as RFC 6381 strings of HEVC want it.
func reverse32(v uint32) uint32 { return bits.Reverse32(v) }
