package mediad

import (
	"bytes"
	"encoding/binary"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"synctv/app"
	"synctv/mediad/av"
	"synctv/mediad/flv"
	"synctv/mediad/rtmp"
	"synctv/mediad/rtmp/amf"
	"synctv/mediad/stream"
)

// The ways in which a hostile session ends.
const (
	goesOn = "goes on" // it harms nobody, and the server still answers it
	cut    = "cut"     // closed without a word: there is nobody who would understand one
	left   = "left"    // it leaves by itself
)

// hostile is one session. Its number is that of the catalogue of abuse.
type hostile struct {
	name string
	do   func(a *attacker)
	ends any   // goesOn, cut, left, the *rtmp.Error in the log, or the code that the client is told
	MiB  int64 // of memory it may cost, with what waits to be swept up and the attacker itself; 0: 6
	deaf bool  // it reads nothing
}

// TestHostileSessions has them come one by one, while somebody publishes and somebody watches.
func TestHostileSessions(t *testing.T) {
	s := lay(t, Config{Streams: stream.RegistryConfig{Stream: stream.Config{Grace: 300 * time.Millisecond}, Forget: 300 * time.Millisecond, Step: 100 * time.Millisecond}, Handshake: time.Second, Idle: 2 * time.Second, WriteTimeout: time.Second, Linger: 100 * time.Millisecond})
	all := slices.Concat(badHandshakes(), badChunks(), badCommands(), badNames(), badMedia(s.film), badBehaviour())
	if len(all) < 60 {
		t.Errorf("only %d sessions", len(all))
	}
	soon(t, "settled", func() bool { return s.Stats().Connections == 1 })
	goroutines := runtime.NumGoroutine() + 1 // that of the subtest
	for _, c := range all {
		if !t.Run(c.name, func(t *testing.T) {
			s.log.take()
			frames := s.frames.Load()
			began := time.Now()
			peak := heapPeak(func() {
				a := s.attack(t, c.deaf)
				defer a.leave()
				c.do(a)
				s.judge(t, a, c)
			})
			if limit := max(c.MiB, 6) << 20; peak > limit {
				t.Errorf("%d KiB of memory, at most %d KiB", peak>>10, limit>>10)
			}
			soon(t, "over: others on their way again", func() bool { return s.frames.Load() > frames+3 })
			soon(t, "over: nothing left", func() bool { return s.Stats().Connections == 1 && runtime.NumGoroutine() <= goroutines })
			if what := s.trouble.Load(); what != nil {
				t.Fatal(what)
			}
			t.Logf("%v, %d KiB of memory, %d frames for others meanwhile", time.Since(began).Round(time.Millisecond), peak>>10, s.frames.Load()-frames)
		}) && s.Stats().Connections != 1 {
			t.Fatal("what is left would be taken for the next one's")
		}
	}
	if st := s.Stats(); st.Publishers != 1 || len(s.Sessions(str)) != 2 || len(s.Sessions(other)) != 0 {
		t.Errorf("%+v", st)
	}
}

// judge says whether a session has ended as it should.
func (s *siege) judge(t *testing.T, a *attacker, c hostile) {
	t.Helper()
	switch want := c.ends.(type) {
	case *rtmp.Error:
		if !a.closed(10 * time.Second) {
			t.Error("it goes on")
		}
		soon(t, "in the log: "+want.Error(), func() bool { return strings.Contains(s.log.take(), want.Error()) })
	case string:
		switch want {
		case left:
		case goesOn:
			if !a.alive() {
				t.Errorf("it has ended: %s", s.log.take())
			}
		case cut:
			if !c.deaf && !a.closed(10*time.Second) {
				t.Error("it goes on")
			}
		default:
			if !a.closed(10*time.Second) || !a.said(want) {
				t.Errorf("it was not told %s", want)
			}
		}
	}
}

func badHandshakes() []hostile {
	version := func(b byte) func(*attacker) { return func(a *attacker) { a.raw(b) } }
	return []hostile{
		{"ABUSE-118 version 0", version(0), rtmp.ErrVersion, 0, false},
		{"ABUSE-118 version 2", version(2), rtmp.ErrVersion, 0, false},
		{"ABUSE-118 version 255", version(255), rtmp.ErrVersion, 0, false},
		{"encoder 2: ABUSE-118 HTTP", func(a *attacker) { a.text("GET / HTTP/1.1\r\nHost: x\r\n\r\n") }, rtmp.ErrHTTP, 0, false},
		{"encoder 2: ABUSE-118 TLS where there is none", version(0x16), rtmp.ErrTLS, 0, false},
		{"encoder 1: ABUSE-118 RTMPE", version(6), rtmp.ErrEncrypted, 0, false},
		{"ABUSE-118 nothing at all", func(*attacker) {}, cut, 0, false},
		{"ABUSE-118 C0 and silence", version(3), cut, 0, false},
		{"encoder 3: ABUSE-118 C1 in drops", func(a *attacker) {
			for a.raw(3) && !a.closed(10*time.Millisecond) {
				continue
			}
		}, cut, 0, false},
		{"ABUSE-118 C2 never comes", func(a *attacker) { a.raw(append([]byte{3}, make([]byte, 1536)...)...) }, cut, 0, false},
		{"ABUSE-118 a C2 of garbage", func(a *attacker) {
			a.raw(append([]byte{3}, bytes.Repeat([]byte{0xAB}, 2*1536)...)...)
		}, goesOn, 0, false},
		{"ABUSE-118 a handshake and silence", func(a *attacker) { a.shake() }, cut, 0, false},
		{"ABUSE-118 connected and silence", func(a *attacker) { a.connect() }, cut, 0, false},
		{"ABUSE-118 a hundred handshakes that break off", func(a *attacker) {
			for range 100 {
				b := a.s.attack(a.t, false)
				b.raw(append([]byte{3}, make([]byte, 1000)...)...)
				b.leave()
			}
		}, left, 12, false},
	}
}

func badChunks() []hostile {
	// in sends chunks after a handshake.
	in := func(list ...chunk) func(*attacker) {
		return func(a *attacker) { a.shake(); a.chunks(list...) }
	}
	control := func(typ rtmp.Type, v uint32) chunk {
		return chunk{id: 2, length: -1, typ: typ, payload: binary.BigEndian.AppendUint32(nil, v)}
	}
	part := bytes.Repeat([]byte{1}, 128)
	return []hostile{
		{"ABUSE-119 chunks of 0 bytes", in(control(rtmp.TypeSetChunkSize, 0)), rtmp.ErrChunkSize, 0, false},
		{"ABUSE-119 chunks of 0xFFFFFFFF bytes", in(control(rtmp.TypeSetChunkSize, 0xFFFFFFFF)), rtmp.ErrChunkSize, 0, false},
		{"ABUSE-119 chunks of 0x80000000 bytes", in(control(rtmp.TypeSetChunkSize, 0x80000000)), rtmp.ErrChunkSize, 0, false},
		{"ABUSE-119 chunks of 0x7FFFFFFF bytes", in(control(rtmp.TypeSetChunkSize, 0x7FFFFFFF)), goesOn, 0, false},
		{"ABUSE-119 a thousand sizes", func(a *attacker) {
			a.shake()
			for i := range uint32(1000) {
				a.chunks(control(rtmp.TypeSetChunkSize, 4+i%100))
			}
			a.chunks(control(rtmp.TypeSetChunkSize, 128))
		}, goesOn, 0, false},
		{"ABUSE-120 a message of 16 MiB on each of 65,599 streams", func(a *attacker) {
			a.shake()
			for id := uint32(3); id < 65600 && a.chunks(chunk{id: id, length: 0xFFFFFF, typ: rtmp.TypeVideo, payload: part}); id++ {
				continue
			}
		}, rtmp.ErrMessageSize, 0, false},
		{"ABUSE-120 unfinished messages of a stranger", func(a *attacker) {
			a.shake()
			a.chunks(control(rtmp.TypeSetChunkSize, 16<<10))
			payload := make([]byte, 16<<10)
			for id := uint32(3); id < 65600 && a.chunks(chunk{id: id, length: 64 << 10, typ: rtmp.TypeVideo, payload: payload}); id++ {
				continue
			}
		}, rtmp.ErrMemory, 0, false},
		{"ABUSE-120 unfinished messages of a publisher", func(a *attacker) {
			a.publish()
			a.chunks(control(rtmp.TypeSetChunkSize, 1<<20))
			payload := make([]byte, 1<<20)
			for id := uint32(3); id < 60 && a.chunks(chunk{id: id, length: 8 << 20, typ: rtmp.TypeVideo, stream: 1, payload: payload}); id++ {
				continue
			}
		}, rtmp.ErrMemory, 72, false},
		{"ABUSE-120 65,599 streams with a message each", func(a *attacker) {
			a.shake()
			for id := uint32(3); id < 65600 && a.chunks(chunk{id: id, length: 1, typ: rtmp.TypeVideo, payload: part[:1]}); id++ {
				continue
			}
		}, rtmp.ErrChunkStreams, 0, false},
		{"ABUSE-121 type 3 first", in(chunk{format: 3, id: 5, payload: part}), rtmp.ErrChunkOrphan, 0, false},
		{"ABUSE-121 type 2 first", in(chunk{format: 2, id: 5, payload: part}), rtmp.ErrChunkOrphan, 0, false},
		{"encoder 8: ABUSE-121 type 1 first", in(chunk{format: 1, id: 5, length: 4, typ: rtmp.TypeVideo, payload: part[:4]}), goesOn, 0, false},
		{"ABUSE-122 an unfinished message, then another on its stream", in(chunk{id: 5, length: 1000, typ: rtmp.TypeVideo, payload: part},
			chunk{id: 5, length: 4, typ: rtmp.TypeVideo, payload: part[:4]}), goesOn, 0, false},
		{"ABUSE-122 abort of a stream that is not there", in(control(rtmp.TypeAbort, 0xFFFFFFFF), control(rtmp.TypeAbort, 63)), goesOn, 0, false},
		{"ABUSE-122 abort without a number", in(chunk{id: 2, length: 1, typ: rtmp.TypeAbort, payload: []byte{5}}), goesOn, 0, false},
		{"ABUSE-122 ten thousand messages begun and aborted", func(a *attacker) {
			a.shake()
			for range 10_000 {
				if !a.chunks(chunk{id: 5, length: 60_000, typ: rtmp.TypeVideo, payload: part}, control(rtmp.TypeAbort, 5)) {
					return
				}
			}
		}, goesOn, 24, false},
		{"ABUSE-123 the least and the greatest ids", in(chunk{id: 64, length: 1, typ: rtmp.TypeVideo, payload: part[:1]}, chunk{id: 319, length: 1, typ: rtmp.TypeVideo, payload: part[:1]},
			chunk{id: 320, length: 1, typ: rtmp.TypeVideo, payload: part[:1]}, chunk{id: 65599, length: 1, typ: rtmp.TypeVideo, payload: part[:1]}), goesOn, 0, false},
		{"ABUSE-123 three bytes for a small id", in(chunk{id: 64, wide: true, length: 1, typ: rtmp.TypeVideo, payload: part[:1]}), goesOn, 0, false},
		{"messages of types that nobody knows", in(chunk{id: 9, length: 4, typ: 99, payload: part[:4]}, chunk{id: 9, length: 4, typ: 255, payload: part[:4]},
			chunk{id: 9, length: 0, typ: 0}), goesOn, 0, false},
	}
}

func badCommands() []hostile {
	// command sends a command of bytes, after a handshake.
	command := func(b []byte) func(*attacker) {
		return func(a *attacker) { a.shake(); a.message(rtmp.TypeCommandAMF0, 0, 0, b) }
	}
	connect := func(argument ...byte) func(*attacker) {
		return command(append(amf.Append(nil, amf.String("connect"), amf.Number(1)), argument...))
	}
	many := func(n int, name string, args ...amf.Value) func(*attacker) {
		return func(a *attacker) {
			a.connect()
			for i := 0; i < n && a.command(0, name, float64(i+2), args...); i++ {
				continue
			}
		}
	}
	return []hostile{
		{"ABUSE-125 objects 10,000 deep", connect(bytes.Repeat([]byte{3, 0, 1, 'a'}, 10_000)...), rtmp.ErrCommand, 0, false},
		{"ABUSE-125 arrays 12,000 deep", connect(bytes.Repeat([]byte{10, 0, 0, 0, 1}, 12_000)...), rtmp.ErrCommand, 0, false},
		{"ABUSE-125 objects 70,000 deep", connect(bytes.Repeat([]byte{3, 0, 1, 'a'}, 70_000)...), rtmp.ErrMessageSize, 0, false},
		{"ABUSE-126 a string of 4 GiB", connect(12, 0xFF, 0xFF, 0xFF, 0xFF), goesOn, 0, false},
		{"ABUSE-126 an array of 2^32-1 without one item", connect(8, 0xFF, 0xFF, 0xFF, 0xFF), goesOn, 0, false},
		{"ABUSE-126 a strict array of 2^32-1", connect(10, 0xFF, 0xFF, 0xFF, 0xFF), goesOn, 0, false},
		{"ABUSE-126 60,000 nulls", connect(bytes.Repeat([]byte{5}, 60_000)...), rtmp.ErrCommand, 0, false},
		{"ABUSE-127 a reference to itself", connect(3, 0, 1, 'a', 7, 0, 0, 0, 0, 9), goesOn, 0, false},
		{"ABUSE-127 an object without an end", connect(3, 0, 3, 'a', 'p', 'p', 2, 0, 1, 'x'), goesOn, 0, false},
		{"ABUSE-127 a date, XML, a class, a record set", connect(11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 15, 0, 0, 0, 1, '<', 16, 0, 1, 'A', 0, 0, 9, 14), goesOn, 0, false},
		{"ABUSE-127 AMF 3 with tables that refer to nothing", connect(17, 10, 0x81, 0x81, 0x81, 0x00, 17, 9, 2, 17, 6, 0xFE), goesOn, 0, false},
		{"ABUSE-127 a command without a name", command([]byte{5}), rtmp.ErrCommand, 0, false},
		{"ABUSE-128 connect twice", func(a *attacker) { a.connect(); a.command(0, "connect", 1) }, rtmp.ErrConnectedTwice, 0, false},
		{"ABUSE-128 publish before connect", func(a *attacker) { a.shake(); a.command(1, "publish", 1, amf.String(otherKey)) }, rtmp.ErrNotConnected, 0, false},
		{"ABUSE-128 10,000 createStream", many(10_000, "createStream"), rtmp.ErrTooManyCommands, 0, false},
		{"ABUSE-128 10,000 calls that nobody knows", many(10_000, "hack"), rtmp.ErrTooManyCommands, 0, false},
		{"ABUSE-128 10,000 times publish without a name", many(10_000, "publish"), rtmp.ErrTooManyCommands, 0, false},
		{"ABUSE-128 publish and play on one connection", func(a *attacker) {
			a.publish()
			a.command(1, "play", 6, amf.String(string(str)+"?token=yes"))
			a.hears(rtmp.CodePlayFailed)
		}, goesOn, 0, false},
	}
}

func badNames() []hostile {
	publish := func(name string) func(*attacker) {
		return func(a *attacker) { a.connect(); a.command(1, "publish", 5, amf.String(name), amf.String("live")) }
	}
	// named is refused by the session, which goes on.
	named := func(name string) func(*attacker) {
		return func(a *attacker) { publish(name)(a); a.hears(rtmp.CodePublishBadName) }
	}
	play := func(name string) func(*attacker) {
		return func(a *attacker) { a.connect(); a.command(1, "play", 5, amf.String(name)) }
	}
	return []hostile{
		{"ABUSE-129 a wrong key", publish("key_wrong.secret"), rtmp.CodePublishBadName, 0, false},
		{"ABUSE-129 half a key", publish("key_other"), rtmp.CodePublishBadName, 0, false},
		{"ABUSE-129 the key with more behind it", publish(otherKey + "x"), rtmp.CodePublishBadName, 0, false},
		{"ABUSE-129 the stream for a key", publish(string(other)), rtmp.CodePublishBadName, 0, false},
		{"ABUSE-129 a play token for a key", publish(string(other) + "?token=yes"), rtmp.CodePublishBadName, 0, false},
		{"ABUSE-129 a key of 1 KiB", publish(strings.Repeat("k", 1000)), rtmp.CodePublishBadName, 0, false},
		{"ABUSE-129 no key", named(""), goesOn, 0, false},
		{"ABUSE-129 a key of 60 KiB", named(strings.Repeat("k", 60<<10)), goesOn, 0, false},
		{"ABUSE-129 a key of 64 KiB", publish(strings.Repeat("k", 64<<10)), rtmp.ErrMessageSize, 0, false},
		{"ABUSE-129 a path that climbs", named("../../" + otherKey), goesOn, 0, false},
		{"ABUSE-129 an escaped path that climbs", named("%2e%2e/" + otherKey), goesOn, 0, false},
		{"ABUSE-129 NUL in the key", named(otherKey + "\x00"), goesOn, 0, false},
		{"ABUSE-129 not text", named("\xff\xfe"), goesOn, 0, false},
		{"ABUSE-129 10,000 parameters", publish("k?" + strings.Repeat("a=b&", 1000)), rtmp.CodePublishBadName, 0, false},
		{"ABUSE-129 playing with a wrong token", play(string(str) + "?token=no"), rtmp.CodePlayNotFound, 0, false},
		{"ABUSE-129 playing without a token", play(string(str)), rtmp.CodePlayNotFound, 0, false},
		{"ABUSE-129 playing by the key", play(goodKey + "?token=yes"), rtmp.CodePlayNotFound, 0, false},
	}
}

// avcRecord is an AVCDecoderConfigurationRecord, as a tag.
func avcRecord(sps [][]byte, pps []byte) []byte {
	b := []byte{0x17, 0, 0, 0, 0, 1, 66, 0, 30, 0xFF, 0xE0 | byte(len(sps))}
	for _, s := range sps {
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(s))), s...)
	}
	b = append(b, 1)
	return append(binary.BigEndian.AppendUint16(b, uint16(len(pps))), pps...)
}

// hugeSPS says a picture of 65,536 by 65,536: four ones, then 4095 twice in Exp-Golomb (H.264, section 7.3.2.1.1).
func hugeSPS() []byte {
	bits := "1" + "1" + "1" + "1" + "010" + "0" + strings.Repeat("0000000000001000000000000", 2) + "1" + "1" + "0" + "0" + "1"
	sps := []byte{0x67, 66, 0, 30}
	for ; len(bits) > 0; bits = bits[min(8, len(bits)):] {
		var b byte
		for i, c := range (bits + "0000000")[:8] {
			if c == '1' {
				b |= 0x80 >> i
			}
		}
		sps = append(sps, b)
	}
	return sps
}

func badMedia(film []av.Packet) []hostile {
	var setup, key, inter, sound []byte
	for _, p := range film {
		switch {
		case p.Kind == av.Video && p.Config:
			setup = flv.Body(p)
		case p.Kind == av.Video && p.Key && key == nil:
			key = flv.Body(p)
		case p.Kind == av.Video && !p.Key && inter == nil:
			inter = flv.Body(p)
		case p.Kind == av.Audio && !p.Config && sound == nil:
			sound = flv.Body(p)
		}
	}
	pps := []byte{0x68, 0xCE, 0x38, 0x80}
	// drops publishes and sends what must not get far.
	drops := func(bodies ...[]byte) func(*attacker) {
		return func(a *attacker) {
			a.publish()
			a.video(0, setup...)
			before := a.s.dropped()
			for i, b := range bodies {
				a.video(uint32(40*i), b...)
			}
			soon(a.t, "dropped", func() bool { return a.s.dropped() >= before+int64(len(bodies)) })
		}
	}
	// any publishes and sends what may be passed on or not.
	any := func(bodies ...[]byte) func(*attacker) {
		return func(a *attacker) {
			a.publish()
			for i, b := range bodies {
				a.video(uint32(40*i), b...)
			}
		}
	}
	alternate := func(n int, bodies ...[]byte) func(*attacker) {
		return func(a *attacker) {
			a.publish()
			for i := range n {
				a.video(uint32(20*i), bodies[i%len(bodies)]...)
			}
		}
	}
	other := bytes.Clone(setup)
	other[len(other)-1] ^= 1
	sets := make([][]byte, 31)
	for i := range sets {
		sets[i] = append([]byte{0x67, 66, 0, 30}, make([]byte, 65_000)...)
	}
	nal := func(b ...byte) []byte { return append([]byte{0x27, 1, 0, 0, 0}, b...) }
	return []hostile{
		{"ABUSE-132 a picture of 65,536 by 65,536", any(avcRecord([][]byte{hugeSPS()}, pps), key, inter), goesOn, 0, false},
		{"ABUSE-132 31 parameter sets of 64 KiB", drops(avcRecord(sets, pps)), goesOn, 12, false},
		{"ABUSE-132 a thousand zeros in Exp-Golomb", any(avcRecord([][]byte{append([]byte{0x67, 66, 0, 30}, make([]byte, 125)...)}, pps), key), goesOn, 0, false},
		{"ABUSE-132 a record cut off", drops(setup[:8], setup[:12]), goesOn, 0, false},
		{"ABUSE-132 another header after each of 2,000 frames", alternate(4000, setup, key, other, key), goesOn, 24, false},
		{"ABUSE-133 a unit that leaves its tag", drops(nal(0xFF, 0xFF, 0xFF, 0xFF, 0x65, 1, 2), nal(0, 0, 0, 9, 0x65)), goesOn, 0, false},
		{"ABUSE-133 units of no bytes", any(setup, nal(0, 0, 0, 0, 0, 0, 0, 0), nal(make([]byte, 4000)...)), goesOn, 0, false},
		{"ABUSE-133 100,000 units in a tag", drops(nal(bytes.Repeat([]byte{0, 0, 0, 1, 0x65}, 100_000)...)), goesOn, 12, false},
		{"ABUSE-134 AAC of a rate and channels that are not", func(a *attacker) {
			a.publish()
			for _, c := range [][]byte{{0xFF, 0xFF}, {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, {0, 0}, {0x17, 0xF8}, {0x12}} {
				a.audio(0, append([]byte{0xAF, 0}, c...)...)
				a.audio(0, sound...)
			}
		}, goesOn, 0, false},
		{"ABUSE-135 frames without a header", func(a *attacker) {
			a.publish()
			before := a.s.dropped()
			for i := range uint32(200) {
				a.video(20*i, inter...)
			}
			soon(a.t, "dropped", func() bool { return a.s.dropped() >= before+200 })
		}, goesOn, 0, false},
		{"ABUSE-135 sound alone, of a header that never comes", func(a *attacker) {
			a.publish()
			for i := range uint32(200) {
				a.audio(20*i, sound...)
			}
		}, goesOn, 0, false},
		{"ABUSE-135 another codec with every frame", func(a *attacker) {
			a.publish()
			a.video(0, setup...)
			for i := range uint32(1000) {
				a.video(20*i, [][]byte{key, append([]byte{0x90}, "av01\x12\x00\x0a\x0b"...), append([]byte{0x91}, "vp09\x00\x01\x02"...),
					append([]byte{0x90}, "hvc1\x01\x01"...)}[i%4]...)
			}
		}, goesOn, 12, false},
		{"ABUSE-136 200 MB as fast as it goes", func(a *attacker) {
			a.publish()
			a.video(0, setup...)
			for i := range uint32(400) {
				frame := inter
				if i%25 == 0 {
					frame = key
				}
				pad := append(bytes.Clone(frame), binary.BigEndian.AppendUint32(nil, 500_000)...)
				if !a.video(20*i, append(pad, bytes.Repeat([]byte{0x6C}, 500_000)...)...) {
					return
				}
			}
		}, goesOn, 96, false},
		{"encoder 20: ABUSE-136 an hour without a key frame", func(a *attacker) {
			a.publish()
			a.video(0, setup...)
			a.video(0, key...)
			for i := range uint32(1800) {
				a.video(2000*(i+1), inter...)
			}
		}, goesOn, 24, false},
		{"ABUSE-137 four letters that name nothing", drops(append([]byte{0x90}, "evil\x01\x02"...), append([]byte{0x91}, "\x00\x00\x00\x00"...)), goesOn, 0, false},
		{"encoder 24: ABUSE-137 tracks within tracks", drops(append([]byte{0x96}, 0x26, 'a', 'v', 'c', '1', 0x26, 0x26), []byte{0x96, 0xFF, 0xFF}), goesOn, 0, false},
		{"ABUSE-137 a thousand modifiers", drops(append([]byte{0x97}, bytes.Repeat([]byte{0, 0, 0x07}, 1000)...), []byte{0x97, 0xFF, 0xFF, 0xFF}), goesOn, 0, false},
		{"an aggregate of 400,000 messages", func(a *attacker) {
			a.publish()
			a.message(rtmp.TypeAggregate, 1, 0, bytes.Repeat([]byte{9, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0x27, 0, 0, 0, 12}, 400_000))
		}, goesOn, 64, false},
		{"metadata of 4 MiB", func(a *attacker) {
			a.publish()
			a.message(rtmp.TypeDataAMF0, 1, 0, amf.Append(nil, amf.String("@setDataFrame"), amf.String("onMetaData"), amf.String(strings.Repeat("x", 4<<20))))
		}, goesOn, 32, false},
	}
}

// monotone watches the second stream and tells of times that go back.
func (a *attacker) monotone(during func()) {
	a.t.Helper()
	resp, err := http.Get(a.s.web.URL + Prefix + string(other) + ".flv?token=yes")
	if err != nil || resp.StatusCode != http.StatusOK {
		a.t.Fatal(resp, err)
	}
	var got, back atomic.Int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		last := map[av.Kind]time.Duration{}
		follow(resp.Body, func(p av.Packet) {
			if got.Add(1); p.DTS < last[p.Kind] {
				back.Add(1)
			}
			last[p.Kind] = p.DTS
		})
	}()
	during()
	soon(a.t, "watched", func() bool { return got.Load() > 20 })
	resp.Body.Close()
	<-done
	if n := back.Load(); n > 0 {
		a.t.Errorf("time goes back %d times in %d frames", n, got.Load())
	}
}

func badBehaviour() []hostile {
	// at publishes the film with clocks of any kind.
	at := func(clock func(i int, p av.Packet) time.Duration) func(*attacker) {
		return func(a *attacker) {
			a.publish()
			a.send(a.s.film...)
			a.monotone(func() {
				for i, p := range repeat(a.s.film, 3*time.Second) {
					offset := p.PTS - p.DTS
					p.DTS = max(0, clock(i, p))
					p.PTS = p.DTS + offset
					a.send(p)
				}
			})
		}
	}
	control := func(a *attacker, typ rtmp.Type, v uint32) bool {
		return a.message(typ, 0, 0, binary.BigEndian.AppendUint32(nil, v))
	}
	return []hostile{
		{"ABUSE-124 time goes back", at(func(i int, p av.Packet) time.Duration { return 3*time.Second - p.DTS }), goesOn, 12, false},
		{"ABUSE-124 time goes to and fro by an hour", at(func(i int, p av.Packet) time.Duration {
			return p.DTS + time.Duration(i/10%2)*time.Hour
		}), goesOn, 24, false},
		{"encoder 10: ABUSE-124 time wraps", at(func(i int, p av.Packet) time.Duration { return p.DTS + (1<<32-1000)*time.Millisecond }), goesOn, 12, false},
		{"encoder 20: ABUSE-124 time stands still", at(func(int, av.Packet) time.Duration { return 0 }), goesOn, 12, false},
		{"ABUSE-130 one key, twenty times at once", func(a *attacker) {
			a.publish()
			a.send(a.s.film...)
			a.monotone(func() {
				for range 20 {
					b := a.s.attack(a.t, false)
					b.publish()
					b.send(a.s.film[:40]...)
					defer b.leave()
				}
			})
		}, rtmp.CodePublishBadName, 12, false},
		{"ABUSE-131 a window of 0 bytes", func(a *attacker) {
			a.publish()
			control(a, rtmp.TypeWindowAckSize, 0)
			a.message(rtmp.TypeSetPeerBandwidth, 0, 0, make([]byte, 5))
			a.send(a.s.film...)
		}, goesOn, 0, false},
		{"ABUSE-131 a window of 1 byte", func(a *attacker) { a.publish(); control(a, rtmp.TypeWindowAckSize, 1); a.send(a.s.film...) }, goesOn, 0, false},
		{"ABUSE-131 a player that never acknowledges", func(a *attacker) {
			a.connect()
			a.command(1, "play", 5, amf.String(string(str)+"?token=yes"))
			a.hears("NetStream.Play.Start")
			control(a, rtmp.TypeWindowAckSize, 0)
			time.Sleep(time.Second)
		}, goesOn, 0, false},
		{"ABUSE-131 a million pings, and deaf", func(a *attacker) {
			a.shake()
			ping := rtmp.AppendMessage(nil, rtmp.Message{Type: rtmp.TypeUserControl, Payload: []byte{0, 6, 1, 2, 3, 4}}, 128)
			for range 1000 {
				if !a.raw(bytes.Repeat(ping, 1000)...) {
					return
				}
			}
		}, cut, 16, true},
		{"encoder 22: ABUSE-138 a publisher that goes silent", func(a *attacker) {
			a.publish()
			before := len(a.s.app.reasons())
			a.send(a.s.film...)
			soon(a.t, "given up", func() bool { return slices.Equal(a.s.app.reasons()[before:], []string{app.StreamLost}) })
		}, cut, 12, false},
		{"ABUSE-138 a publisher that only pings", func(a *attacker) {
			a.publish()
			a.send(a.s.film...)
			for !a.closed(100 * time.Millisecond) {
				a.message(rtmp.TypeUserControl, 0, 0, []byte{0, 6, 1, 2, 3, 4})
			}
		}, cut, 12, false},
		{"ABUSE-139 a player that never reads, over RTMP", func(a *attacker) { a.neverReads("") }, goesOn, 72, false},
		{"ABUSE-139 a player that never reads, over FLV", func(a *attacker) {
			a.neverReads("GET /live/str_2.flv?token=yes HTTP/1.1\r\nHost: x\r\n\r\n")
		}, goesOn, 72, false},
		{"ABUSE-139 a player that never reads, in a WebSocket", func(a *attacker) {
			a.neverReads("GET /live/str_2.flv?token=yes HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
				"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
		}, goesOn, 72, false},
	}
}

// neverReads watches what it publishes and reads nothing, until it is cut. request is what it asks over HTTP, "" for RTMP.
func (a *attacker) neverReads(request string) {
	a.t.Helper()
	a.publish()
	a.send(a.s.film...)
	soon(a.t, "live", func() bool { return len(a.s.Sessions(other)) == 1 })
	var v *attacker
	if request == "" {
		v = a.s.attack(a.t, true)
		v.shake()
		v.message(rtmp.TypeCommandAMF0, 0, 0, amf.Append(nil, amf.String("connect"), amf.Number(1), amf.Object(amf.P("app", amf.String("live")))))
		v.command(1, "play", 5, amf.String(string(other)+"?token=yes"))
	} else {
		v = a.s.visit(a.t, request)
	}
	defer v.leave()
	soon(a.t, "watched", func() bool { return len(a.s.Sessions(other)) == 2 })
	end := time.Now().Add(10 * time.Second)
	for i, p := range repeat(a.s.film, time.Hour) {
		if p.Kind == av.Video && !p.Config {
			p.Data = append(append(bytes.Clone(p.Data), binary.BigEndian.AppendUint32(nil, 100_000)...), bytes.Repeat([]byte{0x6C}, 100_000)...)
		}
		a.send(p)
		if i%10 > 0 {
			continue
		}
		time.Sleep(5 * time.Millisecond)
		if len(a.s.Sessions(other)) == 1 {
			return
		}
		if time.Now().After(end) {
			a.t.Error("it is not cut")
			return
		}
	}
}
