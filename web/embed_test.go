package web

import (
	"io/fs"
	"strings"
	"testing"
)

func TestFSAlwaysHasAPage(t *testing.T) {
	page, err := fs.ReadFile(FS(), "index.html")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), "SyncTV") {
		t.Fatalf("index.html does not look like ours: %q", page)
	}
}

func TestMissingPageSaysWhatToDo(t *testing.T) {
	page, err := fs.ReadFile(sub(missing, "missing"), "index.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"npm run build", "go build"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page does not mention %q", want)
		}
	}
}
