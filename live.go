package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"synctv/internal/guard"
	"synctv/mediad"
	"synctv/mediad/cmaf"
	"synctv/mediad/hls"
	"synctv/mediad/pull"
	"synctv/mediad/segments"
	"synctv/mediad/stream"
)

// storeWait is how long a start waits for the object store to answer.
const storeWait = 5 * time.Second

// liveLimits is what the operator has chosen of live streams.
func (c *Config) liveLimits() mediad.Config {
	l := &c.Livestream.Limits
	publishers := int(l.MaxPublishers)
	return mediad.Config{
		TrustedProxies: c.Server.TrustedProxies,
		Streams: stream.RegistryConfig{
			// Streams outlast their publishers for a while.
			MaxStreams: 2*publishers + 64,
			Stream: stream.Config{Policy: publisherConflicts[l.PublisherConflict], Grace: l.PublisherGrace,
				MaxBytes: int(l.GOPMaxMiB) << 20, MaxTime: l.GOPMaxDuration},
		},
		HLS: hls.Config{
			Cut:    cmaf.Config{Part: l.HLSPart, Segment: l.HLSSegment, Longest: l.HLSTarget},
			Window: l.HLSWindow,
		},
		Pull:           pull.Config{Max: int(c.Livestream.Pull.Max), Linger: c.Livestream.Pull.Linger},
		MaxPublishers:  publishers,
		MaxConnections: publishers + 500, // players come over RTMP too
		WriteTimeout:   l.ViewerWriteTimeout,
		MaxViewing:     l.ViewerMaxDuration,
	}
}

// openLiveStores opens the store of segments that the operator has chosen, and where the numbers of streams are kept:
// in the same store, unless that is forgotten when the server stops.
func (n *Node) openLiveStores(ctx context.Context, c *hls.Config) (err error) {
	if c.Store, err = n.openSegments(ctx); err != nil {
		return err
	}
	if _, forgets := c.Store.(*segments.Memory); !forgets {
		return nil
	}
	numbers, err := segments.OpenFile(filepath.Join(n.cfg.DataDir, "live"))
	if err != nil {
		return fmt.Errorf("cannot keep notes of live streams in the data folder: %w", err)
	}
	c.Numbers, n.closeSegments = numbers, numbers.Close
	return nil
}

// openSegments opens the store of segments, and looks whether an object store takes them: a wrong key or bucket is said
// at once, one that does not answer may come later.
func (n *Node) openSegments(ctx context.Context) (segments.Store, error) {
	l := &n.cfg.Livestream.Store
	c := segments.Config{Backend: l.Backend, MaxBytes: int64(l.MemoryMiB) << 20, Dir: l.Dir, S3: l.s3()}
	if c.Dir == "" {
		c.Dir = filepath.Join(n.cfg.DataDir, "live")
	}
	if l.Backend == "s3" || l.Backend == "oss" {
		// The object store is the one place that its client can reach, wherever it is.
		out, err := guard.New(guard.Config{AllowHosts: l.s3Hosts(), SelfPorts: []uint16{n.cfg.Server.Port}}, guard.Deps{})
		if err != nil {
			return nil, err
		}
		c.S3.Transport = out.Client(guard.ClientConfig{MaxRedirects: -1}).Transport
	}
	store, closeStore, err := segments.Open(c)
	if err != nil {
		return nil, fmt.Errorf("cannot keep segments of live streams in %q: %w", l.Backend, err)
	}
	n.closeSegments = closeStore
	o, remote := store.(*segments.S3)
	if !remote {
		return store, nil
	}
	ctx, cancel := context.WithTimeout(ctx, storeWait)
	defer cancel()
	switch err := o.Check(ctx); {
	case errors.Is(err, segments.ErrRefused):
		return nil, fmt.Errorf("the object store at %s does not take segments: %w (look at SYNCTV_LIVESTREAM_S3_BUCKET, _S3_ACCESS_KEY, _S3_SECRET_KEY, _S3_REGION and _S3_PATH_STYLE)", l.S3Endpoint, err)
	case err != nil:
		n.log.Warn("the object store for segments of live streams does not answer yet; until it does they are served from memory", "endpoint", string(l.S3Endpoint), "err", err)
	}
	return store, nil
}

// s3Hosts are the names under which the object store is reached.
func (c *LiveStore) s3Hosts() []string {
	endpoint := string(c.S3Endpoint)
	host := hostPort(endpoint)
	if c.s3().VirtualHost {
		scheme, rest, _ := strings.Cut(endpoint, "://")
		return []string{host, hostPort(scheme + "://" + c.S3Bucket + "." + rest)}
	}
	return []string{host}
}
