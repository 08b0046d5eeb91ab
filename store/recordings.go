package store

import (
	"context"
	"fmt"
	"math"
	"strings"

	"synctv/app"
	"synctv/store/internal/db"
)

const (
	recordingColumns = `r.id, r.stream_id, r.state, r.title, r.file, r.started, r.seen, r.duration_ms, r.size, r.video_codec, r.audio_codec,
		r.codecs, r.width, r.height`
	noRecording = "This recording"
)

func scanRecording(r db.Row) (v app.Recording, err error) {
	var stream *string
	var codecs string
	err = r.Scan(&v.ID, &stream, &v.State, &v.Title, &v.File, &v.Started, &v.Seen, &v.DurationMs, &v.Size, &v.Media.VideoCodec, &v.Media.AudioCodec,
		&codecs, &v.Media.Width, &v.Media.Height)
	if stream != nil {
		v.StreamID = app.StreamID(*stream)
	}
	if codecs != "" {
		v.Media.Codecs = strings.Split(codecs, ",")
	}
	return v, err
}

// CreateRecording writes a recording of a stream that exists.
func (s *Store) CreateRecording(ctx context.Context, v app.Recording) error {
	return s.write(ctx, noRecording, func(tx db.Tx) error {
		tx.Exec(`INSERT INTO recordings (id, stream_id, state, title, file, started, seen, duration_ms, size, video_codec, audio_codec, codecs,
			width, height) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
			v.ID, v.StreamID, v.State, v.Title, v.File, v.Started, v.Seen, v.DurationMs, v.Size, v.Media.VideoCodec, v.Media.AudioCodec,
			strings.Join(v.Media.Codecs, ","), v.Media.Width, v.Media.Height)
		return nil
	})
}

// Recording returns a recording by its identifier.
func (s *Store) Recording(ctx context.Context, id app.RecordingID) (app.Recording, error) {
	return one(ctx, s.db, scanRecording, noRecording, "SELECT "+recordingColumns+" FROM recordings r WHERE r.id = $1", id)
}

// ListRecordings pages through recordings that can be seen, newest first.
func (s *Store) ListRecordings(ctx context.Context, f app.RecordingFilter, p app.Page) ([]app.Recording, string, error) {
	list := fmt.Sprintf("recordings %q %q", f.Stream, f.Owner)
	at, err := from(list, p, position{n: math.MaxInt64})
	if err != nil {
		return nil, "", err
	}
	args := []any{at.n, at.id, limit(p.Limit) + 1, app.RecordingRemoved}
	where := ""
	if f.Stream != "" {
		args = append(args, f.Stream)
		where += fmt.Sprintf(" AND r.stream_id = $%d", len(args))
	}
	if f.Owner != "" {
		args = append(args, f.Owner)
		where += fmt.Sprintf(" AND s.owner_id = $%d", len(args))
	}
	found, err := all(ctx, s.db, scanRecording, "SELECT "+recordingColumns+` FROM recordings r JOIN streams s ON s.id = r.stream_id
		WHERE (r.started, r.id) < ($1, $2) AND r.state <> $4`+where+" ORDER BY r.started DESC, r.id DESC LIMIT $3", args...)
	if err != nil {
		return nil, "", err
	}
	found, next := cut(list, found, p, func(v app.Recording) position { return position{n: int64(v.Started), id: string(v.ID)} })
	return found, next, nil
}

// UpdateRecording changes how far a recording is, while nobody else can.
func (s *Store) UpdateRecording(ctx context.Context, id app.RecordingID, change func(*app.Recording) error) (app.Recording, error) {
	var v app.Recording
	err := db.Retry(ctx, func() error {
		called := false
		err := s.db.Tx(ctx, func(tx db.Tx) (err error) {
			v, err = one(ctx, tx, scanRecording, noRecording, "SELECT "+recordingColumns+" FROM recordings r WHERE r.id = $1"+s.db.ForUpdate(), id)
			if err != nil {
				return err
			}
			called = true
			after := v
			if err := change(&after); err != nil {
				return err
			}
			v.State, v.Seen, v.DurationMs, v.Size = after.State, after.Seen, after.DurationMs, after.Size
			tx.Exec("UPDATE recordings SET state = $2, seen = $3, duration_ms = $4, size = $5 WHERE id = $1", id, v.State, v.Seen, v.DurationMs, v.Size)
			return nil
		})
		return once(err, called)
	})
	if err != nil {
		return app.Recording{}, failure(err, noRecording)
	}
	return v, nil
}

// DeleteRecording forgets a recording, if it is there.
func (s *Store) DeleteRecording(ctx context.Context, id app.RecordingID) error {
	return s.write(ctx, noRecording, func(tx db.Tx) error {
		tx.Exec("DELETE FROM recordings WHERE id = $1", id)
		return nil
	})
}

// DeadRecordings returns those that are said to be made and were not seen since the given time, oldest first.
func (s *Store) DeadRecordings(ctx context.Context, seenBefore app.Time, n int) ([]app.Recording, error) {
	return all(ctx, s.db, scanRecording, "SELECT "+recordingColumns+` FROM recordings r
		WHERE r.state = $1 AND r.seen < $2 ORDER BY r.seen, r.id LIMIT $3`, app.RecordingRunning, seenBefore, limit(n))
}

// SpentRecordings returns those that are to go, oldest first.
func (s *Store) SpentRecordings(ctx context.Context, keep app.RecordingLimits, n int) ([]app.Recording, error) {
	bytes := keep.Bytes
	if bytes == 0 {
		bytes = math.MaxInt64
	}
	return all(ctx, s.db, scanRecording, "SELECT "+recordingColumns+` FROM (
			SELECT w.*, SUM(w.size) OVER (ORDER BY w.started DESC, w.id DESC) AS total FROM recordings w) r
		WHERE r.state <> $1 AND (r.state = $2 OR r.stream_id IS NULL OR r.seen < $3 OR r.total > $4)
		ORDER BY r.started, r.id LIMIT $5`, app.RecordingRunning, app.RecordingRemoved, keep.SeenBefore, bytes, limit(n))
}
