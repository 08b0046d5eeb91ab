package rtmp

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"synctv/mediad/rtmp/amf"
)

// wire carries bytes between a client and a session until both are silent, in
// pieces of size bytes, and returns what happened on each side.
func wire(t *testing.T, c *Client, s *Session, size int, decide func(Event)) (atClient, atServer []Event, err error) {
	t.Helper()
	feed := func(f func([]byte) (Event, []byte, error), data []byte, see func(Event)) error {
		for len(data) > 0 {
			n := min(size, len(data))
			p := data[:n]
			data = data[n:]
			for {
				ev, rest, err := f(p)
				if err != nil {
					return err
				}
				if p = rest; ev.Kind == EventNone {
					break
				}
				see(ev)
			}
		}
		return nil
	}
	for {
		toServer := c.TakeOutput()
		if err := feed(s.Feed, toServer, func(ev Event) {
			atServer = append(atServer, ev)
			if ev.Kind == EventPublish || ev.Kind == EventPlay {
				decide(ev)
			}
		}); err != nil {
			t.Fatalf("server: %v", err)
		}
		toClient := s.TakeOutput()
		if err := feed(c.Feed, toClient, func(ev Event) { atClient = append(atClient, ev) }); err != nil {
			return atClient, atServer, err
		}
		if len(toServer)+len(toClient) == 0 {
			return atClient, atServer, nil
		}
	}
}

func dial(t *testing.T, address string, publish bool) (*Client, *Session) {
	t.Helper()
	a, err := ParseAddress(address)
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewClient(ClientConfig{Address: a, Publish: publish, Capabilities: Capabilities{FourCCs: []string{"*"}, CapsEx: CapReconnect}, Random: chacha(5)})
	if err != nil {
		t.Fatal(err)
	}
	return c, NewSession(SessionConfig{Random: chacha(6)})
}

func TestClientPublishes(t *testing.T) {
	for _, size := range []int{1, 1000, 1 << 20} {
		c, s := dial(t, "rtmp://h/live/key?token=a", true)
		atClient, atServer, err := wire(t, c, s, size, func(Event) { s.Accept() })
		if err != nil || len(atClient) != 1 || atClient[0].Kind != EventPublish || len(atClient[0].Capabilities.FourCCs) < 4 {
			t.Fatalf("client: %v, %v", atClient, err)
		}
		if len(atServer) != 2 || atServer[1].Target.Stream != "key" || atServer[1].Target.Params.Get("token") != "a" {
			t.Fatalf("server: %v", atServer)
		}
		want := []Message{
			{TypeVideo, c.StreamID(), 0xfffffe, fill(3 * OutChunkSize)},
			{TypeAudio, c.StreamID(), 0xffffff, fill(10)},
			{TypeDataAMF0, c.StreamID(), 0x1000000, amf.Append(nil, amf.String("onMetaData"))},
		}
		for _, m := range want {
			c.Send(m)
		}
		c.Stop()
		_, atServer, _ = wire(t, c, s, size, nil)
		if len(atServer) != 4 || atServer[3].Kind != EventUnpublish {
			t.Fatalf("server: %d events", len(atServer))
		}
		for i, m := range want {
			if !reflect.DeepEqual(atServer[i].Message, m) {
				t.Errorf("message %d of type %d at %d", i, atServer[i].Message.Type, atServer[i].Message.Timestamp)
			}
		}
	}
}

func TestClientPlays(t *testing.T) {
	c, s := dial(t, "rtmp://h/live/key", false)
	atClient, atServer, err := wire(t, c, s, 100, func(Event) { s.Accept() })
	if err != nil || len(atServer) != 2 || atServer[1].Kind != EventPlay {
		t.Fatalf("server: %v, %v", atServer, err)
	}
	s.Send(Message{TypeVideo, s.StreamID(), 7, fill(10)})
	if !s.RequestReconnect("rtmp://other/live", "The server restarts.") {
		t.Error("the client is not asked to reconnect")
	}
	s.EndPlay()
	more, _, err := wire(t, c, s, 100, nil)
	atClient = append(atClient, more...)
	want := []EventKind{EventPlay, EventMedia, EventMedia, EventReconnect, EventStop}
	if err != nil || fmt.Sprint(kinds(atClient)) != fmt.Sprint(want) || atClient[3].URL != "rtmp://other/live" {
		t.Errorf("client: %v, %v", kinds(atClient), err)
	}
	c.Stop()
	if out := c.TakeOutput(); len(out) != 0 {
		t.Errorf("%d bytes after the end", len(out))
	}
}

func TestClientIsRefused(t *testing.T) {
	for _, publish := range []bool{true, false} {
		c, s := dial(t, "rtmp://h/live/key", publish)
		_, _, err := wire(t, c, s, 1000, func(Event) { s.Reject(CodePublishBadName, "The key is not known.") })
		var status *Status
		if !errors.As(err, &status) || status.Code != CodePublishBadName || status.Description != "The key is not known." {
			t.Errorf("publish %v: %v", publish, err)
		}
		if _, _, again := c.Feed([]byte{1}); again != err {
			t.Errorf("the error does not stay: %v", again)
		}
	}
	for name, m := range map[string]Message{
		"connect":      callFailed(transConnect, Status{"error", CodeConnectRejected, "No."}).message(0),
		"createStream": callFailed(transCreate, Status{"error", CodeCallFailed, "No."}).message(0),
	} {
		c, _ := dial(t, "rtmp://h/live/key", true)
		var status *Status
		if _, err := c.Handle(m); !errors.As(err, &status) {
			t.Errorf("%s: %v", name, err)
		}
	}
	c, _ := dial(t, "rtmp://h/live/key", true)
	if _, err := c.Handle(callFailed(transRelease, Status{"error", CodeCallFailed, "No."}).message(0)); err != nil {
		t.Errorf("releaseStream may fail: %v", err)
	}
}

// FuzzSession gives a session anything behind a handshake, and decides what it
// asks. Nothing panics, and what comes out is chunks.
func FuzzSession(f *testing.F) {
	publish := AppendMessage(nil, connectMessage(), 128)
	publish = AppendMessage(publish, cmd(0, "createStream", 2), 128)
	publish = AppendMessage(publish, cmd(1, "publish", 3, amf.String("key")), 128)
	publish = AppendMessage(publish, media(TypeVideo, 1), 128)
	publish = AppendMessage(publish, Message{Type: TypeAggregate, Payload: appendSubMessage(nil, media(TypeAudio, 1))}, 128)
	f.Add(AppendMessage(publish, cmd(0, "deleteStream", 4, amf.Number(1)), 128), true)
	f.Add(AppendMessage(publish, cmd(1, "play", 4, amf.String("a/b?c=d")), 128), false)
	for _, raw := range captures(f) {
		f.Add(raw, true)
	}
	f.Fuzz(func(t *testing.T, in []byte, accept bool) {
		s := NewSession(SessionConfig{Random: zeros{}, Limits: Limits{Message: 1 << 16, Memory: 1 << 18}})
		if _, _, err := s.Feed(append([]byte{3}, make([]byte, 2*handshakeSize)...)); err != nil {
			t.Fatal(err)
		}
		s.TakeOutput()
		r := NewChunkReader(Limits{})
		for p := in; ; {
			ev, rest, err := s.Feed(p)
			if _, outErr := feedAll(r, s.TakeOutput(), 1<<20); outErr != nil {
				t.Fatalf("output: %v", outErr)
			}
			if err != nil || ev.Kind == EventNone {
				break
			}
			if p = rest; ev.Kind == EventPublish || ev.Kind == EventPlay {
				if accept {
					s.Accept()
				} else {
					s.Reject(CodePublishBadName, "")
				}
			}
		}
	})
}

func FuzzClient(f *testing.F) {
	in := AppendMessage(nil, result(transConnect, amf.Null()).message(0), 128)
	in = AppendMessage(in, result(transCreate, amf.Number(1)).message(0), 128)
	in = AppendMessage(in, onStatus(Status{"status", CodePlayStart, ""}).message(1), 128)
	f.Add(AppendMessage(in, media(TypeVideo, 1), 128), false)
	f.Add(in, true)
	f.Fuzz(func(t *testing.T, in []byte, publish bool) {
		c, err := NewClient(ClientConfig{Address: Address{App: "a", Stream: "b"}, Publish: publish, Random: zeros{}})
		if err != nil {
			t.Fatal(err)
		}
		c.TakeOutput()
		if _, _, err := c.Feed(append([]byte{3}, make([]byte, 2*handshakeSize)...)); err != nil {
			t.Fatal(err)
		}
		for p := in; ; {
			ev, rest, err := c.Feed(p)
			if err != nil || ev.Kind == EventNone {
				break
			}
			p = rest
		}
		c.Stop()
		r := NewChunkReader(Limits{})
		out := c.TakeOutput()
		if _, err := feedAll(r, out[handshakeSize:], 1<<20); err != nil {
			t.Fatalf("output: %v", err)
		}
	})
}
