// Package run starts the parts of a program in order and stops them in reverse order, each with
// a deadline. A part is a function that blocks until its context ends and returns nil after a
// clean end.
package run

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Part is one running piece of a program.
type Part struct {
	Name string
	// Stop is how long the part may take to end; 0 means 5 s.
	Stop time.Duration
	// Run blocks until ctx ends. An error before that stops the whole group.
	Run func(ctx context.Context) error
}

// Group is a list of parts, the ones others stand on first.
type Group struct {
	log   *slog.Logger
	parts []Part
}

// New makes a group. It is used by one goroutine.
func New(log *slog.Logger, parts ...Part) *Group {
	return &Group{log: log, parts: parts}
}

type running struct {
	Part
	cancel context.CancelFunc
	done   chan struct{}
	err    error // valid once done is closed
}

// Run starts every part and blocks until ctx ends or a part fails. It then ends the parts one by
// one, the last started first. The error joins what went wrong; nil is a clean end.
func (g *Group) Run(ctx context.Context) error {
	failed := make(chan *running, len(g.parts))
	started := make([]*running, 0, len(g.parts))
	for _, p := range g.parts {
		if p.Stop == 0 {
			p.Stop = 5 * time.Second
		}
		partCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
		r := &running{Part: p, cancel: cancel, done: make(chan struct{})}
		started = append(started, r)
		go func() {
			defer close(r.done)
			r.err = r.Run(partCtx)
			if partCtx.Err() == nil {
				failed <- r
			}
		}()
	}
	var errs []error
	select {
	case <-ctx.Done():
	case r := <-failed:
		<-r.done
		if r.err == nil {
			r.err = errors.New("ended by itself")
		}
	}
	for i := len(started) - 1; i >= 0; i-- {
		if err := g.stop(started[i]); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (g *Group) stop(r *running) error {
	r.cancel()
	timer := time.NewTimer(r.Stop)
	defer timer.Stop()
	select {
	case <-r.done:
	case <-timer.C:
		return fmt.Errorf("%s did not stop within %v", r.Name, r.Stop)
	}
	if r.err != nil {
		return fmt.Errorf("%s: %w", r.Name, r.err)
	}
	g.log.Debug("stopped", "part", r.Name)
	return nil
}
