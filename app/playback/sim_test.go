package playback

import (
	"container/heap"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// The simulation: clients on several nodes, one durable state changed by compare-and-swap, a network that delays, reorders
// and drops, all under a virtual clock.

type event struct {
	at  int64
	seq int
	do  func()
}

type agenda []event

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	return a[i].at < a[j].at || (a[i].at == a[j].at && a[i].seq < a[j].seq)
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)   { *a = append(*a, x.(event)) }
func (a *agenda) Pop() any     { old := *a; e := old[len(old)-1]; *a = old[:len(old)-1]; return e }

type simClient struct {
	id       string
	node     *simNode
	oneWay   int64
	state    State
	online   bool
	joined   int64
	wedged   bool // never gets ready
	stalled  int64
	readyRev uint32
}

type simNode struct {
	skew     int64 // its clock is off by this
	deferred Deferrals
	busy     bool
	turns    []func()
}

type world struct {
	t        *rapid.T
	now      int64
	seq      int
	agenda   agenda
	stored   State
	writers  map[uint32]int
	nodes    []*simNode
	clients  []*simClient
	policy   Policy
	reports  map[string]Report
	quiet    bool
	accepted int
}

func (w *world) after(us int64, do func()) {
	w.seq++
	heap.Push(&w.agenda, event{w.now + us, w.seq, do})
}

func (w *world) chance(label string, percent int) bool {
	return rapid.IntRange(0, 99).Draw(w.t, label) < percent
}

// swap is the store: it accepts a successor only of the revision it has.
func (w *world) swap(from, next State) bool {
	if w.stored.Revision != from.Revision {
		return false
	}
	if next.Revision != from.Revision+1 {
		w.t.Fatalf("revision %d after %d", next.Revision, from.Revision)
	}
	if w.writers[next.Revision]++; w.writers[next.Revision] > 1 {
		w.t.Fatalf("revision %d was written twice", next.Revision)
	}
	if err := next.Validate(); err != nil {
		w.t.Fatalf("%v: %+v", err, next)
	}
	w.stored = next
	w.accepted++
	for _, c := range w.clients {
		w.send(c, next)
	}
	return true
}

func (w *world) send(c *simClient, s State) {
	if !w.quiet && w.chance("lost", 5) {
		return
	}
	jitter := int64(0)
	if !w.quiet {
		jitter = rapid.Int64Range(0, 30_000).Draw(w.t, "jitter")
	}
	w.after(c.oneWay+jitter, func() { c.receive(w, s) })
}

func (c *simClient) receive(w *world, s State) {
	if !c.online || s.Revision <= c.state.Revision {
		return
	}
	c.state = s
	ready := s.Revision
	w.after(50_000, func() {
		if !c.wedged && c.readyRev < ready {
			c.readyRev = ready
			c.report(w)
		}
	})
}

func (c *simClient) report(w *world) {
	if !c.online {
		return
	}
	r := Report{Session: c.id, Member: "m" + c.id, Epoch: "e1", ReadyRevision: c.readyRev, Activity: ActivityPlaying,
		OneWayMs: float64(c.oneWay) / 1000, JitterMs: 10, JoinedUs: c.joined, SeenUs: w.now + c.oneWay}
	if !c.state.Playing || c.state.Hold != nil {
		r.Activity = ActivityPaused
	}
	if c.stalled > 0 {
		r.Activity, r.StalledSinceUs = ActivityStalled, c.stalled
	}
	w.after(c.oneWay, func() {
		if c.online {
			w.reports[c.id] = r
			w.review(c.node)
		}
	})
}

func (w *world) view() []Report {
	out := make([]Report, 0, len(w.reports))
	for _, c := range w.clients {
		if r, ok := w.reports[c.id]; ok {
			out = append(out, r)
		}
	}
	return out
}

func (w *world) env() Env {
	return Env{Policy: w.policy, Reports: w.view(), Queue: Queue{Next: Item{ID: "n", DurationMs: 20_000}, First: Item{ID: "f", DurationMs: 15_000}}}
}

// turn runs something when the node has finished what came before: one person's intents are decided in order.
func (w *world) turn(n *simNode, do func()) {
	n.turns = append(n.turns, do)
	if !n.busy {
		w.nextTurn(n)
	}
}

func (w *world) nextTurn(n *simNode) {
	n.busy = len(n.turns) > 0
	if n.busy {
		do := n.turns[0]
		n.turns = n.turns[1:]
		do()
	}
}

func (w *world) intent(n *simNode, in Intent) {
	w.turn(n, func() { w.decide(n, in) })
}

// decide reads, decides and swaps; after a lost race once more. Between the read and the swap other nodes may act.
func (w *world) decide(n *simNode, in Intent) {
	read := w.stored
	w.after(rapid.Int64Range(0, 8_000).Draw(w.t, "store"), func() {
		next, ack, err := Apply(read, in, w.env(), w.now+n.skew)
		checkStep(w.t, read, next, ack, err)
		if err == nil && ack.Outcome == Accepted && !w.swap(read, next) {
			w.decide(n, in)
			return
		}
		if err == nil && !n.deferred.Note(in, ack) {
			w.t.Fatalf("a deferred seek was lost")
		}
		if err == nil && ack.Outcome == Deferred {
			w.after(max(ack.DueUs-w.now-n.skew, 0), func() { w.turn(n, func() { w.flush(n) }) })
		}
		w.nextTurn(n)
	})
}

func (w *world) flush(n *simNode) {
	if in, ok := n.deferred.Due(w.now + n.skew); ok {
		w.decide(n, in)
		return
	}
	w.nextTurn(n)
}

// review is what every node does when reports arrive or a deadline comes.
func (w *world) review(n *simNode) {
	read := w.stored
	now := w.now + n.skew
	next, changed, due := Decide(read, w.view(), w.policy, now)
	checkDecision(w.t, read, next, changed, due, now)
	if changed {
		if next.Hold != nil && read.Hold == nil && next.Hold.UntilUs > now+15_000_000 {
			w.t.Fatalf("a hold of %d us", next.Hold.UntilUs-now)
		}
		w.swap(read, next)
	}
	if due > 0 {
		w.after(due-now, func() { w.review(n) })
	}
	end, _, due := Advance(w.stored, w.env(), now)
	if end.Revision != w.stored.Revision {
		w.swap(w.stored, end)
	}
	if due > 0 && due < now+60_000_000 {
		w.after(due-now, func() { w.review(n) })
	}
}

func (w *world) run(until int64) {
	for steps := 0; len(w.agenda) > 0 && w.agenda[0].at <= until; steps++ {
		if steps > 200_000 {
			w.t.Fatalf("busy loop")
		}
		e := heap.Pop(&w.agenda).(event)
		w.now = e.at
		e.do()
	}
	w.now = until
}

func newWorld(t *rapid.T) *world {
	w := &world{t: t, now: t0, writers: map[uint32]int{}, reports: map[string]Report{}, stored: playing()}
	w.policy = rapid.SampledFrom([]Policy{PolicyOff, PolicySoft, PolicyStrict}).Draw(t, "policy")
	w.stored.Loop = rapid.SampledFrom([]Loop{LoopNone, LoopOne, LoopAll}).Draw(t, "loop")
	for range rapid.IntRange(1, 3).Draw(t, "nodes") {
		w.nodes = append(w.nodes, &simNode{skew: rapid.Int64Range(-3_000, 3_000).Draw(t, "skew")})
	}
	for i := range rapid.IntRange(1, 6).Draw(t, "clients") {
		c := &simClient{id: fmt.Sprint(i), online: true, state: w.stored, readyRev: 10, joined: t0 - 20_000_000,
			node: w.nodes[i%len(w.nodes)], oneWay: rapid.Int64Range(500, 125_000).Draw(t, "oneWay"), wedged: w.chance("wedged", 10)}
		w.clients = append(w.clients, c)
	}
	for i, c := range w.clients {
		var tick func()
		tick = func() {
			c.report(w)
			if c.online && c.state.Revision < w.stored.Revision {
				w.send(c, w.stored) // the beacon has shown that something was missed
			}
			w.after(1_000_000, tick)
		}
		w.after(int64(i)*100_000, tick)
	}
	return w
}

func (w *world) actSomehow() {
	c := rapid.SampledFrom(w.clients).Draw(w.t, "who")
	switch rapid.IntRange(0, 11).Draw(w.t, "what") {
	case 0:
		c.stalled = w.now
	case 1:
		c.stalled = 0
	case 2:
		c.online = false
		delete(w.reports, c.id)
	case 3:
		c.online = true
		w.send(c, w.stored)
	default:
		in := Intent{Op: rapid.SampledFrom([]Op{OpPlay, OpPause, OpSeek, OpSeek, OpRate, OpNext, OpStartAnyway}).Draw(w.t, "op"),
			BaseRevision: c.state.Revision, Actor: Actor{ID: c.id, OneWayMs: float64(c.oneWay) / 1000},
			Rate: rapid.SampledFrom([]float64{0.5, 1, 2}).Draw(w.t, "rate")}
		if in.Op == OpSeek {
			in.PositionMs = ms(float64(rapid.IntRange(0, 60_000).Draw(w.t, "to")))
		}
		if c.online && !w.chance("lost intent", 5) {
			w.after(c.oneWay, func() { w.intent(c.node, in) })
		}
	}
}

func TestRoomConverges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		for range rapid.IntRange(1, 25).Draw(t, "acts") {
			w.actSomehow()
			w.run(w.now + rapid.Int64Range(1_000, 900_000).Draw(t, "pause"))
		}
		w.run(w.now + 1_000_000) // what is still on its way arrives
		w.quiet = true
		for _, c := range w.clients {
			c.online, c.stalled, c.wedged = true, 0, false
			w.send(c, w.stored)
		}
		w.run(w.now + 20_000_000) // longer than any hold
		if h := w.stored.Hold; h != nil && w.now > h.UntilUs+100_000 {
			t.Fatalf("a hold outlived its deadline: %+v", h)
		}
		// One more word, then silence: everybody has it one round trip later.
		last := Intent{Op: OpSeek, PositionMs: ms(1), Actor: Actor{ID: "x"}}
		next, _, err := Apply(w.stored, last, Env{Policy: PolicyOff}, w.now)
		if err != nil || !w.swap(w.stored, next) {
			t.Fatalf("last word: %v", err)
		}
		w.run(w.now + 250_000)
		for _, c := range w.clients {
			if c.state.Revision != w.stored.Revision || c.state.Hash() != w.stored.Hash() {
				t.Fatalf("client %s has revision %d, the room %d", c.id, c.state.Revision, w.stored.Revision)
			}
		}
		if int(w.stored.Revision) != 10+w.accepted || len(w.writers) != w.accepted {
			t.Fatalf("revision %d after %d changes", w.stored.Revision, w.accepted)
		}
	})
}

// TestFinalSeekCounts scrubs as fast as a mouse can and checks that the room ends where the mouse did, with few revisions.
func TestFinalSeekCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.policy, w.agenda = PolicyOff, nil
		w.stored.Loop = LoopNone
		c := w.clients[0]
		from, n := w.stored.Revision, rapid.IntRange(2, 60).Draw(t, "moves")
		var to float64
		for i := range n {
			to = float64(1000 + i)
			in := Intent{Op: OpSeek, PositionMs: ms(to), Actor: Actor{ID: c.id}}
			w.intent(c.node, in)
			w.run(w.now + 16_000)
		}
		w.run(w.now + 400_000)
		if w.stored.PositionMs != to {
			t.Fatalf("ends at %v, not %v", w.stored.PositionMs, to)
		}
		if got, most := w.stored.Revision-from, uint32(2+n*16/120); got > most+1 {
			t.Fatalf("%d revisions for %d moves", got, n)
		}
	})
}
