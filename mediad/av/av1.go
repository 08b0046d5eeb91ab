package av

import "fmt"

// OBU types (AV1 section 6.2.2) that matter here.
const (
	obuSequenceHeader    = 1
	obuTemporalDelimiter = 2
	obuTileList          = 8
	obuPadding           = 15
)

// describeAV1 reads an AV1CodecConfigurationRecord (AV1-ISOBMFF section 2.3).
func (t *Track) describeAV1(b []byte) error {
	if len(b) < 4 {
		return ErrShort
	}
	if b[0] != 0x81 { // marker 1, version 1
		return ErrValue
	}
	t.Profile, t.Level, t.BitDepth = int(b[1]>>5), int(b[1]&31), 8
	tier := "M"
	if b[2]&0x80 != 0 {
		tier = "H"
	}
	if b[2]&0x40 != 0 {
		t.BitDepth = 10
		if b[2]&0x20 != 0 {
			t.BitDepth = 12
		}
	}
	if t.Profile > 2 {
		return ErrValue
	}
	t.MIME = fmt.Sprintf("av01.%d.%02d%s.%02d", t.Profile, t.Level, tier, t.BitDepth)
	units := 0
	for rest := b[4:]; len(rest) > 0; {
		kind, payload, size, err := nextOBU(rest)
		if err != nil {
			return err
		}
		if kind == obuSequenceHeader {
			width, height, err := av1Size(payload)
			if err != nil {
				return err
			}
			return t.setSize(width, height)
		}
		if units++; units > maxUnits {
			return ErrTooManyUnits
		}
		rest = rest[size:]
	}
	return nil // the record may do without OBUs; the size is then not known
}

// nextOBU divides the first OBU (AV1 section 5.3.1) from b. An OBU without a
// size of its own lasts to the end.
func nextOBU(b []byte) (kind byte, payload []byte, size int, err error) {
	if len(b) == 0 || b[0]&0x80 != 0 { // forbidden bit
		return 0, nil, 0, ErrOBU
	}
	kind = b[0] >> 3 & 15
	at := 1
	if b[0]&4 != 0 { // extension
		at = 2
	}
	if at > len(b) {
		return 0, nil, 0, ErrOBU
	}
	if b[0]&2 == 0 {
		return kind, b[at:], len(b), nil
	}
	n := uint64(0)
	for i := 0; ; i++ { // leb128, section 4.10.5
		if i == 8 || at >= len(b) {
			return 0, nil, 0, ErrOBU
		}
		c := b[at]
		at++
		n |= uint64(c&0x7f) << (7 * i)
		if c&0x80 == 0 {
			break
		}
	}
	if n > uint64(len(b)-at) {
		return 0, nil, 0, ErrOBU
	}
	return kind, b[at : at+int(n)], at + int(n), nil
}

// StripOBUs returns the OBUs of a temporal unit without those that a file or
// stream of samples leaves out (AV1-ISOBMFF section 2.4): temporal delimiters,
// tile lists and padding. When there are none data is returned as it is.
func StripOBUs(data []byte) ([]byte, error) {
	var out []byte
	stripped := false
	units := 0
	for rest := data; len(rest) > 0; {
		kind, _, size, err := nextOBU(rest)
		if err != nil {
			return nil, err
		}
		if units++; units > maxUnits {
			return nil, ErrTooManyUnits
		}
		switch kind {
		case obuTemporalDelimiter, obuTileList, obuPadding:
			if !stripped {
				stripped = true
				out = append(make([]byte, 0, len(data)), data[:len(data)-len(rest)]...)
			}
		default:
			if stripped {
				out = append(out, rest[:size]...)
			}
		}
		rest = rest[size:]
	}
	if !stripped {
		return data, nil
	}
	return out, nil
}

// av1Size reads sequence_header_obu (AV1 section 5.5.1) up to the largest frame
// size.
func av1Size(b []byte) (width, height int, err error) {
	r := &bitReader{b: b[:min(len(b), maxParameterSet)]}
	r.skip(4) // seq_profile, still_picture
	if r.flag() {
		r.skip(5)
	} else {
		skipOperatingPoints(r)
	}
	widthBits, heightBits := int(r.u(4))+1, int(r.u(4))+1
	width, height = int(r.u(widthBits))+1, int(r.u(heightBits))+1
	if r.over {
		return 0, 0, ErrShort
	}
	return width, height, nil
}

func skipOperatingPoints(r *bitReader) {
	model, delayBits := false, 0
	if r.flag() { // timing_info_present_flag
		r.skip(64)
		if r.flag() { // equal_picture_interval
			r.uvlc()
		}
		if model = r.flag(); model {
			delayBits = int(r.u(5)) + 1
			r.skip(32 + 5 + 5)
		}
	}
	delay := r.flag()
	for range r.u(5) + 1 {
		r.skip(12)
		if r.u(5) > 7 {
			r.skip(1)
		}
		if model && r.flag() {
			r.skip(2*delayBits + 1)
		}
		if delay && r.flag() {
			r.skip(4)
		}
	}
}
