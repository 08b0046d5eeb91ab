package reactor

import "time"

// chanPoller is the poller of a shard whose connections are all served by
// goroutines: they post to the inbox, and that wakes it.
type chanPoller struct {
	woken chan struct{}
	timer *time.Timer
}

func newChanPoller() *chanPoller {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return &chanPoller{woken: make(chan struct{}, 1), timer: t}
}

// wait implements poller.
func (p *chanPoller) wait(d time.Duration) error {
	if d == 0 {
		return nil
	}
	if d < 0 {
		<-p.woken
		return nil
	}
	p.timer.Reset(d)
	select {
	case <-p.woken:
		p.timer.Stop()
	case <-p.timer.C:
	}
	return nil
}

// wake implements poller.
func (p *chanPoller) wake() {
	select {
	case p.woken <- struct{}{}:
	default:
	}
}

// close implements poller.
func (p *chanPoller) close() { p.timer.Stop() }
