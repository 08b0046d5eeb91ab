package av

import (
	"bytes"
	"fmt"
)

// MaxSide is the largest width or height, in pixels, that is believed. Level 6.2
// of H.264 and HEVC ends at 16,888.
const MaxSide = 16888

// Track is what is known of a track from its configuration.
type Track struct {
	Kind  Kind
	Codec Codec
	ID    uint8

	// Config is the decoder configuration, immutable: the body of an avcC, hvcC,
	// av1C or vpcC box, an AudioSpecificConfig, an OpusHead, a STREAMINFO. It is
	// nil for codecs that describe themselves in each frame.
	Config []byte
	// MIME is the codec parameter of RFC 6381: "avc1.64001f", "mp4a.40.2".
	MIME string

	// Video. Width and Height are pixels to show, after cropping.
	Width, Height  int
	Profile, Level int // as coded: level 31 is 3.1 in H.264, 93 in HEVC
	BitDepth       int // of luma

	// Audio.
	SampleRate int // Hz that a decoder puts out
	Channels   int
	FrameSize  int // samples of one frame at SampleRate, 0 if it varies
}

// Same reports whether t and o are decoded with the same configuration.
func (t Track) Same(o Track) bool {
	return t.Codec == o.Codec && t.ID == o.ID && bytes.Equal(t.Config, o.Config) &&
		t.SampleRate == o.SampleRate && t.Channels == o.Channels
}

// Describe parses the configuration of a track. Config is kept, not copied.
// For codecs without one (see Codec.NeedsConfig), config is the first frame.
func Describe(c Codec, config []byte) (Track, error) {
	t := Track{Kind: c.Kind(), Codec: c}
	var err error
	switch c {
	case H264:
		err = t.describeAVC(config)
	case HEVC:
		err = t.describeHEVC(config)
	case AV1:
		err = t.describeAV1(config)
	case VP9:
		err = t.describeVP9(config)
	case AAC:
		err = t.describeAAC(config)
	case Opus:
		err = t.describeOpus(config)
	case FLAC:
		err = t.describeFLAC(config)
	case MP3:
		err = t.describeMP3(config)
	case AC3, EAC3:
		err = t.describeAC3(config)
	default:
		return Track{}, ErrCodec
	}
	if err != nil {
		return Track{}, fmt.Errorf("%s configuration: %w", c, err)
	}
	if c.NeedsConfig() {
		t.Config = config
	}
	return t, nil
}

// setSize takes a picture size that a stream claims.
func (t *Track) setSize(width, height int) error {
	if width < 1 || height < 1 || width > MaxSide || height > MaxSide {
		return ErrSize
	}
	t.Width, t.Height = width, height
	return nil
}
