package store

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"synctv/app"
	"synctv/store/internal/db"
)

const (
	streamColumns = `s.id, s.owner_id, s.room_id, s.title, s.visibility, s.created, s.tokens_after, s.version, s.record, s.record_ask, s.record_asked,
		s.pull_url, s.for_items`
	noStream = "This stream"
)

func scanStream(r db.Row) (v app.Stream, err error) {
	var room *string
	err = r.Scan(&v.ID, &v.OwnerID, &room, &v.Title, &v.Visibility, &v.Created, &v.TokensAfter, &v.Version, &v.Record, &v.Ask.What, &v.Ask.At,
		&v.PullURL, &v.ForItems)
	if room != nil {
		v.RoomID = app.RoomID(*room)
	}
	return v, err
}

// CreateStream writes a stream with its first key.
func (s *Store) CreateStream(ctx context.Context, v app.Stream, first app.PublishKey) error {
	var room any
	if v.RoomID != "" {
		room = v.RoomID
	}
	return s.write(ctx, noStream, func(tx db.Tx) error {
		tx.Exec(`INSERT INTO streams (id, owner_id, room_id, title, visibility, created, tokens_after, version, record, record_ask, record_asked, pull_url,
			for_items) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
			v.ID, v.OwnerID, room, v.Title, v.Visibility, v.Created, v.TokensAfter, v.Version, v.Record, v.Ask.What, v.Ask.At, v.PullURL, v.ForItems)
		if first.ID != "" {
			addPublishKey(tx, v.ID, first)
		}
		return nil
	})
}

// Stream returns a stream by its identifier.
func (s *Store) Stream(ctx context.Context, id app.StreamID) (app.Stream, error) {
	return one(ctx, s.db, scanStream, noStream, "SELECT "+streamColumns+" FROM streams s WHERE s.id = $1", id)
}

// ListStreams pages through streams, newest first.
func (s *Store) ListStreams(ctx context.Context, f app.StreamFilter, p app.Page) ([]app.Stream, string, error) {
	list := fmt.Sprintf("streams %q %q %q %t %t", f.Visibility, f.Owner, f.Room, f.NotForItems, f.Pulled)
	at, err := from(list, p, position{n: math.MaxInt64})
	if err != nil {
		return nil, "", err
	}
	var b strings.Builder
	args := []any{at.n, at.id}
	b.WriteString("SELECT " + streamColumns + " FROM streams s WHERE (s.created, s.id) < ($1, $2)")
	where := func(column string, v any) {
		args = append(args, v)
		b.WriteString(" AND s." + column + " = $" + strconv.Itoa(len(args)))
	}
	if f.Visibility != "" {
		where("visibility", f.Visibility)
	}
	if f.Owner != "" {
		where("owner_id", f.Owner)
	}
	if f.Room != "" {
		where("room_id", f.Room)
	}
	if f.NotForItems {
		where("for_items", false)
	}
	if f.Pulled {
		b.WriteString(" AND s.pull_url <> ''")
	}
	args = append(args, limit(p.Limit)+1)
	b.WriteString(" ORDER BY s.created DESC, s.id DESC LIMIT $" + strconv.Itoa(len(args)))
	streams, err := all(ctx, s.db, scanStream, b.String(), args...)
	if err != nil {
		return nil, "", err
	}
	streams, next := cut(list, streams, p, func(v app.Stream) position { return position{n: int64(v.Created), id: string(v.ID)} })
	return streams, next, nil
}

// UpdateStream changes a stream while nobody else can. Whose it is and its birth stay as they are.
func (s *Store) UpdateStream(ctx context.Context, id app.StreamID, change func(*app.Stream) error) (app.Stream, error) {
	var v app.Stream
	err := db.Retry(ctx, func() error {
		called := false
		err := s.db.Tx(ctx, func(tx db.Tx) (err error) {
			v, err = one(ctx, tx, scanStream, noStream, "SELECT "+streamColumns+" FROM streams s WHERE s.id = $1"+s.db.ForUpdate(), id)
			if err != nil {
				return err
			}
			called = true
			before := v
			if err := change(&v); err != nil {
				return err
			}
			v.ID, v.OwnerID, v.RoomID, v.Created = before.ID, before.OwnerID, before.RoomID, before.Created
			v.ForItems = before.ForItems
			tx.Exec(`UPDATE streams SET title = $2, visibility = $3, tokens_after = $4, version = $5, record = $6, record_ask = $7,
				record_asked = $8, pull_url = $9 WHERE id = $1`,
				id, v.Title, v.Visibility, v.TokensAfter, v.Version, v.Record, v.Ask.What, v.Ask.At, v.PullURL)
			return nil
		})
		return once(err, called)
	})
	if err != nil {
		return app.Stream{}, failure(err, noStream)
	}
	return v, nil
}

// UnshownStreams lists what was made for items of a room that are gone.
func (s *Store) UnshownStreams(ctx context.Context, room app.RoomID, before app.Time) ([]app.StreamID, error) {
	return all(ctx, s.db, func(r db.Row) (id app.StreamID, err error) { return id, r.Scan(&id) },
		`SELECT s.id FROM streams s WHERE s.room_id = $1 AND s.for_items AND s.created < $2 AND NOT EXISTS
			(SELECT 1 FROM media m WHERE m.room_id = s.room_id AND m.provider = 'live' AND m.url = s.id) ORDER BY s.id`, room, before)
}

// DeleteStream removes a stream with its keys.
func (s *Store) DeleteStream(ctx context.Context, id app.StreamID) error {
	return s.write(ctx, noStream, func(tx db.Tx) error {
		n, err := tx.Count(ctx, "DELETE FROM streams WHERE id = $1", id)
		if err == nil && n == 0 {
			return absent(noStream)
		}
		return err
	})
}
