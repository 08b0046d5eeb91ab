package fmp4

import (
	"encoding/binary"
	"math/bits"
	"time"

	"synctv/mediad/av"
)

// Packets reads a segment, or any number of whole fragments, and returns the frames in it: of each fragment those of one track,
// then those of the next, with the configuration of a track before its first frame. They keep parts of b.
func (in *Init) Packets(b []byte) ([]av.Packet, error) {
	s := segment{init: in, all: b, told: make([]bool, len(in.tracks)), next: make([]uint64, len(in.tracks))}
	at := 0
	err := boxes(b, func(name string, body []byte) error {
		size := int(binary.BigEndian.Uint32(b[at:]))
		if size == 1 {
			size = len(body) + 16
		} else {
			size = len(body) + 8
		}
		start := at
		at += size
		if name == "moof" {
			return s.moof(start, body)
		}
		return nil
	})
	return s.packets, err
}

// segment is one under way.
type segment struct {
	init    *Init
	all     []byte
	packets []av.Packet
	samples int
	told    []bool   // the configuration of a track
	next    []uint64 // when the next sample of a track is
}

// moof reads a fragment, which begins at start (section 8.8.4).
func (s *segment) moof(start int, body []byte) error {
	return boxes(body, func(name string, traf []byte) error {
		if name != "traf" {
			return nil
		}
		return s.traf(start, traf)
	})
}

// Flags of tfhd and trun (sections 8.8.7 and 8.8.8), and of a sample (8.8.3.1).
const (
	tfhdBase        = 0x000001
	tfhdDescription = 0x000002
	tfhdDuration    = 0x000008
	tfhdSize        = 0x000010
	tfhdFlags       = 0x000020

	trunOffset     = 0x000001
	trunFirstFlags = 0x000004
	trunDuration   = 0x000100
	trunSize       = 0x000200
	trunFlags      = 0x000400
	trunCTS        = 0x000800

	sampleNotSync = 0x00010000
)

// traf reads what a fragment has of one track (section 8.8.6).
func (s *segment) traf(start int, body []byte) error {
	r := reader{b: child(body, "tfhd")}
	_, flags := r.full()
	id := r.u32()
	i := s.init.index(id)
	if i < 0 {
		return nil
	}
	t := s.init.tracks[i] // a copy: what follows holds for this fragment alone
	base := uint64(start)
	if flags&tfhdBase != 0 {
		base = r.u64()
	}
	if flags&tfhdDescription != 0 {
		r.u32()
	}
	if flags&tfhdDuration != 0 {
		t.duration = r.u32()
	}
	if flags&tfhdSize != 0 {
		t.size = r.u32()
	}
	if flags&tfhdFlags != 0 {
		t.flags = r.u32()
	}
	if r.over {
		return ErrBox
	}
	if d := child(body, "tfdt"); d != nil {
		r := reader{b: d}
		if v, _ := r.full(); v == 1 {
			s.next[i] = r.u64()
		} else {
			s.next[i] = uint64(r.u32())
		}
		if r.over {
			return ErrBox
		}
	}
	from := base
	return boxes(body, func(name string, trun []byte) error {
		if name != "trun" {
			return nil
		}
		var err error
		from, err = s.trun(i, t, base, from, trun)
		return err
	})
}

func (in *Init) index(id uint32) int {
	for i, t := range in.tracks {
		if t.id == id {
			return i
		}
	}
	return -1
}

// trun reads a run of samples and returns where it ends (section 8.8.8).
func (s *segment) trun(i int, t track, base, from uint64, body []byte) (uint64, error) {
	r := reader{b: body}
	_, flags := r.full()
	n := int(r.u32())
	if s.samples += n; s.samples > maxSamples || n > maxSamples {
		return 0, ErrValue
	}
	if flags&trunOffset != 0 {
		from = base + uint64(int64(int32(r.u32())))
	}
	first := t.flags
	if flags&trunFirstFlags != 0 {
		first = r.u32()
	}
	for k := range n {
		duration, size, sample, offset := t.duration, t.size, t.flags, int32(0)
		if flags&trunDuration != 0 {
			duration = r.u32()
		}
		if flags&trunSize != 0 {
			size = r.u32()
		}
		if flags&trunFlags != 0 {
			sample = r.u32()
		} else if k == 0 {
			sample = first
		}
		if flags&trunCTS != 0 {
			offset = int32(r.u32())
		}
		if r.over {
			return 0, ErrBox
		}
		if from > uint64(len(s.all)) || uint64(size) > uint64(len(s.all))-from {
			return 0, ErrSample
		}
		end := from + uint64(size)
		if err := s.add(i, t, s.all[from:end:end], sample&sampleNotSync == 0, offset); err != nil {
			return 0, err
		}
		from = end
		s.next[i] += uint64(duration)
	}
	return from, nil
}

// add takes one sample. One that cannot be read is left out.
func (s *segment) add(i int, t track, data []byte, key bool, offset int32) error {
	at, ok := seconds(s.next[i], t.scale)
	if !ok {
		return ErrValue
	}
	p := av.Packet{Kind: t.codec.Kind(), Codec: t.codec, DTS: at, PTS: at, Key: key, Data: data}
	p.PTS += time.Duration(int64(offset) * int64(time.Second) / int64(t.scale))
	switch t.codec {
	case av.H264, av.HEVC:
		u, err := av.ParseAccessUnit(t.codec, data, t.lengthSize)
		if err != nil {
			return nil
		}
		p.Data, p.Key = u.Data, key || u.RandomAccess
	case av.AV1:
		var err error
		if p.Data, err = av.StripOBUs(data); err != nil {
			return nil
		}
	}
	if len(p.Data) == 0 {
		return nil
	}
	if !s.told[i] && t.config != nil {
		s.told[i] = true
		head := p
		head.Config, head.Key, head.Data, head.PTS = true, false, t.config, p.DTS
		s.packets = append(s.packets, head)
	}
	s.packets = append(s.packets, p)
	return nil
}

// seconds turns ticks into a time; not ok when it is beyond what a time can be.
func seconds(n, scale uint64) (time.Duration, bool) {
	hi, lo := bits.Mul64(n, uint64(time.Second))
	if hi >= scale {
		return 0, false
	}
	q, _ := bits.Div64(hi, lo, scale)
	return time.Duration(q), q < 1<<62
}
