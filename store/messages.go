package store

import (
	"context"
	"math"

	"synctv/app"
	"synctv/store/internal/db"
)

const (
	messageColumns = `id, room_id, seq, person_id, name, text, created, edited, deleted, client_id,
		danmaku_lane, danmaku_color, danmaku_media, danmaku_pos`
	noMessage = "This message"
)

func scanMessage(r db.Row) (m app.Message, err error) {
	var lane *string
	var color *uint32
	var media *app.MediaID
	var at *float64
	err = r.Scan(&m.ID, &m.RoomID, &m.Seq, &m.PersonID, &m.Name, &m.Text, &m.Created, &m.Edited, &m.Deleted, &m.ClientID,
		&lane, &color, &media, &at)
	if err == nil && media != nil {
		m.Danmaku = &app.Danmaku{Lane: *lane, Color: *color, MediaID: *media, PositionMs: *at}
	}
	return m, err
}

func message(ctx context.Context, q db.Reader, room app.RoomID, id app.MessageID) (app.Message, error) {
	return one(ctx, q, scanMessage, noMessage, "SELECT "+messageColumns+" FROM messages WHERE room_id = $1 AND id = $2", room, id)
}

func messageByClient(ctx context.Context, q db.Reader, room app.RoomID, person app.PersonID, clientID string) (app.Message, error) {
	return one(ctx, q, scanMessage, noMessage, "SELECT "+messageColumns+` FROM messages
		WHERE room_id = $1 AND person_id = $2 AND client_id = $3 AND client_id <> ''`, room, person, clientID)
}

func saveMessage(tx db.Tx, room app.RoomID, m app.Message) error {
	if err := belongs(m.RoomID, room); err != nil {
		return err
	}
	var lane, color, media, at any // NULL for plain chat
	if d := m.Danmaku; d != nil {
		lane, color, media, at = d.Lane, d.Color, d.MediaID, d.PositionMs
	}
	tx.Exec("INSERT INTO messages ("+messageColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
		ON CONFLICT (room_id, id) DO UPDATE SET seq = excluded.seq, person_id = excluded.person_id, name = excluded.name,
		text = excluded.text, created = excluded.created, edited = excluded.edited, deleted = excluded.deleted,
		client_id = excluded.client_id, danmaku_lane = excluded.danmaku_lane, danmaku_color = excluded.danmaku_color,
		danmaku_media = excluded.danmaku_media, danmaku_pos = excluded.danmaku_pos`,
		m.ID, room, m.Seq, m.PersonID, m.Name, m.Text, m.Created, m.Edited, m.Deleted, m.ClientID, lane, color, media, at)
	return nil
}

// Message returns a message, also a deleted one.
func (s *Store) Message(ctx context.Context, room app.RoomID, id app.MessageID) (app.Message, error) {
	return message(ctx, s.db, room, id)
}

// ListMessages pages through the history of a room, newest first in the order of their events.
func (s *Store) ListMessages(ctx context.Context, room app.RoomID, p app.Page) ([]app.Message, string, error) {
	list := "messages " + string(room)
	at, err := from(list, p, position{n: math.MaxInt64})
	if err != nil {
		return nil, "", err
	}
	messages, err := all(ctx, s.db, scanMessage, "SELECT "+messageColumns+` FROM messages
		WHERE room_id = $1 AND (seq, id) < ($2, $3) ORDER BY seq DESC, id DESC LIMIT $4`,
		room, at.n, at.id, limit(p.Limit)+1)
	if err != nil {
		return nil, "", err
	}
	messages, next := cut(list, messages, p, func(m app.Message) position { return position{n: int64(m.Seq), id: string(m.ID)} })
	return messages, next, nil
}

// ListDanmaku returns what flies over a piece of an item.
func (s *Store) ListDanmaku(ctx context.Context, room app.RoomID, media app.MediaID, fromMs, toMs float64, n int) ([]app.Message, error) {
	return all(ctx, s.db, scanMessage, "SELECT "+messageColumns+` FROM messages
		WHERE room_id = $1 AND danmaku_media = $2 AND danmaku_pos >= $3 AND danmaku_pos < $4 AND deleted = FALSE
		ORDER BY danmaku_pos, id LIMIT $5`, room, media, fromMs, toMs, limit(n))
}
