package store

import (
	"context"
	"math"

	"synctv/app"
	"synctv/store/internal/db"
)

const (
	memberColumns = "room_id, person_id, name, role, allow, deny, joined, address_key"
	banColumns    = "room_id, person_id, name, reason, banned_by, created, address_key"
	noMember      = "This member"
	noBan         = "This ban"
)

func scanMember(r db.Row) (m app.Member, err error) {
	err = r.Scan(&m.RoomID, &m.ID, &m.Name, &m.Role, &m.Own.Allow, &m.Own.Deny, &m.Joined, &m.AddressKey)
	return m, err
}

func scanBan(r db.Row) (b app.Ban, err error) {
	err = r.Scan(&b.RoomID, &b.ID, &b.Name, &b.Reason, &b.By, &b.Created, &b.AddressKey)
	return b, err
}

func member(ctx context.Context, q db.Reader, room app.RoomID, id app.PersonID) (app.Member, error) {
	return one(ctx, q, scanMember, noMember, "SELECT "+memberColumns+" FROM members WHERE room_id = $1 AND person_id = $2", room, id)
}

func saveMember(tx db.Tx, room app.RoomID, m app.Member) error {
	if err := belongs(m.RoomID, room); err != nil {
		return err
	}
	tx.Exec("INSERT INTO members ("+memberColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (room_id, person_id) DO UPDATE SET name = excluded.name, role = excluded.role, allow = excluded.allow,
		deny = excluded.deny, joined = excluded.joined, address_key = excluded.address_key`,
		room, m.ID, m.Name, m.Role, m.Own.Allow, m.Own.Deny, m.Joined, m.AddressKey)
	return nil
}

func saveBan(tx db.Tx, room app.RoomID, b app.Ban) error {
	if err := belongs(b.RoomID, room); err != nil {
		return err
	}
	tx.Exec("INSERT INTO bans ("+banColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (room_id, person_id) DO UPDATE SET name = excluded.name, reason = excluded.reason,
		banned_by = excluded.banned_by, created = excluded.created, address_key = excluded.address_key`,
		room, b.ID, b.Name, b.Reason, b.By, b.Created, b.AddressKey)
	return nil
}

// Member returns one person's standing.
func (s *Store) Member(ctx context.Context, room app.RoomID, id app.PersonID) (app.Member, error) {
	return member(ctx, s.db, room, id)
}

// ListMembers pages through the people of a room, the longest-standing first.
func (s *Store) ListMembers(ctx context.Context, room app.RoomID, p app.Page) ([]app.Member, string, error) {
	list := "members " + string(room)
	at, err := from(list, p, position{n: math.MinInt64})
	if err != nil {
		return nil, "", err
	}
	members, err := all(ctx, s.db, scanMember, "SELECT "+memberColumns+` FROM members
		WHERE room_id = $1 AND (joined, person_id) > ($2, $3) ORDER BY joined, person_id LIMIT $4`,
		room, at.n, at.id, limit(p.Limit)+1)
	if err != nil {
		return nil, "", err
	}
	members, next := cut(list, members, p, func(m app.Member) position { return position{n: int64(m.Joined), id: string(m.ID)} })
	return members, next, nil
}

// OldGuests returns guests of all rooms, the longest-standing first.
func (s *Store) OldGuests(ctx context.Context, before app.Time, n int) ([]app.Member, error) {
	return all(ctx, s.db, scanMember, "SELECT "+memberColumns+` FROM members
		WHERE role = 'guest' AND joined < $1 ORDER BY joined, room_id, person_id LIMIT $2`, before, limit(n))
}

// CountMembers counts the people of a room who have an account, present or not.
func (s *Store) CountMembers(ctx context.Context, room app.RoomID) (int, error) {
	return one(ctx, s.db, scanOne[int], "", "SELECT count(*) FROM members WHERE room_id = $1 AND role <> 'guest'", room)
}

// Ban returns the ban of the person or, if there is none, one of the network.
func (s *Store) Ban(ctx context.Context, room app.RoomID, id app.PersonID, addressKey string) (app.Ban, error) {
	return ban(ctx, s.db, room, id, addressKey)
}

func ban(ctx context.Context, q db.Reader, room app.RoomID, id app.PersonID, addressKey string) (app.Ban, error) {
	return one(ctx, q, scanBan, noBan, "SELECT "+banColumns+` FROM bans
		WHERE room_id = $1 AND (person_id = $2 OR (address_key = $3 AND address_key <> ''))
		ORDER BY person_id = $2 DESC, created DESC LIMIT 1`, room, id, addressKey)
}

// ListBans pages through the bans of a room, newest first.
func (s *Store) ListBans(ctx context.Context, room app.RoomID, p app.Page) ([]app.Ban, string, error) {
	list := "bans " + string(room)
	at, err := from(list, p, position{n: math.MaxInt64})
	if err != nil {
		return nil, "", err
	}
	bans, err := all(ctx, s.db, scanBan, "SELECT "+banColumns+` FROM bans
		WHERE room_id = $1 AND (created, person_id) < ($2, $3) ORDER BY created DESC, person_id DESC LIMIT $4`,
		room, at.n, at.id, limit(p.Limit)+1)
	if err != nil {
		return nil, "", err
	}
	bans, next := cut(list, bans, p, func(b app.Ban) position { return position{n: int64(b.Created), id: string(b.ID)} })
	return bans, next, nil
}
