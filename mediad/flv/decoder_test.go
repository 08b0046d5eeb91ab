package flv

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"synctv/mediad/av"
)

// short says what packets are, for tables: kind, codec, flags, times, payload.
func short(ps []av.Packet) string {
	var out []string
	for _, p := range ps {
		s := fmt.Sprintf("%s %s", p.Kind, p.Codec)
		if p.Config {
			s += " config"
		}
		if p.Key {
			s += " key"
		}
		s += fmt.Sprintf(" %d", p.DTS.Milliseconds())
		if p.PTS != p.DTS {
			s += fmt.Sprintf("%+d", p.CTS().Milliseconds())
		}
		if !p.Config {
			s += fmt.Sprintf(" %x", p.Data)
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}

type step struct {
	typ  Type
	data string
	want string
	err  error
}

func TestDecoder(t *testing.T) {
	header := step{Video, "17 00 000000" + avc640, "video H.264 config 100", nil}
	tests := []struct {
		name  string
		steps []step
	}{
		{"H.264 and AAC", []step{
			header,
			{Audio, "af 00" + aacLC, "audio AAC config 100", nil},
			{Video, "17 01 000050 00000002 6501", "video H.264 key 100+80 000000026501", nil},
			{Video, "27 01 000000 00000002 4101", "video H.264 100 000000024101", nil},
			{Audio, "af 01 2110", "audio AAC key 100 2110", nil},
		}},
		{"encoder 16: repeated header", []step{header, {Video, "17 00 000000" + avc640, "", nil}, {Video, "17 00 000000" + avc1080, "video H.264 config 100", nil}, header}},
		{"encoder 18: negative offset", []step{header, {Video, "27 01 ffffd8 00000002 4101", "video H.264 100-40 000000024101", nil}}},
		{"encoder 19: nothing, quietly", []step{
			{Video, "", "", nil}, {Audio, "", "", nil}, {Script, "", "", nil}, {Video, "57 00", "", nil}, {Video, "17 02 000000", "", nil},
			{Video, "17 01 000000", "", nil}, {Video, "17 00 000000", "", nil}, {Audio, "af 00", "", nil}, {Audio, "af 01", "", nil}, {Audio, "2f", "", nil},
		}},
		{"encoder 19: units of one byte", []step{header, {Video, "27 01 000000 00000000 00000001 06 00000002 4101", "video H.264 100 0000000106000000024101", nil}}},
		{"tags that end too early", []step{{Video, "17", "", ErrShort}, {Video, "17 01 00", "", ErrShort}, {Audio, "af", "", ErrShort}, {Video, "90", "", ErrShort}, {Audio, "90 4f70", "", ErrShort}}},
		{"encoder 15: codecs that are not passed on, G.711 and Speex among them", []step{
			{Video, "12 00", "", ErrCodec}, {Audio, "72 00", "", ErrCodec}, {Audio, "b2 00", "", ErrCodec},
			{Video, "90 76766331", "", ErrCodec}, {Audio, "90 68766331", "", ErrCodec}, {Video, "90 4f707573", "", ErrCodec},
		}},
		{"unknown packet types", []step{{Video, "17 05 000000", "", ErrValue}, {Audio, "af 02", "", ErrValue}, {Video, "95 68766331", "", ErrValue}, {Audio, "93 4f707573", "", ErrValue}}},
		{"encoder 17: header in Annex B", []step{{Video, "17 00 000000 00000001" + sps640 + "00000001" + pps640, "video H.264 config 100", nil}}},
		{"encoder 17: frames in Annex B", []step{header, {Video, "17 01 000000 00000001 09f0 000001 6501", "video H.264 key 100 000000026501", nil}}},
		{"encoder 17: no header: the sets are in the frames", []step{
			{Video, "27 01 000000 00000002 4101", "video H.264 100 000000024101", nil},
			{Video, "17 01 000000 00000001" + sps640 + "00000001" + pps640 + "00000001 6501",
				"video H.264 config 100, video H.264 key 100 00000019" + sps640 + "00000004" + pps640 + "000000026501", nil},
			{Video, "17 01 000000 00000019" + sps640 + "00000004" + pps640 + "00000002 6501",
				"video H.264 key 100 00000019" + sps640 + "00000004" + pps640 + "000000026501", nil},
		}},
		{"encoder 17: sets in frames say another picture than the header, which repeats", []step{
			header,
			{Video, "17 01 000000 00000019" + sps1080 + "00000004" + pps640 + "00000002 6501",
				"video H.264 config 100, video H.264 key 100 00000019" + sps1080 + "00000004" + pps640 + "000000026501", nil},
			{Video, "17 00 000000" + avc640, "", nil},
			{Video, "17 01 000000 00000019" + sps1080 + "00000004" + pps640 + "00000002 6501",
				"video H.264 key 100 00000019" + sps1080 + "00000004" + pps640 + "000000026501", nil},
		}},
		{"encoder 17: lengths of two bytes", []step{
			{Video, "17 00 000000 0142c01efde10019" + sps640 + "010004" + pps640, "video H.264 config 100", nil},
			{Video, "17 01 000000 0002 6501", "video H.264 key 100 000000026501", nil},
		}},
		{"encoder 15: AAC with ADTS and no header", []step{
			{Audio, "af 01 fff14c80013ffc aabb", "audio AAC config 100, audio AAC key 100 aabb", nil},
			{Audio, "af 01 fff14c80013ffc aabb", "audio AAC key 100 aabb", nil},
		}},
		{"encoder 15: MP3", []step{{Audio, "2f fffb9064", "audio MP3 key 100 fffb9064", nil}, {Audio, "ee fffb9064", "audio MP3 key 100 fffb9064", nil}}},
		{"encoder 24: HEVC as codec 12", []step{
			{Video, "1c 00 000000" + hevc720, "video HEVC config 100", nil},
			{Video, "1c 01 000028 00000003 260101", "video HEVC key 100+40 00000003260101", nil},
		}},
		{"encoder 24: enhanced HEVC", []step{
			{Video, "90 68766331" + hevc720, "video HEVC config 100", nil},
			{Video, "91 68766331 000028 00000003 260101", "video HEVC key 100+40 00000003260101", nil},
			{Video, "a1 68766331 ffffd8 00000003 020101", "video HEVC 100-40 00000003020101", nil},
			{Video, "a3 68766331 00000003 020101", "video HEVC 100 00000003020101", nil},
			{Video, "91 68766331 00", "", ErrShort},
			{Video, "94 68766331 02", "", nil}, // metadata
			{Video, "92 68766331", "", nil},    // end
			{Video, "d1 00", "", nil},          // command
		}},
		{"encoder 24: enhanced H.264", []step{{Video, "90 61766331" + avc640, "video H.264 config 100", nil}, {Video, "91 61766331 000028 00000002 6501", "video H.264 key 100+40 000000026501", nil}}},
		{"encoder 24: AV1 loses its temporal delimiters", []step{
			{Video, "90 61763031" + av1, "video AV1 config 100", nil},
			{Video, "91 61763031 1200 3202bbcc", "video AV1 key 100 3202bbcc", nil},
			{Video, "a1 61763031 1200", "", nil},
		}},
		{"encoder 24: VP9", []step{{Video, "90 76703039" + vp9, "video VP9 config 100", nil}, {Video, "91 76703039 8249", "video VP9 key 100 8249", nil}}},
		{"encoder 24: Opus", []step{
			{Audio, "90 4f707573" + opus, "audio Opus config 100", nil},
			{Audio, "90 4f707573 4f70757354616773 0000", "", nil}, // comment header
			{Audio, "91 4f707573 fc01", "audio Opus key 100 fc01", nil},
			{Audio, "94 4f707573 0102", "", nil}, // order of speakers
			{Audio, "92 4f707573", "", nil},
		}},
		{"encoder 24: enhanced AAC and AC-3", []step{{Audio, "90 6d703461" + aacLC, "audio AAC config 100", nil}, {Audio, "91 61632d33 0b77", "audio AC-3 key 100 0b77", nil}}},
		{"encoder 24: modifiers", []step{
			{Video, "97 02 07a120 01 76703039 8249", "video VP9 key 100 8249", nil},
			{Video, "97 00 ff 11 76703039 8249", "video VP9 key 100 8249", nil}, // unknown modifier
			{Video, "97 ff 0003 01020304 01 76703039 8249", "video VP9 key 100 8249", nil},
			{Video, "97 02 07a1", "", ErrShort},
			{Video, "97" + strings.Repeat("00ff07", 9), "", ErrModEx},
		}},
		{"encoder 24: ABUSE-137 multitrack", []step{
			{Video, "96 01 68766331 00", "", ErrMultitrack}, {Audio, "95 01 4f707573 00", "", ErrMultitrack},
			{Video, "97 02 000001 06 01", "", ErrMultitrack},
		}},
		{"ABUSE-132 a header that cannot be read keeps the old one", []step{header, {Video, "17 00 000000 0142c01effe10002 6742", "", av.ErrShort}, {Video, "17 00 000000" + avc640, "", nil}}},
		{"ABUSE-133 a unit past the end", []step{header, {Video, "17 01 000000 00000099 6501", "", av.ErrNAL}}},
		{"ABUSE-134 AAC that does not exist", []step{{Audio, "af 00 17ffffff90", "", av.ErrAudioFormat}}},
		{"encoder 14: metadata, wrapped and not", []step{
			{Script, "02000a 6f6e4d65746144617461 05", "data none 100 02000a6f6e4d6574614461746105", nil},
			{Script, "02000d 40736574446174614672616d65 02000a 6f6e4d65746144617461 05", "data none 100 02000a6f6e4d6574614461746105", nil},
		}},
		{"a tag of no type", []step{{7, "00", "", ErrValue}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var d Decoder
			for i, s := range tt.steps {
				got, err := d.Decode(nil, Tag{s.typ, 100, unhex(t, s.data)})
				if !errors.Is(err, s.err) || short(got) != s.want {
					t.Fatalf("step %d: %s, %v\nwant %s, %v", i, short(got), err, s.want, s.err)
				}
				for _, p := range got {
					if p.Config {
						if c, err := av.Describe(p.Codec, p.Data); err != nil {
							t.Errorf("step %d: configuration %x of %s: %v", i, p.Data, c.Codec, err)
						}
						if p.Codec == av.H264 && p.Data[4]&3 != 3 {
							t.Errorf("step %d: the configuration says lengths of %d bytes", i, p.Data[4]&3+1)
						}
					}
				}
			}
		})
	}
}

// encoder 24: a timestamp with nanoseconds.
func TestRTMP24NanoOffset(t *testing.T) {
	var d Decoder
	got, err := d.Decode(nil, Tag{Video, 100, unhex(t, "97 02 07a120 01 76703039 8249")})
	if want := 100*time.Millisecond + 500*time.Microsecond; err != nil || len(got) != 1 || got[0].DTS != want || got[0].PTS != want {
		t.Errorf("%v, %v", got, err)
	}
}

// What is encoded is decoded to itself, for each codec that FLV carries.
func TestBodyRoundTrip(t *testing.T) {
	tests := []struct {
		codec         av.Codec
		config, frame string
	}{
		{av.H264, avc640, "000000026501"}, {av.HEVC, hevc720, "00000003260101"}, {av.AV1, av1, "3202bbcc"}, {av.VP9, vp9, "8249"},
		{av.AAC, aacLC, "2110"}, {av.Opus, opus, "fc01"}, {av.MP3, "", "fffb9064"}, {av.AC3, "", "0b77"}, {av.EAC3, "", "0b77"},
	}
	for _, tt := range tests {
		t.Run(tt.codec.String(), func(t *testing.T) {
			var d Decoder
			kind := tt.codec.Kind()
			var packets []av.Packet
			if tt.config != "" {
				packets = append(packets, av.Packet{Kind: kind, Codec: tt.codec, Config: true, Data: unhex(t, tt.config)})
			}
			offsets := []time.Duration{0}
			if tt.codec == av.H264 || tt.codec == av.HEVC {
				offsets = []time.Duration{0, 80, -40, 1<<23 - 1}
			}
			for i, cts := range offsets {
				at := time.Duration(1000+i) * time.Millisecond
				packets = append(packets, av.Packet{Kind: kind, Codec: tt.codec, Key: kind == av.Audio || i == 0 || tt.codec == av.H264 || tt.codec == av.HEVC,
					DTS: at, PTS: at + cts*time.Millisecond, Data: unhex(t, tt.frame)})
			}
			for _, p := range packets {
				body := Body(p)
				got, err := d.Decode(nil, Tag{TypeOf(p), Timestamp(p), body})
				if err != nil || len(got) != 1 || short(got) != short([]av.Packet{p}) {
					t.Errorf("%s becomes %x, then %s, %v", short([]av.Packet{p}), body, short(got), err)
				}
				if tag := AppendTag(nil, p); len(tag) > TagSize(p) || !bytes.Contains(tag, body) {
					t.Errorf("tag of %d bytes, at most %d", len(tag), TagSize(p))
				}
			}
		})
	}
	if Body(av.Packet{Kind: av.Video, Codec: av.AAC}) != nil || len(AppendTag(nil, av.Packet{Kind: av.Video})) != 0 {
		t.Error("a packet that is nothing is carried")
	}
}

func TestDecoderDoesNotCopy(t *testing.T) {
	var d Decoder
	d.Decode(nil, Tag{Video, 0, unhex(t, "17 00 000000"+avc640)})
	frame := unhex(t, "17 01 000000 00000002 6501")
	dst := make([]av.Packet, 0, 2)
	n := testing.AllocsPerRun(100, func() { dst, _ = d.Decode(dst[:0], Tag{Video, 40, frame}) })
	if n > 0 || &dst[0].Data[0] != &frame[5] {
		t.Errorf("%v allocations", n)
	}
}
