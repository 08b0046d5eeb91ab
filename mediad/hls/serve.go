package hls

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"synctv/mediad/segments"
	"synctv/mediad/stream"
)

// servePlaylist serves the multivariant playlist or a media playlist.
func (h *Handler) servePlaylist(w http.ResponseWriter, r *http.Request, m *Muxer, f file) {
	client := h.config.Client(r)
	if h.limiter != nil && !h.limiter.allow(client) {
		busy(w, http.StatusTooManyRequests, "Too many requests for playlists.")
		return
	}
	query := h.config.Query(r)
	if !validQuery(query) {
		fail(w, http.StatusBadRequest, "The query cannot be repeated in a playlist.")
		return
	}
	m.viewers.note(client, m.config.Now())
	timer := time.NewTimer(patience(m.config))
	defer timer.Stop()
	p := h.presentation(r, m, timer.C)
	if p == nil {
		h.notReady(w, m)
		return
	}
	if f.what == indexFile {
		h.cache(w, "no-cache")
		h.writePlaylist(w, r, withQuery(*p.index.Load(), query))
		return
	}
	window := p.window(f.kind)
	if window == nil {
		notFound(w)
		return
	}
	directives, err := parseReload(r.URL.Query())
	if err != nil {
		fail(w, http.StatusBadRequest, "These delivery directives make no sense.")
		return
	}
	s, what := h.reload(r, window, directives, timer.C)
	switch what {
	case refuse:
		fail(w, http.StatusBadRequest, "The playlist is not so far yet.")
	case wait:
		busy(w, http.StatusServiceUnavailable, "Nothing new has come in time.")
	default:
		h.serveSnapshot(w, r, p, s, directives, query)
	}
}

// notReady answers for a stream that has no playlist.
func (h *Handler) notReady(w http.ResponseWriter, m *Muxer) {
	if state, _ := m.stream.State(); state == stream.Idle {
		notFound(w)
		return
	}
	busy(w, http.StatusServiceUnavailable, "The stream has just begun.")
}

// presentation waits for the first presentation of a stream that is live.
func (h *Handler) presentation(r *http.Request, m *Muxer, timeout <-chan time.Time) *presentation {
	for {
		v := m.view.Load()
		if v.now != nil {
			return v.now
		}
		if state, _ := m.stream.State(); state == stream.Idle || !h.wait(r, v.changed, timeout) {
			return nil
		}
	}
}

// reload waits until the playlist has what is asked for. wait as an answer says that
// it did not come.
func (h *Handler) reload(r *http.Request, window *Window, d reload, timeout <-chan time.Time) (*Snapshot, answer) {
	for {
		s := window.Snapshot()
		what := decide(d, s.position(), s.PartTarget)
		if !d.waits && !s.Ended && len(s.Segments) == 0 {
			what = wait // to those who know no parts it is empty
		}
		if what == wait && h.wait(r, s.changed, timeout) {
			continue
		}
		if what == wait && !d.waits && len(s.Open.Parts) > 0 {
			what = serve
		}
		return s, what
	}
}

// serveSnapshot answers with a playlist.
func (h *Handler) serveSnapshot(w http.ResponseWriter, r *http.Request, p *presentation, s *Snapshot, d reload, query string) {
	zipped := query == "" && acceptsGzip(r)
	etag := fmt.Sprintf(`"%s%d`, s.Prefix, s.Version)
	if d.skip {
		etag += "d"
	}
	if zipped {
		etag += "z"
	}
	if d.waits { // what it waited for does not change
		h.cache(w, "max-age="+strconv.Itoa(int(6*s.Target/time.Second)))
	} else {
		h.cache(w, "no-cache")
	}
	w.Header().Set("Vary", "Accept-Encoding")
	if fresh(w, r, etag+`"`) {
		return
	}
	if zipped {
		w.Header().Set("Content-Encoding", "gzip")
		h.writePlaylist(w, r, s.Gzip(d.skip))
		return
	}
	h.writePlaylist(w, r, s.Text(query, d.skip))
}

func (h *Handler) writePlaylist(w http.ResponseWriter, r *http.Request, b []byte) {
	w.Header().Set("Content-Type", "application/vnd.apple.mpegurl")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		w.Write(b)
	}
}

// acceptsGzip reports whether the answer may be compressed.
func acceptsGzip(r *http.Request) bool {
	for _, line := range r.Header.Values("Accept-Encoding") {
		for coding := range strings.SplitSeq(line, ",") {
			name, weight, _ := strings.Cut(coding, ";")
			if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
				continue
			}
			q, weighed := strings.CutPrefix(strings.TrimSpace(weight), "q=")
			return !weighed || strings.Trim(q, "0.") != ""
		}
	}
	return false
}

// serveMedia serves an initialisation, a segment or a part.
func (h *Handler) serveMedia(w http.ResponseWriter, r *http.Request, m *Muxer, f file) {
	v := m.view.Load()
	for _, p := range []*presentation{v.now, v.before} {
		if p == nil {
			continue
		}
		if b, ok := p.shelf.get(f.name); ok {
			h.serveBlob(w, r, f, b)
			return
		}
	}
	if v.now == nil {
		notFound(w)
		return
	}
	switch f.what {
	case partFile:
		h.serveHint(w, r, v.now, f)
	case segmentFile:
		h.serveStored(w, r, []*presentation{v.now, v.before}, f)
	default:
		notFound(w)
	}
}

// serveHint serves the part that the playlist has announced, when it is complete.
func (h *Handler) serveHint(w http.ResponseWriter, r *http.Request, p *presentation, f file) {
	window := p.window(f.kind)
	if window == nil {
		notFound(w)
		return
	}
	timer := time.NewTimer(patience(p.config))
	defer timer.Stop()
	for {
		s := window.Snapshot()
		if b, ok := p.shelf.get(f.name); ok {
			h.serveBlob(w, r, f, b)
			return
		}
		if f.prefix != s.Prefix || f.part != s.NextPart || s.Ended {
			notFound(w)
			return
		}
		if !h.wait(r, s.changed, timer.C) {
			busy(w, http.StatusServiceUnavailable, "The part has not come in time.")
			return
		}
	}
}

// serveStored serves a segment out of the store. Numbers that were never given are
// not asked for.
func (h *Handler) serveStored(w http.ResponseWriter, r *http.Request, ps []*presentation, f file) {
	for _, p := range ps {
		if p == nil {
			continue
		}
		window := p.window(f.kind)
		if window == nil || f.sequence < p.first || f.sequence >= window.Snapshot().Open.Sequence {
			continue
		}
		o, err := p.config.Store.Get(r.Context(), p.key(f.name))
		switch {
		case errors.Is(err, segments.ErrNotFound):
			continue
		case err != nil:
			if r.Context().Err() == nil {
				p.config.Observer.StoreFailed(GetFailed)
				p.config.Log.Warn("a segment could not be read", "stream", p.stream, "name", f.name, "err", err)
			}
			busy(w, http.StatusBadGateway, "The segment cannot be read now.")
			return
		}
		defer o.Body.Close()
		if !h.mediaHeader(w, r, f, o.Size) && r.Method != http.MethodHead {
			io.Copy(w, o.Body)
		}
		return
	}
	notFound(w)
}

// serveBlob serves what is in memory.
func (h *Handler) serveBlob(w http.ResponseWriter, r *http.Request, f file, b segments.Blob) {
	if r.Header.Get("Range") != "" {
		h.mediaType(w, f)
		w.Header().Set("ETag", `"`+f.name+`"`)
		http.ServeContent(w, r, "", time.Time{}, b.Reader())
		return
	}
	if !h.mediaHeader(w, r, f, b.Size()) && r.Method != http.MethodHead {
		b.WriteTo(w)
	}
}

// mediaHeader writes the header of an answer, and reports whether that is all of it.
func (h *Handler) mediaHeader(w http.ResponseWriter, r *http.Request, f file, size int64) bool {
	h.mediaType(w, f)
	if fresh(w, r, `"`+f.name+`"`) {
		return true
	}
	w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	w.WriteHeader(http.StatusOK)
	return false
}

// mediaType says what a file is, and that it never changes.
func (h *Handler) mediaType(w http.ResponseWriter, f file) {
	w.Header().Set("Content-Type", f.kind.String()+"/mp4")
	h.cache(w, "max-age=31536000, immutable")
}
