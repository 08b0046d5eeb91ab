package ts

import "synctv/mediad/av"

// section gathers a table (section 2.4.4).
type section struct {
	buf     []byte
	started bool
}

// add takes the payload of a packet and returns the table when it is complete.
func (s *section) add(h header) []byte {
	p := h.payload
	if h.start {
		skip := 1 + int(p[0]) // pointer_field
		if skip > len(p) {
			return nil
		}
		s.buf, s.started, p = s.buf[:0], true, p[skip:]
	}
	if !s.started || len(s.buf)+len(p) > maxSection+packetSize {
		s.started = false
		return nil
	}
	s.buf = append(s.buf, p...)
	if len(s.buf) < 3 {
		return nil
	}
	n := 3 + (int(s.buf[1]&0x0f)<<8 | int(s.buf[2]))
	if n > maxSection || len(s.buf) < n {
		return nil
	}
	s.started = false
	return s.buf[:n]
}

// takePAT finds where the first program is described (section 2.4.4.3).
func (d *Demuxer) takePAT(s []byte) {
	if s[0] != 0 || len(s) < 12 {
		return
	}
	for b := s[8 : len(s)-4]; len(b) >= 4; b = b[4:] {
		if number := int(b[0])<<8 | int(b[1]); number != 0 {
			d.pmtPID = int(b[2]&0x1f)<<8 | int(b[3])
			return
		}
	}
}

// Types of elementary streams (section 2.4.4.9, table 2-34).
const (
	typeAAC  = 0x0f // in ADTS
	typeH264 = 0x1b
	typeHEVC = 0x24
)

// takePMT chooses a stream of each kind (section 2.4.4.8): the first that can be used. One that is carried on keeps what
// it has; one that goes gives what it still had.
func (d *Demuxer) takePMT(dst []av.Packet, s []byte) []av.Packet {
	if s[0] != 2 || len(s) < 16 {
		return dst
	}
	var video, audio *elementary
	info := int(s[10]&0x0f)<<8 | int(s[11])
	b := s[12 : len(s)-4]
	b = b[min(info, len(b)):]
	for len(b) >= 5 {
		kind, pid, info := b[0], int(b[1]&0x1f)<<8|int(b[2]), int(b[3]&0x0f)<<8|int(b[4])
		b = b[min(5+info, len(b)):]
		switch {
		case kind == typeH264 && video == nil:
			video = newElementary(pid, av.H264)
		case kind == typeHEVC && video == nil:
			video = newElementary(pid, av.HEVC)
		case kind == typeAAC && audio == nil:
			audio = newElementary(pid, av.AAC)
		}
	}
	return d.swap(d.swap(dst, &d.video, video), &d.audio, audio)
}

func (d *Demuxer) swap(dst []av.Packet, have **elementary, next *elementary) []av.Packet {
	old := *have
	if old != nil && next != nil && old.pid == next.pid && old.codec == next.codec {
		return dst
	}
	if old != nil {
		dst = old.finish(dst, &d.clock)
	}
	*have = next
	return dst
}
