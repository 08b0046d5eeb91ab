package source

import (
	"context"
	"errors"
	"io"
	"net/url"
	"slices"
	"time"

	"synctv/mediad/av"
	"synctv/mediad/m3u8"
)

const (
	// edge is how many segments from the end of a playlist a player begins (RFC 8216 section 6.3.3).
	edge = 3
	// farBehind is how many segments from the end it may fall behind before it goes to the edge again.
	farBehind = 10
	// patience is how many playlists, or segments, may fail one after the other.
	patience = 3
	// shortest and longest time between two looks at a playlist.
	shortestWait, longestWait = 500 * time.Millisecond, 30 * time.Second
)

// lane is one media playlist while it is being played. Its goroutine runs ahead of the merger by lookAhead segments.
type lane struct {
	o      *Opener
	at     *url.URL
	kinds  []av.Kind // that are wanted of it
	chunks chan chunk
	err    error // why it ended; there when chunks is closed

	// Owned by its goroutine.
	next    uint64 // the segment to play
	started bool
	failed  int // one after the other
	opener  unpacker
}

// chunk is one segment, as packets.
type chunk struct {
	packets       []av.Packet
	discontinuity uint64
	target        time.Duration
}

// run plays until the playlist ends, ctx does, or too much fails.
func (l *lane) run(ctx context.Context) error {
	l.opener.o = l.o
	var wait time.Duration
	failed := 0
	for {
		base, media, err := l.load(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			if failed++; failed >= patience || !l.started {
				return err
			}
			wait = shortestWait
		default:
			failed = 0
			played, err := l.play(ctx, base, media)
			switch {
			case err != nil:
				return err
			case media.Ended:
				return io.EOF
			}
			if wait = media.Target; !played {
				wait /= 2
			}
		}
		if err := rest(ctx, min(max(wait, shortestWait), longestWait)); err != nil {
			return err
		}
	}
}

func rest(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// load brings the playlist as it is now.
func (l *lane) load(ctx context.Context) (*url.URL, *m3u8.Media, error) {
	text, err := l.o.fetch(ctx, l.at, m3u8.Range{}, m3u8.MaxBytes, playlistTime)
	if err != nil {
		return nil, nil, err
	}
	p, err := m3u8.Parse(text.body)
	switch {
	case err != nil:
		return nil, nil, problem(wordsStrange, err)
	case p.Media == nil:
		return nil, nil, problem(wordsStrange, errors.New("a playlist of playlists of playlists"))
	case p.Media.Ended && !l.started:
		return nil, nil, problem(wordsFile, nil)
	}
	return text.at, p.Media, nil
}

// play gives on the segments that are new, and reports whether there were any.
func (l *lane) play(ctx context.Context, base *url.URL, media *m3u8.Media) (played bool, err error) {
	list := media.Segments
	if len(list) == 0 {
		return false, nil
	}
	first, end := list[0].Sequence, list[len(list)-1].Sequence+1
	fresh := first
	if n := uint64(len(list)); n > edge {
		fresh = end - edge
	}
	switch {
	case !l.started, l.next < first, l.next+farBehind < end, l.next > end+farBehind:
		l.started, l.next = true, fresh
	}
	for _, s := range list {
		if s.Sequence < l.next {
			continue
		}
		l.next, played = s.Sequence+1, true
		if s.Gap {
			continue
		}
		packets, err := l.segment(ctx, base, s)
		if ctx.Err() != nil {
			return played, ctx.Err()
		}
		if err != nil {
			if l.failed++; l.failed >= patience || lasting(err) {
				return played, err
			}
			continue
		}
		l.failed = 0
		select {
		case l.chunks <- chunk{packets, s.Discontinuity, media.Target}:
		case <-ctx.Done():
			return played, ctx.Err()
		}
	}
	return played, nil
}

// lasting tells an error that the next segment will have too.
func lasting(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Words == wordsLocked || e.Words == wordsTooLarge)
}

// segment brings one as packets, in the order in which they are decoded.
func (l *lane) segment(ctx context.Context, base *url.URL, s m3u8.Segment) ([]av.Packet, error) {
	packets, err := l.opener.open(ctx, base, s)
	if err != nil {
		return nil, err
	}
	packets = slices.DeleteFunc(packets, func(p av.Packet) bool { return !slices.Contains(l.kinds, p.Kind) })
	slices.SortStableFunc(packets, func(a, b av.Packet) int {
		switch {
		case a.DTS < b.DTS:
			return -1
		case a.DTS > b.DTS:
			return 1
		}
		return 0
	})
	return packets, nil
}
