package fmp4

import (
	"slices"

	"synctv/mediad/av"
)

// Init is what an initialisation says: the first track of each kind that can be played. It is immutable.
type Init struct{ tracks []track }

type track struct {
	id         uint32
	codec      av.Codec
	config     []byte // nil for codecs that need none
	lengthSize int    // of NAL units
	scale      uint64 // ticks of a second
	// What holds for samples that do not say it themselves.
	duration, size, flags uint32
}

// ParseInit reads an initialisation (section 8.2.1).
func ParseInit(b []byte) (*Init, error) {
	moov := child(b, "moov")
	if moov == nil {
		return nil, ErrNoTrack
	}
	in := &Init{}
	encrypted := false
	err := boxes(moov, func(name string, body []byte) error {
		if name != "trak" || len(in.tracks) == maxTracks {
			return nil
		}
		t, err := parseTrack(body)
		switch {
		case err == ErrEncrypted:
			encrypted = true
		case err == nil && !in.has(t.codec.Kind()):
			in.tracks = append(in.tracks, t)
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case len(in.tracks) == 0 && encrypted:
		return nil, ErrEncrypted
	case len(in.tracks) == 0:
		return nil, ErrNoTrack
	}
	if mvex := child(moov, "mvex"); mvex != nil {
		return in, boxes(mvex, in.takeDefaults)
	}
	return in, nil
}

func (in *Init) has(k av.Kind) bool {
	for _, t := range in.tracks {
		if t.codec.Kind() == k {
			return true
		}
	}
	return false
}

// takeDefaults reads trex (section 8.8.3).
func (in *Init) takeDefaults(name string, body []byte) error {
	if name != "trex" {
		return nil
	}
	r := reader{b: body}
	r.full()
	id := r.u32()
	r.u32() // which description
	for i := range in.tracks {
		if t := &in.tracks[i]; t.id == id {
			t.duration, t.size, t.flags = r.u32(), r.u32(), r.u32()
		}
	}
	if r.over {
		return ErrBox
	}
	return nil
}

func parseTrack(trak []byte) (track, error) {
	var t track
	r := reader{b: child(trak, "tkhd")}
	if v, _ := r.full(); v == 1 {
		r.take(16)
	} else {
		r.take(8)
	}
	t.id = r.u32()
	m := reader{b: child(trak, "mdia", "mdhd")}
	if v, _ := m.full(); v == 1 {
		m.take(16)
	} else {
		m.take(8)
	}
	t.scale = uint64(m.u32())
	d := reader{b: child(trak, "mdia", "minf", "stbl", "stsd")}
	d.full()
	d.u32() // how many
	if r.over || m.over || d.over || t.scale == 0 {
		return t, ErrBox
	}
	var err error = ErrNoTrack
	boxes(d.b, func(name string, body []byte) error {
		if t.codec == 0 {
			err = t.describe(name, body)
		}
		return nil
	})
	if err != nil {
		return t, err
	}
	if t.config != nil {
		_, err = av.Describe(t.codec, t.config)
	}
	return t, err
}

// Bytes of a sample entry before its boxes (sections 12.1.3 and 12.2.3).
const (
	visualHead = 78
	soundHead  = 28
)

// describe reads a sample entry.
func (t *track) describe(name string, body []byte) error {
	var config string
	head := visualHead
	switch name {
	case "avc1", "avc3":
		t.codec, config = av.H264, "avcC"
	case "hvc1", "hev1":
		t.codec, config = av.HEVC, "hvcC"
	case "av01":
		t.codec, config = av.AV1, "av1C"
	case "vp09":
		t.codec, config = av.VP9, "vpcC"
	case "mp4a":
		t.codec, config, head = av.AAC, "esds", soundHead
	case "Opus":
		t.codec, config, head = av.Opus, "dOps", soundHead
	case "fLaC":
		t.codec, config, head = av.FLAC, "dfLa", soundHead
	case ".mp3":
		t.codec = av.MP3
		return nil
	case "encv", "enca":
		return ErrEncrypted
	default:
		return ErrNoTrack
	}
	if len(body) < head {
		return ErrBox
	}
	if t.config = child(body[head:], config); t.config == nil {
		return ErrBox
	}
	return t.prepare()
}

// prepare brings the configuration into the form that av has.
func (t *track) prepare() error {
	switch t.codec {
	case av.H264:
		c, err := av.ParseAVCConfig(t.config)
		t.lengthSize, t.config = c.LengthSize, fourByteLengths(t.config, 4)
		return err
	case av.HEVC:
		c, err := av.ParseHEVCConfig(t.config)
		t.lengthSize, t.config = c.LengthSize, fourByteLengths(t.config, 21)
		return err
	case av.AAC:
		return t.takeESDS()
	case av.FLAC:
		if len(t.config) < 4 {
			return ErrBox
		}
		t.config = t.config[4:]
	}
	return nil
}

// fourByteLengths says in a record what holds for packets: NAL units have lengths of four bytes.
func fourByteLengths(record []byte, at int) []byte {
	if len(record) <= at || record[at]&3 == 3 {
		return record
	}
	record = slices.Clone(record)
	record[at] |= 3
	return record
}

// Descriptors of MPEG-4 systems (ISO/IEC 14496-1 section 7.2.2), and types of sound in them (table 5).
const (
	descriptorES       = 3
	descriptorDecoder  = 4
	descriptorSpecific = 5
	objectMP3          = 0x6b
	objectMP3Low       = 0x69
)

// takeESDS finds the AudioSpecificConfig in an esds box.
func (t *track) takeESDS() error {
	r := reader{b: t.config}
	r.full()
	t.config = nil
	es := descriptor(&r, descriptorES)
	es.take(2)
	flags := es.u8()
	if flags&0x80 != 0 {
		es.take(2)
	}
	if flags&0x40 != 0 {
		es.take(int(es.u8()))
	}
	if flags&0x20 != 0 {
		es.take(2)
	}
	d := descriptor(&es, descriptorDecoder)
	kind := d.u8()
	if kind == objectMP3 || kind == objectMP3Low {
		t.codec = av.MP3
		return nil
	}
	d.take(12)
	s := descriptor(&d, descriptorSpecific)
	if s.over || len(s.b) == 0 {
		return ErrBox
	}
	t.config = s.b
	return nil
}

// descriptor takes the next one, which has to be of a kind.
func descriptor(r *reader, tag byte) reader {
	if r.u8() != tag {
		return reader{over: true}
	}
	size := 0
	for range 4 {
		c := r.u8()
		size = size<<7 | int(c&0x7f)
		if c&0x80 == 0 {
			break
		}
	}
	if r.over || size > len(r.b) {
		return reader{over: true}
	}
	return reader{b: r.take(size)}
}
