package flv

import (
	"bytes"
	"time"

	"synctv/mediad/av"
)

// Decoder turns the tags of one sender into packets. It remembers the decoder
// configurations in use, to bring frames into one form and to pass on only what
// changes. The zero Decoder is ready; it is not safe for concurrent use.
//
// Packets have the sender's clock: a Timeline makes a time of it.
type Decoder struct {
	video, audio configuration
}

// configuration is what is known of how a track is decoded.
type configuration struct {
	codec      av.Codec
	bytes      []byte // as passed on
	source     []byte // as it came; may differ from bytes
	lengthSize int    // of NAL units, in source
	track      av.Track
}

// Decode appends the packets of a tag to dst: none, one, or two when a
// configuration was found among frames. The packets keep parts of tag.Data. An
// error is of this tag alone, and leaves the Decoder as it was.
func (d *Decoder) Decode(dst []av.Packet, tag Tag) ([]av.Packet, error) {
	var h body
	var err error
	switch tag.Type {
	case Video:
		h, err = parseVideo(tag.Data)
	case Audio:
		h, err = parseAudio(tag.Data)
	case Script:
		return appendScriptPacket(dst, tag), nil
	default:
		return dst, ErrValue
	}
	if err != nil || h.none || h.packet == sequenceEnd || len(h.data) == 0 {
		return dst, err
	}
	at := time.Duration(tag.Timestamp)*time.Millisecond + h.nano
	p := av.Packet{Kind: h.codec.Kind(), Codec: h.codec, DTS: at, PTS: at + h.offset, Data: h.data}
	c := &d.audio
	if p.Kind == av.Video {
		c = &d.video
	}
	if h.packet == sequenceStart {
		return c.start(dst, p)
	}
	if p.Kind == av.Video {
		p.Key = h.frame == frameKey || h.frame == frameGeneratedKey
		return c.frame(dst, p)
	}
	p.Key = true
	return c.sound(dst, p)
}

func appendScriptPacket(dst []av.Packet, tag Tag) []av.Packet {
	at := time.Duration(tag.Timestamp) * time.Millisecond
	if data := unwrapScript(tag.Data); len(data) > 0 {
		dst = append(dst, av.Packet{Kind: av.Data, DTS: at, PTS: at, Data: data})
	}
	return dst
}

// start takes a sequence header. One that repeats what is in use gives nothing.
func (c *configuration) start(dst []av.Packet, p av.Packet) ([]av.Packet, error) {
	if p.Codec == c.codec && bytes.Equal(p.Data, c.source) {
		return dst, nil
	}
	if p.Codec == av.Opus && bytes.HasPrefix(p.Data, []byte("OpusTags")) {
		return dst, nil
	}
	config, lengthSize := p.Data, 4
	if p.Codec == av.H264 || p.Codec == av.HEVC {
		var err error
		if config, lengthSize, err = nalConfig(p.Codec, p.Data); err != nil {
			return dst, err
		}
	}
	return c.adopt(dst, p, config, lengthSize)
}

// adopt makes config the one in use and passes it on, at the time of p.
func (c *configuration) adopt(dst []av.Packet, p av.Packet, config []byte, lengthSize int) ([]av.Packet, error) {
	track, err := av.Describe(p.Codec, config)
	if err != nil {
		return dst, err
	}
	*c = configuration{codec: p.Codec, bytes: config, source: p.Data, lengthSize: lengthSize, track: track}
	return append(dst, av.Packet{
		Kind: p.Kind, Codec: p.Codec, Track: p.Track, Config: true, DTS: p.DTS, PTS: p.DTS, Data: config,
	}), nil
}

// nalConfig reads a sequence header of H.264 or HEVC: a record, or parameter sets
// with start codes. The record that is returned says lengths of four bytes, as the
// packets have; lengthSize is what the tags have.
func nalConfig(codec av.Codec, data []byte) (config []byte, lengthSize int, err error) {
	at := 4 // where the record says the length size
	if codec == av.H264 {
		var r av.AVCConfig
		r, err = av.ParseAVCConfig(data)
		lengthSize = r.LengthSize
	} else {
		at = 21
		var r av.HEVCConfig
		r, err = av.ParseHEVCConfig(data)
		lengthSize = r.LengthSize
	}
	if err != nil {
		sets, setsErr := av.AnnexB(codec, data)
		if setsErr != nil {
			return nil, 0, err
		}
		config, err = sets.Config(codec)
		return config, 4, err
	}
	if lengthSize != 4 {
		data = bytes.Clone(data)
		data[at] |= 3
	}
	return data, lengthSize, nil
}

// frame takes a frame of video.
func (c *configuration) frame(dst []av.Packet, p av.Packet) ([]av.Packet, error) {
	switch p.Codec {
	case av.H264, av.HEVC:
	case av.AV1:
		data, err := av.StripOBUs(p.Data)
		if err != nil || len(data) == 0 {
			return dst, err
		}
		p.Data = data
		return append(dst, p), nil
	default:
		return append(dst, p), nil
	}
	lengthSize := 4
	if c.codec == p.Codec {
		lengthSize = c.lengthSize
	}
	u, err := av.ParseAccessUnit(p.Codec, p.Data, lengthSize)
	if err != nil {
		return dst, err
	}
	if u.Sets.Complete() {
		dst = c.inBand(dst, p, u.Sets)
	}
	if len(u.Data) == 0 {
		return dst, nil
	}
	p.Data, p.Key = u.Data, p.Key || u.RandomAccess
	return append(dst, p), nil
}

// inBand takes parameter sets found in a frame. They count when there was no
// sequence header, or when they say another picture than it did; sets that differ
// in detail only would otherwise change places with the header at each key frame.
func (c *configuration) inBand(dst []av.Packet, p av.Packet, sets av.ParameterSets) []av.Packet {
	config, err := sets.Config(p.Codec)
	if err != nil || p.Codec == c.codec && bytes.Equal(config, c.bytes) {
		return dst
	}
	track, err := av.Describe(p.Codec, config)
	if err != nil {
		return dst
	}
	if now := c.track; c.codec == p.Codec && track.Width == now.Width && track.Height == now.Height &&
		track.Profile == now.Profile && track.BitDepth == now.BitDepth {
		return dst
	}
	lengthSize := 4
	if c.codec == p.Codec {
		lengthSize = c.lengthSize
	}
	p.Data = c.source // a header that repeats is still the old one, and no news
	if c.codec != p.Codec {
		p.Data = nil
	}
	dst, _ = c.adopt(dst, p, config, lengthSize)
	return dst
}

// sound takes a frame of audio. AAC with an ADTS header loses it, and gains a
// configuration if it had none.
func (c *configuration) sound(dst []av.Packet, p av.Packet) ([]av.Packet, error) {
	if p.Codec != av.AAC {
		return append(dst, p), nil
	}
	h, ok := av.ParseADTS(p.Data)
	if !ok {
		return append(dst, p), nil
	}
	if c.codec != av.AAC {
		head := p
		head.Data = av.BuildAACConfig(h.SampleRate, h.Channels)
		var err error
		if dst, err = c.adopt(dst, head, head.Data, 4); err != nil {
			return dst, err
		}
	}
	if p.Data = p.Data[h.Size:]; len(p.Data) == 0 {
		return dst, nil
	}
	return append(dst, p), nil
}
