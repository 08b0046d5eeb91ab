package store

import (
	"context"
	"encoding/json"
	"fmt"

	"synctv/app"
	"synctv/store/internal/db"
)

const (
	mediaColumns = `id, room_id, parent_id, kind, order_key, title, provider, url, delivery, duration_ms, meta, added_by,
		added_by_name, created, version`
	noMedia = "This item"
)

func scanMedia(r db.Row) (m app.Media, err error) {
	var order, meta []byte
	err = r.Scan(&m.ID, &m.RoomID, &m.ParentID, &m.Kind, &order, &m.Title, &m.Provider, &m.URL, &m.Delivery, &m.DurationMs,
		&meta, &m.AddedBy, &m.AddedByName, &m.Created, &m.Version)
	if err != nil {
		return m, err
	}
	m.OrderKey = string(order)
	if err := json.Unmarshal(meta, &m.Meta); err != nil {
		return m, fmt.Errorf("meta of %s: %w", m.ID, err)
	}
	return m, nil
}

func media(ctx context.Context, q db.Reader, room app.RoomID, id app.MediaID) (app.Media, error) {
	return one(ctx, q, scanMedia, noMedia, "SELECT "+mediaColumns+" FROM media WHERE room_id = $1 AND id = $2", room, id)
}

func saveMedia(tx db.Tx, room app.RoomID, m app.Media) error {
	if err := belongs(m.RoomID, room); err != nil {
		return err
	}
	meta, err := document(m.Meta)
	if err != nil {
		return err
	}
	tx.Exec("INSERT INTO media ("+mediaColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
		ON CONFLICT (room_id, id) DO UPDATE SET parent_id = excluded.parent_id, kind = excluded.kind,
		order_key = excluded.order_key, title = excluded.title, provider = excluded.provider, url = excluded.url,
		delivery = excluded.delivery, duration_ms = excluded.duration_ms, meta = excluded.meta, added_by = excluded.added_by,
		added_by_name = excluded.added_by_name, created = excluded.created, version = excluded.version`,
		m.ID, room, m.ParentID, m.Kind, []byte(m.OrderKey), m.Title, m.Provider, m.URL, m.Delivery, m.DurationMs, meta,
		m.AddedBy, m.AddedByName, m.Created, m.Version)
	return nil
}

// deleteMedia removes nodes with all below them. UNION rather than UNION ALL ends also in a tree that bites its tail.
func deleteMedia(tx db.Tx, room app.RoomID, ids []app.MediaID) {
	if len(ids) == 0 {
		return
	}
	in, args := placeholders(2, ids)
	tx.Exec(`WITH RECURSIVE doomed (id) AS (
			SELECT id FROM media WHERE room_id = $1 AND id IN (`+in+`)
			UNION SELECT m.id FROM media m JOIN doomed d ON m.parent_id = d.id WHERE m.room_id = $1)
		DELETE FROM media WHERE room_id = $1 AND id IN (SELECT id FROM doomed)`, append([]any{room}, args...)...)
}

// Media returns a node of a room's tree.
func (s *Store) Media(ctx context.Context, room app.RoomID, id app.MediaID) (app.Media, error) {
	return media(ctx, s.db, room, id)
}

// ListMedia pages through the children of a folder in their order.
func (s *Store) ListMedia(ctx context.Context, room app.RoomID, parent app.MediaID, p app.Page) ([]app.Media, string, error) {
	list := fmt.Sprintf("media %q %q", room, parent)
	at, err := from(list, p, position{})
	if err != nil {
		return nil, "", err
	}
	items, err := all(ctx, s.db, scanMedia, "SELECT "+mediaColumns+` FROM media
		WHERE room_id = $1 AND parent_id = $2 AND (order_key, id) > ($3, $4) ORDER BY order_key, id LIMIT $5`,
		room, parent, []byte(at.key), at.id, limit(p.Limit)+1)
	if err != nil {
		return nil, "", err
	}
	items, next := cut(list, items, p, func(m app.Media) position { return position{key: m.OrderKey, id: string(m.ID)} })
	return items, next, nil
}

// CountMedia counts all items and folders of a room.
func (s *Store) CountMedia(ctx context.Context, room app.RoomID) (int, error) {
	return one(ctx, s.db, scanOne[int], "", "SELECT count(*) FROM media WHERE room_id = $1", room)
}
