package app

import (
	"context"
	"time"
)

const (
	// recordOnFor is how long after the last sign of a recording a broadcast counts as the same one: its server may have crashed.
	recordOnFor = time.Minute
	// recordDeadAfter is when a recording that nobody writes to is one whose server is dead.
	recordDeadAfter = 20 * time.Second
	recordsAtOnce   = 100 // that are mended or removed
)

// direct tells the media part whether a stream that is published here is to be recorded.
func (r *streams) direct(ctx context.Context, id StreamID) {
	h, ok := r.look(id)
	if !ok || r.app.cfg.RecordingOff {
		return
	}
	s, err := r.app.findStream(ctx, id)
	if err != nil {
		return // refresh sees to it
	}
	wanted := s.wantsRecording(h.since)
	if wanted && !h.online {
		return // who comes back goes on
	}
	for _, l := range r.parts() {
		l.Record(id, wanted)
	}
}

// directSoon is direct for those who must not wait.
func (r *streams) directSoon(id StreamID) {
	if _, ok := r.look(id); ok && !r.app.cfg.RecordingOff {
		r.app.hub.background(func(ctx context.Context) { r.direct(ctx, id) })
	}
}

// resumeRecording has what somebody asked for go on when the broadcast was interrupted by more than a publisher that drops.
func (a *App) resumeRecording(ctx context.Context, id StreamID) error {
	h, _ := a.streams.look(id)
	s, err := a.findStream(ctx, id)
	if err != nil || s.Ask.What != RecordOn || s.Ask.At >= h.since {
		return err
	}
	newest, _, err := a.Store.ListRecordings(ctx, RecordingFilter{Stream: id}, Page{Limit: 1})
	if err != nil || len(newest) == 0 || a.Now().Sub(newest[0].Seen) > recordOnFor {
		return err
	}
	_, err = a.Store.UpdateStream(ctx, id, func(s *Stream) error {
		if s.Ask.What == RecordOn {
			s.Ask.At = max(s.Ask.At, h.since)
		}
		return nil
	})
	return err
}

// BeginRecording makes a recording of a stream that the media part is about to write.
func (a *App) BeginRecording(ctx context.Context, id StreamID, m RecordingMedia) (Recording, error) {
	s, err := a.findStream(ctx, id)
	if err != nil {
		return Recording{}, err
	}
	now := a.Now()
	r := Recording{ID: RecordingID(newID("rec_", now)), StreamID: s.ID, State: RecordingRunning, Title: s.Title, Started: now, Seen: now, Media: m}
	r.File = string(s.ID) + "/" + string(r.ID) + ".mp4"
	return r, a.Store.CreateRecording(ctx, r)
}

// KeepRecording tells how far a recording is. A refusal means that it is not wanted any more: its stream is gone, say.
func (a *App) KeepRecording(ctx context.Context, id RecordingID, durationMs float64, size int64) error {
	return a.noteRecording(ctx, id, RecordingRunning, durationMs, size)
}

// EndRecording tells that a recording is complete.
func (a *App) EndRecording(ctx context.Context, id RecordingID, durationMs float64, size int64) error {
	err := a.noteRecording(ctx, id, RecordingComplete, durationMs, size)
	if err != nil {
		return err
	}
	r, err := a.Store.Recording(ctx, id)
	if err == nil && r.StreamID != "" {
		h, _ := a.streams.look(r.StreamID)
		a.NoteRecording(r.StreamID, h.publisher, r.File)
	}
	return nil
}

func (a *App) noteRecording(ctx context.Context, id RecordingID, to RecordingState, durationMs float64, size int64) error {
	_, err := a.Store.UpdateRecording(ctx, id, func(r *Recording) error {
		if r.State != RecordingRunning || to == RecordingRunning && r.StreamID == "" {
			return errNoSuchRecording()
		}
		r.State, r.Seen, r.DurationMs, r.Size = to, a.Now(), durationMs, size
		return nil
	})
	return err
}

// DropRecording forgets a recording whose file is not there, or not any more.
func (a *App) DropRecording(ctx context.Context, id RecordingID) error {
	return a.Store.DeleteRecording(ctx, id)
}

// LoseRecording notes that the file of a recording is not where it was put.
func (a *App) LoseRecording(ctx context.Context, id RecordingID) error {
	_, err := a.Store.UpdateRecording(ctx, id, func(r *Recording) error {
		if r.State != RecordingRemoved {
			r.State = RecordingLost
		}
		return nil
	})
	return err
}

// DeadRecordings lists those whose maker gave no sign of life for a while.
func (a *App) DeadRecordings(ctx context.Context) ([]Recording, error) {
	return a.Store.DeadRecordings(ctx, a.Now().Add(-recordDeadAfter), recordsAtOnce)
}

// SpentRecordings lists those whose files are to be removed: keep is for how long they stay, 0 for ever, and bytes how much
// of them, 0 for any number.
func (a *App) SpentRecordings(ctx context.Context, keep time.Duration, bytes int64) ([]Recording, error) {
	limits := RecordingLimits{Bytes: bytes}
	if keep > 0 {
		limits.SeenBefore = a.Now().Add(-keep)
	}
	return a.Store.SpentRecordings(ctx, limits, recordsAtOnce)
}

// HasRecording tells whether a file that was found is of a recording we know.
func (a *App) HasRecording(ctx context.Context, id RecordingID) (bool, error) {
	_, err := a.Store.Recording(ctx, id)
	if CodeOf(err) == CodeNotFound {
		return false, nil
	}
	return err == nil, err
}
