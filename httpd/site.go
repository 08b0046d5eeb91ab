package httpd

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// site serves the browser client. All files are read once, at the start.
type site struct {
	// immutable after newSite
	files  map[string]*file // by path without leading slash
	index  *file
	policy string // the pages' content policy
}

// file is one file in up to three encodings.
type file struct {
	kind     string // media type
	versions []version
}

// version is the bytes of a file in one encoding, best first in file.versions; the last is plain.
type version struct {
	encoding string // "br", "gzip" or ""
	etag     string
	data     []byte
}

func newSite(web fs.FS) (*site, error) {
	s := &site{files: make(map[string]*file)}
	err := fs.WalkDir(web, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(name, ".br") || strings.HasSuffix(name, ".gz") || path.Base(name)[0] == '.' {
			return err
		}
		f, err := readFile(web, name)
		s.files[name] = f
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("httpd: read the client: %w", err)
	}
	if s.index = s.files["index.html"]; s.index == nil {
		return nil, errors.New("httpd: the client has no index.html")
	}
	delete(s.files, "index.html") // it has one address: every page's own
	s.policy = pagePolicy(s.index.versions[len(s.index.versions)-1].data)
	return s, nil
}

func readFile(web fs.FS, name string) (*file, error) {
	f := &file{kind: mediaType(name)}
	for _, v := range []struct{ suffix, encoding string }{{".br", "br"}, {".gz", "gzip"}, {"", ""}} {
		data, err := fs.ReadFile(web, name+v.suffix)
		if err != nil {
			if v.suffix != "" && errors.Is(err, fs.ErrNotExist) {
				continue
			}
			return nil, err
		}
		sum := sha256.Sum256(data)
		f.versions = append(f.versions, version{v.encoding, `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`, data})
	}
	return f, nil
}

// mediaType goes by the name alone: what the machine has in /etc/mime.types must not matter.
func mediaType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".json", ".map":
		return "application/json"
	case ".webmanifest":
		return "application/manifest+json"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".ico":
		return "image/x-icon"
	case ".webp":
		return "image/webp"
	case ".woff2":
		return "font/woff2"
	case ".wasm":
		return "application/wasm"
	case ".txt":
		return "text/plain; charset=utf-8"
	}
	return "application/octet-stream"
}

var inlineBlock = regexp.MustCompile(`(?s)<(script|style)(?:\s[^>]*)?>(.+?)</(?:script|style)>`)

// pagePolicy is the content policy of the pages. Media, and what hls.js fetches for it, may come from
// anywhere: that is what the pages are for. Scripts may not. Blocks that stand in the page itself are
// allowed by their hash.
func pagePolicy(page []byte) string {
	hashes := map[string]string{}
	for _, m := range inlineBlock.FindAllSubmatch(page, -1) {
		sum := sha256.Sum256(m[2])
		hashes[string(m[1])] += " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'self'" + hashes["script"],
		"style-src 'self'" + hashes["style"],
		"img-src 'self' data: blob: http: https:",
		"font-src 'self'",
		"media-src * blob: data:",
		"connect-src 'self' http: https: ws: wss:",
		"worker-src 'self' blob:",
		"manifest-src 'self'",
		"base-uri 'self'",
		"form-action 'self'",
		"frame-ancestors 'none'",
	}, "; ")
}

// ServeHTTP implements http.Handler: a file, or the client's page for every address that it may know.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		WriteError(w, r, http.StatusMethodNotAllowed, "unsupported", "This address takes GET alone.")
		return
	}
	name := strings.TrimPrefix(r.URL.Path, "/")
	h := w.Header()
	switch f, ok := s.files[name]; {
	case ok && strings.HasPrefix(name, "assets/"): // the name changes with the contents
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		f.serve(w, r)
	case ok:
		h.Set("Cache-Control", "no-cache")
		f.serve(w, r)
	case name != "index.html" && (strings.HasPrefix(name, "assets/") || strings.Contains(name[strings.LastIndexByte(name, '/')+1:], ".")):
		notFound(w, r)
	default:
		h.Set("Cache-Control", "no-cache")
		h.Set("Content-Security-Policy", s.policy)
		s.index.serve(w, r)
	}
}

// serve writes the best version that the client takes.
func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	v := f.pick(r.Header.Get("Accept-Encoding"))
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("ETag", v.etag)
	if len(f.versions) > 1 {
		h.Add("Vary", "Accept-Encoding")
	}
	if matches(r.Header.Get("If-None-Match"), v.etag) {
		h.Del("Content-Type")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if v.encoding != "" {
		h.Set("Content-Encoding", v.encoding)
	}
	h.Set("Content-Length", strconv.Itoa(len(v.data)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = bytes.NewReader(v.data).WriteTo(w) // a client that left gets nothing
	}
}

// pick goes by Accept-Encoding (RFC 9110 section 12.5.3).
func (f *file) pick(accept string) version {
	plain := f.versions[len(f.versions)-1]
	for _, v := range f.versions {
		if v.encoding == "" || accepts(accept, v.encoding) {
			return v
		}
	}
	return plain
}

// accepts tells whether an encoding is named, and not with a quality of 0.
func accepts(accept, encoding string) bool {
	for item := range strings.SplitSeq(accept, ",") {
		name, params, _ := strings.Cut(item, ";")
		if !strings.EqualFold(strings.TrimSpace(name), encoding) {
			continue
		}
		q, ok := strings.CutPrefix(strings.ReplaceAll(strings.ToLower(params), " ", ""), "q=")
		if !ok {
			return true
		}
		weight, err := strconv.ParseFloat(q, 64)
		return err == nil && weight > 0
	}
	return false
}

// matches compares tags weakly (RFC 9110 section 13.1.2).
func matches(header, etag string) bool {
	if strings.TrimSpace(header) == "*" {
		return true
	}
	for tag := range strings.SplitSeq(header, ",") {
		if strings.TrimPrefix(strings.TrimSpace(tag), "W/") == etag {
			return true
		}
	}
	return false
}
