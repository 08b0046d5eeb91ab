package rtmp

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"synctv/mediad/rtmp/amf"
)

// client is a hand-driven client: it has shaken hands and reads what it is sent.
type client struct {
	t *testing.T
	s *Session
	r *ChunkReader
}

func newClient(t *testing.T, c SessionConfig) *client {
	t.Helper()
	s := NewSession(c)
	if _, _, err := s.Feed(append([]byte{3}, make([]byte, 2*handshakeSize)...)); err != nil {
		t.Fatal(err)
	}
	if n := len(s.TakeOutput()); n != 1+2*handshakeSize {
		t.Fatalf("handshake of %d bytes", n)
	}
	return &client{t, s, NewChunkReader(Limits{})}
}

// send gives messages to the session and returns the events.
func (c *client) send(ms ...Message) (evs []Event, err error) {
	for _, m := range ms {
		for p := AppendMessage(nil, m, defaultChunkSize); ; {
			var ev Event
			if ev, p, err = c.s.Feed(p); err != nil {
				return evs, err
			}
			if ev.Kind == EventNone {
				break
			}
			evs = append(evs, ev)
			if ev.Kind == EventPublish || ev.Kind == EventPlay {
				break // to be decided
			}
		}
	}
	return evs, nil
}

// heard returns what the session has said, in short.
func (c *client) heard() string {
	c.t.Helper()
	ms, err := feedAll(c.r, c.s.TakeOutput(), 1000)
	if err != nil {
		c.t.Fatal(err)
	}
	var out []string
	for _, m := range ms {
		switch m.Type {
		case TypeCommandAMF0:
			cmd, err := parseCommand(m)
			if err != nil {
				c.t.Fatal(err)
			}
			s := fmt.Sprintf("%s/%d", cmd.Name, int(cmd.Transaction))
			if code := cmd.arg(0).Get("code").String; code != "" {
				s += " " + code
			} else if cmd.arg(0).Kind == amf.KindNumber {
				s += fmt.Sprintf(" %d", cmd.arg(0).Int())
			}
			out = append(out, s)
		case TypeUserControl:
			event, v, _ := parseUserControl(m.Payload)
			out = append(out, fmt.Sprintf("user %d %d", event, v))
		case TypeAcknowledgement, TypeWindowAckSize, TypeSetChunkSize, TypeSetPeerBandwidth:
			out = append(out, fmt.Sprintf("%d:%d", m.Type, be32(m.Payload)))
		default:
			out = append(out, fmt.Sprintf("type %d", m.Type))
		}
	}
	return strings.Join(out, ", ")
}

func cmd(stream uint32, name string, transaction float64, args ...amf.Value) Message {
	return Command{Name: name, Transaction: transaction, Object: amf.Null(), Args: args}.message(stream)
}

func connectMessage(props ...amf.Property) Message {
	props = append([]amf.Property{amf.P("app", amf.String("live")), amf.P("tcUrl", amf.String("rtmp://h/live"))}, props...)
	return Command{Name: "connect", Transaction: 1, Object: amf.Object(props...)}.message(0)
}

func kinds(evs []Event) (out []EventKind) {
	for _, ev := range evs {
		out = append(out, ev.Kind)
	}
	return out
}

func media(typ Type, stream uint32) Message {
	return Message{Type: typ, Stream: stream, Payload: fill(5)}
}

// encoder 4: TestRTMP04Publish plays what encoders of different breeds send up to publish,
// and what they wait for.
func TestRTMP04Publish(t *testing.T) {
	key := amf.String("key?token=a")
	tests := []struct {
		name   string
		before []Message
		stream uint32
		heard  string
	}{
		{"encoder 4: FMLE and OBS", []Message{cmd(0, "releaseStream", 2, key), cmd(0, "FCPublish", 3, key), cmd(0, "createStream", 4), cmd(0, "_checkbw", 5)}, 1,
			"_result/2, _result/3, onFCPublish/0 NetStream.Publish.Start, _result/4 1, _result/5"},
		{"encoder 5: createStream before FCPublish", []Message{cmd(0, "createStream", 2), cmd(0, "FCPublish", 3, key)}, 1,
			"_result/2 1, _result/3, onFCPublish/0 NetStream.Publish.Start"},
		{"encoder 5: stream 1 without asking", nil, 1, ""},
		{"encoder 5: stream 0", nil, 0, ""},
		{"encoder 5: several streams", []Message{cmd(0, "createStream", 2), cmd(0, "createStream", 3)}, 2, "_result/2 1, _result/3 2"},
		{"encoder 4: commands nobody knows", []Message{cmd(0, "hello", 7), cmd(0, "hello", 0), cmd(0, "getStreamLength", 8, key)}, 1, "_result/7, _result/8 0"},
		{"encoder 13: messages nobody knows", []Message{{Type: 99, Payload: fill(9)}, {Type: TypeSharedAMF0, Payload: fill(9)}, {Type: TypeDataAMF0, Payload: fill(9)}}, 1, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newClient(t, SessionConfig{})
			evs, err := c.send(connectMessage())
			if err != nil || len(evs) != 1 || evs[0].Connect.App != "live" {
				t.Fatalf("%v, %v", evs, err)
			}
			if got := c.heard(); got != "5:2500000, 6:2500000, 1:60000, _result/1 NetConnection.Connect.Success" {
				t.Errorf("connect: %s", got)
			}
			if evs, err = c.send(tt.before...); err != nil || len(evs) != 0 {
				t.Fatalf("%v, %v", evs, err)
			}
			if got := c.heard(); got != tt.heard {
				t.Errorf("heard %s\nwant  %s", got, tt.heard)
			}
			evs, err = c.send(cmd(tt.stream, "publish", 9, key, amf.String("live")))
			if err != nil || len(evs) != 1 || evs[0].Kind != EventPublish || evs[0].Target.Stream != "key" || evs[0].Target.Params.Get("token") != "a" {
				t.Fatalf("%v, %v", evs, err)
			}
			if got := c.heard(); got != "" {
				t.Errorf("before Accept: %s", got)
			}
			if _, _, err := c.s.Feed([]byte{1}); err != ErrUndecided {
				t.Errorf("Feed before Accept: %v", err)
			}
			c.s.Accept()
			if got, want := c.heard(), fmt.Sprintf("user 0 %d, onStatus/0 NetStream.Publish.Start", tt.stream); got != want {
				t.Errorf("after Accept: %s, want %s", got, want)
			}
			evs, err = c.send(media(TypeVideo, tt.stream), media(TypeAudio, tt.stream), media(TypeDataAMF0, tt.stream))
			if err != nil || fmt.Sprint(kinds(evs)) != fmt.Sprint([]EventKind{EventMedia, EventMedia, EventMedia}) {
				t.Errorf("media: %v, %v", evs, err)
			}
		})
	}
}

func publishing1(t *testing.T) *client {
	t.Helper()
	c := newClient(t, SessionConfig{})
	if _, err := c.send(connectMessage(), cmd(0, "createStream", 2), cmd(1, "publish", 3, amf.String("key"))); err != nil {
		t.Fatal(err)
	}
	c.s.Accept()
	c.heard()
	return c
}

// encoder 21: publishing ends once, in whatever order it is said, and may begin again on the connection.
func TestRTMP21End(t *testing.T) {
	tests := []struct {
		name string
		end  []Message
	}{
		{"OBS and ffmpeg", []Message{cmd(0, "FCUnpublish", 6, amf.String("key")), cmd(0, "deleteStream", 7, amf.Number(1))}},
		{"the other way round", []Message{cmd(0, "deleteStream", 7, amf.Number(1)), cmd(0, "FCUnpublish", 6, amf.String("key"))}},
		{"closeStream", []Message{cmd(1, "closeStream", 0), cmd(0, "deleteStream", 0, amf.Number(1))}},
		{"closeStream on 0", []Message{cmd(0, "closeStream", 0)}},
		{"deleteStream without a number", []Message{cmd(0, "deleteStream", 0)}},
		{"everything, twice", []Message{cmd(0, "FCUnpublish", 0), cmd(1, "closeStream", 0), cmd(0, "deleteStream", 0, amf.Number(1)), cmd(0, "FCUnpublish", 0), cmd(0, "deleteStream", 0, amf.Number(1))}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := publishing1(t)
			evs, err := c.send(append(tt.end, media(TypeVideo, 1))...)
			if err != nil || len(evs) != 1 || evs[0].Kind != EventUnpublish || evs[0].Target.Stream != "key" {
				t.Fatalf("%v, %v", evs, err)
			}
			c.heard()
			// And again, on the same connection.
			evs, err = c.send(cmd(0, "createStream", 8), cmd(1, "publish", 9, amf.String("other")))
			if err != nil || len(evs) != 1 || evs[0].Target.Stream != "other" {
				t.Fatalf("again: %v, %v", evs, err)
			}
			c.s.Accept()
			if evs, err = c.send(media(TypeVideo, 1)); err != nil || len(evs) != 1 {
				t.Fatalf("again: %v, %v", evs, err)
			}
		})
	}
	c := publishing1(t)
	if evs, err := c.send(cmd(0, "deleteStream", 7, amf.Number(5)), media(TypeVideo, 1)); err != nil || len(evs) != 1 || evs[0].Kind != EventMedia {
		t.Errorf("another stream is deleted: %v, %v", evs, err)
	}
}

// encoder 23: a refusal comes in place of the start.
func TestRTMP23Reject(t *testing.T) {
	c := newClient(t, SessionConfig{})
	if _, err := c.send(connectMessage(), cmd(0, "createStream", 2)); err != nil {
		t.Fatal(err)
	}
	c.heard()
	if evs, err := c.send(cmd(1, "publish", 3, amf.String("key"))); err != nil || len(evs) != 1 {
		t.Fatal(evs, err)
	}
	c.s.Reject(CodePublishBadName, "The key is not known.")
	if got := c.heard(); got != "onStatus/0 NetStream.Publish.BadName" {
		t.Errorf("heard %s", got)
	}
	if evs, err := c.send(media(TypeVideo, 1)); err != nil || len(evs) != 0 {
		t.Errorf("media of a rejected stream: %v, %v", evs, err)
	}
	// A name that cannot be one is refused without asking.
	if evs, err := c.send(cmd(1, "publish", 3, amf.String("../x")), cmd(1, "play", 3, amf.String(""))); err != nil || len(evs) != 0 {
		t.Errorf("%v, %v", evs, err)
	}
	if got := c.heard(); got != "onStatus/0 NetStream.Publish.BadName, onStatus/0 NetStream.Play.Failed" {
		t.Errorf("heard %s", got)
	}
	c.s.Close(CodePublishDenied, "Not any more.")
	if got := c.heard(); got != "onStatus/0 NetStream.Publish.Denied" {
		t.Errorf("heard %s", got)
	}
	if _, _, err := c.s.Feed([]byte{1}); err != ErrClosed {
		t.Errorf("after Close: %v", err)
	}
}

func TestPlay(t *testing.T) {
	c := newClient(t, SessionConfig{})
	if _, err := c.send(connectMessage(), cmd(0, "createStream", 2)); err != nil {
		t.Fatal(err)
	}
	c.heard()
	evs, err := c.send(cmd(1, "play", 3, amf.String("key"), amf.Number(-2000)))
	if err != nil || len(evs) != 1 || evs[0].Kind != EventPlay {
		t.Fatal(evs, err)
	}
	c.s.Accept()
	if got := c.heard(); got != "user 0 1, onStatus/0 NetStream.Play.Reset, onStatus/0 NetStream.Play.Start, type 18" {
		t.Errorf("heard %s", got)
	}
	if evs, err := c.send(media(TypeVideo, 1), cmd(1, "pause", 4, amf.Bool(true))); err != nil || len(evs) != 0 {
		t.Errorf("a player sends media: %v, %v", evs, err)
	}
	c.heard()
	c.s.EndPlay()
	c.s.EndPlay()
	if got := c.heard(); got != "user 1 1, onStatus/0 NetStream.Play.UnpublishNotify, onStatus/0 NetStream.Play.Stop" {
		t.Errorf("heard %s", got)
	}
	if evs, err = c.send(cmd(1, "play", 3, amf.String("key"))); err != nil || len(evs) != 1 {
		t.Fatal(evs, err)
	}
	c.s.Accept()
	if evs, err = c.send(cmd(0, "deleteStream", 0, amf.Number(1))); err != nil || len(evs) != 1 || evs[0].Kind != EventStop {
		t.Errorf("%v, %v", evs, err)
	}
}

// encoder 6: received bytes are acknowledged, whatever window was announced.
func TestRTMP06Acknowledgement(t *testing.T) {
	tests := []struct {
		name   string
		window int // 0: none is announced
		send   int
		want   string
	}{
		{"no window announced", 0, 1_300_000, "3:"},
		{"a window of 100,000", 100_000, 60_000, "3:"},
		{"not yet", 1_000_000, 300_000, ""},
		{"ABUSE-131 a window of 1", 1, 5000, "3:"},
		{"a window of 4 GiB", 0xffffffff, 1_300_000, "3:"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := publishing1(t)
			if tt.window > 0 {
				c.send(windowAckSize(uint32(tt.window)))
			}
			c.heard()
			in := AppendMessage(nil, Message{Type: TypeVideo, Stream: 1, Payload: fill(tt.send)}, defaultChunkSize)
			before := c.s.Received()
			for rest := in; len(rest) > 0; {
				var err error
				if _, rest, err = c.s.Feed(rest); err != nil {
					t.Fatal(err)
				}
			}
			if c.s.Received() != before+uint64(len(in)) {
				t.Errorf("received %d, sent %d", c.s.Received()-before, len(in))
			}
			want := tt.want
			if want != "" {
				want += fmt.Sprint(c.s.Received())
			}
			if got := c.heard(); got != want {
				t.Errorf("heard %s, want %s", got, want)
			}
		})
	}
	t.Run("the number wraps at 2^32", func(t *testing.T) {
		c := publishing1(t)
		c.s.acks.received, c.s.acks.acked = 1<<32-100_000, 0
		c.send(Message{Type: TypeVideo, Payload: fill(200_000)})
		if got, want := c.heard(), fmt.Sprintf("3:%d", c.s.Received()-1<<32); got != want {
			t.Errorf("heard %s, want %s", got, want)
		}
	})
	t.Run("ABUSE-131 windows and bandwidths that say nothing", func(t *testing.T) {
		c := publishing1(t)
		c.send(windowAckSize(0), setPeerBandwidth(0), setPeerBandwidth(0), setPeerBandwidth(500), setPeerBandwidth(500),
			Message{Type: TypeWindowAckSize}, Message{Type: TypeSetPeerBandwidth}, Message{Type: TypeUserControl}, acknowledgement(77))
		if got := c.heard(); got != "5:500" || c.s.acks.window != ownWindow {
			t.Errorf("heard %s, window %d", got, c.s.acks.window)
		}
		c.send(userControl(userPingRequest, 42))
		if got := c.heard(); got != "user 7 42" {
			t.Errorf("ping: %s", got)
		}
		c.s.Ping(7)
		if got := c.heard(); got != "user 6 7" {
			t.Errorf("our ping: %s", got)
		}
	})
}

// encoder 13: commands and data in AMF 3, with its zero in front or not, and arguments that are broken.
func TestRTMP13Commands(t *testing.T) {
	amf3 := func(m Message, lead ...byte) Message {
		return Message{Type: TypeCommandAMF3, Stream: m.Stream, Payload: append(lead, m.Payload...)}
	}
	c := newClient(t, SessionConfig{})
	if evs, err := c.send(amf3(connectMessage(amf.P("objectEncoding", amf.Number(3))), 0)); err != nil || len(evs) != 1 || evs[0].Connect.Encoding != 3 {
		t.Fatalf("AMF 3 command: %v, %v", evs, err)
	}
	c.heard()
	if _, err := c.send(amf3(cmd(0, "createStream", 2))); err != nil || c.heard() != "_result/2 1" {
		t.Errorf("AMF 3 command without its leading zero: %v", err)
	}
	// A fault behind the name is forgiven.
	broken := cmd(0, "createStream", 3)
	broken.Payload = append(broken.Payload, 0x02, 0xff)
	if _, err := c.send(broken); err != nil || c.heard() != "_result/3 2" {
		t.Errorf("broken argument: %v", err)
	}
	evs, err := c.send(cmd(1, "publish", 4, amf.String("key")))
	if err != nil || len(evs) != 1 {
		t.Fatal(evs, err)
	}
	c.s.Accept()
	body := amf.Append(nil, amf.String("onMetaData"), amf.Null())
	evs, err = c.send(Message{Type: TypeDataAMF3, Stream: 1, Payload: append([]byte{0}, body...)}, Message{Type: TypeDataAMF0, Stream: 1, Payload: body})
	if err != nil || len(evs) != 2 || evs[0].Message.Type != TypeDataAMF0 || !bytes.Equal(evs[0].Message.Payload, evs[1].Message.Payload) {
		t.Errorf("data: %v, %v", evs, err)
	}
}

// encoder 12: what is in an aggregate becomes events, if it is media.
func TestRTMP12SessionAggregate(t *testing.T) {
	c := publishing1(t)
	body := appendSubMessage(nil, media(TypeVideo, 1))
	body = appendSubMessage(body, cmd(0, "deleteStream", 0)) // not for here
	body = appendSubMessage(body, media(TypeAudio, 1))
	evs, err := c.send(Message{Type: TypeAggregate, Stream: 1, Timestamp: 500, Payload: body}, media(TypeVideo, 1))
	if err != nil || len(evs) != 3 || evs[0].Message.Timestamp != 500 || evs[1].Message.Type != TypeAudio {
		t.Errorf("%v, %v", evs, err)
	}
}

// encoder 24: what a client of Enhanced RTMP can do is read, and it is told what we can.
func TestRTMP24Capabilities(t *testing.T) {
	tests := []struct {
		name  string
		props []amf.Property
		want  Capabilities
	}{
		{"plain RTMP", nil, Capabilities{}},
		{"encoder 13: the list of the first version", []amf.Property{amf.P("fourCcList", amf.StrictArray(amf.String("av01"), amf.String("hvc1")))},
			Capabilities{FourCCs: []string{"av01", "hvc1"}}},
		{"the list as an associative array", []amf.Property{amf.P("fourCcList", amf.ECMAArray(amf.P("0", amf.String("av01"))))},
			Capabilities{FourCCs: []string{"av01"}}},
		{"the second version", []amf.Property{
			amf.P("videoFourCcInfoMap", amf.Object(amf.P("*", amf.Number(4)), amf.P("hvc1", amf.Number(2)))),
			amf.P("audioFourCcInfoMap", amf.Object(amf.P("Opus", amf.Number(2)))), amf.P("capsEx", amf.Number(15))},
			Capabilities{Video: []FourCCInfo{{"*", CanForward}, {"hvc1", CanEncode}}, Audio: []FourCCInfo{{"Opus", CanEncode}}, CapsEx: 15}},
		{"nonsense", []amf.Property{amf.P("fourCcList", amf.Number(1)), amf.P("videoFourCcInfoMap", amf.Null()), amf.P("capsEx", amf.String("x"))}, Capabilities{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newClient(t, SessionConfig{})
			evs, err := c.send(connectMessage(tt.props...))
			if err != nil || len(evs) != 1 {
				t.Fatal(evs, err)
			}
			if got := evs[0].Connect.Capabilities; fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			var told Capabilities
			out, err := feedAll(c.r, c.s.TakeOutput(), 1000)
			for _, m := range out {
				if answer, err := parseCommand(m); err == nil && answer.Name == "_result" {
					told = parseCapabilities(answer.arg(0))
				}
			}
			want := Capabilities{}
			if tt.want.Enhanced() {
				want = DefaultCapabilities()
			}
			if err != nil || fmt.Sprint(told) != fmt.Sprint(want) || told.CapsEx&CapMultitrack != 0 {
				t.Errorf("the client is told %v, %v", told, err)
			}
		})
	}
}

// encoder 25: only who understands it is asked to reconnect.
func TestRTMP25Reconnect(t *testing.T) {
	c := newClient(t, SessionConfig{})
	c.send(connectMessage(amf.P("capsEx", amf.Number(1))))
	c.heard()
	if !c.s.RequestReconnect("rtmp://other/live", "The server restarts.") || c.heard() != "onStatus/0 NetConnection.Connect.ReconnectRequest" {
		t.Error("a client that can is not asked")
	}
	c = newClient(t, SessionConfig{})
	c.send(connectMessage())
	c.heard()
	if c.s.RequestReconnect("", "The server restarts.") || c.heard() != "" {
		t.Error("a client that cannot is asked")
	}
}

func TestHostileSessions(t *testing.T) {
	create := func(n int) (ms []Message) {
		for i := range n {
			ms = append(ms, cmd(0, "createStream", float64(i+2)))
		}
		return ms
	}
	deep := append(amf.Append(nil, amf.String("connect"), amf.Number(1)), bytes.Repeat([]byte{3, 0, 1, 'a'}, 10_000)...)
	tests := []struct {
		name string
		ms   []Message
		want error
	}{
		{"ABUSE-128 connect twice", []Message{connectMessage(), connectMessage()}, ErrConnectedTwice},
		{"ABUSE-128 publish before connect", []Message{cmd(1, "publish", 1, amf.String("key"))}, ErrNotConnected},
		{"ABUSE-128 10,000 createStream", append([]Message{connectMessage()}, create(10_000)...), ErrTooManyCommands},
		{"ABUSE-125 deep connect", []Message{{Type: TypeCommandAMF0, Payload: deep}}, ErrCommand},
		{"a command without a name", []Message{{Type: TypeCommandAMF0, Payload: []byte{5}}}, ErrCommand},
		{"an empty command", []Message{{Type: TypeCommandAMF0}}, ErrCommand},
		{"ABUSE-129 a command of 100 KB", []Message{connectMessage(), cmd(1, "publish", 1, amf.String(strings.Repeat("k", 100_000)))}, ErrMessageSize},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newClient(t, SessionConfig{})
			_, err := c.send(tt.ms...)
			if !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
			if out := c.s.TakeOutput(); len(out) > 100_000 {
				t.Errorf("%d bytes of answer", len(out))
			}
			if _, _, again := c.s.Feed([]byte{1}); !errors.Is(again, tt.want) {
				t.Errorf("the error does not stay: %v", again)
			}
		})
	}
	t.Run("ABUSE-120 a frame before publishing, and after", func(t *testing.T) {
		frame := Message{Type: TypeVideo, Stream: 1, Payload: fill(strangerMessage + 1)}
		if _, err := publishing1(t).send(frame); err != nil {
			t.Errorf("who publishes: %v", err)
		}
		c := newClient(t, SessionConfig{})
		if _, err := c.send(connectMessage(), frame); !errors.Is(err, ErrMessageSize) {
			t.Errorf("a stranger: %v", err)
		}
	})
	t.Run("ABUSE-128 nine streams", func(t *testing.T) {
		c := newClient(t, SessionConfig{})
		c.send(append([]Message{connectMessage()}, create(9)...)...)
		if got := c.heard(); !strings.HasSuffix(got, "_result/9 8, _error/10 NetConnection.Call.Failed") {
			t.Errorf("heard %s", got)
		}
	})
	t.Run("ABUSE-128 publish while publishing", func(t *testing.T) {
		c := publishing1(t)
		if evs, err := c.send(cmd(2, "publish", 8, amf.String("b")), cmd(1, "play", 9, amf.String("c"))); err != nil || len(evs) != 0 {
			t.Errorf("%v, %v", evs, err)
		}
		if got := c.heard(); got != "onStatus/0 NetStream.Publish.BadName, onStatus/0 NetStream.Play.Failed" {
			t.Errorf("heard %s", got)
		}
	})
}
