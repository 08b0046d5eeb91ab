package segments

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// maxFolder is how long a folder's name gets; file systems allow 255 bytes.
const maxFolder = 160

// folder returns a name for a stream that is safe in a path and an object key, and
// different for each stream: what is not a lower-case letter, digit, minus or
// underscore is written as its two hexadecimal digits behind an equals sign, and a
// name that gets too long ends in a checksum. File systems that ignore case keep
// streams apart too.
func folder(stream string) string {
	var b strings.Builder
	for i := range len(stream) {
		if c := stream[i]; plain(c) && (c < 'A' || c > 'Z') {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "=%02x", c)
		}
	}
	if b.Len() <= maxFolder {
		return b.String()
	}
	sum := sha256.Sum256([]byte(stream))
	return b.String()[:maxFolder-68] + "==" + hex.EncodeToString(sum[:])
}

func generationName(n uint64) string { return strconv.FormatUint(n, 10) }

// generationOf reads a folder's name; false when it is not one of ours.
func generationOf(name string) (uint64, bool) {
	n, err := strconv.ParseUint(name, 10, 64)
	return n, err == nil && generationName(n) == name
}
