package record

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"synctv/mediad/cmaf"
	"synctv/mediad/segments"
)

// ErrBusy: as many requests read as may.
var ErrBusy = errors.New("record: too many readers")

// Serve answers a request for the file of a film that is complete, with all that
// HTTP knows of ranges. An error says that nothing was answered yet. A file that is
// not there is reported to the ledger.
func (s *Studio) Serve(w http.ResponseWriter, r *http.Request, f Film, modified time.Time) error {
	if s.count.readers.Add(1) > int64(s.config.MaxReaders) {
		s.count.readers.Add(-1)
		return ErrBusy
	}
	defer s.count.readers.Add(-1)
	v, err := s.view(r.Context(), f)
	if errors.Is(err, segments.ErrNotFound) || errors.Is(err, cmaf.ErrMovie) {
		s.count.fail(reasonLost)
		err = errors.Join(segments.ErrNotFound, s.config.Ledger.Lost(r.Context(), f))
	}
	if err != nil {
		return err
	}
	defer v.close()
	h := w.Header()
	h.Set("Content-Type", "video/mp4")
	h.Set("Cache-Control", "private, max-age=600")
	h.Set("ETag", `"`+f.ID+`"`)
	http.ServeContent(&patientWriter{ResponseWriter: w, studio: s}, r, "", modified, v)
	return nil
}

// view is a file as players get it: a head made for it, and its fragments. It is an
// io.ReadSeeker.
type view struct {
	ctx  context.Context
	head []byte
	long segments.Long
	skip int64 // bytes of the file that the head stands for
	size int64

	at   int64
	body io.ReadCloser // of the file, from at on; nil: not opened
}

func (s *Studio) view(ctx context.Context, f Film) (*view, error) {
	long, err := s.config.Archive.Open(ctx, f.title())
	if err != nil {
		return nil, err
	}
	l, err := cmaf.List(segments.ReaderAt(ctx, long), long.Size())
	if err != nil {
		long.Close()
		return nil, err
	}
	v := &view{ctx: ctx, head: l.Head(), long: long, skip: int64(len(l.Init))}
	v.size = int64(len(v.head)) + l.End - v.skip
	return v, nil
}

func (v *view) close() {
	v.drop()
	v.long.Close()
}

func (v *view) drop() {
	if v.body != nil {
		v.body.Close()
		v.body = nil
	}
}

// Read implements io.Reader.
func (v *view) Read(p []byte) (int, error) {
	if v.at >= v.size {
		return 0, io.EOF
	}
	if v.at < int64(len(v.head)) {
		n := copy(p, v.head[v.at:])
		v.at += int64(n)
		return n, nil
	}
	if v.body == nil {
		var err error
		if v.body, err = v.long.Read(v.ctx, v.at-int64(len(v.head))+v.skip, v.size-v.at); err != nil {
			return 0, err
		}
	}
	n, err := v.body.Read(p)
	v.at += int64(n)
	if errors.Is(err, io.EOF) && v.at < v.size {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// Seek implements io.Seeker.
func (v *view) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += v.at
	case io.SeekEnd:
		offset += v.size
	}
	if offset < 0 {
		return v.at, errors.New("record: seek before the start")
	}
	if offset != v.at {
		v.drop()
		v.at = offset
	}
	return offset, nil
}

// patientWriter gives who reads slowly time for each write, instead of for all.
type patientWriter struct {
	http.ResponseWriter
	studio *Studio
}

// Write implements io.Writer.
func (w *patientWriter) Write(p []byte) (int, error) {
	_ = http.NewResponseController(w.ResponseWriter).SetWriteDeadline(time.Now().Add(w.studio.config.WriteTimeout))
	n, err := w.ResponseWriter.Write(p)
	w.studio.count.served.Add(int64(n))
	return n, err
}
