package rtmp

import "encoding/binary"

// Limits bound what a ChunkReader assembles. Zero values mean the defaults.
type Limits struct {
	Message      int // bytes of one message; 8 MiB
	Memory       int // bytes all unfinished messages hold together; 16 MiB
	ChunkStreams int // that may be used; 64
}

func (l Limits) withDefaults() Limits {
	if l.Message <= 0 {
		l.Message = 8 << 20
	}
	if l.Memory <= 0 {
		l.Memory = 16 << 20
	}
	if l.ChunkStreams <= 0 {
		l.ChunkStreams = 64
	}
	return l
}

const (
	defaultChunkSize = 128      // section 5.4.1
	maxChunkSize     = 0xffffff // no message is longer
	extended         = 0xffffff // a timestamp field that says: see behind
	// firstAlloc is what a message is given before its bytes are there; from then
	// on its memory follows what has come.
	firstAlloc = 64 << 10
	// maxFirstDelta is the largest timestamp of a type 0 chunk that a following
	// type 3 chunk repeats as its delta, in milliseconds: section 5.3.1.2.4 says
	// that it does, but what old encoders put there is their clock.
	maxFirstDelta = 1000
)

// ChunkReader turns bytes, in any pieces, into messages (section 5.3). It is
// tolerant of what encoders do and strict about what it costs. Memory follows
// the bytes that came, not the lengths that were claimed. It is not safe for
// concurrent use.
type ChunkReader struct {
	limits    Limits
	first     int // what a message is given before its bytes are there
	chunkSize int

	low     [64]*chunkStream // by id
	high    map[uint32]*chunkStream
	streams int
	held    int // bytes allocated for unfinished messages

	// The header under way, and behind it bytes that may be a repeated extended
	// timestamp.
	head [18]byte
	have int
	// Bytes that turned out not to be one are put back, to be read again before
	// all others.
	back    [3]byte
	backLen int
	replay  [8]byte
	pending []byte // lies in replay

	cur  *chunkStream // nil: a header is under way
	left int          // bytes of the chunk to come

	err error // the error that was reported; it stays
}

// chunkStream is what chunks of one id leave out because an earlier one said it.
type chunkStream struct {
	timestamp uint32
	delta     uint32
	field     uint32 // last timestamp or delta, as it was sent
	ext       bool   // it was extended
	length    int
	typ       Type
	stream    uint32
	known     bool
	buf       []byte // of the unfinished message
	open      bool   // there is one
}

// NewChunkReader returns a reader of what follows the handshake.
func NewChunkReader(l Limits) *ChunkReader {
	return &ChunkReader{limits: l.withDefaults(), first: firstAlloc, chunkSize: defaultChunkSize}
}

// Feed takes bytes from p until a message is complete, and returns it with the
// bytes of p that follow. When p completes nothing the message's Type is 0 and
// rest is empty. Set Chunk Size and Abort have already been followed when they
// are returned. After an error every call returns that error.
func (r *ChunkReader) Feed(p []byte) (m Message, rest []byte, err error) {
	for r.err == nil {
		if len(r.pending) > 0 {
			m, rest, r.err = r.step(r.pending)
			r.putBack(rest)
		} else if len(p) > 0 {
			if m, p, r.err = r.step(p); r.backLen > 0 {
				r.putBack(nil)
			}
		} else {
			return Message{}, nil, nil
		}
		if m.Type != 0 && r.err == nil {
			return m, p, nil
		}
	}
	return Message{}, nil, r.err
}

// putBack makes pending of the bytes that were put back and those behind them.
func (r *ChunkReader) putBack(rest []byte) {
	var b [8]byte
	n := copy(b[:], r.back[:r.backLen])
	n += copy(b[n:], rest)
	r.replay, r.backLen = b, 0
	r.pending = r.replay[:n]
}

// step takes a header, or bytes of a chunk, from p.
func (r *ChunkReader) step(p []byte) (m Message, rest []byte, err error) {
	if r.cur == nil {
		if p, err = r.header(p); err != nil || r.cur == nil {
			return Message{}, p, err
		}
	} else {
		n := min(r.left, len(p))
		if err := r.grow(r.cur, n); err != nil {
			return Message{}, nil, err
		}
		r.cur.buf = append(r.cur.buf, p[:n]...)
		r.left, p = r.left-n, p[n:]
	}
	if r.left > 0 {
		return Message{}, p, nil
	}
	st := r.cur
	r.cur = nil
	if len(st.buf) < st.length {
		return Message{}, p, nil
	}
	m = Message{Type: st.typ, Stream: st.stream, Timestamp: st.timestamp, Payload: st.buf}
	r.drop(st)
	return m, p, r.follow(m)
}

// header collects a chunk header, and begins the chunk when it is whole.
func (r *ChunkReader) header(p []byte) ([]byte, error) {
	basic, full := r.headerSize()
	for r.have < full {
		if len(p) == 0 {
			return p, nil
		}
		n := copy(r.head[r.have:full], p)
		r.have, p = r.have+n, p[n:]
		basic, full = r.headerSize()
	}
	st, err := r.lookup(basic)
	if err != nil {
		return nil, err
	}
	format := r.head[0] >> 6
	if format == 3 && st.ext {
		var whole bool
		if p, whole = r.peekTimestamp(st, basic, p); !whole {
			return p, nil
		}
	}
	r.have = 0
	if format < 3 || !st.open {
		if err := r.begin(st, format, r.head[basic:]); err != nil {
			return nil, err
		}
	}
	r.cur, r.left = st, min(r.chunkSize, st.length-len(st.buf))
	return p, nil
}

// headerSize returns the sizes of the basic header, and of the whole as far as
// what is there tells (sections 5.3.1.1 to 5.3.1.3).
func (r *ChunkReader) headerSize() (basic, full int) {
	if r.have == 0 {
		return 1, 1
	}
	basic = 1
	if id := r.head[0] & 63; id < 2 {
		basic += 1 + int(id)
	}
	full = basic + [4]int{11, 7, 3, 0}[r.head[0]>>6]
	if r.head[0]>>6 < 3 && r.have >= full && u24(r.head[basic:]) == extended {
		full += 4
	}
	return basic, full
}

// peekTimestamp decides whether the four bytes behind a type 3 header repeat the
// extended timestamp of its stream. ffmpeg and OBS do repeat it, others do not
// (section 5.3.1.3 can be read both ways): it is one if it has the value that
// was sent before, or the time of the message. whole is false while there are
// not bytes enough to tell.
func (r *ChunkReader) peekTimestamp(st *chunkStream, basic int, p []byte) (rest []byte, whole bool) {
	for r.have < basic+4 {
		if len(p) == 0 {
			return p, false
		}
		r.head[r.have] = p[0]
		seen := r.head[basic : r.have+1]
		if !isPrefix(seen, st.field) && !isPrefix(seen, st.timestamp) {
			r.backLen = copy(r.back[:], seen[:len(seen)-1])
			return p, true
		}
		r.have, p = r.have+1, p[1:]
	}
	return p, true
}

// isPrefix reports whether b begins v, as big-endian bytes.
func isPrefix(b []byte, v uint32) bool {
	for i, c := range b {
		if c != byte(v>>(24-8*i)) {
			return false
		}
	}
	return true
}

func u24(b []byte) uint32 { return uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2]) }

// lookup returns the chunk stream of the header under way.
func (r *ChunkReader) lookup(basic int) (*chunkStream, error) {
	id := uint32(r.head[0] & 63)
	switch basic {
	case 2:
		id = uint32(r.head[1]) + 64
	case 3:
		id = uint32(r.head[2])<<8 + uint32(r.head[1]) + 64
	}
	var st *chunkStream
	if id < uint32(len(r.low)) {
		st = r.low[id]
	} else {
		st = r.high[id]
	}
	if st != nil {
		return st, nil
	}
	if r.streams == r.limits.ChunkStreams {
		return nil, ErrChunkStreams
	}
	r.streams++
	st = &chunkStream{}
	if id < uint32(len(r.low)) {
		r.low[id] = st
		return st, nil
	}
	if r.high == nil {
		r.high = map[uint32]*chunkStream{}
	}
	r.high[id] = st
	return st, nil
}

// begin begins a message. b is the header behind its basic part. A type 1 chunk
// may be the first of its stream, as librtmp and some cameras have it: what it
// leaves out is zero. An unfinished message of the stream is given up.
func (r *ChunkReader) begin(st *chunkStream, format byte, b []byte) error {
	if format >= 2 && !st.known {
		return ErrChunkOrphan
	}
	r.drop(st)
	if format < 3 {
		st.field, st.ext = u24(b), false
		behind := [3]int{11, 7, 3}[format]
		if st.field == extended {
			st.field, st.ext = binary.BigEndian.Uint32(b[behind:]), true
		}
	}
	switch {
	case format == 0:
		st.timestamp = st.field
		if st.delta = st.field; st.delta > maxFirstDelta {
			st.delta = 0
		}
		st.stream = binary.LittleEndian.Uint32(b[7:])
	case format < 3:
		st.delta = st.field
		fallthrough
	default:
		st.timestamp += st.delta
	}
	if format <= 1 {
		st.length, st.typ = int(u24(b[3:])), Type(b[6])
		if st.length > r.limits.Message {
			return ErrMessageSize
		}
	}
	st.known, st.open = true, true
	return nil
}

// grow makes room for n more bytes of st's message.
func (r *ChunkReader) grow(st *chunkStream, n int) error {
	need := len(st.buf) + n
	if need <= cap(st.buf) {
		return nil
	}
	size := max(need, min(st.length, max(r.first, 4*cap(st.buf))))
	if r.held += size - cap(st.buf); r.held > r.limits.Memory {
		return ErrMemory
	}
	st.buf = append(make([]byte, 0, size), st.buf...)
	return nil
}

// drop ends st's message.
func (r *ChunkReader) drop(st *chunkStream) {
	r.held -= cap(st.buf)
	st.buf, st.open = nil, false
}

// follow does what a message tells the chunk layer to do (section 5.4).
func (r *ChunkReader) follow(m Message) error {
	if len(m.Payload) < 4 {
		return nil
	}
	v := binary.BigEndian.Uint32(m.Payload)
	switch m.Type {
	case TypeSetChunkSize:
		if v == 0 || v>>31 != 0 {
			return ErrChunkSize
		}
		r.chunkSize = int(min(v, maxChunkSize))
	case TypeAbort:
		var st *chunkStream
		if v < uint32(len(r.low)) {
			st = r.low[v]
		} else {
			st = r.high[v]
		}
		if st != nil {
			r.drop(st)
		}
	}
	return nil
}
