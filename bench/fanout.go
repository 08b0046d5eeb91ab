package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// perSender is what one person may say per second for long: the server allows two.
const perSender = 1.8

// maxRate keeps the number of senders within the guests that one address may bring at once.
const maxRate = 60

type fanoutOptions struct {
	connections string
	rate        float64
	size        int
	seconds     float64
}

func setupFanout(fs *flag.FlagSet) func(context.Context, env) (*report, error) {
	var o fanoutOptions
	fs.StringVar(&o.connections, "connections", "100,1000", "receivers in the room, a `list`; each gets a server of its own")
	fs.Float64Var(&o.rate, "rate", 20, "chat messages per second in all, at most 60")
	fs.IntVar(&o.size, "size", 64, "bytes of text per message, 32 to 2000")
	fs.Float64Var(&o.seconds, "seconds", 10, "how long to send")
	return func(ctx context.Context, e env) (*report, error) { return fanout(ctx, e, o) }
}

// fanoutResult is one line of the table, with everything behind it.
type fanoutResult struct {
	Connections    int     `json:"connections"`
	ConnectPerS    float64 `json:"connectPerS"`
	Sent           int64   `json:"sent"`
	Refused        int64   `json:"refused"`
	FirstRefusal   string  `json:"firstRefusal,omitempty"`
	Delivered      uint64  `json:"delivered"`
	Missing        int64   `json:"missing"`
	Closed         int64   `json:"closedByServer"`
	DeliveredPerS  float64 `json:"deliveredPerS"`
	P50MS          float64 `json:"p50ms"`
	P95MS          float64 `json:"p95ms"`
	P99MS          float64 `json:"p99ms"`
	MaxMS          float64 `json:"maxMs"`
	IdleCPU        float64 `json:"idleCpuPercent"`
	LoadCPU        float64 `json:"loadCpuPercent"`
	MicrosPerDeliv float64 `json:"serverMicrosPerDelivery"`
	ClientCPU      float64 `json:"clientCpuPercent"`
	EmptyRSS       int64   `json:"emptyRssBytes"`
	FullRSS        int64   `json:"fullRssBytes"`
	LoadRSS        int64   `json:"loadRssBytes"`
}

func fanout(ctx context.Context, e env, o fanoutOptions) (*report, error) {
	list, err := counts(o.connections)
	if err != nil {
		return nil, err
	}
	if o.rate <= 0 || o.rate > maxRate || o.size < 32 || o.size > 2000 || o.seconds < 1 {
		return nil, errors.New("rate is 0 to 60, size 32 to 2000, seconds at least 1")
	}
	var results []fanoutResult
	t := table{Title: fmt.Sprintf("Chat to one room, %.0f messages/s of %d bytes for %.0f s", o.rate, o.size, o.seconds),
		Head: []string{"receivers", "deliveries/s", "p50 ms", "p95 ms", "p99 ms", "max ms", "refused", "missing", "server us/delivery", "server CPU %", "idle CPU %", "clients CPU %", "KiB/connection", "connects/s"}}
	for _, n := range list {
		fmt.Fprintf(e.out, "%d receivers...\n", n)
		r, err := fanoutOnce(ctx, e, o, n)
		if err != nil {
			return nil, fmt.Errorf("%d receivers: %w", n, err)
		}
		if r.FirstRefusal != "" {
			fmt.Fprintf(e.out, "  %d refused, the first: %s\n", r.Refused, r.FirstRefusal)
		}
		results = append(results, *r)
		perConn := float64(r.FullRSS-r.EmptyRSS) / 1024 / float64(n)
		t.Rows = append(t.Rows, []any{n, r.DeliveredPerS, r.P50MS, r.P95MS, r.P99MS, r.MaxMS, r.Refused, r.Missing, r.MicrosPerDeliv, r.LoadCPU, r.IdleCPU, r.ClientCPU, perConn, r.ConnectPerS})
	}
	return &report{Tables: []table{t}, Raw: results, Method: []string{
		"One server process with its embedded database, receivers and senders in this process, over 127.0.0.1.",
		"A message is stamped when it was due to be sent and measured when a receiver has its frame; it is committed to the database in between.",
		"Server time is what the process took while sending, less what it took at rest, per frame delivered. 100 % is one processor.",
		"Receivers share this machine's processors with the server, so latency includes their own turn.",
	}}, nil
}

func fanoutOnce(ctx context.Context, e env, o fanoutOptions, n int) (*fanoutResult, error) {
	s, err := newServer(e.program, "SYNCTV_REALTIME_MAX_PER_ADDRESS=0", "SYNCTV_LOG_LEVEL=warn")
	if err != nil {
		return nil, err
	}
	defer s.remove()
	if _, err := s.start(ctx); err != nil {
		return nil, err
	}
	hall, err := openHall(ctx, s, o)
	if err != nil {
		return nil, err
	}
	defer hall.close()
	res := &fanoutResult{Connections: n}
	rest(ctx, time.Second)
	empty, err := usageOf(s.pid())
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	if err := hall.fill(ctx, n); err != nil {
		return nil, err
	}
	res.ConnectPerS = float64(n) / time.Since(begun).Seconds()
	rest(ctx, 3*time.Second)
	res.EmptyRSS = empty.RSS
	if err := measureLoad(ctx, s, hall, o, res); err != nil {
		return nil, err
	}
	return res, ctx.Err()
}

// measureLoad looks at the server at rest for two seconds, and then while the senders talk.
func measureLoad(ctx context.Context, s *server, h *hall, o fanoutOptions, res *fanoutResult) error {
	const still = 2 * time.Second
	atRest, err := usageOf(s.pid())
	if err != nil {
		return err
	}
	rest(ctx, still)
	before, err1 := usageOf(s.pid())
	mine, err2 := usageOf(os.Getpid())
	begun := time.Now()
	h.drain(ctx, h.talk(ctx, time.Duration(o.seconds*float64(time.Second))), 5*time.Second)
	took := time.Since(begun)
	after, err3 := usageOf(s.pid())
	mineAfter, err4 := usageOf(os.Getpid())
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return err
	}
	if why := h.why.Load(); why != nil {
		res.FirstRefusal = why.text
	}
	all := h.collect()
	percent := func(cpu, wall time.Duration) float64 { return 100 * cpu.Seconds() / wall.Seconds() }
	ms := func(d time.Duration) float64 { return float64(d) / 1e6 }
	res.FullRSS, res.LoadRSS = before.RSS, after.RSS
	res.Sent, res.Refused, res.Closed = h.acked.Load(), h.refused.Load(), h.closed.Load()
	res.Delivered = all.n
	res.Missing = res.Sent*int64(res.Connections) - int64(all.n)
	res.DeliveredPerS = float64(all.n) / o.seconds
	res.P50MS, res.P95MS, res.P99MS, res.MaxMS = ms(all.quantile(.5)), ms(all.quantile(.95)), ms(all.quantile(.99)), ms(all.max)
	res.IdleCPU = percent(before.CPU-atRest.CPU, still)
	res.LoadCPU = percent(after.CPU-before.CPU, took)
	res.ClientCPU = percent(mineAfter.CPU-mine.CPU, took)
	if all.n > 0 {
		work := (after.CPU - before.CPU).Seconds() - res.IdleCPU/100*took.Seconds()
		res.MicrosPerDeliv = max(0, work) * 1e6 / float64(all.n)
	}
	return nil
}

func rest(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// hall is one room with its receivers and senders.
type hall struct {
	s       *server
	room    string
	token   string // the owner's: all receivers are sessions of one person
	size    int
	rate    float64
	senders []*wsClient
	wg      sync.WaitGroup

	acked, refused, closed atomic.Int64
	delivered              atomic.Int64
	closing                atomic.Bool
	why                    atomic.Pointer[refusal]

	mu        sync.Mutex
	receivers []*receiver
}

// receiver reads one connection and notes how late each message came.
type receiver struct {
	c    *wsClient
	mu   sync.Mutex
	late histogram // guarded by mu
}

// openHall makes the room and lets the senders in.
func openHall(ctx context.Context, s *server, o fanoutOptions) (*hall, error) {
	token, err := s.owner(ctx)
	if err != nil {
		return nil, err
	}
	var room struct{ ID, InviteCode string }
	settings := map[string]any{"visibility": "VISIBILITY_PRIVATE", "preset": "PRESET_OPEN", "guestsAllowed": true}
	if err := s.call(ctx, token, "POST", "/api/v1/rooms", map[string]any{"name": "Bench", "settings": settings}, &room); err != nil {
		return nil, err
	}
	h := &hall{s: s, room: room.ID, token: token, size: o.size, rate: o.rate}
	for i := 0; float64(i)*perSender < o.rate; i++ {
		var guest struct{ AccessToken string }
		in := map[string]any{"name": "Sender " + strconv.Itoa(i+1), "inviteCode": room.InviteCode}
		if err := s.call(ctx, "", "POST", "/api/v1/rooms/"+room.ID+"/guests", in, &guest); err != nil {
			h.close()
			return nil, err
		}
		c, err := dialRoom(ctx, s.addr, room.ID, guest.AccessToken, "synctv.v1.json")
		if err != nil {
			h.close()
			return nil, err
		}
		h.senders = append(h.senders, c)
		h.wg.Go(func() { h.hearAnswers(c) })
	}
	return h, nil
}

// fill lets n receivers in, several at a time.
func (h *hall) fill(ctx context.Context, n int) error {
	const atOnce = 32
	var left atomic.Int64
	left.Store(int64(n))
	errs := make(chan error, atOnce)
	for range atOnce {
		go func() {
			for left.Add(-1) >= 0 {
				c, err := dialRoom(ctx, h.s.addr, h.room, h.token, "synctv.v1.proto")
				if err != nil {
					errs <- err
					return
				}
				r := &receiver{c: c}
				h.mu.Lock()
				h.receivers = append(h.receivers, r)
				h.mu.Unlock()
				h.wg.Go(func() { h.receive(r) })
			}
			errs <- nil
		}()
	}
	var all error
	for range atOnce {
		all = errors.Join(all, <-errs)
	}
	return all
}

var mark = []byte("due:")

// receive reads until the connection ends.
func (h *hall) receive(r *receiver) {
	for {
		op, payload, err := r.c.read()
		if err != nil || op == opClose {
			if !h.closing.Load() {
				h.closed.Add(1)
			}
			return
		}
		if op == opPing {
			r.c.write(opPong, payload)
			continue
		}
		now := time.Now().UnixNano()
		if due, ok := dueOf(payload); ok {
			r.mu.Lock()
			r.late.record(time.Duration(now - due))
			r.mu.Unlock()
			h.delivered.Add(1)
		}
	}
}

// dueOf finds the stamp of a message in a frame of any encoding.
func dueOf(payload []byte) (int64, bool) {
	i := bytes.Index(payload, mark)
	if i < 0 || len(payload) < i+len(mark)+19 {
		return 0, false
	}
	due, err := strconv.ParseInt(string(payload[i+len(mark):i+len(mark)+19]), 10, 64)
	return due, err == nil
}

// hearAnswers counts what the server says to a sender.
func (h *hall) hearAnswers(c *wsClient) {
	for {
		op, payload, err := c.read()
		if err != nil || op == opClose {
			return
		}
		switch {
		case op == opPing:
			c.write(opPong, payload)
		case bytes.HasPrefix(payload, []byte(`{"ack"`)):
			h.acked.Add(1)
		case bytes.HasPrefix(payload, []byte(`{"refusal"`)):
			h.refused.Add(1)
			h.why.CompareAndSwap(nil, &refusal{string(payload)})
		}
	}
}

// refusal is the first answer of the server that was not an ack, as it came.
type refusal struct{ text string }

// talk sends at the steady rate, whether or not the message before was answered, and says how many.
func (h *hall) talk(ctx context.Context, d time.Duration) (sent int64) {
	gap := time.Duration(float64(time.Second) / h.rate)
	begun := time.Now()
	for i := 0; ; i++ {
		due := begun.Add(time.Duration(i) * gap)
		if due.Sub(begun) >= d || ctx.Err() != nil {
			return sent
		}
		rest(ctx, time.Until(due))
		text := fmt.Sprintf("%s%d %0*d", mark, due.UnixNano(), max(1, h.size-len(mark)-20), i)
		in := fmt.Appendf(nil, `{"id":%d,"chat":{"text":%q,"clientId":"m%d"}}`, i+1, text, i)
		sent++
		if h.senders[i%len(h.senders)].write(opText, in) != nil {
			h.refused.Add(1)
		}
	}
}

// drain waits until everything sent was answered and has arrived everywhere, or for the time given.
func (h *hall) drain(ctx context.Context, sent int64, most time.Duration) {
	end := time.Now().Add(most)
	for time.Now().Before(end) && ctx.Err() == nil {
		rest(ctx, 20*time.Millisecond)
		if h.acked.Load()+h.refused.Load() >= sent && h.delivered.Load() >= h.acked.Load()*int64(len(h.receivers)) {
			return
		}
	}
}

func (h *hall) collect() *histogram {
	var all histogram
	for _, r := range h.receivers {
		r.mu.Lock()
		all.merge(&r.late)
		r.mu.Unlock()
	}
	return &all
}

func (h *hall) close() {
	h.closing.Store(true)
	for _, c := range h.senders {
		c.conn.Close()
	}
	h.mu.Lock()
	for _, r := range h.receivers {
		r.c.conn.Close()
	}
	h.mu.Unlock()
	h.wg.Wait()
}
