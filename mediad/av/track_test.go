package av

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Parameter sets as x264 and x265 write them.
const (
	avcSPS640  = "6742c01eda0280bfe5c044000003000400000300c83c58ba80"
	avcPPS640  = "68ce0fc8"
	hevcVPS1   = "40010c01ffff01600000030090000003000003007895940 9"
	hevcSPS1   = "420101016000000300900000030000030078a003c0801107cb965654a4c2f0168080000003008000000c84"
	hevcPPS1   = "4401c073c189"
	hevcHead   = "01016000000090000000000078f000fcfdf8f800000f"
	avc640     = "0142c01effe10019" + avcSPS640 + "010004" + avcPPS640
	hevcMain10 = "0102200000009000000000005df000fcfdfafa00000f" + "02a0000100184 0010c01ffff02200000030090000003000003005d959409a10001002b42010102200000030090000003000003005da00280802d136595952930bc05a02000000300200000030321"
)

// TestDescribe reads configurations written by ffmpeg 5.1 with x264, x265,
// libaom, SVT-AV1, libvpx, libopus, lame and its own encoders.
func TestDescribe(t *testing.T) {
	tests := []struct {
		name   string
		codec  Codec
		config string
		want   Track
	}{
		{"H.264 baseline 640x360", H264, avc640, Track{MIME: "avc1.42c01e", Width: 640, Height: 360, Profile: 66, Level: 30, BitDepth: 8}},
		{"H.264 1080p is cropped from 1088", H264, "0142c028ffe100196742c028da01e0089f97011000000300100000030320f1832a01000468ce0fc8",
			Track{MIME: "avc1.42c028", Width: 1920, Height: 1080, Profile: 66, Level: 40, BitDepth: 8}},
		{"H.264 1080i, 4:2:2, ten bits, scaling matrix", H264, "017a0028ffe1001a677a0028b6ce8078044fcb808800000300080000030190f8b17501000568de0fc40cfefafa00",
			Track{MIME: "avc1.7a0028", Width: 1920, Height: 1080, Profile: 122, Level: 40, BitDepth: 10}},
		{"H.264 4:4:4, odd crop", H264, "01f4000dffe1001a67f4000d919681519e3e2f011000000300100000030320f142aa01000568ce0f1920fff8f800",
			Track{MIME: "avc1.f4000d", Width: 322, Height: 182, Profile: 244, Level: 13, BitDepth: 8}},
		{"HEVC main 1080p", HEVC, hevcHead + "03a000010018" + hevcVPS1 + "a10001002b" + hevcSPS1 + "a20001 0006" + hevcPPS1,
			Track{MIME: "hvc1.1.6.L120.90", Width: 1920, Height: 1080, Profile: 1, Level: 120, BitDepth: 8}},
		{"HEVC main 10", HEVC, hevcMain10, Track{MIME: "hvc1.2.4.L93.90", Width: 1280, Height: 720, Profile: 2, Level: 93, BitDepth: 10}},
		{"AV1 of libaom", AV1, "81000c000a0b000000043cfeccdaf90040", Track{MIME: "av01.0.00M.08", Width: 320, Height: 180, BitDepth: 8}},
		{"AV1 of SVT, ten bits", AV1, "81004c000a0b000000043cfecc02f84040", Track{MIME: "av01.0.00M.10", Width: 320, Height: 180, BitDepth: 10}},
		{"AV1 without sequence header", AV1, "81094c00", Track{MIME: "av01.0.09M.10", Level: 9, BitDepth: 10}},
		{"VP9 with the full box's head", VP9, "01000000000b820202020000", Track{MIME: "vp09.00.11.08", Level: 11, BitDepth: 8}},
		{"VP9 without it", VP9, "000b820202020000", Track{MIME: "vp09.00.11.08", Level: 11, BitDepth: 8}},
		{"AAC-LC stereo", AAC, "1190", Track{MIME: "mp4a.40.2", SampleRate: 48000, Channels: 2, FrameSize: 1024, Profile: 2}},
		{"AAC-LC, SBR said to be absent", AAC, "119056e500", Track{MIME: "mp4a.40.2", SampleRate: 48000, Channels: 2, FrameSize: 1024, Profile: 2}},
		{"AAC-LC mono", AAC, "1208", Track{MIME: "mp4a.40.2", SampleRate: 44100, Channels: 1, FrameSize: 1024, Profile: 2}},
		{"AAC 5.1", AAC, "123056e500", Track{MIME: "mp4a.40.2", SampleRate: 44100, Channels: 6, FrameSize: 1024, Profile: 2}},
		{"AAC 7.1", AAC, "123856e500", Track{MIME: "mp4a.40.2", SampleRate: 44100, Channels: 8, FrameSize: 1024, Profile: 2}},
		{"HE-AAC, explicit, hierarchical", AAC, "2b92 08 00", Track{MIME: "mp4a.40.5", SampleRate: 44100, Channels: 2, FrameSize: 2048, Profile: 5}},
		{"HE-AAC, explicit, backward compatible", AAC, "139056e5a0", Track{MIME: "mp4a.40.5", SampleRate: 44100, Channels: 2, FrameSize: 2048, Profile: 5}},
		{"HE-AAC v2, explicit: mono becomes stereo", AAC, "eb8a0800", Track{MIME: "mp4a.40.29", SampleRate: 44100, Channels: 2, FrameSize: 2048, Profile: 29}},
		{"AAC, rate written out", AAC, "17 80 5d c0 10", Track{MIME: "mp4a.40.2", SampleRate: 48000, Channels: 2, FrameSize: 1024, Profile: 2}},
		{"Opus as RFC 7845 has it", Opus, "4f70757348656164 01 02 3801 80bb0000 0000 00", Track{MIME: "opus", SampleRate: 48000, Channels: 2}},
		{"Opus as dOps", Opus, "000201380000bb80000000", Track{MIME: "opus", SampleRate: 48000, Channels: 2}},
		{"Opus 5.1", Opus, "000601380000bb800000010402000401020305", Track{MIME: "opus", SampleRate: 48000, Channels: 6}},
		{"FLAC", FLAC, "80000022120012000000c70005110bb802f000002580d9b81de011fef694f3e1d33694c8ae61", Track{MIME: "flac", SampleRate: 48000, Channels: 2}},
		{"MP3", MP3, "fffb9064", Track{MIME: "mp4a.40.34", SampleRate: 44100, Channels: 2, FrameSize: 1152}},
		{"AC-3 5.1", AC3, "0b77b50b1e40ebf8403eff99ff0841fc", Track{MIME: "ac-3", SampleRate: 48000, Channels: 6, FrameSize: 1536}},
		{"E-AC-3 5.1", EAC3, "0b77037f3f87c00020f8200002004000", Track{MIME: "ec-3", SampleRate: 48000, Channels: 6, FrameSize: 1536}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			config := unhex(t, tt.config)
			got, err := Describe(tt.codec, config)
			if err != nil {
				t.Fatal(err)
			}
			want := tt.want
			want.Codec, want.Kind = tt.codec, tt.codec.Kind()
			if want.Codec.NeedsConfig() {
				want.Config = config
			}
			if got.Config, want.Config = nil, nil; !equalTracks(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func equalTracks(a, b Track) bool {
	return a.MIME == b.MIME && a.Width == b.Width && a.Height == b.Height && a.Profile == b.Profile && a.Level == b.Level &&
		a.BitDepth == b.BitDepth && a.SampleRate == b.SampleRate && a.Channels == b.Channels && a.FrameSize == b.FrameSize &&
		a.Kind == b.Kind && a.Codec == b.Codec
}

// Each row is refused, and with little memory: what a configuration claims is
// never allocated.
func TestDescribeRefuses(t *testing.T) {
	manyBig := append(unhex(t, "0142c01effff"), bytes.Repeat(append([]byte{0xff, 0xff}, make([]byte, 0xffff)...), 31)...)
	tests := []struct {
		name   string
		codec  Codec
		config []byte
		want   error
	}{
		{"no bytes", H264, nil, ErrShort},
		{"no codec", 0, nil, ErrCodec},
		{"unknown codec", 99, nil, ErrCodec},
		{"ABUSE-132 SPS of 65,535 x 65,535", H264, avcConfigOf(hugeSPS()), ErrSize},
		{"ABUSE-132 31 SPS of 64 KiB", H264, manyBig, ErrShort},
		{"ABUSE-132 Exp-Golomb run of 1,000 zeros", H264, avcConfigOf(append([]byte{0x67, 0x42, 0, 30}, make([]byte, 125)...)), ErrShort},
		{"ABUSE-132 Exp-Golomb run without end", H264, avcConfigOf(bytes.Repeat([]byte{0x67, 0, 0}, 1000)), ErrValue},
		{"SPS longer than the record", H264, unhex(t, "0142c01effe1ffff67"), ErrShort},
		{"no SPS", H264, unhex(t, "0142c01effe000"), ErrValue},
		{"lengths of three bytes", H264, unhex(t, "0142c01efee100"), ErrValue},
		{"Annex B where a record belongs", H264, unhex(t, "00000001"+avcSPS640), ErrValue},
		{"HEVC without arrays", HEVC, unhex(t, hevcHead+"00"), ErrValue},
		{"HEVC with 255 arrays, none there", HEVC, unhex(t, hevcHead+"ff"), ErrShort},
		{"HEVC array of 65,535 units", HEVC, unhex(t, hevcHead+"01a1ffff0000"), ErrShort},
		{"HEVC SPS that is a PPS", HEVC, unhex(t, hevcHead+"01a100010006"+hevcPPS1), ErrValue},
		{"AV1 with version 0", AV1, unhex(t, "80000c00"), ErrValue},
		{"AV1 with an OBU past the end", AV1, unhex(t, "81000c000aff01"), ErrOBU},
		{"AV1 with a length of nine bytes", AV1, unhex(t, "81000c000affffffffffffffffff01"), ErrOBU},
		{"VP9 of depth 3", VP9, unhex(t, "000b320202020000"), ErrValue},
		{"ABUSE-134 AAC at 16,777,215 Hz", AAC, unhex(t, "17ffffff90"), ErrAudioFormat},
		{"ABUSE-134 AAC at 1 Hz", AAC, unhex(t, "1780000090"), ErrAudioFormat},
		{"ABUSE-134 AAC with reserved channels", AAC, unhex(t, "1248"), ErrAudioFormat},
		{"ABUSE-134 AAC with reserved rate", AAC, unhex(t, "1690"), ErrAudioFormat},
		{"AAC with object type 0", AAC, unhex(t, "0210"), ErrValue},
		{"AAC of one byte", AAC, unhex(t, "12"), ErrShort},
		{"AAC with a program config that ends early", AAC, unhex(t, "1200"), ErrShort},
		{"Opus without channels", Opus, unhex(t, "000001380000bb80000000"), ErrAudioFormat},
		{"Opus family 0 with six channels", Opus, unhex(t, "000601380000bb80000000"), ErrAudioFormat},
		{"Opus comment header", Opus, []byte("OpusTags...."), ErrValue},
		{"FLAC cut", FLAC, unhex(t, "80000022"), ErrShort},
		{"MP3 without sync", MP3, unhex(t, "00fb9064"), ErrValue},
		{"AC-3 with reserved rate", AC3, unhex(t, "0b77b50bde40ebf8"), ErrAudioFormat},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Describe(tt.codec, tt.config); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func avcConfigOf(sps []byte) []byte {
	b := append([]byte{1, sps[1], sps[2], sps[3], 0xff, 0xe1}, byte(len(sps)>>8), byte(len(sps)))
	return append(append(b, sps...), 0)
}

// hugeSPS claims 4096 x 4096 macroblocks.
func hugeSPS() []byte {
	w := bitWriter{b: []byte{0x67, 66, 0, 30}}
	w.ue(0) // id
	w.ue(0) // frame number bits
	w.ue(2) // picture order type
	w.ue(1) // reference frames
	w.u(1, 0)
	w.ue(4095)
	w.ue(4095)
	w.u(1, 1)
	w.u(1, 0)
	w.u(1, 0)
	w.u(9, 0x100)
	return w.b
}

type bitWriter struct {
	b []byte
	n int
}

func (w *bitWriter) u(n int, v uint32) {
	for i := n - 1; i >= 0; i-- {
		if w.n&7 == 0 {
			w.b = append(w.b, 0)
		}
		w.b[len(w.b)-1] |= byte(v>>i&1) << (7 - w.n&7)
		w.n++
	}
}

func (w *bitWriter) ue(v uint32) {
	bits := 0
	for (v+1)>>bits > 1 {
		bits++
	}
	w.u(bits, 0)
	w.u(bits+1, v+1)
}

func TestBuildConfig(t *testing.T) {
	sets := ParameterSets{SPS: [][]byte{unhex(t, avcSPS640)}, PPS: [][]byte{unhex(t, avcPPS640)}}
	got, err := sets.Config(H264)
	if err != nil || !bytes.Equal(got, unhex(t, avc640)) {
		t.Errorf("H.264: %x, %v", got, err)
	}
	sets = ParameterSets{VPS: [][]byte{unhex(t, hevcVPS1)}, SPS: [][]byte{unhex(t, hevcSPS1)}, PPS: [][]byte{unhex(t, hevcPPS1)}}
	got, err = sets.Config(HEVC)
	if err != nil || !bytes.HasPrefix(got, unhex(t, hevcHead)) {
		t.Errorf("HEVC: %x, %v", got, err)
	}
	if track, err := Describe(HEVC, got); err != nil || track.Width != 1920 || track.MIME != "hvc1.1.6.L120.90" {
		t.Errorf("HEVC: %+v, %v", track, err)
	}
	if _, err := (ParameterSets{}).Config(AAC); err != ErrCodec {
		t.Errorf("AAC: %v", err)
	}
	if got := BuildAACConfig(48000, 2); !bytes.Equal(got, []byte{0x11, 0x90}) {
		t.Errorf("AAC: %x", got)
	}
	for _, f := range [][2]int{{44100, 1}, {96000, 6}, {7350, 8}} {
		c, err := ParseAACConfig(BuildAACConfig(f[0], f[1]))
		if err != nil || c.SampleRate != f[0] || c.Channels != f[1] {
			t.Errorf("AAC %v: %+v, %v", f, c, err)
		}
	}
	if BuildAACConfig(12345, 2) != nil || BuildAACConfig(48000, 7) != nil {
		t.Error("AAC has no such format")
	}
	head := unhex(t, "4f70757348656164 01 02 3801 80bb0000 0000 00")
	if h, err := ParseOpusHead(head); err != nil || !bytes.Equal(h.Bytes(), head) || !bytes.Equal(h.DOps(), unhex(t, "000201380000bb80000000")) {
		t.Errorf("Opus: %+v, %v", h, err)
	}
}

func TestLineup(t *testing.T) {
	other := "0142c028ffe100196742c028da01e0089f97011000000300100000030320f1832a01000468ce0fc8"
	config := func(c Codec, id uint8, s string) Packet {
		return Packet{Kind: c.Kind(), Codec: c, Track: id, Config: true, Data: unhex(t, s)}
	}
	frame := func(c Codec, s string) Packet { return Packet{Kind: c.Kind(), Codec: c, Data: unhex(t, s)} }
	steps := []struct {
		name  string
		p     Packet
		want  Change
		err   bool
		ready bool
	}{
		{"encoder 15: audio before anything", frame(AAC, "2110"), Unchanged, false, false},
		{"video begins", config(H264, 0, avc640), Added, false, true},
		{"encoder 16: the same header again", config(H264, 0, avc640), Unchanged, false, true},
		{"a frame", frame(H264, "0000000165"), Unchanged, false, true},
		{"encoder 15: audio comes late", config(AAC, 0, "1190"), Added, false, true},
		{"encoder 16: another header", config(H264, 0, other), Altered, false, true},
		{"encoder 16: and again", config(H264, 0, other), Unchanged, false, true},
		{"a broken header changes nothing", config(H264, 0, "00"), Unchanged, true, true},
		{"the codec changes", config(HEVC, 0, hevcMain10), Altered, false, true},
		{"a frame of the old codec", frame(H264, "0000000165"), Unchanged, false, false},
		{"audio becomes MP3, which has no header", frame(MP3, "fffb9064"), Altered, false, true},
		{"more of it", frame(MP3, "fffb9064"), Unchanged, false, true},
		{"script data", Packet{Kind: Data}, Unchanged, false, true},
	}
	var l Lineup
	var kept []Track
	for i, s := range steps {
		got, err := l.Observe(s.p)
		if got != s.want || err != nil != s.err || l.Ready(s.p) != s.ready {
			t.Errorf("%s: %v, %v, ready %v", s.name, got, err, l.Ready(s.p))
		}
		if i == 1 {
			kept = l.Tracks()
		}
	}
	if len(kept) != 1 || kept[0].Width != 640 {
		t.Errorf("tracks given out earlier have changed: %+v", kept)
	}
	var codecs []string
	for _, track := range l.Tracks() {
		codecs = append(codecs, track.Codec.String())
	}
	if !slices.Equal(codecs, []string{"HEVC", "MP3"}) {
		t.Errorf("tracks %v", codecs)
	}
}

func TestCodecNames(t *testing.T) {
	for c := H264; c <= lastCodec; c++ {
		if CodecOf(c.FourCC()) != c || c.Kind() == 0 || c.String() == "none" {
			t.Errorf("%d: %s %s", c, c, c.FourCC())
		}
	}
	if CodecOf("vvc1") != 0 || Codec(200).FourCC() != "" {
		t.Error("an unknown codec has a name")
	}
}
