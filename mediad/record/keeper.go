package record

import (
	"cmp"
	"context"
	"errors"
	"time"

	"synctv/mediad/cmaf"
	"synctv/mediad/segments"
)

// keep looks after the files until ctx ends: those whose maker died, those that are
// to go, and those that nobody knows.
func (s *Studio) keep(ctx context.Context) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	orphans := time.Now().Add(orphansWait)
	for {
		s.mend(ctx)
		s.clear(ctx)
		if time.Now().After(orphans) {
			orphans = time.Now().Add(orphansLook)
			if err := s.sweep(ctx); err != nil && ctx.Err() == nil {
				s.report("sweep", Film{}, err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-s.tidy:
		}
	}
}

// mend finishes the files of makers that died.
func (s *Studio) mend(ctx context.Context) {
	films, err := s.config.Ledger.Dead(ctx)
	if err != nil {
		return // the database is away: others tell
	}
	for _, f := range films {
		if s.minds(f) || ctx.Err() != nil {
			continue
		}
		switch err := s.complete(ctx, f); {
		case err == nil:
			s.count.mended.Add(1)
			s.config.Log.Info("a recording whose server had died was finished", "stream", f.Stream, "recording", f.ID)
		case errors.Is(err, segments.ErrNotFound):
			err = s.config.Ledger.Lost(ctx, f)
			s.config.Log.Warn("the file of a recording is not there", "stream", f.Stream, "recording", f.ID, "err", err)
		case !errors.Is(err, ErrUnwanted) && ctx.Err() == nil:
			s.report("mend", f, err)
		}
	}
}

// complete finishes a file: what is torn at its end goes, an index comes. A file of
// which nothing is whole is removed.
func (s *Studio) complete(ctx context.Context, f Film) error {
	long, err := s.config.Archive.Open(ctx, f.title())
	if err != nil {
		return err
	}
	defer long.Close()
	l, err := cmaf.List(segments.ReaderAt(ctx, long), long.Size())
	if errors.Is(err, cmaf.ErrMovie) {
		return s.remove(ctx, f)
	} else if err != nil {
		return err
	}
	size := long.Size()
	if !l.Indexed {
		index := l.Index()
		if err := s.config.Archive.Append(ctx, f.title(), l.End, segments.Blob{index}); err != nil {
			return err
		}
		size = l.End + int64(len(index))
	}
	if err := cmp.Or(s.config.Archive.Seal(ctx, f.title()), s.config.Ledger.End(ctx, f, l.Duration(), size)); err != nil {
		return err
	}
	s.count.completed.Add(1)
	return nil
}

// clear removes the files that are to go.
func (s *Studio) clear(ctx context.Context) {
	films, err := s.config.Ledger.Spent(ctx, s.config.Keep, s.config.KeepBytes)
	if err != nil {
		return
	}
	for _, f := range films {
		if ctx.Err() != nil {
			return
		}
		if err := s.remove(ctx, f); err != nil {
			s.report("remove", f, err)
			continue
		}
		s.count.removed.Add(1)
	}
}

// remove removes a file and has it forgotten.
func (s *Studio) remove(ctx context.Context, f Film) error {
	return cmp.Or(s.config.Archive.Remove(ctx, f.title()), s.config.Ledger.Forget(ctx, f))
}

// sweep removes files that nobody knows: their database was replaced, say.
func (s *Studio) sweep(ctx context.Context) error {
	return s.config.Archive.Titles(ctx, func(t segments.Title, modified time.Time) error {
		if time.Since(modified) < orphanAge {
			return nil
		}
		known, err := s.config.Ledger.Knows(ctx, t.Name)
		if err != nil || known {
			return err
		}
		s.config.Log.Warn("a recording that nobody knows is removed", "stream", t.Stream, "file", t.Name)
		return s.config.Archive.Remove(ctx, t)
	})
}
