// Package web carries the browser client inside the binary.
//
// The client is built by npm into dist, which is not committed. A binary made
// without that step still serves a page: one that says what is missing and how
// to get it.
package web

import (
	"embed"
	"fmt"
	"io/fs"
)

//go:embed all:dist
var built embed.FS

//go:embed missing
var missing embed.FS

// Built reports whether the binary carries the client, that is, whether
// "npm run build" ran in web/ before "go build".
func Built() bool {
	_, err := fs.Stat(built, "dist/index.html")
	return err == nil
}

// FS returns the files of the client with index.html at the root. Files under
// assets/ have a hash in their name and never change; text files may have
// siblings ending in .br and .gz. Without a build it holds only an index.html
// that explains itself.
func FS() fs.FS {
	if Built() {
		return sub(built, "dist")
	}
	return sub(missing, "missing")
}

func sub(files embed.FS, dir string) fs.FS {
	out, err := fs.Sub(files, dir)
	if err != nil {
		// Only a malformed directory name fails, and both names are constants.
		panic(fmt.Sprintf("web: %s: %v", dir, err))
	}
	return out
}
