package e2e

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	pb "synctv/proto/synctv/v1"
)

// socket is one WebSocket in a room, speaking JSON or protobuf.
type socket struct {
	t       *testing.T
	ws      *websocket.Conn
	binary  bool
	Welcome *pb.Welcome
	nextID  uint32
}

type dialOptions struct {
	after  uint32
	epoch  string
	binary bool
}

// dial opens a socket and reads the welcome.
func (c *client) dial(room string, o dialOptions) *socket {
	c.t.Helper()
	s, err := c.tryDial(room, o)
	if err != nil {
		c.t.Fatal(err)
	}
	return s
}

func (c *client) tryDial(room string, o dialOptions) (*socket, error) {
	proto := "synctv.v1.json"
	if o.binary {
		proto = "synctv.v1.proto"
	}
	url := "ws" + strings.TrimPrefix(c.base, "http") + "/ws/rooms/" + room
	if o.after > 0 {
		url += "?after=" + strconv.Itoa(int(o.after)) + "&epoch=" + o.epoch
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), 10*time.Second)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{Subprotocols: []string{proto},
		HTTPHeader: http.Header{"Authorization": {"Bearer " + c.token}}})
	if err != nil {
		return nil, err
	}
	ws.SetReadLimit(8 << 20)
	s := &socket{t: c.t, ws: ws, binary: o.binary}
	c.t.Cleanup(func() { ws.CloseNow() })
	m, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	if s.Welcome = m.GetWelcome(); s.Welcome == nil {
		if g := m.GetGoodbye(); g != nil {
			return nil, &failure{Code: g.Code, Message: g.Message}
		}
		return nil, errors.New("the first message is no welcome: " + m.String())
	}
	return s, nil
}

func (s *socket) read(ctx context.Context) (*pb.ServerMessage, error) {
	_, data, err := s.ws.Read(ctx)
	if err != nil {
		return nil, err
	}
	m := new(pb.ServerMessage)
	if s.binary {
		return m, proto.Unmarshal(data, m)
	}
	return m, protojson.Unmarshal(data, m)
}

// next reads until a message fits, within ten seconds.
func (s *socket) next(what string, fits func(*pb.ServerMessage) bool) *pb.ServerMessage {
	s.t.Helper()
	m, err := s.tryNext(10*time.Second, fits)
	if err != nil {
		s.t.Fatalf("waiting for %s: %v", what, err)
	}
	return m
}

func (s *socket) tryNext(within time.Duration, fits func(*pb.ServerMessage) bool) (*pb.ServerMessage, error) {
	ctx, cancel := context.WithTimeout(s.t.Context(), within)
	defer cancel()
	for {
		m, err := s.read(ctx)
		if err != nil {
			return nil, err
		}
		if fits(m) {
			return m, nil
		}
	}
}

func (s *socket) send(m *pb.ClientMessage) error {
	ctx, cancel := context.WithTimeout(s.t.Context(), 5*time.Second)
	defer cancel()
	if s.binary {
		data, err := proto.Marshal(m)
		if err != nil {
			return err
		}
		return s.ws.Write(ctx, websocket.MessageBinary, data)
	}
	data, err := protojson.Marshal(m)
	if err != nil {
		return err
	}
	return s.ws.Write(ctx, websocket.MessageText, data)
}

// ask sends a command and returns its ack or refusal.
func (s *socket) ask(m *pb.ClientMessage) (*pb.Ack, *pb.Refusal) {
	s.t.Helper()
	s.nextID++
	m.Id = s.nextID
	if err := s.send(m); err != nil {
		s.t.Fatal(err)
	}
	r := s.next("an answer", func(r *pb.ServerMessage) bool {
		return r.GetAck().GetId() == m.Id || r.GetRefusal() != nil && r.GetRefusal().Id == m.Id
	})
	return r.GetAck(), r.GetRefusal()
}

func (s *socket) say(text, clientID string) *pb.Ack {
	s.t.Helper()
	ack, refusal := s.ask(&pb.ClientMessage{Body: &pb.ClientMessage_Chat{Chat: &pb.SendChat{Text: text, ClientId: clientID}}})
	if refusal != nil {
		s.t.Fatalf("saying %q was refused: %v", text, refusal.Error)
	}
	return ack
}

// closed reads until the server closes and returns the code and the goodbye before it.
func (s *socket) closed(within time.Duration) (websocket.StatusCode, *pb.Goodbye) {
	s.t.Helper()
	var bye *pb.Goodbye
	_, err := s.tryNext(within, func(m *pb.ServerMessage) bool {
		if g := m.GetGoodbye(); g != nil {
			bye = g
		}
		return false
	})
	code := websocket.CloseStatus(err)
	if code == -1 {
		s.t.Fatalf("not closed by the server: %v", err)
	}
	return code, bye
}

// dialTicket opens a socket with a ticket; without one it returns the status of the refusal.
func dialTicket(t *testing.T, s *server, room, ticket string) (*websocket.Conn, int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	url := "ws" + strings.TrimPrefix(s.URL, "http") + "/ws/rooms/" + room + "?ticket=" + ticket
	ws, resp, err := websocket.Dial(ctx, url, &websocket.DialOptions{Subprotocols: []string{"synctv.v1.json"}})
	if err == nil {
		t.Cleanup(func() { ws.CloseNow() })
		return ws, http.StatusSwitchingProtocols
	}
	if resp == nil {
		t.Errorf("no answer: %v", err)
		return nil, 0
	}
	return nil, resp.StatusCode
}

// closeStatus is the code the server closed with, -1 when it did not close.
func closeStatus(err error) int { return int(websocket.CloseStatus(err)) }
