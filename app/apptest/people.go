package apptest

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"synctv/app"
)

// in opens a call about one room; rooms that do not exist are empty to those who list.
func (s *Store) in(ctx context.Context, method string, id app.RoomID) (*room, func(), error) {
	leave, err := s.enter(ctx, method, string(id))
	if err != nil {
		return nil, nil, err
	}
	if r := s.rooms[id]; r != nil {
		return r, leave, nil
	}
	return &room{}, leave, nil
}

// Member implements app.MemberStore.
func (s *Store) Member(ctx context.Context, id app.RoomID, who app.PersonID) (app.Member, error) {
	r, leave, err := s.in(ctx, "Member", id)
	if err != nil {
		return app.Member{}, err
	}
	defer leave()
	m, ok := r.members[who]
	if !ok {
		return app.Member{}, absent("This member")
	}
	return m, nil
}

// ListMembers implements app.MemberStore.
func (s *Store) ListMembers(ctx context.Context, id app.RoomID, p app.Page) ([]app.Member, string, error) {
	r, leave, err := s.in(ctx, "ListMembers", id)
	if err != nil {
		return nil, "", err
	}
	defer leave()
	return page("members "+string(id), slices.Collect(maps.Values(r.members)), p,
		func(m app.Member) place { return place{int64(m.Joined), "", string(m.ID), false} })
}

// CountMembers implements app.MemberStore.
func (s *Store) CountMembers(ctx context.Context, id app.RoomID) (int, error) {
	r, leave, err := s.in(ctx, "CountMembers", id)
	if err != nil {
		return 0, err
	}
	defer leave()
	n := 0
	for _, m := range r.members {
		if m.Role != app.RoleGuest {
			n++
		}
	}
	return n, nil
}

// OldGuests implements app.MemberStore.
func (s *Store) OldGuests(ctx context.Context, before app.Time, limit int) ([]app.Member, error) {
	leave, err := s.enter(ctx, "OldGuests")
	if err != nil {
		return nil, err
	}
	defer leave()
	list := []app.Member{}
	for _, r := range s.rooms {
		for _, m := range r.members {
			if m.Role == app.RoleGuest && m.Joined < before {
				list = append(list, m)
			}
		}
	}
	slices.SortFunc(list, func(a, b app.Member) int {
		return cmp.Or(cmp.Compare(a.Joined, b.Joined), cmp.Compare(a.RoomID, b.RoomID), cmp.Compare(a.ID, b.ID))
	})
	return list[:min(limit, len(list))], nil
}

// Ban implements app.MemberStore.
func (s *Store) Ban(ctx context.Context, id app.RoomID, who app.PersonID, addressKey string) (app.Ban, error) {
	r, leave, err := s.in(ctx, "Ban", id)
	if err != nil {
		return app.Ban{}, err
	}
	defer leave()
	return r.ban(who, addressKey)
}

func (r *room) ban(who app.PersonID, addressKey string) (app.Ban, error) {
	if b, ok := r.bans[who]; ok {
		return b, nil
	}
	var best app.Ban
	for _, b := range r.bans {
		if addressKey != "" && b.AddressKey == addressKey && b.Created >= best.Created {
			best = b
		}
	}
	if best.ID == "" {
		return app.Ban{}, absent("This ban")
	}
	return best, nil
}

// ListBans implements app.MemberStore.
func (s *Store) ListBans(ctx context.Context, id app.RoomID, p app.Page) ([]app.Ban, string, error) {
	r, leave, err := s.in(ctx, "ListBans", id)
	if err != nil {
		return nil, "", err
	}
	defer leave()
	return page("bans "+string(id), slices.Collect(maps.Values(r.bans)), p,
		func(b app.Ban) place { return place{-int64(b.Created), "", string(b.ID), true} })
}

// Media implements app.MediaStore.
func (s *Store) Media(ctx context.Context, id app.RoomID, media app.MediaID) (app.Media, error) {
	r, leave, err := s.in(ctx, "Media", id)
	if err != nil {
		return app.Media{}, err
	}
	defer leave()
	return r.findMedia(media)
}

func (r *room) findMedia(id app.MediaID) (app.Media, error) {
	m, ok := r.media[id]
	if !ok {
		return app.Media{}, absent("This item")
	}
	return cloneMedia(m), nil
}

// children lists a folder, in no order.
func (r *room) children(parent app.MediaID) []app.Media {
	list := []app.Media{}
	for _, m := range r.media {
		if m.ParentID == parent {
			list = append(list, cloneMedia(m))
		}
	}
	return list
}

// ListMedia implements app.MediaStore.
func (s *Store) ListMedia(ctx context.Context, id app.RoomID, parent app.MediaID, p app.Page) ([]app.Media, string, error) {
	r, leave, err := s.in(ctx, "ListMedia", id)
	if err != nil {
		return nil, "", err
	}
	defer leave()
	return page("media "+string(id)+" "+string(parent), r.children(parent), p,
		func(m app.Media) place { return place{0, m.OrderKey, string(m.ID), false} })
}

// CountMedia implements app.MediaStore.
func (s *Store) CountMedia(ctx context.Context, id app.RoomID) (int, error) {
	r, leave, err := s.in(ctx, "CountMedia", id)
	if err != nil {
		return 0, err
	}
	defer leave()
	return len(r.media), nil
}

// Message implements app.MessageStore.
func (s *Store) Message(ctx context.Context, id app.RoomID, message app.MessageID) (app.Message, error) {
	r, leave, err := s.in(ctx, "Message", id)
	if err != nil {
		return app.Message{}, err
	}
	defer leave()
	return r.findMessage(message)
}

func (r *room) findMessage(id app.MessageID) (app.Message, error) {
	m, ok := r.messages[id]
	if !ok {
		return app.Message{}, absent("This message")
	}
	return cloneMessage(m), nil
}

// ListMessages implements app.MessageStore.
func (s *Store) ListMessages(ctx context.Context, id app.RoomID, p app.Page) ([]app.Message, string, error) {
	r, leave, err := s.in(ctx, "ListMessages", id)
	if err != nil {
		return nil, "", err
	}
	defer leave()
	list := make([]app.Message, 0, len(r.messages))
	for _, m := range r.messages {
		list = append(list, cloneMessage(m))
	}
	return page("messages "+string(id), list, p, func(m app.Message) place { return place{-int64(m.Seq), "", string(m.ID), true} })
}

// ListDanmaku implements app.MessageStore.
func (s *Store) ListDanmaku(ctx context.Context, id app.RoomID, media app.MediaID, fromMs, toMs float64, limit int) ([]app.Message, error) {
	r, leave, err := s.in(ctx, "ListDanmaku", id)
	if err != nil {
		return nil, err
	}
	defer leave()
	list := []app.Message{}
	for _, m := range r.messages {
		if d := m.Danmaku; d != nil && d.MediaID == media && !m.Deleted && d.PositionMs >= fromMs && d.PositionMs < toMs {
			list = append(list, cloneMessage(m))
		}
	}
	slices.SortFunc(list, func(a, b app.Message) int {
		return cmp.Or(cmp.Compare(a.Danmaku.PositionMs, b.Danmaku.PositionMs), cmp.Compare(a.ID, b.ID))
	})
	return list[:min(limit, len(list))], nil
}
