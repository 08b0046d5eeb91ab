package record

import (
	"context"
	"errors"
	"time"

	"synctv/mediad/av"
	"synctv/mediad/cmaf"
	"synctv/mediad/segments"
)

const (
	progressEvery = 5 * time.Second
	attemptTime   = 10 * time.Second // of each attempt
	firstPause    = 250 * time.Millisecond
	longestPause  = 5 * time.Second
	patience      = 30 * time.Second // after which a file is given up
	lastPatience  = 4 * time.Second  // the same, when the server stops
)

// writer does what a recorder's cutter says, one step after the other.
type writer struct {
	r *recorder

	movie  *cmaf.Movie // of the file; nil: there is none, or it was given up
	film   Film        // "" until the first fragment is there
	at     int64       // bytes written
	length time.Duration
}

func newWriter(r *recorder) *writer { return &writer{r: r} }

// run works until the queue is closed.
func (w *writer) run(ctx context.Context) {
	ticker := time.NewTicker(progressEvery)
	defer ticker.Stop()
	for {
		select {
		case s, ok := <-w.r.queue:
			if !ok {
				w.end(ctx) // a recorder that had no place for it
				return
			}
			w.do(ctx, s)
			w.r.waiting.Add(-s.size)
		case <-ticker.C:
			w.progress(ctx)
		}
	}
}

func (w *writer) do(ctx context.Context, s step) {
	switch s.what {
	case begin:
		w.end(ctx) // its end was not told when the recorder took it for given up
		w.movie, w.film, w.at, w.length = s.movie, Film{}, 0, 0
	case chunk:
		if w.movie != nil {
			w.write(ctx, s.chunk)
		}
	case end:
		w.end(ctx)
	}
}

// write appends a fragment; the first one with what the file begins with.
func (w *writer) write(ctx context.Context, c cmaf.Chunk) {
	b := segments.Blob(c.Data)
	if w.at == 0 {
		b = append(segments.Blob{w.movie.Init()}, b...)
		if w.film.ID == "" && !w.open(ctx) {
			return
		}
	}
	err := w.insist(ctx, "append", func(ctx context.Context) error {
		return w.r.studio.config.Archive.Append(ctx, w.film.title(), w.at, b)
	})
	if err != nil {
		w.giveUp(ctx)
		return
	}
	w.r.studio.well()
	n := b.Size()
	w.r.studio.count.bytes.Add(n)
	if w.at += n; w.at == n {
		defer w.progress(ctx)
	}
	w.length = max(w.length, c.Start+c.Duration)
}

// open has the ledger make a film.
func (w *writer) open(ctx context.Context) bool {
	err := w.insist(ctx, "begin", func(ctx context.Context) (err error) {
		w.film, err = w.r.studio.config.Ledger.Begin(ctx, w.r.stream.Name(), mediaOf(w.movie.Tracks()))
		return err
	})
	if err != nil {
		w.film = Film{}
		w.giveUp(ctx)
		return false
	}
	w.r.studio.mind(w.film, true)
	return true
}

func mediaOf(tracks []av.Track) (m Media) {
	for _, t := range tracks {
		m.Codecs = append(m.Codecs, t.MIME)
		if t.Kind == av.Video {
			m.VideoCodec, m.Width, m.Height = t.Codec.String(), t.Width, t.Height
		} else {
			m.AudioCodec = t.Codec.String()
		}
	}
	return m
}

// progress tells the ledger how far the file is. Its trouble is not ours.
func (w *writer) progress(ctx context.Context) {
	if w.film.ID == "" || w.at == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	err := w.r.studio.config.Ledger.Progress(ctx, w.film, w.length, w.at)
	if errors.Is(err, ErrUnwanted) {
		w.discard(ctx)
	} else if err != nil {
		w.r.studio.report("progress", w.film, err)
	}
}

// discard removes a file that nobody wants any more.
func (w *writer) discard(ctx context.Context) {
	film := w.film
	w.movie, w.film = nil, Film{}
	w.r.studio.mind(film, false)
	if err := w.r.studio.remove(ctx, film); err != nil {
		w.r.studio.report("remove", film, err)
	}
	w.r.dropped.Store(true)
}

// end completes the file.
func (w *writer) end(ctx context.Context) {
	film := w.film
	w.movie, w.film = nil, Film{}
	if film.ID == "" {
		return
	}
	defer w.r.studio.mind(film, false)
	err := w.insist(ctx, "end", func(ctx context.Context) error { return w.r.studio.complete(ctx, film) })
	if err != nil && !errors.Is(err, ErrUnwanted) {
		// It is found when its maker counts as dead.
		w.r.studio.config.Log.Warn("a recording could not be finished; that is tried again", "stream", film.Stream, "recording", film.ID, "err", err)
	}
}

// giveUp ends the file where it is, after a failure, and has the recorder begin another one.
func (w *writer) giveUp(ctx context.Context) {
	film := w.film
	w.movie, w.film = nil, Film{}
	w.r.dropped.Store(true)
	if film.ID == "" {
		return
	}
	defer w.r.studio.mind(film, false)
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	finish := w.r.studio.complete
	if w.at == 0 {
		finish = w.r.studio.remove
	}
	if err := finish(ctx, film); err != nil && !errors.Is(err, ErrUnwanted) {
		w.r.studio.config.Log.Warn("a recording ends early; it is finished when the store works again", "stream", film.Stream, "recording", film.ID, "err", err)
	}
}

// insist does something until it works, or patience ends. Trouble is counted each time, and told once.
func (w *writer) insist(ctx context.Context, doing string, do func(context.Context) error) error {
	began := time.Now()
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		attempt, cancel := context.WithTimeout(ctx, attemptTime)
		err := do(attempt)
		cancel()
		if err == nil || errors.Is(err, ErrUnwanted) {
			return err
		}
		w.r.studio.report(doing, w.film, err)
		limit := patience
		if w.r.studio.stopping() {
			limit = lastPatience
		}
		if errors.Is(err, segments.ErrHole) || time.Since(began)+pause > limit {
			return err
		}
		time.Sleep(pause)
	}
}
