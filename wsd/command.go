package wsd

import (
	"context"
	"time"

	"synctv/app"
	"synctv/internal/reactor"
	pb "synctv/proto/synctv/v1"
	"synctv/proto/translate"
	"synctv/wsd/wire"
)

// message takes one message on the shard: what must be answered at once is, the rest waits in line.
func (c *conn) message(rc *reactor.Conn, m wire.Message, now time.Time) error {
	arrived := c.srv.app.Now()
	in, err := decode(m, c.variant)
	if err != nil {
		c.refuse(rc, 0, app.Wrap(app.CodeInvalid, err, "The message cannot be read. See docs/protocol.md."), nil)
		return nil
	}
	switch body := in.Body.(type) {
	case *pb.ClientMessage_Ping:
		rc.Reply(frame(&pb.ServerMessage{Body: &pb.ServerMessage_Pong{Pong: &pb.Pong{
			T0: body.Ping.GetT0(), T1: arrived.Ms(), T2: c.srv.app.Now().Ms()}}}, c.variant))
	case *pb.ClientMessage_Report:
		report, err := translate.Report(body.Report)
		if err == nil {
			err = c.seatOnShard().Report(report)
		}
		if err != nil {
			c.refuse(rc, in.Id, err, nil)
		}
	case nil:
		c.refuse(rc, in.Id, app.Invalid("body", "The message says nothing. See docs/protocol.md."), nil)
	default:
		c.enqueue(rc, in)
	}
	return nil
}

// seatOnShard is the seat without a lock: nothing is read before there is one.
func (c *conn) seatOnShard() *app.Seat {
	if c.seatNow == nil {
		c.mu.Lock()
		c.seatNow = c.seat
		c.mu.Unlock()
	}
	return c.seatNow
}

// command carries out one command on a worker.
func (c *conn) command(ctx context.Context, rc *reactor.Conn, seat *app.Seat, m *pb.ClientMessage) {
	ctx, cancel := context.WithTimeout(ctx, c.srv.cfg.CommandTimeout)
	defer cancel()
	if m == nil {
		c.reviewSeat(ctx, rc, seat)
		return
	}
	ack := &pb.Ack{Id: m.Id}
	var now *pb.Playback
	var err error
	switch body := m.Body.(type) {
	case *pb.ClientMessage_Intent:
		now, err = c.intent(ctx, seat, body.Intent)
		ack.Playback = now
	case *pb.ClientMessage_Chat:
		ack.Message, err = c.chat(ctx, seat, body.Chat)
		ack.Seq = ack.Message.GetSeq()
	case *pb.ClientMessage_Edit:
		ack.Message, err = c.edit(ctx, seat, body.Edit)
	case *pb.ClientMessage_Delete:
		err = c.delete(ctx, seat, body.Delete)
	default:
		err = app.Errorf(app.CodeUnsupported, "This server does not know this command.")
	}
	if err != nil {
		c.refuse(rc, m.Id, err, now)
		return
	}
	if m.Id != 0 {
		rc.Send(frame(&pb.ServerMessage{Body: &pb.ServerMessage_Ack{Ack: ack}}, c.variant))
	}
}

// intent returns the state also beside an error, when there is one to show.
func (c *conn) intent(ctx context.Context, seat *app.Seat, in *pb.Intent) (*pb.Playback, error) {
	want, err := translate.Intent(in)
	if err != nil {
		return nil, err
	}
	g, err := seat.Authorize(ctx, app.ActionFor(want.Op))
	if err != nil {
		return nil, err
	}
	want.Actor.OneWayMs = seat.OneWayMs()
	state, err := c.srv.app.Control(ctx, g, want)
	if err != nil && app.CodeOf(err) != app.CodeStale {
		return nil, err
	}
	return translate.Playback(state, seat.Name()), err
}

func (c *conn) chat(ctx context.Context, seat *app.Seat, in *pb.SendChat) (*pb.Message, error) {
	g, err := seat.Authorize(ctx, app.ChatSend)
	if err != nil {
		return nil, err
	}
	said, err := translate.NewMessage(in.GetText(), in.GetClientId(), in.GetDanmaku())
	if err != nil {
		return nil, err
	}
	m, err := c.srv.app.SendMessage(ctx, g, said)
	if err != nil {
		return nil, err
	}
	return translate.Message(m), nil
}

func (c *conn) edit(ctx context.Context, seat *app.Seat, in *pb.EditChat) (*pb.Message, error) {
	g, err := seat.Authorize(ctx, app.ChatSend)
	if err != nil {
		return nil, err
	}
	m, err := c.srv.app.EditMessage(ctx, g, app.MessageID(in.GetMessageId()), in.GetText())
	if err != nil {
		return nil, err
	}
	return translate.Message(m), nil
}

func (c *conn) delete(ctx context.Context, seat *app.Seat, in *pb.DeleteChat) error {
	g, err := seat.Authorize(ctx, app.RoomView)
	if err != nil {
		return err
	}
	return c.srv.app.DeleteMessage(ctx, g, app.MessageID(in.GetMessageId()))
}

// refuse answers a command that was not carried out. What is our fault goes to the log.
func (c *conn) refuse(rc *reactor.Conn, id uint32, err error, now *pb.Playback) {
	e := app.AsError(err)
	if e.Code == app.CodeInternal {
		c.srv.log.Error("a command failed", "person", c.actor.Person(), "err", err)
	}
	rc.Send(frame(&pb.ServerMessage{Body: &pb.ServerMessage_Refusal{Refusal: &pb.Refusal{
		Id: id, Error: translate.Error(e, ""), Playback: now}}}, c.variant))
}
