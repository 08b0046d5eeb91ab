package pull

import (
	"context"
	"errors"
	"sync"
	"time"

	"synctv/mediad/av"
)

const (
	lookEvery = time.Second     // how often it is asked whether somebody watches
	keepEvery = 3 * time.Second // how often the right to receive is renewed
	askTime   = 5 * time.Second
)

// phase is what a puller is doing.
type phase uint8

const (
	connecting phase = iota // for the first time, or again after it was well
	flowing
	failing  // it waits, or tries again: those who come are told why
	yielding // somebody else publishes
)

// state is a puller as those who want to watch see it.
type state struct {
	phase phase
	words string    // of failing
	again time.Time // of failing: the next attempt
}

// puller receives one source for as long as it is wanted. Its goroutine is run's.
type puller struct {
	pool   *Pool
	stream string

	mu      sync.Mutex
	state   state         // guarded by mu
	changed chan struct{} // closed when state changes; guarded by mu
	touched time.Time     // when somebody wanted it last; guarded by mu
}

func newPuller(p *Pool, stream string) *puller {
	return &puller{pool: p, stream: stream, changed: make(chan struct{})}
}

func (u *puller) touch(now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.touched = now
}

// wanted tells whether somebody wanted the stream a moment ago.
func (u *puller) wanted(now time.Time, linger time.Duration) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return now.Sub(u.touched) < linger
}

func (u *puller) look() (state, <-chan struct{}) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.state, u.changed
}

func (u *puller) set(s state) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.state = s
	close(u.changed)
	u.changed = make(chan struct{})
}

// demanded asks once more whether somebody watches, and is true while they do and for a while after.
func (u *puller) demanded() bool {
	now := time.Now()
	if u.pool.deps.Station.Watched(u.stream) {
		u.touch(now)
	}
	return u.wanted(now, u.pool.config.Linger)
}

// run receives the source again and again until nobody wants it.
func (u *puller) run(ctx context.Context) {
	u.tell(ctx, true, "")
	var b backoff
	for {
		if !u.demanded() && u.pool.leave(u, true) {
			u.tell(ctx, false, "")
			return
		}
		flowed, err := u.once(ctx)
		words := u.pool.deps.Words(err)
		switch {
		case ctx.Err() != nil:
			u.pool.leave(u, false)
			u.tell(ctx, false, "")
			return
		case errors.Is(err, ErrUnwanted):
		case errors.Is(err, ErrChanged):
			b = backoff{}
			u.set(state{})
			u.tell(ctx, true, "")
		case errors.Is(err, ErrBusy):
			u.set(state{phase: yielding})
			u.pause(ctx, lookEvery)
		case errors.Is(err, ErrElsewhere):
			u.set(state{phase: failing, words: words, again: time.Now().Add(keepEvery)})
			u.pause(ctx, keepEvery)
		case errors.Is(err, ErrGone):
			u.pool.leave(u, false)
			u.set(state{phase: failing, words: words})
			u.tell(ctx, false, words)
			return
		default:
			u.fail(ctx, err, words, flowed, b.next(flowed, u.pool.config.Chance()))
		}
	}
}

// fail says what is wrong, and waits.
func (u *puller) fail(ctx context.Context, err error, words string, flowed, wait time.Duration) {
	u.pool.note(0, 1)
	u.pool.deps.Log.Info("a source has failed", "stream", u.stream, "err", err, "flowed", flowed.Round(time.Second), "again_in", wait.Round(time.Millisecond))
	u.set(state{phase: failing, words: words, again: time.Now().Add(wait)})
	u.tell(ctx, true, words)
	u.pause(ctx, wait)
}

func (u *puller) tell(ctx context.Context, wanted bool, words string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTime)
	defer cancel()
	u.pool.deps.Station.Tell(ctx, u.stream, wanted, words)
}

// pause waits, and no longer than somebody wants the stream.
func (u *puller) pause(ctx context.Context, d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end) && u.demanded(); {
		t := time.NewTimer(min(lookEvery, time.Until(end)))
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return
		}
	}
}

// once receives the source until it fails or has to end, and tells how long it flowed.
func (u *puller) once(ctx context.Context) (flowed time.Duration, err error) {
	claim, err := u.pool.deps.Station.Claim(ctx, u.stream)
	if err != nil {
		return 0, err
	}
	defer claim.Release()
	u.pool.note(1, 0)
	ctx, cancel := context.WithCancelCause(ctx)
	var keeping sync.WaitGroup
	defer keeping.Wait()
	defer cancel(nil)
	keeping.Go(func() { u.keep(ctx, claim, cancel) })

	var w Writer
	var began time.Time
	err = u.pool.deps.Receive(ctx, claim.Address(), func(p av.Packet) error {
		if w == nil {
			next, err := claim.Begin(ctx, func() { cancel(ErrInterrupted) })
			if err != nil {
				return err
			}
			w, began = next, time.Now()
			u.set(state{phase: flowing})
			u.tell(ctx, true, "")
		}
		return w.Write(p)
	})
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	if w != nil {
		flowed = time.Since(began)
		u.set(state{})
		err = w.End(context.WithoutCancel(ctx), err)
	}
	return flowed, err
}

// keep ends a pull that nobody wants, or that is not allowed any more.
func (u *puller) keep(ctx context.Context, claim Claim, end context.CancelCauseFunc) {
	t := time.NewTicker(lookEvery)
	defer t.Stop()
	for renewed := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if !u.demanded() {
			end(ErrUnwanted)
			return
		}
		if time.Since(renewed) < keepEvery {
			continue
		}
		renewed = time.Now()
		asking, stop := context.WithTimeout(ctx, askTime)
		err := claim.Keep(asking)
		stop()
		if err != nil && ctx.Err() == nil {
			end(err)
			return
		}
	}
}
