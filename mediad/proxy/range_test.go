package proxy

import (
	"bytes"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

const (
	same  = "same"  // byte for byte what net/http.ServeContent answers
	whole = "whole" // 200 with everything: RFC 9110 section 14.2 lets a server ignore the header
	no    = "416"
	part  = "part:" // 206 with these positions, where RFC 9110 and ServeContent disagree
)

// rangeForms is the table of ABUSE-049 to ABUSE-052 and ABUSE-056, for a body of 1000 bytes.
var rangeForms = []struct{ header, ifRange, want string }{
	{"", "", same},
	{"bytes=0-", "", same}, {"bytes=0-0", "", same}, {"bytes=0-1", "", same}, {"bytes=1-1", "", same}, {"bytes=0-999", "", same},
	{"bytes=0-1000", "", same}, {"bytes=0-9999999", "", same}, {"bytes=999-", "", same}, {"bytes=999-999", "", same},
	{"bytes=500-600", "", same}, {"bytes=998-1000", "", same}, {"bytes=007-008", "", same}, {"bytes=1-", "", same},
	{"bytes=-1", "", same}, {"bytes=-999", "", same}, {"bytes=-1000", "", same}, {"bytes=-1001", "", same}, {"bytes=-99999", "", same},
	{"bytes=-01", "", same}, {"bytes=1000-", "", same}, {"bytes=1000-1001", "", same}, {"bytes=2000-3000", "", same},
	{"bytes=9223372036854775807-", "", same}, {"bytes=9223372036854775806-9223372036854775807", "", same},
	{"bytes=0-9223372036854775807", "", same}, {"bytes=0-9223372036854775806", "", same}, {"bytes=-9223372036854775807", "", same},
	{"bytes=999999999999999999999999999999-", "", no}, {"bytes=18446744073709551616-", "", no}, {"bytes=9223372036854775808-", "", no},
	{"bytes=0-999999999999999999999999999999", "", part + "0-999"}, {"bytes=5-18446744073709551615", "", part + "5-999"},
	{"bytes=-999999999999999999999999999999", "", part + "0-999"}, {"bytes=-18446744073709551617", "", part + "0-999"},
	{"bytes=-0", "", no}, {"bytes=-00", "", no},
	{"bytes=5-4", "", whole}, {"bytes=1-0", "", whole}, {"bytes=9223372036854775807-0", "", whole},
	{"bytes=0-0,-1", "", whole}, {"bytes=0-1,0-1", "", whole}, {"bytes=0-,0-,0-", "", whole}, {"bytes=0-1,", "", same}, {"bytes=,0-1", "", same},
	{"bytes= 0-1", "", same}, {"bytes=0-1 ", "", same}, {"bytes=\t0-1", "", same}, {"bytes=,,-5,,", "", same},
	{"bytes=" + strings.Repeat("0-1,", 1000), "", whole}, {"bytes=" + strings.Repeat("0-,", 50), "", whole},
	{"bytes=", "", whole}, {"bytes=-", "", whole}, {"bytes=0", "", whole}, {"bytes=abc", "", whole}, {"bytes=a-b", "", whole}, {"bytes=0-b", "", whole},
	{"bytes=--1", "", whole}, {"bytes=-1-", "", whole}, {"bytes=1--1", "", whole}, {"bytes=0-1-2", "", whole}, {"bytes=+0-1", "", whole}, {"bytes=0x0-0x1", "", whole},
	{"bytes=0.0-1", "", whole}, {"bytes=1e1-", "", whole}, {"bytes=0 -1", "", whole}, {"bytes=0- 1", "", whole}, {"bytes=０-１", "", whole}, {"bytes=*", "", whole},
	{"items=0-5", "", whole}, {"Bytes=0-5", "", whole}, {"BYTES=0-5", "", whole}, {"byte=0-5", "", whole}, {"bytes 0-5", "", whole}, {"bytes:0-5", "", whole},
	{"bytes =0-5", "", whole}, {" bytes=0-5", "", same}, {"0-5", "", whole}, {"=", "", whole}, {"none", "", whole}, {"bytes", "", whole},
	{"bytes=0-5;q=1", "", whole}, {"bytes=\"0-5\"", "", whole}, {"bytes=0-5\x80", "", whole},
	{"bytes=0-5", `"tag"`, same}, {"bytes=0-5", `"other"`, same}, {"bytes=0-5", `W/"tag"`, same}, {"bytes=-5", `"tag"`, same},
	{"bytes=0-5", "Mon, 02 Jan 2023 03:04:05 GMT", same}, {"bytes=0-5", "Mon, 02 Jan 2017 03:04:05 GMT", same}, {"bytes=0-5", "nonsense", same},
	{"bytes=2000-", `"other"`, same}, {"bytes=2000-", `"tag"`, same}, {"", `"tag"`, same},
}

// TestRangeForms compares the proxy with net/http.ServeContent, for GET and HEAD.
func TestRangeForms(t *testing.T) {
	content := pattern(1000)
	modified := time.Date(2023, 1, 2, 3, 4, 5, 0, time.UTC)
	serve := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "video/mp4")
		w.Header().Set("Etag", `"tag"`)
		http.ServeContent(w, r, "", modified, bytes.NewReader(content))
	}
	reference := httptest.NewServer(http.HandlerFunc(serve))
	defer reference.Close()
	b := newBed(t, Config{}, serve)
	link := b.link("/film.mp4")
	if len(rangeForms) < 90 {
		t.Errorf("only %d forms", len(rangeForms))
	}
	for _, c := range rangeForms {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			kv := []string{}
			if c.header != "" {
				kv = append(kv, "Range", c.header)
			}
			if c.ifRange != "" {
				kv = append(kv, "If-Range", c.ifRange)
			}
			got := b.do(method, link, kv...)
			var want answer
			switch {
			case c.want == same:
				want = do(t, method, reference.URL, kv...)
			case c.want == whole:
				want = do(t, method, reference.URL)
			case c.want == no:
				want = answer{status: 416}
			default:
				want = do(t, method, reference.URL, "Range", "bytes="+strings.TrimPrefix(c.want, part))
			}
			compareRange(t, method+" "+c.header+" / "+c.ifRange, got, want)
		}
	}
}

func compareRange(t *testing.T, name string, got, want answer) {
	t.Helper()
	if got.status != want.status || got.err != nil {
		t.Errorf("%q: status %d (%v), want %d", name, got.status, got.err, want.status)
		return
	}
	if got.status == http.StatusRequestedRangeNotSatisfiable {
		if want.header != nil && got.header.Get("Content-Range") != want.header.Get("Content-Range") {
			t.Errorf("%q: Content-Range %q, want %q", name, got.header.Get("Content-Range"), want.header.Get("Content-Range"))
		}
		return
	}
	if got.body != want.body {
		t.Errorf("%q: body differs: %d and %d bytes", name, len(got.body), len(want.body))
	}
	for _, h := range []string{"Content-Range", "Content-Length", "Accept-Ranges", "Etag", "Last-Modified", "Content-Type"} {
		if got.header.Get(h) != want.header.Get(h) {
			t.Errorf("%q: %s is %q, want %q", name, h, got.header.Get(h), want.header.Get(h))
		}
	}
}

// TestContentRange (ABUSE-054, ABUSE-057).
func TestContentRange(t *testing.T) {
	cases := []struct {
		in string
		ok bool
	}{
		{"bytes 0-0/1", true}, {"bytes 0-4/5", true}, {"bytes 0-4/*", true}, {"bytes 5-9/9223372036854775807", true},
		{"bytes 0-4/4", false}, {"bytes 4-0/5", false}, {"bytes */5", false}, {"bytes 0-4", false}, {"bytes=0-4/5", false}, {"items 0-4/5", false},
		{"bytes 0-4/5 ", false}, {"bytes -1-4/5", false}, {"bytes 0-9223372036854775807/9223372036854775807", false},
		{"bytes 0-9223372036854775807/*", false}, {"bytes 0-9223372036854775808/*", false}, {"bytes 0-1/99999999999999999999", false}, {"bytes 0-1/18446744073709551618", false}, {"", false},
	}
	for _, c := range cases {
		if _, ok := parseContentRange(c.in); ok != c.ok {
			t.Errorf("%q: ok = %v", c.in, ok)
		}
	}
}

// FuzzRange: what is accepted survives a round trip and never overflows.
func FuzzRange(f *testing.F) {
	for _, c := range rangeForms {
		f.Add(c.header)
	}
	f.Add("bytes 0-4/5")
	f.Fuzz(func(t *testing.T, s string) {
		if r, v := parseRange(s); v == rangeOne {
			again, v2 := parseRange(r.String())
			if v2 != rangeOne || again != r || r.Last < 0 || (r.First >= 0 && r.First > r.Last) {
				t.Fatalf("%q -> %+v -> %q -> %+v", s, r, r.String(), again)
			}
		}
		if cr, ok := parseContentRange(s); ok && (cr.length() <= 0 || cr.first < 0 || cr.last == math.MaxInt64) {
			t.Fatalf("%q -> %+v", s, cr)
		}
	})
}
