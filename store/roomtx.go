package store

import (
	"context"
	"errors"
	"math"

	"synctv/app"
	"synctv/app/playback"
	"synctv/store/internal/db"
)

// UpdateRoom holds the room's row, runs change and commits. change runs at most once.
//
// Writes are queued and travel together: one that the database refuses, such as a client id that is taken, may be told
// by a later call or by UpdateRoom itself. After a failure other than CodeNotFound the transaction is lost, whatever change
// makes of it. UpdateRoom inside change is not possible.
func (s *Store) UpdateRoom(ctx context.Context, id app.RoomID, change func(app.RoomTx) error) ([]app.Event, error) {
	leave, err := s.hot.enter(ctx, id)
	if err != nil {
		return nil, err
	}
	defer leave()
	var t *roomTx
	err = db.Retry(ctx, func() error {
		called := false
		err := s.db.Tx(ctx, func(tx db.Tx) error {
			room, err := one(ctx, tx, scanRoom, noRoom, "SELECT "+roomColumns+" FROM rooms r WHERE r.id = $1"+s.db.ForUpdate(), id)
			if err != nil {
				return err
			}
			called = true
			t = &roomTx{ctx: ctx, tx: tx, room: room, seq: room.Seq}
			defer func() { t.over = true }()
			if err := change(t); err != nil {
				return err
			}
			return t.finish()
		})
		return once(err, called)
	})
	if err != nil {
		return nil, failure(err, noRoom)
	}
	return t.events, nil
}

// roomTx is app's RoomTx. It lives as long as one call of change, which is why it may hold that call's ctx.
type roomTx struct {
	ctx context.Context
	tx  db.Tx

	room    app.Room // as the transaction sees it
	saved   bool     // room is to be written
	deleted bool
	over    bool // change has returned
	seq     uint32
	events  []app.Event
}

var (
	errOver    = errors.New("store: a room's transaction was used after its end")
	errDeleted = errors.New("store: a room was used after it was deleted")
	errForeign = errors.New("store: this belongs to another room")
)

// belongs checks that a value is of this room; "" is taken to be.
func belongs(has, room app.RoomID) error {
	if has != "" && has != room {
		return app.Internal(errForeign)
	}
	return nil
}

// usable is asked before every access.
func (t *roomTx) usable() error {
	switch {
	case t.over:
		return app.Internal(errOver)
	case t.deleted:
		return app.Internal(errDeleted)
	}
	return nil
}

func (t *roomTx) Room() app.Room {
	r := t.room
	r.Seq = t.seq
	return r
}

// SaveRoom keeps what only the store decides: identifier, birth and the number of the newest event.
func (t *roomTx) SaveRoom(r app.Room) error {
	if err := t.usable(); err != nil {
		return err
	}
	if err := belongs(r.ID, t.room.ID); err != nil {
		return err
	}
	r.ID, r.Created = t.room.ID, t.room.Created
	t.room, t.saved = r, true
	return nil
}

func (t *roomTx) DeleteRoom() error {
	if err := t.usable(); err != nil {
		return err
	}
	t.deleted = true
	t.tx.Exec("DELETE FROM rooms WHERE id = $1", t.room.ID)
	return nil
}

func (t *roomTx) NextSeq() uint32 { return t.seq + 1 }

func (t *roomTx) Emit(ev app.Event) error {
	if err := t.usable(); err != nil {
		return err
	}
	if t.seq == math.MaxUint32 {
		return app.Errorf(app.CodeTooLarge, "This room has come to the end of its numbers. Make a new one.")
	}
	ev.Seq = t.NextSeq()
	if err := saveEvent(t.tx, t.room.ID, ev); err != nil {
		return err
	}
	t.seq = ev.Seq
	t.events = append(t.events, ev)
	return nil
}

// finish writes the room's row, last and once.
func (t *roomTx) finish() error {
	switch {
	case t.deleted:
		return nil
	case t.saved:
		return t.writeRoom()
	case len(t.events) > 0:
		t.tx.Exec("UPDATE rooms SET seq = $2 WHERE id = $1", t.room.ID, t.seq)
	}
	return nil
}

func (t *roomTx) writeRoom() error {
	r := t.Room()
	settings, err := document(r.Settings)
	if err != nil {
		return err
	}
	t.tx.Exec(`UPDATE rooms SET name = $2, name_key = $3, owner_id = $4, visibility = $5, settings = $6, password_hash = $7,
		invite_code = $8, active = $9, idle_ttl = $10, seq = $11, epoch = $12 WHERE id = $1`,
		r.ID, r.Name, fold(r.Name), r.OwnerID, r.Settings.Visibility, settings, r.PasswordHash,
		r.InviteCode, r.Active, idleTTL(r.Settings), r.Seq, r.Epoch)
	return nil
}

func (t *roomTx) Member(id app.PersonID) (app.Member, error) {
	if err := t.usable(); err != nil {
		return app.Member{}, err
	}
	return member(t.ctx, t.tx, t.room.ID, id)
}

func (t *roomTx) SaveMember(m app.Member) error {
	if err := t.usable(); err != nil {
		return err
	}
	return saveMember(t.tx, t.room.ID, m)
}

func (t *roomTx) DeleteMember(id app.PersonID) error {
	if err := t.usable(); err != nil {
		return err
	}
	t.tx.Exec("DELETE FROM members WHERE room_id = $1 AND person_id = $2", t.room.ID, id)
	return nil
}

func (t *roomTx) SaveBan(b app.Ban) error {
	if err := t.usable(); err != nil {
		return err
	}
	return saveBan(t.tx, t.room.ID, b)
}

func (t *roomTx) DeleteBan(id app.PersonID) error {
	if err := t.usable(); err != nil {
		return err
	}
	t.tx.Exec("DELETE FROM bans WHERE room_id = $1 AND person_id = $2", t.room.ID, id)
	return nil
}

func (t *roomTx) Ban(id app.PersonID, addressKey string) (app.Ban, error) {
	if err := t.usable(); err != nil {
		return app.Ban{}, err
	}
	return ban(t.ctx, t.tx, t.room.ID, id, addressKey)
}

func (t *roomTx) Media(id app.MediaID) (app.Media, error) {
	if err := t.usable(); err != nil {
		return app.Media{}, err
	}
	return media(t.ctx, t.tx, t.room.ID, id)
}

func (t *roomTx) Siblings(parent app.MediaID) ([]app.Media, error) {
	if err := t.usable(); err != nil {
		return nil, err
	}
	return all(t.ctx, t.tx, scanMedia, "SELECT "+mediaColumns+` FROM media
		WHERE room_id = $1 AND parent_id = $2 ORDER BY order_key, id`, t.room.ID, parent)
}

func (t *roomTx) SaveMedia(m app.Media) error {
	if err := t.usable(); err != nil {
		return err
	}
	return saveMedia(t.tx, t.room.ID, m)
}

func (t *roomTx) DeleteMedia(ids []app.MediaID) error {
	if err := t.usable(); err != nil {
		return err
	}
	deleteMedia(t.tx, t.room.ID, ids)
	return nil
}

func (t *roomTx) Message(id app.MessageID) (app.Message, error) {
	if err := t.usable(); err != nil {
		return app.Message{}, err
	}
	return message(t.ctx, t.tx, t.room.ID, id)
}

func (t *roomTx) MessageByClient(person app.PersonID, clientID string) (app.Message, error) {
	if err := t.usable(); err != nil {
		return app.Message{}, err
	}
	return messageByClient(t.ctx, t.tx, t.room.ID, person, clientID)
}

func (t *roomTx) SaveMessage(m app.Message) error {
	if err := t.usable(); err != nil {
		return err
	}
	return saveMessage(t.tx, t.room.ID, m)
}

func (t *roomTx) Playback() (playback.State, error) {
	if err := t.usable(); err != nil {
		return playback.State{}, err
	}
	p, err := roomPlayback(t.ctx, t.tx, t.room.ID)
	return p.state, err
}

func (t *roomTx) SavePlayback(s playback.State) error {
	if err := t.usable(); err != nil {
		return err
	}
	return savePlayback(t.tx, t.room.ID, s)
}
