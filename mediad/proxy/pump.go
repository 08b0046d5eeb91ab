package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

var (
	errShort = errors.New("the upstream body ended early")
	errSlow  = errors.New("the upstream is slower than the minimum rate")
	errIdle  = errors.New("the upstream sent nothing for too long")
)

// watch times the reads of one upstream body: an idle one is cut by a timer, a dripping one by its rate. Only the time spent waiting
// for the upstream counts, so a paused player is never taken for a slow origin.
type watch struct {
	now    func() time.Time
	idle   time.Duration
	window time.Duration
	least  int64 // bytes a window must bring
	timer  *time.Timer
	cancel context.CancelFunc

	waited time.Duration
	got    int64
}

func (p *Proxy) newWatch(cancel context.CancelFunc) *watch {
	w := &watch{
		now: p.now, idle: p.cfg.IdleTimeout, window: p.cfg.RateWindow, cancel: cancel,
		least: p.cfg.MinRate * int64(p.cfg.RateWindow/time.Millisecond) / 1000,
	}
	w.timer = time.AfterFunc(p.cfg.IdleTimeout, cancel)
	return w
}

// read is body.Read under the watch.
func (w *watch) read(body io.Reader, b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	w.timer.Reset(w.idle)
	start := w.now()
	n, err := body.Read(b)
	took := w.now().Sub(start)
	fired := !w.timer.Stop()
	if err != nil {
		if fired && !errors.Is(err, io.EOF) {
			err = errIdle
		}
		return n, err
	}
	w.waited += took
	w.got += int64(n)
	if w.waited >= w.window {
		if w.got < w.least {
			return n, errSlow
		}
		w.waited, w.got = 0, 0
	}
	return n, nil
}

func (w *watch) stop() { w.timer.Stop() }

// pump writes the n bytes already in buf and then the rest of body, exactly want bytes in all (want < 0: until the end).
func (x *exchange) pump(body io.Reader, watch *watch, buf *[bufferSize]byte, n int, readErr error, want int64) error {
	rc := http.NewResponseController(x.w)
	// A deadline left behind would hit the next request on this connection.
	defer func() { _ = rc.SetWriteDeadline(time.Time{}) }()
	left := want
	for {
		if n > 0 {
			_ = rc.SetWriteDeadline(time.Now().Add(x.p.cfg.WriteTimeout))
			m, err := x.w.Write(buf[:n])
			x.p.stats.bytes.Add(int64(m))
			if err != nil {
				return fmt.Errorf("write to client: %w", err)
			}
			if want < 0 {
				if err := rc.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
					return fmt.Errorf("write to client: %w", err)
				}
			}
			left -= int64(n)
		}
		switch {
		case want >= 0 && left == 0:
			return nil
		case errors.Is(readErr, io.EOF) && want < 0:
			return nil
		case errors.Is(readErr, io.EOF):
			return errShort
		case readErr != nil:
			return readErr
		}
		room := int64(bufferSize)
		if want >= 0 {
			room = min(room, left)
		}
		n, readErr = watch.read(body, buf[:room])
	}
}

// readAll reads a body of at most limit bytes under the watch; more is errTooLarge.
func (x *exchange) readAll(body io.Reader, limit int64) ([]byte, error) {
	watch := x.p.newWatch(x.cancel)
	defer watch.stop()
	buf := x.p.buffers.Get().(*[bufferSize]byte)
	defer x.p.buffers.Put(buf)
	var all []byte
	for {
		n, err := watch.read(body, buf[:])
		all = append(all, buf[:n]...)
		switch {
		case int64(len(all)) > limit:
			return nil, errTooLarge
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, err
		}
	}
}

var errTooLarge = errors.New("the upstream body is larger than allowed")
