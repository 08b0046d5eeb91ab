package hls

import (
	"strconv"
	"strings"

	"synctv/mediad/av"
)

// fileKind is what a name is the name of.
type fileKind uint8

const (
	noFile fileKind = iota
	indexFile
	playlistFile
	initFile
	segmentFile
	partFile
)

// file is a name, taken apart. Only names that this package could have made are one.
type file struct {
	what     fileKind
	name     string
	kind     av.Kind
	sequence uint64 // of a segment
	prefix   string // of a part's name
	part     uint64 // its number
}

// maxFileName is more than any name has.
const maxFileName = 64

// parseFile takes a name apart; its what is noFile when it is not one of ours.
func parseFile(name string) file {
	f := file{name: name}
	if len(name) > maxFileName || len(name) < 4 {
		return f
	}
	switch name {
	case indexURI:
		f.what = indexFile
		return f
	case videoURI, audioURI:
		f.what, f.kind = playlistFile, kindOf(name[0])
		return f
	}
	if digits, ok := strings.CutSuffix(name, ".mp4"); ok {
		if name[0] == 'i' && kindOf(name[1]) != 0 && isHex(digits[2:]) {
			f.what, f.kind = initFile, kindOf(name[1])
		}
		return f
	}
	stem, ok := strings.CutSuffix(name, ".m4s")
	if !ok || len(stem) < 2 || kindOf(stem[0]) == 0 {
		return f
	}
	f.kind = kindOf(stem[0])
	if prefix, number, ok := strings.Cut(stem, "-"); ok {
		n, good := canonical(number)
		if good && isLower36(prefix[1:]) {
			f.what, f.prefix, f.part = partFile, prefix+"-", n
		}
		return f
	}
	if n, good := canonical(stem[1:]); good {
		f.what, f.sequence = segmentFile, n
	}
	return f
}

func kindOf(letter byte) av.Kind {
	switch letter {
	case 'v':
		return av.Video
	case 'a':
		return av.Audio
	}
	return 0
}

// canonical reads a number in the one way in which it is written.
func canonical(s string) (uint64, bool) {
	n, err := strconv.ParseUint(s, 10, 63)
	return n, err == nil && strconv.FormatUint(n, 10) == s
}

func isHex(s string) bool {
	return len(s) == 16 && strings.Trim(s, "0123456789abcdef") == ""
}

func isLower36(s string) bool {
	return s != "" && strings.Trim(s, "0123456789abcdefghijklmnopqrstuvwxyz") == ""
}

// splitPath divides a path into a stream's name and a file's.
func splitPath(path string) (stream, name string) {
	path = strings.TrimPrefix(path, "/")
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return "", path
	}
	return path[:i], path[i+1:]
}
