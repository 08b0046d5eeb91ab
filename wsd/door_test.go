package wsd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/gobwas/ws"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"synctv/app"
	"synctv/app/apptest"
	pb "synctv/proto/synctv/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must come.
const patience = 10 * time.Second

// house is app with places where a test can step in.
type house struct {
	*app.App
	beforeSit  func()
	beforeSend func(in app.NewMessage)
}

func (h *house) Sit(ctx context.Context, by app.Actor, room app.RoomID, opt app.SitOptions) (*app.Seat, error) {
	if h.beforeSit != nil {
		h.beforeSit()
	}
	return h.App.Sit(ctx, by, room, opt)
}

func (h *house) SendMessage(ctx context.Context, g app.Grant, in app.NewMessage) (app.Message, error) {
	if h.beforeSend != nil {
		h.beforeSend(in)
	}
	return h.App.SendMessage(ctx, g, in)
}

// door is a running server with a house behind it.
type door struct {
	*apptest.Node
	house *house
	srv   *Server
	addr  string
	stop  func() error
}

func newDoor(t testing.TB, cfg Config, step ...func(*house)) *door {
	t.Helper()
	d := &door{Node: apptest.NewHouse().Open(t)}
	d.house = &house{App: d.App}
	for _, s := range step {
		s(d.house)
	}
	if cfg.DrainSpread == 0 {
		cfg.DrainSpread = 50 * time.Millisecond
	}
	var err error
	if d.srv, err = New(cfg, d.house, slog.New(slog.NewTextHandler(io.Discard, nil))); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d.addr = ln.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() {
		drain, end := context.WithTimeout(context.Background(), patience)
		defer end()
		over <- d.srv.Run(ctx, ln, drain)
	}()
	d.stop = sync.OnceValue(func() error { cancel(); return <-over })
	t.Cleanup(func() {
		if err := d.stop(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// token is a bearer token of somebody.
func token(t testing.TB, by app.Actor) string {
	t.Helper()
	c := app.Claims{Subject: string(by.Person()), Session: by.Session(), Room: by.GuestRoom(), Name: by.Name(), Expires: 1 << 60}
	text, err := apptest.Tokens{}.Sign(c)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// client is one WebSocket.
type client struct {
	t       testing.TB
	ws      *websocket.Conn
	binary  bool
	welcome *pb.Welcome
}

type dialing struct {
	binary bool
	query  string
	header http.Header
}

func (d *door) tryDial(t testing.TB, by app.Actor, room app.RoomID, o dialing) (*client, *http.Response, error) {
	t.Helper()
	protocol := ProtocolJSON
	if o.binary {
		protocol = ProtocolProto
	}
	header := http.Header{}
	if o.header != nil {
		header = o.header.Clone()
	}
	if !by.Anonymous() {
		header.Set("Authorization", "Bearer "+token(t, by))
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, res, err := websocket.Dial(ctx, "ws://"+d.addr+"/ws/rooms/"+string(room)+o.query, &websocket.DialOptions{Subprotocols: []string{protocol}, HTTPHeader: header})
	if err != nil {
		return nil, res, err
	}
	conn.SetReadLimit(8 << 20)
	c := &client{t: t, ws: conn, binary: o.binary}
	t.Cleanup(func() { conn.CloseNow() })
	return c, res, nil
}

// dial comes in and reads the welcome.
func (d *door) dial(t testing.TB, by app.Actor, room app.RoomID, o dialing) *client {
	t.Helper()
	c, _, err := d.tryDial(t, by, room, o)
	if err != nil {
		t.Fatal(err)
	}
	m, err := c.read()
	if err != nil || m.GetWelcome() == nil {
		t.Fatalf("the first message is %v, %v", m, err)
	}
	c.welcome = m.GetWelcome()
	return c
}

func (c *client) read() (*pb.ServerMessage, error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	_, data, err := c.ws.Read(ctx)
	if err != nil {
		return nil, err
	}
	m := new(pb.ServerMessage)
	if c.binary {
		return m, proto.Unmarshal(data, m)
	}
	return m, protojson.Unmarshal(data, m)
}

// next reads until a message fits.
func (c *client) next(what string, fits func(*pb.ServerMessage) bool) *pb.ServerMessage {
	c.t.Helper()
	for {
		m, err := c.read()
		if err != nil {
			c.t.Fatalf("waiting for %s: %v", what, err)
		}
		if fits(m) {
			return m
		}
	}
}

// end reads to the end: the last goodbye and the close code.
func (c *client) end() (*pb.Goodbye, int) {
	c.t.Helper()
	var bye *pb.Goodbye
	for {
		m, err := c.read()
		if err != nil {
			return bye, int(websocket.CloseStatus(err))
		}
		if g := m.GetGoodbye(); g != nil {
			bye = g
		}
	}
}

func (c *client) send(m *pb.ClientMessage) {
	c.t.Helper()
	kind, data, err := websocket.MessageText, []byte(nil), error(nil)
	if c.binary {
		kind = websocket.MessageBinary
		data, err = proto.Marshal(m)
	} else {
		data, err = protojson.Marshal(m)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	if err := c.ws.Write(ctx, kind, data); err != nil {
		c.t.Fatal(err)
	}
}

func chat(id uint32, text string) *pb.ClientMessage {
	return &pb.ClientMessage{Id: id, Body: &pb.ClientMessage_Chat{Chat: &pb.SendChat{Text: text}}}
}

// eventually waits for something that other goroutines are about to do.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what)
		}
	}
}

// raw sends a handshake and whatever else in one piece and reads with bare hands.
func (d *door) raw(t testing.TB, by app.Actor, room app.RoomID, more ...[]byte) (net.Conn, *bufio.Reader) {
	t.Helper()
	nc, err := net.Dial("tcp", d.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	head := fmt.Sprintf("GET /ws/rooms/%s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer %s\r\n\r\n", room, d.addr, token(t, by))
	if _, err := nc.Write([]byte(head + strings.Join(texts(more), ""))); err != nil {
		t.Fatal(err)
	}
	nc.SetReadDeadline(time.Now().Add(patience))
	r := bufio.NewReader(nc)
	res, err := http.ReadResponse(r, nil)
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatal(res, err)
	}
	return nc, r
}

func texts(list [][]byte) (out []string) {
	for _, b := range list {
		out = append(out, string(b))
	}
	return out
}

// masked is a client's text frame.
func masked(t testing.TB, m *pb.ClientMessage) []byte {
	t.Helper()
	data, err := protojson.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return ws.MustCompileFrame(ws.MaskFrame(ws.NewTextFrame(data)))
}

// readText reads one message of the server.
func readText(r io.Reader) (*pb.ServerMessage, error) {
	head, err := ws.ReadHeader(r)
	if err != nil {
		return nil, err
	}
	payload, err := io.ReadAll(io.LimitReader(r, head.Length))
	if err != nil {
		return nil, err
	}
	if head.OpCode != ws.OpText {
		return nil, errors.New("not a text frame")
	}
	m := new(pb.ServerMessage)
	return m, protojson.Unmarshal(payload, m)
}
