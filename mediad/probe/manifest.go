package probe

import (
	"bytes"
	"encoding/binary"
	"math"
	"regexp"
	"strconv"
	"strings"
)

const maxPlaylist = 1 << 20 // bytes of a playlist looked at

// parseHLS sums the segments of a media playlist. For a main playlist it returns the first variant's address and the codecs.
func parseHLS(text []byte) (found info, variant string) {
	ended, media, inVariant := false, false, false
	for raw := range bytes.Lines(text) {
		line := strings.TrimSpace(string(raw[:min(len(raw), 16<<10)]))
		switch {
		case strings.HasPrefix(line, "#EXTINF:"):
			media = true
			seconds, _, _ := strings.Cut(line[len("#EXTINF:"):], ",")
			if f, err := strconv.ParseFloat(strings.TrimSpace(seconds), 64); err == nil && f >= 0 && f < 1e6 {
				found.seconds += f
			}
		case line == "#EXT-X-ENDLIST", line == "#EXT-X-PLAYLIST-TYPE:VOD":
			ended = true
		case strings.HasPrefix(line, "#EXT-X-TARGETDURATION"), strings.HasPrefix(line, "#EXT-X-MEDIA-SEQUENCE"):
			media = true
		case strings.HasPrefix(line, "#EXT-X-STREAM-INF:"):
			inVariant = true
			if _, rest, ok := strings.Cut(line, `CODECS="`); ok && len(found.codecs) == 0 {
				list, _, _ := strings.Cut(rest, `"`)
				found.codecs = strings.Split(list, ",")
			}
		case line != "" && line[0] != '#' && inVariant && variant == "":
			variant = line
		}
	}
	if media && !ended {
		found.live, found.seconds = true, 0
	}
	if media {
		variant = ""
	}
	return found, variant
}

var (
	isoDuration = regexp.MustCompile(`^P(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,9}(?:\.\d{1,9})?)S)?)?$`)
	mpdDuration = regexp.MustCompile(`\bmediaPresentationDuration\s*=\s*["']([^"']{1,64})["']`)
	mpdDynamic  = regexp.MustCompile(`\btype\s*=\s*["']dynamic["']`)
	mpdCodecs   = regexp.MustCompile(`\bcodecs\s*=\s*["']([^"']{1,128})["']`)
)

// parseDASH reads the attributes of the MPD element and the codecs of its representations (ISO/IEC 23009-1).
func parseDASH(b []byte) info {
	var found info
	start := bytes.Index(b, []byte("<MPD"))
	if start < 0 {
		return found
	}
	tag := b[start:]
	if end := bytes.IndexByte(tag, '>'); end >= 0 {
		tag = tag[:end]
	}
	found.live = mpdDynamic.Match(tag)
	if m := mpdDuration.FindSubmatch(tag); m != nil && !found.live {
		found.seconds = parseISODuration(string(m[1]))
	}
	for _, m := range mpdCodecs.FindAllSubmatch(b, 16) {
		found.codecs = append(found.codecs, strings.Split(string(m[1]), ",")...)
	}
	return found
}

// parseISODuration reads the days, hours, minutes and seconds of an ISO 8601 duration; anything else is 0.
func parseISODuration(s string) float64 {
	m := isoDuration.FindStringSubmatch(s)
	if m == nil {
		return 0
	}
	total := 0.0
	for i, unit := range [...]float64{86400, 3600, 60, 1} {
		if f, err := strconv.ParseFloat(m[i+1], 64); err == nil {
			total += f * unit
		}
	}
	return total
}

// parseFLV reads the duration and codecs of an onMetaData tag, if the file begins with one.
func parseFLV(b []byte) info {
	var found info
	if len(b) < 13+11 || b[13] != 18 {
		return found
	}
	size := int(b[14])<<16 | int(b[15])<<8 | int(b[16])
	meta := b[24:]
	meta = meta[:min(size, len(meta))]
	if !bytes.Contains(meta[:min(len(meta), 32)], []byte("onMetaData")) {
		return found
	}
	if f := amfNumber(meta, "duration"); f > 0 {
		found.seconds = f
	}
	if amfNumber(meta, "videocodecid") == 7 {
		found.codecs = append(found.codecs, "avc1")
	}
	switch amfNumber(meta, "audiocodecid") {
	case 10:
		found.codecs = append(found.codecs, "mp4a.40.2")
	case 2:
		found.codecs = append(found.codecs, "mp3")
	}
	return found
}

// amfNumber finds a number property by its name in AMF0 bytes; -1 when there is none.
func amfNumber(b []byte, name string) float64 {
	key := append(binary.BigEndian.AppendUint16(nil, uint16(len(name))), name...)
	i := bytes.Index(b, append(key, 0))
	if i < 0 || i+len(key)+9 > len(b) {
		return -1
	}
	f := math.Float64frombits(binary.BigEndian.Uint64(b[i+len(key)+1:]))
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return -1
	}
	return f
}
