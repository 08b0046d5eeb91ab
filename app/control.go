package app

import (
	"context"
	"errors"
	"time"

	"synctv/app/playback"
)

// ActionFor is the permission an intent needs.
func ActionFor(op playback.Op) Action {
	switch op {
	case playback.OpMedia, playback.OpNext, playback.OpPrevious, playback.OpLoop:
		return PlaybackNavigate
	}
	return PlaybackControl
}

// Playback returns the state as it is now. Needs the room itself.
func (a *App) Playback(ctx context.Context, g Grant) (playback.State, error) {
	if err := g.check(RoomView); err != nil {
		return playback.State{}, err
	}
	return a.playbackNow(ctx, g.room.ID)
}

// playbackNow is the stored state, seen as it would come back if the room has been asleep.
func (a *App) playbackNow(ctx context.Context, room RoomID) (playback.State, error) {
	s, seen, err := a.Store.Playback(ctx, room)
	if err != nil {
		return playback.State{}, err
	}
	if seen != 0 {
		s, _ = playback.Restore(s, int64(seen), int64(a.Now()), playback.DefaultRestoreGraceUs)
	}
	return s, nil
}

// Control carries out one intent and returns the state it led to, which is durable then.
// CodeStale errors mean that the room has moved on. Needs what ActionFor says.
func (a *App) Control(ctx context.Context, g Grant, in playback.Intent) (playback.State, error) {
	if err := g.check(ActionFor(in.Op)); err != nil {
		return playback.State{}, err
	}
	if err := a.limit(ctx, "intent:"+string(g.actor.person), 20, 100*time.Millisecond, "Too many commands. Wait a moment."); err != nil {
		return playback.State{}, err
	}
	return a.control(ctx, g, in)
}

func (a *App) control(ctx context.Context, g Grant, in playback.Intent) (playback.State, error) {
	in.Actor.ID = string(g.actor.person)
	var ack playback.Ack
	var state playback.State
	err := a.inRoom(ctx, g, func(tx RoomTx, emit func(EventBody) error) (err error) {
		if state, ack, err = a.applyIntent(tx, emit, in); err != nil {
			return err
		}
		// Noted while the room's row is held: a deferred seek can never overtake a later one.
		if !a.hub.noteIntent(g.room.ID, in, ack) {
			return Errorf(CodeRateLimited, "Too many people are moving through the film at once. Try again.")
		}
		return nil
	})
	if err != nil {
		return state, err
	}
	if ack.Outcome == playback.Accepted {
		a.stats.Intents.Add(1)
	}
	return state, nil
}

// applyIntent decides one intent inside the room's transaction.
func (a *App) applyIntent(tx RoomTx, emit func(EventBody) error, in playback.Intent) (playback.State, playback.Ack, error) {
	pb, err := tx.Playback()
	if err != nil {
		return pb, playback.Ack{}, err
	}
	env, err := a.environment(tx, tx.Room(), pb)
	if err != nil {
		return pb, playback.Ack{}, err
	}
	if in.Op == playback.OpMedia && in.MediaID != "" {
		m, err := tx.Media(MediaID(in.MediaID))
		if err == nil && m.Kind == MediaItem {
			env.Target = m.item()
		} else if err != nil && CodeOf(err) != CodeNotFound {
			return pb, playback.Ack{}, err
		}
	}
	next, ack, err := playback.Apply(pb, in, env, int64(a.Now()))
	if err != nil {
		return pb, ack, playbackError(err)
	}
	if ack.Outcome != playback.Accepted {
		return next, ack, nil
	}
	if err := tx.SavePlayback(next); err != nil {
		return pb, ack, err
	}
	return next, ack, emit(PlaybackChanged{next})
}

// environment gathers what decisions about playback depend on besides the state.
func (a *App) environment(tx RoomTx, r Room, pb playback.State) (playback.Env, error) {
	env := playback.Env{Policy: playback.Policy(r.Settings.Wait), Reports: a.hub.reports(r.ID)}
	if pb.MediaID == "" {
		siblings, err := tx.Siblings("")
		if err != nil {
			return env, err
		}
		env.Queue = neighbours(siblings, "")
		return env, nil
	}
	cur, err := tx.Media(MediaID(pb.MediaID))
	if CodeOf(err) == CodeNotFound {
		return env, nil
	}
	if err != nil {
		return env, err
	}
	siblings, err := tx.Siblings(cur.ParentID)
	if err != nil {
		return env, err
	}
	env.Queue = neighbours(siblings, cur.ID)
	return env, nil
}

// neighbours finds what surrounds an item among its siblings; folders are passed over.
func neighbours(siblings []Media, current MediaID) (q playback.Queue) {
	found := current == ""
	for _, m := range siblings {
		if m.Kind != MediaItem {
			continue
		}
		it := m.item()
		if q.First.ID == "" {
			q.First = it
		}
		q.Last = it
		switch {
		case m.ID == current:
			found = true
		case !found:
			q.Previous = it
		case q.Next.ID == "":
			q.Next = it
		}
	}
	return q
}

// learnDuration gives the current item's length to playback when it was not known.
func (a *App) learnDuration(tx RoomTx, emit func(EventBody) error, m Media) error {
	pb, err := tx.Playback()
	if err != nil || pb.MediaID != string(m.ID) {
		return err
	}
	next, changed := pb, false
	if m.Meta.Live != pb.Live {
		next.Live, next.Revision, changed = m.Meta.Live, pb.Revision+1, true
		next.ClientID = ""
	} else {
		next, changed = playback.LearnDuration(pb, string(m.ID), m.DurationMs, int64(a.Now()))
	}
	if !changed {
		return nil
	}
	if err := tx.SavePlayback(next); err != nil {
		return err
	}
	return emit(PlaybackChanged{next})
}

// forgetLength lets playback learn anew what the current item is, when its address has changed.
func (a *App) forgetLength(tx RoomTx, emit func(EventBody) error, m Media) error {
	pb, err := tx.Playback()
	if err != nil || pb.MediaID != string(m.ID) || pb.DurationMs == 0 && !pb.Live {
		return err
	}
	pb.DurationMs, pb.Live, pb.Revision, pb.ClientID = 0, false, pb.Revision+1, ""
	if err := tx.SavePlayback(pb); err != nil {
		return err
	}
	return emit(PlaybackChanged{pb})
}

// playbackError turns a refusal of package playback into the house's error.
func playbackError(err error) error {
	var pe *playback.Error
	if !errors.As(err, &pe) {
		return Internal(err)
	}
	code := CodeInvalid
	switch pe.Code {
	case playback.CodeStaleMedia, playback.CodeStaleEpoch, playback.CodeAhead:
		code = CodeStale
	case playback.CodeNoItem:
		code = CodeNotFound
	case playback.CodeNoMedia, playback.CodeLive:
		code = CodeConflict
	}
	e := Errorf(code, "%s", sentence(pe.Message))
	e.Field = pe.Field
	return e
}
