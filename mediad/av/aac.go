package av

import "fmt"

// Audio object types (ISO/IEC 14496-3 table 1.17) that change how the rest reads.
const (
	aacLC       = 2
	aacSBR      = 5
	aacScalable = 6
	aacERLC     = 17
	aacERScal   = 20
	aacERLD     = 23
	aacPS       = 29
	aacELD      = 39
	usac        = 42
)

// AACConfig is an AudioSpecificConfig (ISO/IEC 14496-3 section 1.6.2.1).
type AACConfig struct {
	// ObjectType is the outermost one that is signalled: 2 is AAC-LC, 5 is
	// HE-AAC, 29 is HE-AAC v2.
	ObjectType int
	CoreRate   int // Hz of the core coder
	SampleRate int // Hz put out: CoreRate, or the rate of explicit SBR
	Channels   int // put out
	FrameSize  int // samples of one frame at SampleRate; 0 if not known
}

// ParseAACConfig reads an AudioSpecificConfig, with explicit SBR and PS in both
// the hierarchical form and the backward compatible one (section 1.6.5).
func ParseAACConfig(b []byte) (AACConfig, error) {
	r := &bitReader{b: b[:min(len(b), maxParameterSet)]}
	var c AACConfig
	object := aacObjectType(r)
	c.CoreRate = aacRate(r)
	channels := r.u(4)
	c.ObjectType, c.SampleRate = object, c.CoreRate
	if object == aacSBR || object == aacPS {
		c.SampleRate = aacRate(r)
		object = aacObjectType(r)
	}
	c.Channels = aacChannels(channels)
	if r.over {
		return AACConfig{}, ErrShort
	}
	if err := c.readSpecific(r, object, channels); err != nil {
		return AACConfig{}, err
	}
	if c.ObjectType == aacPS && c.Channels == 1 {
		c.Channels = 2
	}
	if !credibleRate(c.CoreRate) || !credibleRate(c.SampleRate) || c.Channels < 1 || c.Channels > 24 {
		return AACConfig{}, ErrAudioFormat
	}
	if c.SampleRate == 2*c.CoreRate {
		c.FrameSize *= 2
	}
	return c, nil
}

func credibleRate(hz int) bool { return hz >= 7350 && hz <= 192000 }

func aacObjectType(r *bitReader) int {
	t := int(r.u(5))
	if t == 31 {
		t = 32 + int(r.u(6))
	}
	return t
}

func aacRate(r *bitReader) int {
	i := r.u(4)
	if i == 15 {
		return int(r.u(24))
	}
	return [16]int{96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350}[i]
}

// aacChannels is table 1.19, with the additions of amendment 4. 0 asks for a
// program config element.
func aacChannels(config uint32) int {
	return [16]int{0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 24, 8, 0}[config&15]
}

// readSpecific reads what follows the fixed start: GASpecificConfig (section
// 4.4.1) for the object types that have it, and the extension behind it.
func (c *AACConfig) readSpecific(r *bitReader, object int, channels uint32) error {
	switch object {
	case 1, aacLC, 3, 4, aacScalable, 7, aacERLC, 19, aacERScal, 21, 22, aacERLD:
	case aacELD, usac:
		if channels == 0 {
			return ErrAudioFormat // their own ways of saying it are not read
		}
		return nil
	default:
		return ErrValue
	}
	c.FrameSize = 1024
	if r.flag() { // frameLengthFlag
		c.FrameSize = 960
	}
	if object == aacERLD {
		c.FrameSize /= 2
	}
	if r.flag() { // dependsOnCoreCoder
		r.skip(14)
	}
	extension := r.flag()
	if channels == 0 {
		c.Channels = programChannels(r)
		if r.over {
			return ErrShort
		}
	}
	if object != aacLC || extension || c.ObjectType != aacLC {
		return nil
	}
	c.readExtension(r)
	return nil
}

// readExtension reads the backward compatible signalling of SBR and PS. The sync
// word is behind byte alignment only when a program config element was there,
// which has aligned itself.
func (c *AACConfig) readExtension(r *bitReader) {
	if len(r.b)*8-r.pos < 16 || r.u(11) != 0x2b7 || aacObjectType(r) != aacSBR || !r.flag() {
		return
	}
	rate := aacRate(r)
	if r.over || !credibleRate(rate) {
		return
	}
	c.ObjectType, c.SampleRate = aacSBR, rate
	if len(r.b)*8-r.pos >= 12 && r.u(11) == 0x548 && r.flag() {
		c.ObjectType = aacPS
	}
}

// programChannels counts the channels of a program_config_element (section
// 4.4.1.1) and passes over it.
func programChannels(r *bitReader) int {
	r.skip(10)
	front, side, back := int(r.u(4)), int(r.u(4)), int(r.u(4))
	lfe, assoc, cc := int(r.u(2)), int(r.u(3)), int(r.u(4))
	for _, bits := range [...]int{4, 4, 3} { // mono, stereo, matrix mixdown
		if r.flag() {
			r.skip(bits)
		}
	}
	n := lfe
	for range front + side + back {
		n += 1 + int(r.bit())
		r.skip(4)
	}
	r.skip(4*lfe + 4*assoc + 5*cc)
	r.skip(-r.pos & 7)
	r.skip(8 * int(r.u(8))) // comment
	return n
}

func (t *Track) describeAAC(config []byte) error {
	c, err := ParseAACConfig(config)
	if err != nil {
		return err
	}
	t.Profile, t.SampleRate, t.Channels, t.FrameSize = c.ObjectType, c.SampleRate, c.Channels, c.FrameSize
	t.MIME = fmt.Sprintf("mp4a.40.%d", c.ObjectType)
	return nil
}

// BuildAACConfig makes an AudioSpecificConfig of AAC-LC: for streams whose
// frames came with ADTS headers, or with no configuration at all. It returns nil
// when AAC has no such format.
func BuildAACConfig(sampleRate, channels int) []byte {
	index, config := -1, channels
	for i := range 13 {
		if aacRate(&bitReader{b: []byte{byte(i) << 4}}) == sampleRate {
			index = i
		}
	}
	switch {
	case channels == 8:
		config = 7
	case channels < 1 || channels > 6:
		return nil
	}
	if index < 0 {
		return nil
	}
	return []byte{aacLC<<3 | byte(index>>1), byte(index)<<7 | byte(config)<<3}
}

// ADTS is the header that AAC frames have outside of containers (ISO/IEC 14496-3
// section 1.A.2).
type ADTS struct {
	SampleRate, Channels int
	Size                 int // bytes of the header
}

// ParseADTS reads the header of b, if b is one whole frame with it. No raw frame
// begins with these bits: they would end it.
func ParseADTS(b []byte) (ADTS, bool) {
	if len(b) < 7 || b[0] != 0xff || b[1]&0xf6 != 0xf0 {
		return ADTS{}, false
	}
	if length := int(b[3]&3)<<11 | int(b[4])<<3 | int(b[5])>>5; length != len(b) {
		return ADTS{}, false
	}
	h := ADTS{
		SampleRate: aacRate(&bitReader{b: []byte{b[2] << 2 & 0xf0, 0, 0, 0}}),
		Channels:   aacChannels(uint32(b[2]&1)<<2 | uint32(b[3])>>6),
		Size:       7,
	}
	if b[1]&1 == 0 { // a checksum follows
		h.Size = min(9, len(b))
	}
	return h, true
}
