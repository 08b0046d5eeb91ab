package m3u8

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestMedia(t *testing.T) {
	got, err := Parse([]byte("\ufeff#EXTM3U\r\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-DISCONTINUITY-SEQUENCE:2\n" +
		"#EXT-X-MAP:URI=\"init.mp4\",BYTERANGE=\"100@5\"\n#EXTINF:4.000,title\n#EXT-X-BYTERANGE:10@20\nall.m4s\n# a comment\n" +
		"#EXTINF:3.5\n#EXT-X-BYTERANGE:5\nall.m4s\n#EXT-X-DISCONTINUITY\n#EXT-X-KEY:METHOD=AES-128,URI=\"k?a=1,b=2\",IV=0x000102030405060708090A0B0C0D0E0F\n" +
		"#EXT-X-GAP\n#EXTINF:4,\nhttps://b.example/x.ts\n#EXT-X-KEY:METHOD=NONE\n#EXTINF:4,\ny.ts\n#EXT-X-ENDLIST\n"))
	if err != nil {
		t.Fatal(err)
	}
	init := &Resource{URI: "init.mp4", Range: Range{5, 100}}
	want := &Media{Target: 4 * time.Second, Ended: true, Segments: []Segment{
		{Sequence: 7, Discontinuity: 2, URI: "all.m4s", Duration: 4 * time.Second, Range: Range{20, 10}, Map: init},
		{Sequence: 8, Discontinuity: 2, URI: "all.m4s", Duration: 3500 * time.Millisecond, Range: Range{30, 5}, Map: init},
		{Sequence: 9, Discontinuity: 3, URI: "https://b.example/x.ts", Duration: 4 * time.Second, Map: init, Gap: true,
			Key: &Key{URI: "k?a=1,b=2", IV: []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}}},
		{Sequence: 10, Discontinuity: 3, URI: "y.ts", Duration: 4 * time.Second, Map: init},
	}}
	if !reflect.DeepEqual(got.Media, want) || got.Main != nil {
		t.Errorf("%+v", got.Media)
	}
}

func TestMainPlaylist(t *testing.T) {
	got, err := Parse([]byte("#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"x, y\",DEFAULT=YES,URI=\"a.m3u8\"\n" +
		"#EXT-X-STREAM-INF:BANDWIDTH=1280000,CODECS=\"avc1.64001f, mp4a.40.2\",RESOLUTION=1280x720,AUDIO=\"a\"\nlow.m3u8\n" +
		"#EXT-X-STREAM-INF:BANDWIDTH=65000\naudio.m3u8\n"))
	want := &Main{Audio: []Rendition{{"a", "a.m3u8", true}}, Variants: []Variant{
		{URI: "low.m3u8", Bandwidth: 1280000, Codecs: []string{"avc1.64001f", "mp4a.40.2"}, Height: 720, Audio: "a"}, {URI: "audio.m3u8", Bandwidth: 65000}}}
	if err != nil || !reflect.DeepEqual(got.Main, want) {
		t.Errorf("%+v %v", got.Main, err)
	}
}

// TestNonsense: what a hostile playlist tries is an error, and costs no memory.
func TestNonsense(t *testing.T) {
	head := "#EXTM3U\n#EXT-X-TARGETDURATION:4\n"
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"empty":                           {"", ErrNotPlaylist},
		"a page":                          {"<html>", ErrNotPlaylist},
		"nothing listed":                  {"#EXTM3U\n", ErrEmpty},
		"ABUSE-066 too many bytes":        {head + strings.Repeat("#\n", MaxBytes/2), ErrTooLarge},
		"ABUSE-066 one long line":         {head + strings.Repeat("a", 1<<20), ErrTooLarge},
		"ABUSE-067 a million entries":     {head + strings.Repeat("#EXTINF:1\na\n", 100_000), ErrTooLarge},
		"ABUSE-067 a hundred thousand":    {"#EXTM3U\n" + strings.Repeat("#EXT-X-STREAM-INF:BANDWIDTH=1\na\n", 50_000), ErrTooLarge},
		"ABUSE-068 NaN":                   {head + "#EXTINF:NaN\na\n", ErrValue},
		"ABUSE-068 infinite":              {head + "#EXTINF:inf\na\n", ErrValue},
		"ABUSE-068 negative":              {head + "#EXTINF:-1\na\n", ErrValue},
		"ABUSE-068 1e308":                 {head + "#EXTINF:1e308\na\n", ErrValue},
		"ABUSE-068 target":                {"#EXTM3U\n#EXT-X-TARGETDURATION:1e9\n", ErrValue},
		"ABUSE-069 a length that is all":  {head + "#EXTINF:1\n#EXT-X-BYTERANGE:9223372036854775807@9223372036854775807\na\n", ErrValue},
		"ABUSE-069 lengths that add up":   {head + strings.Repeat("#EXTINF:1\n#EXT-X-BYTERANGE:9007199254740992\na\n", 2), ErrValue},
		"ABUSE-069 behind nothing":        {head + "#EXTINF:1\n#EXT-X-BYTERANGE:5\na\n", ErrValue},
		"ABUSE-073 a definition":          {head + "#EXT-X-DEFINE:NAME=\"h\",VALUE=\"127.0.0.1\"\n", ErrVariable},
		"ABUSE-073 a variable":            {head + "#EXTINF:1\nhttp://{$h}/a\n", ErrVariable},
		"a sequence number beyond reason": {head + "#EXT-X-MEDIA-SEQUENCE:99999999999999999999\n", ErrValue},
		"a key without sense":             {head + "#EXT-X-KEY:METHOD=AES-128,URI=\"k\",IV=0x12\n", ErrValue},
	} {
		if _, err := Parse([]byte(c.text[:min(len(c.text), MaxBytes+1)])); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, not %v", name, err, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MAP:URI=\"i\"\n#EXTINF:4,\n#EXT-X-BYTERANGE:1@2\na\n"))
	f.Add([]byte("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"a\"\na\n#EXT-X-MEDIA:TYPE=AUDIO,URI=\"x\"\n"))
	f.Add([]byte("#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=\"k\",IV=0x00000000000000000000000000000000\n#EXTINF:1\na"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := Parse(text)
		if err != nil {
			return
		}
		if (p.Main == nil) == (p.Media == nil) {
			t.Fatal("neither kind, or both")
		}
		if p.Media == nil {
			return
		}
		for _, s := range p.Media.Segments {
			if s.Duration < 0 || s.Range.Offset < 0 || s.Range.Length < 0 || s.Range.Offset+s.Range.Length > 2*maxNumber {
				t.Fatalf("%+v", s)
			}
		}
	})
}
