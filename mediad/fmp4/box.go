package fmp4

import "encoding/binary"

// boxes calls visit with every box of b, in order (section 4.2).
func boxes(b []byte, visit func(name string, body []byte) error) error {
	for len(b) > 0 {
		if len(b) < 8 {
			return ErrBox
		}
		size, head := uint64(binary.BigEndian.Uint32(b)), 8
		switch {
		case size == 0: // to the end
			size = uint64(len(b))
		case size == 1:
			if len(b) < 16 {
				return ErrBox
			}
			size, head = binary.BigEndian.Uint64(b[8:]), 16
		}
		if size < uint64(head) || size > uint64(len(b)) {
			return ErrBox
		}
		if err := visit(string(b[4:8]), b[head:size:size]); err != nil {
			return err
		}
		b = b[size:]
	}
	return nil
}

// child returns the first box of that name in b, nil when there is none.
func child(b []byte, path ...string) []byte {
	for _, want := range path {
		var found []byte
		boxes(b, func(name string, body []byte) error {
			if name == want && found == nil {
				found = body
			}
			return nil
		})
		if b = found; b == nil {
			return nil
		}
	}
	return b
}

// reader takes numbers off the front of a box. What is not there is zero, and over says so.
type reader struct {
	b    []byte
	over bool
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.over, r.b = true, nil
		return make([]byte, 8)[:min(max(n, 0), 8)]
	}
	p := r.b[:n]
	r.b = r.b[n:]
	return p
}

func (r *reader) u8() byte    { return r.take(1)[0] }
func (r *reader) u32() uint32 { return binary.BigEndian.Uint32(r.take(4)) }
func (r *reader) u64() uint64 { return binary.BigEndian.Uint64(r.take(8)) }

// full reads version and flags of a full box.
func (r *reader) full() (version byte, flags uint32) {
	v := r.u32()
	return byte(v >> 24), v & 0xffffff
}
