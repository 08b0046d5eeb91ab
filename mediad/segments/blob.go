package segments

import (
	"errors"
	"io"
)

// Blob is bytes in several slices, which are one behind the other. Nobody changes
// them.
type Blob [][]byte

// Size returns how many bytes there are.
func (b Blob) Size() (n int64) {
	for _, s := range b {
		n += int64(len(s))
	}
	return n
}

// WriteTo implements io.WriterTo.
func (b Blob) WriteTo(w io.Writer) (n int64, err error) {
	for _, s := range b {
		m, err := w.Write(s)
		n += int64(m)
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// Reader returns a reader of the bytes.
func (b Blob) Reader() *BlobReader { return &BlobReader{blob: b, size: b.Size()} }

// BlobReader reads a Blob. It implements io.ReadSeekCloser and io.WriterTo.
type BlobReader struct {
	blob Blob
	size int64
	at   int64
}

// Read implements io.Reader.
func (r *BlobReader) Read(p []byte) (n int, err error) {
	skip := r.at
	for _, s := range r.blob {
		if skip >= int64(len(s)) {
			skip -= int64(len(s))
			continue
		}
		m := copy(p[n:], s[skip:])
		n, skip = n+m, 0
		if n == len(p) {
			break
		}
	}
	r.at += int64(n)
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// WriteTo implements io.WriterTo: no byte is copied on the way.
func (r *BlobReader) WriteTo(w io.Writer) (n int64, err error) {
	skip := r.at
	for _, s := range r.blob {
		if skip >= int64(len(s)) {
			skip -= int64(len(s))
			continue
		}
		m, err := w.Write(s[skip:])
		skip = 0
		n += int64(m)
		r.at += int64(m)
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// Seek implements io.Seeker.
func (r *BlobReader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return r.at, errors.New("segments: seek before the start")
	}
	r.at = offset
	return offset, nil
}

// Close implements io.Closer.
func (*BlobReader) Close() error { return nil }
