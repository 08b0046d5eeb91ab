package reactor

import "sync"

// Variants is the number of encodings one frame may have. A connection is
// bound to one of them by Options.Variant.
const Variants = 2

// Kind says what may happen to a frame in the queue of a slow peer.
type Kind uint8

const (
	// Must frames are delivered or the connection is closed.
	Must Kind = iota
	// State frames carry a whole state: a newer one with the same key
	// replaces the older one still queued.
	State
	// Droppable frames are the first to go under pressure.
	Droppable
)

// Class is a set of frame classes, one bit each. A frame with a class is seen
// by the connections whose mask shares a bit with it; class 0 is seen by all.
type Class uint64

// Spec describes a frame. Exactly one of Bytes and Encode is used.
type Spec struct {
	Kind  Kind
	Key   uint64 // State only: frames with the same key replace each other
	Class Class
	// Bytes holds one encoding per variant; a nil entry falls back to variant
	// 0. They belong to the frame from here on and must not change.
	Bytes [Variants][]byte
	// Encode, if not nil, makes the encoding of a variant when the first
	// connection needs it, at most once per variant. It runs on a shard, so
	// it must be quick and must not panic. An empty result is not sent.
	Encode func(variant int) []byte
}

// Frame is an immutable piece of output, shared by reference between every
// queue it stands in. It is safe for concurrent use.
type Frame struct {
	kind   Kind
	class  Class
	key    uint64
	encode func(variant int) []byte
	once   [Variants]sync.Once
	data   [Variants][]byte // immutable after NewFrame, or guarded by once
}

// NewFrame makes a frame.
func NewFrame(s Spec) *Frame {
	f := &Frame{kind: s.Kind, class: s.Class, key: s.Key, encode: s.Encode, data: s.Bytes}
	if f.encode != nil {
		f.data = [Variants][]byte{}
		return f
	}
	for i := 1; i < Variants; i++ {
		if f.data[i] == nil {
			f.data[i] = f.data[0]
		}
	}
	return f
}

// Bytes makes a Must frame that is the same in every variant. The frame owns b.
func Bytes(b []byte) *Frame { return NewFrame(Spec{Bytes: [Variants][]byte{b}}) }

// Kind returns the frame's kind.
func (f *Frame) Kind() Kind { return f.kind }

// bytes returns the encoding of variant v.
func (f *Frame) bytes(v uint8) []byte {
	if f.encode != nil {
		f.once[v].Do(func() { f.data[v] = f.encode(int(v)) })
	}
	return f.data[v]
}

// visible reports whether a connection with mask m may see the frame.
func (f *Frame) visible(m Class) bool { return f.class == 0 || f.class&m != 0 }
