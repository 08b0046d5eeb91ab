package av

import "encoding/binary"

// describeMP3 reads the header of an MPEG audio frame (ISO/IEC 11172-3 section
// 2.4.1.3, and 13818-3 for the low rates).
func (t *Track) describeMP3(frame []byte) error {
	if len(frame) < 4 {
		return ErrShort
	}
	h := binary.BigEndian.Uint32(frame)
	version, layer, rate := h>>19&3, h>>17&3, h>>10&3
	if h>>21 != 0x7ff || version == 1 || layer == 0 || h>>12&15 == 15 || rate == 3 {
		return ErrValue
	}
	t.SampleRate = [3]int{44100, 48000, 32000}[rate]
	t.FrameSize = [4]int{0, 1152, 1152, 384}[layer]
	switch version {
	case 0: // MPEG 2.5
		t.SampleRate /= 4
	case 2:
		t.SampleRate /= 2
	}
	if version != 3 && layer == 1 {
		t.FrameSize = 576
	}
	if t.Channels = 2; h>>6&3 == 3 {
		t.Channels = 1
	}
	t.MIME = "mp4a.40.34"
	return nil
}

// describeAC3 reads the start of an AC-3 or E-AC-3 frame (ETSI TS 102 366
// sections 4.3.2 and E.1.2).
func (t *Track) describeAC3(frame []byte) error {
	r := &bitReader{b: frame[:min(len(frame), 16)]}
	if r.u(16) != 0x0b77 {
		return ErrValue
	}
	rates := [4]int{48000, 44100, 32000, 0}
	channels := [8]int{2, 1, 2, 3, 3, 4, 4, 5}
	t.MIME, t.FrameSize = t.Codec.FourCC(), 1536
	var mode uint32
	if t.Codec == EAC3 {
		r.skip(2 + 3 + 11)
		code := r.u(2)
		blocks := r.u(2)
		if t.SampleRate = rates[code]; code == 3 {
			t.SampleRate, blocks = rates[blocks]/2, 3
		}
		t.FrameSize = 256 * [4]int{1, 2, 3, 6}[blocks]
		mode = r.u(3)
	} else {
		r.skip(16)
		t.SampleRate = rates[r.u(2)]
		r.skip(6 + 5 + 3)
		mode = r.u(3)
		if mode&1 == 1 && mode != 1 {
			r.skip(2)
		}
		if mode&4 != 0 {
			r.skip(2)
		}
		if mode == 2 {
			r.skip(2)
		}
	}
	t.Channels = channels[mode] + int(r.bit())
	switch {
	case r.over:
		return ErrShort
	case t.SampleRate == 0:
		return ErrAudioFormat
	}
	return nil
}

// describeFLAC reads a STREAMINFO block (RFC 9639 section 8.2), with or without
// the "fLaC" marker and block header in front.
func (t *Track) describeFLAC(b []byte) error {
	if len(b) >= 4 && string(b[:4]) == "fLaC" {
		b = b[4:]
	}
	if len(b) >= 38 && b[0]&0x7f == 0 && b[1] == 0 && b[2] == 0 && b[3] == 34 {
		b = b[4:]
	}
	if len(b) < 34 {
		return ErrShort
	}
	r := &bitReader{b: b[10:]}
	t.SampleRate, t.Channels, t.MIME = int(r.u(20)), int(r.u(3))+1, "flac"
	if t.SampleRate == 0 || t.SampleRate > 655350 {
		return ErrAudioFormat
	}
	return nil
}
