package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"synctv/internal/guard"
)

// exchange is one request being served; owned by the goroutine of its handler.
type exchange struct {
	p       *Proxy
	w       http.ResponseWriter
	r       *http.Request
	c       claims
	cancel  context.CancelFunc // ends the upstream fetch
	started bool               // the head of our answer is out
}

func (x *exchange) serve(ctx context.Context) error {
	u, err := url.Parse(x.c.url)
	if err != nil {
		return unreachable(err)
	}
	switch {
	case x.c.kind == KindPlaylist || x.c.kind == KindAuto && playlistName(u.Path):
		return x.servePlaylist(ctx)
	case x.c.kind == KindSubtitle || x.c.kind == KindAuto && subtitleName(u.Path):
		return x.serveSubtitle(ctx)
	}
	return x.serveMedia(ctx)
}

// upstreamHeader is everything that goes to the origin but the range.
func (x *exchange) upstreamHeader() http.Header {
	h := make(http.Header, len(x.c.headers)+4)
	h.Set("User-Agent", x.p.cfg.UserAgent)
	h.Set("Accept", "*/*")
	for _, f := range x.c.headers {
		h[f.name] = []string{f.value}
	}
	h.Set("Accept-Encoding", "identity")
	h.Set("Via", "1.1 "+x.p.via)
	return h
}

// private says whether the target's headers hold something that looks like a credential.
func (x *exchange) private() bool {
	for _, f := range x.c.headers {
		if !guard.PlainHeader(f.name) {
			return true
		}
	}
	return false
}

// open asks the source. want is nil for the whole.
func (x *exchange) open(ctx context.Context, method, rawURL string, want *ByteRange) (*Response, error) {
	req := Request{Method: method, URL: rawURL, Header: x.upstreamHeader(), Range: want, Private: x.private()}
	if want != nil {
		req.IfRange = oneLine(x.r.Header.Get("If-Range"))
	}
	res, err := x.p.source.Open(ctx, req)
	if err != nil {
		return nil, unreachable(err)
	}
	return res, nil
}

func oneLine(s string) string {
	if len(s) > 256 || strings.ContainsAny(s, "\r\n\x00") {
		return ""
	}
	return s
}

func (x *exchange) serveMedia(ctx context.Context) error {
	var want *ByteRange
	one, verdict := parseRange(x.r.Header.Get("Range"))
	switch verdict {
	case rangeUnsatisfiable:
		return errRange
	case rangeOne:
		want = &one
	}
	res, err := x.open(ctx, x.r.Method, x.c.url, want)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if x.r.Method == http.MethodHead && (res.Status == http.StatusMethodNotAllowed || res.Status == http.StatusNotImplemented || res.Status == http.StatusForbidden) {
		// Many stores sign links for GET alone: ask that way and leave the body.
		_ = res.Body.Close()
		if res, err = x.open(ctx, http.MethodGet, x.c.url, want); err != nil {
			return err
		}
		defer func() { _ = res.Body.Close() }()
	}
	if err := checkStatus(res, x.w.Header()); err != nil {
		return err
	}
	length, err := checkBody(res, want)
	if err != nil {
		return err
	}
	if playlistType(res.Header.Get("Content-Type")) {
		_ = res.Body.Close()
		return x.servePlaylist(ctx)
	}
	return x.sendMedia(ctx, res, want, length)
}

// checkStatus maps what an origin may answer; nil means 200 or 206.
func checkStatus(res *Response, h http.Header) error {
	switch s := res.Status; {
	case s == http.StatusOK || s == http.StatusPartialContent:
		return nil
	case s == http.StatusRequestedRangeNotSatisfiable:
		if total, ok := strictPosition(strings.TrimPrefix(res.Header.Get("Content-Range"), "bytes */")); ok {
			h.Set("Content-Range", "bytes */"+strconv.FormatInt(total, 10))
			h.Set("Accept-Ranges", "bytes")
		}
		return errRange
	case s == http.StatusNotFound || s == http.StatusGone:
		return &problem{http.StatusNotFound, "media_not_found", "the media is gone from where it was", fmt.Errorf("upstream status %d", s)}
	case s == http.StatusUnauthorized || s == http.StatusForbidden:
		return &problem{http.StatusBadGateway, "upstream_refused", "the media's home refuses us; the link there may have expired", fmt.Errorf("upstream status %d", s)}
	case s == http.StatusTooManyRequests || s == http.StatusServiceUnavailable:
		h.Set("Retry-After", "5")
		return &problem{http.StatusServiceUnavailable, "upstream_busy", "the media's home is busy; try again soon", fmt.Errorf("upstream status %d", s)}
	default:
		return &problem{http.StatusBadGateway, "upstream_failed", "the media's home answered with an error", fmt.Errorf("upstream status %d", s)}
	}
}

// checkBody judges whether the answer is one to the question, and returns how many bytes must follow (-1: unknown). A full range
// answered to a request without one becomes a plain 200.
func checkBody(res *Response, want *ByteRange) (int64, error) {
	bad := func(why string) error {
		return &problem{http.StatusBadGateway, "upstream_bad_range", "the media's home answered with the wrong part of the media", errors.New(why)}
	}
	if e := res.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		switch {
		case res.Status == http.StatusPartialContent:
			return 0, bad("a range of a compressed body")
		case !knownEncoding(e):
			return 0, &problem{http.StatusBadGateway, "upstream_failed", "the media's home uses an encoding we did not ask for", errors.New("content encoding")}
		}
		return res.Length, nil
	}
	if res.Status == http.StatusOK {
		return res.Length, nil
	}
	cr, ok := parseContentRange(res.Header.Get("Content-Range"))
	if !ok {
		return 0, bad("no usable Content-Range")
	}
	if want == nil {
		if cr.first != 0 || cr.last != cr.total-1 {
			return 0, bad("a part was sent where the whole was asked for")
		}
		res.Status = http.StatusOK
	} else if !cr.answers(*want) {
		return 0, bad("Content-Range does not fit the request")
	}
	if res.Length >= 0 && res.Length != cr.length() {
		return 0, bad("Content-Length does not fit Content-Range")
	}
	return cr.length(), nil
}

func knownEncoding(e string) bool {
	switch strings.ToLower(e) {
	case "gzip", "br", "deflate", "zstd":
		return true
	}
	return false
}

// sendMedia looks at the first bytes, writes the head and streams.
func (x *exchange) sendMedia(ctx context.Context, res *Response, want *ByteRange, length int64) error {
	buf := x.p.buffers.Get().(*[bufferSize]byte)
	defer x.p.buffers.Put(buf)
	watch := x.p.newWatch(x.cancel)
	defer watch.stop()
	head := x.r.Method == http.MethodHead
	n := 0
	var readErr error
	if !head {
		if n, readErr = watch.read(res.Body, buf[:limitTo(length)]); readErr != nil && !errors.Is(readErr, io.EOF) {
			return unreachable(readErr)
		}
		if (want == nil || want.First == 0) && startsPlaylist(buf[:n]) {
			_ = res.Body.Close()
			return x.servePlaylist(ctx)
		}
	}
	if err := x.mediaHead(res, want, length); err != nil {
		return err
	}
	x.started = true
	x.w.WriteHeader(res.Status)
	if head {
		return nil
	}
	return x.pump(res.Body, watch, buf, n, readErr, length)
}

func limitTo(length int64) int64 {
	if length < 0 || length > bufferSize {
		return bufferSize
	}
	return length
}

// mediaHead copies the few upstream headers that may pass, and sets ours.
func (x *exchange) mediaHead(res *Response, want *ByteRange, length int64) error {
	h, up := x.w.Header(), res.Header
	urlPath := res.URL.Path
	mediaType, attachment := servedType(up.Get("Content-Type"), urlPath)
	switch {
	case dashType(up.Get("Content-Type"), urlPath):
		return &problem{http.StatusBadGateway, "media_unsupported", "DASH manifests cannot be played through this server; use HLS or a file", nil}
	case x.c.kind == KindImage && !strings.HasPrefix(mediaType, "image/"):
		return &problem{http.StatusBadGateway, "media_unsupported", "the address does not lead to a picture", nil}
	}
	h.Set("Content-Type", mediaType)
	if attachment {
		h.Set("Content-Disposition", "attachment")
	}
	for _, name := range [...]string{"Etag", "Last-Modified"} {
		if v := oneLine(up.Get(name)); v != "" {
			h.Set(name, v)
		}
	}
	h.Set("Cache-Control", "private, no-transform")
	if cc := strings.ToLower(up.Get("Cache-Control")); strings.Contains(cc, "no-store") || strings.Contains(cc, "no-cache") {
		h.Set("Cache-Control", "no-store")
	}
	encoded := up.Get("Content-Encoding")
	if encoded != "" && !strings.EqualFold(encoded, "identity") {
		h.Set("Content-Encoding", strings.ToLower(encoded))
	}
	switch {
	case res.Status == http.StatusPartialContent:
		h.Set("Accept-Ranges", "bytes")
		h.Set("Content-Range", up.Get("Content-Range"))
	case h.Get("Content-Encoding") != "":
		h.Set("Accept-Ranges", "none")
	case strings.EqualFold(up.Get("Accept-Ranges"), "bytes"), up.Get("Content-Range") != "":
		h.Set("Accept-Ranges", "bytes")
	case want != nil && x.r.Header.Get("If-Range") == "", strings.EqualFold(up.Get("Accept-Ranges"), "none"):
		h.Set("Accept-Ranges", "none") // it was asked for a range and sent everything
	}
	if length >= 0 {
		h.Set("Content-Length", strconv.FormatInt(length, 10))
	}
	return nil
}
