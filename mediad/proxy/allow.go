package proxy

import (
	"context"
	"sync"
	"time"
)

// Allow tells whether a user may have an item of a room now. An error means that nobody knows.
type Allow func(ctx context.Context, room, user, item string) (bool, error)

// mayHave is the answer before anything is fetched; nil is yes.
func (p *Proxy) mayHave(ctx context.Context, c claims) *problem {
	if p.allow == nil {
		return nil
	}
	switch ok, err := p.allow(ctx, c.room, c.user, c.item); {
	case err != nil:
		return errUnsure
	case !ok:
		return errDenied
	}
	return nil
}

// keepAsking ends an answer that lasts, as films do, when its user may not have it any more. While nobody knows it goes on.
// stop waits for a question that is being asked.
func (p *Proxy) keepAsking(ctx context.Context, end context.CancelFunc, c claims) (stop func()) {
	if p.allow == nil {
		return func() {}
	}
	k := &asker{p: p, ctx: ctx, end: end, claims: c}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.timer = time.AfterFunc(p.cfg.Recheck, k.ask)
	return k.stop
}

// asker asks again every Config.Recheck, on the goroutine of its timer.
type asker struct {
	// immutable
	p      *Proxy
	ctx    context.Context // of the answer
	end    context.CancelFunc
	claims claims

	mu    sync.Mutex
	timer *time.Timer // guarded by mu; nil when it is over
}

func (k *asker) ask() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.timer == nil {
		return
	}
	if k.p.mayHave(k.ctx, k.claims) == errDenied {
		k.end()
		return
	}
	k.timer.Reset(k.p.cfg.Recheck)
}

func (k *asker) stop() {
	k.end() // so that a question on its way comes back
	k.mu.Lock()
	defer k.mu.Unlock()
	k.timer.Stop()
	k.timer = nil
}
