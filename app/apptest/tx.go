package apptest

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"synctv/app"
	"synctv/app/playback"
)

// UpdateRoom implements app.RoomStore. Every write leaves behind how to undo it.
func (s *Store) UpdateRoom(ctx context.Context, id app.RoomID, change func(app.RoomTx) error) (events []app.Event, err error) {
	leave, err := s.enter(ctx, "UpdateRoom", string(id))
	if err != nil {
		return nil, err
	}
	defer leave()
	r, err := s.find(id)
	if err != nil {
		return nil, err
	}
	before, log := r.room, r.log
	t := &tx{ctx: ctx, store: s, r: r}
	done := false
	defer func() {
		t.over = true
		if done {
			return
		}
		for _, undo := range slices.Backward(t.undo) {
			undo()
		}
		s.rooms[id], r.room, r.log = r, before, log
	}()
	if err := change(t); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, late(err)
	}
	if s.codeTaken(r.room) {
		return nil, taken("invite_code")
	}
	if done = true; t.deleted {
		s.dropRoom(id)
	}
	return t.events, nil
}

// tx implements app.RoomTx.
type tx struct {
	ctx           context.Context // of the call it lives in
	store         *Store
	r             *room
	undo          []func()
	events        []app.Event
	over, deleted bool
}

func (t *tx) usable(room app.RoomID, texts ...string) error {
	switch err := t.ctx.Err(); {
	case t.over:
		return app.Internal(errors.New("a transaction was used after its end"))
	case t.deleted:
		return app.Internal(errors.New("a room was used after it was deleted"))
	case room != "" && room != t.r.room.ID:
		return app.Internal(errors.New("this belongs to another room"))
	case err != nil:
		return late(err)
	}
	return holdable(texts...)
}

// put writes one entry of a map so that it can be undone.
func put[K comparable, V any](t *tx, m map[K]V, k K, v V) {
	old, had := m[k]
	t.undo = append(t.undo, func() {
		if had {
			m[k] = old
		} else {
			delete(m, k)
		}
	})
	m[k] = v
}

func drop[K comparable, V any](t *tx, m map[K]V, k K) {
	if old, had := m[k]; had {
		t.undo = append(t.undo, func() { m[k] = old })
		delete(m, k)
	}
}

func (t *tx) Room() app.Room { return cloneRoom(t.r.room) }

func (t *tx) SaveRoom(r app.Room) error {
	if err := t.usable(r.ID, r.Name); err != nil {
		return err
	}
	r = cloneRoom(r)
	r.ID, r.Created, r.Seq = t.r.room.ID, t.r.room.Created, t.r.room.Seq
	t.r.room = r
	return nil
}

func (t *tx) DeleteRoom() error {
	if err := t.usable(""); err != nil {
		return err
	}
	t.deleted = true
	return nil
}

func (t *tx) Member(id app.PersonID) (app.Member, error) {
	if err := t.usable("", string(id)); err != nil {
		return app.Member{}, err
	}
	m, ok := t.r.members[id]
	if !ok {
		return app.Member{}, absent("This member")
	}
	return m, nil
}

func (t *tx) SaveMember(m app.Member) error {
	if err := t.usable(m.RoomID, m.Name); err != nil {
		return err
	}
	m.RoomID = t.r.room.ID
	put(t, t.r.members, m.ID, m)
	return nil
}

func (t *tx) DeleteMember(id app.PersonID) error {
	if err := t.usable(""); err != nil {
		return err
	}
	drop(t, t.r.members, id)
	return nil
}

func (t *tx) SaveBan(b app.Ban) error {
	if err := t.usable(b.RoomID, b.Name, b.Reason); err != nil {
		return err
	}
	b.RoomID = t.r.room.ID
	put(t, t.r.bans, b.ID, b)
	return nil
}

func (t *tx) DeleteBan(id app.PersonID) error {
	if err := t.usable(""); err != nil {
		return err
	}
	drop(t, t.r.bans, id)
	return nil
}

func (t *tx) Ban(id app.PersonID, addressKey string) (app.Ban, error) {
	if err := t.usable("", string(id), addressKey); err != nil {
		return app.Ban{}, err
	}
	return t.r.ban(id, addressKey)
}

func (t *tx) Media(id app.MediaID) (app.Media, error) {
	if err := t.usable("", string(id)); err != nil {
		return app.Media{}, err
	}
	return t.r.findMedia(id)
}

func (t *tx) Siblings(parent app.MediaID) ([]app.Media, error) {
	if err := t.usable("", string(parent)); err != nil {
		return nil, err
	}
	list := t.r.children(parent)
	slices.SortFunc(list, func(a, b app.Media) int { return cmp.Or(cmp.Compare(a.OrderKey, b.OrderKey), cmp.Compare(a.ID, b.ID)) })
	return list, nil
}

func (t *tx) SaveMedia(m app.Media) error {
	if err := t.usable(m.RoomID, m.Title, m.URL); err != nil {
		return err
	}
	m.RoomID = t.r.room.ID
	put(t, t.r.media, m.ID, cloneMedia(m))
	return nil
}

// DeleteMedia takes everything below along.
func (t *tx) DeleteMedia(ids []app.MediaID) error {
	if err := t.usable(""); err != nil {
		return err
	}
	for _, id := range ids {
		if _, ok := t.r.media[id]; !ok {
			continue
		}
		drop(t, t.r.media, id)
		var below []app.MediaID
		for _, m := range t.r.media {
			if m.ParentID == id {
				below = append(below, m.ID)
			}
		}
		if err := t.DeleteMedia(below); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) Message(id app.MessageID) (app.Message, error) {
	if err := t.usable("", string(id)); err != nil {
		return app.Message{}, err
	}
	return t.r.findMessage(id)
}

func (t *tx) MessageByClient(person app.PersonID, client string) (app.Message, error) {
	if err := t.usable("", client); err != nil {
		return app.Message{}, err
	}
	if m, ok := t.byClient(person, client); ok {
		return cloneMessage(m), nil
	}
	return app.Message{}, absent("This message")
}

func (t *tx) byClient(person app.PersonID, client string) (app.Message, bool) {
	if client == "" {
		return app.Message{}, false
	}
	for _, m := range t.r.messages {
		if m.PersonID == person && m.ClientID == client {
			return m, true
		}
	}
	return app.Message{}, false
}

func (t *tx) SaveMessage(m app.Message) error {
	if err := t.usable(m.RoomID, m.Text, m.Name, m.ClientID); err != nil {
		return err
	}
	if other, ok := t.byClient(m.PersonID, m.ClientID); ok && other.ID != m.ID {
		return taken("client_id")
	}
	m.RoomID = t.r.room.ID
	put(t, t.r.messages, m.ID, cloneMessage(m))
	return nil
}

func (t *tx) Playback() (playback.State, error) {
	if err := t.usable(""); err != nil {
		return playback.State{}, err
	}
	return t.r.state, nil
}

func (t *tx) SavePlayback(s playback.State) error {
	if err := t.usable(""); err != nil {
		return err
	}
	if err := s.Validate(); err != nil {
		return app.Internal(err)
	}
	old := t.r.state
	t.undo = append(t.undo, func() { t.r.state = old })
	t.r.state = s
	return nil
}

func (t *tx) NextSeq() uint32 { return t.r.room.Seq + 1 }

func (t *tx) Emit(ev app.Event) error {
	if err := t.usable(""); err != nil {
		return err
	}
	ev.Seq = t.NextSeq()
	data, err := app.EncodeEvent(ev)
	if err != nil {
		return app.Internal(err)
	}
	t.r.room.Seq = ev.Seq
	t.r.log = append(t.r.log, data)
	t.events = append(t.events, ev)
	return nil
}
