package e2e

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	pb "synctv/proto/synctv/v1"
)

// talker is a client as it should be: it gives every message an id, keeps what was not acknowledged, comes back with
// the last number it has, and says again what it does not know about. It notes what the server must never do.
type talker struct {
	who   *client
	room  string
	homes []*server // where else to go when a connection breaks; nil for nowhere

	mu       sync.Mutex
	last     uint32            // newest event seen
	epoch    string            // of last
	unacked  []string          // client ids, oldest first; the text is the id
	acked    map[string]string // client id -> message id, as acknowledged
	seen     map[string]uint32 // message id -> number of its event
	events   map[uint32]string // number -> what the event was
	welcomes int
	moves    int                // connections at another node than the one before
	drop     context.CancelFunc // of the connection
	faults   []string           // holes, doubles, changed acknowledgements
}

func newTalker(who *client, room string) *talker {
	return &talker{who: who, room: room, acked: map[string]string{}, seen: map[string]uint32{}, events: map[uint32]string{}}
}

// fault notes a broken promise. Holds mu.
func (k *talker) fault(format string, args ...any) {
	k.faults = append(k.faults, fmt.Sprintf(format, args...))
}

// compose adds a message to what is to be said.
func (k *talker) compose(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.unacked = append(k.unacked, id)
}

// pending is what was not acknowledged yet.
func (k *talker) pending() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]string(nil), k.unacked...)
}

// interrupt has the talker come back, and so say what is pending.
func (k *talker) interrupt() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.drop != nil {
		k.drop()
	}
}

// move goes to the next home.
func (k *talker) move() {
	if len(k.homes) == 0 {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.moves++
	k.who = k.who.on(k.homes[k.moves%len(k.homes)])
}

// visit connects, says what is pending, and reads until the connection breaks or ctx ends.
func (k *talker) visit(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	k.mu.Lock()
	o := dialOptions{after: k.last, epoch: k.epoch}
	k.drop = cancel
	k.mu.Unlock()
	s, err := k.who.tryDial(k.room, o)
	if err != nil {
		return err
	}
	defer s.ws.CloseNow()
	k.welcome(s.Welcome, o)
	for i, id := range k.pending() {
		if err := s.send(chatMessage(uint32(i+1), id)); err != nil {
			return err
		}
	}
	for {
		m, err := s.read(ctx)
		if err != nil {
			return err
		}
		k.take(m)
		if m.GetRefusal() != nil { // too fast: what is left is said again at the next visit
			time.Sleep(time.Duration(m.GetRefusal().Error.RetryAfterMs) * time.Millisecond)
			return nil
		}
	}
}

func chatMessage(id uint32, text string) *pb.ClientMessage {
	return &pb.ClientMessage{Id: id, Body: &pb.ClientMessage_Chat{Chat: &pb.SendChat{Text: text, ClientId: text}}}
}

func (k *talker) welcome(w *pb.Welcome, o dialOptions) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.welcomes++
	if o.after > 0 && !w.Resumed {
		k.fault("came back with %d of %q and was not resumed: seq %d, epoch %q", o.after, o.epoch, w.Seq, w.Epoch)
	}
	if !w.Resumed {
		k.last = w.Seq
	}
	k.epoch = w.Epoch
}

func (k *talker) take(m *pb.ServerMessage) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if ack := m.GetAck(); ack != nil {
		k.acknowledge(ack.Message)
	}
	ev := m.GetEvent()
	if ev == nil {
		return
	}
	if ev.Seq != k.last+1 {
		k.fault("event %d came after %d", ev.Seq, k.last)
	}
	k.last = ev.Seq
	k.events[ev.Seq] = eventName(ev)
	if msg := ev.GetMessage(); msg != nil {
		if first, twice := k.seen[msg.Id]; twice {
			k.fault("message %s came twice, as %d and %d", msg.Id, first, ev.Seq)
		}
		k.seen[msg.Id] = ev.Seq
	}
}

// acknowledge notes that a message is durable. Holds mu.
func (k *talker) acknowledge(msg *pb.Message) {
	if msg == nil {
		return
	}
	if first, again := k.acked[msg.ClientId]; again && first != msg.Id {
		k.fault("%q was acknowledged as %s and as %s", msg.ClientId, first, msg.Id)
	}
	k.acked[msg.ClientId] = msg.Id
	for i, id := range k.unacked {
		if id == msg.ClientId {
			k.unacked = append(k.unacked[:i], k.unacked[i+1:]...)
			break
		}
	}
}

// eventName says what an event was, so that two clients can compare what they saw.
func eventName(ev *pb.RoomEvent) string {
	switch b := ev.Body.(type) {
	case *pb.RoomEvent_Message:
		return "message " + b.Message.Id
	case *pb.RoomEvent_Playback:
		return fmt.Sprintf("playback %d by %q", b.Playback.Revision, b.Playback.ClientId)
	case *pb.RoomEvent_MemberJoined:
		return "joined " + b.MemberJoined.PersonId
	}
	return fmt.Sprintf("%T by %s", ev.Body, ev.By)
}

// stay visits again and again until ctx ends.
func (k *talker) stay(ctx context.Context) {
	for ctx.Err() == nil {
		if k.visit(ctx) != nil {
			k.move()
			select {
			case <-ctx.Done():
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
}

// history is every message of the room, oldest first.
func history(t *testing.T, c *client, room string) []messageJSON {
	t.Helper()
	var all []messageJSON
	for cursor := ""; ; {
		var page struct {
			Messages []messageJSON
			Page     struct{ NextCursor string }
		}
		c.must("GET", "/api/v1/rooms/"+room+"/messages?page.limit=200&page.cursor="+cursor, nil, &page)
		for _, m := range page.Messages {
			all = append([]messageJSON{m}, all...)
		}
		if cursor = page.Page.NextCursor; cursor == "" {
			return all
		}
	}
}

type messageJSON struct {
	ID       string
	Seq      uint32
	ClientID string `json:"clientId"`
	Text     string
}

// checkHistory checks what was promised to talkers: everything acknowledged is there once, in one order, which is the
// order in which everybody saw it.
func checkHistory(t *testing.T, c *client, room string, talkers []*talker) []messageJSON {
	t.Helper()
	all := history(t, c, room)
	byClient, byID := map[string]int{}, map[string]messageJSON{}
	for i, m := range all {
		if i > 0 && m.Seq <= all[i-1].Seq {
			t.Errorf("history: %d stands after %d", m.Seq, all[i-1].Seq)
		}
		byClient[m.ClientID]++
		byID[m.ID] = m
	}
	if len(byID) != len(all) {
		t.Errorf("history has %d messages with %d ids", len(all), len(byID))
	}
	events := map[uint32]string{}
	for i, k := range talkers {
		k.mu.Lock()
		for _, f := range k.faults {
			t.Errorf("talker %d: %s", i, f)
		}
		for client, id := range k.acked {
			if byClient[client] != 1 || byID[id].ClientID != client {
				t.Errorf("talker %d: %q, acknowledged as %s, is in the history %d times", i, client, id, byClient[client])
			}
		}
		for id, seq := range k.seen {
			if byID[id].Seq != seq {
				t.Errorf("talker %d: message %s came as %d and stands as %d", i, id, seq, byID[id].Seq)
			}
		}
		for seq, name := range k.events {
			if other, known := events[seq]; known && other != name {
				t.Errorf("event %d was %q for one and %q for another", seq, other, name)
			}
			events[seq] = name
		}
		k.mu.Unlock()
	}
	return all
}
