package proxy

import (
	"mime"
	"net/http"
	"path"
	"strings"
)

const (
	typeBytes    = "application/octet-stream"
	typePlaylist = "application/vnd.apple.mpegurl"
	typeVTT      = "text/vtt; charset=utf-8"
	typeASS      = "text/x-ssa; charset=utf-8"
)

// safeTypes are the types passed on as they are, besides every audio and video type. None of them is rendered as a document.
var safeTypes = map[string]bool{
	typeBytes: true, "application/mp4": true, "application/ogg": true, "text/vtt": true, "image/jpeg": true, "image/png": true,
	"image/webp": true, "image/gif": true, "image/avif": true, "image/bmp": true, "image/x-icon": true, "text/plain": true,
}

// typesByExtension helps where an origin says nothing useful.
var typesByExtension = map[string]string{
	".mp4": "video/mp4", ".m4v": "video/mp4", ".m4s": "video/iso.segment", ".cmfv": "video/mp4", ".cmfa": "audio/mp4", ".mov": "video/quicktime",
	".webm": "video/webm", ".mkv": "video/x-matroska", ".ts": "video/mp2t", ".flv": "video/x-flv", ".avi": "video/x-msvideo",
	".mp3": "audio/mpeg", ".m4a": "audio/mp4", ".aac": "audio/aac", ".ogg": "audio/ogg", ".opus": "audio/ogg", ".flac": "audio/flac", ".wav": "audio/wav",
	".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp", ".gif": "image/gif", ".avif": "image/avif",
}

// servedType decides what we call an upstream body: its own type when that is harmless media, a guess from the name when the type
// says nothing, and otherwise bytes to be saved (attachment), so that a page or a drawing with scripts is never rendered.
func servedType(upstream, urlPath string) (mediaType string, attachment bool) {
	base, _, err := mime.ParseMediaType(upstream)
	if err != nil {
		base = ""
	}
	base = strings.ToLower(base)
	vague := base == "" || base == typeBytes || base == "binary/octet-stream" || base == "application/x-octet-stream" ||
		base == "text/plain" || base == "application/download" || base == "application/force-download"
	if vague {
		if t := typesByExtension[strings.ToLower(path.Ext(urlPath))]; t != "" {
			return t, false
		}
		return typeBytes, false
	}
	if safeTypes[base] || plainMedia(base) {
		return base, false
	}
	return typeBytes, true
}

// plainMedia accepts audio/* and video/* with an ordinary subtype.
func plainMedia(base string) bool {
	main, sub, ok := strings.Cut(base, "/")
	return ok && (main == "audio" || main == "video") && sub != "" && !strings.Contains(sub, "xml") && !strings.Contains(sub, "html")
}

// playlistType says whether a Content-Type is an HLS playlist's.
func playlistType(contentType string) bool {
	base, _, _ := mime.ParseMediaType(contentType)
	switch strings.ToLower(base) {
	case "application/vnd.apple.mpegurl", "application/x-mpegurl", "audio/mpegurl", "audio/x-mpegurl", "application/mpegurl", "video/mpegurl", "vnd.apple.mpegurl":
		return true
	}
	return false
}

// dashType says whether an answer is a DASH manifest.
func dashType(contentType, urlPath string) bool {
	base, _, _ := mime.ParseMediaType(contentType)
	return strings.EqualFold(base, "application/dash+xml") || strings.EqualFold(path.Ext(urlPath), ".mpd")
}

func playlistName(urlPath string) bool {
	ext := strings.ToLower(path.Ext(urlPath))
	return ext == ".m3u8" || ext == ".m3u"
}

func subtitleName(urlPath string) bool {
	switch strings.ToLower(path.Ext(urlPath)) {
	case ".srt", ".vtt", ".ass", ".ssa":
		return true
	}
	return false
}

// startsPlaylist looks at the first bytes of a body.
func startsPlaylist(b []byte) bool {
	s := strings.TrimPrefix(string(b[:min(len(b), 16)]), "\ufeff")
	return strings.HasPrefix(s, "#EXTM3U")
}

// setFence sets the headers every answer of ours carries: nothing here may run, frame, guess or be told where it came from, and
// any page may play it (the link is the permission).
func setFence(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "Accept-Ranges, Content-Length, Content-Range, ETag, Last-Modified")
}
