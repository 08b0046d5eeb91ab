package apptest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"synctv/app"
	"synctv/app/playback"
)

// room is a room with everything in it. Guarded by Store.mu.
type room struct {
	room     app.Room
	members  map[app.PersonID]app.Member
	bans     map[app.PersonID]app.Ban
	media    map[app.MediaID]app.Media
	messages map[app.MessageID]app.Message
	state    playback.State
	seen     app.Time
	log      [][]byte // encoded events, consecutive, the newest is room.Seq
}

func cloneRoom(r app.Room) app.Room {
	r.Settings.Overrides = maps.Clone(r.Settings.Overrides)
	return r
}

func cloneMedia(m app.Media) app.Media {
	m.Meta.Headers, m.Meta.Subtitles, m.Meta.Codecs = maps.Clone(m.Meta.Headers), slices.Clone(m.Meta.Subtitles), slices.Clone(m.Meta.Codecs)
	return m
}

func cloneMessage(m app.Message) app.Message {
	if m.Danmaku != nil {
		d := *m.Danmaku
		m.Danmaku = &d
	}
	return m
}

// find returns a room. Holds s.mu.
func (s *Store) find(id app.RoomID) (*room, error) {
	r, ok := s.rooms[id]
	if !ok {
		return nil, absent("This room")
	}
	return r, nil
}

func (s *Store) dropRoom(id app.RoomID) {
	delete(s.rooms, id)
	s.dropStreams(func(v app.Stream) bool { return v.RoomID == id })
	for key := range s.favourites {
		if key.room == id {
			delete(s.favourites, key)
		}
	}
}

// codeTaken tells whether another room has the invite code. Holds s.mu.
func (s *Store) codeTaken(r app.Room) bool {
	for id, other := range s.rooms {
		if id != r.ID && r.InviteCode != "" && other.room.InviteCode == r.InviteCode {
			return true
		}
	}
	return false
}

// CreateRoom implements app.RoomStore.
func (s *Store) CreateRoom(ctx context.Context, r app.Room, owner app.Member, media []app.Media, pb playback.State) error {
	leave, err := s.enter(ctx, "CreateRoom", string(r.ID), r.Name)
	if err != nil {
		return err
	}
	defer leave()
	switch _, known := s.users[r.OwnerID]; {
	case s.rooms[r.ID] != nil:
		return taken("id")
	case !known:
		return absent("This account")
	case s.codeTaken(r):
		return taken("invite_code")
	}
	n := &room{room: cloneRoom(r), members: map[app.PersonID]app.Member{owner.ID: owner}, bans: make(map[app.PersonID]app.Ban),
		media: make(map[app.MediaID]app.Media), messages: make(map[app.MessageID]app.Message), state: pb}
	for _, m := range media {
		n.media[m.ID] = cloneMedia(m)
	}
	s.rooms[r.ID] = n
	return nil
}

// Room implements app.RoomStore.
func (s *Store) Room(ctx context.Context, id app.RoomID) (app.Room, error) {
	leave, err := s.enter(ctx, "Room", string(id))
	if err != nil {
		return app.Room{}, err
	}
	defer leave()
	r, err := s.find(id)
	if err != nil {
		return app.Room{}, err
	}
	return cloneRoom(r.room), nil
}

// RoomByInvite implements app.RoomStore.
func (s *Store) RoomByInvite(ctx context.Context, code string) (app.Room, error) {
	leave, err := s.enter(ctx, "RoomByInvite", code)
	if err != nil {
		return app.Room{}, err
	}
	defer leave()
	for _, r := range s.rooms {
		if code != "" && r.room.InviteCode == code {
			return cloneRoom(r.room), nil
		}
	}
	return app.Room{}, absent("This invitation")
}

// ListRooms implements app.RoomStore.
func (s *Store) ListRooms(ctx context.Context, f app.RoomFilter, p app.Page) ([]app.Room, string, error) {
	leave, err := s.enter(ctx, "ListRooms", f.Query)
	if err != nil {
		return nil, "", err
	}
	defer leave()
	var found []app.Room
	for id, r := range s.rooms {
		_, member := r.members[f.Member]
		if f.Visibility != "" && r.room.Settings.Visibility != f.Visibility || f.Member != "" && !member ||
			f.Favourite != "" && !s.favourites[favourite{f.Favourite, id}] || f.Owner != "" && r.room.OwnerID != f.Owner ||
			!strings.Contains(fold(r.room.Name), fold(f.Query)) {
			continue
		}
		found = append(found, cloneRoom(r.room))
	}
	return page(fmt.Sprintf("rooms %q", f), found, p, func(r app.Room) place { return place{-int64(r.Active), "", string(r.ID), true} })
}

// TouchRooms implements app.RoomStore.
func (s *Store) TouchRooms(ctx context.Context, ids []app.RoomID, at app.Time) error {
	leave, err := s.enter(ctx, "TouchRooms")
	if err != nil {
		return err
	}
	defer leave()
	for _, id := range ids {
		if r := s.rooms[id]; r != nil {
			r.room.Active = max(r.room.Active, at)
		}
	}
	return nil
}

// IdleRooms implements app.RoomStore.
func (s *Store) IdleRooms(ctx context.Context, at app.Time, limit int) ([]app.RoomID, error) {
	leave, err := s.enter(ctx, "IdleRooms")
	if err != nil {
		return nil, err
	}
	defer leave()
	over := make(map[app.RoomID]app.Time)
	for id, r := range s.rooms {
		ttl := min(r.room.Settings.IdleTTL, 100*365*86400)
		if due := r.room.Active.Add(time.Duration(ttl) * time.Second); ttl > 0 && due <= at {
			over[id] = due
		}
	}
	ids := slices.SortedFunc(maps.Keys(over), func(a, b app.RoomID) int { return cmp.Or(cmp.Compare(over[a], over[b]), cmp.Compare(a, b)) })
	return ids[:min(limit, len(ids))], nil
}

// SetFavourite implements app.RoomStore.
func (s *Store) SetFavourite(ctx context.Context, user app.UserID, id app.RoomID, on bool, _ app.Time) error {
	leave, err := s.enter(ctx, "SetFavourite", string(id))
	if err != nil {
		return err
	}
	defer leave()
	if !on {
		delete(s.favourites, favourite{user, id})
		return nil
	}
	if _, known := s.users[user]; !known || s.rooms[id] == nil {
		return absent("What this belongs to")
	}
	s.favourites[favourite{user, id}] = true
	return nil
}

// Favourites implements app.RoomStore.
func (s *Store) Favourites(ctx context.Context, user app.UserID, ids []app.RoomID) (map[app.RoomID]bool, error) {
	leave, err := s.enter(ctx, "Favourites")
	if err != nil {
		return nil, err
	}
	defer leave()
	found := make(map[app.RoomID]bool)
	for _, id := range ids {
		if s.favourites[favourite{user, id}] {
			found[id] = true
		}
	}
	return found, nil
}

// EventsAfter implements app.EventStore.
func (s *Store) EventsAfter(ctx context.Context, id app.RoomID, seq uint32, limit int) ([]app.Event, bool, error) {
	leave, err := s.enter(ctx, "EventsAfter", string(id))
	if err != nil {
		return nil, false, err
	}
	defer leave()
	r, err := s.find(id)
	if err != nil {
		return nil, false, err
	}
	first := r.room.Seq - uint32(len(r.log)) // the number before the oldest event
	if seq >= r.room.Seq {
		return nil, seq == r.room.Seq, nil
	}
	log := r.log[max(seq, first)-first:]
	var events []app.Event
	for _, data := range log[:min(limit, len(log))] {
		ev, err := app.DecodeEvent(data)
		if err != nil {
			return nil, false, app.Internal(err)
		}
		events = append(events, ev)
	}
	return events, seq >= first, nil
}

// Forget drops the oldest events of a room's log until at most keep are left.
func (s *Store) Forget(id app.RoomID, keep int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.rooms[id]; r != nil && len(r.log) > keep {
		r.log = r.log[len(r.log)-keep:]
	}
}

// Playback implements app.PlaybackStore.
func (s *Store) Playback(ctx context.Context, id app.RoomID) (playback.State, app.Time, error) {
	leave, err := s.enter(ctx, "Playback", string(id))
	if err != nil {
		return playback.State{}, 0, err
	}
	defer leave()
	r, err := s.find(id)
	if err != nil {
		return playback.State{}, 0, err
	}
	return r.state, r.seen, nil
}

// NotePlaying implements app.PlaybackStore.
func (s *Store) NotePlaying(ctx context.Context, ids []app.RoomID, at app.Time) error {
	leave, err := s.enter(ctx, "NotePlaying")
	if err != nil {
		return err
	}
	defer leave()
	for _, id := range ids {
		if r := s.rooms[id]; r != nil {
			r.seen = max(r.seen, at)
		}
	}
	return nil
}
