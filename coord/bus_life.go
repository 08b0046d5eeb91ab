package coord

import (
	"context"
	"errors"
	"sync/atomic"
)

// life is the one run of a bus: not yet, now, over.
type life struct {
	begun   atomic.Bool
	running chan struct{} // closed when Run begins
	over    chan struct{} // closed when Run has returned
}

func newLife() *life { return &life{running: make(chan struct{}), over: make(chan struct{})} }

// begin may succeed once.
func (l *life) begin(op string) error {
	if !l.begun.CompareAndSwap(false, true) {
		return &Error{Kind: KindInvalid, Op: op, Err: errors.New("called twice")}
	}
	close(l.running)
	return nil
}

func (l *life) end() { close(l.over) }

// await waits for Run to begin.
func (l *life) await(ctx context.Context, op string) error {
	select {
	case <-l.over:
		return &Error{Kind: KindClosed, Op: op}
	default:
	}
	select {
	case <-l.running:
		if ctx.Err() != nil {
			return away(ctx, op, ctx.Err())
		}
		return nil
	case <-ctx.Done():
		return away(ctx, op, ctx.Err())
	}
}
