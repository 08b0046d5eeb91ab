package pull

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"synctv/mediad/av"
)

func TestBackoff(t *testing.T) {
	var b backoff
	for i, want := range []time.Duration{1, 2, 4, 8, 16, 30, 30, 30} {
		if got := b.next(0, 0.5); got != want*time.Second {
			t.Errorf("failure %d: %v", i+1, got)
		}
	}
	if got := b.next(healthy-1, 0.5); got != lastPause {
		t.Errorf("not well for long enough: %v", got)
	}
	if got := b.next(healthy, 0.5); got != firstPause {
		t.Errorf("after %v of health: %v", healthy, got)
	}
	for _, chance := range []float64{0, 0.999} {
		b := backoff{failures: 2}
		if got, want := b.next(0, chance), time.Duration(float64(4*time.Second)*(0.75+chance/2)); got != want {
			t.Errorf("with chance %v: %v, not %v", chance, got, want)
		}
	}
}

// world is a station and the sources it may receive.
type world struct {
	mu      sync.Mutex
	watched bool
	busy    error // of Claim
	begin   error // of Begin
	keep    error // of Keep
	source  func(ctx context.Context, out func(av.Packet) error) error
	end     func() // interrupts who publishes

	attempts []time.Duration // when a source was connected to
	told     []string
	claims   int // held now
	writers  int // open now
	packets  int
	t0       time.Time
}

func (w *world) Claim(context.Context, string) (Claim, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy != nil {
		return nil, w.busy
	}
	w.claims++
	return w, nil
}

func (w *world) Watched(string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.watched
}

func (w *world) Tell(_ context.Context, _ string, wanted bool, words string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !wanted {
		words = "over " + words
	}
	w.told = append(w.told, words)
}

func (w *world) Address() string { return "address" }

func (w *world) Begin(_ context.Context, interrupt func()) (Writer, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.begin != nil {
		return nil, w.begin
	}
	w.writers, w.end = w.writers+1, interrupt
	return w, nil
}

func (w *world) Keep(context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.keep
}

func (w *world) Release() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.claims--
}

func (w *world) Write(av.Packet) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.packets++
	return nil
}

func (w *world) End(_ context.Context, why error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writers--
	return why
}

func (w *world) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

var errDown = errors.New("down")

func down(context.Context, func(av.Packet) error) error { return errDown }

// fine sends a packet every 100 ms until it is stopped.
func fine(ctx context.Context, out func(av.Packet) error) error {
	for {
		if err := out(av.Packet{Kind: av.Audio}); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func lasts(d time.Duration) func(context.Context, func(av.Packet) error) error {
	return func(ctx context.Context, out func(av.Packet) error) error {
		ctx, cancel := context.WithTimeout(ctx, d)
		defer cancel()
		fine(ctx, out)
		return errDown
	}
}

// run gives a test a pool that works, in virtual time.
func run(t *testing.T, test func(t *testing.T, w *world, p *Pool)) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{source: fine, t0: time.Now()}
		p := New(Config{Chance: func() float64 { return 0.5 }}, Deps{Station: w, Log: slog.New(slog.DiscardHandler),
			Words: func(err error) string { return err.Error() },
			Receive: func(ctx context.Context, _ string, out func(av.Packet) error) error {
				w.mu.Lock()
				w.attempts = append(w.attempts, time.Since(w.t0))
				source := w.source
				w.mu.Unlock()
				return source(ctx, out)
			}})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- p.Run(ctx) }()
		synctest.Wait()
		test(t, w, p)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if w.claims != 0 || w.writers != 0 || len(p.pullers) != 0 {
			t.Errorf("left behind: %d claims, %d writers, %d pullers", w.claims, w.writers, len(p.pullers))
		}
	})
}

// rest lets time pass, and what happens in it be over.
func rest(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// TestOneSourceForAll is received while somebody watches, and for a while after.
func TestOneSourceForAll(t *testing.T) {
	run(t, func(t *testing.T, w *world, p *Pool) {
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if err := p.Want(t.Context(), "a"); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		w.set(func() { w.watched = true })
		rest(time.Hour)
		if len(w.attempts) != 1 || p.Stats() != (Stats{Pulls: 1, Flowing: 1, Attempts: 1}) {
			t.Errorf("%v %+v", w.attempts, p.Stats())
		}
		w.set(func() { w.watched = false })
		rest(13 * time.Second)
		if p.Stats().Flowing != 1 {
			t.Error("it has ended at once")
		}
		rest(3 * time.Second)
		if p.Stats().Pulls != 0 || w.writers != 0 || w.claims != 0 {
			t.Errorf("nobody watches, and still %+v", p.Stats())
		}
		err := p.Want(t.Context(), "a")
		synctest.Wait()
		if err != nil || len(w.attempts) != 2 {
			t.Errorf("once more: %v %v", err, w.attempts)
		}
		if want := []string{"", "", "over ", "", ""}; !slices.Equal(w.told, want) {
			t.Errorf("%q", w.told)
		}
	})
}

// TestFailingSource is tried again later each time, and those who come are told why it does not flow.
func TestFailingSource(t *testing.T) {
	run(t, func(t *testing.T, w *world, p *Pool) {
		w.set(func() { w.source, w.watched = down, true })
		var f *Failure
		if err := p.Want(t.Context(), "a"); !errors.As(err, &f) || f.Words != "down" || f.RetryAfter != time.Second {
			t.Errorf("%#v", err)
		}
		rest(100 * time.Second)
		want := []time.Duration{0, 1, 3, 7, 15, 31, 61, 91}
		for i := range want {
			want[i] *= time.Second
		}
		if !slices.Equal(w.attempts, want) {
			t.Errorf("%v", w.attempts)
		}
		w.set(func() { w.source, w.attempts = lasts(31*time.Second), nil })
		rest(30 * time.Second)
		if err := p.Want(t.Context(), "a"); err != nil {
			t.Errorf("it flows again: %v", err)
		}
		rest(30 * time.Second)
		if len(w.attempts) != 2 || w.attempts[1]-w.attempts[0] != 32*time.Second {
			t.Errorf("after half a minute of health: %v", w.attempts)
		}
		w.set(func() { w.source, w.watched = down, false })
		rest(time.Minute)
		if n := len(w.attempts); p.Stats().Pulls != 0 || w.told[len(w.told)-1] != "over " {
			t.Errorf("nobody watches: %+v, %d attempts, %q", p.Stats(), n, w.told)
		}
	})
}

func TestWantGivesUpWaiting(t *testing.T) {
	run(t, func(t *testing.T, w *world, p *Pool) {
		w.set(func() {
			w.source = func(ctx context.Context, _ func(av.Packet) error) error { <-ctx.Done(); return ctx.Err() }
		})
		began := time.Now()
		var f *Failure
		if err := p.Want(t.Context(), "a"); !errors.As(err, &f) || time.Since(began) != 12*time.Second || !strings.Contains(f.Words, "being connected to") {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		rest(time.Minute)
		if p.Stats().Pulls != 0 {
			t.Error("it goes on")
		}
	})
}

// TestAnEncoderComesFirst: what is received yields to who publishes, and comes back.
func TestAnEncoderComesFirst(t *testing.T) {
	run(t, func(t *testing.T, w *world, p *Pool) {
		w.set(func() { w.watched = true })
		if err := p.Want(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		w.set(func() { w.busy = ErrBusy })
		w.end()
		rest(time.Minute)
		if err := p.Want(t.Context(), "a"); err != nil || w.writers != 0 || len(w.attempts) != 1 {
			t.Errorf("%v, %d writers, %v", err, w.writers, w.attempts)
		}
		w.set(func() { w.busy = nil })
		rest(2 * time.Second)
		if w.writers != 1 || len(w.attempts) != 2 {
			t.Errorf("%d writers, %v", w.writers, w.attempts)
		}
		w.set(func() { w.begin = ErrBusy }) // one that comes while the source is being connected to
		w.end()
		rest(10 * time.Second)
		if w.writers != 0 {
			t.Error("it publishes beside the encoder")
		}
	})
}

func TestRightsEnd(t *testing.T) {
	for name, c := range map[string]struct {
		set    func(*world)
		pulls  int
		flows  int
		failed string
	}{
		"the address changes": {func(w *world) { w.keep = ErrChanged }, 1, 1, ""},
		"the stream is gone":  {func(w *world) { w.keep = ErrGone; w.busy = ErrGone }, 0, 0, ErrGone.Error()},
		"another node has it": {func(w *world) { w.keep = ErrElsewhere; w.busy = ErrElsewhere }, 1, 0, ErrElsewhere.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(t *testing.T, w *world, p *Pool) {
				w.set(func() { w.watched = true })
				if err := p.Want(t.Context(), "a"); err != nil {
					t.Fatal(err)
				}
				w.set(func() { c.set(w) })
				rest(3500 * time.Millisecond)
				if s := p.Stats(); s.Pulls != c.pulls || s.Flowing != c.flows {
					t.Errorf("%+v", s)
				}
				var f *Failure
				err := p.Want(t.Context(), "a")
				if c.failed == "" && err != nil || c.failed != "" && (!errors.As(err, &f) || f.Words != c.failed) {
					t.Errorf("%v", err)
				}
			})
		})
	}
}

func TestTooMany(t *testing.T) {
	run(t, func(t *testing.T, w *world, p *Pool) {
		p.config.Max = 2
		for _, name := range []string{"a", "b", "a"} {
			if err := p.Want(t.Context(), name); err != nil {
				t.Error(err)
			}
		}
		var f *Failure
		if err := p.Want(t.Context(), "c"); !errors.As(err, &f) {
			t.Errorf("a third: %v", err)
		}
		rest(20 * time.Second)
		if err := p.Touch("c"); err != nil {
			t.Errorf("after the others: %v", err)
		}
	})
	var f *Failure
	if err := New(Config{Patience: time.Millisecond}, Deps{}).Want(t.Context(), "a"); !errors.As(err, &f) {
		t.Errorf("a pool that does not run: %v", err)
	}
}
