package proxy

import (
	"context"
	"io"
	"net/http"
	"net/url"
)

// Source fetches bytes of upstream resources. It is the seam between the handler and the origin: a cache of slices is a Source that
// answers from what it has and asks another Source for the rest.
//
// Open may be called concurrently. It returns once the head of the answer is known, whatever the status; the caller closes Body.
// Cancelling ctx must end Body's reads. A Source need not check that a 206 fits the request: the handler does.
type Source interface {
	Open(ctx context.Context, req Request) (*Response, error)
}

// Request is one fetch.
type Request struct {
	Method  string      // GET or HEAD
	URL     string      // absolute, already judged by the guard
	Header  http.Header // the complete request header but for Range and If-Range; owned by the Source once given
	Range   *ByteRange  // nil: the whole
	IfRange string      // validator that goes with Range, or empty
	Private bool        // Header holds credentials: what comes back must never be shared between users
}

// Response is the head of an answer and its body.
type Response struct {
	Status int
	Header http.Header
	Length int64         // bytes in Body, -1 when unknown
	Body   io.ReadCloser // never nil
	URL    *url.URL      // where the answer came from, after redirects
}

// Origin is the Source that asks the origin server.
type Origin struct {
	client *http.Client // immutable
}

// NewOrigin makes an Origin of an HTTP client, which must be a guarded one.
func NewOrigin(client *http.Client) *Origin { return &Origin{client: client} }

// Open implements Source.
func (o *Origin) Open(ctx context.Context, req Request) (*Response, error) {
	r, err := http.NewRequestWithContext(ctx, req.Method, req.URL, http.NoBody)
	if err != nil {
		return nil, err
	}
	r.Header = req.Header
	if req.Range != nil {
		r.Header.Set("Range", req.Range.String())
		if req.IfRange != "" {
			r.Header.Set("If-Range", req.IfRange)
		}
	}
	res, err := o.client.Do(r)
	if err != nil {
		return nil, err
	}
	return &Response{Status: res.StatusCode, Header: res.Header, Length: res.ContentLength, Body: res.Body, URL: res.Request.URL}, nil
}
