package ts

import (
	"bytes"
	"time"

	"synctv/mediad/av"
)

const noCounter = -1

// elementary is one stream of the program, as its packets come (section 2.4.3.6).
type elementary struct {
	pid     int
	codec   av.Codec
	counter int // continuity_counter of the packet before, noCounter for none

	buf      []byte // the packet under way, with its header
	open     bool
	key      bool // random_access_indicator
	lastSize int

	config []byte
	rest   []byte        // sound: the beginning of a frame
	next   time.Duration // sound: when the next frame is
	timed  bool          // next holds
}

func newElementary(pid int, c av.Codec) *elementary {
	return &elementary{pid: pid, codec: c, counter: noCounter}
}

// add takes the payload of a transport packet.
func (e *elementary) add(dst []av.Packet, h header, c *clock) ([]av.Packet, error) {
	if e.counter == h.counter && !h.broken && !h.start {
		return dst, nil // it was sent twice
	}
	if e.counter != noCounter && h.counter != (e.counter+1)&15 && !h.broken {
		e.open, e.buf, e.rest = false, nil, nil // a hole: what is not whole is of no use
	}
	e.counter = h.counter
	if h.start {
		dst = e.finish(dst, c)
		e.open, e.key = true, h.randomAccess
		e.buf = make([]byte, 0, max(e.lastSize, packetSize))
	}
	if !e.open {
		return dst, nil
	}
	limit := maxFrame
	if e.codec.Kind() == av.Audio {
		limit = maxSound
	}
	if len(e.buf)+len(h.payload) > limit {
		return dst, ErrSize
	}
	e.buf = append(e.buf, h.payload...)
	if n := e.length(); n > 0 && len(e.buf) >= n {
		e.buf = e.buf[:n]
		dst = e.finish(dst, c)
	}
	return dst, nil
}

// length is how long the packet says that it is, 0 when it does not.
func (e *elementary) length() int {
	if len(e.buf) < 6 {
		return 0
	}
	n := int(e.buf[4])<<8 | int(e.buf[5])
	if n == 0 {
		return 0
	}
	return 6 + n
}

// finish takes the packet that was under way.
func (e *elementary) finish(dst []av.Packet, c *clock) []av.Packet {
	b := e.buf
	if !e.open {
		return dst
	}
	e.open, e.buf, e.lastSize = false, nil, min(len(b)+len(b)/4, maxFrame)
	data, pts, dts, timed := parsePES(b)
	if len(data) == 0 {
		return dst
	}
	var p av.Packet
	if timed {
		c.last = c.at(dts)
		p.DTS, p.PTS = ticks(c.last), ticks(c.at(pts))
	}
	p.Kind, p.Codec = e.codec.Kind(), e.codec
	if p.Kind == av.Audio {
		return e.sound(dst, p, data, timed)
	}
	if !timed {
		return dst
	}
	return e.picture(dst, p, data)
}

// parsePES reads the header of a packet of an elementary stream (section 2.4.3.7).
func parsePES(b []byte) (data []byte, pts, dts int64, timed bool) {
	if len(b) < 9 || b[0] != 0 || b[1] != 0 || b[2] != 1 || b[6]>>6 != 2 {
		return nil, 0, 0, false
	}
	head := 9 + int(b[8])
	if head > len(b) {
		return nil, 0, 0, false
	}
	flags := b[7] >> 6
	if flags&2 != 0 && head >= 14 {
		pts, timed = timestamp(b[9:]), true
		dts = pts
	}
	if flags == 3 && head >= 19 {
		dts = timestamp(b[14:])
	}
	return b[head:], pts, dts, timed
}

func timestamp(b []byte) int64 {
	return int64(b[0]>>1&7)<<30 | int64(b[1])<<22 | int64(b[2]>>1)<<15 | int64(b[3])<<7 | int64(b[4]>>1)
}

// ticks are of 1/90,000 s.
func ticks(n int64) time.Duration { return time.Duration(n) * 100000 / 9 }

// picture takes a frame.
func (e *elementary) picture(dst []av.Packet, p av.Packet, data []byte) []av.Packet {
	u, err := av.ParseAccessUnit(e.codec, data, 4)
	if err != nil || len(u.Data) == 0 {
		return dst
	}
	if u.Sets.Complete() {
		if config, err := u.Sets.Config(e.codec); err == nil && !bytes.Equal(config, e.config) {
			e.config = config
			head := p
			head.Config, head.Data, head.PTS = true, config, p.DTS
			dst = append(dst, head)
		}
	}
	// Broadcasters have streams without any IDR picture, and say where to begin.
	p.Key = u.RandomAccess || e.key && u.Sets.Complete()
	p.Data = u.Data
	return append(dst, p)
}

// sound takes frames of AAC in ADTS. They need not begin and end where packets do.
func (e *elementary) sound(dst []av.Packet, p av.Packet, data []byte, timed bool) []av.Packet {
	old := len(e.rest)
	b := append(e.rest[:old:old], data...)
	at := 0
	for at+7 <= len(b) {
		if b[at] != 0xff || b[at+1]&0xf6 != 0xf0 {
			n := bytes.IndexByte(b[at+1:], 0xff)
			if n < 0 {
				at = len(b)
				break
			}
			at += 1 + n
			continue
		}
		size := int(b[at+3]&3)<<11 | int(b[at+4])<<3 | int(b[at+5])>>5
		if size < 7 {
			at++
			continue
		}
		if at+size > len(b) {
			break
		}
		if timed && at >= old { // the first frame that begins in this packet has its time
			e.next, e.timed, timed = p.PTS, true, false
		}
		dst = e.frame(dst, p, b[at:at+size:at+size])
		at += size
	}
	if timed && at >= old && at < len(b) {
		e.next, e.timed = p.PTS, true
	}
	if e.rest = bytes.Clone(b[at:]); len(e.rest) > maxSound {
		e.rest = nil
	}
	return dst
}

// frame takes one frame of AAC with its header.
func (e *elementary) frame(dst []av.Packet, p av.Packet, b []byte) []av.Packet {
	h, ok := av.ParseADTS(b)
	if !ok || !e.timed || h.SampleRate <= 0 || h.Size >= len(b) {
		return dst
	}
	config := av.BuildAACConfig(h.SampleRate, h.Channels)
	if config == nil {
		return dst
	}
	p.DTS, p.PTS, p.Key = e.next, e.next, true
	if !bytes.Equal(config, e.config) {
		e.config = config
		head := p
		head.Config, head.Key, head.Data = true, false, config
		dst = append(dst, head)
	}
	e.next += time.Duration(1024) * time.Second / time.Duration(h.SampleRate)
	p.Data = b[h.Size:]
	return append(dst, p)
}

// ADTS returns the frames of AAC in b, whose first one is at a time: sound without a transport stream around it.
func ADTS(at time.Duration, b []byte) []av.Packet {
	e := newElementary(0, av.AAC)
	return e.sound(nil, av.Packet{Kind: av.Audio, Codec: av.AAC, DTS: at, PTS: at}, b, true)
}
