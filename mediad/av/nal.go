package av

import (
	"bytes"
	"encoding/binary"
)

// maxUnits is how many NAL units or OBUs one access unit may have. A picture of
// level 6.2 has at most 600 slices.
const maxUnits = 2048

// ParameterSets are those found among the units of a frame, in their order.
type ParameterSets struct{ VPS, SPS, PPS [][]byte }

// maxSets bounds how many parameter sets of one kind are collected of a frame.
const maxSets = 16

// Complete reports whether a configuration can be built of them.
func (s ParameterSets) Complete() bool { return len(s.SPS) > 0 && len(s.PPS) > 0 }

// Config builds the configuration record of codec c out of the sets.
func (s ParameterSets) Config(c Codec) ([]byte, error) {
	switch c {
	case H264:
		return BuildAVCConfig(s.SPS, s.PPS)
	case HEVC:
		return BuildHEVCConfig(s.VPS, s.SPS, s.PPS)
	}
	return nil, ErrCodec
}

// AccessUnit is a frame of H.264 or HEVC, brought into one form.
type AccessUnit struct {
	// Data is NAL units with lengths of four bytes, without access unit
	// delimiters, filler data and empty units. It is the input itself when there
	// was nothing to change, and empty when nothing is left.
	Data []byte
	// RandomAccess: there is an IDR picture, or an IRAP picture of HEVC.
	RandomAccess bool
	// Sets are the parameter sets in the frame. They lie in the input.
	Sets ParameterSets
}

// ParseAccessUnit divides data into NAL units. lengthSize is that of the
// configuration record: 1, 2 or 4 bytes. Data that lengths do not divide, but
// start codes do (ISO/IEC 14496-10 annex B), is converted: bridges from RTSP and
// some phones send that. Lengths are tried first, because 00 00 01 xx is also
// the length of a unit of 256 to 511 bytes.
func ParseAccessUnit(c Codec, data []byte, lengthSize int) (AccessUnit, error) {
	next := nextUnit(nextPrefixed)
	if err := walk(data, lengthSize, next, func([]byte) {}); err != nil {
		if err == ErrTooManyUnits || !hasStartCode(data) {
			return AccessUnit{}, err
		}
		next, lengthSize = nextAnnexB, 0
	}
	var u AccessUnit
	same, size := lengthSize == 4, 0
	err := walk(data, lengthSize, next, func(nal []byte) {
		if keep(c, nal) {
			u.inspect(c, nal)
			size += 4 + len(nal)
		} else {
			same = false
		}
	})
	if err != nil {
		return AccessUnit{}, err
	}
	if same {
		u.Data = data
		return u, nil
	}
	u.Data = make([]byte, 0, size)
	err = walk(data, lengthSize, next, func(nal []byte) {
		if keep(c, nal) {
			u.Data = binary.BigEndian.AppendUint32(u.Data, uint32(len(nal)))
			u.Data = append(u.Data, nal...)
		}
	})
	return u, err
}

// AnnexB divides data by start codes and returns the parameter sets in it: for
// sequence headers that hold them in that form.
func AnnexB(c Codec, data []byte) (ParameterSets, error) {
	if !hasStartCode(data) {
		return ParameterSets{}, ErrNAL
	}
	var u AccessUnit
	err := walk(data, 0, nextAnnexB, func(nal []byte) {
		if keep(c, nal) {
			u.inspect(c, nal)
		}
	})
	return u.Sets, err
}

// keep reports whether a unit belongs in a sample.
func keep(c Codec, nal []byte) bool {
	if len(nal) == 0 {
		return false
	}
	if c == HEVC {
		kind := nal[0] >> 1 & 0x3f
		return kind != hevcAUD && kind != hevcFiller
	}
	kind := nal[0] & 31
	return kind != avcAUD && kind != avcFiller
}

// inspect takes note of a unit.
func (u *AccessUnit) inspect(c Codec, nal []byte) {
	if c == HEVC {
		switch kind := nal[0] >> 1 & 0x3f; {
		case kind == hevcVPS:
			collect(&u.Sets.VPS, nal)
		case kind == hevcSPS:
			collect(&u.Sets.SPS, nal)
		case kind == hevcPPS:
			collect(&u.Sets.PPS, nal)
		case kind >= hevcFirstIRAP && kind <= hevcLastIRAP:
			u.RandomAccess = true
		}
		return
	}
	switch nal[0] & 31 {
	case avcSPS:
		collect(&u.Sets.SPS, nal)
	case avcPPS:
		collect(&u.Sets.PPS, nal)
	case avcIDR:
		u.RandomAccess = true
	}
}

func collect(sets *[][]byte, nal []byte) {
	if len(*sets) < maxSets {
		*sets = append(*sets, nal)
	}
}

// nextUnit finds the first unit of b and how many bytes of b it takes.
type nextUnit func(b []byte, lengthSize int) (nal []byte, size int, ok bool)

func nextPrefixed(b []byte, lengthSize int) (nal []byte, size int, ok bool) {
	if len(b) < lengthSize {
		return nil, 0, false
	}
	var n uint64
	for _, c := range b[:lengthSize] {
		n = n<<8 | uint64(c)
	}
	if b = b[lengthSize:]; n > uint64(len(b)) {
		return nil, 0, false
	}
	return b[:n:n], lengthSize + int(n), true
}

func hasStartCode(b []byte) bool {
	return bytes.HasPrefix(b, []byte{0, 0, 1}) || bytes.HasPrefix(b, []byte{0, 0, 0, 1})
}

// nextAnnexB takes a start code, and the unit up to the next one without the
// zeros between them.
func nextAnnexB(b []byte, _ int) (nal []byte, size int, ok bool) {
	start := bytes.Index(b, []byte{0, 0, 1})
	if start < 0 {
		return nil, len(b), true
	}
	start += 3
	end := len(b)
	if i := bytes.Index(b[start:], []byte{0, 0, 1}); i >= 0 {
		end = start + i
	}
	nal = bytes.TrimRight(b[start:end], "\x00")
	return nal, end, true
}

// walk gives every unit of data to visit.
func walk(data []byte, lengthSize int, next nextUnit, visit func(nal []byte)) error {
	for n := 0; len(data) > 0; n++ {
		if n == maxUnits {
			return ErrTooManyUnits
		}
		nal, size, ok := next(data, lengthSize)
		if !ok {
			return ErrNAL
		}
		visit(nal)
		data = data[size:]
	}
	return nil
}
