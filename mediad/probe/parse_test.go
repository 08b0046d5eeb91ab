package probe

import (
	"bytes"
	"math"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestMP4(t *testing.T) {
	media := box("mdat", zeros(5000))
	moov := box("moov", mvhd(1000, 7500), trak(avc1()), trak(mp4a()), title("A Film"))
	cases := []struct {
		name    string
		file    []byte
		seconds float64
		title   string
		codecs  string
	}{
		{"moov first", join(ftyp(), moov, media), 7.5, "A Film", "avc1.640028 mp4a.40.2"},
		{"moov last", join(ftyp(), media, moov), 7.5, "A Film", "avc1.640028 mp4a.40.2"},
		{"64-bit mdat", join(ftyp(), u32(1), []byte("mdat"), u64(16+100), zeros(100), moov), 7.5, "A Film", "avc1.640028 mp4a.40.2"},
		{"version 1 mvhd", join(ftyp(), box("moov", mvhd1(600, 1200))), 2, "", ""},
		{"fragmented, mehd", join(ftyp(), box("moov", mvhd(1000, 0), box("mvex", box("mehd", zeros(4), u32(9000)))), box("moof")), 9, "", ""},
		{"fragmented, sidx of all", join(ftyp(), box("moov", mvhd(1000, 0)), box("sidx", zeros(8), u32(100), zeros(8), u16(0), u16(2), u32(8), u32(250), u32(0), u32(8), u32(250), u32(0)), box("moof"), box("mdat")), 5, "", ""},
		{"fragmented, sidx of one fragment", join(ftyp(), box("moov", mvhd(1000, 0)), box("sidx", zeros(8), u32(100), zeros(8), u16(0), u16(1), u32(8), u32(250), u32(0)), box("moof"), box("mdat"), box("moof"), box("mdat")), 0, "", ""},
		{"duration unknown, track knows", join(ftyp(), box("moov", mvhd(1000, math.MaxUint32), trak(avc1()))), 7, "", "avc1.640028"},
		{"hevc", join(ftyp(), box("moov", mvhd(1000, 1000), trak(box("hvc1", zeros(78), box("hvcC", []byte{1, 1, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 93}))))), 1, "", "hvc1.1.6.L93.90"},
		{"av1 and opus", join(ftyp(), box("moov", mvhd(1000, 1000), trak(box("av01", zeros(78), box("av1C", []byte{0x81, 0x08, 0x0c, 0}))), trak(box("Opus", zeros(28), box("dOps", zeros(11)))))), 1, "", "av01.0.08M.08 opus"},
		{"vp9", join(ftyp(), box("moov", mvhd(1000, 1000), trak(box("vp09", zeros(78), box("vpcC", []byte{1, 0, 0, 0, 0, 31, 0x82}))))), 1, "", "vp09.00.31.08"},
		{"quicktime title", join(ftyp(), box("moov", mvhd(1000, 1000), box("udta", box("\xa9nam", u16(4), u16(0), []byte("Film"))))), 1, "Film", ""},
		{"time scale 0", join(ftyp(), box("moov", mvhd(0, 1000))), 0, "", ""},
		{"box larger than its parent", join(ftyp(), u32(100), []byte("moov"), u32(1000), []byte("mvhd")), 0, "", ""},
		{"box smaller than its head", join(ftyp(), u32(4), []byte("moov")), 0, "", ""},
		{"64-bit size beyond all", join(ftyp(), u32(1), []byte("mdat"), bytes.Repeat([]byte{255}, 8)), 0, "", ""},
		{"deep nesting", join(ftyp(), nest(200)), 0, "", ""},
		{"many boxes", join(ftyp(), bytes.Repeat(box("free"), 5000), moov), 0, "", ""},
	}
	for _, c := range cases {
		got := parseMP4(bytes.NewReader(c.file), int64(len(c.file)))
		if math.Abs(got.seconds-c.seconds) > 1e-9 || got.title != c.title || strings.Join(got.codecs, " ") != c.codecs {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func nest(n int) []byte {
	b := mvhd(1, 1)
	for range n {
		b = box("trak", b)
	}
	return box("moov", b)
}

func TestEBML(t *testing.T) {
	head := ebmlHead("matroska")
	cluster := el(idCluster, zeros(1000))
	at := func(pos int) []byte { return u32(pos) }
	seekSize := len(el(idSeekHead, el(idSeek, el(idSeekID, u32(idInfo)), el(idSeekPos, at(0))), el(idSeek, el(idSeekID, u32(idTracks)), el(idSeekPos, at(0)))))
	tracksAt := seekSize + len(cluster)
	seek := el(idSeekHead, el(idSeek, el(idSeekID, u32(idInfo)), el(idSeekPos, at(tracksAt+len(mkvTracks())))), el(idSeek, el(idSeekID, u32(idTracks)), el(idSeekPos, at(tracksAt))))
	unknown := func(parts ...[]byte) []byte {
		return join([]byte{0x18, 0x53, 0x80, 0x67, 0x01, 255, 255, 255, 255, 255, 255, 255}, join(parts...))
	}
	cases := []struct {
		name    string
		file    []byte
		seconds float64
		title   string
		codecs  string
	}{
		{"plain", join(head, el(idSegment, mkvInfo(12.5, "Film"), mkvTracks(), cluster)), 12.5, "Film", "vp9 opus"},
		{"masters after the media", join(head, el(idSegment, seek, cluster, mkvTracks(), mkvInfo(12.5, "Film"))), 12.5, "Film", "vp9 opus"},
		{"unknown segment size", join(head, unknown(mkvInfo(3, ""), mkvTracks(), cluster)), 3, "", "vp9 opus"},
		{"live: no duration", join(head, unknown(el(idInfo, el(idScale, u32(1000000))), mkvTracks(), cluster)), 0, "", "vp9 opus"},
		{"avc private data", join(head, el(idSegment, el(idTracks, el(idTrack, el(idCodec, []byte("V_MPEG4/ISO/AVC")), el(idPrivate, []byte{1, 0x4d, 0x40, 0x1f}))), mkvInfo(1, ""))), 1, "", "avc1.4d401f"},
		{"no segment", head, 0, "", ""},
		{"info larger than allowed", join(head, el(idSegment, el(idInfo, zeros(maxElement+1)))), 0, "", ""},
	}
	for _, c := range cases {
		got := parseEBML(bytes.NewReader(c.file), int64(len(c.file)))
		if got.seconds != c.seconds || got.title != c.title || strings.Join(got.codecs, " ") != c.codecs {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestMP3(t *testing.T) {
	cbr := mp3Frames(100) // 100 * 417 bytes at 128 kbit/s
	cases := []struct {
		name    string
		file    []byte
		seconds float64
		title   string
	}{
		{"cbr", cbr, 100 * 417 * 8 / 128000.0, ""},
		{"xing", join(xing(5000), cbr), 5000 * 1152 / 44100.0, ""},
		{"title latin-1", join(id3(id3Frame("TALB", "\x00Album"), id3Frame("TIT2", "\x00Caf\xe9")), cbr), 100 * 417 * 8 / 128000.0, "Café"},
		{"title utf-8", join(id3(id3Frame("TIT2", "\x03映画")), cbr), 100 * 417 * 8 / 128000.0, "映画"},
		{"title utf-16", join(id3(id3Frame("TIT2", "\x01\xff\xfeH\x00i\x00")), cbr), 100 * 417 * 8 / 128000.0, "Hi"},
		{"frame longer than the tag", join(id3(join([]byte("TIT2"), u32(1<<30), u16(0), []byte("x"))), cbr), 100 * 417 * 8 / 128000.0, ""},
		{"empty text frame", join(id3(join([]byte("TIT2"), u32(0), u16(0))), cbr), 100 * 417 * 8 / 128000.0, ""},
	}
	for _, c := range cases {
		if sniff(c.file) != MP3 {
			t.Errorf("%s: called %s", c.name, sniff(c.file))
		}
		got := parseMP3(bytes.NewReader(c.file), int64(len(c.file)))
		if math.Abs(got.seconds-c.seconds) > 1e-6 || got.title != c.title {
			t.Errorf("%s: %+v, want %v", c.name, got, c.seconds)
		}
	}
}

func TestManifests(t *testing.T) {
	hls, variant := parseHLS([]byte("#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\na\n#EXTINF:4.5,\nb\n#EXT-X-ENDLIST\n"))
	if hls.seconds != 10.5 || hls.live || variant != "" {
		t.Errorf("vod: %+v %q", hls, variant)
	}
	hls, _ = parseHLS([]byte("#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:NaN,\na\n#EXTINF:6,\nb\n"))
	if hls.seconds != 0 || !hls.live {
		t.Errorf("live: %+v", hls)
	}
	hls, variant = parseHLS([]byte("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"avc1.4d401f,mp4a.40.2\"\nv.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2\nw.m3u8\n"))
	if variant != "v.m3u8" || len(hls.codecs) != 2 || hls.live {
		t.Errorf("main: %+v %q", hls, variant)
	}
	dash := parseDASH([]byte(`<?xml version="1.0"?><MPD type="static" mediaPresentationDuration="PT1H2M3.5S"><Representation codecs="avc1.4d401f"/></MPD>`))
	if dash.seconds != 3723.5 || dash.live || !slices.Equal(dash.codecs, []string{"avc1.4d401f"}) {
		t.Errorf("dash: %+v", dash)
	}
	if dash = parseDASH([]byte(`<MPD type='dynamic'>`)); !dash.live {
		t.Errorf("dash live: %+v", dash)
	}
	for in, want := range map[string]float64{"PT5S": 5, "P1DT1S": 86401, "PT": 0, "5": 0, "P1Y": 0, "PT1M": 60, "-PT5S": 0, "PTS": 0} {
		if got := parseISODuration(in); got != want {
			t.Errorf("%s: %v, want %v", in, got, want)
		}
	}
	flv := parseFLV(flvMeta(61.5))
	if flv.seconds != 61.5 || strings.Join(flv.codecs, " ") != "avc1 mp4a.40.2" {
		t.Errorf("flv: %+v", flv)
	}
}

func TestSniff(t *testing.T) {
	ts := make([]byte, 600)
	ts[0], ts[188], ts[376] = 0x47, 0x47, 0x47
	m2ts := make([]byte, 600)
	m2ts[4], m2ts[196], m2ts[388] = 0x47, 0x47, 0x47
	for name, c := range map[string]struct {
		b    []byte
		want Container
	}{
		"mp4": {ftyp(), MP4}, "fragment": {box("styp", zeros(8)), MP4}, "webm": {ebmlHead("webm"), WebM}, "mkv": {ebmlHead("matroska"), MKV}, "flv": {flvMeta(1), FLV},
		"hls": {[]byte("\ufeff\n#EXTM3U\n"), HLS}, "dash": {[]byte("<?xml?>\n<MPD>"), DASH}, "ts": {ts, TS}, "m2ts": {m2ts, TS}, "mp3": {mp3Frames(2), MP3},
		"html": {[]byte("<!doctype html><html>"), Unknown}, "empty": {nil, Unknown}, "short": {[]byte{0xff}, Unknown}, "jpeg": {[]byte{0xff, 0xd8, 0xff, 0xe0, 0, 0, 0, 0, 0, 0}, Unknown},
		"one sync": {append([]byte{0xff, 0xfb, 0x90, 0}, zeros(600)...), Unknown}, "silly ftyp": {join(u32(1<<30), []byte("ftyp")), Unknown},
	} {
		if got := sniff(c.b); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestTitle(t *testing.T) {
	for _, c := range []struct{ disposition, url, want string }{
		{"", "http://a.example/The.Big_Film.2024.mp4", "The Big Film 2024"}, {"", "http://a.example/x/%E6%98%A0%E7%94%BB.mkv", "映画"}, {"", "http://a.example/", "a.example"},
		{`attachment; filename="My Film v1.5.mp4"`, "http://a.example/x", "My Film v1.5"}, {`attachment; filename*=UTF-8''%e6%98%a0.mp4`, "http://a.example/x", "映"},
		{`attachment; filename="..\\..\\evil.mp4"`, "http://a.example/x", "evil"}, {"garbage;;", "http://a.example/film", "film"}, {"attachment; filename=\"a\u202eb.mp4\"", "http://a.example/f", "ab"},
		{"", "http://a.example/a%0ab%00c.mp4", "a bc"}, {"", "http://a.example/" + strings.Repeat("a", 500), strings.Repeat("a", 200)},
	} {
		u, err := url.Parse(c.url)
		if err != nil {
			t.Fatal(err)
		}
		if got := titleFromName(c.disposition, u); got != c.want {
			t.Errorf("%q %q: %q, want %q", c.disposition, c.url, got, c.want)
		}
	}
}

// counted fails the test when a parser reads without end.
type counted struct {
	t     *testing.T
	r     *bytes.Reader
	reads int
}

func (c *counted) ReadAt(b []byte, off int64) (int, error) {
	if c.reads++; c.reads > 10000 || len(b) > 1<<20 {
		c.t.Fatalf("read %d of %d bytes at %d", c.reads, len(b), off)
	}
	return c.r.ReadAt(b, off)
}

func fuzzParser(f *testing.F, parse func(r *counted, size int64) info, seeds ...[]byte) {
	for _, s := range seeds {
		f.Add(s)
		for i := 1; i < 4; i++ {
			f.Add(s[:len(s)*i/4])
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, size := range []int64{int64(len(b)), -1} {
			got := parse(&counted{t: t, r: bytes.NewReader(b)}, size)
			if s := believe(got.seconds); s < 0 || math.IsNaN(s) || math.IsInf(s, 0) || len(got.codecs) > 64 || !utf8.ValidString(cleanTitle(got.title)) {
				t.Fatalf("%+v", got)
			}
		}
	})
}

func FuzzMP4(f *testing.F) {
	fuzzParser(f, func(r *counted, size int64) info { return parseMP4(r, size) },
		join(ftyp(), box("moov", mvhd(1000, 7500), trak(avc1()), trak(mp4a()), title("A Film")), box("mdat", zeros(100))),
		join(ftyp(), box("moov", mvhd1(1000, 0), box("mvex", box("mehd", zeros(4), u32(9000)))), box("sidx", zeros(40))))
}

func FuzzEBML(f *testing.F) {
	fuzzParser(f, func(r *counted, size int64) info { return parseEBML(r, size) },
		join(ebmlHead("webm"), el(idSegment, el(idSeekHead, el(idSeek, el(idSeekID, u32(idInfo)), el(idSeekPos, u32(0)))), mkvInfo(12.5, "Film"), mkvTracks())))
}

func FuzzMP3(f *testing.F) {
	fuzzParser(f, func(r *counted, size int64) info { return parseMP3(r, size) },
		join(id3(id3Frame("TIT2", "\x01\xff\xfeH\x00i\x00")), xing(10), mp3Frames(1)))
}

func FuzzText(f *testing.F) {
	fuzzParser(f, func(r *counted, _ int64) info {
		b := make([]byte, r.r.Len())
		_, _ = r.r.ReadAt(b, 0)
		_ = sniff(b)
		flv := parseFLV(b)
		dash := parseDASH(b)
		hls, _ := parseHLS(b)
		hls.seconds += max(flv.seconds, 0) + dash.seconds
		hls.codecs = unique(hls.codecs)
		return hls
	}, flvMeta(5), []byte("#EXTM3U\n#EXTINF:5,\na\n#EXT-X-ENDLIST"), []byte(`<MPD type="static" mediaPresentationDuration="PT1H2M3.5S">`))
}
