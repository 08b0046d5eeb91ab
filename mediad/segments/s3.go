package segments

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// S3Config says where an object store is.
type S3Config struct {
	// Endpoint is a URL, "https://s3.eu-central-1.amazonaws.com"; a path in it is
	// refused.
	Endpoint string
	Bucket   string // it has to be there
	Region   string // "": us-east-1
	Access   string // the key's name
	Secret   string
	// Prefix goes in front of every object's key, without slashes at its ends.
	Prefix string
	// VirtualHost puts the bucket into the host name, which Alibaba's OSS wants.
	VirtualHost bool
	// Transport carries requests; nil: http.DefaultTransport.
	Transport http.RoundTripper
}

// S3 keeps segments in an object store: Amazon S3, or what speaks like it.
type S3 struct {
	core   minio.Core
	bucket string
	prefix string // "" or ends in a slash
}

// s3Attempts is how often a request is tried. Live media does not wait for long.
const s3Attempts = 3

// NewS3 returns a store. It does not ask whether the bucket is there; Check does.
func NewS3(c S3Config) (*S3, error) {
	u, err := url.Parse(c.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("segments: endpoint: %w", err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || c.Bucket == "" {
		return nil, fmt.Errorf("segments: an endpoint is a URL without path, like https://s3.example.com, and a bucket is needed")
	}
	lookup := minio.BucketLookupPath
	if c.VirtualHost {
		lookup = minio.BucketLookupDNS
	}
	core, err := minio.NewCore(u.Host, &minio.Options{
		Creds: credentials.NewStaticV4(c.Access, c.Secret, ""), Secure: u.Scheme == "https", Transport: c.Transport,
		Region: cmp.Or(c.Region, "us-east-1"), BucketLookup: lookup, MaxRetries: s3Attempts,
	})
	if err != nil {
		return nil, fmt.Errorf("segments: %w", err)
	}
	s := &S3{core: *core, bucket: c.Bucket, prefix: strings.Trim(c.Prefix, "/")}
	if s.prefix != "" {
		s.prefix += "/"
	}
	return s, nil
}

// Check puts a small object into the bucket, gets it, looks for it in the list, and
// removes it. What the object store has understood and does not allow is ErrRefused;
// other errors may pass.
func (s *S3) Check(ctx context.Context) error {
	key := s.prefix + "check-" + rand.Text()
	data := []byte("SyncTV was here.")
	_, err := s.core.Client.PutObject(ctx, s.bucket, key, bytes.NewReader(data), int64(len(data)), minio.PutObjectOptions{DisableMultipart: true})
	if err != nil {
		return refused("put", err)
	}
	body, _, _, err := s.core.GetObject(ctx, s.bucket, key, minio.GetObjectOptions{})
	if err != nil {
		return refused("get", err)
	}
	body.Close()
	if err := s.each(ctx, key, true, func(minio.ObjectInfo) error { return nil }); err != nil {
		return refused("list", err)
	}
	return refused("delete", s.core.RemoveObject(ctx, s.bucket, key, minio.RemoveObjectOptions{}))
}

// refused marks what will not pass by itself.
func refused(what string, err error) error {
	if err == nil {
		return nil
	}
	status := minio.ToErrorResponse(errors.Unwrap(err)).StatusCode
	if direct := minio.ToErrorResponse(err).StatusCode; direct != 0 {
		status = direct
	}
	if status >= 300 && status < 500 && status != http.StatusRequestTimeout && status != http.StatusTooManyRequests {
		return fmt.Errorf("%w: %s: %w", ErrRefused, what, err)
	}
	return fmt.Errorf("segments: object store: %s: %w", what, err)
}

// s3Error wraps what the object store says.
func s3Error(err error) error {
	switch {
	case err == nil:
		return nil
	case minio.ToErrorResponse(err).Code == minio.NoSuchKey:
		return ErrNotFound
	}
	return fmt.Errorf("segments: object store: %w", err)
}

// Put implements Store.
func (s *S3) Put(ctx context.Context, k Key, b Blob) error {
	if err := cmp.Or(ctx.Err(), k.check()); err != nil {
		return err
	}
	_, err := s.core.Client.PutObject(ctx, s.bucket, s.prefix+k.Path(), b.Reader(), b.Size(),
		minio.PutObjectOptions{ContentType: "video/mp4", DisableMultipart: true})
	return s3Error(err)
}

// Get implements Store.
func (s *S3) Get(ctx context.Context, k Key) (Object, error) {
	if err := cmp.Or(ctx.Err(), k.check()); err != nil {
		return Object{}, err
	}
	body, info, _, err := s.core.GetObject(ctx, s.bucket, s.prefix+k.Path(), minio.GetObjectOptions{})
	if err != nil {
		return Object{}, s3Error(err)
	}
	return Object{Size: info.Size, Body: body}, nil
}

// Delete implements Store.
func (s *S3) Delete(ctx context.Context, k Key) error {
	if err := cmp.Or(ctx.Err(), k.check()); err != nil {
		return err
	}
	return s.remove(ctx, s.prefix+k.Path())
}

func (s *S3) remove(ctx context.Context, key string) error {
	err := s3Error(s.core.RemoveObject(ctx, s.bucket, key, minio.RemoveObjectOptions{}))
	if err == ErrNotFound {
		return nil
	}
	return err
}

// List implements Store.
func (s *S3) List(ctx context.Context, stream string, generation uint64) (infos []Info, err error) {
	if err := cmp.Or(ctx.Err(), checkStream(stream)); err != nil {
		return nil, err
	}
	prefix := s.prefix + Key{Stream: stream, Generation: generation}.dir() + "/"
	err = s.each(ctx, prefix, true, func(o minio.ObjectInfo) error {
		infos = append(infos, Info{Name: strings.TrimPrefix(o.Key, prefix), Size: o.Size, Modified: o.LastModified})
		return nil
	})
	slices.SortFunc(infos, func(a, b Info) int { return cmp.Compare(a.Name, b.Name) })
	return infos, err
}

// each visits the objects whose keys begin with prefix; not recursive, what lies
// deeper is one object whose key ends in a slash.
func (s *S3) each(ctx context.Context, prefix string, recursive bool, f func(minio.ObjectInfo) error) error {
	for o := range s.core.ListObjectsIter(ctx, s.bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: recursive}) {
		if o.Err != nil {
			return s3Error(o.Err)
		}
		if err := f(o); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// Generations implements Store.
func (s *S3) Generations(ctx context.Context, stream string) (all []uint64, err error) {
	if err := cmp.Or(ctx.Err(), checkStream(stream)); err != nil {
		return nil, err
	}
	prefix := s.prefix + folder(stream) + "/"
	err = s.each(ctx, prefix, false, func(o minio.ObjectInfo) error {
		if n, ok := generationOf(strings.TrimSuffix(strings.TrimPrefix(o.Key, prefix), "/")); ok {
			all = append(all, n)
		}
		return nil
	})
	slices.Sort(all)
	return all, err
}

// Drop implements Store.
func (s *S3) Drop(ctx context.Context, stream string, generation uint64) error {
	if err := cmp.Or(ctx.Err(), checkStream(stream)); err != nil {
		return err
	}
	prefix := s.prefix + Key{Stream: stream, Generation: generation}.dir() + "/"
	return s.each(ctx, prefix, true, func(o minio.ObjectInfo) error { return s.remove(ctx, o.Key) })
}

// ours reports whether a key behind the prefix is one that Put makes: the bucket may
// have other things in it.
func ours(key string) bool {
	f := strings.Split(key, "/")
	if len(f) != 3 {
		return false
	}
	_, ok := generationOf(f[1])
	return ok
}

// Sweep implements Store.
func (s *S3) Sweep(ctx context.Context, before time.Time) (n int, err error) {
	err = s.each(ctx, s.prefix, true, func(o minio.ObjectInfo) error {
		if !o.LastModified.Before(before) || !ours(strings.TrimPrefix(o.Key, s.prefix)) {
			return nil
		}
		n++
		return s.remove(ctx, o.Key)
	})
	return n, err
}
