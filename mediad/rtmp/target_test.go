package rtmp

import (
	"errors"
	"strings"
	"testing"
)

// encoder 5: application, instance, key and parameters, wherever they were put.
func TestRTMP05Target(t *testing.T) {
	tests := []struct {
		name            string
		app, tcURL, key string
		want            string // app|stream|params
		err             error
	}{
		{"plain", "live", "rtmp://h/live", "key", "live|key|", nil},
		{"parameters behind the key", "live", "", "key?token=a&x=1", "live|key|token=a&x=1", nil},
		{"parameters behind the application", "live?token=a", "rtmp://h/live?token=a", "key", "live|key|token=a", nil},
		{"parameters in tcUrl alone", "live", "rtmp://h/live?token=a", "key", "live|key|token=a", nil},
		{"both: those of the key come first", "live?token=b", "", "key?token=a", "live|key|token=a&token=b", nil},
		{"trailing slash", "live/", "rtmp://h/live/", "key", "live|key|", nil},
		{"leading slash", "/live", "", "/key", "live|key|", nil},
		{"instance", "live/inst", "", "key", "live/inst|key|", nil},
		{"default instance", "live/_definst_", "", "key", "live|key|", nil},
		{"path in the key", "live", "", "inst/key", "live/inst|key|", nil},
		{"everything in the application", "live/key", "rtmp://h/live/key", "", "live|key|", nil},
		{"everything in the application, with parameters", "live/key?token=a", "", "", "live|key|token=a", nil},
		{"key in tcUrl alone", "live", "rtmp://h:1935/live/key?x=1", "", "live|key|x=1", nil},
		{"no application", "", "rtmp://h/", "key", "|key|", nil},
		{"escaped key", "live", "", "a%20b%C3%A9", "live|a bé|", nil},
		{"escaped question mark", "live", "", "key%3Ftoken=a", "live|key|token=a", nil},
		{"percent that is none", "live", "", "50%", "live|50%|", nil},
		{"prefix of Flash", "live", "", "flv:key", "live|key|", nil},
		{"no name at all", "live", "rtmp://h/live", "", "", ErrNameMissing},
		{"only parameters", "live", "", "?token=a", "", ErrNameMissing},
		{"nothing", "", "", "", "", ErrNameMissing},
		{"ABUSE-129 dots", "live", "", "../secret", "", ErrNameInvalid},
		{"ABUSE-129 escaped dots and slash", "live", "", "%2e%2e%2fsecret", "", ErrNameInvalid},
		{"ABUSE-129 dots in the application", "live/..", "", "key", "", ErrNameInvalid},
		{"ABUSE-129 zero byte", "live", "", "key\x00", "", ErrNameInvalid},
		{"ABUSE-129 escaped zero byte", "live", "", "key%00", "", ErrNameInvalid},
		{"ABUSE-129 line break", "live", "", "key\r\nx", "", ErrNameInvalid},
		{"ABUSE-129 backslash", "live", "", `a\b`, "", ErrNameInvalid},
		{"ABUSE-129 not UTF-8", "live", "", "\xff\xfe", "", ErrNameInvalid},
		{"ABUSE-129 64 KiB", "live", "", strings.Repeat("k", 64<<10), "", ErrNameLong},
		{"ABUSE-129 1,025 bytes", "", "", strings.Repeat("k", 1025), "", ErrNameLong},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseTarget(Connect{App: tt.app, TCURL: tt.tcURL}, tt.key)
			if !errors.Is(err, tt.err) {
				t.Fatalf("%v, want %v", err, tt.err)
			}
			if s := got.App + "|" + got.Stream + "|" + got.Params.Encode(); err == nil && s != tt.want {
				t.Errorf("%s, want %s", s, tt.want)
			}
		})
	}
	many := "k?" + strings.Repeat("a=1&", 1000)
	if got, err := ParseTarget(Connect{App: "live"}, many); err != nil || len(got.Params["a"]) > maxParams {
		t.Errorf("%d parameters, %v", len(got.Params["a"]), err)
	}
}

func TestParseAddress(t *testing.T) {
	tests := []struct {
		in   string
		want Address
		ok   bool
	}{
		{"rtmp://h/live/key", Address{"h:1935", "live", "key", "rtmp://h/live", false}, true},
		{"rtmp://h:1936/live/inst/key?t=a/b", Address{"h:1936", "live/inst", "key?t=a/b", "rtmp://h:1936/live/inst", false}, true},
		{"rtmp://[::1]/live/key", Address{"[::1]:1935", "live", "key", "rtmp://[::1]/live", false}, true},
		{"rtmp://h/key", Address{"h:1935", "", "key", "rtmp://h/", false}, true},
		{"RTMPS://h/live/key", Address{"h:443", "live", "key", "rtmps://h/live", true}, true},
		{"rtmps://h:1936/live/key", Address{"h:1936", "live", "key", "rtmps://h:1936/live", true}, true},
		{"rtmp://h/live/", Address{}, false}, {"http://h/live/key", Address{}, false}, {"rtmp:///live/key", Address{}, false},
	}
	for _, tt := range tests {
		if got, err := ParseAddress(tt.in); got != tt.want || (err == nil) != tt.ok {
			t.Errorf("%s: %+v, %v", tt.in, got, err)
		}
	}
}

func FuzzTarget(f *testing.F) {
	f.Add("live", "rtmp://h/live", "key?token=a")
	f.Add("live/_definst_?x", "rtmp://h:1/a/b/c", "mp4:%2e%2e")
	f.Fuzz(func(t *testing.T, app, tcURL, name string) {
		got, err := ParseTarget(Connect{App: app, TCURL: tcURL}, name)
		if err != nil {
			return
		}
		all := got.App + "/" + got.Stream
		if got.Stream == "" || len(all) > maxName+1 || strings.Contains(all, "\x00") || strings.ContainsAny(got.Stream, `/\?`) {
			t.Fatalf("%q", all)
		}
		for part := range strings.SplitSeq(all, "/") {
			if part == ".." || part == "." {
				t.Fatalf("%q", all)
			}
		}
	})
}
