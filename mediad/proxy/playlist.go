package proxy

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"synctv/internal/guard"
)

// maxDepth is how many playlists may lead to a playlist: main, media, and one to spare.
const maxDepth = 3

// servePlaylist fetches a whole playlist and answers it with every address in it signed.
func (x *exchange) servePlaylist(ctx context.Context) error {
	if x.c.depth >= maxDepth {
		return &problem{http.StatusBadGateway, "playlist_too_deep", "the playlist leads to playlists without end", nil}
	}
	rawURL := withDirectives(x.c.url, x.r.URL.Query())
	body, res, err := x.fetchText(ctx, rawURL, x.p.cfg.MaxPlaylist)
	if err != nil {
		return err
	}
	out, err := RewriteHLS(body, res.URL, x.signChild(res.URL))
	if err != nil {
		return &problem{http.StatusBadGateway, "playlist_invalid", "the playlist at the media's home is broken or refers to something not allowed", err}
	}
	return x.sendText(typePlaylist, out, "no-cache")
}

// signChild makes links for what a playlist found at base refers to. A child of another origin gets only headers that are no
// credentials; so does every child once a redirect has left the origin the headers were given for.
func (x *exchange) signChild(base *url.URL) SignFunc {
	own, err := url.Parse(x.c.url)
	stayed := err == nil && guard.SameOrigin(own, base)
	var plain []headerField
	for _, f := range x.c.headers {
		if guard.PlainHeader(f.name) {
			plain = append(plain, f)
		}
	}
	return func(raw string, kind Kind) (string, error) {
		u, err := x.p.checkURL(raw)
		if err != nil {
			return "", err
		}
		child := x.c
		child.kind, child.depth, child.url = kind, x.c.depth+1, u.String()
		if !stayed || !guard.SameOrigin(own, u) {
			child.headers = plain
		}
		return "../" + x.p.link(child, u), nil
	}
}

// withDirectives adds the delivery directives of low-latency HLS, and nothing else a client may have put in its query.
func withDirectives(raw string, q url.Values) string {
	var add []string
	for _, name := range [...]string{"_HLS_msn", "_HLS_part"} {
		if v := q.Get(name); v != "" && len(v) <= 15 && strings.Trim(v, "0123456789") == "" {
			add = append(add, name+"="+v)
		}
	}
	if v := q.Get("_HLS_skip"); v == "YES" || v == "v2" {
		add = append(add, "_HLS_skip="+v)
	}
	if len(add) == 0 {
		return raw
	}
	sep := "?"
	if strings.Contains(raw, "?") {
		sep = "&"
	}
	return raw + sep + strings.Join(add, "&")
}

// fetchText reads a small body whole, undoing gzip for origins that compress without being asked.
func (x *exchange) fetchText(ctx context.Context, rawURL string, limit int64) ([]byte, *Response, error) {
	res, err := x.open(ctx, http.MethodGet, rawURL, nil)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	if err := checkStatus(res, x.w.Header()); err != nil {
		return nil, nil, err
	}
	length, err := checkBody(res, nil)
	if err != nil {
		return nil, nil, err
	}
	tooLarge := &problem{http.StatusBadGateway, "media_too_large", "the playlist or subtitle file is too large", errTooLarge}
	if length > limit {
		return nil, nil, tooLarge
	}
	var src io.Reader = res.Body
	switch strings.ToLower(res.Header.Get("Content-Encoding")) {
	case "", "identity":
	case "gzip":
		zipped, err := gzip.NewReader(res.Body)
		if err != nil {
			return nil, nil, unreachable(err)
		}
		src = zipped
	default:
		return nil, nil, unreachable(errors.New("unexpected content encoding"))
	}
	body, err := x.readAll(src, limit)
	if errors.Is(err, errTooLarge) {
		return nil, nil, tooLarge
	}
	if err != nil {
		return nil, nil, unreachable(err)
	}
	return body, res, nil
}

// sendText answers with a body that is all in memory.
func (x *exchange) sendText(contentType string, body []byte, cacheControl string) error {
	h := x.w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", cacheControl)
	h.Set("Accept-Ranges", "none")
	x.started = true
	x.w.WriteHeader(http.StatusOK)
	if x.r.Method == http.MethodHead {
		return nil
	}
	n, err := io.Copy(x.w, bytes.NewReader(body))
	x.p.stats.bytes.Add(n)
	return err
}
