package stream

import (
	"time"

	"synctv/mediad/av"
)

// Drops counts what was not done, by reason.
type Drops struct {
	Empty     uint64 // packets without payload
	TooLarge  uint64 // packets above MaxPacket
	BadConfig uint64 // configurations that cannot be read
	NoConfig  uint64 // frames that cannot be decoded
	Stale     uint64 // packets of a publisher that was over
	Refused   uint64 // publishers
	Stalled   uint64 // publishers cut for silence
	Full      uint64 // readers refused
	Slow      uint64 // readers cut
	Jumps     uint64 // times a reader was moved ahead
	Skipped   uint64 // items that readers missed by that
}

func (d *Drops) add(o Drops) {
	d.Empty += o.Empty
	d.TooLarge += o.TooLarge
	d.BadConfig += o.BadConfig
	d.NoConfig += o.NoConfig
	d.Stale += o.Stale
	d.Refused += o.Refused
	d.Stalled += o.Stalled
	d.Full += o.Full
	d.Slow += o.Slow
	d.Jumps += o.Jumps
	d.Skipped += o.Skipped
}

// Stats is a stream at one moment.
type Stats struct {
	Name        string
	State       State
	Generation  uint64
	Publisher   string    // Offer.By
	Since       time.Time // when it began to publish
	Tracks      []av.Track
	Viewers     int
	ViewersEver uint64
	Takeovers   uint64
	Bytes       uint64 // payload written, ever
	Packets     uint64 // written, ever
	Frames      uint64 // of video, ever
	Bitrate     int    // bits per second, lately
	FrameRate   float64
	Pace        float64       // seconds of the broadcast that came in a second, lately; 0 when not known
	KeyInterval time.Duration // how far apart key frames are; 0 without pictures
	CacheBytes  int
	CacheItems  int
	CacheTime   time.Duration
	Drops       Drops
}

// Stats returns the stream as it is.
func (s *Stream) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Stats{
		Name: s.name, State: s.state, Generation: s.generation, Tracks: s.lineup.Tracks(),
		Viewers: s.viewers, ViewersEver: s.viewersEver, Takeovers: s.takeovers,
		Bytes: s.meter.bytes, Packets: s.meter.packets, Frames: s.meter.frames,
		CacheBytes: s.ring.bytes, CacheItems: int(s.ring.next - s.ring.first), Drops: s.drops,
	}
	if p := s.publisher; p != nil {
		st.Publisher, st.Since = p.by, p.since
		st.Bitrate, st.FrameRate = s.meter.rates(s.config.Now())
		st.Pace = s.meter.pace(s.config.Now())
	}
	st.KeyInterval = s.ring.keyInterval()
	if st.CacheItems > 0 {
		st.CacheTime = s.ring.at(s.ring.next-1).Packet.DTS - s.ring.at(s.ring.first).Packet.DTS
	}
	return st
}

// meterSpan is over how many seconds rates are averaged.
const meterSpan = 5

// paceSpan is how many seconds a pace must be over: one frame more or less says nothing then.
const paceSpan = 3

// meter counts packets, and how many there were in each of the last seconds.
type meter struct {
	bytes, packets, frames uint64

	seconds [meterSpan + 1]struct {
		unix   int64
		bytes  int
		frames int
		placed time.Duration // the latest time in the stream; 0 if nothing was placed
	}
}

func (m *meter) add(now time.Time, p av.Packet) {
	unix := now.Unix()
	s := &m.seconds[unix%int64(len(m.seconds))]
	if s.unix != unix {
		s.unix, s.bytes, s.frames, s.placed = unix, 0, 0, 0
	}
	m.packets++
	m.bytes += uint64(len(p.Data))
	s.bytes += len(p.Data)
	if p.Kind == av.Video && !p.Config {
		m.frames++
		s.frames++
	}
}

// place hears where in the stream a packet that was added has come to be.
func (m *meter) place(now time.Time, dts time.Duration) {
	s := &m.seconds[now.Unix()%int64(len(m.seconds))]
	s.placed = max(s.placed, dts)
}

// pace compares where the stream came to in the first and in the last of the whole seconds before now.
func (m *meter) pace(now time.Time) float64 {
	unix := now.Unix()
	var first, last int64
	var from, to time.Duration
	for _, s := range m.seconds {
		if s.unix >= unix || s.unix < unix-meterSpan || s.placed == 0 {
			continue
		}
		if first == 0 || s.unix < first {
			first, from = s.unix, s.placed
		}
		if s.unix > last {
			last, to = s.unix, s.placed
		}
	}
	if last-first < paceSpan {
		return 0
	}
	return max(0, (to-from).Seconds()/float64(last-first))
}

// rates averages over the whole seconds before now: without the one in which it began, of which it has a part.
func (m *meter) rates(now time.Time) (bitsPerSecond int, framesPerSecond float64) {
	unix := now.Unix()
	first := unix
	for _, s := range m.seconds {
		if s.unix >= unix-meterSpan {
			first = min(first, s.unix)
		}
	}
	if first > unix-meterSpan && first < unix-1 {
		first++
	}
	var bytes, frames int
	for _, s := range m.seconds {
		if s.unix < unix && s.unix >= first {
			bytes += s.bytes
			frames += s.frames
		}
	}
	n := int(max(1, unix-first))
	return 8 * bytes / n, float64(frames) / float64(n)
}
