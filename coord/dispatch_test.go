package coord

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
)

// TestDispatcherHole walks through one overflow step by step: everything before the loss, then resync, then what comes after;
// nothing of the topic in between, and other topics of the same worker are not disturbed beyond it.
func TestDispatcherHole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDispatcher(1)
		d.join("a").confirm()
		d.join("b").confirm()
		var seen []string
		gate := make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			d.run(ctx, func(topic string, p []byte) {
				<-gate
				seen = append(seen, topic+":"+string(p))
			}, func(topics []string) { seen = append(seen, fmt.Sprint("resync ", topics)) })
		}()
		d.enqueue("a", []byte("0"))
		synctest.Wait() // the worker holds message 0
		for i := range shardMessages {
			d.enqueue("b", fmt.Append(nil, i))
		}
		d.enqueue("a", []byte("lost"))
		d.enqueue("a", []byte("lost too"))
		d.lost("a")
		close(gate)
		synctest.Wait()
		d.enqueue("a", []byte("after"))
		synctest.Wait()
		cancel()
		<-done
		want := []string{"a:0"}
		for i := range shardMessages {
			want = append(want, fmt.Sprint("b:", i))
		}
		want = append(want, "resync [a]", "a:after")
		if !slices.Equal(seen, want) {
			t.Fatalf("%d entries, the last %q", len(seen), seen[len(seen)-min(len(seen), 3):])
		}
		if d.dropped.Load() != 2 || d.gaps.Load() != 1 {
			t.Errorf("dropped %d, gaps %d", d.dropped.Load(), d.gaps.Load())
		}
	})
}

// TestDispatcherStay: what was queued for an earlier stay is not delivered to a later one, nor is its resync.
func TestDispatcherStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDispatcher(1)
		var seen []string
		first := d.join("a")
		d.enqueue("a", []byte("before the subscription is in force"))
		first.confirm()
		d.enqueue("a", []byte("for the first stay"))
		d.lost("a")
		d.leave("a", nil)
		d.leave("a", first)
		second := d.join("a")
		second.confirm()
		d.leave("a", first) // not that one
		d.enqueue("a", []byte("for the second"))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			d.run(ctx, func(_ string, p []byte) { seen = append(seen, string(p)) }, func([]string) { seen = append(seen, "resync") })
		}()
		synctest.Wait()
		cancel()
		<-done
		if !slices.Equal(seen, []string{"for the second"}) {
			t.Errorf("seen %q", seen)
		}
	})
}
