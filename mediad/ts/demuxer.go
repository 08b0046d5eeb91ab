package ts

import (
	"bytes"

	"synctv/mediad/av"
)

// Demuxer turns a transport stream into packets, whose times are the sender's clock without its wraps. The zero Demuxer
// is ready. It is not safe for concurrent use.
type Demuxer struct {
	partial [packetSize]byte
	have    int // bytes in partial
	astray  int // bytes passed over since the last packet

	pat, pmt section
	pmtPID   int // 0: not known yet
	video    *elementary
	audio    *elementary
	clock    clock
}

// Feed takes bytes and appends the packets that are complete to dst. Errors are final.
func (d *Demuxer) Feed(dst []av.Packet, p []byte) ([]av.Packet, error) {
	var err error
	for len(p) > 0 {
		if d.have == 0 && p[0] != syncByte {
			if p, err = d.seek(p); err != nil {
				return dst, err
			}
			continue
		}
		if d.have == 0 && len(p) >= packetSize {
			dst, err = d.packet(dst, p[:packetSize])
			p = p[packetSize:]
		} else {
			n := copy(d.partial[d.have:], p)
			d.have, p = d.have+n, p[n:]
			if d.have < packetSize {
				break
			}
			d.have = 0
			dst, err = d.packet(dst, d.partial[:])
		}
		if err != nil {
			return dst, err
		}
		d.astray = 0
	}
	return dst, nil
}

// seek passes over what is no packet.
func (d *Demuxer) seek(p []byte) ([]byte, error) {
	n := bytes.IndexByte(p, syncByte)
	if n < 0 {
		n = len(p)
	}
	if d.astray += n; d.astray > maxAstray {
		return nil, ErrSync
	}
	return p[n:], nil
}

// Flush appends what was still waiting for its end, as at the end of a segment: what follows need not continue it.
func (d *Demuxer) Flush(dst []av.Packet) []av.Packet {
	for _, e := range []*elementary{d.video, d.audio} {
		if e == nil {
			continue
		}
		dst = e.finish(dst, &d.clock)
		e.rest, e.counter = nil, noCounter
	}
	d.have, d.astray = 0, 0
	d.pat, d.pmt = section{}, section{}
	return dst
}

// packet takes one transport packet (section 2.4.3.2).
func (d *Demuxer) packet(dst []av.Packet, b []byte) ([]av.Packet, error) {
	var h header
	if !h.parse(b) {
		return dst, nil
	}
	var err error
	switch e := d.elementary(h.pid); {
	case h.pid == 0:
		if s := d.pat.add(h); s != nil {
			d.takePAT(s)
		}
	case h.pid == d.pmtPID:
		if s := d.pmt.add(h); s != nil {
			dst = d.takePMT(dst, s)
		}
	case e != nil && h.scrambled:
		return dst, ErrScrambled
	case e != nil:
		dst, err = e.add(dst, h, &d.clock)
	}
	return dst, err
}

func (d *Demuxer) elementary(pid int) *elementary {
	for _, e := range []*elementary{d.video, d.audio} {
		if e != nil && e.pid == pid {
			return e
		}
	}
	return nil
}

// header is what a transport packet says before its payload.
type header struct {
	pid          int
	start        bool // payload_unit_start_indicator
	scrambled    bool
	counter      int
	broken       bool // discontinuity_indicator
	randomAccess bool
	payload      []byte
}

// parse reads b and reports whether there is a payload.
func (h *header) parse(b []byte) bool {
	if b[1]&0x80 != 0 { // transport_error_indicator
		return false
	}
	h.start, h.pid = b[1]&0x40 != 0, int(b[1]&0x1f)<<8|int(b[2])
	h.scrambled, h.counter = b[3]>>6 != 0, int(b[3]&15)
	at := 4
	if b[3]&0x20 != 0 {
		n := int(b[4])
		if at += 1 + n; at > packetSize {
			return false
		}
		if n > 0 {
			h.broken, h.randomAccess = b[5]&0x80 != 0, b[5]&0x40 != 0
		}
	}
	h.payload = b[at:]
	return b[3]&0x10 != 0 && len(h.payload) > 0
}

// clock takes the wraps out of times of 33 bits at 90 kHz.
type clock struct {
	last    int64
	started bool
}

const wrap = 1 << 33

// at returns a time without wraps; it is never below zero.
func (c *clock) at(raw int64) int64 {
	if !c.started { // one turn ahead, so that what is a little earlier has a place
		c.started, c.last = true, raw+wrap
	}
	d := (raw - c.last) & (wrap - 1)
	if d >= wrap/2 {
		d -= wrap
	}
	return max(c.last+d, 0)
}
