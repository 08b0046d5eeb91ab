package cmaf

import (
	"bytes"
	"slices"

	"github.com/Eyevinn/mp4ff/mp4"

	"synctv/mediad/av"
)

// trackID of every track that is alone in its file.
const trackID = 1

// videoTimescale is that of MPEG systems, in which 24, 25, 30 and 60 frames a
// second are whole numbers.
const videoTimescale = 90000

// Supported reports whether tracks of the codec can be segmented.
func Supported(c av.Codec) bool {
	switch c {
	case av.H264, av.HEVC, av.AV1, av.VP9, av.AAC, av.Opus, av.MP3, av.FLAC:
		return true
	}
	return false
}

// Timescale returns the ticks of a second in which a track's time is written.
func Timescale(t av.Track) uint32 {
	if t.Kind == av.Video || t.SampleRate <= 0 {
		return videoTimescale
	}
	return uint32(t.SampleRate)
}

// Init returns the initialisation of a track: ftyp and moov.
func Init(t av.Track) ([]byte, error) {
	init := mp4.CreateEmptyInit()
	if err := addTrack(init, t); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := init.Encode(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// addTrack describes another track, which gets the next number.
func addTrack(init *mp4.InitSegment, t av.Track) error {
	entry, err := sampleEntry(t)
	if err != nil {
		return err
	}
	trak := init.AddEmptyTrack(Timescale(t), t.Kind.String(), "und")
	trak.Mdia.Minf.Stbl.Stsd.AddChild(entry)
	if t.Kind == av.Video {
		trak.Tkhd.Width = mp4.Fixed32(uint32(t.Width) << 16)
		trak.Tkhd.Height = mp4.Fixed32(uint32(t.Height) << 16)
	}
	return nil
}

// sampleEntry returns the box that says how samples are decoded. Configurations
// go in as the sender gave them.
func sampleEntry(t av.Track) (mp4.Box, error) {
	switch t.Codec {
	case av.H264:
		return visual(t, "avc1", "avcC", fourByteLengths(t.Config, 4)), nil
	case av.HEVC:
		return visual(t, "hvc1", "hvcC", fourByteLengths(t.Config, 21)), nil
	case av.AV1:
		return visual(t, "av01", "av1C", t.Config), nil
	case av.VP9:
		return visual(t, "vp09", "vpcC", fullBox(t.Config)), nil
	case av.AAC:
		return audio(t, "mp4a", esds(0x40, t.Config)), nil
	case av.MP3:
		if t.SampleRate < 32000 {
			return audio(t, "mp4a", esds(0x69, nil)), nil // ISO/IEC 13818-3
		}
		return audio(t, "mp4a", esds(0x6b, nil)), nil // ISO/IEC 11172-3
	case av.Opus:
		return opus(t)
	case av.FLAC:
		return flac(t)
	}
	return nil, ErrCodec
}

func box(name string, body []byte) mp4.Box {
	return mp4.CreateUnknownBox(name, uint64(8+len(body)), body)
}

func visual(t av.Track, name, config string, body []byte) mp4.Box {
	return mp4.CreateVisualSampleEntryBox(name, uint16(t.Width), uint16(t.Height), box(config, body))
}

func audio(t av.Track, name string, config mp4.Box) mp4.Box {
	rate := t.SampleRate
	if rate > 0xffff {
		rate = 0 // does not fit; the configuration has it
	}
	return mp4.CreateAudioSampleEntryBox(name, uint16(t.Channels), 16, uint16(rate), config)
}

// fourByteLengths says in an avcC or hvcC record that NAL units have lengths of
// four bytes, which is how they are in a packet whatever the sender wrote.
func fourByteLengths(record []byte, at int) []byte {
	if len(record) <= at || record[at]&3 == 3 {
		return record
	}
	record = slices.Clone(record)
	record[at] |= 3
	return record
}

// fullBox puts version and flags in front of a vpcC record that has none.
func fullBox(record []byte) []byte {
	if len(record) >= 12 && record[0] == 1 && record[1] == 0 && record[2] == 0 && record[3] == 0 {
		return record
	}
	return append([]byte{1, 0, 0, 0}, record...)
}

// esds describes MPEG audio. objectType is table 5 of ISO/IEC 14496-1; config is
// nil for those that have none.
func esds(objectType byte, config []byte) mp4.Box {
	b := mp4.CreateEsdsBox(config)
	b.DecConfigDescriptor.ObjectType = objectType
	if config == nil {
		b.DecConfigDescriptor.DecSpecificInfo = nil
	}
	return b
}

func opus(t av.Track) (mp4.Box, error) {
	h, err := av.ParseOpusHead(t.Config)
	if err != nil {
		return nil, err
	}
	d := &mp4.DopsBox{OutputChannelCount: byte(h.Channels), PreSkip: uint16(h.PreSkip), InputSampleRate: h.InputRate,
		OutputGain: h.Gain, ChannelMappingFamily: h.Family}
	if h.Family != 0 {
		d.StreamCount, d.CoupledCount, d.ChannelMapping = h.Mapping[0], h.Mapping[1], h.Mapping[2:]
	}
	return audio(t, "Opus", d), nil
}

func flac(t av.Track) (mp4.Box, error) {
	b := bytes.TrimPrefix(t.Config, []byte("fLaC"))
	if len(b) >= 38 && b[0]&0x7f == 0 && b[3] == 34 {
		b = b[4:]
	}
	if len(b) < 34 {
		return nil, ErrCodec
	}
	info := mp4.FLACMetadataBlock{LastMetadataBlockFlag: true, Length: 34, BlockData: b[:34]}
	return audio(t, "fLaC", &mp4.DfLaBox{MetadataBlocks: []mp4.FLACMetadataBlock{info}}), nil
}
