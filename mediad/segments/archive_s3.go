package segments

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
)

// S3Archive keeps an object as pieces, which are one behind the other: what each
// Append adds is one, named by where it begins. They are put together when they are
// read. See docs/adr/0007.
type S3Archive struct{ s3 *S3 }

// pieceName is how pieces are named: so that they sort.
const pieceName = "%016d"

func (a *S3Archive) prefix(t Title) string { return a.s3.prefix + t.path() + "/" }

// Check reports whether the bucket can be reached, as S3.Check does.
func (a *S3Archive) Check(ctx context.Context) error { return a.s3.Check(ctx) }

// piece is one object of the store.
type piece struct {
	key  string
	from int64
	size int64
}

// pieces returns those of an object that follow each other without a hole; what is
// behind one, or was torn and replaced, is not among them.
func (a *S3Archive) pieces(ctx context.Context, t Title) (list []piece, rest []string, err error) {
	prefix := a.prefix(t)
	var all []piece
	err = a.s3.each(ctx, prefix, true, func(o minio.ObjectInfo) error {
		n, err := strconv.ParseInt(strings.TrimPrefix(o.Key, prefix), 10, 64)
		if err == nil {
			all = append(all, piece{o.Key, n, o.Size})
		}
		return nil
	})
	slices.SortFunc(all, func(a, b piece) int { return cmp.Compare(a.from, b.from) })
	end := int64(0)
	for _, p := range all {
		if p.from != end {
			rest = append(rest, p.key)
			continue
		}
		list = append(list, p)
		end += p.size
	}
	return list, rest, err
}

// Append implements Archive. It does not look for holes: that would be a list each
// time; Open leaves out what is behind one.
func (a *S3Archive) Append(ctx context.Context, t Title, at int64, b Blob) error {
	if err := cmp.Or(ctx.Err(), t.check()); err != nil {
		return err
	}
	_, err := a.s3.core.Client.PutObject(ctx, a.s3.bucket, a.prefix(t)+fmt.Sprintf(pieceName, at), b.Reader(), b.Size(),
		minio.PutObjectOptions{ContentType: "video/mp4", DisableMultipart: true})
	return s3Error(err)
}

// Seal implements Archive. There is nothing to do.
func (a *S3Archive) Seal(ctx context.Context, t Title) error { return cmp.Or(ctx.Err(), t.check()) }

// Open implements Archive.
func (a *S3Archive) Open(ctx context.Context, t Title) (Long, error) {
	if err := cmp.Or(ctx.Err(), t.check()); err != nil {
		return nil, err
	}
	list, _, err := a.pieces(ctx, t)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, ErrNotFound
	}
	return &longPieces{a.s3, list}, nil
}

type longPieces struct {
	s3     *S3
	pieces []piece // immutable, at least one
}

// Close implements Long.
func (*longPieces) Close() error { return nil }

// Size implements Long.
func (l *longPieces) Size() int64 {
	last := l.pieces[len(l.pieces)-1]
	return last.from + last.size
}

// Read implements Long.
func (l *longPieces) Read(ctx context.Context, from, n int64) (io.ReadCloser, error) {
	if from < 0 {
		return nil, errors.New("segments: read before the start")
	}
	return &piecesReader{ctx: ctx, long: l, at: from, end: min(from+n, l.Size())}, nil
}

// piecesReader reads one piece after the other.
type piecesReader struct {
	ctx     context.Context
	long    *longPieces
	at, end int64
	body    io.ReadCloser // of the piece that at is in; nil: not opened yet
	left    int64         // of body
}

// Read implements io.Reader.
func (r *piecesReader) Read(p []byte) (int, error) {
	if r.at >= r.end {
		return 0, io.EOF
	}
	if r.body == nil {
		if err := r.open(); err != nil {
			return 0, err
		}
	}
	n, err := r.body.Read(p[:min(int64(len(p)), r.left)])
	r.at, r.left = r.at+int64(n), r.left-int64(n)
	if r.left == 0 {
		err = r.Close()
	} else if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF // it was cut short
	}
	return n, err
}

// open opens the piece at which reading goes on.
func (r *piecesReader) open() error {
	i, found := slices.BinarySearchFunc(r.long.pieces, r.at, func(p piece, at int64) int { return cmp.Compare(p.from, at) })
	if !found {
		i--
	}
	for r.long.pieces[i].from+r.long.pieces[i].size <= r.at { // it is empty
		i++
	}
	p := r.long.pieces[i]
	last := min(r.end, p.from+p.size)
	var o minio.GetObjectOptions
	if err := o.SetRange(r.at-p.from, last-p.from-1); err != nil {
		return fmt.Errorf("segments: %w", err)
	}
	body, _, _, err := r.long.s3.core.GetObject(r.ctx, r.long.s3.bucket, p.key, o)
	if err != nil {
		return s3Error(err)
	}
	r.body, r.left = body, last-r.at
	return nil
}

// Close implements io.Closer.
func (r *piecesReader) Close() error {
	if r.body == nil {
		return nil
	}
	body := r.body
	r.body = nil
	body.Close() // what was read is read
	return nil
}

// Remove implements Archive.
func (a *S3Archive) Remove(ctx context.Context, t Title) error {
	if err := cmp.Or(ctx.Err(), t.check()); err != nil {
		return err
	}
	list, rest, err := a.pieces(ctx, t)
	for i := len(list) - 1; i >= 0; i-- {
		rest = append(rest, list[i].key) // from the end: what is left is still a movie
	}
	for _, key := range rest {
		err = cmp.Or(err, a.s3.remove(ctx, key))
	}
	return err
}

// Titles implements Archive.
func (a *S3Archive) Titles(ctx context.Context, each func(Title, time.Time) error) error {
	var last Title
	prefix := a.s3.prefix
	return a.s3.each(ctx, prefix, true, func(o minio.ObjectInfo) error {
		f := strings.Split(strings.TrimPrefix(o.Key, prefix), "/")
		if len(f) != 3 {
			return nil
		}
		stream, ours := unfold(f[0])
		t := Title{Stream: stream, Name: f[1]}
		if !ours || t.check() != nil || t == last {
			return nil
		}
		last = t
		return each(t, o.LastModified)
	})
}
