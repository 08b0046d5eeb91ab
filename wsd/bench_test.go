package wsd

import (
	"io"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"synctv/app"
	pb "synctv/proto/synctv/v1"
	"synctv/wsd/wire"
)

// BenchmarkChatFanOut sends messages through app and the door to 1,000 connections of one room on the
// loopback, which share the machine with the server. Run it with -benchtime=2s or more.
func BenchmarkChatFanOut(b *testing.B) {
	const people = 1000
	d := newDoor(b, Config{})
	owner := d.User(b, "ada")
	room := d.Room(b, owner, app.NewRoom{}).Room.ID
	for range people {
		nc, _ := d.raw(b, owner, room)
		nc.SetReadDeadline(time.Time{})
		go io.Copy(io.Discard, nc)
	}
	eventually(b, "not everybody is in", func() bool { return d.Load().Seats == people })
	g := d.Grant(b, owner, room, app.ChatSend)
	time.Sleep(100 * time.Millisecond)
	before := d.srv.Stats()
	b.ResetTimer()
	for range b.N {
		if _, err := d.SendMessage(b.Context(), g, app.NewMessage{Text: "a message of quite ordinary length"}); err != nil {
			b.Fatal(err)
		}
	}
	eventually(b, "not everything arrived", func() bool { return d.srv.Stats().FramesSent-before.FramesSent >= uint64(people*b.N) })
	b.StopTimer()
	after := d.srv.Stats()
	b.ReportMetric(float64(people*b.N)/b.Elapsed().Seconds(), "deliveries/s")
	b.ReportMetric(float64(after.Writes-before.Writes)/float64(people*b.N), "writes/delivery")
}

// BenchmarkPingAnswer is what a clock ping costs besides reading and writing: decoding, and the frame of the pong.
func BenchmarkPingAnswer(b *testing.B) {
	for name, variant := range map[string]uint8{"proto": variantProto, "json": variantJSON} {
		b.Run(name, func(b *testing.B) {
			in := pingBytes(b, variant)
			b.ReportAllocs()
			for range b.N {
				answerPing(b, in, variant)
			}
		})
	}
}

// TestPingAllocations holds the hot path of every idle connection down.
func TestPingAllocations(t *testing.T) {
	for _, c := range []struct {
		name    string
		variant uint8
		most    float64
	}{{"proto", variantProto, 8}, {"json", variantJSON, 40}} {
		in := pingBytes(t, c.variant)
		if n := testing.AllocsPerRun(200, func() { answerPing(t, in, c.variant) }); n > c.most {
			t.Errorf("%s: %v allocations, at most %v", c.name, n, c.most)
		}
	}
}

func pingBytes(t testing.TB, variant uint8) []byte {
	t.Helper()
	if variant == variantJSON {
		return []byte(`{"ping":{"t0":123456.5}}`)
	}
	in, err := proto.Marshal(&pb.ClientMessage{Body: &pb.ClientMessage_Ping{Ping: &pb.Ping{T0: 123456.5}}})
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func answerPing(t testing.TB, in []byte, variant uint8) {
	m, err := decode(wire.Message{Payload: in}, variant)
	if err != nil {
		t.Fatal(err)
	}
	p, ok := m.Body.(*pb.ClientMessage_Ping)
	if !ok {
		t.Fatalf("not a ping: %v", m)
	}
	frame(&pb.ServerMessage{Body: &pb.ServerMessage_Pong{Pong: &pb.Pong{T0: p.Ping.GetT0(), T1: 1, T2: 2}}}, variant)
}
