package store

import (
	"context"

	"synctv/app"
	"synctv/store/internal/db"
)

const (
	keyColumns = "id, stream_id, hash, label, created, expires, used, single_use, revoked"
	noKey      = "This key"
)

func scanPublishKey(r db.Row) (k app.PublishKey, err error) {
	err = r.Scan(&k.ID, &k.StreamID, &k.Hash, &k.Label, &k.Created, &k.Expires, &k.Used, &k.SingleUse, &k.Revoked)
	return k, err
}

func addPublishKey(tx db.Tx, stream app.StreamID, k app.PublishKey) {
	tx.Exec("INSERT INTO publish_keys ("+keyColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
		k.ID, stream, k.Hash, k.Label, k.Created, k.Expires, k.Used, k.SingleUse, k.Revoked)
}

// AddPublishKey writes a key of a stream that exists. With rotate it holds the stream's row, so that of two who rotate
// at once the second revokes the first one's key.
func (s *Store) AddPublishKey(ctx context.Context, k app.PublishKey, rotate bool) (revoked []app.PublishKeyID, err error) {
	err = s.write(ctx, noStream, func(tx db.Tx) (err error) {
		revoked = nil
		_, err = one(ctx, tx, scanOne[app.StreamID], noStream, "SELECT id FROM streams WHERE id = $1"+s.db.ForUpdate(), k.StreamID)
		if err != nil {
			return err
		}
		if rotate {
			revoked, err = all(ctx, tx, scanOne[app.PublishKeyID],
				"UPDATE publish_keys SET revoked = $2 WHERE stream_id = $1 AND revoked = 0 RETURNING id", k.StreamID, k.Created)
		}
		addPublishKey(tx, k.StreamID, k)
		return err
	})
	if err != nil {
		return nil, err
	}
	return revoked, nil
}

// PublishKey returns a key, also one that has ended.
func (s *Store) PublishKey(ctx context.Context, id app.PublishKeyID) (app.PublishKey, error) {
	return one(ctx, s.db, scanPublishKey, noKey, "SELECT "+keyColumns+" FROM publish_keys WHERE id = $1", id)
}

// ListPublishKeys returns the keys of a stream that are not revoked, newest first.
func (s *Store) ListPublishKeys(ctx context.Context, stream app.StreamID, n int) ([]app.PublishKey, error) {
	return all(ctx, s.db, scanPublishKey, "SELECT "+keyColumns+` FROM publish_keys
		WHERE stream_id = $1 AND revoked = 0 ORDER BY created DESC, id DESC LIMIT $2`, stream, limit(n))
}

// UpdatePublishKey changes when a key was used and revoked, while nobody else can.
func (s *Store) UpdatePublishKey(ctx context.Context, id app.PublishKeyID, change func(*app.PublishKey) error) (app.PublishKey, error) {
	var k app.PublishKey
	err := db.Retry(ctx, func() error {
		called := false
		err := s.db.Tx(ctx, func(tx db.Tx) (err error) {
			k, err = one(ctx, tx, scanPublishKey, noKey, "SELECT "+keyColumns+" FROM publish_keys WHERE id = $1"+s.db.ForUpdate(), id)
			if err != nil {
				return err
			}
			called = true
			after := k
			if err := change(&after); err != nil {
				return err
			}
			k.Used, k.Revoked = after.Used, after.Revoked
			tx.Exec("UPDATE publish_keys SET used = $2, revoked = $3 WHERE id = $1", id, k.Used, k.Revoked)
			return nil
		})
		return once(err, called)
	})
	if err != nil {
		return app.PublishKey{}, failure(err, noKey)
	}
	return k, nil
}

// DeleteEndedPublishKeys removes keys that ended, by time or by revocation, before the given time.
func (s *Store) DeleteEndedPublishKeys(ctx context.Context, before app.Time) (int, error) {
	total := 0
	for {
		var n int64
		err := s.write(ctx, noKey, func(tx db.Tx) (err error) {
			n, err = tx.Count(ctx, `DELETE FROM publish_keys WHERE id IN (SELECT id FROM publish_keys
				WHERE (expires > 0 AND expires < $1) OR (revoked > 0 AND revoked < $1) LIMIT $2)`, before, deleteAtOnce)
			return err
		})
		total += int(n)
		if err != nil || n < deleteAtOnce {
			return total, err
		}
	}
}
