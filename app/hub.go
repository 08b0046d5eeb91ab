package app

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"synctv/app/playback"
)

const (
	topicRoom         = "room:"
	backgroundWorkers = 4
	backgroundQueue   = 1024
	startWait         = time.Second // for Run, when a door was faster
)

// hub knows the rooms in which somebody is present on this node.
type hub struct {
	app  *App
	work chan func(context.Context) // background jobs; bounded, the newest are refused when full

	started chan struct{} // closed by start

	mu    sync.Mutex
	rooms map[RoomID]*live // guarded by mu
	ctx   context.Context  // guarded by mu; nil before start and after the end
	wg    sync.WaitGroup   // rooms and workers
}

func newHub(a *App) *hub {
	return &hub{app: a, work: make(chan func(context.Context), backgroundQueue), started: make(chan struct{}), rooms: make(map[RoomID]*live)}
}

// start lets rooms run until ctx ends; the returned channel closes when all have stopped.
func (h *hub) start(ctx context.Context) <-chan struct{} {
	h.mu.Lock()
	h.ctx = ctx
	h.mu.Unlock()
	close(h.started)
	for range backgroundWorkers {
		h.wg.Add(1)
		go func() {
			defer h.wg.Done()
			for {
				select {
				case <-ctx.Done():
					return
				case job := <-h.work:
					job(ctx)
				}
			}
		}()
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		<-ctx.Done()
		h.mu.Lock()
		h.ctx = nil // acquire adds to wg under mu, and no more from here on
		h.mu.Unlock()
		h.wg.Wait()
	}()
	return stopped
}

// background runs a job on one of a few workers. Jobs are conveniences: under a flood they are dropped.
func (h *hub) background(job func(context.Context)) {
	select {
	case h.work <- job:
	default:
		h.app.Log.Warn("too much background work, a job was dropped")
	}
}

// acquire returns the running room, starting it if needed, and keeps it from ending until release.
// Before the start it waits a little: the door may be open a moment earlier than the room.
func (h *hub) acquire(ctx context.Context, id RoomID) (*live, error) {
	starting, cancel := context.WithTimeout(ctx, startWait)
	defer cancel()
	select {
	case <-h.started:
	case <-starting.Done():
		return nil, Wrap(CodeUnavailable, starting.Err(), "This server is still starting. Try again in a moment.")
	}
	h.mu.Lock()
	if h.ctx == nil || h.ctx.Err() != nil {
		h.mu.Unlock()
		return nil, Errorf(CodeUnavailable, "This server is stopping. Try again in a moment.")
	}
	l, ok := h.rooms[id]
	if !ok {
		l = newLive(h.app, id)
		h.rooms[id] = l
		h.wg.Add(1)
		runCtx := h.ctx
		go func() {
			defer h.wg.Done()
			l.run(runCtx)
		}()
	}
	l.claims++
	h.mu.Unlock()
	select {
	case <-l.ready:
	case <-ctx.Done():
		h.release(l)
		return nil, Wrap(CodeUnavailable, ctx.Err(), "The room did not open in time. Try again.")
	}
	if l.openErr != nil {
		h.release(l)
		return nil, l.openErr
	}
	return l, nil
}

func (h *hub) release(l *live) {
	h.mu.Lock()
	l.claims--
	h.mu.Unlock()
	l.poke()
}

// retire takes the room off the map and off the bus unless somebody wants it; from then on it is
// nobody's. Both happen under one lock: whoever opens the room anew joins the bus afterwards.
func (h *hub) retire(l *live) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if l.claims > 0 {
		return false
	}
	h.drop(l)
	return true
}

// forget takes a room off the map and off the bus that could not be opened.
func (h *hub) forget(l *live) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drop(l)
}

// drop leaves the bus, which does not wait for anything. Holds h.mu.
func (h *hub) drop(l *live) {
	delete(h.rooms, l.id)
	h.app.Bus.Leave(l.topic())
}

func (h *hub) find(id RoomID) *live {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.rooms[id]
}

func (h *hub) all() []*live {
	h.mu.Lock()
	defer h.mu.Unlock()
	rooms := make([]*live, 0, len(h.rooms))
	for _, l := range h.rooms {
		rooms = append(rooms, l)
	}
	return rooms
}

// receive is the bus's reader: it must be quick.
func (a *App) receive(topic string, payload []byte) {
	if topic == topicSessions {
		a.forgetSessions(decodeSessionsEnded(payload))
		return
	}
	if topic == topicStreams {
		a.streams.receive(payload)
		return
	}
	id, ok := strings.CutPrefix(topic, topicRoom)
	if !ok {
		return
	}
	if l := a.hub.find(RoomID(id)); l != nil {
		l.receive(payload)
	}
}

// resync is called when messages may have been lost: rooms read the log and tell each other who is there, and
// logins are looked at again.
func (h *hub) resync(topics []string) {
	for _, t := range topics {
		if t == topicSessions {
			h.background(h.app.recheckSessions)
		} else if l := h.find(RoomID(strings.TrimPrefix(t, topicRoom))); l != nil {
			l.distrust()
		}
	}
}

// publish sends durable events on their way to every node, this one too. When the bus is away
// this node's people still get them, and others read them from the log.
func (h *hub) publish(ctx context.Context, room RoomID, events []Event) {
	for _, ev := range events {
		data, err := EncodeEvent(ev)
		if err == nil {
			err = h.app.Bus.Publish(context.WithoutCancel(ctx), topicRoom+string(room), append([]byte{kindEvent}, data...))
		}
		if err == nil {
			continue
		}
		h.app.Log.WarnContext(ctx, "cannot publish an event", "room", room, "seq", ev.Seq, "err", err)
		if l := h.find(room); l != nil {
			l.take(ev)
		}
	}
}

// Kinds of bus payloads on a room's topic, by first byte.
const (
	kindEvent    = 'e'
	kindPresence = 'p'
)

// reports are those of everyone present in the room, as far as this node knows.
func (h *hub) reports(id RoomID) []playback.Report {
	l := h.find(id)
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reports()
}

// noteIntent remembers a deferred seek for the room's goroutine; false when too many wait.
func (h *hub) noteIntent(id RoomID, in playback.Intent, ack playback.Ack) bool {
	l := h.find(id)
	if l == nil {
		return ack.Outcome != playback.Deferred
	}
	l.mu.Lock()
	ok := l.deferrals.Note(in, ack)
	l.mu.Unlock()
	l.poke()
	return ok
}

func (h *hub) load() Load {
	n := Load{}
	for _, l := range h.all() {
		l.mu.Lock()
		n.Rooms++
		n.Seats += len(l.seats)
		l.mu.Unlock()
	}
	return n
}

func encodeSessionsEnded(ids []SessionID) []byte {
	data, _ := json.Marshal(ids) // a list of strings always encodes
	return data
}

func decodeSessionsEnded(data []byte) []SessionID {
	var ids []SessionID
	if json.Unmarshal(data, &ids) != nil {
		return nil
	}
	return ids
}

// expelSessions closes the seats of logins that ended.
func (h *hub) expelSessions(ids []SessionID) {
	ended := make(map[SessionID]bool, len(ids))
	for _, id := range ids {
		ended[id] = true
	}
	for _, l := range h.all() {
		l.expel(func(s *Seat) bool { return ended[s.actor.session] }, CodeUnauthenticated, sessionOver)
	}
}

// sessions are the logins of everyone seated on this node.
func (h *hub) sessions() map[SessionID]bool {
	ids := make(map[SessionID]bool)
	for _, l := range h.all() {
		l.mu.Lock()
		for _, s := range l.seats {
			if id := s.actor.session; id != "" {
				ids[id] = true
			}
		}
		l.mu.Unlock()
	}
	return ids
}

// online counts the persons present in a room, on any node. It is for show and for capacity: trouble gives what this node knows.
func (a *App) online(ctx context.Context, id RoomID) int {
	if l := a.hub.find(id); l != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		return len(l.people.crowd)
	}
	nodes, err := a.Presence.All(ctx, string(id))
	if err != nil {
		return 0
	}
	persons := make(map[PersonID]bool)
	for _, data := range nodes {
		var seats []Presence
		if json.Unmarshal(data, &seats) != nil {
			continue
		}
		for _, s := range seats {
			persons[s.Person] = true
		}
	}
	return len(persons)
}

// closeRoom deletes a room, if still agrees, and sends everybody out. The last event lives on the
// bus alone: the log went with the room.
func (a *App) closeRoom(ctx context.Context, id RoomID, by Actor, reason string, still func(Room) bool) error {
	var last Event
	lost := a.streamsOfRoom(ctx, id)
	_, err := a.Store.UpdateRoom(ctx, id, func(tx RoomTx) error {
		if !still(tx.Room()) {
			return nil
		}
		last = Event{Seq: tx.NextSeq(), At: a.Now(), By: by.person, ByName: by.name, Body: RoomClosed{reason}}
		return tx.DeleteRoom()
	})
	if err != nil {
		return err
	}
	if last.Body != nil {
		a.hub.publish(ctx, id, []Event{last})
		a.endStreams(ctx, lost)
	}
	return nil
}
