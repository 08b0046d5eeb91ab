package pull

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"synctv/mediad/av"
)

// Config holds the limits. The zero value is the recommended one.
type Config struct {
	// Max pulls at a time. 0: 100.
	Max int
	// Linger is how long a source is received on when nobody watches any more. 0: 15 s.
	Linger time.Duration
	// Patience is how long Want waits for a source. 0: 12 s.
	Patience time.Duration
	// Chance is for pauses, from 0 up to 1. nil: math/rand.
	Chance func() float64
}

// Deps are what a pool stands on.
type Deps struct {
	Station Station
	// Receive gives what comes from an address to out until that ends, ctx does, or out fails. It always returns an error.
	Receive func(ctx context.Context, address string, out func(av.Packet) error) error
	// Words tell people what an error of Receive means.
	Words func(error) string
	Log   *slog.Logger
}

// Station is where streams are.
type Station interface {
	// Claim asks for the right to receive the source of a stream. ErrBusy, ErrElsewhere: not now; ErrGone: not any more.
	Claim(ctx context.Context, stream string) (Claim, error)
	// Watched tells whether somebody watches over a connection of their own, and so says when they leave.
	Watched(stream string) bool
	// Tell says whether a source is wanted, and what is wrong with it, "" for nothing.
	Tell(ctx context.Context, stream string, wanted bool, words string)
}

// Claim is the right to receive the source of one stream. It is used by one goroutine, but for Keep.
type Claim interface {
	Address() string
	// Begin makes us the stream's publisher; interrupt is called when we have to go. ErrBusy: somebody else is.
	Begin(ctx context.Context, interrupt func()) (Writer, error)
	// Keep renews the right. ErrChanged: the address is another one now; ErrBusy and ErrGone: see Station.Claim.
	Keep(ctx context.Context) error
	Release()
}

// Writer is a stream that is being published.
type Writer interface {
	Write(av.Packet) error
	// End is called once, with why, and returns why it is over in truth: ErrBusy when somebody else publishes now.
	End(ctx context.Context, why error) error
}

// Why nothing is received.
var (
	ErrBusy      = errors.New("pull: somebody publishes the stream")
	ErrElsewhere = errors.New("pull: another node receives the source")
	ErrChanged   = errors.New("pull: the source is another one now")
	ErrGone      = errors.New("pull: the stream may not be received any more")
	// ErrUnwanted and ErrInterrupted are why a writer ends.
	ErrUnwanted    = errors.New("pull: nobody watches")
	ErrInterrupted = errors.New("pull: the publisher was ended")
)

// Failure is what those who want to watch are told.
type Failure struct {
	Words      string
	RetryAfter time.Duration
}

// Error implements error.
func (f *Failure) Error() string { return f.Words }

// Pool receives sources. It is safe for concurrent use.
type Pool struct {
	config Config
	deps   Deps

	started chan struct{} // closed by Run

	mu      sync.Mutex
	ctx     context.Context // of Run; nil when it does not run. Guarded by mu
	running sync.WaitGroup
	pullers map[string]*puller // guarded by mu
	count   Stats              // guarded by mu
}

// Stats is what a pool has done.
type Stats struct {
	Pulls    int   // sources that are wanted now
	Flowing  int   // of them, those that flow
	Attempts int64 // to connect, ever
	Failures int64 // of them and of what flowed
}

// New returns a pool, which works while Run runs.
func New(c Config, d Deps) *Pool {
	if c.Max <= 0 {
		c.Max = 100
	}
	if c.Linger <= 0 {
		c.Linger = 15 * time.Second
	}
	if c.Patience <= 0 {
		c.Patience = 12 * time.Second
	}
	if c.Chance == nil {
		c.Chance = rand.Float64
	}
	return &Pool{config: c, deps: d, started: make(chan struct{}), pullers: make(map[string]*puller)}
}

// Run lets sources be received until ctx ends, and waits for them. It is called once.
func (p *Pool) Run(ctx context.Context) error {
	p.mu.Lock()
	p.ctx = ctx
	p.mu.Unlock()
	close(p.started)
	<-ctx.Done()
	p.mu.Lock()
	p.ctx = nil
	p.mu.Unlock()
	p.running.Wait()
	return nil
}

// Touch says that somebody watches a stream, or wants to, and does not wait.
func (p *Pool) Touch(stream string) error {
	_, err := p.enter(stream)
	return err
}

// Want says that somebody wants to watch a stream, and waits until it flows. A *Failure says why it does not.
func (p *Pool) Want(ctx context.Context, stream string) error {
	patience := time.NewTimer(p.config.Patience)
	defer patience.Stop()
	select {
	case <-p.started:
	case <-patience.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	u, err := p.enter(stream)
	if err != nil {
		return err
	}
	for {
		state, changed := u.look()
		switch state.phase {
		case flowing, yielding:
			return nil
		case failing:
			return &Failure{state.words, max(time.Until(state.again), time.Second)}
		}
		select {
		case <-changed:
		case <-patience.C:
			return &Failure{"The source is being connected to. Try again in a moment.", time.Second}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// enter finds the puller of a stream, or starts one.
func (p *Pool) enter(stream string) (*puller, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	u := p.pullers[stream]
	switch {
	case u != nil:
		u.touch(time.Now())
		return u, nil
	case p.ctx == nil:
		return nil, &Failure{"The server is stopping.", time.Second}
	case len(p.pullers) >= p.config.Max:
		return nil, &Failure{"This server receives as many sources as it takes. Try again later.", 10 * time.Second}
	}
	u = newPuller(p, stream)
	u.touch(time.Now())
	p.pullers[stream] = u
	ctx := p.ctx
	p.running.Go(func() { u.run(ctx) })
	return u, nil
}

// leave takes a puller off the list, unless somebody has just come.
func (p *Pool) leave(u *puller, unwanted bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if unwanted && u.wanted(time.Now(), p.config.Linger) && p.ctx != nil {
		return false
	}
	delete(p.pullers, u.stream)
	return true
}

// Stats returns what the pool has done.
func (p *Pool) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.count
	s.Pulls = len(p.pullers)
	for _, u := range p.pullers {
		if state, _ := u.look(); state.phase == flowing {
			s.Flowing++
		}
	}
	return s
}

func (p *Pool) note(attempts, failures int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count.Attempts += attempts
	p.count.Failures += failures
}
