package migrations

import (
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestFiles checks the promises of the package comment that a program can check.
func TestFiles(t *testing.T) {
	names, err := fs.Glob(FS, "*")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	form := regexp.MustCompile(`^\d{5}_[a-z]+\.sql$`)
	unportable := regexp.MustCompile(`(?i)now\(\)|serial|jsonb|timestamptz|::|autoincrement|concurrently|collate|without rowid`)
	for i, name := range names {
		text, err := fs.ReadFile(FS, name)
		if err != nil {
			t.Fatal(err)
		}
		if number := strings.TrimLeft(name[:5], "0"); !form.MatchString(name) || number != strconv.Itoa(i+1) {
			t.Errorf("%s: names are 00001_words.sql without gaps", name)
		}
		why, sql, found := strings.Cut(string(text), "-- +goose Up\n")
		if !found || !strings.HasPrefix(why, "-- ") || strings.Contains(sql, "+goose Down") {
			t.Errorf("%s: a comment that says why, then Up, and no Down", name)
		}
		if bad := unportable.FindString(sql); bad != "" {
			t.Errorf("%s: %q is not for both engines", name, bad)
		}
	}
}
