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

// safeType says whether a type besides audio and video is passed on as it is. None of them is rendered as a document.
func safeType(base string) bool {
	switch base {
	case typeBytes, "application/mp4", "application/ogg", "text/vtt", "text/plain", "image/jpeg", "image/png", "image/webp", "image/gif",
		"image/avif", "image/bmp", "image/x-icon":
		return true
	}
	return false
}

// typeByExtension helps where an origin says nothing useful; "" is no idea.
func typeByExtension(ext string) string {
	switch strings.ToLower(ext) {
	case ".mp4", ".m4v", ".cmfv":
		return "video/mp4"
	case ".m4s":
		return "video/iso.segment"
	case ".mov":
		return "video/quicktime"
	case ".webm":
		return "video/webm"
	case ".mkv":
		return "video/x-matroska"
	case ".ts":
		return "video/mp2t"
	case ".flv":
		return "video/x-flv"
	case ".avi":
		return "video/x-msvideo"
	case ".mp3":
		return "audio/mpeg"
	case ".m4a", ".cmfa":
		return "audio/mp4"
	case ".aac":
		return "audio/aac"
	case ".ogg", ".opus":
		return "audio/ogg"
	case ".flac":
		return "audio/flac"
	case ".wav":
		return "audio/wav"
	case ".jpg", ".jpeg":
		return "image/jpeg"
	case ".png", ".webp", ".gif", ".avif":
		return "image/" + strings.ToLower(ext[1:])
	}
	return ""
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
		if t := typeByExtension(path.Ext(urlPath)); t != "" {
			return t, false
		}
		return typeBytes, false
	}
	if safeType(base) || plainMedia(base) {
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
