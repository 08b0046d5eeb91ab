package mediad

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"synctv/app"
	"synctv/mediad/record"
	"synctv/mediad/segments"
)

// Records decides about recordings and knows of them. It is *app.App.
type Records interface {
	AdmitRecording(ctx context.Context, from app.Origin, id app.RecordingID, token string) (app.Recording, error)
	BeginRecording(ctx context.Context, id app.StreamID, m app.RecordingMedia) (app.Recording, error)
	KeepRecording(ctx context.Context, id app.RecordingID, durationMs float64, size int64) error
	EndRecording(ctx context.Context, id app.RecordingID, durationMs float64, size int64) error
	DropRecording(ctx context.Context, id app.RecordingID) error
	LoseRecording(ctx context.Context, id app.RecordingID) error
	DeadRecordings(ctx context.Context) ([]app.Recording, error)
	SpentRecordings(ctx context.Context, keep time.Duration, bytes int64) ([]app.Recording, error)
	HasRecording(ctx context.Context, id app.RecordingID) (bool, error)
}

// newStudio makes what records, nil when there is no place for recordings.
func newStudio(c Config, d Deps) (*record.Studio, error) {
	if c.Record.Archive == nil {
		return nil, nil
	}
	if d.Records == nil {
		return nil, errors.New("mediad: Records is required to record")
	}
	c.Record.Ledger = ledger{d.Records}
	if c.Record.Log == nil {
		c.Record.Log = d.Log
	}
	return record.New(c.Record)
}

// Record implements app.Live.
func (s *Server) Record(id app.StreamID, on bool) {
	if s.studio == nil {
		return
	}
	if !on {
		s.studio.Stop(string(id))
	} else if live, ok := s.streams.Get(string(id)); ok {
		s.studio.Record(live)
	}
}

// TidyRecordings implements app.Live.
func (s *Server) TidyRecordings() {
	if s.studio != nil {
		s.studio.Tidy()
	}
}

// recordings is where they are served, below Prefix.
const recordings = "recordings/"

// serveRecording answers with the file of a recording.
func (s *Server) serveRecording(w http.ResponseWriter, r *http.Request, name string) {
	header := w.Header()
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodOptions:
		header.Set("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
		header.Set("Access-Control-Allow-Headers", "Range")
		header.Set("Access-Control-Max-Age", "86400")
		w.WriteHeader(http.StatusNoContent)
		return
	default:
		header.Set("Allow", "GET, HEAD, OPTIONS")
		s.deps.WriteError(w, r, http.StatusMethodNotAllowed, string(app.CodeUnsupported), "Media can only be read.")
		return
	}
	id, ok := strings.CutSuffix(name, ".mp4")
	if !ok || s.studio == nil {
		s.fail(w, r, errNoRecording)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), admitTimeout)
	defer cancel()
	rec, err := s.deps.Records.AdmitRecording(ctx, s.from(r, "recording"), app.RecordingID(id), token(r))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	header.Set("Access-Control-Expose-Headers", "Content-Length, Content-Range, ETag")
	header.Set("X-Content-Type-Options", "nosniff")
	if r.URL.Query().Get("download") != "" {
		header.Set("Content-Disposition", `attachment; filename="`+fileName(rec)+`"`)
	}
	switch err := s.studio.Serve(w, r, filmOf(rec), rec.Seen.Go()); {
	case errors.Is(err, segments.ErrNotFound):
		s.fail(w, r, errNoRecording)
	case errors.Is(err, record.ErrBusy):
		s.fail(w, r, app.Wrap(app.CodeUnavailable, err, "Too many people watch recordings now. Try again in a moment."))
	case err != nil:
		s.deps.Log.WarnContext(r.Context(), "a recording cannot be read", "recording", rec.ID, "err", err)
		s.fail(w, r, app.Wrap(app.CodeUnavailable, err, "The recording cannot be read now. Try again in a moment."))
	}
}

var errNoRecording = app.Errorf(app.CodeNotFound, "The file of this recording is not there any more.")

// fileName is what a recording is called when it is downloaded: when it began, and of its title what every system takes.
func fileName(r app.Recording) string {
	title := strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == ' ':
			return c
		}
		return -1
	}, r.Title)
	return strings.TrimSpace(r.Started.Go().UTC().Format("2006-01-02 1504")+" "+title) + ".mp4"
}

func filmOf(r app.Recording) record.Film {
	stream, file, _ := strings.Cut(r.File, "/")
	return record.Film{ID: string(r.ID), Stream: stream, File: file}
}

func filmsOf(list []app.Recording, err error) ([]record.Film, error) {
	films := make([]record.Film, 0, len(list))
	for _, r := range list {
		films = append(films, filmOf(r))
	}
	return films, err
}

// ledger has app know of films.
type ledger struct{ app Records }

// unwanted marks what will not pass.
func unwanted(err error) error {
	if app.CodeOf(err) == app.CodeNotFound {
		return errors.Join(record.ErrUnwanted, err)
	}
	return err
}

// Begin implements record.Ledger.
func (l ledger) Begin(ctx context.Context, stream string, m record.Media) (record.Film, error) {
	r, err := l.app.BeginRecording(ctx, app.StreamID(stream), app.RecordingMedia(m))
	return filmOf(r), unwanted(err)
}

// Progress implements record.Ledger.
func (l ledger) Progress(ctx context.Context, f record.Film, length time.Duration, size int64) error {
	return unwanted(l.app.KeepRecording(ctx, app.RecordingID(f.ID), length.Seconds()*1000, size))
}

// End implements record.Ledger.
func (l ledger) End(ctx context.Context, f record.Film, length time.Duration, size int64) error {
	return unwanted(l.app.EndRecording(ctx, app.RecordingID(f.ID), length.Seconds()*1000, size))
}

// Forget implements record.Ledger.
func (l ledger) Forget(ctx context.Context, f record.Film) error {
	return l.app.DropRecording(ctx, app.RecordingID(f.ID))
}

// Lost implements record.Ledger.
func (l ledger) Lost(ctx context.Context, f record.Film) error {
	return l.app.LoseRecording(ctx, app.RecordingID(f.ID))
}

// Dead implements record.Ledger.
func (l ledger) Dead(ctx context.Context) ([]record.Film, error) {
	return filmsOf(l.app.DeadRecordings(ctx))
}

// Spent implements record.Ledger.
func (l ledger) Spent(ctx context.Context, keep time.Duration, bytes int64) ([]record.Film, error) {
	return filmsOf(l.app.SpentRecordings(ctx, keep, bytes))
}

// Knows implements record.Ledger.
func (l ledger) Knows(ctx context.Context, file string) (bool, error) {
	id, ok := strings.CutSuffix(file, ".mp4")
	if !ok {
		return true, nil // not a file of ours: it stays
	}
	return l.app.HasRecording(ctx, app.RecordingID(id))
}

// Recordings returns what is recorded, and what went wrong.
func (s *Server) Recordings() record.Stats {
	if s.studio == nil {
		return record.Stats{}
	}
	return s.studio.Stats()
}
