package flv

import (
	"encoding/binary"
	"time"

	"synctv/mediad/av"
	"synctv/mediad/rtmp/amf"
)

// Metadata is what an encoder says of its stream in onMetaData (section E.5). It
// is often wrong and sometimes missing: it informs people, and decides nothing.
type Metadata struct {
	Width, Height      int
	FrameRate          float64 // frames a second
	VideoCodec         string  // a FourCC
	VideoBitrate       float64 // kbit/s
	AudioCodec         string  // a FourCC
	AudioBitrate       float64 // kbit/s
	AudioRate          int     // Hz
	AudioChannels      int
	Encoder            string
	Duration           time.Duration // of a file
	HasVideo, HasAudio bool          // a codec is named
}

const (
	onMetaData   = "onMetaData"
	setDataFrame = "@setDataFrame"
)

// unwrapScript returns the body of a script tag without the command to the server
// that encoders put before it.
func unwrapScript(b []byte) []byte {
	if v, rest, err := amf.Decode(b); err == nil && v.Kind == amf.KindString && v.String == setDataFrame {
		return rest
	}
	return b
}

// ParseMetadata reads a script tag, if it is onMetaData.
func ParseMetadata(b []byte) (Metadata, bool) {
	values, _ := amf.DecodeAll(unwrapScript(b))
	if len(values) < 2 || values[0].String != onMetaData {
		return Metadata{}, false
	}
	v := values[1]
	m := Metadata{
		Width: int(v.Get("width").Int()), Height: int(v.Get("height").Int()),
		FrameRate: v.Get("framerate").Number, VideoBitrate: v.Get("videodatarate").Number,
		AudioBitrate: v.Get("audiodatarate").Number, AudioRate: int(v.Get("audiosamplerate").Int()),
		Encoder:    v.Get("encoder").String,
		VideoCodec: codecName(v.Get("videocodecid"), map[int64]string{videoAVC: "avc1", videoHEVC: "hvc1"}),
		AudioCodec: codecName(v.Get("audiocodecid"), map[int64]string{audioAAC: "mp4a", audioMP3: ".mp3", audioMP38: ".mp3"}),
	}
	if seconds := v.Get("duration").Number; seconds > 0 && seconds < 1e9 {
		m.Duration = time.Duration(seconds * float64(time.Second))
	}
	m.HasVideo, m.HasAudio = v.Get("videocodecid").Kind != amf.KindUndefined, v.Get("audiocodecid").Kind != amf.KindUndefined
	if stereo := v.Get("stereo"); stereo.Kind == amf.KindBoolean {
		m.AudioChannels = 1 + int(stereo.Number)
	}
	if n := v.Get("audiochannels").Int(); n > 0 && n <= 255 {
		m.AudioChannels = int(n)
	}
	return m, true
}

// codecName reads a codec id: an old number, a FourCC as a number (Enhanced RTMP,
// "Metadata"), or a string, as some have it.
func codecName(v amf.Value, old map[int64]string) string {
	if v.Kind == amf.KindString {
		return v.String
	}
	n := v.Int()
	if s, ok := old[n]; ok {
		return s
	}
	if n > 0xffffff && n <= 0xffffffff {
		return string(binary.BigEndian.AppendUint32(nil, uint32(n)))
	}
	return ""
}

// MetadataOf returns the body of an onMetaData tag that says what is true of the
// tracks. encoder is the name of ours, said to players.
func MetadataOf(tracks []av.Track, encoder string) []byte {
	var props []amf.Property
	number := func(name string, f float64) { props = append(props, amf.P(name, amf.Number(f))) }
	for _, t := range tracks {
		id := float64(binary.BigEndian.Uint32(append([]byte(t.Codec.FourCC()), 0, 0, 0, 0)))
		switch t.Kind {
		case av.Video:
			if t.Codec == av.H264 {
				id = videoAVC
			}
			if t.Width > 0 {
				number("width", float64(t.Width))
				number("height", float64(t.Height))
			}
			number("videocodecid", id)
		case av.Audio:
			switch t.Codec {
			case av.AAC:
				id = audioAAC
			case av.MP3:
				id = audioMP3
			}
			number("audiocodecid", id)
			number("audiosamplerate", float64(t.SampleRate))
			number("audiochannels", float64(t.Channels))
			props = append(props, amf.P("stereo", amf.Bool(t.Channels > 1)))
		}
	}
	props = append(props, amf.P("encoder", amf.String(encoder)))
	return amf.Append(nil, amf.String(onMetaData), amf.ECMAArray(props...))
}
