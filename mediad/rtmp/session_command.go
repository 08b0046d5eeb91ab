package rtmp

import "synctv/mediad/rtmp/amf"

// command takes a command of the client. Those that are not known are answered,
// if an answer is wanted, for there are encoders that wait for each.
func (s *Session) command(m Message) (Event, error) {
	c, err := parseCommand(m)
	if err != nil {
		return Event{}, err
	}
	if s.commands++; s.commands > maxIdleCommands {
		return Event{}, ErrTooManyCommands
	}
	if c.Name == "connect" {
		return s.onConnect(c)
	}
	if s.connect == nil {
		return Event{}, ErrNotConnected
	}
	switch c.Name {
	case "createStream":
		s.onCreateStream(c)
	case "releaseStream":
		s.answer(c)
	case "FCPublish":
		s.answer(c)
		s.notify("onFCPublish", CodePublishStart, c)
	case "FCSubscribe":
		s.answer(c)
		s.notify("onFCSubscribe", CodePlayStart, c)
	case "FCUnpublish":
		s.answer(c)
		s.notify("onFCUnpublish", CodeUnpublishSuccess, c)
		return s.end(s.state == publishing), nil
	case "publish", "play":
		return s.onStart(c, m.Stream), nil
	case "deleteStream":
		id := c.arg(0).Int()
		if id > 0 && id <= maxStreams {
			s.streams[id] = false
		}
		s.answer(c)
		return s.end(id == 0 || s.stream == 0 || uint32(id) == s.stream), nil
	case "closeStream":
		s.answer(c)
		return s.end(m.Stream == s.stream || m.Stream == 0), nil
	case "getStreamLength": // a live stream has none
		s.sendCommand(0, result(c.Transaction, amf.Number(0)))
	case "_result", "_error", "onStatus":
	default:
		s.answer(c)
	}
	return Event{}, nil
}

// answer sends a result without content, if one is wanted.
func (s *Session) answer(c Command) {
	if c.Transaction != 0 {
		s.sendCommand(0, result(c.Transaction, amf.Null()))
	}
}

// notify sends one of the calls by which Flash Media Server confirmed calls; FMLE
// and hardware of its time wait for them.
func (s *Session) notify(name, code string, c Command) {
	status := Status{"status", code, c.arg(0).String}
	if len(status.Description) > maxName {
		status.Description = ""
	}
	s.sendCommand(0, Command{Name: name, Object: amf.Null(), Args: []amf.Value{status.value()}})
}

func (s *Session) onConnect(c Command) (Event, error) {
	if s.connect != nil {
		s.sendCommand(0, callFailed(c.Transaction, Status{"error", CodeConnectRejected, "Already connected."}))
		return Event{}, ErrConnectedTwice
	}
	conn := parseConnect(c.Object)
	s.connect = &conn
	s.Send(windowAckSize(ownWindow))
	s.Send(setPeerBandwidth(ownWindow))
	s.announceChunkSize()
	s.sendCommand(0, connectResult(c, conn, s.caps))
	return Event{Kind: EventConnect, Connect: s.connect}, nil
}

func (s *Session) onCreateStream(c Command) {
	for id := 1; id <= maxStreams; id++ {
		if !s.streams[id] {
			s.streams[id] = true
			s.sendCommand(0, result(c.Transaction, amf.Number(float64(id))))
			return
		}
	}
	s.sendCommand(0, callFailed(c.Transaction, Status{"error", CodeCallFailed, "Too many streams on one connection."}))
}

// onStart takes publish and play. They are taken on any message stream, created
// or not: there are encoders that publish on 0, or on 1 without asking.
func (s *Session) onStart(c Command, stream uint32) Event {
	ev, state, refusal := Event{Kind: EventPublish}, publishAsked, CodePublishBadName
	if c.Name == "play" {
		ev, state, refusal = Event{Kind: EventPlay}, playAsked, CodePlayFailed
	}
	if s.state != idle {
		s.refuse(stream, refusal, "One stream at a time on one connection.")
		return Event{}
	}
	t, err := ParseTarget(*s.connect, c.arg(0).String)
	if err != nil {
		s.refuse(stream, refusal, err.Error())
		return Event{}
	}
	if c.Name == "publish" {
		switch t.Type = c.arg(1).String; t.Type {
		case "record", "append":
		default:
			t.Type = "live"
		}
	}
	s.state, s.target, s.stream = state, t, stream
	ev.Target = &t
	return ev
}

// end ends what was accepted, if the command that was received means it.
func (s *Session) end(meant bool) Event {
	state := s.state
	if !meant {
		return Event{}
	}
	target := s.target
	switch state {
	case publishing:
		s.state = idle
		s.sendCommand(s.stream, onStatus(Status{"status", CodeUnpublishSuccess, "Stopped publishing."}))
		return Event{Kind: EventUnpublish, Target: &target}
	case playing:
		s.state = idle
		s.sendCommand(s.stream, onStatus(Status{"status", CodePlayStop, "Stopped playing."}))
		return Event{Kind: EventStop, Target: &target}
	}
	return Event{}
}
