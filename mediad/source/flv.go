package source

import (
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"synctv/mediad/av"
	"synctv/mediad/flv"
)

// flv reads an answer that does not end.
func (o *Opener) flv(f *flow, u *url.URL) error {
	res, err := o.get(f.ctx, u, "")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return problem(wordsRefused, errStatus(res))
	}
	if kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); strings.HasPrefix(kind, "text/") {
		return problem(wordsStrange, nil)
	}
	var (
		decoder flv.Decoder
		packets []av.Packet
		reader  = flv.NewReader()
		buf     = make([]byte, readBytes)
	)
	for {
		n, err := res.Body.Read(buf)
		for b := buf[:n]; len(b) > 0; {
			t, rest, err := reader.Feed(b)
			if err != nil {
				return problem(wordsStrange, err)
			}
			if t.Type != 0 {
				if err := f.tag(&decoder, &packets, t); err != nil {
					return err
				}
			}
			b = rest
		}
		switch {
		case err == io.EOF:
			return problem(wordsEnded, nil)
		case err != nil:
			return err
		}
	}
}
