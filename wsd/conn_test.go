package wsd

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"synctv/app"
	pb "synctv/proto/synctv/v1"
)

// Commands may come in one piece with the handshake, before anybody has a seat.
func TestCommandsThatComeWithTheHandshake(t *testing.T) {
	slow := make(chan struct{})
	d := newDoor(t, Config{}, func(h *house) { h.beforeSit = func() { <-slow } })
	owner := d.User(t, "ada")
	room := d.Room(t, owner, app.NewRoom{}).Room.ID
	report := &pb.ClientMessage{Body: &pb.ClientMessage_Report{Report: &pb.Report{State: pb.PlayerState_PLAYER_STATE_PAUSED}}}
	nc, r := d.raw(t, owner, room, masked(t, report), masked(t, chat(1, "early")), masked(t, chat(2, "bird")))
	if _, err := nc.Write(masked(t, chat(3, "worm"))); err != nil {
		t.Fatal(err)
	}
	eventually(t, "nothing was read", func() bool { return d.srv.Stats().BytesIn > 0 })
	close(slow)
	m, err := readText(r)
	if err != nil || m.GetWelcome() == nil {
		t.Fatal(m, err)
	}
	for want := uint32(1); want <= 3; {
		m, err := readText(r)
		if err != nil {
			t.Fatalf("waiting for the answer to %d: %v", want, err)
		}
		if a := m.GetAck(); a != nil {
			if a.Id != want {
				t.Fatalf("answer to %d, want %d", a.Id, want)
			}
			want++
		}
		if f := m.GetRefusal(); f != nil {
			t.Fatal(f)
		}
	}
}

func TestTooMuchBeforeTheSeat(t *testing.T) {
	slow := make(chan struct{})
	d := newDoor(t, Config{}, func(h *house) { h.beforeSit = func() { <-slow } })
	owner := d.User(t, "ada")
	room := d.Room(t, owner, app.NewRoom{}).Room.ID
	nc, _ := d.raw(t, owner, room)
	go nc.Write(make([]byte, 1<<20))
	time.Sleep(20 * time.Millisecond)
	close(slow)
	eventually(t, "the connection stays", func() bool { return d.srv.open.Load() == 0 && d.Load().Seats == 0 })
}

// A connection that dies while its person is being seated leaves nothing behind.
func TestConnectionThatDiesWhileSittingDown(t *testing.T) {
	arrived, proceed := make(chan struct{}), make(chan struct{})
	d := newDoor(t, Config{}, func(h *house) {
		h.beforeSit = func() { arrived <- struct{}{}; <-proceed }
	})
	owner := d.User(t, "ada")
	room := d.Room(t, owner, app.NewRoom{}).Room.ID
	for range 10 {
		nc, _ := d.raw(t, owner, room)
		<-arrived
		nc.(*net.TCPConn).SetLinger(0) // a reset is noticed even while nothing is read
		nc.Close()
		eventually(t, "the end is not noticed", func() bool { return d.srv.Stats().Conns == 0 })
		proceed <- struct{}{}
	}
	eventually(t, "something is left", func() bool {
		d.srv.mu.Lock()
		defer d.srv.mu.Unlock()
		return d.Load().Seats == 0 && len(d.srv.audiences) == 0 && len(d.srv.perAddr) == 0 && d.srv.open.Load() == 0
	})
}

func TestWelcomeComesBeforeEventsInAStorm(t *testing.T) {
	d := newDoor(t, Config{})
	owner := d.User(t, "ada")
	room := d.Room(t, owner, app.NewRoom{}).Room.ID
	ctx, cancel := context.WithCancel(t.Context())
	var talk sync.WaitGroup
	for i := range 3 {
		talk.Go(func() {
			g := d.Grant(t, owner, room, app.ChatSend)
			for n := 0; ctx.Err() == nil; n++ {
				if _, err := d.SendMessage(t.Context(), g, app.NewMessage{Text: fmt.Sprint(i, n)}); err != nil {
					t.Error(err)
				}
				time.Sleep(200 * time.Microsecond)
			}
		})
	}
	var after uint32
	var epoch string
	for i := range 30 {
		o := dialing{binary: i%2 == 0}
		if i%3 == 2 {
			o.query = fmt.Sprintf("?after=%d&epoch=%s", after, epoch)
		}
		c := d.dial(t, owner, room, o)
		last := c.welcome.Seq
		if i%3 == 2 {
			if !c.welcome.Resumed {
				t.Errorf("connection %d was not resumed", i)
			}
			last = after
		}
		for range 40 {
			ev := c.next("an event", func(m *pb.ServerMessage) bool { return m.GetEvent() != nil }).GetEvent()
			if ev.Seq != last+1 {
				t.Fatalf("connection %d: event %d after %d", i, ev.Seq, last)
			}
			last = ev.Seq
		}
		after, epoch = last, c.welcome.Epoch
		c.ws.CloseNow()
	}
	cancel()
	talk.Wait()
}

func TestCommandsOfOneConnectionKeepTheirOrder(t *testing.T) {
	d := newDoor(t, Config{Workers: 8})
	owner := d.User(t, "ada")
	room := d.Room(t, owner, app.NewRoom{}).Room.ID
	c := d.dial(t, owner, room, dialing{})
	for i := range uint32(100) {
		c.send(chat(i+1, fmt.Sprint(i)))
	}
	for want := uint32(1); want <= 100; want++ {
		got := c.next("an ack", func(m *pb.ServerMessage) bool { return m.GetAck() != nil }).GetAck()
		if got.Id != want || got.Message.GetText() != fmt.Sprint(want-1) || got.Seq == 0 {
			t.Fatalf("ack %v, want %d", got, want)
		}
	}
}

// Who is far ahead of the server is not read any more; what was read is carried out.
func TestBackPressure(t *testing.T) {
	var begun atomic.Int64
	gate := make(chan struct{})
	d := newDoor(t, Config{}, func(h *house) {
		h.beforeSend = func(app.NewMessage) { begun.Add(1); <-gate }
	})
	owner := d.User(t, "ada")
	room := d.Room(t, owner, app.NewRoom{}).Room.ID
	c, other := d.dial(t, owner, room, dialing{}), d.dial(t, owner, room, dialing{})
	for i := range uint32(200) {
		c.send(chat(i+1, "x"))
	}
	eventually(t, "the first command does not begin", func() bool { return begun.Load() == 1 })
	eventually(t, "reading goes on", func() bool {
		for _, a := range d.audiences() {
			for _, k := range a.all() {
				k.mu.Lock()
				paused := k.paused
				k.mu.Unlock()
				if paused {
					return true
				}
			}
		}
		return false
	})
	other.send(&pb.ClientMessage{Body: &pb.ClientMessage_Ping{Ping: &pb.Ping{T0: 5}}})
	if p := other.next("a pong", func(m *pb.ServerMessage) bool { return m.GetPong() != nil }).GetPong(); p.T0 != 5 || p.T1 == 0 || p.T2 < p.T1 {
		t.Errorf("pong %v", p)
	}
	close(gate)
	for want := uint32(1); want <= 200; want++ {
		if got := c.next("an ack", func(m *pb.ServerMessage) bool { return m.GetAck() != nil }).GetAck(); got.Id != want {
			t.Fatalf("ack %d, want %d", got.Id, want)
		}
	}
}

func (d *door) audiences() (list []*audience) {
	d.srv.mu.Lock()
	defer d.srv.mu.Unlock()
	for _, a := range d.srv.audiences {
		list = append(list, a)
	}
	return list
}

// One worker serves everybody in turn, however much one of them has to say.
func TestNobodyKeepsAWorker(t *testing.T) {
	var mu sync.Mutex
	var order []string
	begun, gate := make(chan struct{}, 100), make(chan struct{})
	d := newDoor(t, Config{Workers: 1}, func(h *house) {
		h.beforeSend = func(in app.NewMessage) {
			begun <- struct{}{}
			<-gate
			mu.Lock()
			order = append(order, in.Text)
			mu.Unlock()
		}
	})
	owner := d.User(t, "ada")
	room := d.Room(t, owner, app.NewRoom{}).Room.ID
	a, b := d.dial(t, owner, room, dialing{}), d.dial(t, owner, room, dialing{})
	for i := range uint32(20) {
		a.send(chat(i+1, "a"))
	}
	<-begun
	b.send(chat(1, "b"))
	eventually(t, "b is not in line", func() bool { return len(d.srv.jobs) == 1 })
	close(gate)
	b.next("an ack", func(m *pb.ServerMessage) bool { return m.GetAck() != nil })
	mu.Lock()
	defer mu.Unlock()
	if got := strings.Join(order, ""); !strings.HasPrefix(got, "ab") {
		t.Errorf("carried out in the order %s", got)
	}
}

func TestPanicOfACommandEndsOneConnection(t *testing.T) {
	d := newDoor(t, Config{}, func(h *house) {
		h.beforeSend = func(in app.NewMessage) {
			if in.Text == "boom" {
				panic("boom")
			}
		}
	})
	owner := d.User(t, "ada")
	room := d.Room(t, owner, app.NewRoom{}).Room.ID
	c, other := d.dial(t, owner, room, dialing{}), d.dial(t, owner, room, dialing{})
	c.send(chat(1, "boom"))
	if bye, code := c.end(); code != 1011 || bye.GetCode() != "internal" || !bye.GetMayReturn() {
		t.Errorf("ended with %d %v", code, bye)
	}
	other.send(chat(1, "still here"))
	other.next("an ack", func(m *pb.ServerMessage) bool { return m.GetAck() != nil })
	other.ws.CloseNow()
	eventually(t, "connections are counted wrong", func() bool { return d.srv.open.Load() == 0 })
}

func TestFlood(t *testing.T) {
	for name, hit := range map[string]func(*client){
		"messages": func(c *client) {
			c.ws.Write(c.t.Context(), websocket.MessageText, []byte(`{"ping":{"t0":1}}`))
		},
		"pings of the protocol": func(c *client) {
			ctx, cancel := context.WithCancel(c.t.Context())
			cancel() // nobody waits for the pong
			c.ws.Ping(ctx)
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDoor(t, Config{})
			owner := d.User(t, "ada")
			room := d.Room(t, owner, app.NewRoom{}).Room.ID
			c := d.dial(t, owner, room, dialing{})
			if name != "messages" { // the client library ends a connection whose ping is given up
				nc, r := d.raw(t, owner, room)
				go func() {
					for range 400 {
						if _, err := nc.Write([]byte{0x89, 0x80, 0, 0, 0, 0}); err != nil {
							return
						}
					}
				}()
				for {
					m, err := readText(r)
					if m.GetGoodbye() != nil {
						if m.GetGoodbye().Code != "rate_limited" {
							t.Error(m)
						}
						return
					}
					if err != nil && err.Error() != "not a text frame" {
						t.Fatal(err)
					}
				}
			}
			go func() {
				for range 400 {
					hit(c)
				}
			}()
			if bye, code := c.end(); code != 4429 || bye.GetCode() != "rate_limited" || !bye.GetMayReturn() || bye.GetRetryAfterMs() == 0 {
				t.Errorf("ended with %d %v", code, bye)
			}
		})
	}
}

func TestRefusalsKeepTheSocketOpen(t *testing.T) {
	d := newDoor(t, Config{})
	owner := d.User(t, "ada")
	settings := app.DefaultSettings()
	settings.Preset = app.PresetHost
	room := d.Room(t, owner, app.NewRoom{Settings: &settings})
	c := d.dial(t, d.Guest(t, room, "Eve"), room.Room.ID, dialing{binary: true})
	pos := 5.0
	for _, r := range []struct {
		name string
		m    *pb.ClientMessage
		code app.Code
	}{
		{"nothing", &pb.ClientMessage{Id: 1}, app.CodeInvalid},
		{"an empty message", chat(2, "  "), app.CodeInvalid},
		{"a forbidden seek", &pb.ClientMessage{Id: 3, Body: &pb.ClientMessage_Intent{Intent: &pb.Intent{Op: pb.PlaybackOp_PLAYBACK_OP_SEEK, PositionMs: &pos}}}, app.CodeForbidden},
		{"no such message", &pb.ClientMessage{Id: 4, Body: &pb.ClientMessage_Delete{Delete: &pb.DeleteChat{MessageId: "msg_x"}}}, app.CodeNotFound},
		{"an impossible report", &pb.ClientMessage{Id: 5, Body: &pb.ClientMessage_Report{Report: &pb.Report{State: pb.PlayerState_PLAYER_STATE_PLAYING, PositionMs: -1}}}, app.CodeInvalid},
		{"a report without a state", &pb.ClientMessage{Id: 6, Body: &pb.ClientMessage_Report{Report: &pb.Report{}}}, app.CodeInvalid},
		{"an unknown operation", &pb.ClientMessage{Id: 7, Body: &pb.ClientMessage_Intent{Intent: &pb.Intent{Op: 99}}}, app.CodeInvalid},
		{"an edit of nothing", &pb.ClientMessage{Id: 8, Body: &pb.ClientMessage_Edit{Edit: &pb.EditChat{MessageId: "msg_x", Text: "x"}}}, app.CodeNotFound},
	} {
		c.send(r.m)
		f := c.next("a refusal", func(m *pb.ServerMessage) bool { return m.GetRefusal() != nil }).GetRefusal()
		if f.Id != r.m.Id || f.Error.GetCode() != string(r.code) || f.Error.GetMessage() == "" {
			t.Errorf("%s: %v", r.name, f)
		}
	}
	if err := c.ws.Write(t.Context(), websocket.MessageBinary, []byte{0xff, 0xff}); err != nil {
		t.Fatal(err)
	}
	c.next("a refusal of noise", func(m *pb.ServerMessage) bool {
		return m.GetRefusal().GetError().GetCode() == string(app.CodeInvalid)
	})
	c.send(chat(9, "still here"))
	c.next("an ack", func(m *pb.ServerMessage) bool { return m.GetAck().GetId() == 9 })
}

// However much a room holds, its people can come in.
func TestHeavyRoomsCanBeEntered(t *testing.T) {
	d := newDoor(t, Config{})
	owner := d.User(t, "ada")
	room := d.Room(t, owner, app.NewRoom{}).Room.ID
	url := "https://example.org/" + strings.Repeat("x", 4000)
	for range 6 {
		items := make([]app.NewMedia, 100)
		for i := range items {
			items[i] = app.NewMedia{URL: url, Title: strings.Repeat("長", 200), Subtitles: []app.Subtitle{{URL: url}}}
		}
		if _, err := d.AddMedia(t.Context(), d.Grant(t, owner, room, app.MediaAdd), app.AddMedia{Items: items}); err != nil {
			t.Fatal(err)
		}
	}
	first := d.dial(t, owner, room, dialing{})
	for range 120 {
		if _, err := d.SendMessage(t.Context(), d.Grant(t, owner, room, app.ChatSend), app.NewMessage{Text: strings.Repeat("\U0001F37F", 2000)}); err != nil {
			t.Fatal(err)
		}
	}
	back := d.dial(t, owner, room, dialing{query: fmt.Sprintf("?after=%d&epoch=%s", first.welcome.Seq, first.welcome.Epoch)})
	if back.welcome.Resumed || len(back.welcome.Snapshot.GetMessages()) != 50 {
		t.Errorf("resumed %v with %d messages", back.welcome.Resumed, len(back.welcome.Snapshot.GetMessages()))
	}
	d.dial(t, owner, room, dialing{binary: true})
}
