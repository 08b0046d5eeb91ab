package app

import (
	"context"

	"synctv/app/playback"
)

// learnt is what a player told about the length of an item.
type learnt struct {
	media MediaID
	ms    float64
}

// settlePlayback does what people who came in have left to do to the room's playback.
func (l *live) settlePlayback(ctx context.Context) error {
	l.mu.Lock()
	first, length := l.beginWith, l.learnt
	l.mu.Unlock()
	var err error
	if first != "" {
		err = l.beginTogether(ctx, first)
	}
	if err == nil && length.media != "" {
		err = l.learnDuration(ctx, length)
	}
	if CodeOf(err) == CodeUnavailable {
		return err // once more, later
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.beginWith == first {
		l.beginWith = ""
	}
	if l.learnt == length {
		l.learnt = learnt{}
	}
	return err
}

// beginTogether restarts a room that was made to play before anybody was there: where it was to
// begin, as soon as the first person is ready, or after four seconds.
func (l *live) beginTogether(ctx context.Context, first SeatID) error {
	return l.changePlayback(ctx, func(s playback.State, _ playback.Env) (playback.State, bool) {
		if !s.Playing || s.Hold != nil {
			return s, false
		}
		now := l.app.Clock.Now()
		next := s
		next.Revision++
		next.PositionMs, next.AtUs, next.ClientID = s.PositionMs, now, ""
		next.Hold = &playback.Hold{Reason: playback.HoldMedia, Waiting: []string{string(first)}, SinceUs: now, ListedUs: now,
			UntilUs: now + 4_000_000, Revision: next.Revision}
		return next, true
	})
}

// learnDuration takes the length of the current item from a player when probing did not find it.
func (l *live) learnDuration(ctx context.Context, what learnt) error {
	return l.changePlayback(ctx, func(s playback.State, _ playback.Env) (playback.State, bool) {
		return playback.LearnDuration(s, string(what.media), what.ms, l.app.Clock.Now())
	})
}
