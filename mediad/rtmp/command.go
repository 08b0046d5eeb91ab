package rtmp

import (
	"errors"

	"synctv/mediad/rtmp/amf"
)

// maxCommand is the longest command, in bytes. A connect with everything in it
// has less than two thousand.
const maxCommand = 64 << 10

// Command is a call of one side to the other (section 7.1.1).
type Command struct {
	Name        string
	Transaction float64 // 0: no answer is wanted
	Object      amf.Value
	Args        []amf.Value
}

// arg returns the i-th argument, or Undefined.
func (c Command) arg(i int) amf.Value {
	if i >= len(c.Args) {
		return amf.Value{}
	}
	return c.Args[i]
}

// parseCommand reads a command of either encoding. A fault behind the name is
// forgiven: what was whole before it is used.
func parseCommand(m Message) (Command, error) {
	if len(m.Payload) > maxCommand {
		return Command{}, ErrCommand
	}
	values, err := amf.DecodeAll(amf0Body(m))
	if errors.Is(err, amf.ErrDepth) || errors.Is(err, amf.ErrCount) {
		return Command{}, errors.Join(ErrCommand, err)
	}
	if len(values) == 0 || values[0].Kind != amf.KindString {
		return Command{}, ErrCommand
	}
	c := Command{Name: values[0].String}
	if len(values) > 1 {
		c.Transaction = values[1].Number
	}
	if len(values) > 2 {
		c.Object, c.Args = values[2], values[3:]
	}
	return c, nil
}

// amf0Body returns the AMF 0 values of a message. Those of an "AMF 3" message
// begin with a format byte of zero, or not (section 7.1.1 does not say): the
// values themselves are AMF 0, with switches to AMF 3 inside.
func amf0Body(m Message) []byte {
	amf3 := m.Type == TypeCommandAMF3 || m.Type == TypeDataAMF3
	if amf3 && len(m.Payload) > 0 && m.Payload[0] == 0 {
		return m.Payload[1:]
	}
	return m.Payload
}

// message returns c as a message of AMF 0.
func (c Command) message(stream uint32) Message {
	b := amf.Append(nil, amf.String(c.Name), amf.Number(c.Transaction), c.Object)
	return Message{Type: TypeCommandAMF0, Stream: stream, Payload: amf.Append(b, c.Args...)}
}

// Status is what onStatus and errors say (sections 7.2.1.1, 7.2.2).
type Status struct {
	Level       string // status, warning, error
	Code        string // NetStream.Publish.Start
	Description string
}

// Error implements error: a Status is how a server refuses.
func (s *Status) Error() string { return "rtmp: server says " + s.Code + ": " + s.Description }

// Codes of a Status that are sent or understood here.
const (
	CodeConnectSuccess   = "NetConnection.Connect.Success"
	CodeConnectRejected  = "NetConnection.Connect.Rejected"
	CodeConnectClosed    = "NetConnection.Connect.Closed"
	CodeReconnectRequest = "NetConnection.Connect.ReconnectRequest"
	CodeCallFailed       = "NetConnection.Call.Failed"
	CodePublishStart     = "NetStream.Publish.Start"
	CodePublishBadName   = "NetStream.Publish.BadName"
	CodePublishDenied    = "NetStream.Publish.Denied"
	CodeUnpublishSuccess = "NetStream.Unpublish.Success"
	CodePlayReset        = "NetStream.Play.Reset"
	CodePlayStart        = "NetStream.Play.Start"
	CodePlayFailed       = "NetStream.Play.Failed"
	CodePlayNotFound     = "NetStream.Play.StreamNotFound"
	CodePlayUnpublished  = "NetStream.Play.UnpublishNotify"
	CodePlayStop         = "NetStream.Play.Stop"
)

func (s Status) value(more ...amf.Property) amf.Value {
	return amf.Object(append([]amf.Property{
		amf.P("level", amf.String(s.Level)), amf.P("code", amf.String(s.Code)), amf.P("description", amf.String(s.Description)),
	}, more...)...)
}

func statusOf(v amf.Value) Status {
	return Status{v.Get("level").String, v.Get("code").String, v.Get("description").String}
}

func onStatus(s Status, more ...amf.Property) Command {
	return Command{Name: "onStatus", Object: amf.Null(), Args: []amf.Value{s.value(more...)}}
}

func result(transaction float64, args ...amf.Value) Command {
	return Command{Name: "_result", Transaction: transaction, Object: amf.Null(), Args: args}
}

// callFailed answers a call with an error.
func callFailed(transaction float64, s Status) Command {
	return Command{Name: "_error", Transaction: transaction, Object: amf.Null(), Args: []amf.Value{s.value()}}
}

// Connect is what a client says of itself (section 7.2.1.1).
type Connect struct {
	App, TCURL, FlashVersion, PageURL string
	// Encoding is the AMF version of its later commands: 0 or 3.
	Encoding int
	// Capabilities are those of Enhanced RTMP.
	Capabilities Capabilities
}

func parseConnect(v amf.Value) Connect {
	c := Connect{
		App: v.Get("app").String, TCURL: v.Get("tcUrl").String, FlashVersion: v.Get("flashVer").String,
		PageURL: v.Get("pageUrl").String, Capabilities: parseCapabilities(v),
	}
	if v.Get("objectEncoding").Int() == 3 {
		c.Encoding = 3
	}
	return c
}

// connectResult answers connect. Capabilities are only told to those who told
// theirs.
func connectResult(c Command, conn Connect, own Capabilities) Command {
	more := []amf.Property{amf.P("objectEncoding", amf.Number(float64(conn.Encoding)))}
	if conn.Capabilities.Enhanced() {
		more = append(more, own.props()...)
	}
	success := Status{"status", CodeConnectSuccess, "Connection succeeded."}
	return Command{
		Name: "_result", Transaction: c.Transaction,
		Object: amf.Object(amf.P("fmsVer", amf.String("FMS/3,5,7,7009")), amf.P("capabilities", amf.Number(31)), amf.P("mode", amf.Number(1))),
		Args:   []amf.Value{success.value(more...)},
	}
}
