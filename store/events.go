package store

import (
	"context"

	"synctv/app"
	"synctv/store/internal/db"
)

const (
	keepEvents = 2000 // newest events of a room that are kept
	pruneEvery = 256  // events between two prunings, so that deleting costs little
)

// saveEvent writes one event and, now and then, forgets the oldest ones.
func saveEvent(tx db.Tx, room app.RoomID, ev app.Event) error {
	data, err := app.EncodeEvent(ev)
	if err != nil {
		return app.Internal(err)
	}
	tx.Exec("INSERT INTO room_events (room_id, seq, data) VALUES ($1, $2, $3)", room, ev.Seq, string(data))
	if ev.Seq%pruneEvery == 0 && ev.Seq > keepEvents {
		tx.Exec("DELETE FROM room_events WHERE room_id = $1 AND seq <= $2", room, ev.Seq-keepEvents)
	}
	return nil
}

// logged is a row of the join of a room and its log; seq is nil when no event is left.
type logged struct {
	newest uint32
	seq    *uint32
	data   []byte
}

func scanLogged(r db.Row) (l logged, err error) {
	var data *string
	err = r.Scan(&l.newest, &l.seq, &data)
	if data != nil {
		l.data = []byte(*data)
	}
	return l, err
}

// EventsAfter reads the log. It is not complete either when the room never gave out the number seq: whoever has it saw
// another life of the room.
func (s *Store) EventsAfter(ctx context.Context, room app.RoomID, seq uint32, n int) ([]app.Event, bool, error) {
	// One statement, hence one moment: the newest number and the events belong together.
	rows, err := all(ctx, s.db, scanLogged, `SELECT r.seq, e.seq, e.data FROM rooms r
		LEFT JOIN room_events e ON e.room_id = r.id AND e.seq > $2 WHERE r.id = $1 ORDER BY e.seq LIMIT $3`, room, seq, limit(n))
	switch {
	case err != nil:
		return nil, false, err
	case len(rows) == 0:
		return nil, false, absent(noRoom)
	case rows[0].seq == nil:
		return nil, rows[0].newest == seq, nil
	}
	events := make([]app.Event, len(rows))
	for i, row := range rows {
		if events[i], err = app.DecodeEvent(row.data); err != nil {
			return nil, false, app.Internal(err)
		}
	}
	return events, *rows[0].seq == seq+1, nil
}
