package grpcd

import (
	"context"
	"slices"
	"sync"
	"time"

	"synctv/app"
	synctvv1 "synctv/proto/synctv/v1"
	"synctv/proto/translate"
)

// watchQueue is how far a reader of Watch may fall behind before it is sent away.
const watchQueue = 1024

// realtimeService streams what happens in a room.
type realtimeService struct {
	synctvv1.UnimplementedRealtimeServiceServer
	server *Server
}

// Watch implements synctv.v1.RealtimeService.
//
// A goroutine of its own sends, because a client that stops reading blocks sending for as long as it likes;
// when the queue is full, or the person is sent out, the handler returns, which ends the stream and with it
// the sender.
func (s *realtimeService) Watch(r *synctvv1.WatchRequest, stream synctvv1.RealtimeService_WatchServer) error {
	srv := s.server
	select {
	case srv.watchers <- struct{}{}:
		defer func() { <-srv.watchers }()
	default:
		return app.Errorf(app.CodeUnavailable, "Too many programs are watching. Try again in a moment.")
	}
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	w := &watcher{wake: make(chan struct{}, 1), over: make(chan struct{}), version: srv.app.ServerInfo(app.Origin{}).Version}
	seat, err := srv.app.Sit(ctx, callOf(ctx).actor, app.RoomID(r.GetRoomId()),
		app.SitOptions{After: r.GetAfter(), Epoch: r.GetEpoch(), Audience: w, Seated: w.seated})
	if err != nil {
		return err
	}
	defer seat.Leave()
	sent := make(chan error, 1)
	srv.senders.Go(func() { sent <- w.send(ctx, seat, stream) })
	select {
	case err := <-sent:
		return err
	case <-w.over:
		return app.Errorf(app.CodeUnavailable, "You are reading too slowly. Come back with the last number you have.")
	case <-ctx.Done():
		return ctx.Err()
	case <-srv.drain:
		return app.Errorf(app.CodeUnavailable, "This server is shutting down. Come back in a moment.")
	}
}

// watcher is the audience of one stream.
type watcher struct {
	// immutable
	wake    chan struct{} // capacity 1: there is something in the queue
	over    chan struct{} // closed when the queue is full
	version string

	mu      sync.Mutex
	welcome *synctvv1.ServerMessage // guarded by mu; the first thing to send
	queue   []app.Delivered         // guarded by mu
	full    bool                    // guarded by mu
}

// seated queues the welcome and what was missed.
func (w *watcher) seated(_ *app.Seat, welcome app.Welcome, missed []app.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.welcome = translate.Welcome(welcome, w.version)
	for _, ev := range missed {
		w.queue = append(w.queue, ev) // bounded by app, and not held against a reader who has just come
	}
	w.poke()
}

// Deliver implements app.Audience.
func (w *watcher) Deliver(_ app.RoomID, d app.Delivered) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.full {
		return
	}
	if len(w.queue) >= watchQueue {
		w.full, w.queue = true, nil
		close(w.over)
		return
	}
	w.queue = append(w.queue, d)
	w.poke()
}

func (w *watcher) poke() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *watcher) take() (*synctvv1.ServerMessage, []app.Delivered) {
	w.mu.Lock()
	defer w.mu.Unlock()
	welcome, queue := w.welcome, w.queue
	w.welcome, w.queue = nil, nil
	return welcome, queue
}

// patience is how long somebody who is no longer allowed in waits for app to say why.
const patience = 2 * time.Second

// send sends what is queued until something ends the stream. Who has just been sent out is refused by
// Authorize a moment before the Expel arrives that says why; until then nothing more is shown.
func (w *watcher) send(ctx context.Context, seat *app.Seat, stream synctvv1.RealtimeService_WatchServer) error {
	var denied error
	var waited <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-waited:
			return denied
		case <-w.wake:
		}
		welcome, queue := w.take()
		if welcome != nil {
			if err := stream.Send(welcome); err != nil {
				return err
			}
		}
		for _, d := range queue {
			if end := ending(d, seat.ID()); end != nil {
				if err := stream.Send(end.goodbye); err != nil {
					return err
				}
				return end.err
			}
			if denied != nil {
				continue
			}
			g, err := seat.Authorize(ctx, app.RoomView)
			if err != nil {
				denied, waited = err, time.After(patience)
				continue
			}
			if m := message(d, g, seat.Sees(app.Needs(d))); m != nil {
				if err := stream.Send(m); err != nil {
					return err
				}
			}
		}
	}
}

// farewell is the last message of a stream, and the error it ends with.
type farewell struct {
	goodbye *synctvv1.ServerMessage
	err     error
}

// ending tells whether a delivery ends the stream of a seat; nil when it does not.
func ending(d app.Delivered, seat app.SeatID) *farewell {
	switch d := d.(type) {
	case app.Expel:
		if slices.Contains(d.Seats, seat) {
			return &farewell{translate.Goodbye(d.Code, d.Message, 0, false), app.Errorf(d.Code, "%s", d.Message)}
		}
	case app.Reset:
		e := app.Errorf(app.CodeUnavailable, "This server lost sight of the room for a moment. Come back for a new picture of it.")
		return &farewell{translate.Goodbye(e.Code, e.Message, 0, true), e}
	}
	return nil
}

// message is what somebody with this grant gets of a delivery; nil is nothing.
func message(d app.Delivered, g app.Grant, sees bool) *synctvv1.ServerMessage {
	switch d := d.(type) {
	case app.Event:
		if !sees { // the number alone, so that there is no hole
			d.By, d.ByName, d.Body = "", "", nil
		}
		return translate.Event(d, g.MayEditMedia)
	case app.PresenceDelta:
		if sees {
			return translate.Presence(d)
		}
	case app.Beacon:
		return translate.Beacon(d)
	}
	return nil
}
