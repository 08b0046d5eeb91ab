package av

import (
	"encoding/binary"
	"fmt"
)

// NAL unit types of HEVC (ISO/IEC 23008-2 table 7-1) that matter here.
const (
	hevcFirstIRAP = 16
	hevcLastIRAP  = 21
	hevcVPS       = 32
	hevcSPS       = 33
	hevcPPS       = 34
	hevcAUD       = 35
	hevcFiller    = 38
)

// HEVCConfig is an HEVCDecoderConfigurationRecord (ISO/IEC 14496-15 section
// 8.3.3.1). Its slices lie in the bytes it was parsed from.
type HEVCConfig struct {
	ProfileSpace, ProfileIDC uint8
	HighTier                 bool
	Compat                   uint32
	Constraints              [6]byte
	Level                    uint8 // thirtieths: 93 is level 3.1
	LengthSize               int
	VPS, SPS, PPS            [][]byte
}

// ParseHEVCConfig reads a record.
func ParseHEVCConfig(b []byte) (HEVCConfig, error) {
	if len(b) < 23 {
		return HEVCConfig{}, ErrShort
	}
	// Version 0 was written by encoders that followed a draft.
	if b[0] > 1 {
		return HEVCConfig{}, ErrValue
	}
	c := HEVCConfig{LengthSize: int(b[21]&3) + 1, Level: b[12]}
	c.readTier(b[1:])
	if c.LengthSize == 3 {
		return HEVCConfig{}, ErrValue
	}
	arrays := int(b[22])
	b = b[23:]
	for range arrays {
		if len(b) < 3 {
			return HEVCConfig{}, ErrShort
		}
		kind := b[0] & 0x3f
		units, rest, err := lengthPrefixed(b[3:], int(binary.BigEndian.Uint16(b[1:])))
		if err != nil {
			return HEVCConfig{}, err
		}
		switch kind {
		case hevcVPS:
			c.VPS = append(c.VPS, units...)
		case hevcSPS:
			c.SPS = append(c.SPS, units...)
		case hevcPPS:
			c.PPS = append(c.PPS, units...)
		}
		b = rest
	}
	if len(c.SPS) == 0 {
		return HEVCConfig{}, ErrValue
	}
	return c, nil
}

// readTier takes the eleven bytes that begin both the record and
// profile_tier_level (ISO/IEC 23008-2 section 7.3.3).
func (c *HEVCConfig) readTier(b []byte) {
	c.ProfileSpace, c.HighTier, c.ProfileIDC = b[0]>>6, b[0]&0x20 != 0, b[0]&0x1f
	c.Compat = binary.BigEndian.Uint32(b[1:])
	copy(c.Constraints[:], b[5:11])
}

// MIME returns the RFC 6381 parameter as ISO/IEC 14496-15 annex E.3 builds it.
func (c HEVCConfig) MIME() string {
	tier := "L"
	if c.HighTier {
		tier = "H"
	}
	s := fmt.Sprintf("hvc1.%s%d.%X.%s%d",
		[...]string{"", "A", "B", "C"}[c.ProfileSpace&3], c.ProfileIDC, reverse32(c.Compat), tier, c.Level)
	last := len(c.Constraints)
	for last > 0 && c.Constraints[last-1] == 0 {
		last--
	}
	for _, b := range c.Constraints[:last] {
		s += fmt.Sprintf(".%X", b)
	}
	return s
}

// BuildHEVCConfig makes a record with lengths of four bytes out of parameter
// sets: for streams that carry them among the frames only.
func BuildHEVCConfig(vps, sps, pps [][]byte) ([]byte, error) {
	if len(sps) == 0 || len(pps) == 0 || len(vps)+len(sps)+len(pps) > 255 {
		return nil, ErrValue
	}
	s, err := parseHEVCSPS(sps[0])
	if err != nil {
		return nil, err
	}
	b := append([]byte{1}, s.tier[:]...)
	b = append(b, 0xf0, 0, 0xfc, // no spatial segmentation, unknown parallelism
		0xfc|byte(s.chroma), 0xf8|byte(s.bitDepth-8), 0xf8|byte(s.bitDepthChroma-8),
		0, 0, // average frame rate: unknown
		byte(s.layers)<<3|byte(s.nested)<<2|3)
	arrays := [...]struct {
		kind  byte
		units [][]byte
	}{{hevcVPS, vps}, {hevcSPS, sps}, {hevcPPS, pps}}
	count := len(b)
	b = append(b, 0)
	for _, a := range arrays {
		if len(a.units) == 0 {
			continue
		}
		b[count]++
		b = append(b, 0x80|a.kind)
		b = binary.BigEndian.AppendUint16(b, uint16(len(a.units)))
		b = appendUnits(b, a.units)
	}
	return b, nil
}

func (t *Track) describeHEVC(config []byte) error {
	c, err := ParseHEVCConfig(config)
	if err != nil {
		return err
	}
	s, err := parseHEVCSPS(c.SPS[0])
	if err != nil {
		return err
	}
	t.Profile, t.Level, t.BitDepth = int(c.ProfileIDC), int(c.Level), s.bitDepth
	t.MIME = c.MIME()
	return t.setSize(s.width, s.height)
}

// hevcSPSFacts is what is read of a sequence parameter set.
type hevcSPSFacts struct {
	tier                     [12]byte // general profile, tier, level, as coded
	layers, nested           uint32
	width, height            int
	chroma                   uint32
	bitDepth, bitDepthChroma int
}

// parseHEVCSPS reads the start of seq_parameter_set_rbsp (ISO/IEC 23008-2
// section 7.3.2.2.1), up to the bit depths. nal begins with its header.
func parseHEVCSPS(nal []byte) (hevcSPSFacts, error) {
	if len(nal) < 2 {
		return hevcSPSFacts{}, ErrShort
	}
	if nal[0]>>1&0x3f != hevcSPS {
		return hevcSPSFacts{}, ErrValue
	}
	rbsp := unescape(nal[2:])
	if len(rbsp) < 14 {
		return hevcSPSFacts{}, ErrShort
	}
	var s hevcSPSFacts
	r := &bitReader{b: rbsp}
	r.skip(4)
	s.layers, s.nested = r.u(3)+1, r.u(1)
	copy(s.tier[:], rbsp[1:])
	r.skip(12 * 8)
	skipSubLayers(r, int(s.layers)-1)
	if s.layers > 7 || r.ue() > 15 {
		return s, ErrValue
	}
	s.chroma = r.ue()
	if s.chroma > 3 {
		return s, ErrValue
	}
	unitX, unitY := uint64(1), uint64(1)
	switch s.chroma {
	case 1:
		unitX, unitY = 2, 2
	case 2:
		unitX = 2
	case 3:
		r.skip(1)
	}
	width, height := uint64(r.ue()), uint64(r.ue())
	var left, right, top, bottom uint64
	if r.flag() { // conformance_window_flag
		left, right, top, bottom = uint64(r.ue()), uint64(r.ue()), uint64(r.ue()), uint64(r.ue())
	}
	depth, depthChroma := r.ue(), r.ue()
	switch {
	case r.over:
		return s, ErrShort
	case depth > 8 || depthChroma > 8:
		return s, ErrValue
	}
	s.bitDepth, s.bitDepthChroma = int(depth)+8, int(depthChroma)+8
	return s, cropped(&s.width, &s.height, width, height, (left+right)*unitX, (top+bottom)*unitY)
}

// skipSubLayers passes over the sub-layers of profile_tier_level.
func skipSubLayers(r *bitReader, n int) {
	if n <= 0 {
		return
	}
	present := r.u(16) // two flags for each of eight layers
	for i := range n {
		if present>>(15-2*i)&1 == 1 {
			r.skip(88)
		}
		if present>>(14-2*i)&1 == 1 {
			r.skip(8)
		}
	}
}
