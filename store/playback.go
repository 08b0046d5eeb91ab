package store

import (
	"context"
	"encoding/json"
	"fmt"

	"synctv/app"
	"synctv/app/playback"
	"synctv/store/internal/db"
)

const noPlayback = "The playback of this room"

// playing is a row of the table.
type playing struct {
	state playback.State
	seen  app.Time
}

func scanPlayback(r db.Row) (p playing, err error) {
	var state []byte
	if err = r.Scan(&state, &p.seen); err != nil {
		return p, err
	}
	if err := json.Unmarshal(state, &p.state); err != nil {
		return p, fmt.Errorf("state of playback: %w", err)
	}
	return p, nil
}

func roomPlayback(ctx context.Context, q db.Reader, room app.RoomID) (playing, error) {
	return one(ctx, q, scanPlayback, noPlayback, "SELECT state, seen FROM playback WHERE room_id = $1", room)
}

// savePlayback leaves alone when the room was seen.
func savePlayback(tx db.Tx, room app.RoomID, s playback.State) error {
	state, err := document(s)
	if err != nil {
		return err
	}
	tx.Exec(`INSERT INTO playback (room_id, state, playing, seen) VALUES ($1, $2, $3, 0)
		ON CONFLICT (room_id) DO UPDATE SET state = excluded.state, playing = excluded.playing`, room, state, s.Playing)
	return nil
}

// Playback returns the state of a room's playback, and when the room was last noted to be alive.
func (s *Store) Playback(ctx context.Context, room app.RoomID) (playback.State, app.Time, error) {
	p, err := roomPlayback(ctx, s.db, room)
	return p.state, p.seen, err
}

// NotePlaying notes that rooms are alive; it never goes back. Rooms that are gone are passed over.
func (s *Store) NotePlaying(ctx context.Context, rooms []app.RoomID, at app.Time) error {
	return s.touch(ctx, "UPDATE playback SET seen = $2 WHERE room_id = $1 AND seen < $2", rooms, at)
}
