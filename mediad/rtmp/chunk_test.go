package rtmp

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"reflect"
	"runtime"
	"testing"
)

func fill(n int) []byte { return bytes.Repeat([]byte{0xab}, n) }

// TestChunkReader reads each stream of chunks whole, and byte by byte.
func TestChunkReader(t *testing.T) {
	av := func(t Type, stream, at uint32, p []byte) Message { return Message{t, stream, at, p} }
	tests := []struct {
		name string
		in   []byte
		want []Message
		err  error
	}{
		{"type 0", chunks(chunk{id: 4, time: 7, length: 2, typ: TypeAudio, stream: 1, payload: fill(2)}),
			[]Message{av(TypeAudio, 1, 7, fill(2))}, nil},
		{"in chunks of 128", chunks(chunk{id: 4, time: 7, length: 200, typ: TypeVideo, stream: 1, payload: fill(128)}, chunk{format: 3, id: 4, payload: fill(72)}),
			[]Message{av(TypeVideo, 1, 7, fill(200))}, nil},
		{"encoder 8: types 1, 2 and 3 leave out what was said, and begin messages", chunks(
			chunk{id: 4, time: 100, length: 1, typ: TypeAudio, stream: 1, payload: fill(1)},
			chunk{format: 1, id: 4, time: 20, length: 2, typ: TypeVideo, payload: fill(2)},
			chunk{format: 2, id: 4, time: 30, payload: fill(2)},
			chunk{format: 3, id: 4, payload: fill(2)}),
			[]Message{av(TypeAudio, 1, 100, fill(1)), av(TypeVideo, 1, 120, fill(2)), av(TypeVideo, 1, 150, fill(2)), av(TypeVideo, 1, 180, fill(2))}, nil},
		{"encoder 8: ABUSE-123 ids of one, two and three bytes", chunks(
			chunk{id: 2, length: 1, typ: 8, payload: fill(1)}, chunk{id: 63, length: 1, typ: 8, payload: fill(1)},
			chunk{id: 64, length: 1, typ: 8, payload: fill(1)}, chunk{id: 319, length: 1, typ: 8, payload: fill(1)},
			chunk{id: 320, length: 1, typ: 8, payload: fill(1)}, chunk{id: 65599, length: 1, typ: 8, payload: fill(1)}),
			[]Message{av(8, 0, 0, fill(1)), av(8, 0, 0, fill(1)), av(8, 0, 0, fill(1)), av(8, 0, 0, fill(1)), av(8, 0, 0, fill(1)), av(8, 0, 0, fill(1))}, nil},
		{"encoder 8: ABUSE-123 one id in two forms is one stream", chunks(
			chunk{id: 64, form: 2, time: 5, length: 1, typ: 8, payload: fill(1)}, chunk{format: 2, id: 64, form: 3, time: 10, payload: fill(1)}),
			[]Message{av(8, 0, 5, fill(1)), av(8, 0, 15, fill(1))}, nil},
		{"encoder 8: ABUSE-122 interleaved", chunks(
			chunk{id: 6, time: 1, length: 130, typ: TypeVideo, payload: fill(128)},
			chunk{id: 4, time: 2, length: 3, typ: TypeAudio, payload: fill(3)},
			chunk{format: 3, id: 6, payload: fill(2)}),
			[]Message{av(TypeAudio, 0, 2, fill(3)), av(TypeVideo, 0, 1, fill(130))}, nil},
		{"encoder 8: type 1 is the first of its stream", chunks(chunk{format: 1, id: 4, time: 9, length: 1, typ: TypeAudio, payload: fill(1)}),
			[]Message{av(TypeAudio, 0, 9, fill(1))}, nil},
		{"encoder 8: ABUSE-121 type 2 is the first of its stream: nobody knows how long it is", chunks(chunk{format: 2, id: 4}), nil, ErrChunkOrphan},
		{"encoder 8: ABUSE-121 type 3 is the first of its stream: nobody knows how long it is", chunks(chunk{format: 3, id: 4}), nil, ErrChunkOrphan},
		{"a message that is given up for another", chunks(
			chunk{id: 4, length: 200, typ: 9, payload: fill(128)}, chunk{id: 4, time: 3, length: 1, typ: 8, payload: fill(1)}),
			[]Message{av(8, 0, 3, fill(1))}, nil},
		{"encoder 19: empty messages", chunks(
			chunk{id: 4, time: 3, typ: 8}, chunk{format: 2, id: 4, time: 4}, chunk{format: 3, id: 4}),
			[]Message{av(8, 0, 3, nil), av(8, 0, 7, nil), av(8, 0, 11, nil)}, nil},
		{"encoder 11: type 3 after type 0 repeats a small delta", chunks(
			chunk{id: 4, time: 40, length: 1, typ: 9, payload: fill(1)}, chunk{format: 3, id: 4, payload: fill(1)}),
			[]Message{av(9, 0, 40, fill(1)), av(9, 0, 80, fill(1))}, nil},
		{"encoder 11: type 3 after type 0 does not repeat a clock", chunks(
			chunk{id: 4, time: 360_000, length: 1, typ: 9, payload: fill(1)}, chunk{format: 3, id: 4, payload: fill(1)}),
			[]Message{av(9, 0, 360_000, fill(1)), av(9, 0, 360_000, fill(1))}, nil},
		{"encoder 10: delta over the wrap", chunks(
			chunk{id: 4, time: 1<<32 - 10, length: 1, typ: 9, payload: fill(1)}, chunk{format: 2, id: 4, time: 30, payload: fill(1)}),
			[]Message{av(9, 0, 1<<32-10, fill(1)), av(9, 0, 20, fill(1))}, nil},
		{"ABUSE-122 abort of an unfinished message", chunks(
			chunk{id: 4, length: 200, typ: 9, payload: fill(128)},
			chunk{id: 2, length: 4, typ: TypeAbort, payload: []byte{0, 0, 0, 4}},
			chunk{format: 3, id: 4, payload: fill(128)}, chunk{format: 3, id: 4, payload: fill(72)}),
			[]Message{{TypeAbort, 0, 0, []byte{0, 0, 0, 4}}, av(9, 0, 0, fill(200))}, nil},
		{"ABUSE-122 abort of unknown streams", chunks(
			chunk{id: 2, length: 4, typ: TypeAbort, payload: []byte{0, 0, 0, 9}}, chunk{id: 2, length: 4, typ: TypeAbort, payload: []byte{0xff, 0, 0, 9}}),
			[]Message{{TypeAbort, 0, 0, []byte{0, 0, 0, 9}}, {TypeAbort, 0, 0, []byte{0xff, 0, 0, 9}}}, nil},
		{"encoder 20: ABUSE-120 a message of 16 MiB", chunks(chunk{id: 4, length: 0xffffff, typ: 9}), nil, ErrMessageSize},
		{"type 0 is no message", chunks(chunk{id: 4, length: 1, typ: 0, payload: fill(1)}, chunk{id: 4, length: 1, typ: 8, payload: fill(1)}),
			[]Message{av(8, 0, 0, fill(1))}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, size := range []int{len(tt.in), 1, 3} {
				got, err := feedAll(NewChunkReader(Limits{}), tt.in, size)
				if err != tt.err || !reflect.DeepEqual(got, tt.want) {
					t.Fatalf("in pieces of %d: %v, %v\nwant %v, %v", size, got, err, tt.want, tt.err)
				}
			}
		})
	}
}

// encoder 9: the peek. A continued chunk of a message with an extended timestamp
// repeats it, or does not, and both must come through, however bytes arrive.
func TestRTMP09ExtendedTimestamp(t *testing.T) {
	payloads := map[string][]byte{
		"plain":                           fill(300),
		"looks like the timestamp":        bytes.Repeat([]byte{0x00, 0xff, 0xff, 0xff}, 75),
		"begins like the timestamp":       bytes.Repeat([]byte{0x01, 0x00, 0x00, 0x07}, 75),
		"begins like it, for three bytes": append(fill(128), append([]byte{0x01, 0x00, 0x00}, fill(169)...)...),
		"ends within the peek":            append(fill(128), 0x01, 0x00),
	}
	for _, at := range []uint32{extended - 1, extended, extended + 1, 0x01000000, 0xfffffff0} {
		for name, payload := range payloads {
			for _, repeats := range []bool{true, false} {
				if !repeats && at >= extended && len(payload) > 128 && isPrefix(payload[128:132], at) {
					continue // nobody can tell
				}
				in := chunks(chunk{id: 6, time: at, length: len(payload), typ: 9, stream: 1, payload: payload[:128]})
				for rest := payload[128:]; len(rest) > 0; rest = rest[min(128, len(rest)):] {
					in = append(in, chunks(chunk{format: 3, id: 6, time: at, ext3: repeats && at >= extended, payload: rest[:min(128, len(rest))]})...)
				}
				// A second message, whose delta is small again.
				in = append(in, chunks(chunk{format: 1, id: 6, time: 40, length: 1, typ: 8, payload: fill(1)}, chunk{format: 3, id: 6, payload: fill(1)})...)
				want := []Message{{9, 1, at, payload}, {8, 1, at + 40, fill(1)}, {8, 1, at + 80, fill(1)}}
				for _, size := range []int{len(in), 1, 2, 5} {
					if got, err := feedAll(NewChunkReader(Limits{}), in, size); err != nil || !reflect.DeepEqual(got, want) {
						t.Errorf("at %#x, %s, repeats %v, pieces of %d: %v, %v", at, name, repeats, size, got, err)
					}
				}
			}
		}
	}
}

// encoder 9: an extended delta. Some repeat the delta, some the time it makes.
func TestRTMP09ExtendedDelta(t *testing.T) {
	for _, repeated := range []uint32{0x01000000, 0x01000000 + 500} {
		in := chunks(
			chunk{id: 6, time: 500, length: 1, typ: 9, payload: fill(1)},
			chunk{format: 1, id: 6, time: 0x01000000, length: 130, typ: 9, payload: fill(128)},
			chunk{format: 3, id: 6, time: repeated, ext3: true, payload: fill(2)})
		got, err := feedAll(NewChunkReader(Limits{}), in, len(in))
		if err != nil || len(got) != 2 || got[1].Timestamp != 0x01000000+500 || len(got[1].Payload) != 130 {
			t.Errorf("%#x: %v, %v", repeated, got, err)
		}
	}
}

// encoder 7: a chunk size that is set early, late, amid a message, absurdly small and large.
func TestRTMP07SetChunkSize(t *testing.T) {
	set := func(v uint32) []byte {
		return chunks(chunk{id: 2, length: 4, typ: TypeSetChunkSize, payload: binary.BigEndian.AppendUint32(nil, v)})
	}
	tests := []struct {
		name string
		size uint32
		want int
		err  error
	}{
		{"one", 1, 1, nil}, {"65,536", 65536, 65536, nil}, {"largest that is written", 0x7fffffff, maxChunkSize, nil},
		{"ABUSE-119 zero", 0, 0, ErrChunkSize}, {"ABUSE-119 top bit", 0x80000000, 0, ErrChunkSize}, {"ABUSE-119 all ones", 0xffffffff, 0, ErrChunkSize},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := NewChunkReader(Limits{})
			_, err := feedAll(r, set(tt.size), 100)
			if err != tt.err || err == nil && r.chunkSize != tt.want {
				t.Fatalf("%d, %v", r.chunkSize, err)
			}
			if err != nil {
				if _, _, again := r.Feed([]byte{1}); again != err {
					t.Errorf("the error does not stay: %v", again)
				}
				return
			}
			in := AppendMessage(nil, Message{TypeVideo, 1, 5, fill(1000)}, tt.want)
			if got, err := feedAll(r, in, len(in)); err != nil || len(got) != 1 || len(got[0].Payload) != 1000 {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
	// In the middle of a message: it applies from the next chunk on.
	in := chunks(chunk{id: 6, length: 1000, typ: 9, payload: fill(128)})
	in = append(append(in, set(900)...), chunks(chunk{format: 3, id: 6, payload: fill(872)})...)
	if got, err := feedAll(NewChunkReader(Limits{}), in, 7); err != nil || len(got) != 2 || len(got[1].Payload) != 1000 {
		t.Errorf("mid-message: %v, %v", got, err)
	}
	// A short body is no news.
	if got, err := feedAll(NewChunkReader(Limits{}), chunks(chunk{id: 2, length: 2, typ: TypeSetChunkSize, payload: fill(2)}), 7); err != nil || len(got) != 1 {
		t.Errorf("short: %v, %v", got, err)
	}
}

// encoder 20: TestRTMP20ABUSE120Memory claims the longest message on every chunk stream there is:
// memory follows what was sent, and the streams are limited.
func TestRTMP20ABUSE120Memory(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	r := NewChunkReader(Limits{})
	var err error
	opened := 0
	for id := uint32(2); id < 65600 && err == nil; id++ {
		_, err = feedAll(r, chunks(chunk{id: id, length: 8 << 20, typ: 9, payload: fill(128)}), 1<<20)
		opened++
	}
	runtime.ReadMemStats(&after)
	if grown := after.HeapAlloc - before.HeapAlloc; err != ErrChunkStreams || opened > 100 || grown > 8<<20 {
		t.Errorf("%d streams, %d bytes, %v", opened, grown, err)
	}
	// With streams enough, the memory is shared.
	r = NewChunkReader(Limits{ChunkStreams: 70_000})
	err = nil
	for id := uint32(2); id < 65600 && err == nil; id++ {
		_, err = feedAll(r, chunks(chunk{id: id, length: 8 << 20, typ: 9, payload: fill(128)}), 1<<20)
	}
	if err != ErrMemory {
		t.Errorf("without a limit of streams: %v", err)
	}
	// What is finished is given back.
	r = NewChunkReader(Limits{Memory: 100_000})
	for range 100 {
		in := AppendMessage(nil, Message{TypeVideo, 1, 0, fill(50_000)}, 128)
		if _, err := feedAll(r, in, len(in)); err != nil {
			t.Fatal(err)
		}
	}
	if r.held != 0 {
		t.Errorf("%d bytes are held", r.held)
	}
}

// encoder 9: the other way, what is written has the extended timestamp in every chunk, from 0xFFFFFF itself on.
func TestPrechunk(t *testing.T) {
	for _, at := range []uint32{0, 5, extended - 1, extended, 0xfffffff0} {
		for _, n := range []int{0, 1, OutChunkSize - 1, OutChunkSize, OutChunkSize + 1, 3*OutChunkSize + 7} {
			m := Message{TypeVideo, MediaStream, at, fill(n)[:n:n]}
			p := Prechunk(m)
			if len(p) != cap(p) {
				t.Errorf("%d bytes at %d: size was not known: %d of %d", n, at, len(p), cap(p))
			}
			for _, stream := range []uint32{MediaStream, 3} {
				r := NewChunkReader(Limits{})
				in := append(AppendMessage(nil, setChunkSize(OutChunkSize), 128), p.On(stream)...)
				got, err := feedAll(r, in, 1000)
				if err != nil || len(got) != 2 || got[1].Stream != stream || got[1].Timestamp != at || !bytes.Equal(got[1].Payload, m.Payload) {
					t.Fatalf("%d bytes at %d on %d: %v", n, at, stream, err)
				}
			}
		}
	}
	p := Prechunk(Message{Type: TypeAudio, Payload: fill(3)})
	if &p.On(MediaStream)[0] != &p[0] {
		t.Error("chunks are copied for the stream they were made for")
	}
}

// encoder 12: an aggregate is split, and its parts get the time of the whole.
func TestRTMP12Aggregate(t *testing.T) {
	sub := func(typ Type, at uint32, n int) Message {
		return Message{Type: typ, Stream: 1, Timestamp: at, Payload: fill(n)}
	}
	body := appendSubMessage(nil, sub(TypeVideo, 0x01020304, 5))
	body = appendSubMessage(body, sub(TypeAudio, 0x01020304+21, 3))
	body = appendSubMessage(body, sub(TypeVideo, 0x01020304+40, 0))
	tests := []struct {
		name string
		body []byte
		want []Message
	}{
		{"times are moved to that of the whole", body, []Message{sub(TypeVideo, 1000, 5), sub(TypeAudio, 1021, 3), sub(TypeVideo, 1040, 0)}},
		{"cut in the last one", body[:len(body)-5], []Message{sub(TypeVideo, 1000, 5), sub(TypeAudio, 1021, 3)}},
		{"without the last back pointer", body[:len(body)-4], []Message{sub(TypeVideo, 1000, 5), sub(TypeAudio, 1021, 3), sub(TypeVideo, 1040, 0)}},
		{"size past the end", []byte{9, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 1}, nil},
		{"empty", nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := splitAggregate(Message{Type: TypeAggregate, Stream: 1, Timestamp: 1000, Payload: tt.body})
			if len(got) != len(tt.want) {
				t.Fatalf("%v", got)
			}
			for i := range got {
				if got[i].Type != tt.want[i].Type || got[i].Timestamp != tt.want[i].Timestamp || !bytes.Equal(got[i].Payload, tt.want[i].Payload) {
					t.Errorf("%v, want %v", got[i], tt.want[i])
				}
			}
		})
	}
}

// FuzzChunkReader proves that what comes out does not depend on how bytes arrive,
// and that memory is accounted for.
func FuzzChunkReader(f *testing.F) {
	f.Add(chunks(chunk{id: 4, time: extended, length: 200, typ: TypeVideo, stream: 1, payload: fill(128)}, chunk{format: 3, id: 4, payload: fill(72)}), uint64(1))
	f.Add(chunks(chunk{id: 2, length: 4, typ: 1, payload: []byte{0, 0, 0, 1}}, chunk{id: 400, length: 3, typ: 8, payload: fill(1)}, chunk{format: 3, id: 400, payload: fill(1)}), uint64(2))
	f.Add(AppendMessage(nil, Message{TypeVideo, 1, 0xfffffff0, fill(300)}, 128), uint64(3))
	for _, raw := range captures(f) {
		f.Add(raw, uint64(4))
	}
	f.Fuzz(func(t *testing.T, in []byte, seed uint64) {
		limits := Limits{Message: 1 << 16, Memory: 1 << 18, ChunkStreams: 8}
		whole, err := feedAll(NewChunkReader(limits), in, len(in)+1)
		r := NewChunkReader(limits)
		random := rand.New(rand.NewPCG(seed, 0))
		var pieces []Message
		var err2 error
		for rest := in; len(rest) > 0 && err2 == nil; {
			n := 1 + random.IntN(len(rest))
			var got []Message
			got, err2 = feedAll(r, rest[:n], n)
			pieces, rest = append(pieces, got...), rest[n:]
		}
		if err != err2 || !reflect.DeepEqual(whole, pieces) {
			t.Fatalf("whole %v %v, in pieces %v %v", whole, err, pieces, err2)
		}
		held := 0
		for _, st := range r.low {
			if st != nil {
				held += cap(st.buf)
			}
		}
		for _, st := range r.high {
			held += cap(st.buf)
		}
		if err == nil && (held != r.held || held > limits.Memory) {
			t.Fatalf("%d bytes are held, %d accounted for", held, r.held)
		}
	})
}

// appendSubMessage appends a message to the payload of an aggregate.
func appendSubMessage(dst []byte, m Message) []byte {
	n := len(m.Payload)
	dst = append(dst, byte(m.Type), byte(n>>16), byte(n>>8), byte(n),
		byte(m.Timestamp>>16), byte(m.Timestamp>>8), byte(m.Timestamp), byte(m.Timestamp>>24), 0, 0, 0)
	return binary.BigEndian.AppendUint32(append(dst, m.Payload...), uint32(11+n))
}
