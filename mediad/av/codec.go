package av

// Codec is a way of coding video or audio.
type Codec uint8

// Codecs. The zero Codec is none.
const (
	H264 Codec = iota + 1
	HEVC
	AV1
	VP9
	AAC
	Opus
	MP3
	AC3
	EAC3
	FLAC
	lastCodec = FLAC
)

type codecFacts struct {
	name   string
	kind   Kind
	fourCC string // as in Enhanced RTMP v2 and, where registered, ISO BMFF
}

func (c Codec) facts() codecFacts {
	if c > lastCodec {
		c = 0
	}
	return [...]codecFacts{
		{"none", 0, ""},
		{"H.264", Video, "avc1"},
		{"HEVC", Video, "hvc1"},
		{"AV1", Video, "av01"},
		{"VP9", Video, "vp09"},
		{"AAC", Audio, "mp4a"},
		{"Opus", Audio, "Opus"},
		{"MP3", Audio, ".mp3"},
		{"AC-3", Audio, "ac-3"},
		{"E-AC-3", Audio, "ec-3"},
		{"FLAC", Audio, "fLaC"},
	}[c]
}

// String returns the codec's name as people write it.
func (c Codec) String() string { return c.facts().name }

// Kind says whether the codec is of video or audio.
func (c Codec) Kind() Kind { return c.facts().kind }

// FourCC returns the four characters that name the codec in Enhanced RTMP
// (v2, "Extended VideoTagHeader" and "Extended AudioTagHeader"); "" for none.
func (c Codec) FourCC() string { return c.facts().fourCC }

// CodecOf returns the codec that an Enhanced RTMP FourCC names, or the zero
// Codec when it is not one we know.
func CodecOf(fourCC string) Codec {
	for c := H264; c <= lastCodec; c++ {
		if c.FourCC() == fourCC {
			return c
		}
	}
	return 0
}

// NeedsConfig reports whether a decoder of the codec is useless without a
// configuration that travels apart from the frames.
func (c Codec) NeedsConfig() bool {
	switch c {
	case H264, HEVC, AV1, VP9, AAC, Opus, FLAC:
		return true
	}
	return false
}
