package store

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"synctv/app"
	"synctv/app/playback"
	"synctv/store/internal/db"
)

const (
	roomColumns = "r.id, r.name, r.owner_id, r.settings, r.password_hash, r.invite_code, r.created, r.active, r.seq, r.epoch"
	noRoom      = "This room"
	touchAtOnce = 64 // rooms of one transaction, so that their own changes do not wait long
	maxIdleTTL  = 100 * 365 * 24 * int64(time.Hour/time.Second)
)

func scanRoom(r db.Row) (v app.Room, err error) {
	var settings []byte
	err = r.Scan(&v.ID, &v.Name, &v.OwnerID, &settings, &v.PasswordHash, &v.InviteCode, &v.Created, &v.Active, &v.Seq, &v.Epoch)
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(settings, &v.Settings); err != nil {
		return v, fmt.Errorf("settings of %s: %w", v.ID, err)
	}
	return v, nil
}

// idleTTL is the span of settings in microseconds.
func idleTTL(s app.RoomSettings) int64 {
	return min(max(int64(s.IdleTTL), 0), maxIdleTTL) * time.Second.Microseconds()
}

// CreateRoom writes a room with all it begins with. The log of events begins empty after r.Seq.
func (s *Store) CreateRoom(ctx context.Context, r app.Room, owner app.Member, media []app.Media, pb playback.State) error {
	settings, err := document(r.Settings)
	if err != nil {
		return err
	}
	return s.write(ctx, noRoom, func(tx db.Tx) error {
		tx.Exec(`INSERT INTO rooms (id, name, name_key, owner_id, visibility, settings, password_hash, invite_code, created,
			active, idle_ttl, seq, epoch) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
			r.ID, r.Name, fold(r.Name), r.OwnerID, r.Settings.Visibility, settings, r.PasswordHash, r.InviteCode, r.Created,
			r.Active, idleTTL(r.Settings), r.Seq, r.Epoch)
		if err := saveMember(tx, r.ID, owner); err != nil {
			return err
		}
		for _, m := range media {
			if err := saveMedia(tx, r.ID, m); err != nil {
				return err
			}
		}
		return savePlayback(tx, r.ID, pb)
	})
}

// Room returns a room.
func (s *Store) Room(ctx context.Context, id app.RoomID) (app.Room, error) {
	return one(ctx, s.db, scanRoom, noRoom, "SELECT "+roomColumns+" FROM rooms r WHERE r.id = $1", id)
}

// RoomByInvite returns the room that an invite code opens. No room has the code "".
func (s *Store) RoomByInvite(ctx context.Context, code string) (app.Room, error) {
	return one(ctx, s.db, scanRoom, "This invitation",
		"SELECT "+roomColumns+" FROM rooms r WHERE r.invite_code = $1 AND r.invite_code <> ''", code)
}

// ListRooms pages through rooms, the most recently active first. A room that becomes active meanwhile moves to the front
// and is not met again.
func (s *Store) ListRooms(ctx context.Context, f app.RoomFilter, p app.Page) ([]app.Room, string, error) {
	list := fmt.Sprintf("rooms %q %q %q %q %q", f.Visibility, f.Member, f.Favourite, f.Owner, f.Query)
	at, err := from(list, p, position{n: math.MaxInt64})
	if err != nil {
		return nil, "", err
	}
	sql, args := roomQuery(f, at, limit(p.Limit)+1)
	rooms, err := all(ctx, s.db, scanRoom, sql, args...)
	if err != nil {
		return nil, "", err
	}
	rooms, next := cut(list, rooms, p, func(r app.Room) position { return position{n: int64(r.Active), id: string(r.ID)} })
	return rooms, next, nil
}

func roomQuery(f app.RoomFilter, at position, n int) (string, []any) {
	var b strings.Builder
	args := []any{at.n, at.id}
	arg := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	b.WriteString("SELECT " + roomColumns + " FROM rooms r")
	if f.Member != "" {
		b.WriteString(" JOIN members m ON m.room_id = r.id AND m.person_id = " + arg(f.Member))
	}
	if f.Favourite != "" {
		b.WriteString(" JOIN favourites f ON f.room_id = r.id AND f.user_id = " + arg(f.Favourite))
	}
	b.WriteString(" WHERE (r.active, r.id) < ($1, $2)")
	if f.Visibility != "" {
		b.WriteString(" AND r.visibility = " + arg(f.Visibility))
	}
	if f.Owner != "" {
		b.WriteString(" AND r.owner_id = " + arg(f.Owner))
	}
	if f.Query != "" {
		b.WriteString(" AND r.name_key LIKE " + arg(pattern(f.Query)) + ` ESCAPE '\'`)
	}
	b.WriteString(" ORDER BY r.active DESC, r.id DESC LIMIT " + arg(n))
	return b.String(), args
}

// TouchRooms notes that somebody is present; it never makes a room look older. Rooms that are gone are passed over.
func (s *Store) TouchRooms(ctx context.Context, ids []app.RoomID, at app.Time) error {
	return s.touch(ctx, "UPDATE rooms SET active = $2 WHERE id = $1 AND active < $2", ids, at)
}

// touch runs a statement with ($1 room, $2 time) for each room, in order of their names, so that two who do it lock the
// rows in the same order.
func (s *Store) touch(ctx context.Context, sql string, ids []app.RoomID, at app.Time) error {
	for some := range slices.Chunk(slices.Sorted(slices.Values(ids)), touchAtOnce) {
		err := s.write(ctx, noRoom, func(tx db.Tx) error {
			for _, id := range some {
				tx.Exec(sql, id, at)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// IdleRooms returns rooms that nobody was in for their idle time-to-live, the longest overdue first.
func (s *Store) IdleRooms(ctx context.Context, at app.Time, n int) ([]app.RoomID, error) {
	return all(ctx, s.db, scanOne[app.RoomID],
		"SELECT id FROM rooms WHERE idle_ttl > 0 AND active + idle_ttl <= $1 ORDER BY active + idle_ttl, id LIMIT $2", at, limit(n))
}

// SetFavourite puts a room on an account's list or takes it off; both may be said twice.
func (s *Store) SetFavourite(ctx context.Context, user app.UserID, room app.RoomID, on bool, at app.Time) error {
	return s.write(ctx, noRoom, func(tx db.Tx) error {
		if on {
			tx.Exec(`INSERT INTO favourites (user_id, room_id, created) VALUES ($1, $2, $3)
				ON CONFLICT (user_id, room_id) DO NOTHING`, user, room, at)
		} else {
			tx.Exec("DELETE FROM favourites WHERE user_id = $1 AND room_id = $2", user, room)
		}
		return nil
	})
}

// Favourites tells which of the rooms are on the account's list; others are not in the map.
func (s *Store) Favourites(ctx context.Context, user app.UserID, rooms []app.RoomID) (map[app.RoomID]bool, error) {
	found := make(map[app.RoomID]bool)
	for some := range slices.Chunk(rooms, 128) {
		in, args := placeholders(2, some)
		ids, err := all(ctx, s.db, scanOne[app.RoomID],
			"SELECT room_id FROM favourites WHERE user_id = $1 AND room_id IN ("+in+")", append([]any{user}, args...)...)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			found[id] = true
		}
	}
	return found, nil
}
