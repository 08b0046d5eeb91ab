package rtmp

import (
	"encoding/binary"
	"io"
	"net"
	"strings"

	"synctv/mediad/rtmp/amf"
)

// Address is where a client finds a stream.
type Address struct {
	Host   string // host:port to connect to
	App    string
	Stream string // with its query
	TCURL  string // what connect says
	TLS    bool   // the connection has to be one of TLS
}

// Ports that are meant when an address has none.
const (
	portPlain = "1935"
	portTLS   = "443"
)

// ParseAddress reads rtmp://host[:port]/app[/instance]/stream[?query], or the
// same with rtmps. All but the last part of the path is the application.
func ParseAddress(s string) (Address, error) {
	scheme, rest, ok := strings.Cut(s, "://")
	scheme = strings.ToLower(scheme)
	if !ok || scheme != "rtmp" && scheme != "rtmps" {
		return Address{}, ErrNameInvalid
	}
	rest, query, hasQuery := strings.Cut(rest, "?")
	host, path, _ := strings.Cut(rest, "/")
	slash := strings.LastIndexByte(path, '/')
	a := Address{Host: host, App: path[:max(slash, 0)], Stream: path[slash+1:], TLS: scheme == "rtmps"}
	if host == "" || a.Stream == "" {
		return Address{}, ErrNameMissing
	}
	a.TCURL = scheme + "://" + host + "/" + a.App
	if hasQuery {
		a.Stream += "?" + query
	}
	if _, _, err := net.SplitHostPort(host); err != nil {
		port := portPlain
		if a.TLS {
			port = portTLS
		}
		a.Host = net.JoinHostPort(strings.Trim(host, "[]"), port)
	}
	return a, nil
}

// ClientConfig is what a Client is told.
type ClientConfig struct {
	Address Address
	// Publish: media is sent; otherwise it is received.
	Publish bool
	// Capabilities are offered to the server; the zero value is plain RTMP.
	Capabilities Capabilities
	Limits       Limits
	Random       io.Reader
}

// Client is the client's side of one connection, as a machine like Session. It
// goes its way up to EventPublish or EventPlay by itself; a refusal is an error of
// type *Status, or *Redirected. It is not safe for concurrent use.
type Client struct {
	peer
	config ClientConfig
	server Capabilities
	state  clientState
	stream uint32
}

type clientState uint8

const (
	clientHandshake clientState = iota
	clientConnecting
	clientCreating
	clientStarting
	clientRunning
	clientStopped
)

// Transactions of a Client. The server's answers name them.
const (
	transConnect = 1 + iota
	transRelease
	transFCPublish
	transCreate
	transStart
)

// NewClient returns a client; its first output is there to be taken.
func NewClient(c ClientConfig) (*Client, error) {
	h, out, err := NewClientHandshake(c.Random)
	if err != nil {
		return nil, err
	}
	client := &Client{peer: newPeer(h, c.Limits), config: c}
	client.out = out
	return client, nil
}

// StreamID returns the message stream that media is sent and received on.
func (c *Client) StreamID() uint32 { return c.stream }

// Feed takes bytes from p up to the next event; see Session.Feed.
func (c *Client) Feed(p []byte) (ev Event, rest []byte, err error) {
	for c.err == nil {
		var m Message
		m, p, c.err = c.next(p)
		if c.state == clientHandshake && c.handshake.Done() {
			c.begin()
		}
		if c.err != nil || m.Type == 0 {
			break
		}
		if ev, c.err = c.Handle(m); ev.Kind != EventNone {
			return ev, p, nil
		}
	}
	return Event{}, nil, c.err
}

// begin sends connect.
func (c *Client) begin() {
	c.state = clientConnecting
	c.announceChunkSize()
	props := []amf.Property{
		amf.P("app", amf.String(c.config.Address.App)),
		amf.P("flashVer", amf.String("FMLE/3.0 (compatible; SyncTV)")),
		amf.P("tcUrl", amf.String(c.config.Address.TCURL)),
	}
	if c.config.Publish {
		props = append(props, amf.P("type", amf.String("nonprivate")))
	}
	props = append(props, c.config.Capabilities.props()...)
	c.sendCommand(0, Command{Name: "connect", Transaction: transConnect, Object: amf.Object(props...)})
}

// Handle takes one message: Feed without the bytes.
func (c *Client) Handle(m Message) (Event, error) {
	if c.control(m) {
		return Event{}, nil
	}
	if m.Type != TypeCommandAMF0 && m.Type != TypeCommandAMF3 {
		ev := mediaEvent(m)
		if c.config.Publish || c.state != clientStarting && c.state != clientRunning {
			return Event{}, nil
		}
		return ev, nil
	}
	cmd, err := parseCommand(m)
	if err != nil {
		return Event{}, err
	}
	switch cmd.Name {
	case "_result":
		return Event{}, c.onResult(cmd)
	case "_error":
		if cmd.Transaction == transConnect || cmd.Transaction == transCreate {
			return Event{}, refusal(cmd.arg(0))
		}
	case "onStatus":
		return c.onStatus(cmd.arg(0))
	}
	return Event{}, nil
}

func (c *Client) onResult(cmd Command) error {
	switch {
	case cmd.Transaction == transConnect && c.state == clientConnecting:
		c.server = parseCapabilities(cmd.arg(0))
		c.state = clientCreating
		c.Send(windowAckSize(ownWindow))
		if c.config.Publish {
			name := amf.String(c.config.Address.Stream)
			c.sendCommand(0, Command{Name: "releaseStream", Transaction: transRelease, Object: amf.Null(), Args: []amf.Value{name}})
			c.sendCommand(0, Command{Name: "FCPublish", Transaction: transFCPublish, Object: amf.Null(), Args: []amf.Value{name}})
		}
		c.sendCommand(0, Command{Name: "createStream", Transaction: transCreate, Object: amf.Null()})
	case cmd.Transaction == transCreate && c.state == clientCreating:
		id := cmd.arg(0)
		if id.Kind != amf.KindNumber || id.Int() < 0 || id.Int() > 1<<31 {
			return ErrAnswer
		}
		c.stream, c.state = uint32(id.Int()), clientStarting
		c.start()
	}
	return nil
}

// start asks to publish or play.
func (c *Client) start() {
	cmd := Command{Name: "play", Transaction: transStart, Object: amf.Null(), Args: []amf.Value{amf.String(c.config.Address.Stream)}}
	if c.config.Publish {
		cmd.Name = "publish"
		cmd.Args = append(cmd.Args, amf.String("live"))
	}
	c.sendCommand(c.stream, cmd)
	if !c.config.Publish { // a buffer of one second, as section 7.1.7 has it
		b := binary.BigEndian.AppendUint32([]byte{0, 3}, c.stream)
		c.Send(Message{Type: TypeUserControl, Payload: binary.BigEndian.AppendUint32(b, 1000)})
	}
}

func (c *Client) onStatus(v amf.Value) (Event, error) {
	s := statusOf(v)
	switch {
	case s.Code == CodeReconnectRequest:
		return Event{Kind: EventReconnect, URL: v.Get("tcUrl").String}, nil
	case s.Level == "error":
		return Event{}, refusal(v)
	case c.state == clientStarting && s.Code == CodePublishStart && c.config.Publish:
		c.state = clientRunning
		return Event{Kind: EventPublish, Capabilities: c.server}, nil
	case c.state == clientStarting && s.Code == CodePlayStart && !c.config.Publish:
		c.state = clientRunning
		return Event{Kind: EventPlay, Capabilities: c.server}, nil
	case c.state == clientRunning && (s.Code == CodePlayStop || s.Code == CodePlayUnpublished):
		c.state = clientStopped
		return Event{Kind: EventStop}, nil
	}
	return Event{}, nil
}

// Stop ends publishing or playing politely. Write the output and close.
func (c *Client) Stop() {
	if c.state != clientRunning && c.state != clientStarting {
		return
	}
	c.state = clientStopped
	if c.config.Publish {
		c.sendCommand(0, Command{Name: "FCUnpublish", Object: amf.Null(), Args: []amf.Value{amf.String(c.config.Address.Stream)}})
	}
	c.sendCommand(0, Command{Name: "deleteStream", Object: amf.Null(), Args: []amf.Value{amf.Number(float64(c.stream))}})
}
