package hls

import (
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// HandlerConfig says how streams are served. Only Lookup is needed.
type HandlerConfig struct {
	// Lookup finds the muxer of a stream. It is called for every request.
	Lookup func(stream string) (*Muxer, bool)
	// Query returns what is repeated in every URI of a playlist, as it stands behind
	// a question mark: "token=abc". nil, or "": nothing, and playlists are compressed.
	Query func(*http.Request) string
	// Client names who asks, for PlaylistRate and Stats.Viewers. nil: the address and
	// Query.
	Client func(*http.Request) string
	// PlaylistRate is how many playlists a client may have in a second; a player needs
	// ten. 0: 200; negative: any number.
	PlaylistRate int
	// MaxWaiting is how many requests may wait at once. 0: 100,000.
	MaxWaiting int
	// Public lets shared caches keep answers.
	Public bool
	// Now is the clock of PlaylistRate. nil: time.Now.
	Now func() time.Time
}

// Handler serves the streams of a server, each below its name:
//
//	/{stream}/index.m3u8    the multivariant playlist
//	/{stream}/v.m3u8        the picture; also a.m3u8, the sound
//	/{stream}/*.mp4, *.m4s  what they list
//
// A stream's name may have slashes. The handler does not ask who may see what: that
// has been decided when a request comes here. What there is not, and what cannot be,
// is answered with the same 404.
type Handler struct {
	config  HandlerConfig
	limiter *limiter // nil: no limit
	waiting atomic.Int64
}

// NewHandler returns a handler.
func NewHandler(c HandlerConfig) *Handler {
	def(&c.MaxWaiting, 100_000)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Query == nil {
		c.Query = func(*http.Request) string { return "" }
	}
	if c.Client == nil {
		query := c.Query
		c.Client = func(r *http.Request) string {
			host, _, err := net.SplitHostPort(r.RemoteAddr)
			if err != nil {
				host = r.RemoteAddr
			}
			return host + "?" + query(r)
		}
	}
	h := &Handler{config: c}
	if c.PlaylistRate >= 0 {
		def(&c.PlaylistRate, 200)
		h.limiter = newLimiter(c.PlaylistRate, c.Now)
	}
	return h
}

// Waiting returns how many requests wait for something now.
func (h *Handler) Waiting() int64 { return h.waiting.Load() }

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	// Media is for players on any page; who may have it is in the URL.
	header.Set("Access-Control-Allow-Origin", "*")
	header.Set("X-Content-Type-Options", "nosniff")
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodOptions:
		header.Set("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
		header.Set("Access-Control-Allow-Headers", "Range, If-None-Match")
		header.Set("Access-Control-Max-Age", "86400")
		w.WriteHeader(http.StatusNoContent)
		return
	default:
		header.Set("Allow", "GET, HEAD, OPTIONS")
		fail(w, http.StatusMethodNotAllowed, "Media can only be read.")
		return
	}
	header.Set("Access-Control-Expose-Headers", "Content-Length, Content-Range, Date, ETag, Retry-After")
	name, rest := splitPath(r.URL.Path)
	f := parseFile(rest)
	if f.what == noFile {
		notFound(w)
		return
	}
	m, ok := h.config.Lookup(name)
	if !ok {
		notFound(w)
		return
	}
	switch f.what {
	case indexFile, playlistFile:
		h.servePlaylist(w, r, m, f)
	default:
		h.serveMedia(w, r, m, f)
	}
}

// validQuery reports whether a query can stand in a playlist.
func validQuery(q string) bool {
	for i := range len(q) {
		if c := q[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '#' || c == '<' || c == '>' || c == '\\' {
			return false
		}
	}
	return len(q) <= 4096
}

// wait waits until one of the channels is closed, and reports whether changed was.
func (h *Handler) wait(r *http.Request, changed <-chan struct{}, timeout <-chan time.Time) bool {
	if h.waiting.Add(1) > int64(h.config.MaxWaiting) {
		h.waiting.Add(-1)
		return false
	}
	defer h.waiting.Add(-1)
	select {
	case <-changed:
		return true
	case <-timeout:
	case <-r.Context().Done():
	}
	return false
}

// cache says how long an answer may be kept.
func (h *Handler) cache(w http.ResponseWriter, rule string) {
	who := "private, "
	if h.config.Public {
		who = "public, "
	}
	w.Header().Set("Cache-Control", who+rule)
}

// fresh answers 304 if the client has what it asks for, and reports whether it did.
func fresh(w http.ResponseWriter, r *http.Request, etag string) bool {
	w.Header().Set("ETag", etag)
	for have := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		if have = strings.TrimPrefix(strings.TrimSpace(have), "W/"); have == etag || have == "*" {
			w.WriteHeader(http.StatusNotModified)
			return true
		}
	}
	return false
}

func notFound(w http.ResponseWriter) { fail(w, http.StatusNotFound, "There is no such media.") }

// busy asks to come back in a second.
func busy(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Retry-After", "1")
	fail(w, status, message)
}

func fail(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, message, status)
}
