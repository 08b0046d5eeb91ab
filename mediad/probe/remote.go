package probe

import (
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"synctv/internal/guard"
)

const (
	firstBytes = 64 << 10 // what the first request asks for
	chunkBytes = 32 << 10 // what a jump asks for at least
	liveBytes  = 16 << 10 // what is read of a body whose length nobody knows
	maxJump    = 1 << 40  // more than any budget; keeps positions from overflowing
)

var errBudget = errors.New("probe: nothing may be read any more")

// remote is one upstream resource read in pieces under a budget. It is an io.ReaderAt; owned by one goroutine.
type remote struct {
	ctx    context.Context // of the one probe this value lives for
	client *http.Client
	url    *url.URL // after redirects
	header http.Header

	size   int64 // -1 when unknown
	ranges bool
	pieces []piece

	bytesLeft    int64
	requestsLeft int
	requests     int
	bytes        int64
}

type piece struct {
	off  int64
	data []byte
}

// opening is the head of the first answer.
type opening struct {
	status int
	header http.Header
	cors   bool
}

// first asks for the beginning and learns the size, whether ranges work, and where redirects lead.
func (r *remote) first(origin string) (opening, error) {
	res, err := r.get(r.url, "bytes=0-"+strconv.Itoa(firstBytes-1), origin)
	if err == nil && pickyStatus(res.StatusCode) {
		// Some stores refuse a foreign Origin, some an unsatisfiable or unknown Range: ask once more like a plain client.
		_ = res.Body.Close()
		res, err = r.get(r.url, "", "")
	}
	if err != nil {
		return opening{}, err
	}
	defer func() { _ = res.Body.Close() }()
	allow := res.Header.Get("Access-Control-Allow-Origin")
	head := opening{res.StatusCode, res.Header, allow == "*" || strings.EqualFold(allow, origin)}
	if !guard.SameOrigin(r.url, res.Request.URL) {
		for name := range r.header {
			if !guard.PlainHeader(name) {
				r.header.Del(name)
			}
		}
	}
	r.url = res.Request.URL
	want := int64(firstBytes)
	switch res.StatusCode {
	case http.StatusPartialContent:
		first, total, ok := contentRange(res.Header.Get("Content-Range"))
		if !ok || first != 0 {
			return head, nil
		}
		r.size, r.ranges = total, true
	case http.StatusOK:
		r.size = res.ContentLength
		r.ranges = strings.EqualFold(res.Header.Get("Accept-Ranges"), "bytes") && r.size >= 0
		if r.size < 0 {
			want = liveBytes
		}
	default:
		return head, nil
	}
	r.keep(0, r.take(res.Body, want))
	return head, nil
}

func pickyStatus(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotAcceptable, http.StatusRequestedRangeNotSatisfiable, http.StatusInternalServerError, http.StatusNotImplemented:
		return true
	}
	return false
}

// get sends one request within the budget.
func (r *remote) get(u *url.URL, rng, origin string) (*http.Response, error) {
	if r.requestsLeft <= 0 || r.bytesLeft <= 0 {
		return nil, errBudget
	}
	r.requestsLeft--
	r.requests++
	req, err := http.NewRequestWithContext(r.ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header = r.header.Clone()
	req.Header.Set("Accept", "*/*")
	req.Header.Set("Accept-Encoding", "identity")
	if rng != "" {
		req.Header.Set("Range", rng)
	}
	if origin != "" {
		req.Header.Set("Origin", origin)
	}
	res, err := r.client.Do(req)
	var told *url.Error
	if errors.As(err, &told) {
		err = told.Err // without the address, which may hold a secret: errors end up in logs
	}
	return res, err
}

// take reads at most n bytes; an error only ends it, because half a head is still a head.
func (r *remote) take(body io.Reader, n int64) []byte {
	b, _ := io.ReadAll(io.LimitReader(body, min(n, r.bytesLeft)))
	r.bytesLeft -= int64(len(b))
	r.bytes += int64(len(b))
	return b
}

func (r *remote) keep(off int64, data []byte) {
	if len(data) > 0 {
		r.pieces = append(r.pieces, piece{off, data})
	}
}

// head is what the first request brought.
func (r *remote) head() []byte {
	if len(r.pieces) == 0 || r.pieces[0].off != 0 {
		return nil
	}
	return r.pieces[0].data
}

// ReadAt implements io.ReaderAt from what is here, or with one ranged request.
func (r *remote) ReadAt(b []byte, off int64) (int, error) {
	if off < 0 || (r.size >= 0 && off >= r.size) {
		return 0, io.EOF
	}
	if n, ok := r.have(b, off); ok {
		return n, nil
	}
	if err := r.fetch(off, int64(len(b))); err != nil {
		return 0, err
	}
	if n, ok := r.have(b, off); ok {
		return n, nil
	}
	return 0, io.ErrUnexpectedEOF
}

func (r *remote) have(b []byte, off int64) (int, bool) {
	for _, p := range r.pieces {
		if from := off - p.off; from >= 0 && from <= int64(len(p.data))-int64(len(b)) {
			return copy(b, p.data[from:]), true
		}
	}
	return 0, false
}

// fetch brings at least n bytes at off, and a little more for what will be asked next.
func (r *remote) fetch(off, n int64) error {
	if !r.ranges || n > r.bytesLeft || off > math.MaxInt64-maxJump {
		return errBudget
	}
	n = max(n, chunkBytes) // at most maxJump: the budget is far below it
	last := off + n - 1
	if r.size >= 0 {
		last = min(last, r.size-1)
	}
	res, err := r.get(r.url, "bytes="+strconv.FormatInt(off, 10)+"-"+strconv.FormatInt(last, 10), "")
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	first, total, ok := contentRange(res.Header.Get("Content-Range"))
	if res.StatusCode != http.StatusPartialContent || !ok || first != off || total != r.size {
		r.ranges = false
		return errBudget
	}
	r.keep(off, r.take(res.Body, last-off+1))
	return nil
}

// prefetch brings n bytes at off in one request when the budget leaves room, so that a walk through them needs no more.
func (r *remote) prefetch(off, n int64) {
	if n <= 0 || n > r.bytesLeft/2 || (r.size >= 0 && n > r.size-off) {
		return
	}
	for _, p := range r.pieces {
		if off >= p.off && n <= int64(len(p.data))-(off-p.off) {
			return
		}
	}
	_ = r.fetch(off, n)
}

// all returns the resource from its beginning, at most limit bytes of it.
func (r *remote) all(limit int64) []byte {
	text := r.head()
	end := min(r.size, limit)
	if int64(len(text)) >= end {
		return text
	}
	rest := make([]byte, end-int64(len(text)))
	n, err := r.ReadAt(rest, int64(len(text)))
	if err != nil {
		return text
	}
	return append(text[:len(text):len(text)], rest[:n]...)
}

// child fetches another small resource on the same budget.
func (r *remote) child(u *url.URL) ([]byte, error) {
	if !guard.SameOrigin(r.url, u) {
		saved := r.header
		defer func() { r.header = saved }()
		r.header = r.header.Clone()
		for name := range r.header {
			if !guard.PlainHeader(name) {
				r.header.Del(name)
			}
		}
	}
	res, err := r.get(u, "", "")
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return nil, errBudget
	}
	return r.take(res.Body, maxPlaylist), nil
}

// contentRange reads "bytes first-last/total"; total is -1 for "*".
func contentRange(h string) (first, total int64, ok bool) {
	rest, found := strings.CutPrefix(h, "bytes ")
	span, totalText, found2 := strings.Cut(rest, "/")
	firstText, _, found3 := strings.Cut(span, "-")
	if !found || !found2 || !found3 {
		return 0, 0, false
	}
	first, err := strconv.ParseInt(firstText, 10, 64)
	if err != nil || first < 0 {
		return 0, 0, false
	}
	if totalText == "*" {
		return first, -1, true
	}
	total, err = strconv.ParseInt(totalText, 10, 64)
	return first, total, err == nil && total > first
}
