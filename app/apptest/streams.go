package apptest

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"

	"synctv/app"
)

// dropStreams removes streams with their keys. Holds s.mu.
func (s *Store) dropStreams(which func(app.Stream) bool) {
	for id, v := range s.streams {
		if !which(v) {
			continue
		}
		delete(s.streams, id)
		for key, k := range s.keys {
			if k.StreamID == id {
				delete(s.keys, key)
			}
		}
		for key, r := range s.recordings {
			if r.StreamID == id {
				r.StreamID = ""
				s.recordings[key] = r
			}
		}
	}
}

// CreateStream implements app.StreamStore.
func (s *Store) CreateStream(ctx context.Context, v app.Stream, first app.PublishKey) error {
	leave, err := s.enter(ctx, "CreateStream", string(v.ID), v.Title)
	if err != nil {
		return err
	}
	defer leave()
	if _, ok := s.streams[v.ID]; ok {
		return taken("id")
	}
	if _, ok := s.users[v.OwnerID]; !ok || v.RoomID != "" && s.rooms[v.RoomID] == nil {
		return absent("What this belongs to")
	}
	s.streams[v.ID] = v
	if first.ID != "" {
		s.keys[first.ID] = cloneKey(first)
	}
	return nil
}

func cloneKey(k app.PublishKey) app.PublishKey {
	k.Hash = bytes.Clone(k.Hash)
	return k
}

// Stream implements app.StreamStore.
func (s *Store) Stream(ctx context.Context, id app.StreamID) (app.Stream, error) {
	leave, err := s.enter(ctx, "Stream", string(id))
	if err != nil {
		return app.Stream{}, err
	}
	defer leave()
	v, ok := s.streams[id]
	if !ok {
		return app.Stream{}, absent("This stream")
	}
	return v, nil
}

// ListStreams implements app.StreamStore.
func (s *Store) ListStreams(ctx context.Context, f app.StreamFilter, p app.Page) ([]app.Stream, string, error) {
	leave, err := s.enter(ctx, "ListStreams", string(f.Room))
	if err != nil {
		return nil, "", err
	}
	defer leave()
	var found []app.Stream
	for _, v := range s.streams {
		if (f.Visibility == "" || v.Visibility == f.Visibility) && (f.Owner == "" || v.OwnerID == f.Owner) && (f.Room == "" || v.RoomID == f.Room) &&
			!(f.NotForItems && v.ForItems) && !(f.Pulled && v.PullURL == "") {
			found = append(found, v)
		}
	}
	return page(fmt.Sprintf("streams %+v", f), found, p, func(v app.Stream) place { return place{-int64(v.Created), "", string(v.ID), true} })
}

// UpdateStream implements app.StreamStore.
func (s *Store) UpdateStream(ctx context.Context, id app.StreamID, change func(*app.Stream) error) (app.Stream, error) {
	leave, err := s.enter(ctx, "UpdateStream", string(id))
	if err != nil {
		return app.Stream{}, err
	}
	defer leave()
	before, ok := s.streams[id]
	if !ok {
		return app.Stream{}, absent("This stream")
	}
	after := before
	if err := change(&after); err != nil {
		return app.Stream{}, err
	}
	after.ID, after.OwnerID, after.RoomID, after.Created = before.ID, before.OwnerID, before.RoomID, before.Created
	after.ForItems = before.ForItems
	s.streams[id] = after
	return after, nil
}

// UnshownStreams implements app.StreamStore.
func (s *Store) UnshownStreams(ctx context.Context, room app.RoomID, before app.Time) ([]app.StreamID, error) {
	leave, err := s.enter(ctx, "UnshownStreams", string(room))
	if err != nil {
		return nil, err
	}
	defer leave()
	var ids []app.StreamID
	for id, v := range s.streams {
		if v.RoomID == room && v.ForItems && v.Created < before && !s.shown(room, id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids, nil
}

// shown tells whether an item of a room is the stream. Holds s.mu.
func (s *Store) shown(room app.RoomID, id app.StreamID) bool {
	r := s.rooms[room]
	if r == nil {
		return false
	}
	for _, m := range r.media {
		if m.Provider == "live" && m.URL == string(id) {
			return true
		}
	}
	return false
}

// DeleteStream implements app.StreamStore.
func (s *Store) DeleteStream(ctx context.Context, id app.StreamID) error {
	leave, err := s.enter(ctx, "DeleteStream", string(id))
	if err != nil {
		return err
	}
	defer leave()
	if _, ok := s.streams[id]; !ok {
		return absent("This stream")
	}
	s.dropStreams(func(v app.Stream) bool { return v.ID == id })
	return nil
}

// AddPublishKey implements app.StreamStore.
func (s *Store) AddPublishKey(ctx context.Context, k app.PublishKey, rotate bool) ([]app.PublishKeyID, error) {
	leave, err := s.enter(ctx, "AddPublishKey", string(k.ID), k.Label)
	if err != nil {
		return nil, err
	}
	defer leave()
	if _, ok := s.streams[k.StreamID]; !ok {
		return nil, absent("This stream")
	}
	if _, ok := s.keys[k.ID]; ok {
		return nil, taken("id")
	}
	var revoked []app.PublishKeyID
	for id, old := range s.keys {
		if rotate && old.StreamID == k.StreamID && old.Revoked == 0 {
			old.Revoked = k.Created
			s.keys[id] = old
			revoked = append(revoked, id)
		}
	}
	s.keys[k.ID] = cloneKey(k)
	return revoked, nil
}

// PublishKey implements app.StreamStore.
func (s *Store) PublishKey(ctx context.Context, id app.PublishKeyID) (app.PublishKey, error) {
	leave, err := s.enter(ctx, "PublishKey", string(id))
	if err != nil {
		return app.PublishKey{}, err
	}
	defer leave()
	k, ok := s.keys[id]
	if !ok {
		return app.PublishKey{}, absent("This key")
	}
	return cloneKey(k), nil
}

// ListPublishKeys implements app.StreamStore.
func (s *Store) ListPublishKeys(ctx context.Context, stream app.StreamID, limit int) ([]app.PublishKey, error) {
	leave, err := s.enter(ctx, "ListPublishKeys", string(stream))
	if err != nil {
		return nil, err
	}
	defer leave()
	list := []app.PublishKey{}
	for _, k := range s.keys {
		if k.StreamID == stream && k.Revoked == 0 {
			list = append(list, cloneKey(k))
		}
	}
	slices.SortFunc(list, func(a, b app.PublishKey) int {
		return cmp.Or(cmp.Compare(b.Created, a.Created), cmp.Compare(b.ID, a.ID))
	})
	return list[:min(limit, len(list))], nil
}

// UpdatePublishKey implements app.StreamStore.
func (s *Store) UpdatePublishKey(ctx context.Context, id app.PublishKeyID, change func(*app.PublishKey) error) (app.PublishKey, error) {
	leave, err := s.enter(ctx, "UpdatePublishKey", string(id))
	if err != nil {
		return app.PublishKey{}, err
	}
	defer leave()
	k, ok := s.keys[id]
	if !ok {
		return app.PublishKey{}, absent("This key")
	}
	after := cloneKey(k)
	if err := change(&after); err != nil {
		return app.PublishKey{}, err
	}
	k.Used, k.Revoked = after.Used, after.Revoked
	s.keys[id] = k
	return cloneKey(k), nil
}

// DeleteEndedPublishKeys implements app.StreamStore.
func (s *Store) DeleteEndedPublishKeys(ctx context.Context, before app.Time) (int, error) {
	leave, err := s.enter(ctx, "DeleteEndedPublishKeys")
	if err != nil {
		return 0, err
	}
	defer leave()
	n := 0
	for id, k := range s.keys {
		if k.Expires > 0 && k.Expires < before || k.Revoked > 0 && k.Revoked < before {
			delete(s.keys, id)
			n++
		}
	}
	return n, nil
}
