package flv

import (
	"testing"
	"time"

	"synctv/mediad/av"
	"synctv/mediad/rtmp/amf"
)

func script(props ...amf.Property) []byte {
	return amf.Append(nil, amf.String("onMetaData"), amf.ECMAArray(props...))
}

// encoder 14: metadata may say anything.
func TestRTMP14Metadata(t *testing.T) {
	tests := []struct {
		name string
		data []byte
		want Metadata
		ok   bool
	}{
		{"OBS", script(amf.P("width", amf.Number(1920)), amf.P("height", amf.Number(1080)), amf.P("framerate", amf.Number(60)), amf.P("videocodecid", amf.Number(7)),
			amf.P("videodatarate", amf.Number(6000)), amf.P("audiocodecid", amf.Number(10)), amf.P("audiosamplerate", amf.Number(48000)), amf.P("audiochannels", amf.Number(2)),
			amf.P("stereo", amf.Bool(true)), amf.P("encoder", amf.String("obs-output module"))),
			Metadata{Width: 1920, Height: 1080, FrameRate: 60, VideoCodec: "avc1", VideoBitrate: 6000, AudioCodec: "mp4a", AudioRate: 48000, AudioChannels: 2,
				Encoder: "obs-output module", HasVideo: true, HasAudio: true}, true},
		{"HEVC as a FourCC number", script(amf.P("videocodecid", amf.Number(0x68766331))), Metadata{VideoCodec: "hvc1", HasVideo: true}, true},
		{"HEVC as 12", script(amf.P("videocodecid", amf.Number(12))), Metadata{VideoCodec: "hvc1", HasVideo: true}, true},
		{"codecs as strings", script(amf.P("videocodecid", amf.String("avc1")), amf.P("audiocodecid", amf.String("mp4a"))), Metadata{VideoCodec: "avc1", AudioCodec: "mp4a", HasVideo: true, HasAudio: true}, true},
		{"DJI says Sorenson", script(amf.P("videocodecid", amf.Number(2))), Metadata{HasVideo: true}, true},
		{"absurd numbers", script(amf.P("width", amf.Number(1e300)), amf.P("duration", amf.Number(-1)), amf.P("audiochannels", amf.Number(1e9))), Metadata{}, true},
		{"a file", script(amf.P("duration", amf.Number(1.5))), Metadata{Duration: 1500 * time.Millisecond}, true},
		{"wrapped, and an object", amf.Append(nil, amf.String("@setDataFrame"), amf.String("onMetaData"), amf.Object(amf.P("width", amf.Number(5)))), Metadata{Width: 5}, true},
		{"another script", amf.Append(nil, amf.String("onTextData"), amf.Null()), Metadata{}, false},
		{"cut", script(amf.P("width", amf.Number(5)))[:20], Metadata{}, false},
		{"nothing", nil, Metadata{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, ok := ParseMetadata(tt.data); got != tt.want || ok != tt.ok {
				t.Errorf("%+v, %v", got, ok)
			}
		})
	}
}

// encoder 14: what players are told is made of the sequence headers.
func TestMetadataOf(t *testing.T) {
	for codec, config := range map[av.Codec]string{av.H264: avc640, av.HEVC: hevc720} {
		video, err := av.Describe(codec, unhex(t, config))
		if err != nil {
			t.Fatal(err)
		}
		audio, err := av.Describe(av.AAC, unhex(t, aacLC))
		if err != nil {
			t.Fatal(err)
		}
		m, ok := ParseMetadata(MetadataOf([]av.Track{video, audio}, "SyncTV"))
		if !ok || m.Width != video.Width || m.VideoCodec != codec.FourCC() || m.AudioCodec != "mp4a" || m.AudioRate != 48000 || m.AudioChannels != 2 || m.Encoder != "SyncTV" {
			t.Errorf("%+v, %v", m, ok)
		}
	}
}
