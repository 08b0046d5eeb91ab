package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"synctv/mediad/m3u8"
)

var errTooLarge = errors.New("the answer is too large")

func errStatus(res *http.Response) error { return fmt.Errorf("status %d", res.StatusCode) }

// get asks for an address.
func (o *Opener) get(ctx context.Context, u *url.URL, rng string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return nil, problem(wordsAway, err)
	}
	req.Header.Set("Accept", "*/*")
	req.Header.Set("Accept-Encoding", "identity")
	if o.config.UserAgent != "" {
		req.Header.Set("User-Agent", o.config.UserAgent)
	}
	if rng != "" {
		req.Header.Set("Range", rng)
	}
	res, err := o.deps.Client.Do(req)
	if err != nil {
		return nil, problem(wordsAway, plain(err))
	}
	if e := res.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		res.Body.Close()
		return nil, problem(wordsStrange, errors.New("the answer is compressed"))
	}
	return res, nil
}

// plain is an error without the address in it, which may hold a secret.
func plain(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

// fetched is a resource, whole.
type fetched struct {
	body []byte
	at   *url.URL // where it was in the end
}

// fetch brings a resource, or a part of one, of at most limit bytes within a time.
func (o *Opener) fetch(ctx context.Context, u *url.URL, r m3u8.Range, limit int64, within time.Duration) (fetched, error) {
	if r.Length > limit {
		return fetched{}, problem(wordsTooLarge, errTooLarge)
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	rng := ""
	if r.Length > 0 {
		rng = "bytes=" + strconv.FormatInt(r.Offset, 10) + "-" + strconv.FormatInt(r.Offset+r.Length-1, 10)
	}
	res, err := o.get(ctx, u, rng)
	if err != nil {
		return fetched{}, err
	}
	defer res.Body.Close()
	whole := res.StatusCode == http.StatusOK
	if !whole && (rng == "" || res.StatusCode != http.StatusPartialContent) {
		return fetched{}, problem(wordsRefused, errStatus(res))
	}
	if res.ContentLength > limit {
		return fetched{}, problem(wordsTooLarge, errTooLarge)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	switch {
	case err != nil:
		return fetched{}, problem(wordsAway, plain(err))
	case int64(len(body)) > limit:
		return fetched{}, problem(wordsTooLarge, errTooLarge)
	case rng == "":
		return fetched{body, res.Request.URL}, nil
	}
	if whole { // the origin knows no ranges
		if r.Offset+r.Length > int64(len(body)) {
			return fetched{}, problem(wordsStrange, errors.New("the part is not there"))
		}
		return fetched{body[r.Offset : r.Offset+r.Length], res.Request.URL}, nil
	}
	want := fmt.Sprintf("bytes %d-%d/", r.Offset, r.Offset+r.Length-1)
	if int64(len(body)) != r.Length || !strings.HasPrefix(res.Header.Get("Content-Range"), want) {
		return fetched{}, problem(wordsStrange, errors.New("this is not the part that was asked for"))
	}
	return fetched{body, res.Request.URL}, nil
}
