package record

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"synctv/mediad/stream"
)

// Limits of the queue between the stream and the store.
const (
	queueSteps = 256
	queueBytes = 64 << 20
)

// recorder records one stream, until it is over or stop is called.
type recorder struct {
	studio *Studio
	stream *stream.Stream
	stop   func() // ends it, from anywhere

	queue   chan step
	waiting atomic.Int64 // bytes in the queue
	dropped atomic.Bool  // the writer has given the file up

	// Owned by run.
	cutter  *cutter
	skips   uint64 // of the reader, seen
	clogged bool   // the queue was full: nothing is taken until there is room
}

// run records until ctx ends, or the stream does. What it has begun it finishes.
func (r *recorder) run(ctx context.Context) {
	var writing sync.WaitGroup
	defer writing.Wait()
	r.queue = make(chan step, queueSteps)
	defer close(r.queue)
	w := newWriter(r)
	writing.Go(func() { w.run(context.WithoutCancel(ctx)) })

	r.cutter = newCutter(r.studio.config)
	reader, err := r.stream.Reader(stream.ReaderOptions{Internal: true})
	if err != nil {
		return // it is closed
	}
	defer reader.Close()
	items := make([]*stream.Item, 64)
	for {
		n, err := reader.NextBatch(ctx, items)
		skips := reader.Skips()
		for _, it := range items[:n] {
			r.take(it, skips != r.skips)
			r.skips = skips
		}
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, stream.ErrClosed) && ctx.Err() == nil {
				r.studio.config.Log.Error("a recorder lost its stream", "stream", r.stream.Name(), "err", err)
			}
			r.finish()
			return
		}
	}
}

func (r *recorder) take(it *stream.Item, skipped bool) {
	if r.dropped.CompareAndSwap(true, false) {
		r.cutter.drop()
	}
	if r.clogged {
		if r.waiting.Load() > queueBytes/2 || len(r.queue) > queueSteps/2 {
			return
		}
		r.clogged = false
	}
	for _, s := range r.cutter.take(it, skipped) {
		if !r.send(s) {
			return
		}
	}
}

// send hands a step to the writer. When there is no room, the file ends, and nothing
// is recorded until there is: the publisher waits for nobody.
func (r *recorder) send(s step) bool {
	// One place is kept for the end.
	if r.waiting.Load()+s.size > queueBytes || len(r.queue) >= queueSteps-1 {
		r.studio.count.fail(reasonSlow)
		r.studio.config.Log.Warn("the store of recordings is too slow: a recording ends here, and another one begins when it has caught up", "stream", r.stream.Name())
		r.clogged = true
		r.cutter.drop()
		r.queue <- step{what: end}
		return false
	}
	r.waiting.Add(s.size)
	r.queue <- s
	return true
}

// finish ends the file, now that nothing follows.
func (r *recorder) finish() {
	if r.dropped.Load() || r.clogged {
		return
	}
	for _, s := range r.cutter.finish() {
		if !r.send(s) {
			return
		}
	}
}
