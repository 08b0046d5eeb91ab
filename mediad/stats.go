package mediad

import (
	"errors"
	"io"
	"sync/atomic"

	"synctv/internal/reactor"
	"synctv/mediad/hls"
	"synctv/mediad/pull"
)

// Protocols of viewers.
const (
	protoFLV = iota
	protoWebSocket
	protoRTMP
	protoHLS
	protocols
)

var protocolNames = [protocols]string{"flv", "websocket_flv", "rtmp", "hls"}

// Ends of viewers that are counted.
const (
	endLeft = iota
	endOver
	endSlow
	endRefused
	endOther
	ends
)

var endNames = [ends]string{"left", "stream_over", "too_slow", "not_allowed", "other"}

type endCounters [ends]atomic.Int64

func (e *endCounters) add(err error) {
	why := endOther
	switch {
	case errors.Is(err, errLeft), errors.Is(err, io.EOF):
		why = endLeft
	case errors.Is(err, errOver):
		why = endOver
	case errors.Is(err, errSlow), errors.Is(err, reactor.ErrStalled), errors.Is(err, reactor.ErrOverflow):
		why = endSlow
	case errors.Is(err, errKicked), errors.Is(err, errRevoked), errors.Is(err, errTooLong):
		why = endRefused
	}
	e[why].Add(1)
}

type counters struct {
	publishers atomic.Int64
	refused    atomic.Int64
	badTags    atomic.Int64
	bytesIn    atomic.Int64
	viewers    [protocols]atomic.Int64
	watched    [protocols]atomic.Int64
	bytesOut   [protocols]atomic.Int64
	ends       endCounters
}

// watching is how many viewers have a connection of their own.
func (c *counters) watching() int64 {
	return c.viewers[protoFLV].Load() + c.viewers[protoWebSocket].Load() + c.viewers[protoRTMP].Load()
}

// Protocol is what there is of one way of watching.
type Protocol struct {
	Name    string
	Viewers int64 // now
	Ever    int64
	Bytes   int64 // sent
}

// Count is how often something happened, by reason.
type Count struct {
	Reason string
	Count  int64
}

// Stats is the door at one moment.
type Stats struct {
	Connections int64 // to the RTMP port, while they do not play
	Publishers  int64
	Refused     int64 // connections and publishers, ever
	BytesIn     int64 // media received
	Waiting     int64 // requests for HLS that wait for something
	Pulls       pull.Stats
	Protocols   []Protocol
	Ends        []Count // of viewers, ever
	Drops       []Count // packets that were not passed on, ever

	PartLatency  Histogram // from the last frame of a part to when the part can be fetched
	StoreErrors  []Count   // of the store of segments, ever, by what failed
	NotesDropped int64     // stored segments that nobody was told of
}

// Stats returns the door as it is.
func (s *Server) Stats() Stats {
	c := &s.count
	st := Stats{Connections: s.calls.Load(), Publishers: c.publishers.Load(), Refused: c.refused.Load(), BytesIn: c.bytesIn.Load(), Waiting: s.hls.Waiting()}
	if s.pulls != nil {
		st.Pulls = s.pulls.Stats()
	}
	for i, name := range protocolNames {
		st.Protocols = append(st.Protocols, Protocol{name, c.viewers[i].Load(), c.watched[i].Load(), c.bytesOut[i].Load()})
	}
	for i, name := range endNames {
		st.Ends = append(st.Ends, Count{name, c.ends[i].Load()})
	}
	d := s.streams.Dropped()
	st.Drops = []Count{{"unreadable", c.badTags.Load()}, {"empty", int64(d.Empty)}, {"too_large", int64(d.TooLarge)}, {"bad_config", int64(d.BadConfig)},
		{"no_config", int64(d.NoConfig)}, {"skipped_by_slow_viewers", int64(d.Skipped)}}
	st.PartLatency, st.NotesDropped = s.notes.latency.snapshot(), s.notes.dropped.Load()
	for i := range s.notes.faults {
		st.StoreErrors = append(st.StoreErrors, Count{hls.StoreFault(i).String(), s.notes.faults[i].Load()})
	}
	return st
}
