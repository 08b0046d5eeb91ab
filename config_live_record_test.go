package main

import (
	"errors"
	"strings"
	"testing"

	"synctv/internal/env"
)

// TestRecordProblems: what does not go together is named, with what to do.
func TestRecordProblems(t *testing.T) {
	s3 := "S3_ENDPOINT=https://s3.example.org S3_BUCKET=live S3_ACCESS_KEY=ak S3_SECRET_KEY=sk "
	for _, c := range []struct {
		name     string
		settings string
		want     string // names of variables, without the prefix
	}{
		{"nothing", "", ""},
		{"off", "RECORD_STORE=off", ""},
		{"a folder", "RECORD_DIR=/srv/recordings RECORD_KEEP=0 RECORD_KEEP_MIB=0", ""},
		{"s3", s3 + "RECORD_STORE=s3", ""},
		{"s3 for segments too", s3 + "RECORD_STORE=oss STORE=s3", ""},
		{"s3 without a bucket", "RECORD_STORE=s3 S3_ENDPOINT=https://s3.example.org S3_ACCESS_KEY=ak S3_SECRET_KEY=sk", "S3_BUCKET"},
		{"another store", "RECORD_STORE=tape", "RECORD_STORE"},
		{"numbers", "RECORD_FRAGMENT=100ms RECORD_MAX_DURATION=1s RECORD_MAX_MIB=0 RECORD_KEEP=-1s RECORD_MEMORY_MIB=1",
			"RECORD_FRAGMENT RECORD_KEEP RECORD_MAX_DURATION RECORD_MAX_MIB RECORD_MEMORY_MIB"},
		{"no room for two", "RECORD_MAX_MIB=100 RECORD_KEEP_MIB=150", "RECORD_KEEP_MIB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, warnings, err := LoadConfig(live(strings.Fields(c.settings)...))
			var problems env.Problems
			if err != nil && !errors.As(err, &problems) {
				t.Fatal(err)
			}
			var names []string
			for _, p := range problems {
				names = append(names, strings.TrimPrefix(p.Name, "SYNCTV_LIVESTREAM_"))
				if p.Do == "" {
					t.Errorf("%s: nobody is told what to do", p.Name)
				}
			}
			if got := strings.Join(names, " "); got != c.want {
				t.Errorf("problems with %q, want %q", got, c.want)
			}
			if len(warnings) > 0 {
				t.Errorf("warnings %q", warnings)
			}
		})
	}
}
