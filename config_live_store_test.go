package main

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"synctv/internal/env"
	"synctv/mediad/stream"
)

func live(settings ...string) []string {
	for i := range settings {
		settings[i] = "SYNCTV_LIVESTREAM_" + settings[i]
	}
	return settings
}

// TestLiveProblems: every mistake is named, all of them at once, with what to do.
func TestLiveProblems(t *testing.T) {
	s3 := []string{"STORE=s3", "S3_ENDPOINT=https://s3.example.org", "S3_BUCKET=live", "S3_ACCESS_KEY=ak", "S3_SECRET_KEY=sk"}
	with := func(more ...string) []string { return append(slices.Clone(s3), more...) }
	for _, c := range []struct {
		name     string
		settings []string
		want     string // names of variables, without the prefix
	}{
		{"nothing", nil, ""},
		{"memory", []string{"STORE=memory", "STORE_MEMORY_MIB=64"}, ""},
		{"file", []string{"STORE=file", "STORE_DIR=/somewhere"}, ""},
		{"s3", s3, ""},
		{"oss", with("STORE=oss"), ""},
		{"s3 at a port, with a slash", with("S3_ENDPOINT=http://127.0.0.1:7070/"), ""},
		{"s3 alone", []string{"STORE=s3"}, "S3_ACCESS_KEY S3_BUCKET S3_ENDPOINT S3_SECRET_KEY"},
		{"an endpoint with a bucket", with("S3_ENDPOINT=https://s3.example.org/live"), "S3_ENDPOINT"},
		{"an endpoint that is none", with("S3_ENDPOINT=s3.example.org"), "S3_ENDPOINT"},
		{"a bucket with capitals", with("S3_BUCKET=Live"), "S3_BUCKET"},
		{"a prefix that climbs", with("S3_PREFIX=a/../b"), "S3_PREFIX"},
		{"a path style that is neither", with("S3_PATH_STYLE=yes"), "S3_PATH_STYLE"},
		{"segments among recordings", with("RECORD_STORE=s3", "S3_PREFIX=synctv"), "S3_PREFIX"},
		{"recordings among segments", with("RECORD_STORE=s3", "RECORD_S3_PREFIX=synctv/live/records"), "S3_PREFIX"},
		{"segments and recordings in one folder", []string{"STORE_DIR=/srv/live", "RECORD_DIR=/srv/live/"}, "STORE_DIR"},
		{"segments and recordings side by side", []string{"STORE_DIR=/srv/live", "RECORD_DIR=/srv/live2"}, ""},
		{"another store", []string{"STORE=tape"}, "STORE"},
		{"a store without room", []string{"STORE_MEMORY_MIB=1"}, "STORE_MEMORY_MIB"},
		{"many at once", []string{"PUBLISHER_CONFLICT=fight", "MAX_PUBLISHERS=0", "HLS_PART_DURATION=20ms", "VIEWER_WRITE_TIMEOUT=1ms"},
			"HLS_PART_DURATION MAX_PUBLISHERS PUBLISHER_CONFLICT VIEWER_WRITE_TIMEOUT"},
		{"a target with a fraction", []string{"HLS_TARGET_DURATION=2500ms"}, "HLS_TARGET_DURATION"},
		{"a target shorter than a segment", []string{"HLS_SEGMENT_DURATION=6s", "HLS_TARGET_DURATION=4s"}, "HLS_TARGET_DURATION"},
		{"parts longer than segments", []string{"HLS_PART_DURATION=1500ms"}, "HLS_PART_DURATION"},
		{"a window too short for its segments", []string{"HLS_TARGET_DURATION=15s"}, "HLS_DVR_WINDOW"},
		{"a window of days", []string{"HLS_DVR_WINDOW=72h"}, "HLS_DVR_WINDOW"},
		{"long segments", []string{"HLS_SEGMENT_DURATION=6s", "HLS_TARGET_DURATION=8s", "HLS_PART_DURATION=1s", "HLS_DVR_WINDOW=2m"}, ""},
		{"the group of pictures", []string{"GOP_MAX_MIB=0", "GOP_MAX_DURATION=1s", "PUBLISHER_GRACE=1h", "VIEWER_MAX_DURATION=1s"},
			"GOP_MAX_DURATION GOP_MAX_MIB PUBLISHER_GRACE VIEWER_MAX_DURATION"},
	} {
		t.Run(c.name, func(t *testing.T) {
			environ := map[string]string{}
			for _, s := range c.settings {
				name, value, _ := strings.Cut(s, "=")
				environ["SYNCTV_LIVESTREAM_"+name] = value // the last one counts
			}
			var list []string
			for name, value := range environ {
				list = append(list, name+"="+value)
			}
			_, _, err := LoadConfig(list)
			var problems env.Problems
			errors.As(err, &problems)
			var names []string
			for _, p := range problems {
				names = append(names, strings.TrimPrefix(p.Name, "SYNCTV_LIVESTREAM_"))
				if p.Wrong == "" || p.Do == "" {
					t.Errorf("%+v", p)
				}
			}
			if got := strings.Join(names, " "); got != c.want {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func TestLiveStoreWarnings(t *testing.T) {
	for name, c := range map[string]struct {
		settings []string
		want     string
	}{
		"a long window in memory": {live("HLS_DVR_WINDOW=1h"), "STORE_MEMORY_MIB"},
		"a long window in files":  {live("HLS_DVR_WINDOW=1h", "STORE=file"), ""},
		"a bucket without s3":     {live("S3_BUCKET=live"), "S3_ENDPOINT"},
	} {
		_, w, err := LoadConfig(c.settings)
		if err != nil || (c.want == "") != (len(w) == 0) || c.want != "" && !strings.Contains(strings.Join(w, "\n"), c.want) {
			t.Errorf("%s: %v %v", name, w, err)
		}
	}
}

// TestLiveLimits: what an operator chooses is what mediad gets.
func TestLiveLimits(t *testing.T) {
	c, _, err := LoadConfig(live("PUBLISHER_CONFLICT=takeover-if-idle", "PUBLISHER_GRACE=7s", "GOP_MAX_MIB=3", "GOP_MAX_DURATION=9s", "MAX_PUBLISHERS=5",
		"VIEWER_WRITE_TIMEOUT=3s", "VIEWER_MAX_DURATION=2h", "HLS_PART_DURATION=300ms", "HLS_SEGMENT_DURATION=2s", "HLS_TARGET_DURATION=6s", "HLS_DVR_WINDOW=90s"))
	if err != nil {
		t.Fatal(err)
	}
	m := c.liveLimits()
	s, h := m.Streams.Stream, m.HLS
	if s.Policy != stream.TakeOverIfIdle || s.Grace != 7*time.Second || s.MaxBytes != 3<<20 || s.MaxTime != 9*time.Second || m.MaxPublishers != 5 ||
		m.WriteTimeout != 3*time.Second || m.MaxViewing != 2*time.Hour || h.Cut.Part != 300*time.Millisecond || h.Cut.Segment != 2*time.Second ||
		h.Cut.Longest != 6*time.Second || h.Window != 90*time.Second {
		t.Errorf("%+v", m)
	}
	for settings, want := range map[string]string{
		"STORE=s3 S3_ENDPOINT=http://Minio.lan:9000":                          "minio.lan:9000 path",
		"STORE=oss S3_ENDPOINT=https://oss-cn.example S3_BUCKET=b1b":          "oss-cn.example:443,b1b.oss-cn.example:443 host",
		"STORE=s3 S3_PATH_STYLE=false S3_ENDPOINT=https://s3.x S3_BUCKET=bbb": "s3.x:443,bbb.s3.x:443 host",
		"STORE=oss S3_PATH_STYLE=true S3_ENDPOINT=https://s3.x":               "s3.x:443 path",
	} {
		l := LiveStore{}
		for _, setting := range strings.Fields(settings) {
			name, value, _ := strings.Cut(setting, "=")
			switch name {
			case "STORE":
				l.Backend = value
			case "S3_ENDPOINT":
				l.S3Endpoint = env.WebURL(value)
			case "S3_BUCKET":
				l.S3Bucket = value
			case "S3_PATH_STYLE":
				l.S3PathStyle = value
			}
		}
		style := map[bool]string{true: "host", false: "path"}[l.s3().VirtualHost]
		if got := strings.Join(l.s3Hosts(), ",") + " " + style; got != want {
			t.Errorf("%s: %s, want %s", settings, got, want)
		}
	}
}
