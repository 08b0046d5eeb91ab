package app

import (
	"context"
	"errors"
	"time"
	"unicode/utf8"
)

const (
	maxMessageRunes = 2000
	maxDanmakuRunes = 100
	maxClientID     = 64
	maxDanmakuList  = 2000
)

// NewMessage is what a person says.
type NewMessage struct {
	Text     string
	ClientID string   // makes a retry harmless
	Danmaku  *Danmaku // present to cross the picture too; media and position are stamped when empty
}

func checkMessageText(text string) (string, error) {
	if len(text) > 4*maxMessageRunes {
		return "", Invalid("text", "A message has at most %d characters.", maxMessageRunes)
	}
	text = cleanText(text)
	switch n := utf8.RuneCountInString(text); {
	case !visible(text):
		return "", Invalid("text", "The message is empty.")
	case n > maxMessageRunes:
		return "", Invalid("text", "A message has at most %d characters.", maxMessageRunes)
	}
	return text, nil
}

// SendMessage makes a message durable and sends it to the room; it returns after the commit.
// The same ClientID of the same person again returns the first message. Needs chat_send.
func (a *App) SendMessage(ctx context.Context, g Grant, in NewMessage) (Message, error) {
	if err := g.check(ChatSend); err != nil {
		return Message{}, err
	}
	text, err := checkMessageText(in.Text)
	if err != nil {
		return Message{}, err
	}
	if len(in.ClientID) > maxClientID || cleanLine(in.ClientID) != in.ClientID {
		return Message{}, Invalid("client_id", "A client id has at most %d plain characters.", maxClientID)
	}
	if in.Danmaku != nil {
		if err := checkDanmaku(g, in.Danmaku, text); err != nil {
			return Message{}, err
		}
	}
	if err := a.limitChat(ctx, g); err != nil {
		return Message{}, err
	}
	if err := a.limitSlow(ctx, g); err != nil {
		// The answer to a message that did arrive may have got lost: saying it again is not saying more.
		if first, ferr := a.sentBefore(ctx, g, in.ClientID); ferr == nil {
			return first, nil
		}
		return Message{}, err
	}
	return a.sendMessage(ctx, g, text, in)
}

// sentBefore finds a message of the person by their own id for it.
func (a *App) sentBefore(ctx context.Context, g Grant, clientID string) (first Message, err error) {
	if clientID == "" {
		return Message{}, Errorf(CodeNotFound, "There is no such message.")
	}
	err = a.inRoom(ctx, g, func(tx RoomTx, _ func(EventBody) error) error {
		first, err = tx.MessageByClient(g.actor.person, clientID)
		return err
	})
	return first, err
}

func checkDanmaku(g Grant, d *Danmaku, text string) error {
	if !g.Allows(DanmakuSend) {
		return errMayNot()
	}
	if utf8.RuneCountInString(text) > maxDanmakuRunes {
		return Invalid("text", "On the picture a message has at most %d characters.", maxDanmakuRunes)
	}
	if d.Color > 0xFFFFFF {
		return Invalid("danmaku.color", "A colour is a number up to 0xFFFFFF.")
	}
	if d.PositionMs < 0 || d.PositionMs > 1e10 || d.PositionMs != d.PositionMs {
		return Invalid("danmaku.position_ms", "The position is not possible.")
	}
	switch d.Lane {
	case "":
		d.Lane = "scroll"
	case "scroll", "top", "bottom":
	default:
		return Invalid("danmaku.lane", "A lane is scroll, top or bottom.")
	}
	return nil
}

func (a *App) sendMessage(ctx context.Context, g Grant, text string, in NewMessage) (Message, error) {
	var msg Message
	err := a.inRoom(ctx, g, func(tx RoomTx, emit func(EventBody) error) error {
		if in.ClientID != "" {
			first, err := tx.MessageByClient(g.actor.person, in.ClientID)
			if err == nil {
				msg = first
				return nil
			}
			if CodeOf(err) != CodeNotFound {
				return err
			}
		}
		now := a.Now()
		msg = Message{ID: MessageID(newID("msg_", now)), RoomID: g.room.ID, Seq: tx.NextSeq(), PersonID: g.actor.person,
			Name: g.member.Name, Text: text, Created: now, ClientID: in.ClientID}
		if in.Danmaku != nil {
			d := *in.Danmaku
			if err := a.stampDanmaku(tx, &d, now); err != nil {
				return err
			}
			msg.Danmaku = &d
		}
		if err := tx.SaveMessage(msg); err != nil {
			return err
		}
		return emit(MessageSent{msg})
	})
	if err != nil {
		return Message{}, err
	}
	a.stats.Messages.Add(1)
	return msg, nil
}

// stampDanmaku binds a danmaku to what is playing. A position the sender saw is kept when it is
// of the current item and near where the room is; anything else takes the room's.
func (a *App) stampDanmaku(tx RoomTx, d *Danmaku, now Time) error {
	pb, err := tx.Playback()
	if err != nil {
		return err
	}
	if pb.MediaID == "" {
		return Errorf(CodeConflict, "Nothing is playing, so there is no picture to cross.")
	}
	at := pb.Position(int64(now))
	if string(d.MediaID) != pb.MediaID || d.PositionMs < at-10_000 || d.PositionMs > at+10_000 {
		d.MediaID, d.PositionMs = MediaID(pb.MediaID), at
	}
	return nil
}

func (a *App) limitChat(ctx context.Context, g Grant) error {
	const tooFast = "You are writing very fast. Wait a moment."
	return a.limit(ctx, "chat:"+chatKey(g), 10, 500*time.Millisecond, tooFast)
}

func chatKey(g Grant) string { return string(g.room.ID) + ":" + string(g.actor.person) }

// limitSlow is the room's own limit, which does not hold those who look after the chat.
func (a *App) limitSlow(ctx context.Context, g Grant) error {
	slow := time.Duration(g.room.Settings.SlowModeMs) * time.Millisecond
	if slow > 0 && !g.Allows(ChatModerate) {
		return a.limit(ctx, "slow:"+chatKey(g), 1, slow, "Slow mode is on. Wait before the next message.")
	}
	return nil
}

// ListMessages pages through history, newest first. Needs history_view.
func (a *App) ListMessages(ctx context.Context, g Grant, p Page) ([]Message, string, error) {
	if err := g.check(HistoryView); err != nil {
		return nil, "", err
	}
	return a.Store.ListMessages(ctx, g.room.ID, p)
}

// EditMessage changes one's own message. Needs chat_send.
func (a *App) EditMessage(ctx context.Context, g Grant, id MessageID, text string) (Message, error) {
	if err := g.check(ChatSend); err != nil {
		return Message{}, err
	}
	text, err := checkMessageText(text)
	if err != nil {
		return Message{}, err
	}
	return a.changeMessage(ctx, g, id, func(m *Message) error {
		if m.PersonID != g.actor.person {
			return Errorf(CodeForbidden, "You can only change your own messages.")
		}
		if m.Deleted {
			return Errorf(CodeNotFound, "The message was deleted.")
		}
		if m.Danmaku != nil && utf8.RuneCountInString(text) > maxDanmakuRunes {
			return Invalid("text", "On the picture a message has at most %d characters.", maxDanmakuRunes)
		}
		m.Text, m.Edited = text, a.Now()
		return nil
	})
}

// DeleteMessage removes one's own message, or anybody's with chat_moderate. Deleting twice is fine.
func (a *App) DeleteMessage(ctx context.Context, g Grant, id MessageID) error {
	_, err := a.changeMessage(ctx, g, id, func(m *Message) error {
		if m.PersonID != g.actor.person && !g.Allows(ChatModerate) {
			return errMayNot()
		}
		if m.Deleted {
			return errNoChange
		}
		m.Text, m.Deleted = "", true
		return nil
	})
	return err
}

func (a *App) changeMessage(ctx context.Context, g Grant, id MessageID, change func(*Message) error) (Message, error) {
	if err := a.limit(ctx, "edit:"+string(g.actor.person), 20, 500*time.Millisecond, "Too many changes. Wait a moment."); err != nil {
		return Message{}, err
	}
	var after Message
	err := a.inRoom(ctx, g, func(tx RoomTx, emit func(EventBody) error) error {
		m, err := tx.Message(id)
		if err != nil {
			return err
		}
		if err := change(&m); err != nil {
			return err
		}
		after = m
		if err := tx.SaveMessage(m); err != nil {
			return err
		}
		return emit(MessageChanged{m})
	})
	if errors.Is(err, errNoChange) {
		err = nil
	}
	return after, err
}

// errNoChange ends a transaction that has nothing to do.
var errNoChange = errors.New("nothing to change")

// ListDanmaku returns the danmaku of an item between two positions (to 0 is the end), by position. Needs history_view.
func (a *App) ListDanmaku(ctx context.Context, g Grant, media MediaID, fromMs, toMs float64) ([]Message, bool, error) {
	if err := g.check(HistoryView); err != nil {
		return nil, false, err
	}
	if !(fromMs >= 0 && fromMs <= 1e10) || !(toMs >= 0 && toMs <= 1e10) {
		return nil, false, Invalid("from_ms", "The positions are not possible.")
	}
	if toMs == 0 {
		toMs = 1e10
	}
	list, err := a.Store.ListDanmaku(ctx, g.room.ID, media, fromMs, toMs, maxDanmakuList+1)
	if err != nil {
		return nil, false, err
	}
	if len(list) > maxDanmakuList {
		return list[:maxDanmakuList], true, nil
	}
	return list, false, nil
}
