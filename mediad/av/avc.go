package av

import (
	"encoding/binary"
	"fmt"
)

// NAL unit types of H.264 (ISO/IEC 14496-10 table 7-1) that matter here.
const (
	avcIDR    = 5
	avcSPS    = 7
	avcPPS    = 8
	avcAUD    = 9
	avcFiller = 12
)

// AVCConfig is an AVCDecoderConfigurationRecord (ISO/IEC 14496-15 section
// 5.3.3.1). Its slices lie in the bytes it was parsed from.
type AVCConfig struct {
	Profile, Compat, Level uint8
	LengthSize             int // bytes of a NAL unit's length: 1, 2 or 4
	SPS, PPS               [][]byte
}

// ParseAVCConfig reads a record. Bytes behind the parameter sets are allowed:
// some encoders leave out, and some get wrong, the fields of high profiles.
func ParseAVCConfig(b []byte) (AVCConfig, error) {
	if len(b) < 7 {
		return AVCConfig{}, ErrShort
	}
	if b[0] != 1 {
		return AVCConfig{}, ErrValue
	}
	c := AVCConfig{Profile: b[1], Compat: b[2], Level: b[3], LengthSize: int(b[4]&3) + 1}
	if c.LengthSize == 3 {
		return AVCConfig{}, ErrValue
	}
	sps, rest, err := lengthPrefixed(b[6:], int(b[5]&31))
	if err != nil {
		return AVCConfig{}, err
	}
	if len(rest) == 0 {
		return AVCConfig{}, ErrShort
	}
	pps, _, err := lengthPrefixed(rest[1:], int(rest[0]))
	if err != nil {
		return AVCConfig{}, err
	}
	if len(sps) == 0 {
		return AVCConfig{}, ErrValue
	}
	c.SPS, c.PPS = sps, pps
	return c, nil
}

// lengthPrefixed takes n units with lengths of two bytes from b; empty ones are
// left out.
func lengthPrefixed(b []byte, n int) (units [][]byte, rest []byte, err error) {
	for range n {
		if len(b) < 2 {
			return nil, nil, ErrShort
		}
		size := int(binary.BigEndian.Uint16(b))
		if b = b[2:]; size > len(b) {
			return nil, nil, ErrShort
		}
		if size > 0 {
			units = append(units, b[:size:size])
		}
		b = b[size:]
	}
	return units, b, nil
}

// BuildAVCConfig makes a record with lengths of four bytes out of parameter
// sets: for streams that carry them among the frames only.
func BuildAVCConfig(sps, pps [][]byte) ([]byte, error) {
	if len(sps) == 0 || len(pps) == 0 || len(sps) > 31 || len(pps) > 255 {
		return nil, ErrValue
	}
	s, err := parseAVCSPS(sps[0])
	if err != nil {
		return nil, err
	}
	b := []byte{1, sps[0][1], sps[0][2], sps[0][3], 0xfc | 3, 0xe0 | byte(len(sps))}
	b = appendUnits(b, sps)
	b = append(b, byte(len(pps)))
	b = appendUnits(b, pps)
	if s.high {
		b = append(b, 0xfc|byte(s.chroma), 0xf8|byte(s.bitDepth-8), 0xf8|byte(s.bitDepthChroma-8), 0)
	}
	return b, nil
}

func appendUnits(b []byte, units [][]byte) []byte {
	for _, u := range units {
		u = u[:min(len(u), 0xffff)]
		b = binary.BigEndian.AppendUint16(b, uint16(len(u)))
		b = append(b, u...)
	}
	return b
}

func (t *Track) describeAVC(config []byte) error {
	c, err := ParseAVCConfig(config)
	if err != nil {
		return err
	}
	s, err := parseAVCSPS(c.SPS[0])
	if err != nil {
		return err
	}
	t.Profile, t.Level, t.BitDepth = int(c.Profile), int(c.Level), s.bitDepth
	t.MIME = fmt.Sprintf("avc1.%02x%02x%02x", c.Profile, c.Compat, c.Level)
	return t.setSize(s.width, s.height)
}

// avcSPSFacts is what is read of a sequence parameter set.
type avcSPSFacts struct {
	width, height            int
	chroma                   uint32
	bitDepth, bitDepthChroma int
	high                     bool
}

// parseAVCSPS reads the start of seq_parameter_set_data (ISO/IEC 14496-10
// section 7.3.2.1.1), up to the cropping. nal begins with its header.
func parseAVCSPS(nal []byte) (avcSPSFacts, error) {
	if len(nal) < 5 {
		return avcSPSFacts{}, ErrShort
	}
	if nal[0]&31 != avcSPS {
		return avcSPSFacts{}, ErrValue
	}
	s := avcSPSFacts{chroma: 1, bitDepth: 8, bitDepthChroma: 8}
	r := &bitReader{b: unescape(nal[1:])}
	profile := r.u(8)
	r.skip(16) // constraints, level
	if r.ue() > 31 {
		return s, ErrValue
	}
	if s.high = avcHigh(profile); s.high {
		if err := s.readHigh(r); err != nil {
			return s, err
		}
	}
	if r.ue() > 12 { // log2_max_frame_num_minus4
		return s, ErrValue
	}
	if err := skipPictureOrder(r); err != nil {
		return s, err
	}
	if r.ue() > 16 { // max_num_ref_frames
		return s, ErrValue
	}
	r.skip(1)
	return s, s.readSize(r)
}

// avcHigh names the profiles whose parameter sets have chroma and depth fields.
func avcHigh(profile uint32) bool {
	switch profile {
	case 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135:
		return true
	}
	return false
}

func (s *avcSPSFacts) readHigh(r *bitReader) error {
	s.chroma = r.ue()
	if s.chroma == 3 && r.flag() { // separate_colour_plane: cropped like monochrome
		s.chroma = 0
	}
	depth, depthChroma := r.ue(), r.ue()
	if s.chroma > 3 || depth > 6 || depthChroma > 6 {
		return ErrValue
	}
	s.bitDepth, s.bitDepthChroma = int(depth)+8, int(depthChroma)+8
	r.skip(1)
	if !r.flag() { // seq_scaling_matrix_present_flag
		return nil
	}
	lists := 8
	if s.chroma == 3 {
		lists = 12
	}
	for i := range lists {
		if !r.flag() {
			continue
		}
		size := 16
		if i >= 6 {
			size = 64
		}
		last, next := int32(8), int32(8)
		for range size {
			if next != 0 {
				next = (last + r.se() + 256) & 255
			}
			if next != 0 {
				last = next
			}
		}
	}
	return nil
}

func skipPictureOrder(r *bitReader) error {
	switch r.ue() { // pic_order_cnt_type
	case 0:
		if r.ue() > 12 {
			return ErrValue
		}
	case 1:
		r.skip(1)
		r.se()
		r.se()
		n := r.ue()
		if n > 255 {
			return ErrValue
		}
		for range n {
			r.se()
		}
	case 2:
	default:
		return ErrValue
	}
	return nil
}

func (s *avcSPSFacts) readSize(r *bitReader) error {
	width, height := uint64(r.ue())+1, uint64(r.ue())+1 // macroblocks, map units
	field := uint64(1)
	if !r.flag() { // frame_mbs_only_flag
		field = 2
		r.skip(1)
	}
	r.skip(1)
	var left, right, top, bottom uint64
	if r.flag() {
		left, right, top, bottom = uint64(r.ue()), uint64(r.ue()), uint64(r.ue()), uint64(r.ue())
	}
	if r.over {
		return ErrShort
	}
	unitX, unitY := uint64(1), field
	switch s.chroma {
	case 1:
		unitX, unitY = 2, 2*field
	case 2:
		unitX = 2
	}
	return cropped(&s.width, &s.height, width*16, height*16*field, (left+right)*unitX, (top+bottom)*unitY)
}

// cropped computes a size in pixels, in numbers wide enough for any input.
func cropped(w, h *int, width, height, cropX, cropY uint64) error {
	if cropX >= width || cropY >= height || width-cropX > MaxSide || height-cropY > MaxSide {
		return ErrSize
	}
	*w, *h = int(width-cropX), int(height-cropY)
	return nil
}
