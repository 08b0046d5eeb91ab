package e2e

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"synctv/app"
	"synctv/coord"
	"synctv/store"
)

// chaosBus loses, doubles and delays what is published, and now and then says so. Order between
// messages is lost too.
type chaosBus struct {
	app.Bus
	rnd    *rand.Rand
	mu     sync.Mutex
	topics map[string]bool
}

func (b *chaosBus) Join(ctx context.Context, topic string) error {
	b.mu.Lock()
	b.topics[topic] = true
	b.mu.Unlock()
	return b.Bus.Join(ctx, topic)
}

func (b *chaosBus) Publish(ctx context.Context, topic string, payload []byte) error {
	b.mu.Lock()
	dice := b.rnd.IntN(10)
	delay := time.Duration(b.rnd.IntN(20)) * time.Millisecond
	b.mu.Unlock()
	switch {
	case dice < 2: // lost
		return nil
	case dice < 4: // twice
		b.Bus.Publish(ctx, topic, payload)
	case dice < 7: // late, and so out of order
		time.AfterFunc(delay, func() { b.Bus.Publish(context.WithoutCancel(ctx), topic, payload) })
		return nil
	}
	return b.Bus.Publish(ctx, topic, payload)
}

// listener is an audience that writes down what it gets.
type listener struct {
	mu   sync.Mutex
	seqs []uint32
}

func (l *listener) Deliver(_ app.RoomID, d app.Delivered) {
	if ev, ok := d.(app.Event); ok {
		l.mu.Lock()
		l.seqs = append(l.seqs, ev.Seq)
		l.mu.Unlock()
	}
}

func (l *listener) newest() uint32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.seqs) == 0 {
		return 0
	}
	return l.seqs[len(l.seqs)-1]
}

// house is an app in this process on a real SQLite database.
func house(t *testing.T, dir, node string, wrap func(app.Bus) app.Bus) *app.App {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{URL: "sqlite:" + filepath.Join(dir, "synctv.db")})
	if err != nil {
		t.Fatal(err)
	}
	mem, err := coord.NewLocal(coord.LocalConfig{})
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.New(app.Config{NodeID: node, AddressKey: make([]byte, 32), GuestsAllowed: true, RegistrationOpen: true}, app.Deps{
		Store: db, Bus: wrap(mem.Bus), Presence: mem.Presence, Keys: mem.Keys, Leases: mem.Leases, Limits: openGate{}, Clock: mem.Clock,
		Passwords: plainPasswords{}, Tokens: &plainTokens{claims: make(map[string]app.Claims)}, Prober: noProber{}, Signer: noSigner{}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { mem.Run(ctx) })
	running.Go(func() { a.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
		db.Close()
	})
	return a
}

// TestEveryEventOnceInOrderOverABusThatCannotBeTrusted proves that order and completeness rest on
// the numbers and the log alone.
func TestEveryEventOnceInOrderOverABusThatCannotBeTrusted(t *testing.T) {
	const talkers, each = 4, 40
	a := house(t, t.TempDir(), "one", func(b app.Bus) app.Bus {
		return &chaosBus{Bus: b, rnd: rand.New(rand.NewPCG(7, 11)), topics: make(map[string]bool)}
	})
	ctx := t.Context()
	tok, err := a.Register(ctx, app.Origin{}, "ana", "correct horse", "")
	if err != nil {
		t.Fatal(err)
	}
	owner, err := a.Authenticate(ctx, tok.Access)
	if err != nil {
		t.Fatal(err)
	}
	room, err := a.CreateRoom(ctx, owner, app.NewRoom{Name: "noise"})
	if err != nil {
		t.Fatal(err)
	}
	first := sit(t, a, owner, room.Room.ID)
	var talking sync.WaitGroup
	late := make(chan *listener, talkers)
	for i := range talkers {
		talking.Go(func() {
			for j := range each {
				g, err := a.Authorize(ctx, owner, room.Room.ID, app.ChatSend)
				if err == nil {
					_, err = a.SendMessage(ctx, g, app.NewMessage{Text: fmt.Sprint(i, " ", j)})
				}
				if err != nil {
					t.Error(err)
				}
				if j == each/2 {
					late <- sit(t, a, owner, room.Room.ID)
				}
			}
		})
	}
	talking.Wait()
	close(late)
	listeners := []*listener{first}
	for l := range late {
		listeners = append(listeners, l)
	}
	for n, l := range listeners {
		eventually(t, 20*time.Second, func() error {
			if got := l.newest(); got != talkers*each {
				return fmt.Errorf("listener %d is at event %d of %d", n, got, talkers*each)
			}
			return nil
		})
		for i, seq := range l.seqs {
			if seq != l.seqs[0]+uint32(i) {
				t.Fatalf("listener %d: event %d follows %d", n, seq, l.seqs[i-1])
			}
		}
	}
	if first.seqs[0] != 1 {
		t.Errorf("the first event was number %d", first.seqs[0])
	}
	if a.Stats().EventGaps.Load() == 0 {
		t.Error("the bus behaved: this test proves nothing")
	}
}

// sit seats somebody with a listener of their own, which starts from the welcome's number.
func sit(t *testing.T, a *app.App, who app.Actor, room app.RoomID) *listener {
	t.Helper()
	l := &listener{}
	var seat *app.Seat
	eventually(t, 5*time.Second, func() (err error) {
		seat, err = a.Sit(t.Context(), who, room, app.SitOptions{Audience: l, Seated: func(_ *app.Seat, w app.Welcome, missed []app.Event) {
			next := w.Seq + 1
			for _, ev := range missed {
				if ev.Seq != next {
					t.Errorf("welcome at %d is followed by %d", w.Seq, ev.Seq)
				}
				next++
				l.Deliver(room, ev)
			}
			if len(missed) == 0 && w.Seq > 0 {
				l.seqs = append(l.seqs, w.Seq)
			}
		}})
		return err
	})
	t.Cleanup(seat.Leave)
	return l
}
