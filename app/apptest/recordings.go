package apptest

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"synctv/app"
)

func cloneRecording(r app.Recording) app.Recording {
	r.Media.Codecs = slices.Clone(r.Media.Codecs)
	return r
}

// CreateRecording implements app.RecordingStore.
func (s *Store) CreateRecording(ctx context.Context, r app.Recording) error {
	leave, err := s.enter(ctx, "CreateRecording", string(r.ID), r.Title, r.File)
	if err != nil {
		return err
	}
	defer leave()
	if _, ok := s.streams[r.StreamID]; !ok {
		return absent("What this belongs to")
	}
	if _, ok := s.recordings[r.ID]; ok {
		return taken("id")
	}
	s.recordings[r.ID] = cloneRecording(r)
	return nil
}

// Recording implements app.RecordingStore.
func (s *Store) Recording(ctx context.Context, id app.RecordingID) (app.Recording, error) {
	leave, err := s.enter(ctx, "Recording", string(id))
	if err != nil {
		return app.Recording{}, err
	}
	defer leave()
	r, ok := s.recordings[id]
	if !ok {
		return app.Recording{}, absent("This recording")
	}
	return cloneRecording(r), nil
}

// ListRecordings implements app.RecordingStore.
func (s *Store) ListRecordings(ctx context.Context, f app.RecordingFilter, p app.Page) ([]app.Recording, string, error) {
	leave, err := s.enter(ctx, "ListRecordings", string(f.Stream))
	if err != nil {
		return nil, "", err
	}
	defer leave()
	var found []app.Recording
	for _, r := range s.recordings {
		stream, ok := s.streams[r.StreamID]
		if ok && r.State != app.RecordingRemoved && (f.Stream == "" || r.StreamID == f.Stream) && (f.Owner == "" || stream.OwnerID == f.Owner) {
			found = append(found, cloneRecording(r))
		}
	}
	return page(fmt.Sprintf("recordings %q", f), found, p, func(r app.Recording) place { return place{-int64(r.Started), "", string(r.ID), true} })
}

// UpdateRecording implements app.RecordingStore.
func (s *Store) UpdateRecording(ctx context.Context, id app.RecordingID, change func(*app.Recording) error) (app.Recording, error) {
	leave, err := s.enter(ctx, "UpdateRecording", string(id))
	if err != nil {
		return app.Recording{}, err
	}
	defer leave()
	r, ok := s.recordings[id]
	if !ok {
		return app.Recording{}, absent("This recording")
	}
	after := cloneRecording(r)
	if err := change(&after); err != nil {
		return app.Recording{}, err
	}
	r.State, r.Seen, r.DurationMs, r.Size = after.State, after.Seen, after.DurationMs, after.Size
	s.recordings[id] = r
	return cloneRecording(r), nil
}

// DeleteRecording implements app.RecordingStore.
func (s *Store) DeleteRecording(ctx context.Context, id app.RecordingID) error {
	leave, err := s.enter(ctx, "DeleteRecording", string(id))
	if err != nil {
		return err
	}
	defer leave()
	delete(s.recordings, id)
	return nil
}

// DeadRecordings implements app.RecordingStore.
func (s *Store) DeadRecordings(ctx context.Context, seenBefore app.Time, limit int) ([]app.Recording, error) {
	leave, err := s.enter(ctx, "DeadRecordings")
	if err != nil {
		return nil, err
	}
	defer leave()
	list := []app.Recording{}
	for _, r := range s.recordings {
		if r.State == app.RecordingRunning && r.Seen < seenBefore {
			list = append(list, cloneRecording(r))
		}
	}
	slices.SortFunc(list, func(a, b app.Recording) int { return cmp.Or(cmp.Compare(a.Seen, b.Seen), cmp.Compare(a.ID, b.ID)) })
	return list[:min(limit, len(list))], nil
}

// SpentRecordings implements app.RecordingStore.
func (s *Store) SpentRecordings(ctx context.Context, keep app.RecordingLimits, limit int) ([]app.Recording, error) {
	leave, err := s.enter(ctx, "SpentRecordings")
	if err != nil {
		return nil, err
	}
	defer leave()
	every := []app.Recording{}
	for _, r := range s.recordings {
		every = append(every, cloneRecording(r))
	}
	slices.SortFunc(every, func(a, b app.Recording) int {
		return cmp.Or(cmp.Compare(b.Started, a.Started), cmp.Compare(b.ID, a.ID))
	})
	list, total := []app.Recording{}, int64(0)
	for _, r := range every {
		total += r.Size
		spent := r.State == app.RecordingRemoved || r.StreamID == "" || r.Seen < keep.SeenBefore || keep.Bytes > 0 && total > keep.Bytes
		if r.State != app.RecordingRunning && spent {
			list = append(list, r)
		}
	}
	slices.Reverse(list)
	return list[:min(limit, len(list))], nil
}
